package cpu

import (
	"runtime"

	"hebb/compute"
)

// A kernelMatrix runs a [compute.Gram]: it computes a tile of X·Yᵀ by BLAS, in its place in K, then the kernel function
// row by row. Of X with itself only the tiles on the diagonal and above it are computed; the rest are their mirror
// images.
type kernelMatrix struct {
	similarity
	compute.Center
	widths, batch int
	mirrored      bool // K is its mirror image
	k             []float32
}

func gram(g compute.Gram) {
	s := kernelMatrix{similarity: similarityOf(g.Similarity(), g.Y), Center: g.Center, mirrored: g.Y == nil, k: values(g.K)}
	defer s.done()
	s.widths, s.batch, _, _, _ = g.Dims()
	if s.mirrored {
		kernels.above(s.batch, s.n, s.symmetric)
	} else {
		kernels.tiles(s.batch, s.n, s.m, s.tile)
	}
	s.centre()
}

// at returns the block of K for width w at tile t.
func (s *kernelMatrix) at(w int, t tile) matrix {
	return dense(s.n, s.m, s.k[(w*s.batch+t.z)*s.n*s.m:]).part(t.i, t.j, t.rows, t.cols)
}

// tile computes t for all widths.
func (s *kernelMatrix) tile(t tile) {
	xy := s.at(0, t)
	s.products(xy, t)
	for i := range t.rows {
		s.rows(t, xy.row(i), i)
	}
}

// rows turns the products in row i of t, stored in the block of the first width, into kernels.
func (s *kernelMatrix) rows(t tile, xy []float32, i int) {
	if s.Kernel == compute.Linear {
		return
	}
	for w := s.widths - 1; w >= 0; w-- { // the first width last: it overwrites the products
		s.row(s.at(w, t).row(i), xy, w, t, i)
	}
}

// symmetric computes t and its mirror image, a few rows at a time: whole cache lines of the image,
// while the rows are in the first level of cache.
func (s *kernelMatrix) symmetric(t tile) {
	xy := s.at(0, t)
	s.products(xy, t)
	if t.i == t.j {
		s.diagonal(t)
		return
	}
	const few = 32
	for i := 0; i < t.rows; i += few {
		part := tile{t.z, t.i + i, t.j, min(few, t.rows-i), t.cols}
		for k := range part.rows {
			s.rows(part, xy.row(i+k), k)
		}
		mirror := tile{t.z, part.j, part.i, part.cols, part.rows}
		for w := range s.widths {
			transpose(s.at(w, mirror), s.at(w, part))
		}
	}
}

// diagonal finishes a tile on the diagonal.
func (s *kernelMatrix) diagonal(t tile) {
	xy := s.at(0, t)
	for i := range t.rows {
		s.rows(t, xy.row(i), i)
	}
	for w := range s.widths {
		k := s.at(w, t)
		for i := range k.rows {
			if s.Kernel != compute.Linear {
				k.row(i)[i] = 1
			}
		}
		mirror(k)
	}
}

// mirror copies the upper triangle of k to the lower one.
func mirror(k matrix) {
	const few = 8
	for i := 0; i < k.rows; i += few {
		rows := min(few, k.rows-i)
		for r := i + 1; r < i+rows; r++ {
			for j := i; j < r; j++ {
				k.row(r)[j] = k.row(j)[r]
			}
		}
		if rest := k.cols - i - rows; rest > 0 {
			transpose(k.part(i+rows, i, rest, rows), k.part(i, i+rows, rows, rest))
		}
	}
}

// above calls f for tiles that cover, in each of the batch's n×n matrices, the diagonal and all above it: square on the
// diagonal, wide beside it.
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

// kernels sets the tiles of Gram matrices.
var kernels = grain{shape{256, 1024}, shape{64, 128}}

// centre subtracts the means from each matrix of K: each by one core if that gives all cores as much to do, else one after the
// other by all cores.
func (s *kernelMatrix) centre() {
	if s.Center == compute.Raw {
		return
	}
	count := s.widths * s.batch
	if count%runtime.GOMAXPROCS(0) == 0 || count >= 4*runtime.GOMAXPROCS(0) {
		parallel(count, func(p int) { s.centreOne(p, func(n, _ int, f func(lo, hi int)) { f(0, n) }) })
		return
	}
	for p := range count {
		s.centreOne(p, chunks)
	}
}

// centreOne subtracts the means from matrix p, whose rows and columns chunks shares out.
func (s *kernelMatrix) centreOne(p int, chunks func(n, size int, f func(lo, hi int))) {
	k := dense(s.n, s.m, s.k[p*s.n*s.m:])
	rows, cols := make([]float64, s.n), make([]float64, s.m)
	chunks(s.n, 64, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			rows[i] = total(k.row(i)) / float64(s.m)
		}
	})
	all := 0.0
	for _, r := range rows {
		all += r
	}
	all /= float64(s.n)
	switch {
	case s.Center == compute.Grand:
		for i := range rows {
			rows[i] = all
		}
	case s.mirrored: // the matrix is its mirror image
		for j, r := range rows {
			rows[j], cols[j] = r-all, r
		}
	default:
		chunks(s.m, 256, func(lo, hi int) { columnMeans(cols[lo:hi], k.part(0, lo, s.n, hi-lo)) })
		for i := range rows {
			rows[i] -= all
		}
	}
	chunks(s.n, 64, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			lower(k.row(i), rows[i], cols)
		}
	})
}

// columnMeans fills in the means of the columns of k.
func columnMeans(means []float64, k matrix) {
	for i := range k.rows {
		for j, v := range k.row(i) {
			means[j] += float64(v)
		}
	}
	for j := range means {
		means[j] /= float64(k.rows)
	}
}

// lower is row[j] − x − y[j].
func lower(row []float32, x float64, y []float64) {
	y = y[:len(row)]
	for j := lowerVector(row, x, y); j < len(row); j++ {
		row[j] = float32(float64(row[j]) - x - y[j])
	}
}

// total is the sum of x, by sixteen sums of every sixteenth number.
func total(x []float32) (sum float64) {
	var t [16]float64
	for i := totalsVector(&t, x); i < len(x); i++ {
		t[i%16] += float64(x[i])
	}
	for _, v := range t {
		sum += v
	}
	return sum
}
