package stack_test

import (
	"fmt"
	"math"

	"hebb/compute"
)

// between is the kernel of width w between rows i of x and j of y, of d numbers each.
func (m *machine) between(k compute.Kernel, factor func(w int) float64, w int, x, y []float64, same bool) float64 {
	xy, xx, yy, apart := sum{n: len(x)}, sum{n: len(x)}, sum{n: len(x)}, sum{n: len(x) + 1}
	for c := range x {
		xy.term(x[c], y[c])
		xx.term(x[c], x[c])
		yy.term(y[c], y[c])
		apart.term(x[c]-y[c], x[c]-y[c])
	}
	switch {
	case k == compute.Linear:
		return m.total(xy)
	case same:
		return 1
	case k == compute.Cosine:
		if xx.x == 0 || yy.x == 0 {
			return 0
		}
		return m.ulps(m.total(xy.times(1/math.Sqrt(xx.x*yy.x))), math.Sqrt(float64(2*len(x)))+12)
	}
	// The backends may take ‖x‖² + ‖y‖² − 2·x·y for it.
	d := math.Max(0, m.stray(apart.x, math.Sqrt(float64(len(x)+2))*(xx.x+yy.x+2*xy.abs)))
	return m.exp(m.ulps(-d*factor(w), 2))
}

// kernel is entry i, j of the kernel matrix of width w of member z.
func (m *machine) kernel(s compute.Similarity) func(w, z, i, j int) float64 {
	x, n, d := float64s(s.X), s.X.Rows(), s.X.Cols()
	row := func(z, i int) []float64 { return x[(z*n+i)*d:][:d] }
	seen := map[[4]int]float64{} // the same numbers give the same kernel
	return func(w, z, i, j int) float64 {
		w %= s.Widths()
		key := [4]int{w, z, min(i, j), max(i, j)}
		k, ok := seen[key]
		if !ok {
			k = m.between(s.Kernel, s.Factor, w, row(z, i), row(z, j), i == j)
			seen[key] = k
		}
		return k
	}
}

func (m *machine) kernelSums(k compute.KernelSums) {
	widths, batch, n := k.Dims()
	centred := func(s compute.Similarity, a *compute.Tensor) func(w, z, i, j int) float64 {
		at := m.kernel(s)
		if a == nil {
			return at
		}
		by := float64s(a)
		return func(w, z, i, j int) float64 {
			r := by[(w%s.Widths()*batch+z)*n:]
			return m.sub(m.sub(at(w, z, i, j), r[i]), r[j])
		}
	}
	first := centred(k.K, k.A)
	var second func(w, z, i, j int) float64
	if k.Dot != nil {
		second = centred(k.L, k.B)
	}
	for e := range widths * batch * n {
		w, z, i := e/(batch*n), e/n%batch, e%n
		total, dots := sum{n: n}, sum{n: n + 1}
		for j := range n {
			v := first(w, z, i, j)
			total.term(v, 1)
			if second != nil {
				dots.term(v, second(w, z, i, j))
			}
		}
		if k.Sum != nil {
			float64s(k.Sum)[e] = m.total(total)
		}
		if k.Dot != nil {
			float64s(k.Dot)[e] = m.total(dots)
		}
	}
}

func (m *machine) kernelGrad(g compute.KernelGrad) {
	widths, batch, n, d := g.Dims()
	x, out := float64s(g.K.X), float64s(g.DX)
	k := m.kernel(g.K)
	var l func(w, z, i, j int) float64
	if g.L.X != nil {
		l = m.kernel(g.L)
	}
	slope := func(w, z, i, j int) float64 {
		at, s := (w*batch+z)*n, sum{n: 6}
		s.term(m.constant(g.Self), k(w, z, i, j))
		if l != nil {
			s.term(m.constant(g.Cross), l(w, z, i, j))
		}
		if g.R != nil {
			r := float64s(g.R)[at:]
			s.term(r[i], 1)
			s.term(r[j], 1)
		}
		if g.G != nil {
			s.term(float64s(g.G)[(at+i)*n+j], 1)
		}
		return m.total(s)
	}
	for e := range batch * n * d {
		z, i, c := e/(n*d), e/d%n, e%d
		s := sum{n: n + widths + 8}
		for j := range n {
			for w := range widths {
				if p := slope(w, z, i, j) * g.Scale(w); g.K.Kernel == compute.Linear {
					s.term(p, x[(z*n+j)*d+c])
				} else if j != i {
					p *= k(w, z, i, j)
					s.term(p, x[(z*n+j)*d+c])
					s.term(-p, x[(z*n+i)*d+c])
				}
			}
		}
		out[e] = m.total(s)
	}
}

