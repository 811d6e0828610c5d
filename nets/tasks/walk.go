package tasks

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Walk is a task of estimating a hidden state that walks at random, from numbers with noise (Piray and Daw 2021, Nature
// Communications 12:6587). There are Agents examples for each volatility v and each noise u, variances both:
//
//	x_0 = 0,  x_t = x_{t−1} + √v·N(0, 1)        wanted
//	o_t = x_t + √u·N(0, 1)                      shown
//
// Example i has the volatility ⌊i/Agents⌋ mod their number, and the next noise when these are through. A trial has Moments
// moments, and an epoch is a trial. Each learner draws numbers of its own at each trial; a test draws others.
//
// Metrics: "error", the mean of (y − x)².
type Walk struct {
	Volatility []float64 `json:"volatility" toml:"volatility"`
	Noise      []float64 `json:"noise" toml:"noise"`
	Agents     int       `json:"agents" toml:"agents"` // of each volatility and noise
	Moments    int       `json:"moments" toml:"moments"`

	x           *compute.Tensor // examples × 1
	steps, sees *compute.Tensor // 1 × examples × 1: √v and √u
}

// Check reports an invalid setting.
func (w *Walk) Check() error {
	if w.Agents < 1 || w.Moments < 2 || w.Agents > math.MaxInt32/max(1, len(w.Volatility)*len(w.Noise)) {
		return fmt.Errorf("walk: %d agents and %d moments, want at least 1 and 2, and fewer agents in all than 2³¹", w.Agents, w.Moments)
	}
	for _, s := range []struct {
		name string
		of   []float64
	}{{"volatility", w.Volatility}, {"noise", w.Noise}} {
		if len(s.of) == 0 {
			return fmt.Errorf("walk: no %s, want a list of at least one", s.name)
		}
		for _, x := range s.of {
			if !(x >= 0 && x <= 1e12) {
				return fmt.Errorf("walk: %s %g, want variances of 0 to 1e12", s.name, x)
			}
		}
	}
	return nil
}

// Build writes the standard deviations to the device.
func (w *Walk) Build(s *nets.Store) (nets.Spec, error) {
	var steps, sees []float32
	for _, u := range w.Noise {
		for _, v := range w.Volatility {
			for range w.Agents {
				steps, sees = append(steps, float32(math.Sqrt(v))), append(sees, float32(math.Sqrt(u)))
			}
		}
	}
	n := len(steps)
	w.x, w.steps, w.sees = s.State("x", nets.Zeros, n, 1), s.Fixed(steps, n, 1), s.Fixed(sees, n, 1)
	return nets.Spec{In: nets.Row(1), Out: 1, Examples: n, Trial: w.Moments, Epoch: w.Moments}, nil
}

var (
	walks = compute.Formula("old + sd*normal", "sd", "normal")
	noisy = compute.Formula("x + sd*normal", "x", "sd", "normal")
)

// Show moves the state by a step, and shows it through noise.
func (w *Walk) Show(p *nets.Pass) nets.Moment {
	at := int(p.Number % uint64(w.Moments))
	if at == 0 {
		p.Clear(w.x)
	} else {
		step := p.Like(w.x)
		p.Random(step, compute.Normal(0, 1))
		p.Into(w.x, walks, w.steps, step)
	}
	noise := p.Like(w.x)
	p.Random(noise, compute.Normal(0, 1))
	return nets.Moment{X: p.Map(noisy, w.x, w.sees, noise), Want: w.x, First: at == 0, Last: at == w.Moments-1}
}

// Judge counts the error.
func (w *Walk) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) { countError(p, m, y) }
