//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"errors"
	"math/rand/v2"
	"os"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
)

// quick returns options for tests: the first EGL device, or any other, and nothing on disk.
func quick(rung string) Options {
	return Options{Device: -1, Rung: rung, CacheDir: "off", TuningDir: "off"}
}

// opened skips the test where there is no OpenGL, and nowhere else: NEED_GPU forbids that too.
func opened(t *testing.T) *backend {
	t.Helper()
	b, err := open(quick(""))
	if errors.Is(err, compute.ErrUnavailable) && os.Getenv("NEED_GPU") == "" {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	return b
}

// with opens a backend of a rung and changes it.
func with(rung string, set func(*backend)) func() (compute.Backend, error) {
	return func() (compute.Backend, error) {
		b, err := open(quick(rung))
		if err != nil {
			return nil, err
		}
		set(b)
		return b, nil
	}
}

// verified runs steps on the backend until one fails, with every element of every op verified. If the backend forces
// Winograd's transforms, it gives leeway for them.
func verified(open func() (compute.Backend, error), steps []func(*compute.Step)) (compute.Tally, error) {
	b, err := open()
	if err != nil {
		return compute.Tally{}, err
	}
	v := compute.Verify(b, 0)
	dev := compute.New(v)
	if b.(*backend).winograd {
		dev.Allow(compute.Winograd)
	}
	for i := 0; i < len(steps) && err == nil; i++ {
		err = dev.Step(func(s *compute.Step) error { steps[i](s); return nil })
	}
	return v.Tally, errors.Join(err, dev.Close())
}

// wholes fills x with whole numbers within ±reach.
func wholes(s *compute.Step, r *rand.Rand, reach int, x *compute.Tensor) *compute.Tensor {
	all := make([]float32, x.Len())
	for i := range all {
		all[i] = float32(r.IntN(2*reach+1) - reach)
	}
	s.Write(x, all)
	return x
}

// TestOps runs the suite on rungs of every kind and with every limit made small enough to be met: all of it on the
// naive rung, and on the others a part of the ops that they affect, since each new specialisation costs a software
// OpenGL half a second of compiling. hebb verify, which ci/test.sh runs too, covers all of it with the default options,
// and TestRungs covers all tiles.
func TestOps(t *testing.T) {
	b := opened(t)
	t.Log(b.Info())
	b.Close()
	same := func(*backend) {}
	streaming := []compute.Op{compute.KernelSums{}, compute.KernelGrad{}}
	tiled := append([]compute.Op{compute.Gemm{}, compute.Hebbian{}, compute.Gram{}, compute.Inverse{}, compute.Conv{}, compute.ConvInput{}}, streaming...)
	for _, way := range []struct {
		name, rung string
		set        func(*backend)
		every      int
		ops        []compute.Op // none: all
	}{
		{"auto", "", same, 79, nil},
		{"naive", "naive", same, 1, nil},
		{"128x128", "128x128x16/8x8/1", same, 79, tiled},
		{"64x64 without stages", "64x64x16/8x8/0", same, 69, tiled},
		{"64x64 in two stages", "64x64x16/4x4/2", same, 49, tiled},
		{"64x32", "64x32", same, 19, tiled},
		{"32x32 in two stages", "32x32x32/4x4/2", same, 49, tiled},
		{"split", "", func(b *backend) { b.splits = 3 }, 49, tiled},
		{"squares", "32x32", func(b *backend) { b.stored = 3000 }, 15, streaming},
		{"bands", "32x32x32/4x4/1", func(b *backend) { b.byBands, b.stored = true, 3000 }, 9, streaming},
		{"by call", "32x32", unmap, 37, nil},
		{"many processors", "32x32", hasten, 37, nil},
		{"walk", "64x32", func(b *backend) { b.maxGroups = [3]int{2, 1, 1} }, 39, nil},
		{"windows", "32x32x32/4x4/1", func(b *backend) { b.maxBlock = 32 << 10 }, 35, nil},
		{"naive windows", "naive", func(b *backend) { b.maxBlock = 16 << 10 }, 7, nil},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			computetest.RunEvery(t, way.every, with(way.rung, way.set), way.ops...)
		})
	}
}
