// Package grow has networks that add units as they learn.
package grow

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"hebb/compute"
	"hebb/nets"
)

// Cascade is cascade-correlation (Fahlman and Lebiere 1990, NIPS 2) with quickprop. A network begins with outputs
// alone. When these no longer get better, candidates for a hidden unit learn to correlate with the remaining error. The
// best one becomes a unit with fixed input weights, and the outputs learn again. Each unit sees a 1, all inputs and all
// units before it. With a these numbers for an example, σ the sigmoid, n examples, and y* the wanted outputs:
//
//	y = σ(W·a) + Low,   E = y − y*,   slope f′ = σ·(1 − σ)
//	outputs:    g = Σ E·(f′ + 0.1)⊗a + 10⁻⁴·W,   rate η/n; until no |E| is 0.4 or more
//	candidates: v = σ(C·a) − ½,   e = E·(f′ + 0.1) less its mean,   Z = Σ e² over examples and outputs
//	            cor_o = Σ v·e_o/Z,   S = Σ_o |cor_o|
//	            g = −Σ sign(cor_o)·e_o·f′⊗a/Z,   rate CandidateRate/(n·inputs of the candidate)
//	the best:   its v becomes the next of a, with −cor as its first weights to the outputs
//
// η is the rate of the run. Both kinds of weights follow g by [nets.Quickprop]. ∂S/∂C is exact: as Σ e is 0, changes of
// v's mean make no difference. A phase ends after Epochs epochs, or Patience epochs after Σ E² or the largest S has
// last moved by more than 1 % or 3 % of itself. First weights are uniform within ±1.
//
// A learner ends when its network has learned all examples, when it has Units units and its outputs get no better, or
// when no candidate correlates with the error (by more than 10⁻⁶). With CandidateRate 0 units are random: the control.
//
// The task must show the same examples at every moment, which is an epoch, and want numbers from Low to Low + 1, or
// classes. Activities of units are kept, since they do not change. Learners grow at different times. The device decides
// what each does in a moment, so that no moment waits; weights that a learner's phase does not train get slopes of 0, and
// candidates are 0 outside their phase. The cost of a moment, for each learner, in flops: 4·n·(1 + inputs + units so far)
// for each output and, in their phase, for each candidate, on the CPU; on a GPU, for all of them and the most units.
//
// Metrics: "units", "epochs" and "correlation", the largest S of the last candidates, of each learner as they are now.
type Cascade struct {
	Units         int     `json:"units" toml:"units"` // the most hidden units
	Candidates    int     `json:"candidates" toml:"candidates"`
	CandidateRate float32 `json:"candidate_rate" toml:"candidate_rate"`
	Mu            float32 `json:"mu" toml:"mu"` // of quickprop
	Patience      int     `json:"patience" toml:"patience"`
	Epochs        int     `json:"epochs" toml:"epochs"` // the most of a phase
	Low           float32 `json:"low" toml:"low"`       // of the outputs, which lie between Low and Low + 1

	inputs  int // 1 and the task's inputs
	classes int // 0 where numbers are wanted

	hidden, out, candidates *compute.Tensor // Units, outputs and Candidates × all that a unit can see
	seen                    *compute.Tensor // what the units see × examples: 1, inputs, activities
	draw                    *compute.Tensor // the first weights of the next candidates
	spread                  *compute.Tensor // puts inputs after the 1
	descent                 *nets.Descent
	gradOut, gradCandidates *compute.Tensor
	learner
}

// A learner holds the state of each learner, 1 × 1 each.
type learner struct {
	phase              *compute.Tensor // 0: outputs learn; 1: candidates learn
	since, still, mark *compute.Tensor // epochs of the phase; epochs since the goal was at mark, and that goal
	correlation        *compute.Tensor // the largest S of the last candidates
	units, epochs, end *compute.Tensor // end is 0, or units and one of the fractions below
}

// allRows is more rows than a matrix has, see [compute.Gemm].
const allRows = 1 << 24

// Fractions in learner.end.
const learned, full, uncorrelated = 0.25, 0.5, 0.75

// Learned reports whether a network has learned all examples, from a learner's tensor "end".
func Learned(end float32) bool { return end-float32(math.Floor(float64(end))) == learned }

