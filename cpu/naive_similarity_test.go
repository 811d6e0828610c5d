package cpu

import (
	"math"

	"pgregory.net/rapid"

	"hebb/compute"
)

// naiveKernel is the kernel of width w between rows i and j of member z.
func naiveKernel(s compute.Similarity, w, z, i, j int) float32 {
	var xy, xx, yy, dist float32
	for p := range s.X.Cols() {
		x, y := at(s.X, z, i, p, false), at(s.X, z, j, p, false)
		xy += float32(x * y)
		xx += float32(x * x)
		yy += float32(y * y)
		dist += float32((x - y) * (x - y))
	}
	switch {
	case s.Kernel == compute.Linear:
		return xy
	case s.Kernel == compute.Gaussian:
		return exp64(-float32(s.Factor(w%s.Widths())) * dist)
	case i == j:
		return 1
	case xx == 0 || yy == 0:
		return 0
	}
	return xy / float32(math.Sqrt(float64(xx))) / float32(math.Sqrt(float64(yy)))
}

// naiveEach is t's number for a row, or 0.
func naiveEach(t *compute.Tensor, w, widths, batch, z, i int) float32 {
	if t == nil {
		return 0
	}
	return values(t)[(w%widths*batch+z)*t.Cols()+i]
}

func naiveKernelSums(s compute.KernelSums) {
	widths, batch, m := s.Dims()
	for e := range widths * batch * m {
		w, z, i := e/(batch*m), e/m%batch, e%m
		var sum, dot float32
		for j := range m {
			k := naiveKernel(s.K, w, z, i, j) - naiveEach(s.A, w, widths, batch, z, i) - naiveEach(s.A, w, widths, batch, z, j)
			sum += k
			if s.Dot != nil {
				n := s.L.Widths()
				l := naiveKernel(s.L, w, z, i, j) - naiveEach(s.B, w, n, batch, z, i) - naiveEach(s.B, w, n, batch, z, j)
				dot += float32(k * l)
			}
		}
		if s.Sum != nil {
			values(s.Sum)[e] = sum
		}
		if s.Dot != nil {
			values(s.Dot)[e] = dot
		}
	}
}

// naiveKernelGrad adds up differences of rows, not sums of P times a row.
func naiveKernelGrad(g compute.KernelGrad) {
	widths, batch, m, d := g.Dims()
	dx := values(g.DX)
	clear(dx)
	for e := range widths * batch * m * m {
		w, z, i, j := e/(batch*m*m), e/(m*m)%batch, e/m%m, e%m
		k := naiveKernel(g.K, w, z, i, j)
		s := float32(g.Self*k) + naiveEach(g.R, w, widths, batch, z, i) + naiveEach(g.R, w, widths, batch, z, j)
		if g.L.X != nil {
			s += float32(g.Cross * naiveKernel(g.L, w, z, i, j))
		}
		if g.G != nil {
			s += values(g.G)[e]
		}
		s *= float32(g.Scale(w))
		for p := range d {
			to := &dx[(z*m+i)*d+p]
			if g.K.Kernel == compute.Gaussian {
				*to += float32(s * k * (at(g.K.X, z, j, p, false) - at(g.K.X, z, i, p, false)))
			} else {
				*to += float32(s * at(g.K.X, z, j, p, false))
			}
		}
	}
}

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
