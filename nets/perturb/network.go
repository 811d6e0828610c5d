package perturb

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"hebb/compute"
	"hebb/nets"
)

// A rule says where noise acts, and what the weights move along.
type rule interface {
	name() string

	// onNodes reports whether the noise is on the units, drawn at each moment; else it is on the weights.
	onNodes() bool

	// trace returns the shape of what is kept throughout a trial for weights out × in, or nil.
	trace(out, in int) []int

	// add adds a moment of a trial, counted from 1, to the traces of a layer whose undisturbed inputs are xs. zeta is the noise
	// on its units, or nil.
	add(p *nets.Pass, l *layer, xs []*compute.Tensor, zeta *compute.Tensor, moment int)

	// along returns what weights i of a layer move along, of their shape.
	along(p *nets.Pass, l *layer, i int) *compute.Tensor
}

// A network is the layers of a [Weight] and the rule by which they learn.
type network struct {
	*Weight
	rule
	layers []*layer
	loss   nets.Loss
	trials bool
	slope  *compute.Tensor // sum of E(disturbed) − E over the moments of a trial so far
	moment *int64          // of a trial, from 1, while learning; nil without trials
	pair   *pair           // of trials that are rewarded; or nil
}

// A layer of units sums up its inputs: those from below and, of a recurrent layer, its own activities.
type layer struct {
	units        int
	w, xi, trace []*compute.Tensor // units × inputs, for each input; noise and traces are nil where the rule has none
	h            *compute.Tensor   // examples × units, of a recurrent layer; else nil
	beside       *compute.Tensor   // the same disturbed or, where Exact, how far it is disturbed
}

// A signal is activities, examples × units. The disturbed ones are nil where nothing is learned.
type signal struct {
	x     *compute.Tensor
	noisy *compute.Tensor // disturbed
	off   *compute.Tensor // noisy − x where Exact; nil for 0
}

// The least σ. Below the first, the rounding of a loss in float32, 2⁻²⁴ of it, is more than 0.6 % of σ; below the
// second, η/σ comes near the largest float32. Rewards come from elsewhere, and may be a hundred times the part that
// weights can change.
const leastSigma, leastExactSigma, leastRewardedSigma = 1e-5, 1e-30, 1e-3

// check reports a setting that cannot be.
func (r *Weight) check(name string) error {
	for _, n := range r.Hidden {
		if n < 1 {
			return fmt.Errorf("%s: hidden layers of %v units, want at least 1 each", name, r.Hidden)
		}
	}
	within := func(x, least float32) bool { return x >= least && x < math.MaxFloat32 }
	switch {
	case !(r.Sigma > 0 && r.Sigma < math.MaxFloat32):
		return fmt.Errorf("%s: sigma %g, want a number above 0", name, r.Sigma)
	case r.Exact && r.Rewarded:
		return fmt.Errorf("%s: exact=true wants a task that knows its error, and rewarded=true one that does not; want one of them", name)
	case r.Rewarded && r.Sigma < leastRewardedSigma:
		return fmt.Errorf("%s: sigma %g is too small for a difference of two rewards in float32, want at least %g", name, r.Sigma, float32(leastRewardedSigma))
	case r.Exact && r.Sigma < leastExactSigma:
		return fmt.Errorf("%s: sigma %g, want at least %g", name, r.Sigma, float32(leastExactSigma))
	case !r.Exact && r.Sigma < leastSigma:
		return fmt.Errorf("%s: sigma %g is too small for a difference of two losses in float32, want at least %g, or exact=true of a squared error",
			name, r.Sigma, float32(leastSigma))
	case !within(r.Tau, 0) || r.Recurrent && r.Tau < 1:
		return fmt.Errorf("%s: tau %g, want at least 1", name, r.Tau)
	case !within(r.Gain, 0):
		return fmt.Errorf("%s: gain %g, want at least 0", name, r.Gain)
	case r.Recurrent && len(r.Hidden) == 0:
		return fmt.Errorf("%s: a recurrent network without hidden layers, want hidden=[50] for example", name)
	}
	return nil
}

