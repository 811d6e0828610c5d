// Package settle has networks that let their activities come to rest before they learn: contrastive Hebbian learning,
// equilibrium propagation, and predictive coding as a rule for the networks of package stack.
//
// A relaxation has a fixed number of sweeps, a setting, so that no moment waits for the device. The metric "residual"
// says how far it is from rest: the largest change of an activity in the last sweep, for each example, as a mean over
// the examples. The second phase has the metric "residual, taught". An evaluation also reports the residual after 1, 4,
// 16, … sweeps. If a residual is above the setting Tolerance, the learner ends with an error that says so.
package settle

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/nets"
	"hebb/nets/stack"
)

// Systems lists the systems of this package that text can name.
var Systems = []nets.NamedSystem{
	{Name: "chl", About: "contrastive Hebbian learning in layers (Xie and Seung 2003)", Rate: 1, Rates: map[string]float64{"subtasks": 0.003, "walk": 1e-3, "pattern": 0.1}, System: func() nets.System {
		return &CHL{Hidden: []int{16}, Sweeps: 10, Gamma: 0.1, Gain: 2, Tolerance: 0.05}
	}},
	{Name: "contrastive", About: "contrastive learning in a recurrent network (Baldi and Pineda 1991)", Rate: 0.05, Rates: onStrong(0.01), System: func() nets.System {
		return &Contrastive{Hidden: 4, Sweeps: 300, StepSize: 0.2, Gain: 0.35, Tolerance: 0.05}
	}},
	{Name: "eqprop", About: "equilibrium propagation (Scellier and Bengio 2017)", Rate: 1, Rates: onStrong(0.01), System: func() nets.System {
		return &EqProp{Hidden: []int{16}, Sweeps: 20, Nudged: 10, Beta: 0.5, Both: true, Act: logistic, Gain: 1, Tolerance: 0.05}
	}},
}

// onStrong is the rates on tasks with strong inputs.
func onStrong(rate float64) map[string]float64 {
	return map[string]float64{"subtasks": rate, "walk": min(rate, 1e-3)}
}

// Rules lists the rules of this package that text can name.
var Rules = []stack.NamedRule{
	{Name: "pc", About: "predictive coding (Whittington and Bogacz 2017)", Rule: PredictiveCoding{Sweeps: 20, StepSize: 0.2, Precision: 1}},
}

// A limit is a setting and its range.
type limit struct {
	name        string
	value       float64
	above, most float64 // above < value ≤ most; −1 means "at least 0"
}

// check reports the first setting of a system or a rule that is out of range.
func check(who string, all ...limit) error {
	for _, l := range all {
		if l.value > l.above && l.value <= l.most {
			continue
		}
		least, most := fmt.Sprintf("above %g", l.above), ""
		if l.above < 0 {
			least = "at least 0"
		}
		if l.most < math.MaxFloat32 {
			most = fmt.Sprintf(" and at most %g", l.most)
		}
		return fmt.Errorf("%s: %s %g, want a number %s%s", who, l.name, l.value, least, most)
	}
	return nil
}

// mostSweeps is the largest number of sweeps: a moment queues all of them at once, at some ops each.
const mostSweeps = 100_000

// positive is the range of numbers above 0, and notNegative the range from 0.
func positive(name string, x float32) limit { return limit{name, float64(x), 0, math.MaxFloat32} }

func notNegative(name string, x float32) limit { return limit{name, float64(x), -1, math.MaxFloat32} }

func sweeps(name string, n int) limit { return limit{name, float64(n), 0, mostSweeps} }

// units gives the ranges for the sizes of hidden layers; there has to be at least one layer.
func units(hidden []int) []limit {
	all := []limit{{"number of hidden layers", float64(len(hidden)), 0, 1000}}
	for _, n := range hidden {
		all = append(all, limit{"hidden", float64(n), 0, math.MaxInt32})
	}
	return all
}

var (
	minus    = compute.Formula("a - b", "a", "b")
	same     = compute.Formula("x", "x")
	moved    = compute.Formula("abs(x - was)", "x", "was")
	larger   = compute.Formula("max(old, x)", "x")
	overflow = compute.Formula("where(x - most, max(old, x), old)", "x")
)

// A phase watches a relaxation of activities; each tensor is learners × examples × units.
type phase struct {
	*nets.Pass
	metric    string // name of its residual; "": not measured
	sweeps    int
	tolerance float32
	x, was    []*compute.Tensor // activities, and their values a sweep before
}

