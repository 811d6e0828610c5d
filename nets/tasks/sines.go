package tasks

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Sines is a task of making time: after a cue, and without any other input, a trial wants two periods of sines.
//
//	x_t = 1 if t < Cue, else 0
//	y*_kt = sin(2π·(k+1)·t/Period),  k = 0 … Outputs−1,  t = 0 … 2·Period−1
//
// A moment is one t of a trial, with one example; an epoch is a trial. All learners see the same, whatever their seeds. It
// tests itself, since there is nothing to see that was not learned from.
//
// Metrics: "error", the mean of (y − y*)² over the outputs.
type Sines struct {
	Period  int `json:"period" toml:"period"`   // in moments
	Outputs int `json:"outputs" toml:"outputs"` // each of one frequency more
	Cue     int `json:"cue" toml:"cue"`         // in moments

	x    *compute.Tensor // 1 × trial × 1
	want *compute.Tensor // 1 × trial × Outputs
}

// Check reports a setting that cannot be.
func (s *Sines) Check() error {
	if s.Period < 2 || s.Outputs < 1 || s.Cue < 1 || s.Cue > 2*s.Period {
		return fmt.Errorf("sines: a period of %d, %d outputs and a cue of %d moments, want a period of at least 2, 1 output and a cue within two periods",
			s.Period, s.Outputs, s.Cue)
	}
	return nil
}

// Build writes a whole trial to the device.
func (s *Sines) Build(store *nets.Store) (nets.Spec, error) {
	trial := 2 * s.Period
	s.x = store.FixedBy(func(x []float32) {
		for t := range s.Cue {
			x[t] = 1
		}
	}, trial, 1)
	s.want = store.FixedBy(func(want []float32) {
		for i := range want {
			t, k := i/s.Outputs, i%s.Outputs
			want[i] = float32(math.Sin(2 * math.Pi * float64((k+1)*t) / float64(s.Period)))
		}
	}, trial, s.Outputs)
	return nets.Spec{In: nets.Row(1), Out: s.Outputs, Examples: 1, Trial: trial, Epoch: trial}, nil
}

// Show returns moment p.Number of the trials.
func (s *Sines) Show(p *nets.Pass) nets.Moment {
	trial := s.x.Len()
	t := int(p.Number % uint64(trial))
	return nets.Moment{X: p.View(s.x, t, 1, 1, 1), Want: p.View(s.want, t*s.Outputs, 1, 1, s.Outputs), First: t == 0, Last: t == trial-1}
}

// Judge counts the error.
func (s *Sines) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) { countError(p, m, y) }
