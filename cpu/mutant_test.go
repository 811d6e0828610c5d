package cpu

import (
	"errors"
	"math"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
)

// A mutant is the backend with one bug.
type mutant struct {
	*backend
	bug func(run func(compute.Op), op compute.Op)
}

func (m mutant) Run(op compute.Op) (err error) {
	m.bug(func(op compute.Op) { err = m.backend.Run(op) }, op)
	return err
}

// bugged makes a bug in one op of what happens around it.
func bugged[O compute.Op](f func(run func(compute.Op), op O)) func(func(compute.Op), compute.Op) {
	return func(run func(compute.Op), op compute.Op) { f(run, op.(O)) }
}

// misread makes a bug of an op that is taken for another.
func misread[O compute.Op](f func(op *O)) func(func(compute.Op), compute.Op) {
	return bugged(func(run func(compute.Op), op O) {
		f(&op)
		run(compute.Op(op))
	})
}

func last(t *compute.Tensor) *float32 { v := values(t); return &v[len(v)-1] }

// without runs f while the last value of t is 0: a sum that misses its last term.
func without(t *compute.Tensor, f func()) {
	p := last(t)
	v := *p
	*p = 0
	f()
	*p = v
}

// flip is x with its lowest bit wrong.
func flip(x *float32) { *x = math.Float32frombits(math.Float32bits(*x) ^ 1) }

// A planted bug is one in an op that the suite must see.
type planted struct {
	name string
	op   compute.Op
	bug  func(run func(compute.Op), op compute.Op)
}

