package cpu

import (
	"pgregory.net/rapid"

	"hebb/compute"
)

// drawSimilarity draws a kernel of rows that are still to come.
func drawSimilarity(t *rapid.T, name string, kernels, widths int) (s compute.Similarity) {
	s.Kernel = []compute.Kernel{compute.Gaussian, compute.Linear, compute.Cosine}[draw(t, name, kernels)-1]
	if s.Kernel == compute.Gaussian {
		s.Sigma = []float32{3, 1, 2}[:widths]
		s.PerDim = rapid.Bool().Draw(t, name+" per dim")
	}
	return s
}

func drawKernelSums(t *rapid.T) builder {
	z, m, d, dl := draw(t, "batch", 3), draw(t, "m", 200), draw(t, "d", 20), draw(t, "d of L", 20)
	k := drawSimilarity(t, "K", 3, draw(t, "widths", 3))
	l := drawSimilarity(t, "L", 3, []int{1, k.Widths()}[draw(t, "widths of L", 2)-1])
	form := draw(t, "form", 3)
	a, b := rapid.Bool().Draw(t, "A"), rapid.Bool().Draw(t, "B")
	return func(o operands) compute.Op {
		s := compute.KernelSums{K: k}
		s.K.X = o.in(z, m, d)
		if form != 2 {
			s.Sum = o.s.Tensor(k.Widths(), z, m)
		}
		if form != 1 {
			s.Dot, s.L = o.s.Tensor(k.Widths(), z, m), l
			s.L.X = o.in(z, m, dl)
		}
		if a {
			s.A = o.in(k.Widths(), z, m)
		}
		if b && s.Dot != nil {
			s.B = o.in(l.Widths(), z, m)
		}
		return s
	}
}

func drawKernelGrad(t *rapid.T) builder {
	z, m, d, dl := draw(t, "batch", 3), draw(t, "m", 100), draw(t, "d", 20), draw(t, "d of L", 20)
	k := drawSimilarity(t, "K", 2, draw(t, "widths", 3))
	l := drawSimilarity(t, "L", 3, []int{1, k.Widths()}[draw(t, "widths of L", 2)-1])
	parts := draw(t, "parts", 15)
	return func(o operands) compute.Op {
		g := compute.KernelGrad{K: k, Alpha: 0.5, DX: o.s.Tensor(z, m, d)}
		g.K.X = o.in(z, m, d)
		if parts&1 != 0 {
			g.Self = 2
		}
		if parts&2 != 0 {
			g.Cross, g.L = -3, l
			g.L.X = o.in(z, m, dl)
		}
		if parts&4 != 0 {
			g.R = o.in(k.Widths(), z, m)
		}
		if parts&8 != 0 {
			g.G = o.symmetric(k.Widths()*z, m, k.Widths(), z)
		}
		return g
	}
}

// symmetric makes n symmetric matrices of m rows.
func (o operands) symmetric(n, m int, leading ...int) *compute.Tensor {
	t := o.s.Tensor(append(leading, m, m)...)
	x := make([]float32, t.Len())
	for z := range n {
		for i := range m {
			for j := range i + 1 {
				v := float32(o.r.NormFloat64())
				x[(z*m+i)*m+j], x[(z*m+j)*m+i] = v, v
			}
		}
	}
	o.s.Write(t, x)
	return t
}
