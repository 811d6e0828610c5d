// Package lab has what the tests of networks share: a device of float64s, whose operations may err by their bounds, error
// bounds of whole experiments that follow from it, and runs of systems and tasks with every op verified.
package lab

import (
	"errors"
	"os"
	"slices"
	"testing"

	"hebb/backend"
	"hebb/compute"
	"hebb/cpu"
	"hebb/gpu"
)

// A Lab is a device whose tensors can be read as exactly as it computes.
type Lab struct {
	*compute.Device
	exact *machine // or nil
}

func open(t *testing.T, b compute.Backend) Lab {
	m, _ := b.(*machine)
	l := Lab{compute.New(b), m}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// Exact opens a device of float64s.
func Exact(t *testing.T) Lab { return open(t, newMachine()) }

// Single opens the CPU path, every op of which is held against its definition as it runs.
func Single(t *testing.T) Lab {
	t.Helper()
	return open(t, compute.Verify(cpuBackend(t), 16))
}

// Bare opens the CPU path alone.
func Bare(t *testing.T) Lab {
	t.Helper()
	return open(t, cpuBackend(t))
}

// GPU opens OpenGL alone, or skips the test where there is none.
func GPU(t *testing.T) Lab {
	t.Helper()
	return open(t, gpuBackend(t))
}

// CPU opens the CPU path alone.
func CPU(t *testing.T) *compute.Device {
	t.Helper()
	return Bare(t).Device
}

func cpuBackend(t *testing.T) compute.Backend {
	t.Helper()
	b, err := cpu.Open()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// gpuBackend opens OpenGL, or skips the test where there is none; NEED_GPU forbids that. It has the naive kernels, which
// compile in a twentieth of the time of tiles; package gpu's tests hold each tile to the definitions.
func gpuBackend(t *testing.T) compute.Backend {
	t.Helper()
	b, _, err := backend.Open("gpu", backend.Options{GPU: gpu.Options{Device: -1, CacheDir: "off", TuningDir: "off", Rung: "naive"}})
	if errors.Is(err, compute.ErrUnavailable) && os.Getenv("NEED_GPU") == "" {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	return b
}

// Values returns the numbers of x.
func (l Lab) Values(t *testing.T, x *compute.Tensor) []float64 {
	t.Helper()
	if l.exact != nil {
		return slices.Clone(Float64s(x))
	}
	raw, out := make([]float32, x.Len()), make([]float64, x.Len())
	l.Do(t, func(s *compute.Step) error {
		s.Read(x, raw)
		return nil
	})
	for i, v := range raw {
		out[i] = float64(v)
	}
	return out
}

// New allocates a tensor on l.
func (l Lab) New(t *testing.T, shape ...int) *compute.Tensor {
	t.Helper()
	x, err := l.Tensor(shape...)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// Write sets x to v.
func (l Lab) Write(t *testing.T, x *compute.Tensor, v []float32) {
	t.Helper()
	l.Do(t, func(s *compute.Step) error { s.Write(x, v); return nil })
}

// Do makes a step that must not fail.
func (l Lab) Do(t *testing.T, f func(s *compute.Step) error) {
	t.Helper()
	if err := l.Step(f); err != nil {
		t.Fatal(err)
	}
}

// Drawn returns all numbers that [Exact] has drawn at random, draw by draw.
func (l Lab) Drawn() [][]float64 { return l.exact.drawn }
