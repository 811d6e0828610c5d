package cpu

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"hebb/compute"
)

// naive is the first rung of the ladder, kept for ever: each op as the loops of its formula, in
// float32, on one core. It shares nothing with the fast path but memory.
type naive struct{ *backend }

func openNaive() (compute.Backend, error) {
	b, err := Open()
	if err != nil {
		return nil, err
	}
	return naive{b.(*backend)}, nil
}

func (n naive) Run(op compute.Op) error {
	switch op := op.(type) {
	case compute.Gemm:
		naiveGemm(op)
	case compute.Hebbian:
		naiveHebbian(op)
	case compute.Gram:
		naiveGram(op)
	case compute.KernelSums:
		naiveKernelSums(op)
	case compute.KernelGrad:
		naiveKernelGrad(op)
	case compute.Inverse:
		naiveInverse(op)
	case compute.Conv:
		naiveConv(op)
	case compute.ConvInput:
		naiveConvInput(op)
	case compute.Map:
		naiveMap(op)
	case compute.Reduce:
		naiveReduce(op)
	case compute.Standardize:
		naiveStandardize(op)
	case compute.StandardizeGrad:
		naiveStandardizeGrad(op)
	case compute.Pool:
		naivePool(op)
	case compute.PoolGrad:
		naivePoolGrad(op)
	case compute.SoftmaxLoss:
		naiveSoftmaxLoss(op)
	case compute.Random:
		naiveRandom(op)
	case compute.Gather:
		gather(op)
	case compute.Copy:
		src := values(op.Src)
		for i := range src {
			values(op.Dst)[i] = src[i]
		}
	case compute.FMA:
		for i, v := range values(op.X) {
			for range op.Rounds {
				v = float32(op.A*v) + op.B
			}
			values(op.Out)[i] = v
		}
	default:
		return compute.ErrUnsupported
	}
	return nil
}

// at is element i, j of matrix z of t, or of the only one, transposed if so.
func at(t *compute.Tensor, z, i, j int, transposed bool) float32 {
	if t.Batch() == 1 {
		z = 0
	}
	if transposed {
		i, j = j, i
	}
	return values(t)[(z*t.Rows()+i)*t.Cols()+j]
}

func naiveGemm(g compute.Gemm) {
	batch, m, n, k := g.Dims()
	for e := range batch * m * n {
		z, i, j := e/(m*n), e/n%m, e%n
		var acc float32
		for p := range k {
			acc += float32(at(g.A, z, i, p, g.TransA) * at(g.B, z, p, j, g.TransB))
		}
		c := &values(g.C)[e]
		v := g.Alpha * acc
		if g.Beta != 0 {
			v += float32(g.Beta * *c)
		}
		if g.Bias != nil {
			v += values(g.Bias)[(z*n+j)%g.Bias.Len()]
		}
		v = naiveAct(g.Act, v)
		if g.Aux != nil {
			v *= slope(g.Grad, values(g.Aux)[e])
		}
		*c = v
	}
}

func exp64(x float32) float32 { return float32(math.Exp(float64(x))) }

func naiveAct(a compute.Act, v float32) float32 {
	switch a {
	case compute.ReLU:
		return max(v, 0)
	case compute.Tanh:
		return float32(math.Tanh(float64(v)))
	case compute.Sigmoid:
		return float32(1 / (1 + math.Exp(-float64(v))))
	case compute.LeakyReLU:
		return max(v, compute.LeakySlope*v)
	case compute.SELU:
		return max(v, 0)*compute.SELUScale + compute.SELULimit*float32(math.Expm1(min(float64(v), 0)))
	}
	return v
}

// slope is the derivative of an activation where it is a.
func slope(grad compute.Act, a float32) float32 {
	switch {
	case grad == compute.Tanh:
		return 1 - float32(a*a)
	case grad == compute.Sigmoid:
		return a * (1 - a)
	case grad == compute.SELU && a > 0:
		return compute.SELUScale
	case grad == compute.SELU:
		return a + compute.SELULimit
	case a > 0:
		return 1
	case grad == compute.LeakyReLU:
		return compute.LeakySlope
	}
	return 0
}

