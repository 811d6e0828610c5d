package reproduce

import (
	"context"
	"fmt"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/spiking"
	"hebb/nets/tasks"
)

// eprop has spiking networks make a wave from frozen noise, by e-prop and by backprop through time. Rates are those of the
// loss Σ e²/2, of which the squared error is twice: half of 2·10⁻⁴ is 10⁻⁴, and the rate cost of 150 is 300 beside it.
var eprop = Experiment{
	Name:    "eprop",
	Systems: map[string]string{"symmetric feedback": symmetricRun, "random feedback": randomRun, "BPTT through spikes": bpttRun},
	About:   "spiking networks that make a sum of sines from frozen noise: e-prop, backprop through time, and a readout alone",
	Source: "figures of the equations in float64 (numpy), 5 seeds, at the protocol of the tutorial of Bellec, Scherr, Subramoney, Hajek, Salaj, Legenstein, Maass 2020, " +
		"\"A solution to the learning dilemma for recurrent networks of spiking neurons\", with steps of 2 ms; bptt is hebb's own",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it", Takes: 2 * time.Minute, Parts: []Part{wholePattern()}},
		{Name: "small", About: "40 iterations of 200 ms with 30 cells", Takes: 30 * time.Second, Parts: []Part{shortPattern()}},
	},
}

func waveErrorAt(iteration int) Quantity {
	return Quantity(fmt.Sprintf("mean squared error, iteration %d", iteration))
}

// A patterning is a network that makes a wave for so many iterations, tested after each of every and at first.
type patterning struct {
	length     float64 // ms
	cells      int
	rate       float64
	iterations int
	every      int
	set        func(e *spiking.EProp) // or nil
}

// throughTimeByAdam is bptt with steps that do not grow with the gradient: backwards in time errors grow in this network, which
// spikes at 140 Hz at first, and of plain descent at any rate nothing is left.
func throughTimeByAdam(e *spiking.EProp) { e.Credit, e.Optimiser = "bptt", nets.DefaultAdam }

func (c patterning) system() nets.System {
	e := &spiking.EProp{
		ALIF:       spiking.ALIF{LIF: c.cells, Dt: 2, Tau: 30, TauA: 2000, Threshold: 0.03, Reset: 1, Gain: "leak", Damping: 0.3},
		ReadoutTau: 30, Readout: 1, FeedbackScale: 0.1, TargetRate: 10, RateCost: 1200,
	}
	if c.set != nil {
		c.set(e)
	}
	return e
}

func (c patterning) task() nets.Task {
	return &tasks.Pattern{Step: 2, Length: c.length, Inputs: 100, Rate: 50, Periods: []float64{1000, 500, 333, 200}}
}

func (c patterning) run(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
	s, err := nets.Run{System: c.system, Task: c.task, Test: c.task, Learners: seeds.N, Seed: seeds.First, Rate: c.rate}.Open(dev)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	f := Figures{}
	for k := 0; ; k++ {
		if k%c.every == 0 {
			m, err := s.Evaluate(ctx, nil)
			if err != nil {
				return nil, err
			}
			f[waveErrorAt(k)], f[lateRate] = m.Get("error").Each, m.Get("rate").Each
		}
		if k == c.iterations {
			return f, nil
		}
		if _, err := trial(ctx, s); err != nil {
			return nil, err
		}
	}
}

func (c patterning) of(name string, seeds int, known map[int]float64) Run {
	r := Run{Name: name, Make: Program(c.run), Seeds: seeds}
	for k := 0; k <= c.iterations; k += c.every {
		f := none(waveErrorAt(k))
		if x, ok := known[k]; ok {
			f.Published = x
		}
		r.Figures = append(r.Figures, f)
	}
	r.Figures = append(r.Figures, none(lateRate))
	return r
}

func (c patterning) curve() *Curve {
	curve := &Curve{X: "iteration", Y: "mean squared error of the wave"}
	for k := 0; k <= c.iterations; k += c.every {
		curve.Points = append(curve.Points, Point{float64(k), waveErrorAt(k)})
	}
	return curve
}

func wholePattern() Part {
	c := patterning{length: 1000, cells: 100, rate: 1e-4, iterations: 200, every: 50}
	with := func(rate float64, set func(*spiking.EProp)) patterning { d := c; d.rate, d.set = rate, set; return d }
	return Part{Name: "pattern", About: "a second of four sines from 100 inputs at 50 Hz; 100 LIF cells, plain descent on the sum of squares, 200 iterations",
		Runs: []Run{
			c.of(symmetricRun, 5, map[int]float64{0: 0.2875, 50: 0.139, 100: 0.081, 200: 0.034}),
			with(1e-4, randomly).of(randomRun, 5, map[int]float64{0: 0.2875, 50: 0.167, 100: 0.115, 200: 0.065}),
			with(2e-3, throughTimeByAdam).of(bpttRun, 5, nil),
			with(1e-5, readoutAlone).of(readoutRun, 5, map[int]float64{200: 0.143}),
		},
		Check: []Claim{
			{"with symmetric feedback the error of iteration 200 is below 0.055, in the mean", func(rows Rows) bool { return rows.Mean(symmetricRun, waveErrorAt(200)) < 0.055 }},
			{"with random feedback it is below 0.1, and above that with symmetric feedback, in the mean", func(rows Rows) bool {
				x := rows.Mean(randomRun, waveErrorAt(200))
				return x < 0.1 && x > rows.Mean(symmetricRun, waveErrorAt(200))
			}},
			{"cells spike at 10 to 12 Hz at the end, with random feedback at 9 to 12, in the mean", func(rows Rows) bool {
				symmetric, random := rows.Mean(symmetricRun, lateRate), rows.Mean(randomRun, lateRate)
				return 10 <= symmetric && symmetric <= 12 && 9 <= random && random <= 12
			}},
			{"bptt, whose errors grow on their way back, has more error at the end than e-prop with either feedback, in the mean", func(rows Rows) bool {
				return rows.Mean(bpttRun, waveErrorAt(200)) > max(rows.Mean(symmetricRun, waveErrorAt(200)), rows.Mean(randomRun, waveErrorAt(200)))
			}},
			{"a readout alone, at a tenth of the rate, has more than 1.5 times the error of random feedback, in the mean", func(rows Rows) bool {
				return rows.Mean(readoutRun, waveErrorAt(200)) > 1.5*rows.Mean(randomRun, waveErrorAt(200))
			}},
		},
		Curve: c.curve(),
	}
}

func shortPattern() Part {
	c := patterning{length: 200, cells: 30, rate: 2e-4, iterations: 40, every: 20}
	alone := c
	alone.rate, alone.set = 1e-5, readoutAlone
	return Part{Name: "pattern", About: "200 ms of a wave, 30 cells, 40 iterations", Curve: c.curve(),
		Runs: []Run{c.of(symmetricRun, 2, nil), alone.of(readoutRun, 2, nil)},
		Check: []Claim{{"e-prop has less error at the end than at first in every seed, and than a readout alone in the mean", func(rows Rows) bool {
			before, after := rows.Of(symmetricRun, waveErrorAt(0)), rows.Of(symmetricRun, waveErrorAt(40))
			for l := range after {
				if !(after[l] < before[l]) {
					return false
				}
			}
			return rows.Mean(symmetricRun, waveErrorAt(40)) < rows.Mean(readoutRun, waveErrorAt(40))
		}}},
	}
}
