package compute_test

import "hebb/compute"

// kernel is a similarity of the rows of member z: the diagonal is 1 but for the Linear kernel.
func (u unit) kernel(s compute.Similarity, z int) func(w, i, j int) float32 {
	if s.X == nil {
		return nil
	}
	n, d := s.X.Rows(), s.X.Cols()
	x := part(s.X, z, false)
	xx := u.norms(x, n, d)
	g := compute.Gram{X: s.X, Kernel: s.Kernel, Sigma: s.Sigma, PerDim: s.PerDim}
	return func(w, i, j int) float32 {
		if i == j && s.Kernel != compute.Linear {
			return 1
		}
		xy := u.dot(d, func(k int) (float32, float32) { return x(i, k), x(j, k) })
		return u.similarity(g, w%s.Widths(), xy, xx[i], xx[j])
	}
}

// each is element i of width w and member z of a tensor of a number for each row, or 0.
func (u unit) each(t *compute.Tensor, w, widths, batch, z, i int) float32 {
	if t == nil {
		return 0
	}
	return u.flush(data(t)[(w%widths*batch+z)*t.Cols()+i])
}

func (u unit) kernelSums(o compute.KernelSums) {
	widths, batch, m := o.Dims()
	for z := range batch {
		k, l := u.kernel(o.K, z), u.kernel(o.L, z)
		for w := range widths {
			for i := range m {
				var sum, dot float32
				for j := range m {
					take := func(v float32, t *compute.Tensor, of int) float32 {
						return u.sub(u.sub(v, u.each(t, w, of, batch, z, i)), u.each(t, w, of, batch, z, j))
					}
					v := take(k(w, i, j), o.A, widths)
					sum = u.add(sum, v)
					if o.Dot != nil {
						dot = u.fma(v, take(l(w, i, j), o.B, o.L.Widths()), dot)
					}
				}
				at := (w*batch+z)*m + i
				if o.Sum != nil {
					data(o.Sum)[at] = sum
				}
				if o.Dot != nil {
					data(o.Dot)[at] = dot
				}
			}
		}
	}
}

// kernelGrad takes the sum of P's row times x_i from P·X, the worse of the two ways.
func (u unit) kernelGrad(g compute.KernelGrad) {
	_, batch, m, d := g.Dims()
	for z := range batch {
		weights := u.weights(g, z)
		x := part(g.K.X, z, false)
		for i := range m {
			p, all := make([]float32, m), float32(0)
			for j := range m {
				if g.K.Kernel == compute.Linear || i != j {
					p[j] = weights(i, j)
					all = u.add(all, p[j])
				}
			}
			for k := range d {
				v := u.dot(m, func(j int) (float32, float32) { return p[j], x(j, k) })
				if g.K.Kernel == compute.Gaussian {
					v = u.sub(v, u.mul(all, x(i, k)))
				}
				data(g.DX)[(z*m+i)*d+k] = v
			}
		}
	}
}

// weights returns the entries of P for member z.
func (u unit) weights(g compute.KernelGrad, z int) func(i, j int) float32 {
	widths, batch, m, _ := g.Dims()
	kernel, other := u.kernel(g.K, z), u.kernel(g.L, z)
	return func(i, j int) (p float32) {
		for w := range widths {
			k := kernel(w, i, j)
			s := u.mul(g.Self, k)
			if other != nil {
				s = u.fma(g.Cross, other(w, i, j), s)
			}
			s = u.add(u.add(s, u.each(g.R, w, widths, batch, z, i)), u.each(g.R, w, widths, batch, z, j))
			if g.G != nil {
				s = u.add(s, u.flush(data(g.G)[((w*batch+z)*m+i)*m+j]))
			}
			if g.K.Kernel == compute.Gaussian {
				s = u.mul(s, k)
			}
			p = u.fma(u.round(g.Scale(w), 0), s, p)
		}
		return p
	}
}