func build(set *Weight, rule rule, s *nets.Store, spec nets.Spec) (n *network, err error) {
	n = &network{Weight: set, rule: rule, trials: set.Trials || set.Recurrent || set.Rewarded}
	loss := set.Loss
	if loss == nil {
		loss = nets.DefaultLoss(spec)
	}
	if n.loss, err = nets.BuildLoss(s, spec, loss); err != nil {
		return nil, err
	}
	if set.Exact && n.loss != nets.SquaredError {
		return nil, fmt.Errorf("%s: exact=true wants a squared error, and the task wants one of %d classes", rule.name(), spec.Out)
	}
	if n.trials && spec.Trial == 0 {
		return nil, fmt.Errorf("%s: weights change when a trial ends, and those of the task have no end; want trials=false, recurrent=false or another task",
			rule.name())
	}
	switch {
	case set.Rewarded && !spec.Rewards:
		return nil, fmt.Errorf("%s: rewarded=true, and the task gives no rewards; want rewarded=false, or a task that rewards", rule.name())
	case spec.Rewards && !set.Rewarded:
		return nil, fmt.Errorf("%s: the task only rewards answers; want rewarded=true, or another task", rule.name())
	}
	in := spec.In.Len()
	for i, out := range slices.Concat(set.Hidden, []int{spec.Out}) {
		l := &layer{units: out}
		n.connect(s, l, fmt.Sprint(i+1), 1, in)
		if set.Recurrent && i < len(set.Hidden) {
			n.connect(s, l, fmt.Sprint(i+1, ".recurrent"), set.Gain, out)
			l.h = s.State(fmt.Sprint(i+1, ".h"), nets.Zeros, spec.Examples, out)
			l.beside = nets.At(s.Scratch(1, spec.Examples, out), 0)
		}
		n.layers = append(n.layers, l)
		in = out
	}
	n.slope = nets.At(s.Scratch(1, 1, 1), 0)
	if n.trials {
		n.moment = s.Counter("moment of the trial")
	}
	if set.Rewarded {
		n.pair = newPair(s)
	}
	return n, nil
}

// divided reports trials, whose noise lasts for several moments.
func (n *network) divided() error {
	if n.trials {
		return fmt.Errorf("%s: what the noise of a trial has done so far is not kept for each part of its moments; want trials=false, recurrent=false and rewarded=false",
			n.name())
	}
	return nil
}

// connect adds inputs to a layer, with what the rule needs for them.
func (n *network) connect(s *nets.Store, l *layer, name string, gain float32, in int) {
	scratch := func(shape ...int) *compute.Tensor { return nets.At(s.Scratch(1, shape...), 0) }
	w := s.Weights(name, nets.Normal(float64(gain)/math.Sqrt(float64(in))), l.units, in)
	s.Averaged(w)
	l.w = append(l.w, w)
	if !n.onNodes() {
		l.xi = append(l.xi, scratch(l.units, in))
	}
	if shape := n.trace(l.units, in); shape != nil {
		l.trace = append(l.trace, scratch(shape...))
	}
}

var (
	difference = compute.Formula("noisy - quiet", "noisy", "quiet")
	longer     = compute.Formula("old + (noisy - quiet)", "noisy", "quiet")
	pull       = compute.Formula("(delta + share*off)*off", "delta", "off")
	plus       = compute.Formula("old + x", "x")
	learned    = compute.Formula("old - rate*slope*xi", "xi", "slope")
)

// step answers a moment and, where it ends a trial or there are none, learns.
func (n *network) step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	if n.trials && m.Begin != nil {
		p.Fail(errors.New("perturb: examples begin their trials at moments of their own, want trials that begin together"))
	}
	if n.pair != nil {
		return n.try(p, m)
	}
	moment := 0 // nothing is learned
	switch {
	case p.Learning && n.trials:
		if m.First {
			*n.moment = 0
		}
		*n.moment++
		moment = int(*n.moment)
	case p.Learning && m.Want != nil:
		moment = 1
	}
	if moment == 1 {
		n.draw(p)
	}
	y := n.answer(p, m, moment)
	if m.Want != nil {
		n.judge(p, m, y, moment)
	} else if moment == 1 {
		p.Clear(n.slope)
	}
	if moment > 0 && (m.Last || !n.trials) {
		n.update(p, n.slope, moment)
	}
	return y.x
}

// draw draws the noise on the weights.
func (n *network) draw(p *nets.Pass) {
	for _, l := range n.layers {
		for _, xi := range l.xi {
			p.Random(xi, compute.Normal(0, 1))
		}
	}
}

// judge adds the loss of a moment to its metric, and what the noise changes to the slope.
func (n *network) judge(p *nets.Pass, m nets.Moment, y signal, moment int) {
	v := n.loss.Judge(p, m, y.x, moment > 0 && n.Exact)
	p.CountOf(m, "loss", v.Loss)
	if moment == 0 {
		return
	}
	mean := 1 / float32(m.Examples())
	if n.Exact {
		off := p.Masked(y.off, m)
		moved := p.PerLearner(pull.With("share", mean), 1, v.Delta, off)
		if moment == 1 {
			p.Into(n.slope, equal, moved)
		} else {
			p.Into(n.slope, plus, moved)
		}
		return
	}
	quiet := p.PerLearner(nil, mean, v.Loss)
	noisy := p.PerLearner(nil, mean, n.loss.Judge(p, m, y.noisy, false).Loss)
	f := difference
	if moment > 1 {
		f = longer
	}
	p.Into(n.slope, f, noisy, quiet)
}

// update changes the weights by the noise's effect on a loss, summed over the given number of moments.
func (n *network) update(p *nets.Pass, slope *compute.Tensor, moments int) {
	rate := float32(p.Rate) / n.Sigma / float32(moments)
	for _, l := range n.layers {
		for i, w := range l.w {
			p.Into(w, learned.With("rate", rate), n.along(p, l, i), slope)
		}
	}
}
