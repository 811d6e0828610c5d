package attract

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/nets"
)

// Logic runs logic programs as a Hopfield network of higher order (Wan Abdullah 1992; Sathasivam and Wan Abdullah 2008).
// Units are atoms, x_i = ±1 for true and false. A clause c is a row of N numbers L_ci: 1 for the atom at its head, −1 for
// each atom of its body, 0 for all others, so that A ← B, C is (1, −1, −1). Its literal i is true where L_ci·x_i = 1,
// and the energy is the number of clauses without a true literal:
//
//	E(x) = Σ_c Π_i∈c ½·(1 − L_ci·x_i)
//	h_i = −∂E/∂x_i = ½·Σ_c L_ci·[all other literals of c are false] = ½·(E with x_i = −1 − E with x_i = 1)
//	x_i ← the sign of h_i;  where that is 0, by Ties: keep is x_i, plus is 1, random is ±1 with equal chances
//
// Multiplied out, E is −⅓·Σ J_ijk·x_i·x_j·x_k − ½·Σ J_ij·x_i·x_j − Σ J_i·x_i and a constant, over all ordered pairs and
// triples. A ← B, C has J_ABC = 1/16, J_AB = J_AC = −J_BC = 1/8 and J_A = −J_B = −J_C = 1/8, A ← B has
// J_AB = J_A = −J_B = ¼, and A ← has J_A = ½. They are the same as those that Hebb's rule learns from events that the
// clause governs, up to a factor. Here they are never written down: a clause keeps its number of true literals, so that
// a clause of any length costs what one of two atoms does, and a denial ← A, B is one with no head.
//
// A moment for which nothing is wanted shows a program, a clause an example, in place of the one before. Any other
// moment shows states, which are swept until a sweep changes nothing, or Sweeps times; with random ties always so often.
// Units change one after the other, in a random order that is new in each sweep and the same for all examples of a
// learner. No change raises E. All are whole numbers, of the same bits on every backend.
//
// With keep, states are caught where many ties are, far from E = 0. With plus they drift to the state that makes all
// atoms true, which is a model of each program without denials. The rate of the run has no part in it. Cost: about
// 10·N·(clauses + N) flops for each example and sweep, in 8·N ops.
type Logic struct {
	Sweeps int    `json:"sweeps" toml:"sweeps"` // the most
	Ties   string `json:"ties" toml:"ties"`

	clauses *compute.Tensor // room × N, with rows of 0 after the last clause
}

var ties = []string{"keep", "plus", "random"}

// Check reports a setting that cannot be.
func (g *Logic) Check() error {
	if !slices.Contains(ties, g.Ties) {
		return fmt.Errorf("logic: ties %q, want one of %s", g.Ties, strings.Join(ties, ", "))
	}
	return checkSweeps("logic", g.Sweeps)
}

// Build asks for the program.
func (g *Logic) Build(s *nets.Store, spec nets.Spec) error {
	n := spec.In.Len()
	if spec.Out != n || spec.Classes {
		wants := count.Of(spec.Out, "number")
		if spec.Classes {
			wants = "a class"
		}
		return fmt.Errorf("logic: the task shows %s and wants %s; want a truth for each atom", count.Of(n, "number"), wants)
	}
	g.clauses = s.Weights("clauses", nets.Zeros, spec.Examples, n)
	return nil
}

// Step stores a program or seeks a model of it.
func (g *Logic) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	if m.Want == nil {
		if p.Learning {
			p.Do(compute.Gather{Out: g.clauses, X: p.Masked(m.X, m), Rows: p.Numbers(g.clauses.Rows())}) // and rows of 0
		}
		return m.X
	}
	stored := g.stored(p)
	if stored == 0 { // as in an evaluation before any training
		if p.Learning {
			p.Fail(errors.New("logic: states are shown before any program, want clauses first, for which nothing is wanted"))
		}
		return m.X
	}
	return relax(p, p.All(m.X), g.Sweeps, g.Ties != "random", g.sweep(p, m.Examples(), stored))
}

