// Package attract has networks whose memories are the states that they come to rest in.
//
// They change their units until a sweep changes nothing, or for so many sweeps. The metric "at rest" is the share of the
// examples that the last sweep left alone.
package attract

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// Systems are the systems of this package that text can name.
var Systems = []nets.NamedSystem{
	{Name: "hopfield", About: "associative memory (Hopfield 1982)", NoRate: true, System: func() nets.System { return &Hopfield{Sweeps: 10} }},
	{Name: "logic", About: "logic programs in a network of higher order (Wan Abdullah 1992)", NoRate: true, System: func() nets.System {
		return &Logic{Sweeps: 50, Ties: "random"}
	}},
}

// mostSweeps is the largest number of sweeps. A moment has 2¹⁶ draws of random numbers, and a sweep takes two at most.
const mostSweeps = 10_000

func checkSweeps(who string, n int) error {
	if n < 1 || n > mostSweeps {
		return fmt.Errorf("%s: %d sweeps, want from 1 to %d", who, n, mostSweeps)
	}
	return nil
}

var (
	copied = compute.Formula("x", "x")
	moved  = compute.Formula("abs(x - was)", "x", "was")
	still  = compute.Formula("where(x, 0, 1)", "x")
	chosen = compute.Formula("x*e", "x", "e")
)

// relax sweeps over a copy of the states x, learners × examples × units, for the given number of sweeps, or until one
// changes nothing if a state at rest stays at rest. A sweep changes its argument.
func relax(p *nets.Pass, x *compute.Tensor, sweeps int, rests bool, sweep func(x *compute.Tensor)) *compute.Tensor {
	was, changed, sum := p.Like(x), p.Tensor(p.Learners*x.Rows(), 1), p.Tensor(1)
	x = p.Map(copied, x)
	rows := func(t *compute.Tensor) *compute.Tensor { return p.View(t, 0, changed.Len(), x.Cols()) }
	pair := []*compute.Tensor{rows(x), rows(was)}
	for range sweeps {
		p.Into(was, copied, x)
		sweep(x)
		p.Do(compute.Reduce{Out: changed, In: pair, F: moved, Along: compute.AlongCols, Alpha: 1})
		if !rests {
			continue
		}
		p.Do(compute.Reduce{Out: sum, In: []*compute.Tensor{changed}, Along: compute.AlongAll, Alpha: 1})
		var all [1]float32
		if p.Read(sum, all[:]); all[0] == 0 {
			break
		}
	}
	p.Count("at rest", p.Map(still, changed), x.Rows())
	return x
}

// An order is a random order of the units of each learner.
type order struct {
	key, sooner *compute.Tensor
	rank        *compute.Tensor // of each unit, from 0: learners × 1 × units
	units       int
}

func newOrder(p *nets.Pass, units int) *order {
	return &order{p.Tensor(p.Learners, units), p.Tensor(p.Learners, units, units), p.Tensor(p.Learners, 1, units), units}
}

var (
	sooner = compute.Formula("where(b - a, 1, where(a - b, 0, where(j - i, 1, 0)))", "a", "b", "i", "j") // i breaks a tie
	placed = compute.Formula("where(abs(rank - k - first), 0, 1)", "rank", "k")
)

// draw orders the units anew: by random numbers, and units with equal ones by their own numbers.
func (o *order) draw(p *nets.Pass) {
	p.Random(o.key, compute.Uniform(0, 1))
	column := func(t *compute.Tensor) *compute.Tensor { return p.View(t, 0, t.Len()/o.units, o.units, 1) }
	numbers := p.Numbers(o.units)
	p.Into(o.sooner, sooner, column(o.key), p.View(o.key, 0, p.Learners, 1, o.units), column(numbers), numbers)
	p.PerColumn(o.rank, nil, 1, o.sooner)
}

// oneHot sets e, learners × count × units, to one-hot rows of the units that come first in the order, first+1, …
func (o *order) oneHot(p *nets.Pass, e *compute.Tensor, first int) {
	p.Into(e, placed.With("first", float32(first)), o.rank, p.View(p.Numbers(e.Rows()), 0, e.Rows(), 1))
}

// multiply sets c to alpha·a·b + beta·c, or with bᵀ.
func multiply(p *nets.Pass, c, a, b *compute.Tensor, transB bool, alpha, beta float32) {
	p.Do(compute.Gemm{C: c, A: a, B: b, TransB: transB, Epilogue: compute.Epilogue{Alpha: alpha, Beta: beta}})
}