// TestMutants plants bugs and wants the suite to see each of them.
func TestMutants(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range slices.Concat(imageBugs, columnBugs, similarityBugs, inverseBugs, []planted{
		{"NaN", compute.Gemm{}, bugged(func(run func(compute.Op), g compute.Gemm) { run(g); *last(g.C) = nan })},
		{"edge not stored", compute.Gemm{}, bugged(func(run func(compute.Op), g compute.Gemm) {
			old := *last(g.C)
			run(g)
			*last(g.C) = old
		})},
		{"last term dropped", compute.Gemm{}, bugged(func(run func(compute.Op), g compute.Gemm) { without(g.A, func() { run(g) }) })},
		{"input written", compute.Gemm{}, bugged(func(run func(compute.Op), g compute.Gemm) { run(g); flip(last(g.B)) })},
		{"half precision", compute.Gemm{}, bugged(func(run func(compute.Op), g compute.Gemm) {
			run(g)
			for i, v := range values(g.C) {
				values(g.C)[i] = math.Float32frombits(math.Float32bits(v) &^ (1<<13 - 1))
			}
		})},
		{"beta ignored", compute.Gemm{}, misread(func(g *compute.Gemm) { g.Beta = 0 })},
		{"alpha ignored", compute.Gemm{}, misread(func(g *compute.Gemm) { g.Alpha = 1 })},
		{"C read though beta is 0", compute.Gemm{}, bugged(func(run func(compute.Op), g compute.Gemm) {
			c := *last(g.C)
			run(g)
			*last(g.C) += g.Beta * c
		})},
		{"no bias", compute.Gemm{}, misread(func(g *compute.Gemm) { g.Bias = nil })},
		{"no activation", compute.Gemm{}, misread(func(g *compute.Gemm) { g.Act = compute.Identity })},
		{"no gradient", compute.Gemm{}, misread(func(g *compute.Gemm) { g.Grad, g.Aux = compute.Identity, nil })},
		{"ReLU for tanh", compute.Gemm{}, misread(func(g *compute.Gemm) {
			if g.Act == compute.Tanh {
				g.Act = compute.ReLU
			}
		})},
		{"no leak", compute.Gemm{}, misread(func(g *compute.Gemm) {
			if g.Act == compute.LeakyReLU {
				g.Act = compute.ReLU
			}
		})},
		{"no leak back", compute.Gemm{}, misread(func(g *compute.Gemm) {
			if g.Grad == compute.LeakyReLU {
				g.Grad = compute.ReLU
			}
		})},
		{"leak for SELU", compute.Gemm{}, misread(func(g *compute.Gemm) {
			if g.Act == compute.SELU {
				g.Act = compute.LeakyReLU
			}
		})},
		{"SELU′ as tanh′", compute.Gemm{}, misread(func(g *compute.Gemm) {
			if g.Grad == compute.SELU {
				g.Grad = compute.Tanh
			}
		})},
		{"two runs differ", compute.Gemm{}, func() func(func(compute.Op), compute.Op) {
			odd := false
			return bugged(func(run func(compute.Op), g compute.Gemm) {
				run(g)
				if odd = !odd; odd {
					flip(last(g.C))
				}
			})
		}()},

		{"decay ignored", compute.Hebbian{}, misread(func(h *compute.Hebbian) { h.Decay = 0 })},
		{"bounds ignored", compute.Hebbian{}, misread(func(h *compute.Hebbian) { h.Lo, h.Hi = 0, 0 })},
		{"not averaged", compute.Hebbian{}, misread(func(h *compute.Hebbian) { h.Rate *= float32(h.X.Rows()) })},
		{"full for lower", compute.Hebbian{}, misread(func(h *compute.Hebbian) {
			if h.Mask == compute.Lower {
				h.Mask = compute.Full
			}
		})},
		{"lower for full", compute.Hebbian{}, misread(func(h *compute.Hebbian) {
			if h.Mask == compute.Full {
				h.Mask = compute.Lower
			}
		})},
		{"diagonal for lower", compute.Hebbian{}, misread(func(h *compute.Hebbian) {
			if h.Mask == compute.Lower {
				h.Mask = compute.Diagonal
			}
		})},
		{"Y for G", compute.Hebbian{}, misread(func(h *compute.Hebbian) {
			if h.G != nil {
				h.G = h.Y
			}
		})},
		{"last pair dropped", compute.Hebbian{}, bugged(func(run func(compute.Op), h compute.Hebbian) { without(h.X, func() { run(h) }) })},
		{"new weights explain", compute.Hebbian{}, bugged(func(run func(compute.Op), h compute.Hebbian) {
			if h.Mask != compute.Full {
				run(h)
				return
			}
			plain := h
			plain.Mask, plain.G = compute.None, nil
			run(plain) // first YᵀX, then what the weights, no longer the old ones, explain
			h.Decay = 0
			x := append([]float32(nil), values(h.X)...)
			clear(values(h.X))
			run(h)
			copy(values(h.X), x)
		})},

		{"mirror image missing", compute.Gram{}, bugged(func(run func(compute.Op), g compute.Gram) {
			_, _, n, m, _ := g.Dims()
			old := values(g.K)[(n-1)*m]
			run(g)
			if g.Y == nil && n > 1 {
				values(g.K)[(n-1)*m] = old
			}
		})},
		{"diagonal nearly 1", compute.Gram{}, bugged(func(run func(compute.Op), g compute.Gram) {
			run(g)
			if g.Y == nil && g.Kernel != compute.Linear {
				flip(&values(g.K)[0])
			}
		})},
		{"first width for all", compute.Gram{}, misread(func(g *compute.Gram) {
			s := append([]float32(nil), g.Sigma...)
			for w := range s {
				s[w] = s[0]
			}
			g.Sigma = s
		})},
		{"width not scaled", compute.Gram{}, misread(func(g *compute.Gram) { g.PerDim = false })},
		{"centring forgotten", compute.Gram{}, misread(func(g *compute.Gram) { g.Center = compute.Raw })},
		{"grand for double", compute.Gram{}, misread(func(g *compute.Gram) {
			if g.Center == compute.Double {
				g.Center = compute.Grand
			}
		})},
		{"last component dropped", compute.Gram{}, bugged(func(run func(compute.Op), g compute.Gram) { without(g.X, func() { run(g) }) })},
		{"cosine not normalised", compute.Gram{}, misread(func(g *compute.Gram) {
			if g.Kernel == compute.Cosine {
				g.Kernel = compute.Linear
			}
		})},
		{"last member not computed", compute.Gram{}, bugged(func(run func(compute.Op), g compute.Gram) {
			old := *last(g.K)
			run(g)
			*last(g.K) = old
		})},

		{"end not copied", compute.Copy{}, bugged(func(run func(compute.Op), c compute.Copy) {
			old := *last(c.Dst)
			run(c)
			*last(c.Dst) = old
		})},
		{"one bit off", compute.Copy{}, bugged(func(run func(compute.Op), c compute.Copy) { run(c); flip(last(c.Dst)) })},
		{"one round short", compute.FMA{}, misread(func(f *compute.FMA) { f.Rounds-- })},
		{"A and B swapped", compute.FMA{}, misread(func(f *compute.FMA) { f.A, f.B = f.B, f.A })},
	}) {
		t.Run(c.name, func(t *testing.T) {
			_, err := computetest.Try(c.op, func() (compute.Backend, error) {
				b, err := Open()
				if err != nil {
					return nil, err
				}
				return mutant{b.(*backend), c.bug}, nil
			})
			if !errors.Is(err, compute.ErrWrong) {
				t.Errorf("%T with this bug passes: %v", c.op, err)
			}
			t.Log(err)
		})
	}
}