func (m *machine) gram(g compute.Gram) error {
	widths, batch, n, cols, d := g.Dims()
	if g.Y != nil || g.Center == compute.Grand {
		return fmt.Errorf("a Gram of two tensors, or less its grand mean: %w", compute.ErrUnsupported)
	}
	at := m.kernel(compute.Similarity{X: g.X, Kernel: g.Kernel, Sigma: g.Sigma, PerDim: g.PerDim})
	out, _ := float64s(g.K), d
	for e := range out {
		out[e] = at(e/(batch*n*cols), e/(n*cols)%batch, e/cols%n, e%cols)
	}
	if g.Center == compute.Raw {
		return nil
	}
	for p := range widths * batch {
		k, rows, all := out[p*n*n:][:n*n], make([]sum, n), sum{n: 2 * n}
		for i := range n {
			rows[i].n = n
			for j := range n {
				rows[i].term(k[i*n+j], 1/float64(n))
			}
			all.term(rows[i].x, 1/float64(n))
		}
		mean, grand := make([]float64, n), m.total(all)
		for i := range n {
			mean[i] = m.total(rows[i])
		}
		for i := range n {
			for j := range n {
				s := sum{n: 4}
				for _, v := range []float64{k[i*n+j], -mean[i], -mean[j], grand} {
					s.term(v, 1)
				}
				k[i*n+j] = m.total(s)
			}
		}
	}
	return nil
}

// inverses inverts by Gauss and Jordan; its errors are of the size of the residual's, |X|·|A|·|X| roundings of n
// operations.
func (m *machine) inverses(v compute.Inverse) {
	batch, n := v.Dims()
	a, out := float64s(v.A), float64s(v.Inv)
	for z := range batch {
		at := z * n * n
		shifted := table(n, func(i, j int) float64 {
			x := a[at+max(i, j)*n+min(i, j)]
			if i == j {
				x += m.constant(v.Shift)
			}
			return x
		})
		minor := n
		for k := 1; k <= n && minor == n; k++ {
			if !(determinantSign(shifted, k) > 0) {
				minor = k - 1
			}
		}
		if minor < n {
			float64s(v.Info)[z] = float64(minor + 1)
			for i := range n * n {
				out[at+i] = math.NaN()
			}
			continue
		}
		float64s(v.Info)[z] = 0
		x := inverted(shifted)
		left := table(n, func(i, j int) (s float64) {
			for k := range n {
				s += math.Abs(x[i][k] * shifted[k][j])
			}
			return s
		})
		for i := range n {
			for j := range i + 1 {
				by := 0.0
				for k := range n {
					by += left[i][k] * math.Abs(x[k][j])
				}
				e := (x[i][j] + x[j][i]) / 2
				if m.u > 0 {
					e = m.stray(e, math.Sqrt(float64(n))*by)
				}
				out[at+i*n+j], out[at+j*n+i] = e, e
			}
		}
	}
}

// determinantSign is the sign of the last pivot of the leading minor of order k, by Cholesky's factors.
func determinantSign(a matrix, k int) float64 {
	l := make(matrix, k)
	for i := range l {
		l[i] = make([]float64, k)
		for j := range i + 1 {
			s := a[i][j] - inner(l[i][:j], l[j][:j])
			if i == j {
				if i == k-1 || !(s > 0) {
					return s
				}
				l[i][i] = math.Sqrt(s)
			} else {
				l[i][j] = s / l[j][j]
			}
		}
	}
	return 0
}
