package cpu

import (
	"math"
	"runtime"

	"hebb/compute"
)

// A similarity is a [compute.Gram] as it is computed: a tile of X·Yᵀ by BLAS, in its place in K,
// then the kernel function row by row. Of X with itself only the tiles on the diagonal and above
// it are computed; the rest are their mirror images.
type similarity struct {
	compute.Gram
	widths, batch, n, m, d int
	xs, ys                 []float32 // of each row, ‖x‖² for the Gaussian, 1/‖x‖ for the cosine
	k                      []float32
}

func gram(g compute.Gram) {
	s := similarity{Gram: g, k: values(g.K)}
	s.widths, s.batch, s.n, s.m, s.d = g.Dims()
	if g.Kernel != compute.Linear {
		norms := borrow(s.batch * (s.n + s.m))
		defer giveBack(norms)
		s.xs, s.ys = (*norms)[:s.batch*s.n], (*norms)[s.batch*s.n:]
		s.norms(s.xs, g.X)
		if g.Y == nil {
			s.ys = s.xs
		} else {
			s.norms(s.ys, g.Y)
		}
	}
	if g.Y == nil {
		kernels.above(s.batch, s.n, s.symmetric)
	} else {
		kernels.tiles(s.batch, s.n, s.m, s.tile)
	}
	s.centre()
}

// norms is what the kernel needs to know of each row of x.
func (s *similarity) norms(dst []float32, x *compute.Tensor) {
	v := values(x)
	chunks(len(dst), 256, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row := v[i*s.d:][:s.d]
			q := engine.Sdot(s.d, row, 1, row, 1)
			if s.Kernel == compute.Cosine && q != 0 {
				q = 1 / float32(math.Sqrt(float64(q)))
			}
			dst[i] = q
		}
	})
}

// at is the block of K for width w where t lies.
func (s *similarity) at(w int, t tile) matrix {
	return dense(s.n, s.m, s.k[(w*s.batch+t.z)*s.n*s.m:]).part(t.i, t.j, t.rows, t.cols)
}

// tile computes t for all widths.
func (s *similarity) tile(t tile) {
	s.products(t)
	for i := range t.rows {
		s.row(t, i)
	}
}

// products is X·Yᵀ for t, times −2 where it is part of a distance, in the place of the first width.
func (s *similarity) products(t tile) {
	alpha := float32(1)
	if s.Kernel == compute.Gaussian {
		alpha = -2
	}
	x := member(s.X, t.z).part(t.i, 0, t.rows, s.d)
	y := member(s.Other(), t.z).part(t.j, 0, t.cols, s.d)
	mul(alpha, x, y.t(), 0, s.at(0, t))
}

// row turns the products in row i of t into kernels.
func (s *similarity) row(t tile, i int) {
	if s.Kernel == compute.Linear {
		return
	}
	xx, yy := s.xs[t.z*s.n+t.i+i], s.ys[t.z*s.m+t.j:][:t.cols]
	xy := s.at(0, t).row(i)
	if s.Kernel == compute.Cosine {
		for j := range xy {
			xy[j] *= xx * yy[j]
		}
		return
	}
	for w := s.widths - 1; w >= 0; w-- { // the first last: it takes the products' place
		gaussian(s.at(w, t).row(i), xy, yy, xx, float32(s.Factor(w)))
	}
}

// symmetric computes t and its mirror image, a few rows at a time: whole cache lines of the image,
// while the rows are in the first level of cache.
func (s *similarity) symmetric(t tile) {
	s.products(t)
	if t.i == t.j {
		s.diagonal(t)
		return
	}
	const few = 32
	for i := 0; i < t.rows; i += few {
		part := tile{t.z, t.i + i, t.j, min(few, t.rows-i), t.cols}
		for i := range part.rows {
			s.row(part, i)
		}
		mirror := tile{t.z, part.j, part.i, part.cols, part.rows}
		for w := range s.widths {
			transpose(s.at(w, mirror), s.at(w, part))
		}
	}
}

// diagonal finishes a tile on the diagonal.
func (s *similarity) diagonal(t tile) {
	for i := range t.rows {
		s.row(t, i)
	}
	for w := range s.widths {
		k := s.at(w, t)
		for i := range k.rows {
			if s.Kernel != compute.Linear {
				k.row(i)[i] = 1
			}
			for j := range i {
				k.row(i)[j] = k.row(j)[i]
			}
		}
	}
}

// above calls f for tiles that cover, of the batch's n×n matrices, the diagonal and what lies above
// it: square on the diagonal, wide beside it.
func (g grain) above(batch, n int, f func(tile)) {
	size := max(g.least.rows, min(g.most.rows, n*batch/(4*runtime.GOMAXPROCS(0))))
	var all []tile
	for z := range batch {
		for i := 0; i < n; i += size {
			rows := min(size, n-i)
			all = append(all, tile{z, i, i, rows, rows})
			for j := i + rows; j < n; j += g.most.cols {
				all = append(all, tile{z, i, j, rows, min(g.most.cols, n-j)})
			}
		}
	}
	parallel(len(all), func(k int) { f(all[k]) })
}

// kernels is how Gram matrices are cut.
var kernels = grain{shape{256, 1024}, shape{64, 128}}

// centre takes the means out of each matrix of K.
func (s *similarity) centre() {
	if s.Center == compute.Raw {
		return
	}
	rows, cols := make([]float64, s.n), make([]float64, s.m)
	for p := range s.widths * s.batch {
		k := dense(s.n, s.m, s.k[p*s.n*s.m:])
		s.means(rows, cols, k)
		all := 0.0
		for _, r := range rows {
			all += r
		}
		all /= float64(s.n)
		if s.Center == compute.Grand {
			chunks(s.n, 64, func(lo, hi int) {
				for i := lo; i < hi; i++ {
					subtract(k.row(i), all)
				}
			})
			continue
		}
		chunks(s.n, 64, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				row := k.row(i)
				for j, v := range row {
					row[j] = float32(float64(v) - (rows[i] - all) - cols[j])
				}
			}
		})
	}
}

func subtract(row []float32, x float64) {
	for j, v := range row {
		row[j] = float32(float64(v) - x)
	}
}

// means fills in the means of the rows and of the columns of k.
func (s *similarity) means(rows, cols []float64, k matrix) {
	chunks(s.n, 64, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			rows[i] = total(k.row(i)) / float64(s.m)
		}
	})
	if s.Center == compute.Grand {
		return
	}
	chunks(s.m, 256, func(lo, hi int) {
		clear(cols[lo:hi])
		for i := range s.n {
			for j, v := range k.row(i)[lo:hi] {
				cols[lo+j] += float64(v)
			}
		}
		for j := lo; j < hi; j++ {
			cols[j] /= float64(s.n)
		}
	})
}

func total(x []float32) float64 {
	var t [4]float64
	for ; len(x) >= 4; x = x[4:] {
		t[0] += float64(x[0])
		t[1] += float64(x[1])
		t[2] += float64(x[2])
		t[3] += float64(x[3])
	}
	for i, v := range x {
		t[i] += float64(v)
	}
	return (t[0] + t[1]) + (t[2] + t[3])
}
