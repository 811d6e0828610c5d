package tasks

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Wave is a task of making time without any input: a period of a sum of sines, from a network that begins each trial in the
// same state (Murray 2019, eLife 8:e43299).
//
//	x_t = 0
//	y*_t = sin(2π·t/Period) + ½·sin(4π·t/Period) + ¼·sin(8π·t/Period),  t = 1 … Period−1
//
// A moment is one t of a trial, with one example; an epoch is a trial. All learners see the same, whatever their seeds. It
// tests itself, since there is nothing to see that was not learned from.
//
// Metrics: "error", the mean of (y − y*)².
type Wave struct {
	Period int `json:"period" toml:"period"` // in moments

	x    *compute.Tensor // 1 × 1 × 1
	want *compute.Tensor // 1 × trial × 1
}

// Check reports a setting that cannot be.
func (w *Wave) Check() error {
	if w.Period < 2 {
		return fmt.Errorf("wave: a period of %d moments, want at least 2", w.Period)
	}
	return nil
}

// Build writes a whole trial to the device.
func (w *Wave) Build(s *nets.Store) (nets.Spec, error) {
	n := w.Period - 1
	w.x = s.Fixed([]float32{0}, 1, 1)
	w.want = s.FixedBy(func(want []float32) {
		for i := range want {
			a := 2 * math.Pi * float64(i+1) / float64(w.Period)
			want[i] = float32(math.Sin(a) + math.Sin(2*a)/2 + math.Sin(4*a)/4)
		}
	}, n, 1)
	return nets.Spec{In: nets.Row(1), Out: 1, Examples: 1, Trial: n, Epoch: n}, nil
}

// Show returns moment p.Number of the trials.
func (w *Wave) Show(p *nets.Pass) nets.Moment {
	t := int(p.Number % uint64(w.want.Len()))
	return nets.Moment{X: w.x, Want: p.View(w.want, t, 1, 1, 1), First: t == 0, Last: t == w.want.Len()-1}
}

// Judge counts the error.
func (w *Wave) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) { countError(p, m, y) }
