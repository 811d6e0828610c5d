package compute_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"hebb/compute"
)

// naive is the shortest backend there is: the formulas of the ops, one float32 operation after the
// other, written independently of the definitions. The tests of this package run on it.
type naive struct {
	unit                                            // how it rounds
	halving                                         // and, where it may, to half precision
	always  bool                                    // where it may not, too
	chunk   int                                     // of rows, whose variances it merges
	tiles   *transforms                             // by which it convolves, where there is leeway for it
	slip    func(g compute.Patches) compute.Patches // and a geometry
}

type memory []float32

func (m memory) Write(off int, src []float32) error { copy(m[off:], src); return nil }
func (m memory) Read(off int, dst []float32) error  { copy(dst, m[off:]); return nil }
func (m memory) Free()                              {}

func (*naive) Info() compute.Info { return compute.Info{Backend: "naive"} }
func (*naive) Sync() error        { return nil }
func (*naive) Close() error       { return nil }

func (*naive) Alloc(k int) (compute.Buffer, error) {
	if k > 1<<28 {
		return nil, fmt.Errorf("%d values, and there is room for %d", k, 1<<28)
	}
	m := make(memory, k)
	return &m, nil
}

func data(t *compute.Tensor) []float32 {
	return (*t.Buffer().(*memory))[t.Offset():][:t.Len()]
}

// words are the memory of t.
func words(t *compute.Tensor) []float32 {
	if t.Type() == compute.Float16 {
		return (*t.Buffer().(*memory))[t.Offset()/2:][:(t.Len()+1)/2]
	}
	return data(t)
}

func (n *naive) Run(op compute.Op) error {
	if n.times > 0 {
		n.rnd = rand.New(rand.NewPCG(1, 1)) // every run alike
	}
	op = compute.Widened(op, func(t *compute.Tensor) *compute.Tensor {
		x := memory(halves(t))
		return t.Laid(&x)
	})
	switch op := op.(type) {
	case compute.Gemm:
		n.gemm(op)
	case compute.Hebbian:
		n.hebbian(op)
	case compute.Gram:
		n.gram(op)
	case compute.KernelSums:
		n.kernelSums(op)
	case compute.KernelGrad:
		n.kernelGrad(op)
	case compute.Inverse:
		n.inverse(op)
	case compute.Conv:
		n.conv(op)
	case compute.ConvInput:
		n.convInput(op)
	case compute.Map:
		n.pointwise(op)
	case compute.Reduce:
		n.reduce(op)
	case compute.Standardize:
		n.standardize(op)
	case compute.StandardizeGrad:
		n.standardizeGrad(op)
	case compute.Pool:
		n.pool(op)
	case compute.PoolGrad:
		n.poolGrad(op)
	case compute.SoftmaxLoss:
		n.softmax(op)
	case compute.Random:
		n.random(op)
	case compute.Copy:
		n.copy(op)
	case compute.FMA:
		for i, v := range data(op.X) {
			for range op.Rounds {
				v = n.add(n.mul(op.A, v), op.B)
			}
			data(op.Out)[i] = v
		}
	default:
		return fmt.Errorf("%T: %w", op, compute.ErrUnsupported)
	}
	return nil
}

// part is matrix z of t, or the only one, as a function of row and column; transposed if asked.
func part(t *compute.Tensor, z int, trans bool) func(r, c int) float32 {
	rows, cols := t.Rows(), t.Cols()
	x := data(t)[z%t.Batch()*rows*cols:]
	if trans {
		return func(r, c int) float32 { return x[c*cols+r] }
	}
	return func(r, c int) float32 { return x[r*cols+c] }
}

func (u *naive) gemm(g compute.Gemm) {
	_, m, n, k := g.Dims()
	for i := range data(g.C) {
		z, r, c := i/(m*n), i/n%m, i%n
		a, b := part(g.A, z, g.TransA), part(g.B, z, g.TransB)
		acc := u.sum(g.Leeway, k, func(p int) (float32, float32) { return a(r, p), b(p, c) })
		data(g.C)[i] = u.finish(g.Epilogue, acc, data(g.C)[i], z*n+c, i)
	}
}

func (u unit) finish(e compute.Epilogue, acc, old float32, bias, i int) float32 {
	v := u.mul(e.Alpha, acc)
	if e.Beta != 0 {
		v = u.add(v, u.mul(e.Beta, old))
	}
	if e.Bias != nil {
		v = u.add(v, u.flush(data(e.Bias)[bias%e.Bias.Len()]))
	}
	if v = u.act(e.Act, v); e.Aux == nil {
		return v
	}
	return u.through(e.Grad, v, data(e.Aux)[i])
}

