package recurrent

import (
	"errors"
	"fmt"
	"math"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/nets"
)

// Learning is the settings that the rules of this package have in common, and what is common in how they learn. With s the
// state, of n examples, and E the mean loss over them:
//
//	y = V·s            the answer
//	q = Bᵀ·∂E/∂y       units, the error of the state; B is V, or of random feedback a matrix that stays
//	∂E/∂V = Σ ∂E/∂y⊗s  summed over examples
//
// A rule makes gradients of the other weights from q, and Optimiser takes all of them at the rate of the run. Weights change
// after each moment that wants something (when=moment) or once, by the sum of its moments' gradients, when a trial ends
// (when=trial): until then all weights are what they were when it began. Of the squared error ∂E/∂y is 2·(y − y*)/n, so that
// rates for the loss (y − y*)²/2 are twice those here. Where nothing is wanted or an example is masked its error is 0.
//
// First values: V is normal with variance 1/units, B with 1/outputs.
type Learning struct {
	Feedback  string         `json:"feedback" toml:"feedback"`   // random or transposed; "" is random for RFLO, transposed for others
	Optimiser nets.Optimiser `json:"optimiser" toml:"optimiser"` // nil is plain descent
	Loss      nets.Loss      `json:"-" toml:"-"`                 // nil is the task's, see [nets.DefaultLoss]

	net          Network
	parts        Parts
	readout      *compute.Tensor                     // V, outputs × units
	feedback     *compute.Tensor                     // B, outputs × units
	weights      []*compute.Tensor                   // that are learned
	readoutAlone bool                                // learns
	sums         map[*compute.Tensor]*compute.Tensor // of gradients, by weights; nil where they change with each moment
	most         int                                 // examples
	loss         nets.Loss
	store        *nets.Store
	descent      *nets.Descent
}

// A rule is what differs between the systems of this package: what it remembers of each example, how that goes on, and how
// it makes gradients from q, the error of the state, learners × examples × units.
type rule interface {
	traces() []*compute.Tensor
	follow(now moment)
	learn(now moment, q *compute.Tensor)
}

// A moment is the pass of one, what the task shows, and the tape in the shapes of Network.Backward.
type moment struct {
	*nets.Pass
	shown nets.Moment
	n     int // examples of a learner
	tape  []*compute.Tensor
}

// all is the number of examples of all learners.
func (now moment) all() int { return now.Learners * now.n }

const atMoments, atTrials, random, transposed = "moment", "trial", "random", "transposed"