// Systems lists the systems of this package that text can name.
var Systems = []nets.NamedSystem{
	{Name: "cascade", About: "cascade-correlation with quickprop, a network that grows (Fahlman and Lebiere 1990)", System: func() nets.System {
		return &Cascade{Units: 40, Candidates: 8, CandidateRate: 100, Mu: 2, Patience: 8, Epochs: 200, Low: -0.5}
	}, Rate: 0.35},
}

// Check reports an invalid setting.
func (c *Cascade) Check() error {
	if c.Units < 1 || c.Candidates < 1 || c.Patience < 1 || c.Epochs < 1 {
		return fmt.Errorf("cascade: %d units, %d candidates, a patience of %d and %d epochs, want at least 1 of each", c.Units, c.Candidates, c.Patience, c.Epochs)
	}
	if !(c.CandidateRate >= 0 && c.CandidateRate < math.MaxFloat32) {
		return fmt.Errorf("cascade: a candidate rate of %g, want at least 0", c.CandidateRate)
	}
	if !(c.Low > -1 && c.Low <= 0) {
		return fmt.Errorf("cascade: low %g, want a number above -1 and at most 0", c.Low)
	}
	if err := (nets.Quickprop{Mu: c.Mu}).Check(); err != nil {
		return fmt.Errorf("cascade: %w", err)
	}
	return nil
}

// Build asks for a network with the most units, and for the learners' state.
func (c *Cascade) Build(s *nets.Store, spec nets.Spec) error {
	if !spec.Same {
		return errors.New("cascade: the task shows other examples from moment to moment, want the same at each, whose slopes can be compared: spirals, parity or xor")
	}
	if spec.Out < 1 {
		return errors.New("cascade: the task wants no numbers, want at least 1")
	}
	if spec.Classes {
		c.classes = spec.Out
	}
	in := spec.In.Len()
	c.inputs = 1 + in
	width := c.inputs + c.Units
	c.hidden = s.Weights("hidden", nets.Zeros, c.Units, width)
	c.out = s.Weights("out", nets.Filled(func(r *rand.Rand, x []float32) {
		for i := range x {
			if i%width < c.inputs {
				x[i] = 2*r.Float32() - 1
			}
		}
	}), spec.Out, width)
	c.candidates = s.Weights("candidates", nets.Zeros, c.Candidates, width)
	c.seen = s.Kept("seen", nets.Zeros, width, spec.Examples)
	one := func(name string) *compute.Tensor {
		t := s.Kept(name, nets.Zeros, 1)
		s.Aside(t)
		return t
	}
	c.learner = learner{one("phase"), one("since"), one("still"), one("mark"), one("correlation"), one("units"), one("epochs"), one("end")}
	c.draw = s.Kept("draw", nets.Zeros, c.Candidates, width)
	s.Aside(c.candidates, c.seen, c.draw)
	spread := make([]float32, width*in)
	for i := range in {
		spread[(1+i)*in+i] = 1
	}
	c.spread = s.Fixed(spread, width, in)
	c.descent = s.Descent(nets.Quickprop{Mu: c.Mu}, c.out, c.candidates)
	c.gradOut, c.gradCandidates = s.Grad(c.out), s.Grad(c.candidates)
	return nil
}

// Explain describes how a learner has ended.
func (c *Cascade) Explain(_ string, code float32) error {
	units := math.Floor(float64(code))
	switch float64(code) - units {
	case learned:
		return fmt.Errorf("%w: all examples are learned, with %g hidden units", nets.ErrFinished, units)
	case full:
		return fmt.Errorf("%w: the network has grown to its limit of %g units, and some examples are 0.4 or more from what is wanted; "+
			"want more units, or numbers from low to low + 1, here %g to %g", nets.ErrFinished, units, c.Low, c.Low+1)
	case uncorrelated:
		return fmt.Errorf("%w: with %g hidden units, none of %d candidates correlates with the error that is left; "+
			"inputs may be so large that all units saturate, want about ±10", nets.ErrFinished, units, c.Candidates)
	}
	return fmt.Errorf("%w: the error is not finite", nets.ErrDiverged)
}

