package reproduce

import (
	"context"
	"fmt"
	"math"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/develop"
	"hebb/nets/tasks"
)

// infomax draws the way from two units that tell different things to two that tell the same, as noise grows.
var infomax = Experiment{
	Name:    "infomax",
	Systems: map[string]string{"infomax": "λ 4, 2 of 10"},
	About:   "two units that carry as much information as they can about their inputs: different things with little noise, the same with much",
	Source:  "the trade is of Linsker 1988, \"Self-organization in a perceptual network\", Computer 21; theory: |cos| of the units' weights is min(1, b/b_c) with b_c = 2·λ₁·λ₂/(λ₁ − λ₂), at the maximum of the information under weights of length 1, which is derived here",
	Scales: []Scale{
		{Name: "cpu", About: "eight variances of the noise for each of two spectra, 4000 steps, ten seeds", Takes: 30 * time.Second,
			Parts: []Part{infomaxPart(10, 4000, 0.1, 0.25, 0.5, 0.75, 0.9, 1.1, 1.5, 3)}},
		{Name: "small", About: "for a device in software: three variances, 300 steps, two seeds", Takes: time.Second,
			Parts: []Part{infomaxPart(2, 300, 0.5, 0.75, 2)}},
	},
}

// A spectrum is the two largest of so many eigenvalues; the others fall evenly from 1 to 0.1.
type spectrum struct {
	first, second float64
	d             int
}

func (s spectrum) String() string { return fmt.Sprintf("λ %g, %g of %d", s.first, s.second, s.d) }

// critical is b_c.
func (s spectrum) critical() float64 { return 2 * s.first * s.second / (s.first - s.second) }

func (s spectrum) values() []float32 {
	v := []float32{float32(s.first), float32(s.second)}
	for k := range s.d - 2 {
		v = append(v, float32(1-0.9*float64(k)/float64(s.d-3)))
	}
	return v
}

func cosineAt(f float64) Quantity {
	return Quantity(fmt.Sprintf("|cos| of the units at b = %g·b_c", f))
}

// infomaxPart has a run of each spectrum, which learns with noise of some shares of b_c.
func infomaxPart(seeds, steps int, fs ...float64) Part {
	p := Part{Name: "transition", About: fmt.Sprintf("inputs with covariances of known eigenvalues in random directions, b the variance of the noise on each output, rate 0.2, %d steps", steps),
		Curve: &Curve{X: "variance of the noise, in units of b_c", Y: "|cos| of the two units' weights", Theory: func(_ string, at float64) float64 { return math.Min(1, at) }}}
	for _, f := range fs {
		p.Curve.Points = append(p.Curve.Points, Point{f, cosineAt(f)})
	}
	for _, s := range []spectrum{{4, 2, 10}, {3, 1.5, 20}} {
		r := Run{Name: s.String(), Seeds: seeds, Make: s.learn(steps, fs)}
		for _, f := range fs {
			r.Figures = append(r.Figures, Figure{What: cosineAt(f), Published: math.Min(1, f), Within: 1e-3, From: "theory"})
		}
		p.Runs = append(p.Runs, r)
	}
	p.Check = []Claim{{"|cos| is within 0.001 of the theory at every b and in every seed", func(rows Rows) bool {
		for _, run := range p.Runs {
			for _, f := range fs {
				if !rows.all(run.Name, cosineAt(f), func(x float64) bool { return math.Abs(x-math.Min(1, f)) <= 1e-3 }) {
					return false
				}
			}
		}
		return true
	}}}
	return p
}

// learn learns at each of some shares of b_c, all seeds side by side.
func (s spectrum) learn(steps int, fs []float64) Program {
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		out := Figures{}
		for _, f := range fs {
			run := nets.Run{
				System:   func() nets.System { return &develop.Infomax{Noise: float32(f * s.critical())} },
				Task:     func() nets.Task { return &tasks.Spectrum{Values: s.values()} },
				Learners: seeds.N, Seed: seeds.First, Rate: 0.2,
			}
			m, err := lastMoment(ctx, dev, run, steps)
			if err != nil {
				return nil, err
			}
			out[cosineAt(f)] = m.Get("cosine").Each
		}
		return out, nil
	}
}
