package cpu

import (
	"math"

	"hebb/compute"
)

// A similarity is a kernel between the rows of x and the rows of y: products of rows by BLAS, then the kernel's
// function row by row.
type similarity struct {
	compute.Similarity
	n, m, d int
	x, y    stack
	xs, ys  []float32 // of each row, ‖x‖² for the Gaussian, 1/‖x‖ for the cosine
	norms   *[]float32
}

// similarityOf returns s between X and y, nil being X itself. Call done to give its scratch back.
func similarityOf(s compute.Similarity, y *compute.Tensor) similarity {
	r := unmeasured(s)
	if y != nil {
		r.m, r.y = y.Rows(), stacked(y)
	}
	if s.Kernel == compute.Linear {
		return r
	}
	rows := s.X.Batch() * r.n
	if y == nil {
		r.norms = borrow(rows)
		r.xs, r.ys = *r.norms, *r.norms
	} else {
		r.norms = borrow(rows + s.X.Batch()*r.m)
		r.xs, r.ys = (*r.norms)[:rows], (*r.norms)[rows:]
		r.measure(r.ys, y)
	}
	r.measure(r.xs, s.X)
	return r
}

// unmeasured returns s without the rows' norms.
func unmeasured(s compute.Similarity) similarity {
	x := stacked(s.X)
	return similarity{Similarity: s, n: s.X.Rows(), m: s.X.Rows(), d: s.X.Cols(), x: x, y: x}
}

func (s *similarity) done() {
	if s.norms != nil {
		giveBack(s.norms)
	}
}

// measure computes the norms of the rows of x, as the kernel needs them.
func (s *similarity) measure(dst []float32, x *compute.Tensor) {
	v := values(x)
	chunks(len(dst), 256, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := v[i*s.d:][:s.d]
			q := dotted(row, row)
			if s.Kernel == compute.Cosine && q != 0 {
				q = 1 / float32(math.Sqrt(float64(q)))
			}
			dst[i] = q
		}
	})
}

// dotted returns x·y. A short one does not repay a call of C.
func dotted(x, y []float32) float32 {
	if len(x) > 256 {
		return engine.Sdot(len(x), x, 1, y, 1)
	}
	var a, b, c, d float32
	for ; len(x) >= 4 && len(y) >= 4; x, y = x[4:], y[4:] {
		a += x[0] * y[0]
		b += x[1] * y[1]
		c += x[2] * y[2]
		d += x[3] * y[3]
	}
	for i, v := range x {
		a += v * y[i]
	}
	return (a + b) + (c + d)
}

// products computes X·Yᵀ for t, times −2 where it is part of a distance.
func (s *similarity) products(xy matrix, t tile) {
	alpha := float32(1)
	if s.Kernel == compute.Gaussian {
		alpha = -2
	}
	mul(alpha, s.x.at(t.z).part(t.i, 0, t.rows, s.d), s.y.at(t.z).part(t.j, 0, t.cols, s.d).t(), 0, xy)
}

// row computes the kernel of width w in row i of t, from the products there. k may be xy.
func (s *similarity) row(k, xy []float32, w int, t tile, i int) {
	switch s.Kernel {
	case compute.Linear:
		copy(k, xy)
	case compute.Cosine:
		times(k, xy, s.ys[t.z*s.m+t.j:][:t.cols])
		scale(k, k, s.xs[t.z*s.n+t.i+i])
	default:
		gaussian(k, xy, s.ys[t.z*s.m+t.j:][:t.cols], s.xs[t.z*s.n+t.i+i], float32(s.Factor(w)))
	}
}

// own is row for X with itself, where the diagonal may pass through row i of t.
func (s *similarity) own(k, xy []float32, w int, t tile, i int) {
	s.row(k, xy, w, t, i)
	if j, ok := t.diagonal(i); ok && s.Kernel != compute.Linear {
		k[j] = 1
	}
}

// diagonal returns the column where the diagonal crosses row i of t, if it does.
func (t tile) diagonal(i int) (j int, ok bool) {
	j = t.i + i - t.j
	return j, 0 <= j && j < t.cols
}

// few is the largest number of rows for which computing whole strips of a matrix is faster than computing one of every
// two mirror images, whose short rows and rounds cost more than they save.
var few = 256

// stripRows is the number of rows of a small matrix computed at a time.
var stripRows = 64

// kernelWork is the work on an entry after its product, in multiplications of a sum.
const kernelWork = 32

// cover calls f for tiles that cover, in the batch's m×m matrices, everything or, mirrored, the diagonal and one of
// every two mirror images, as pairs does. d is the length of the rows.
func cover(batch, m, d int, f func(t tile, mirrored bool)) {
	strips := shape{stripRows, m}
	switch {
	case m > few:
		pairs(batch, m, pairSide(m), func(t tile) { f(t, t.i != t.j) })
	case batch*m*m*(d+kernelWork) <= 4*alone: // as in products
		for k := range batch * blocks(m, strips.rows) {
			f(strips.tile(k, m, m), false)
		}
	default:
		strips.tiles(batch, m, m, func(t tile) { f(t, false) })
	}
}

// pairs calls f for square tiles of size rows that cover, in the batch's m×m matrices, the diagonal and one of every
// two mirror images. Tiles go round by round, and no two of a round have rows or columns in common: f may add to the
// results of the rows of a tile and of its columns, in an order that depends on m and size alone.
func pairs(batch, m, size int, f func(tile)) {
	n := blocks(m, size)
	for round := range n { // block i meets block j ≥ i where i + j is round, or round + n
		low := round/2 + 1
		meetings := low + (round+n)/2 - round
		parallel(batch*meetings, func(k int) {
			i, j := k%meetings, round-k%meetings
			if i >= low {
				i += round + 1 - low
				j = round + n - i
			}
			i, j = i*size, j*size
			f(tile{k / meetings, i, j, min(size, m-i), min(size, m-j)})
		})
	}
}

// pairsMost and pairsLeast are the sides of the largest and the smallest tiles of [pairs].
var pairsMost, pairsLeast = 256, 64

// pairSide returns the side for m rows: an eighth of them, so that few rows too are work for several cores, in whole
// vectors.
func pairSide(m int) int { return max(pairsLeast, min(pairsMost, blocks(m, 8*16)*16)) }
