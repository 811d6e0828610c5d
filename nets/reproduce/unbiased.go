package reproduce

import (
	"context"
	"fmt"
	"math"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/recurrent"
)

// unbiased draws gradients of a trial by uoro and kfrtrl, with weights that stay, and holds their mean against rtrl's.
// Draws are examples that are shown the same, and trials.
var unbiased = Experiment{
	Name:    "unbiased",
	Systems: map[string]string{"UORO": "uoro", "KF-RTRL": "kfrtrl"},
	About:   "the mean of gradients that uoro and kfrtrl draw, beside rtrl's",
	Source:  "figures of the equations in float64 (numpy), means of five networks: Tallec, Ollivier 2018, \"Unbiased Online Recurrent Optimization\"; Mujika, Meier, Steger 2018, \"Approximating Real-Time Recurrent Learning with Random Kronecker Factors\"",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it", Takes: time.Minute, Parts: []Part{
			drawn(8, 20, 200, 20, map[string][3]float64{"uoro": {0.477, 0.090, 4.06}, "uoro, plain": {0.503, 0.094, 4.55}, "kfrtrl": {0.136, 0.027, 1.79}}),
			drawn(16, 40, 100, 10, map[string][3]float64{"uoro": {0.610, 0.166, 6.89}, "uoro, plain": {0.761, 0.214, 8.72}}),
		}},
		{Name: "small", About: "2000 draws", Takes: 10 * time.Second, Parts: []Part{
			drawn(8, 20, 20, 5, map[string][3]float64{"uoro": {0.477, 0.090, 4.06}, "kfrtrl": {0.136, 0.027, 1.79}}),
		}},
	},
}

const (
	offBy100  Quantity = "error of the mean of 100 draws, of the gradient"
	offBy2000 Quantity = "error of the mean of 2000 draws, of the gradient"
	offByAll  Quantity = "error of the mean of all draws, of the gradient"
	oneDraw   Quantity = "standard deviation of one draw, of the gradient"
	ofError   Quantity = "error of the mean of all draws, of its standard error"
	slope     Quantity = "slope of log error by log draws"
)

// drawn compares the rules on networks of so many units, over trials of so many moments, with 100 draws in each trial. What
// was published: the error of 100 and 2000 draws, and the deviation of one. Of a few networks the gradient is small beside
// what draws scatter, so that twenty are needed for a mean.
func drawn(units, moments, trials, networks int, published map[string][3]float64) Part {
	p := Part{Name: fmt.Sprintf("%d-units", units), About: fmt.Sprintf("%d leaky units, τ = 10, a random target of %d moments, %d draws, %d networks", units, moments, 100*trials, networks)}
	for _, rule := range []string{"uoro", "uoro, plain", "kfrtrl"} {
		was, ok := published[rule]
		if !ok {
			continue
		}
		inclined := Figure{What: slope, Published: -0.5, Within: 0.1, From: "theory"}
		if trials < 100 { // too few of 2000 draws for a slope
			inclined.Within = 0
		}
		d := drawing{rule, units, moments, trials}
		p.Runs = append(p.Runs, Run{Name: rule, Make: Program(d.run), Seeds: networks, Figures: []Figure{
			{What: offBy100, Published: was[0]}, {What: offBy2000, Published: was[1]}, none(offByAll), {What: oneDraw, Published: was[2]},
			{What: ofError, Published: 1, Within: 0.5, From: "theory"}, inclined,
		}})
		p.Check = append(p.Check, Claim{rule + ": the error of the mean is less than twice the deviation of one draw over the root of their number, in nine of ten networks", func(rows Rows) bool {
			of := rows.Of(rule, ofError)
			return len(of) > 0 && 10*of.Count(func(x float64) bool { return x < 2 }) >= 9*len(of)
		}})
	}
	if _, ok := published["kfrtrl"]; ok {
		p.Check = append(p.Check, Claim{"kfrtrl's draws deviate less than two thirds as much as uoro's (published: 0.44)", func(rows Rows) bool {
			return rows.Mean("kfrtrl", oneDraw) < rows.Mean("uoro", oneDraw)*2/3
		}})
	}
	return p
}

// A drawing is a run by a rule: "rtrl" too, of which one draw is enough.
type drawing struct {
	rule                   string
	units, moments, trials int
}

