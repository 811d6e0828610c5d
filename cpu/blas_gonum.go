//go:build !openblas || !cgo

package cpu

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

var engine blas.Float32 = gonum.Implementation{}

// openEngine has nothing to do.
func openEngine() {}

func driver() string {
	s := "gonum" + version("gonum.org/v1/gonum") + ", pure Go"
	switch k, _ := kernelFor(maxWidth); k.width {
	case 32:
		return s + " and AVX-512 kernels"
	case 16:
		return s + " and AVX2 kernels"
	}
	return s
}

// products is how products are cut.
var products = grain{shape{480, 768}, shape{24, 96}}

// chunk is the largest product that is given to gonum: one of three of its blocks of 64×64. Beyond,
// it starts goroutines of its own and multiplies 64×64×64 at a time, for which its loops, over a row
// of 64, are too short: 14 GFLOP/s a core where 64×192 reaches 21.
var chunk = struct{ rows, cols, k int }{64, 192, 256}

// mul is C ← α·A·B + β·C on one core, C not being transposed. Where β is 0, C is not read. Where the processor has
// a [kernel] it is five times as fast as gonum, whose own vector code goes through a row of C at a time.
//
// gonum's Sgemm adds multiples of B's rows to C's (N·N, T·N), takes dot products of rows (N·T), or
// walks down B's columns (T·T), which is many times slower: there, and where rows are too short to
// add up and long enough to multiply, an operand is transposed first.
func mul(alpha float32, a, b matrix, beta float32, c matrix) {
	if k, ok := kernelFor(c.cols); ok && c.cols > k.width/4 {
		k.mul(alpha, a, b, beta, c)
		return
	}
	wide := blocks(c.cols, blocks(c.cols, chunk.cols))
	for p := 0; p < a.cols; p += chunk.k {
		k := min(chunk.k, a.cols-p)
		for j := 0; j < c.cols; j += wide {
			cols := min(wide, c.cols-j)
			for i := 0; i < c.rows; i += chunk.rows {
				rows := min(chunk.rows, c.rows-i)
				block(alpha, a.part(i, p, rows, k), b.part(p, j, k, cols), beta, c.part(i, j, rows, cols))
			}
		}
		beta = 1
	}
}

// multiply computes m by tiles of s, and calls before and after, unless they are nil, for each tile.
func (m *multiplication) multiply(s shape, before, after func(tile)) { m.byTiles(s, before, after) }

// block is mul for what gonum does in one go.
func block(alpha float32, a, b matrix, beta float32, c matrix) {
	if c.cols < 64 && a.cols >= 64 && c.rows > 16 && !b.transposed {
		s := borrow(b.rows * b.cols)
		defer giveBack(s)
		b = repack(b, *s)
	}
	if a.transposed && b.transposed {
		s := borrow(a.rows * a.cols)
		defer giveBack(s)
		a = repack(a, *s)
	}
	sgemm(alpha, a, b, beta, c)
}

// repack is m with its other dimension contiguous, in s.
func repack(m matrix, s []float32) matrix {
	if m.transposed {
		d := dense(m.rows, m.cols, s)
		transpose(d, m.t())
		return d
	}
	d := dense(m.cols, m.rows, s)
	transpose(d, m)
	return d.t()
}
