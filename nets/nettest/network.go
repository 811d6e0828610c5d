package nettest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/recurrent"
)

// Network holds a recurrent network to what its rules take it for, on the CPU path: for random states, inputs, weights and
// vectors v and a,
//
//	v·(F(s + εa) − F(s − εa))/2ε          is (Jᵀ·v)·a by Backward, and v·(J·a) by Push, if it has one
//	v·(F with W_k ± ε·C)/2ε               is δ_k·C·z_k, for a random matrix C
//	δ_k of the unit vectors               is gain·diag(slope), if it is Local
//
// within the errors of differences of float32s, some hundredths, of networks that are smooth. The function returns a new
// network at each call.
func Network(t *testing.T, network func() recurrent.Network, spec nets.Spec) {
	t.Helper()
	if err := linear(network, spec); err != nil {
		t.Error(err)
	}
}

func linear(network func() recurrent.Network, spec nets.Spec) error {
	r := nets.Run{System: func() nets.System { return &probe{net: network()} }, Task: func() nets.Task { return &blank{spec: spec} }, Seed: 3}
	return on(r, nil, func(s *nets.Session) error { return s.Step(context.Background()) })
}

// A blank task shows random numbers, and wants nothing.
type blank struct {
	spec nets.Spec
	x    *compute.Tensor
}

func (b *blank) Build(s *nets.Store) (nets.Spec, error) {
	b.x = s.State("x", nets.Normal(1), b.spec.Examples, b.spec.In.Len())
	return b.spec, nil
}

func (b *blank) Show(*nets.Pass) nets.Moment                    { return nets.Moment{X: b.x} }
func (b *blank) Judge(*nets.Pass, nets.Moment, *compute.Tensor) {}

// A probe is a system that does nothing but look at its network.
type probe struct {
	net   recurrent.Network
	parts recurrent.Parts
}

func (r *probe) Build(s *nets.Store, spec nets.Spec) error {
	r.parts = r.net.Build(s, spec)
	return nil
}

// Step compares, and answers nothing.
func (r *probe) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	n, units := m.Examples(), r.parts.State.Cols()
	s, a, v := random(p, 1, n, units), random(p, 1, n, units), random(p, n, 1, units)
	_, tape := r.net.Forward(p, s, m.X)
	if err := r.taped(tape, n); err != nil {
		p.Fail(err)
		return nil
	}
	flat := make([]*compute.Tensor, len(tape))
	for i, t := range tape {
		flat[i] = p.View(t, 0, n, 1, t.Cols())
	}
	down, deltas := r.net.Backward(p, flat, v)
	if len(deltas) != len(r.parts.Weights) {
		p.Fail(fmt.Errorf("Backward returns %d deltas, and there are %d weights", len(deltas), len(r.parts.Weights)))
		return nil
	}
	slope := difference(p, v, func(by float32) *compute.Tensor {
		next, _ := r.net.Forward(p, p.Map(moved.With("by", by), s, a), m.X)
		return next
	})
	p.Fail(near("a product with the Jacobian, by Backward", dot(p, down, a), slope))
	if f, ok := r.net.(recurrent.Pusher); ok {
		p.Fail(near("a product with the Jacobian, by Push", dot(p, f.Push(p, flat, p.View(a, 0, n, 1, units)), v), slope))
	}
	for k, w := range r.parts.Weights {
		p.Fail(r.influence(p, m, s, v, deltas[k], flat[w.In], w.W))
	}
	p.Fail(r.local(p, flat, v, deltas))
	return nil
}

// taped reports a tape that is not what Build said.
func (r *probe) taped(tape []*compute.Tensor, n int) error {
	if len(tape) != len(r.parts.Tape) {
		return fmt.Errorf("Forward returns a tape of %d tensors, and Build said %d", len(tape), len(r.parts.Tape))
	}
	for i, e := range r.parts.Tape {
		if t := tape[i]; t.Rows() != n || t.Cols() != e.Cols {
			return fmt.Errorf("%s of the tape is %v, want %d×%d", e.Name, t, n, e.Cols)
		}
	}
	return nil
}

// influence compares what a change of weights does with δ⊗z.
func (r *probe) influence(p *nets.Pass, m nets.Moment, s, v, delta, z, w *compute.Tensor) error {
	c := random(p, 1, w.Rows(), w.Cols())
	want := difference(p, v, func(by float32) *compute.Tensor {
		p.Into(w, changed.With("by", by), c)
		next, _ := r.net.Forward(p, s, m.X)
		p.Into(w, changed.With("by", -by), c)
		return next
	})
	return near(fmt.Sprintf("the influence of the weights %v, by Backward", w), dot(p, delta, recurrent.Forth(p, c, z)), want)
}

// local compares a Local network's slopes with deltas.
func (r *probe) local(p *nets.Pass, tape []*compute.Tensor, v *compute.Tensor, deltas []*compute.Tensor) (err error) {
	l, ok := r.net.(recurrent.Local)
	if !ok {
		return nil
	}
	slope, _, gain := l.Local(p, tape)
	for _, d := range deltas {
		off := p.Map(beside.With("gain", gain), d, v, slope)
		err = errors.Join(err, near("the deltas less gain·slope of Local", dot(p, off, off), 0))
	}
	return err
}

var (
	moved   = compute.Formula("s + by*a", "s", "a")
	changed = compute.Formula("old + by*c", "c")
	times   = compute.Formula("x*y", "x", "y")
	beside  = compute.Formula("d - gain*(v*slope)", "d", "v", "slope")
)

// difference is v·(f(ε) − f(−ε))/2ε.
func difference(p *nets.Pass, v *compute.Tensor, f func(by float32) *compute.Tensor) float64 {
	const eps = 1. / 64
	up, low := f(eps), f(-eps)
	return (dot(p, up, v) - dot(p, low, v)) / (2 * eps)
}

func random(p *nets.Pass, shape ...int) *compute.Tensor {
	t := p.Tensor(shape...)
	p.Random(t, compute.Normal(0, 1))
	return t
}

// dot is Σ x·y, read from the device.
func dot(p *nets.Pass, x, y *compute.Tensor) float64 {
	out := make([]float32, 1)
	p.Read(p.PerLearner(times, 1, x, y), out)
	return float64(out[0])
}

// near reports a number that is not what differences say.
func near(what string, got, want float64) error {
	if math.Abs(got-want) <= 0.02*max(1, math.Abs(want)) {
		return nil
	}
	return fmt.Errorf("%s: %g, and %g by differences of Forward", what, got, want)
}