// stored returns how many clauses the longest program of a learner has.
func (g *Logic) stored(p *nets.Pass) int {
	room := g.clauses.Rows()
	if p.Device().Staged() { // where nothing can be read
		return room
	}
	length, last := p.View(p.PerExample(size, g.clauses), 0, p.Learners, room), p.Tensor(1)
	p.Do(compute.Reduce{Out: last, In: []*compute.Tensor{length, p.Numbers(room)}, F: number, Fold: compute.FoldMax, Along: compute.AlongAll, Alpha: 1})
	var n [1]float32
	p.Read(last, n[:])
	return int(n[0])
}

// A search is what a sweep of Logic computes with. A clause's balance is twice its number of true literals.
type search struct {
	*order
	literals, length *compute.Tensor // learners × clauses × N, and the literals of each clause: learners × 1 × clauses
	balance          *compute.Tensor // learners × examples × clauses
	which, in        *compute.Tensor // a unit, one-hot, and its literals in all clauses: learners × 1 × N and × clauses
	x, field, next   *compute.Tensor // its states: learners × examples × 1
	chance, coin     *compute.Tensor // for ties: learners × examples × N and × 1
}

func (g *Logic) search(p *nets.Pass, examples, c int) *search {
	n := g.clauses.Cols()
	states := func() *compute.Tensor { return p.Tensor(p.Learners, examples, 1) }
	s := &search{
		order: newOrder(p, n), literals: p.Tensor(p.Learners, c, n), balance: p.Tensor(p.Learners, examples, c),
		which: p.Tensor(p.Learners, 1, n), in: p.Tensor(p.Learners, 1, c), x: states(), field: states(), next: states(),
	}
	p.Do(compute.Gather{Out: s.literals, X: g.clauses, Rows: p.Numbers(c)})
	s.length = p.View(p.PerExample(size, s.literals), 0, p.Learners, 1, c)
	if g.Ties == "random" {
		s.chance, s.coin = p.Tensor(p.Learners, examples, n), states()
	}
	return s
}

var (
	number  = compute.Formula("where(length, i + 1, 0)", "length", "i") // from 1; 0 without a clause
	size    = compute.Formula("abs(x)", "x")
	decides = compute.Formula("where(abs(balance - l*x - 1), 0, l)", "balance", "l", "x") // all other literals are false
	set     = compute.Formula("where(e, x, old)", "e", "x")
	after   = compute.Formula("old + l*(next - x)", "l", "next", "x")
	tie     = map[string]*compute.Func{
		"keep":   compute.Formula("where(abs(h), sign(h), x)", "h", "x"),
		"plus":   compute.Formula("where(abs(h), sign(h), 1)", "h", "x"),
		"random": compute.Formula("where(abs(h), sign(h), 2*coin - 1)", "h", "x", "coin"),
	}
)

// sweep returns a sweep over all units, one after the other.
func (g *Logic) sweep(p *nets.Pass, examples, stored int) func(x *compute.Tensor) {
	s := g.search(p, examples, stored)
	pick := func(out, of *compute.Tensor) {
		p.Do(compute.Reduce{Out: out, In: []*compute.Tensor{of, s.which}, F: chosen, Along: compute.AlongCols, Alpha: 1})
	}
	return func(x *compute.Tensor) {
		s.draw(p)
		p.Do(compute.Gemm{C: s.balance, A: x, B: s.literals, TransB: true, Epilogue: compute.Epilogue{Alpha: 1, Bias: s.length}})
		if s.chance != nil {
			p.Random(s.chance, compute.Bernoulli(0.5, 1))
		}
		for k := range s.units {
			s.oneHot(p, s.which, k)
			multiply(p, s.in, s.which, s.literals, true, 1, 0)
			pick(s.x, x)
			p.Do(compute.Reduce{Out: s.field, In: []*compute.Tensor{s.balance, s.in, s.x}, F: decides, Along: compute.AlongCols, Alpha: 1})
			if s.chance == nil {
				p.Into(s.next, tie[g.Ties], s.field, s.x)
			} else {
				pick(s.coin, s.chance)
				p.Into(s.next, tie[g.Ties], s.field, s.x, s.coin)
			}
			p.Into(x, set, s.which, s.next)
			p.Into(s.balance, after, s.in, s.next, s.x)
		}
	}
}