func (d drawing) system() nets.System {
	leaky := recurrent.Leaky{Units: d.units, Tau: 10, Gain: 1, Start: 0.1}
	switch d.rule {
	case "rtrl":
		return &recurrent.RTRL{Leaky: leaky, When: "trial"}
	case "kfrtrl":
		return &recurrent.KFRTRL{Leaky: leaky, When: "trial"}
	}
	return &recurrent.UORO{Leaky: leaky, When: "trial", Plain: d.rule != "uoro"}
}

// gradients returns the gradient of the recurrent weights of each trial, for each learner, with so many draws a trial.
func (d drawing) gradients(ctx context.Context, dev *compute.Device, seeds Seeds, trials, examples int) (all [][][]float64, err error) {
	s, err := nets.Run{System: d.system, Task: func() nets.Task { return &target{d.moments, examples, nil, nil} }, Learners: seeds.N, Seed: seeds.First}.Open(dev)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if err := small(s, seeds, 3); err != nil {
		return nil, err
	}
	for range trials {
		for range d.moments {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if err := s.Step(ctx); err != nil {
				return nil, err
			}
		}
		now, err := read(s, "sum.recurrent")
		if err != nil {
			return nil, err
		}
		trial := make([][]float64, seeds.N)
		for i, x := range now["sum.recurrent"] {
			l := i / (d.units * d.units)
			trial[l] = append(trial[l], float64(x))
		}
		all = append(all, trial)
	}
	return all, nil
}

// run draws, and compares.
func (d drawing) run(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
	exact := d
	exact.rule = "rtrl"
	want, err := exact.gradients(ctx, dev, seeds, 1, 1)
	if err != nil {
		return nil, err
	}
	all, err := d.gradients(ctx, dev, seeds, d.trials, 100)
	if err != nil {
		return nil, err
	}
	f := Figures{}
	for l := range seeds.N {
		var of [][]float64
		for _, trial := range all {
			of = append(of, trial[l])
		}
		compareDraws(f, of, want[0][l])
	}
	return f, nil
}

// compareDraws adds the figures of a network: groups are means of 100 draws each.
func compareDraws(f Figures, groups [][]float64, want []float64) {
	norm, n := 0., float64(len(groups))
	for _, x := range want {
		norm += x * x
	}
	norm = math.Sqrt(norm)
	off := func(some [][]float64) float64 {
		sum := 0.
		for i, x := range want {
			mean := 0.
			for _, g := range some {
				mean += g[i] / float64(len(some))
			}
			sum += (mean - x) * (mean - x)
		}
		return math.Sqrt(sum) / norm
	}
	blocks := func(of int) (mean float64) {
		count := len(groups) / of
		for k := range count {
			mean += off(groups[k*of:(k+1)*of]) / float64(count)
		}
		return mean
	}
	variance := 0.
	for i := range want {
		var v Values
		for _, g := range groups {
			v = append(v, g[i])
		}
		sd := v.SD() // of means of 100
		variance += 100 * sd * sd
	}
	few, many, all, one := blocks(1), blocks(20), off(groups), math.Sqrt(variance)/norm
	for q, x := range map[Quantity]float64{offBy100: few, offBy2000: many, offByAll: all, oneDraw: one,
		ofError: all / (one / math.Sqrt(100*n)), slope: math.Log(many/few) / math.Log(20)} {
		f[q] = append(f[q], x)
	}
}

// A target is a task of random numbers, normal with variance 1 and the same in each trial, for examples that are all alike.
type target struct {
	moments, examples int

	silent *compute.Tensor   // 1 × examples × 1
	want   []*compute.Tensor // of each moment, 1 × 1
}

// Build draws the numbers of each learner.
func (t *target) Build(s *nets.Store) (nets.Spec, error) {
	t.silent = s.Fixed(make([]float32, t.examples), t.examples, 1)
	for k := range t.moments {
		t.want = append(t.want, s.Kept(fmt.Sprintf("want.%d", k), nets.Normal(1), 1, 1))
	}
	return nets.Spec{In: nets.Row(1), Out: 1, Examples: t.examples, Trial: t.moments}, nil
}

var spread = compute.Formula("x", "x")

// Show returns moment p.Number of the trials.
func (t *target) Show(p *nets.Pass) nets.Moment {
	k := int(p.Number % uint64(t.moments))
	want := p.Tensor(p.Learners, t.examples, 1)
	p.Into(want, spread, t.want[k])
	return nets.Moment{X: t.silent, Want: want, First: k == 0, Last: k == t.moments-1}
}

// Judge counts nothing.
func (t *target) Judge(*nets.Pass, nets.Moment, *compute.Tensor) {}
