package attract

import (
	"fmt"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/nets"
)

// Hopfield is an associative memory (Hopfield 1982, PNAS 79) of patterns x of N numbers ±1. A moment for which nothing is
// wanted stores its examples, and any other moment completes them:
//
//	W_ij ← W_ij + Σ x_i·x_j  for i ≠ j,   W_ii = 0;   the sum over examples
//	x_i ← the sign of Σ_j W_ij·x_j, or x_i where that is 0
//
// until a sweep over the units changes nothing, or Sweeps times. Without Async a sweep changes all units at once (Little
// 1974), and a state may end in a cycle of two instead of a rest. With Async units change one after the other, in a
// random order that is new in each sweep and the same for all examples of a learner. Then no change raises the energy
// −½·Σ_ij W_ij·x_i·x_j, and states come to rest.
//
// Hopfield's W is this one divided by N, which changes no sign. Without it all are whole numbers, and every backend comes
// to the same bits while Σ_j |W_ij| is below 2²⁴. About 0.138·N random patterns can be recalled (Amit, Gutfreund and
// Sompolinsky 1985); more can be stored, and disturb each other. The metric "load" is the number of patterns that a
// moment stores, divided by N. The rate of the run has no part in it.
//
// Cost: 2·N² flops for each example and sweep; with Async about 2·N·(3·N + 16²), by blocks of 16 units whose inputs from
// all others are one product.
type Hopfield struct {
	Sweeps int  `json:"sweeps" toml:"sweeps"` // the most
	Async  bool `json:"async" toml:"async"`

	w *compute.Tensor // N × N
}

// Check reports a setting that cannot be.
func (h *Hopfield) Check() error { return checkSweeps("hopfield", h.Sweeps) }

// Build asks for the weights.
func (h *Hopfield) Build(s *nets.Store, spec nets.Spec) error {
	n := spec.In.Len()
	if spec.Out != n || spec.Classes {
		wants := count.Of(spec.Out, "number")
		if spec.Classes {
			wants = "a class"
		}
		return fmt.Errorf("hopfield: the task shows %s and wants %s; want the same numbers completed", count.Of(n, "number"), wants)
	}
	if n < 2 {
		return fmt.Errorf("hopfield: patterns of %d number, want at least 2: no weight joins a unit with itself", n)
	}
	h.w = s.Weights("w", nets.Zeros, n, n)
	return nil
}

var (
	offDiagonal = compute.Formula("where(abs(i - j), old, 0)", "i", "j")
	spin        = compute.Formula("where(abs(u), sign(u), old)", "u")
	constant    = compute.Formula("c")
)

// Step stores or completes the examples of a moment.
func (h *Hopfield) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	x := p.All(m.X)
	if m.Want == nil {
		if p.Learning {
			h.store(p, p.Masked(x, m))
		}
		return x
	}
	sweep := h.allAtOnce
	if h.Async {
		sweep = h.oneByOne
	}
	return relax(p, x, h.Sweeps, true, sweep(p, x.Rows()))
}

// allAtOnce returns a sweep in which all units change at once.
func (h *Hopfield) allAtOnce(p *nets.Pass, examples int) func(x *compute.Tensor) {
	u := p.Tensor(p.Learners, examples, h.w.Rows())
	return func(x *compute.Tensor) {
		multiply(p, u, x, h.w, true, 1, 0)
		p.Into(x, spin, u)
	}
}

// store adds patterns to the weights.
func (h *Hopfield) store(p *nets.Pass, x *compute.Tensor) {
	n := x.Cols()
	p.Outer(h.w, x, x, 1, float32(x.Rows())) // which divides by the number of examples
	i := p.Numbers(n)
	p.Into(h.w, offDiagonal, p.View(i, 0, n, 1), i)
	load := p.Tensor(p.Learners, x.Rows(), 1)
	p.Into(load, constant.With("c", float32(x.Rows())/float32(n)))
	p.Count("load", load, x.Rows())
}

// blockUnits is the number of units of a block.
const blockUnits = 16

// oneByOne returns a sweep in which the units change one after the other.
func (h *Hopfield) oneByOne(p *nets.Pass, examples int) func(x *compute.Tensor) {
	n := h.w.Rows()
	blocks := map[int]*block{}
	for _, units := range []int{min(n, blockUnits), n % blockUnits} {
		if units > 0 && blocks[units] == nil {
			blocks[units] = newBlock(p, units, n, examples)
		}
	}
	o := newOrder(p, n)
	return func(x *compute.Tensor) {
		o.draw(p)
		for first := 0; first < n; first += blockUnits {
			b := blocks[min(blockUnits, n-first)]
			o.oneHot(p, b.which, first)
			b.change(p, h.w, x)
		}
	}
}

// A block is units that follow each other in an order.
type block struct {
	which, w             *compute.Tensor // one-hot, and weights from all units: learners × units of the block × units
	number               *compute.Tensor // of each unit
	among                *compute.Tensor // weights within the block
	x, was, outer, inner *compute.Tensor // states, and inputs from without and within: learners × examples × units of the block
}

func newBlock(p *nets.Pass, units, all, examples int) *block {
	wide := func() *compute.Tensor { return p.Tensor(p.Learners, units, all) }
	states := func() *compute.Tensor { return p.Tensor(p.Learners, examples, units) }
	return &block{wide(), wide(), p.Tensor(p.Learners, units, 1), p.Tensor(p.Learners, units, units), states(), states(), states(), states()}
}

var (
	inTurn = compute.Formula("where(abs(j - k), old, where(abs(a + b), sign(a + b), old))", "j", "a", "b")
	change = compute.Formula("x - old", "x")
)

// change changes the units of a block one after the other, within the states x of all units. What comes from without the
// block is computed once: Σ over all units less Σ within the block.
func (b *block) change(p *nets.Pass, w, x *compute.Tensor) {
	units := b.x.Cols()
	p.Do(compute.Reduce{Out: b.number, In: []*compute.Tensor{b.which, p.Numbers(x.Cols())}, F: chosen, Along: compute.AlongCols, Alpha: 1})
	p.Do(compute.Gather{Out: b.w, X: w, Rows: b.number})
	multiply(p, b.among, b.w, b.which, true, 1, 0)
	multiply(p, b.x, x, b.which, true, 1, 0)
	multiply(p, b.outer, x, b.w, true, 1, 0)
	multiply(p, b.outer, b.x, b.among, true, -1, 1)
	p.Into(b.was, copied, b.x)
	for k := range units {
		multiply(p, b.inner, b.x, b.among, true, 1, 0)
		p.Into(b.x, inTurn.With("k", float32(k)), p.Numbers(units), b.outer, b.inner)
	}
	p.Into(b.was, change, b.x)
	multiply(p, x, b.was, b.which, false, 1, 1)
}