// through is v times the derivative of grad where that is a.
func (u unit) through(grad compute.Act, v, a float32) float32 {
	a = u.flush(a)
	switch grad {
	case compute.ReLU:
		if a <= 0 {
			v = 0
		}
	case compute.Tanh:
		v = u.mul(v, u.sub(1, u.mul(a, a)))
	case compute.Sigmoid:
		v = u.mul(v, u.mul(a, u.sub(1, a)))
	case compute.LeakyReLU:
		if a <= 0 {
			v = u.mul(v, compute.LeakySlope)
		}
	case compute.SELU:
		if a > 0 {
			return u.mul(v, compute.SELUScale)
		}
		v = u.mul(v, u.add(compute.SELULimit, a))
	}
	return v
}

func (u unit) act(a compute.Act, v float32) float32 {
	switch a {
	case compute.ReLU:
		return max(v, 0)
	case compute.Tanh:
		e := u.exp(-2 * float32(math.Abs(float64(v))))
		t := u.div(u.sub(1, e), u.add(1, e))
		if v > 0 {
			return t
		}
		return -t
	case compute.Sigmoid:
		e := u.exp(-float32(math.Abs(float64(v))))
		if v > 0 {
			return u.div(1, u.add(1, e))
		}
		return u.div(e, u.add(1, e))
	case compute.LeakyReLU:
		if v > 0 {
			return v
		}
		return u.mul(v, compute.LeakySlope)
	case compute.SELU:
		if v > 0 {
			return u.mul(v, compute.SELUScale)
		}
		return u.mul(u.sub(u.exp(v), 1), compute.SELULimit)
	}
	return v
}

func (u *naive) hebbian(h compute.Hebbian) {
	batch, units, inputs, n := h.Dims()
	rate := h.Rate / float32(n) // by the host
	for z := range batch {
		w := data(h.W)[z*units*inputs:][:units*inputs]
		old := append([]float32(nil), w...)
		y, x := u.pairs(h, z)
		for i := range units {
			t := make([]float32, units) // row i of Mask(YᵀG)
			for v := range units {
				if h.Mask.Keeps(i, v) {
					g := part(h.G, z, false)
					t[v] = u.dot(n, func(b int) (float32, float32) { return y(b, i), g(b, v) })
				}
			}
			for j := range inputs {
				s := u.sum(h.Leeway, n, func(b int) (float32, float32) { return y(b, i), x(b, j) })
				if h.Mask != compute.None {
					s = u.sub(s, u.dot(units, func(v int) (float32, float32) { return t[v], old[v*inputs+j] }))
				}
				v := u.mul(rate, s)
				if h.Decay != 1 || h.Mask != compute.None {
					v = u.add(u.mul(u.sub(1, h.Decay), old[i*inputs+j]), v)
				}
				if h.Bounded() {
					v = min(max(v, h.Lo), h.Hi)
				}
				w[i*inputs+j] = v
			}
		}
	}
}

func (u unit) gram(g compute.Gram) {
	widths, batch, n, m, d := g.Dims()
	for p := range widths * batch {
		x, y := part(g.X, p%batch, false), part(g.Other(), p%batch, false)
		k := data(g.K)[p*n*m:][:n*m]
		xx, yy := u.norms(x, n, d), u.norms(y, m, d)
		for i := range k {
			r, c := i/m, i%m
			xy := u.dot(d, func(j int) (float32, float32) { return x(r, j), y(c, j) })
			k[i] = u.similarity(g, p/batch, xy, xx[r], yy[c])
			if g.Y == nil && r == c && g.Kernel != compute.Linear {
				k[i] = 1
			}
		}
		u.center(g.Center, k, n, m)
	}
}

// norms are the squared lengths of n rows.
func (u unit) norms(x func(r, c int) float32, n, d int) []float32 {
	xx := make([]float32, n)
	for r := range xx {
		xx[r] = u.dot(d, func(j int) (float32, float32) { return x(r, j), x(r, j) })
	}
	return xx
}

// similarity evaluates a squared distance by norms, the worse of the two ways.
func (u unit) similarity(g compute.Gram, w int, xy, xx, yy float32) float32 {
	switch {
	case g.Kernel == compute.Gaussian:
		dist := max(0, u.sub(u.add(xx, yy), 2*xy))
		return u.exp(-u.mul(u.round(g.Factor(w), 0), dist))
	case g.Kernel == compute.Linear:
		return xy
	case xx == 0 || yy == 0:
		return 0
	}
	return u.mul(u.mul(xy, u.rsqrt(xx)), u.rsqrt(yy))
}

func (u unit) center(by compute.Center, k []float32, n, m int) {
	if by == compute.Raw {
		return
	}
	rows, cols, all := make([]float32, n), make([]float32, m), float32(0)
	for i, v := range k {
		rows[i/m], cols[i%m] = u.add(rows[i/m], v), u.add(cols[i%m], v)
	}
	for _, v := range rows {
		all = u.add(all, v)
	}
	mean := func(sum float32, n int) float32 { return u.div(sum, float32(n)) }
	for i := range k {
		if by == compute.Double {
			k[i] = u.sub(u.sub(k[i], mean(rows[i/m], m)), u.sub(mean(cols[i%m], n), mean(all, n*m)))
		} else {
			k[i] = u.sub(k[i], mean(all, n*m))
		}
	}
}
