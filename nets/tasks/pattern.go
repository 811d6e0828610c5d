package tasks

import (
	"fmt"
	"math"
	"math/rand/v2"

	"hebb/compute"
	"hebb/nets"
)

// Pattern is the generation of a pattern by a spiking network (Bellec et al. 2020, Nature Communications 11:3625, and the
// tutorial of its authors): the same input at each trial, frozen noise, and one wave to be made from it. Of a trial of Length
// ms, a moment is Step ms, and shows one example:
//
//	x_t is Inputs cells, each of which spikes (1, else 0) with a probability of Rate·Step at every moment
//	s_t = Σ_k a_k·sin(2π·t·Step/P_k + φ_k),  P_k in Periods, a_k uniform in [0.5, 2), φ_k in [0, 2π)
//	y*_t = (s_t − s_0)/max_t |s_t − s_0|
//
// Input and wave are drawn for each learner by its seed. An epoch is a trial; it tests itself, since there is nothing to see
// that was not learned from.
//
// Metrics: "error", the mean of (y − y*)².
type Pattern struct {
	Step    float64   `json:"step" toml:"step"`       // ms
	Length  float64   `json:"length" toml:"length"`   // ms
	Inputs  int       `json:"inputs" toml:"inputs"`   // cells
	Rate    float64   `json:"rate" toml:"rate"`       // Hz
	Periods []float64 `json:"periods" toml:"periods"` // ms

	x    *compute.Tensor // moments × Inputs
	want *compute.Tensor // moments × 1
}

// Check reports a setting that cannot be.
func (t *Pattern) Check() error {
	within := func(x, least, most float64) bool { return x >= least && x <= most }
	switch {
	case !within(t.Step, 1e-3, 1e6):
		return fmt.Errorf("pattern: a step of %g ms, want from 0.001 to a million", t.Step)
	case !within(t.Length, 2*t.Step, mostMoments*t.Step):
		return fmt.Errorf("pattern: a length of %g ms, want at least 2 and at most %d steps of %g ms", t.Length, mostMoments, t.Step)
	case t.Inputs < 1:
		return fmt.Errorf("pattern: inputs %d, want at least 1", t.Inputs)
	case !within(t.Rate, 0, 1000/t.Step):
		return fmt.Errorf("pattern: a rate of %g Hz, want at least 0 and at most a spike each step, %g Hz", t.Rate, 1000/t.Step)
	case len(t.Periods) == 0:
		return fmt.Errorf("pattern: no periods, want at least one sine")
	}
	for _, period := range t.Periods {
		if !within(period, 2*t.Step, 1e9) {
			return fmt.Errorf("pattern: periods of %v ms, want at least 2 steps of %g ms, and at most 1e9", t.Periods, t.Step)
		}
	}
	return nil
}

// Milliseconds returns how long a moment is.
func (t *Pattern) Milliseconds() float64 { return t.Step }

func (t *Pattern) moments() int { return int(math.Round(t.Length / t.Step)) }

// Build draws input and wave.
func (t *Pattern) Build(s *nets.Store) (nets.Spec, error) {
	n := t.moments()
	t.x = s.Kept("input", nets.Drawn(compute.Bernoulli(float32(t.Rate*t.Step/1000), 1)), n, t.Inputs)
	t.want = s.Kept("wave", nets.Filled(t.wave), n, 1)
	return nets.Spec{In: nets.Row(t.Inputs), Out: 1, Examples: 1, Trial: n, Epoch: n}, nil
}

// wave draws a wave.
func (t *Pattern) wave(r *rand.Rand, x []float32) {
	s := make([]float64, len(x))
	for _, period := range t.Periods {
		a, phase := 0.5+1.5*r.Float64(), 2*math.Pi*r.Float64()
		for i := range s {
			s[i] += a * math.Sin(2*math.Pi*float64(i)*t.Step/period+phase)
		}
	}
	most := 0.
	for _, v := range s {
		most = max(most, math.Abs(v-s[0]))
	}
	for i, v := range s {
		x[i] = float32((v - s[0]) / max(most, 1e-6))
	}
}

// Show returns moment p.Number of the trials.
func (t *Pattern) Show(p *nets.Pass) nets.Moment {
	n := t.moments()
	at := int(p.Number % uint64(n))
	m := nets.Moment{X: p.Tensor(p.Learners, 1, t.Inputs), Want: p.Tensor(p.Learners, 1, 1), First: at == 0, Last: at == n-1}
	row := p.View(p.Numbers(n), at, 1)
	p.Do(compute.Gather{Out: m.X, X: t.x, Rows: row})
	p.Do(compute.Gather{Out: m.Want, X: t.want, Rows: row})
	return m
}

// Judge counts the error.
func (t *Pattern) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) { countError(p, m, y) }
