package cpu

import "hebb/compute"

// rowSums runs a [compute.KernelSums]: tiles of K and of L, row by row, each entry of which counts for its row and, off
// the diagonal, for its column.
type rowSums struct {
	k, l             similarity
	same             bool // L is K
	a, b, sum, dot   []float32
	widths, batch, m int
	kept             *kept // K, to be cached; or nil
	known            bool  // kept holds K already
}

func kernelSums(k compute.KernelSums, keep *keeper) {
	s := rowSums{k: similarityOf(k.K, nil), a: optional(k.A), b: optional(k.B), sum: optional(k.Sum), dot: optional(k.Dot)}
	defer s.k.done()
	s.widths, s.batch, s.m = k.Dims()
	if k.Dot != nil {
		if s.same = same(k.K, k.L); s.same {
			s.l = s.k
		} else {
			s.l = similarityOf(k.L, nil)
			defer s.l.done()
		}
	}
	clear(s.sum)
	clear(s.dot)
	if k.A == nil && k.Dot == nil && worthKeeping(k.K) {
		if s.kept = keep.take(k.K); s.kept != nil {
			s.known = true
		} else {
			s.kept = keep.blank(k.K)
		}
		defer keep.put(s.kept)
	}
	cover(s.batch, s.m, s.k.d, s.tile)
}

// optional returns the elements of t, or nil.
func optional(t *compute.Tensor) []float32 {
	if t == nil {
		return nil
	}
	return values(t)
}

// same reports whether two similarities are the same.
func same(k, l compute.Similarity) bool {
	if k.X != l.X || k.Kernel != l.Kernel || k.PerDim != l.PerDim || len(k.Sigma) != len(l.Sigma) {
		return false
	}
	for w, s := range k.Sigma {
		if l.Sigma[w] != s {
			return false
		}
	}
	return true
}

// tile adds the terms of t and, mirrored, of its mirror image to all rows.
func (s *rowSums) tile(t tile, mirrored bool) {
	if s.kept != nil {
		s.strip(t)
		return
	}
	scratch := borrow(2 * (t.rows + 1 + s.widths) * t.cols)
	defer giveBack(scratch)
	take := taker(*scratch)
	kxy, lxy := dense(t.rows, t.cols, take(t.rows*t.cols)), dense(t.rows, t.cols, take(t.rows*t.cols))
	k, l := take(t.cols), take(t.cols)
	columns := take(2 * s.widths * t.cols)
	clear(columns)
	s.k.products(kxy, t)
	if s.dot != nil && !s.same {
		s.l.products(lxy, t)
	}
	for i := range t.rows {
		for w := range s.widths {
			s.k.own(k, kxy.row(i), w, t, i)
			if s.dot != nil {
				s.second(l, k, lxy, w, t, i)
			}
			s.centre(k, s.a, w, t, i)
			down := columns[2*w*t.cols:][:2*t.cols]
			if s.sum != nil {
				s.add(s.sum, k, w, t, i)
				if mirrored {
					add(down[:t.cols], down[:t.cols], k)
				}
			}
			if s.dot != nil {
				times(k, k, l)
				s.add(s.dot, k, w, t, i)
				if mirrored {
					add(down[t.cols:], down[t.cols:], k)
				}
			}
		}
	}
	if mirrored {
		s.mirror(columns, t)
	}
}

// strip computes rows of the matrix to be cached, and adds them up.
func (s *rowSums) strip(t tile) {
	k := s.kept.strip(t)
	if !s.known {
		s.k.products(k, t)
	}
	for i := range t.rows {
		if !s.known {
			s.k.own(k.row(i), k.row(i), 0, t, i)
		}
		s.add(s.sum, k.row(i), 0, t, i)
	}
}

// second computes row i of L̃, with K's row in k. An L of a single width is there already after the first of K's.
func (s *rowSums) second(l, k []float32, xy matrix, w int, t tile, i int) {
	switch {
	case s.same:
		copy(l, k)
	case w < s.l.Widths():
		s.l.own(l, xy.row(i), w, t, i)
	default:
		return
	}
	s.centre(l, s.b, w, t, i)
}

// centre subtracts a's elements for row and column from row i of t.
func (s *rowSums) centre(k, a []float32, w int, t tile, i int) {
	if a == nil {
		return
	}
	a = a[(w*s.batch+t.z)*s.m:]
	sub(k, k, a[t.j:][:t.cols])
	shift(k, k, -a[t.i+i])
}

// add adds k, row i of t, to its row of out.
func (s *rowSums) add(out, k []float32, w int, t tile, i int) {
	out[(w*s.batch+t.z)*s.m+t.i+i] += sum(k)
}

// mirror adds the column sums of t to the rows they mirror.
func (s *rowSums) mirror(columns []float32, t tile) {
	for w := range s.widths {
		at := (w*s.batch+t.z)*s.m + t.j
		for o, out := range [][]float32{s.sum, s.dot} {
			if out != nil {
				add(out[at:][:t.cols], out[at:][:t.cols], columns[(2*w+o)*t.cols:])
			}
		}
	}
}

// taker returns a function that hands out s piece by piece.
func taker(s []float32) func(n int) []float32 {
	return func(n int) (piece []float32) {
		piece, s = s[:n], s[n:]
		return piece
	}
}