// newPhase returns a phase over activities for layers of the given sizes, which begin as from, or at 0.
func newPhase(p *nets.Pass, metric string, examples, sweeps int, tolerance float32, units []int, from []*compute.Tensor) *phase {
	ph := &phase{Pass: p, metric: metric, sweeps: sweeps, tolerance: tolerance}
	for k, n := range units {
		x := p.Tensor(p.Learners, examples, n)
		if from == nil {
			p.Clear(x)
		} else {
			p.Into(x, same, from[k])
		}
		ph.x, ph.was = append(ph.x, x), append(ph.was, p.Like(x))
	}
	return ph
}

// run makes the sweeps: each call of sweep sets x; was holds the old numbers.
func (p *phase) run(sweep func()) {
	for n := 1; n <= p.sweeps; n++ {
		p.x, p.was = p.was, p.x
		sweep()
		if last := n == p.sweeps; last || !p.Learning && n&(n-1) == 0 && n&0x55555 != 0 {
			p.residual(n, last)
		}
	}
}

// residual counts how far the activities moved in sweep n, and sets the fault in the last one.
func (p *phase) residual(n int, last bool) {
	if p.Quiet || p.metric == "" {
		return
	}
	examples := p.x[0].Rows()
	far := p.Tensor(p.Learners*examples, 1)
	p.Clear(far)
	for k, x := range p.x {
		one, rows := p.Like(far), p.Learners*examples
		p.Do(compute.Reduce{Out: p.View(one, 0, rows), In: []*compute.Tensor{p.View(x, 0, rows, x.Cols()), p.View(p.was[k], 0, rows, x.Cols())},
			F: moved, Fold: compute.FoldMax, Along: compute.AlongCols, Alpha: 1})
		p.Into(far, larger, one)
	}
	if !last {
		p.Count(fmt.Sprintf("%s after %d", p.metric, n), far, examples)
		return
	}
	p.Count(p.metric, far, examples)
	if at := p.Fault(p.metric); at != nil && p.tolerance > 0 {
		most := p.Like(at)
		p.Do(compute.Reduce{Out: most, In: []*compute.Tensor{p.View(far, 0, p.Learners, examples)}, Fold: compute.FoldMax, Along: compute.AlongCols, Alpha: 1})
		p.Into(at, overflow.With("most", p.tolerance), most)
	}
}

// unsettled describes the fault code of a relaxation; it returns nil for another fault's name.
func unsettled(who, name string, code, tolerance float32, sweeps map[string]int) error {
	n, ok := sweeps[name]
	if !ok {
		return nil
	}
	return fmt.Errorf("%s: the activities have not settled: in the last of %s one moves by %.3g, want at most the tolerance of %g; "+
		"more sweeps help, or smaller weights or rates, and tolerance=0 asks for nothing", who, count.Of(n, "sweep"), code, tolerance)
}

const free, taught = "residual", "residual, taught"

// A direction holds a layer's changes by a system and by backprop: deltas at the pre-activations and updates of the
// weights.
type direction struct {
	name                             string
	w, delta, exactDelta, own, exact *compute.Tensor // learners × anything
}

// compare returns the angles within directions.
func compare(p *nets.Pass, all []direction) func() []nets.Angle {
	const each = 7
	sums := p.Tensor(each*len(all), p.Learners)
	for k, d := range all {
		for i, in := range [][2]*compute.Tensor{{d.w, d.w}, {d.delta, d.exactDelta}, {d.delta, d.delta}, {d.exactDelta, d.exactDelta},
			{d.own, d.exact}, {d.own, d.own}, {d.exact, d.exact}} {
			p.Into(p.View(sums, (each*k+i)*p.Learners, p.Learners, 1, 1), same, p.PerLearner(product, 1, in[0], in[1]))
		}
	}
	out := make([]float32, sums.Len())
	p.Read(sums, out)
	return func() []nets.Angle {
		angles := make([][]nets.Angle, p.Learners)
		for l := range angles {
			for k, d := range all {
				v := func(i int) float64 { return float64(out[(each*k+i)*p.Learners+l]) }
				angles[l] = append(angles[l], nets.Angle{Layer: d.name, Weights: nets.Degrees(math.NaN()), NormW: math.Sqrt(v(0)),
					Delta: degrees(v(1), v(2), v(3)), NormDelta: math.Sqrt(v(2)), NormBackprop: math.Sqrt(v(3)), Gradient: degrees(v(4), v(5), v(6))})
			}
		}
		return nets.MeanAngles(angles)
	}
}

// degrees returns the angle between vectors a and b, given their inner products.
func degrees(ab, aa, bb float64) nets.Degrees {
	return nets.Degrees(math.Acos(math.Max(-1, math.Min(1, ab/math.Sqrt(aa*bb)))) * 180 / math.Pi)
}

var product = compute.Formula("x*y", "x", "y")
