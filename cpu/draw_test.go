package cpu

import (
	"errors"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"hebb/compute"
)

// TestRandomOps checks every element of ops of random shapes and parameters.
func TestRandomOps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		build := rapid.SampledFrom([]func(*rapid.T) builder{
			drawGemm, drawHebbian, drawGram, drawCopy, drawFMA, drawConv, drawPatches, drawPool, drawMap, drawReduce,
			drawStandardize, drawStandardizeGrad, drawSoftmax, drawRandom, drawKernelSums, drawKernelGrad, drawInverse,
		}).Draw(t, "op")(t)
		seed := rapid.Uint64().Draw(t, "seed")
		b, err := Open()
		if err != nil {
			t.Fatal(err)
		}
		d := compute.New(compute.Verify(b, 0))
		err = d.Step(func(s *compute.Step) error {
			s.Do(build(operands{s, rand.New(rand.NewPCG(seed, 1))}))
			return nil
		})
		if err := errors.Join(err, d.Close()); err != nil {
			t.Fatal(err)
		}
	})
}

type builder func(operands) compute.Op

// operands makes tensors of reals, some of them zero.
type operands struct {
	s *compute.Step
	r *rand.Rand
}

func (o operands) in(shape ...int) *compute.Tensor {
	t := o.s.Tensor(shape...)
	x := make([]float32, t.Len())
	for i := range x {
		if o.r.IntN(8) != 0 {
			x[i] = float32(o.r.NormFloat64())
		}
	}
	o.s.Write(t, x)
	return t
}

func draw(t *rapid.T, name string, most int) int { return rapid.IntRange(1, most).Draw(t, name) }

func drawGemm(t *rapid.T) builder {
	z, m, n, k := draw(t, "batch", 3), draw(t, "m", 70), draw(t, "n", 70), draw(t, "k", 70)
	za, zb := z, z
	if rapid.Bool().Draw(t, "one A") {
		za = 1
	}
	if rapid.Bool().Draw(t, "one B") {
		zb = 1
	}
	g := compute.Gemm{TransA: rapid.Bool().Draw(t, "TransA"), TransB: rapid.Bool().Draw(t, "TransB")}
	g.Alpha, g.Beta = 0.5, float32(rapid.IntRange(0, 2).Draw(t, "Beta"))/2
	g.Act = rapid.SampledFrom(compute.Acts).Draw(t, "Act")
	g.Grad = rapid.SampledFrom(compute.Acts).Draw(t, "Grad")
	bias := rapid.IntRange(0, 2).Draw(t, "Bias")
	return func(o operands) compute.Op {
		g := g
		g.C, g.A, g.B = o.in(z, m, n), o.in(za, m, k), o.in(zb, k, n)
		if g.TransA {
			g.A = o.s.View(g.A, 0, za, k, m)
		}
		if g.TransB {
			g.B = o.s.View(g.B, 0, zb, n, k)
		}
		switch bias {
		case 1:
			g.Bias = o.in(n)
		case 2:
			g.Bias = o.in(z, n)
		}
		if g.Grad != compute.Identity {
			g.Aux = o.in(z, m, n)
		}
		return g
	}
}

func drawHebbian(t *rapid.T) builder {
	z, units, inputs, n := draw(t, "batch", 3), draw(t, "units", 40), draw(t, "inputs", 40), draw(t, "n", 40)
	h := compute.Hebbian{Mask: compute.Mask(rapid.IntRange(0, 3).Draw(t, "Mask")), Rate: 0.5, Decay: 0.125}
	if rapid.Bool().Draw(t, "bounds") {
		h.Lo, h.Hi = -0.5, 0.75
	}
	own, zx := rapid.Bool().Draw(t, "G apart"), z
	if rapid.Bool().Draw(t, "one X") {
		zx = 1
	}
	return func(o operands) compute.Op {
		h := h
		h.W, h.Y, h.X = o.in(z, units, inputs), o.in(z, n, units), o.in(zx, n, inputs)
		if h.Mask != compute.None {
			if h.G = h.Y; own {
				h.G = o.in(z, n, units)
			}
		}
		return h
	}
}

func drawGram(t *rapid.T) builder {
	z, n, m, d := draw(t, "batch", 3), draw(t, "n", 50), draw(t, "m", 50), draw(t, "d", 50)
	g := compute.Gram{Kernel: compute.Kernel(rapid.IntRange(0, 2).Draw(t, "Kernel"))}
	g.Center = compute.Center(rapid.IntRange(0, 2).Draw(t, "Center"))
	itself := rapid.Bool().Draw(t, "itself")
	if itself {
		m = n
	}
	if g.Kernel == compute.Gaussian {
		g.Sigma = []float32{3, 0.5, 1}[:draw(t, "widths", 3)]
		g.PerDim = rapid.Bool().Draw(t, "PerDim")
	}
	return func(o operands) compute.Op {
		g := g
		g.X, g.K = o.in(z, n, d), o.s.Tensor(max(1, len(g.Sigma)), z, n, m)
		if !itself {
			g.Y = o.in(z, m, d)
		}
		return g
	}
}

func drawCopy(t *rapid.T) builder {
	n := draw(t, "n", 1<<10)
	return func(o operands) compute.Op { return compute.Copy{Dst: o.s.Tensor(n), Src: o.in(n)} }
}

func drawFMA(t *rapid.T) builder {
	n, rounds := draw(t, "n", 1<<10), draw(t, "rounds", 20)
	return func(o operands) compute.Op {
		return compute.FMA{Out: o.s.Tensor(n), X: o.in(n), A: -0.75, B: 0.5, Rounds: rounds}
	}
}
