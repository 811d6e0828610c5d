// Package backend opens a compute backend by its name.
package backend

import (
	"errors"
	"fmt"
	"strings"

	"hebb/compute"
	"hebb/cpu"
	"hebb/gpu"
)

// Names lists the names that Open accepts: "auto" is the GPU where there is a real one, else the CPU.
var Names = []string{"auto", "gpu", "cpu"}

// ErrName is wrapped by Open's error for a backend that does not exist.
var ErrName = errors.New("unknown backend")

// ErrOption is wrapped by Open's error for Options that no device can have.
var ErrOption = gpu.ErrOption

// Options are passed to the backend.
type Options struct {
	GPU gpu.Options
}

// A way is the description of one backend, complete.
type way struct {
	name string
	open func(Options) (compute.Backend, error)
}

// ways in the order in which "auto" tries them.
var ways = []way{
	{"gpu", func(o Options) (compute.Backend, error) { return gpu.Open(o.GPU) }},
	{"cpu", func(Options) (compute.Backend, error) { return cpu.Open() }},
}

// Open opens the backend of that name. The notes are for its user: why "auto" refused a GPU, or that the requested GPU
// is a program on the CPU. A backend that is not available here is an error wrapping [compute.ErrUnavailable].
func Open(name string, o Options) (b compute.Backend, notes []string, err error) {
	return open(ways, name, o)
}

func open(ways []way, name string, o Options) (compute.Backend, []string, error) {
	if name == "auto" {
		return auto(ways, o)
	}
	for _, w := range ways {
		if w.name != name {
			continue
		}
		b, err := w.open(o)
		if err != nil {
			return nil, nil, err
		}
		return b, caution(b.Info()), nil
	}
	return nil, nil, fmt.Errorf("%w %q, want one of %s", ErrName, name, strings.Join(Names, ", "))
}

// auto returns the first backend that opens and is no software renderer, which is many times slower than the CPU path
// on the same cores.
func auto(ways []way, o Options) (compute.Backend, []string, error) {
	var notes []string
	var failed []error
	for _, w := range ways {
		b, err := w.open(o)
		if errors.Is(err, ErrOption) {
			return nil, nil, err
		}
		if err != nil {
			notes = append(notes, fmt.Sprintf("no %s: %v", w.name, err))
			failed = append(failed, err)
			continue
		}
		if info := b.Info(); info.Software {
			notes = append(notes, fmt.Sprintf("%s refused: %s is a program on the CPU, slower than the cpu backend; --backend %s forces it",
				w.name, info.Device, w.name))
			if err := b.Close(); err != nil {
				notes = append(notes, fmt.Sprintf("closing it failed: %v", err))
			}
			continue
		}
		return b, notes, nil
	}
	return nil, notes, fmt.Errorf("no backend opens: %w", errors.Join(failed...))
}

// caution returns a note if the GPU is a software renderer.
func caution(i compute.Info) []string {
	if !i.Software {
		return nil
	}
	return []string{fmt.Sprintf("%s is a program on the CPU: right, but many times slower than a real GPU or the cpu backend", i.Device)}
}

// Devices returns every GPU of this machine and, for an unreachable one, the reason.
func Devices() []gpu.Candidate { return gpu.Devices() }

// A Feature is a language feature that a GPU's shader compiler accepts or refuses.
type Feature = gpu.Feature

// Probe asks the shader compiler of the GPU that o selects for features that faster kernels could use.
func Probe(o Options) ([]Feature, error) {
	_, features, err := gpu.Probe(o.GPU)
	return features, err
}