// Step answers a moment and learns from it for one epoch.
func (c *Cascade) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	if !p.Learning {
		return c.answer(p, c.outputs(p, c.grown(p, m.X), nil))
	}
	if m.Mask != nil || m.Want == nil {
		p.Fail(errors.New("cascade: a moment without targets or with a mask, want targets of all examples"))
		return nil
	}
	e := &epoch{Cascade: c, Pass: p, n: m.Examples()}
	e.a = p.View(c.seen, 0, p.Learners, c.width(), e.n)
	if p.Number == 0 {
		c.see(p, e.a, m.X)
	}
	e.judge(m)
	e.correlate()
	e.decide()
	e.learn()
	e.install()
	e.drawCandidates()
	e.next()
	return c.answer(p, e.y)
}

func (c *Cascade) width() int { return c.hidden.Cols() }

var (
	above      = compute.Formula("y + low", "y")
	belowFirst = compute.Formula("where(i - 0.5, old, 1)", "i")
	unit       = compute.Formula("where(0.5 - abs(i - at), 1, 0)", "i")
	after      = compute.Formula("where(units - k - 0.5, all, 0)", "units").With("all", allRows)
	activity   = compute.Formula("v - 0.5", "v")
	diagonal   = compute.Formula("where(0.5 - abs(i - j), 1, 0)", "i", "j")
)

// see sets what the units see: a 1, the inputs, and 0 for all units.
func (c *Cascade) see(p *nets.Pass, a, x *compute.Tensor) {
	p.Do(compute.Gemm{C: a, A: c.spread, B: x, TransB: true, Epilogue: compute.Epilogue{Alpha: 1}})
	p.Into(a, belowFirst, p.View(p.Numbers(c.width()), 0, c.width(), 1))
}

// grown returns what the outputs see for examples, computed unit after unit.
func (c *Cascade) grown(p *nets.Pass, x *compute.Tensor) *compute.Tensor {
	a := p.Tensor(p.Learners, c.width(), x.Rows())
	c.see(p, a, x)
	for k := range c.Units {
		w, at, number := p.Tensor(p.Learners, 1, c.width()), p.Tensor(1, c.width(), 1), p.Tensor(1, 1, 1)
		p.Into(number, constantly.With("c", float32(k)))
		p.Do(compute.Gather{Out: w, X: c.hidden, Rows: number})
		p.Into(at, unit.With("at", float32(c.inputs+k)), p.View(p.Numbers(c.width()), 0, c.width(), 1))
		grown := p.Map(after.With("k", float32(k)), c.units)
		v := p.Tensor(p.Learners, 1, x.Rows())
		p.Do(compute.Gemm{C: v, A: w, B: a, Used: grown, Epilogue: compute.Epilogue{Alpha: 1, Act: compute.Sigmoid}}) // w is 0 unless grown
		p.Do(compute.Gemm{C: a, A: at, B: p.Map(activity, v), Used: grown, Epilogue: compute.Epilogue{Alpha: 1, Beta: 1}})
	}
	return a
}

var constantly = compute.Formula("c")

// outputs returns σ(W·a), outputs × examples, of as many rows of a as are used; nil: all.
func (c *Cascade) outputs(p *nets.Pass, a, used *compute.Tensor) *compute.Tensor {
	y := p.Tensor(p.Learners, c.out.Rows(), a.Cols())
	p.Do(compute.Gemm{C: y, A: c.out, B: a, Used: used, Epilogue: compute.Epilogue{Alpha: 1, Act: compute.Sigmoid}})
	return y
}

// answer returns outputs as examples × outputs.
func (c *Cascade) answer(p *nets.Pass, y *compute.Tensor) *compute.Tensor {
	return transposed(p, p.Map(above.With("low", c.Low), y))
}

// transposed returns tᵀ. A single row and a single column lie alike in memory, so they keep the same numbers.
func transposed(p *nets.Pass, t *compute.Tensor) *compute.Tensor {
	if t.Rows() == 1 || t.Cols() == 1 {
		return p.View(t, 0, t.Batch(), t.Cols(), t.Rows())
	}
	n := p.Numbers(t.Rows())
	one, out := p.Tensor(1, t.Rows(), t.Rows()), p.Tensor(t.Batch(), t.Cols(), t.Rows())
	p.Into(one, diagonal, p.View(n, 0, t.Rows(), 1), n)
	p.Do(compute.Gemm{C: out, A: t, B: one, TransA: true, Epilogue: compute.Epilogue{Alpha: 1}})
	return out
}