func naiveHebbian(h compute.Hebbian) {
	batch, units, inputs, n := h.Dims()
	rate := h.Rate / float32(n)
	x := func(z, b, j int) float32 { return at(h.X, z, b, j, false) }
	if g := h.Geometry(); h.OfImages() {
		x = func(_, b, j int) float32 {
			return pixelOf(h.X, g, b/g.Q/g.P, b/g.Q%g.P, b%g.Q, j/g.C/g.S, j/g.C%g.S, j%g.C)
		}
	}
	pair := func(t *compute.Tensor, z, b, u int) float32 { return values(t)[(z*n+b)*units+u] }
	for z := range batch {
		w := values(h.W)[z*units*inputs:][:units*inputs]
		old := append([]float32(nil), w...)
		for u := range units {
			coupling := make([]float32, units) // of unit u, with those that Mask keeps
			for v := range units {
				for b := range n {
					if h.Mask.Keeps(u, v) {
						coupling[v] += float32(pair(h.Y, z, b, u) * pair(h.G, z, b, v))
					}
				}
			}
			for j := range inputs {
				var sum float32
				for b := range n {
					sum += float32(pair(h.Y, z, b, u) * x(z, b, j))
				}
				for v, c := range coupling {
					sum -= float32(c * old[v*inputs+j])
				}
				now := rate * sum
				if h.Keeps() {
					now += float32((1 - h.Decay) * old[u*inputs+j])
				}
				if h.Bounded() {
					now = min(max(now, h.Lo), h.Hi)
				}
				w[u*inputs+j] = now
			}
		}
	}
}

func naiveGram(g compute.Gram) {
	widths, batch, n, m, d := g.Dims()
	k := values(g.K)
	for e := range k {
		w, z, i, j := e/(batch*n*m), e/(n*m)%batch, e/m%n, e%m
		var xy, xx, yy, dist float32
		for p := range d {
			x, y := at(g.X, z, i, p, false), at(g.Other(), z, j, p, false)
			xy += float32(x * y)
			xx += float32(x * x)
			yy += float32(y * y)
			dist += float32((x - y) * (x - y))
		}
		switch {
		case g.Kernel == compute.Gaussian:
			k[e] = exp64(-float32(g.Factor(w)) * dist)
		case g.Kernel == compute.Linear:
			k[e] = xy
		case g.Y == nil && i == j:
			k[e] = 1
		case xx == 0 || yy == 0:
			k[e] = 0
		default:
			k[e] = xy / float32(math.Sqrt(float64(xx))) / float32(math.Sqrt(float64(yy)))
		}
	}
	for p := range widths * batch {
		naiveCentre(g.Center, k[p*n*m:][:n*m], n, m)
	}
}

func naiveCentre(c compute.Center, k []float32, n, m int) {
	rows, cols, all := make([]float64, n), make([]float64, m), 0.0
	for e, v := range k {
		rows[e/m] += float64(v) / float64(m)
		cols[e%m] += float64(v) / float64(n)
		all += float64(v) / float64(n*m)
	}
	for e := range k {
		switch c {
		case compute.Double:
			k[e] = float32(float64(k[e]) - rows[e/m] - cols[e%m] + all)
		case compute.Grand:
			k[e] = float32(float64(k[e]) - all)
		}
	}
}

// TestTwins draws ops of random shapes and parameters, runs both rungs on the same operands and
// judges every element of both.
func TestTwins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		build := rapid.SampledFrom([]func(*rapid.T) builder{
			drawGemm, drawHebbian, drawGram, drawCopy, drawFMA, drawConv, drawPatches, drawPool, drawMap, drawReduce,
			drawStandardize, drawStandardizeGrad, drawSoftmax, drawRandom, drawKernelSums, drawKernelGrad, drawInverse,
		}).Draw(t, "op")(t)
		seed := rapid.Uint64().Draw(t, "seed")
		for _, open := range []func() (compute.Backend, error){Open, openNaive} {
			b, err := open()
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
