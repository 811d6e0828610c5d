package cpu

import "hebb/compute"

// A kernelSlope runs a [compute.KernelGrad], tile by tile of P = Σ_w Scale·S∘K,
//
//	DX ← DX + P·X for the rows of the tile, DX + Pᵀ·X for its columns,
//
// and for the Gaussian, whose DX[i] is Σ_j P[i,j]·(x_j − x_i), the sums of P's rows beside it.
type kernelSlope struct {
	compute.KernelGrad
	k, l                similarity
	same                bool  // L is K
	keptK, keptL        *kept // or nil
	r, g                []float32
	dx                  stack
	sums                []float32 // of P's rows; nil: not needed
	widths, batch, m, d int
}

func kernelGrad(g compute.KernelGrad, keep *keeper) {
	s := kernelSlope{KernelGrad: g, r: optional(g.R), g: optional(g.G), dx: stacked(g.DX)}
	s.widths, s.batch, s.m, s.d = g.Dims()
	s.k, s.keptK = keep.similarityOf(g.K)
	defer s.k.done()
	defer func() {
		keep.put(s.keptK)
		keep.put(s.keptL) // cache the matrix that layers share; the layer's own makes room
	}()
	if g.L.X != nil {
		if s.same = same(g.K, g.L); s.same {
			s.l = s.k
		} else {
			s.l, s.keptL = keep.similarityOf(g.L)
			defer s.l.done()
		}
	}
	if g.K.Kernel == compute.Gaussian {
		sums := borrow(s.batch * s.m)
		defer giveBack(sums)
		s.sums = *sums
		clear(s.sums)
	}
	clear(values(g.DX))
	cover(s.batch, s.m, s.d, s.tile)
	if s.sums != nil {
		s.finish()
	}
}

// tile adds the terms of t and, mirrored, of its mirror image to DX.
func (s *kernelSlope) tile(t tile, mirrored bool) {
	scratch := borrow((2*t.rows + 6) * t.cols)
	defer giveBack(scratch)
	take := taker(*scratch)
	p, lxy := dense(t.rows, t.cols, take(t.rows*t.cols)), dense(t.rows, t.cols, take(t.rows*t.cols))
	down, r := take(t.cols), slopeRow{take(t.cols), take(t.cols), take(t.cols), take(t.cols), take(t.cols)}
	clear(down)
	if s.needsK() && s.keptK == nil {
		s.k.products(p, t)
	}
	if s.l.X != nil && !s.same && s.keptL == nil {
		s.l.products(lxy, t)
	}
	for i := range t.rows {
		s.weights(p.row(i), lxy.row(i), r, t, i)
		if s.sums != nil {
			s.sums[t.z*s.m+t.i+i] += sum(p.row(i))
			if mirrored {
				add(down, down, p.row(i))
			}
		}
	}
	x, dx := s.k.x.at(t.z), s.dx.at(t.z)
	mul(1, p, x.part(t.j, 0, t.cols, s.d), 1, dx.part(t.i, 0, t.rows, s.d))
	if !mirrored {
		return
	}
	mul(1, p.t(), x.part(t.i, 0, t.rows, s.d), 1, dx.part(t.j, 0, t.cols, s.d))
	if s.sums != nil {
		to := s.sums[t.z*s.m+t.j:][:t.cols]
		add(to, to, down)
	}
}

// A slopeRow is the scratch for a row of P: rows of K, L, S and a term of S, and the sum of P over earlier widths.
type slopeRow struct{ k, l, s, term, p []float32 }

// weights computes row i of P in t, from the products p and lxy there.
func (s *kernelSlope) weights(p, lxy []float32, r slopeRow, t tile, i int) {
	if s.widths == 1 && s.sums != nil && s.g == nil {
		s.kernels(&r, p, lxy, 0, t, i)
		s.atOnce(p, r, t, i)
	} else {
		s.byWidths(p, lxy, r, t, i)
	}
	if j, ok := t.diagonal(i); ok && s.sums != nil {
		p[j] = 0 // of x_i − x_i
	}
}

// kernels computes the rows of K and L for width w. An L of a single width is there already after the first of K's.
func (s *kernelSlope) kernels(r *slopeRow, p, lxy []float32, w int, t tile, i int) {
	switch {
	case s.keptK != nil:
		r.k = s.keptK.strip(t).row(i)
	case s.needsK():
		s.k.own(r.k, p, w, t, i)
	}
	switch {
	case s.same:
		r.l = r.k
	case s.keptL != nil:
		r.l = s.keptL.strip(t).row(i)
	case s.l.X != nil && w < s.l.Widths():
		s.l.own(r.l, lxy, w, t, i)
	}
}

// atOnce is weights for a Gaussian of one width and S without G.
func (s *kernelSlope) atOnce(p []float32, r slopeRow, t tile, i int) {
	at, l, own := t.z*s.m, r.l, float32(0)
	if s.Cross == 0 {
		l = r.k
	}
	if s.r == nil {
		clear(r.term)
	} else {
		r.term, own = s.r[at+t.j:][:t.cols], s.r[at+t.i+i]
	}
	slopes(p, r.k, l, r.term, slopeFactors{own, s.Self, s.Cross, float32(s.Scale(0))})
}

// byWidths is weights for any S.
func (s *kernelSlope) byWidths(p, lxy []float32, r slopeRow, t tile, i int) {
	for w := range s.widths {
		s.kernels(&r, p, lxy, w, t, i)
		s.slope(r, w, t, i)
		if s.sums != nil {
			times(r.s, r.s, r.k)
		}
		switch c := float32(s.Scale(w)); {
		case s.widths == 1:
			scale(p, r.s, c) // the products are no longer needed
		case w == 0:
			scale(r.p, r.s, c)
		default:
			scale(r.s, r.s, c)
			add(r.p, r.p, r.s)
		}
	}
	if s.widths > 1 {
		copy(p, r.p)
	}
}

// needsK reports whether P depends on K: not if K is Linear and S has no term of it.
func (s *kernelSlope) needsK() bool { return s.sums != nil || s.Self != 0 || s.same }

// slope computes row i of S in t for width w, from rows of K and L.
func (s *kernelSlope) slope(r slopeRow, w int, t tile, i int) {
	if s.Self != 0 {
		scale(r.s, r.k, s.Self)
	} else {
		clear(r.s)
	}
	if s.Cross != 0 {
		scale(r.term, r.l, s.Cross)
		add(r.s, r.s, r.term)
	}
	at := (w*s.batch + t.z) * s.m
	if s.r != nil {
		add(r.s, r.s, s.r[at+t.j:][:t.cols])
		shift(r.s, r.s, s.r[at+t.i+i])
	}
	if s.g != nil {
		add(r.s, r.s, s.g[(at+t.i+i)*s.m+t.j:][:t.cols])
	}
}

// finish subtracts the sums of P's rows, times the rows of X, from DX.
func (s *kernelSlope) finish() {
	x, dx := values(s.K.X), values(s.DX)
	chunks(s.batch*s.m, max(1, alone/s.d), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			plus(dx[i*s.d:][:s.d], x[i*s.d:][:s.d], -s.sums[i])
		}
	})
}
