package lab

import (
	"testing"

	"hebb/compute"
	"hebb/nets"
)

// Make opens a run on a device and makes its first moments.
func Make(t *testing.T, dev *compute.Device, r nets.Run, moments int) *nets.Session {
	t.Helper()
	s, err := r.Open(dev)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	On(t, s, moments)
	return s
}

// On makes more moments.
func On(t *testing.T, s *nets.Session, moments int) {
	t.Helper()
	for range moments {
		if err := s.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// Metrics returns the metrics of the moments since the last call.
func Metrics(t *testing.T, s *nets.Session) nets.Metrics {
	t.Helper()
	m, err := s.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Values returns the numbers of all tensors of a run by name, each learners × shape.
func Values(t *testing.T, s *nets.Session) map[string][]float32 {
	t.Helper()
	named := s.Tensors()
	values, err := s.Read(named)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]float32{}
	for i, n := range named {
		all[n.Name] = values[i]
	}
	return all
}

// Verify makes moments of a run, with learners side by side and every element of every op held against its definition, on
// the CPU path and on the GPU.
func Verify(t *testing.T, r nets.Run, moments int) {
	for name, backend := range map[string]func(*testing.T) compute.Backend{"cpu": cpuBackend, "gpu": gpuBackend} {
		t.Run(name, func(t *testing.T) {
			v := compute.Verify(backend(t), 0)
			s := Make(t, open(t, v).Device, r, moments)
			if err := s.Alone(); err != nil {
				t.Error(err)
			}
			if r.Test != nil {
				if _, err := s.Evaluate(t.Context(), nil); err != nil {
					t.Error(err)
				}
			}
			Metrics(t, s)
			if v.Judged == 0 || v.Unbounded > 0 {
				t.Errorf("%d elements judged and %d of any value, want all judged", v.Judged, v.Unbounded)
			}
			t.Logf("%d elements, the worst at %.3f of its bound", v.Judged, v.Worst)
		})
	}
}