// check reports settings that cannot be, of a rule of that name with a network of the user's or its own.
func (l *Learning) check(name, when string, net Network, own *Leaky) error {
	err := own.Check()
	if net != nil {
		err = nil
		if c, ok := net.(nets.Checker); ok {
			err = c.Check()
		}
	}
	switch {
	case err != nil:
	case when != "" && when != atMoments && when != atTrials:
		err = fmt.Errorf("when %q, want %s or %s", when, atMoments, atTrials)
	case l.Feedback != "" && l.Feedback != random && l.Feedback != transposed:
		err = fmt.Errorf("feedback %q, want %s or %s", l.Feedback, random, transposed)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// build asks for the tensors of a network, of the user's or the rule's own, and of its readout.
func (l *Learning) build(s *nets.Store, spec nets.Spec, when, feedback string, net Network, own *Leaky) (err error) {
	loss := l.Loss
	if loss == nil {
		loss = nets.DefaultLoss(spec)
	}
	if l.loss, err = nets.BuildLoss(s, spec, loss); err != nil {
		return err
	}
	if l.net = net; net == nil {
		l.net = own
	}
	l.store, l.most, l.parts = s, spec.Examples, l.net.Build(s, spec)
	if len(l.parts.Weights) == 0 {
		return errors.New("recurrent: a network without weights")
	}
	for _, w := range l.parts.Weights {
		if !l.readoutAlone {
			l.weights = append(l.weights, w.W)
		}
	}
	if l.readout = l.parts.Readout; l.readout == nil {
		l.readout = s.Weights("out", normal(1, l.units()), spec.Out, l.units())
		l.weights = append(l.weights, l.readout)
	} else if l.readout.Rows() != spec.Out {
		return fmt.Errorf("recurrent: the network answers %s, and the task wants %d", count.Of(l.readout.Rows(), "number"), spec.Out)
	}
	if l.feedback = l.readout; feedback == random {
		l.feedback = s.Kept("feedback", normal(1, spec.Out), spec.Out, l.units())
	}
	if when == atTrials {
		if spec.Trial == 0 {
			return errors.New("recurrent: weights that change when a trial ends, and the task's trials have no end")
		}
		l.sums = map[*compute.Tensor]*compute.Tensor{}
		for _, w := range l.weights {
			l.sums[w] = s.State("sum."+s.Name(w), nets.Zeros, w.Rows(), w.Cols())
		}
	}
	o := l.Optimiser
	if o == nil {
		o = nets.SGD{}
	}
	l.descent = s.Descent(o, l.weights...)
	return nil
}

func normal(gain float32, fan int) nets.Init {
	return nets.Normal(float64(gain) / math.Sqrt(float64(fan)))
}

func (l *Learning) units() int { return l.parts.State.Cols() }

// trace asks for what is remembered of each example, rows × cols.
func (l *Learning) trace(name string, rows, cols int) *compute.Tensor {
	return l.store.State(name, nets.Zeros, l.most*rows, cols)
}

// traces asks for a trace like each of the weights.
func (l *Learning) tracesOf(prefix string) (all []*compute.Tensor) {
	for _, w := range l.parts.Weights {
		all = append(all, l.trace(prefix+l.store.Name(w.W), w.W.Rows(), w.W.Cols()))
	}
	return all
}

// isLocal reports a network that is not [Local].
func (l *Learning) isLocal(name string) error {
	_, ok := l.net.(Local)
	for _, w := range l.parts.Weights {
		ok = ok && w.W.Rows() == l.units()
	}
	if !ok {
		return fmt.Errorf("%s: the network %T is not local: want one whose weights have a row for each unit, see recurrent.Local", name, l.net)
	}
	return nil
}

// of returns the part of a trace of the examples of a moment, (learners·examples) × rows × cols.
func (l *Learning) of(now moment, trace *compute.Tensor) *compute.Tensor {
	return now.View(trace, 0, now.all(), trace.Rows()/l.most, trace.Cols())
}

var (
	same       = compute.Formula("x", "x")
	constantly = compute.Formula("c")
	squares    = compute.Formula("x*x", "x")
	product    = compute.Formula("x*y", "x", "y")
)

// step answers a moment and, if it is learned from, sets gradients.
func (l *Learning) step(p *nets.Pass, m nets.Moment, r rule) *compute.Tensor {
	now := moment{Pass: p, shown: m, n: m.Examples()}
	s := p.View(l.parts.State, 0, p.Learners, now.n, l.units())
	l.begin(now, s, r)
	next, tape := l.net.Forward(p, s, m.X)
	if p.Learning || p.Recorded {
		for _, t := range tape {
			now.tape = append(now.tape, p.View(p.All(t), 0, now.all(), 1, t.Cols()))
		}
		r.follow(now)
	}
	p.Do(compute.Copy{Dst: s, Src: next})
	y := p.Product(l.readout, s, compute.Identity)
	if m.Want == nil {
		return y
	}
	v := l.loss.Judge(p, m, y, p.Learning)
	p.CountOf(m, "loss", v.Loss)
	if !p.Learning {
		return y
	}
	q := p.Back(l.feedback, v.Delta)
	if v.After != nil {
		v.After()
	}
	r.learn(now, q)
	if l.parts.Readout == nil {
		l.outer(p, l.readout, v.Delta, s, 0)
	}
	return y
}

// begin clears what was of earlier trials.
func (l *Learning) begin(now moment, s *compute.Tensor, r rule) {
	if b, ok := l.net.(Beginner); ok {
		b.Begin(now.Pass, now.shown, s)
	} else {
		now.Pass.Begin(now.shown, s)
	}
	for _, t := range r.traces() {
		now.Pass.Begin(now.shown, l.of(now, t))
	}
	if now.Learning && now.shown.First && l.sums != nil {
		for _, w := range l.weights {
			now.Clear(l.sums[w])
		}
	}
}

// into returns where the gradient of weights goes, and what share of what is there stays.
func (l *Learning) into(w *compute.Tensor) (gradient *compute.Tensor, keep float32) {
	if sum := l.sums[w]; sum != nil {
		return sum, 1
	}
	return l.store.Grad(w), 0
}

// outer makes a gradient of weights, Σ d⊗z over the examples of each learner, where it is not the first of the moment beside
// what the others made.
func (l *Learning) outer(p *nets.Pass, w, d, z *compute.Tensor, others int) {
	g, keep := l.into(w)
	if others > 0 {
		keep = 1
	}
	p.Outer(g, d, z, keep, float32(z.Rows())) // which divides by the number of examples
}

// fold makes a gradient of weights, Σ_i a_i·p_i over all rows p_i of a trace, each as long as the weights, and numbers a.
func (l *Learning) fold(p *nets.Pass, w, a, trace *compute.Tensor) {
	g, keep := l.into(w)
	rows := a.Len() / p.Learners
	p.Do(compute.Gemm{C: p.View(g, 0, p.Learners, 1, g.Len()/p.Learners), A: p.View(a, 0, p.Learners, 1, rows),
		B: p.View(trace, 0, p.Learners, rows, g.Len()/p.Learners), Epilogue: compute.Epilogue{Alpha: 1, Beta: keep}})
}

// Divided reports nothing: each part has traces and sums of its own, and their gradients are added.
func (l *Learning) Divided() error { return nil }

// update changes the weights, if it is time to.
func (l *Learning) update(p *nets.Pass, m nets.Moment) {
	switch {
	case !p.Learning:
	case l.sums == nil && m.Want != nil:
		l.descent.Update(p)
	case l.sums != nil && m.Last:
		for _, w := range l.weights {
			p.Into(l.store.Grad(w), same, l.sums[w])
		}
		l.descent.Update(p)
	}
}
