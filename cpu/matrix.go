package cpu

import (
	"gonum.org/v1/gonum/blas"

	"hebb/compute"
)

// A matrix is part of a tensor or of scratch, row by row, or the transpose of that.
type matrix struct {
	rows, cols int // after transposition
	stride     int // between the rows in memory
	transposed bool
	data       []float32
}

// member is matrix z of t's batch, or the only one there is.
func member(t *compute.Tensor, z int) matrix {
	m := matrix{rows: t.Rows(), cols: t.Cols(), stride: t.Cols(), data: values(t)}
	if n := m.rows * m.cols; len(m.data) > n {
		m.data = m.data[z*n:][:n]
	}
	return m
}

// share is what member z of so many has of t.
func share(t *compute.Tensor, z, members int) []float32 {
	n := t.Len() / members
	return values(t)[z*n:][:n]
}

// dense is a matrix without gaps in s.
func dense(rows, cols int, s []float32) matrix {
	return matrix{rows: rows, cols: cols, stride: cols, data: s[:rows*cols]}
}

// part is the block of m whose first element is i, j.
func (m matrix) part(i, j, rows, cols int) matrix {
	r, c, at := rows, cols, i*m.stride+j
	if m.transposed {
		r, c, at = cols, rows, j*m.stride+i
	}
	return matrix{rows, cols, m.stride, m.transposed, m.data[at:][:(r-1)*m.stride+c]}
}

// t is m transposed, where it lies.
func (m matrix) t() matrix {
	m.rows, m.cols, m.transposed = m.cols, m.rows, !m.transposed
	return m
}

// tIf is m.t() if so.
func (m matrix) tIf(so bool) matrix {
	if so {
		return m.t()
	}
	return m
}

// row is row i of a matrix that is not transposed.
func (m matrix) row(i int) []float32 { return m.data[i*m.stride:][:m.cols] }

// flag says it to BLAS.
func (m matrix) flag() blas.Transpose {
	if m.transposed {
		return blas.Trans
	}
	return blas.NoTrans
}

// sgemm is C ← α·A·B + β·C by BLAS, C not being transposed. Where β is 0, C is not read.
func sgemm(alpha float32, a, b matrix, beta float32, c matrix) {
	engine.Sgemm(a.flag(), b.flag(), c.rows, c.cols, a.cols, alpha, a.data, a.stride, b.data, b.stride, beta, c.data, c.stride)
}

// A stack is the first of the matrices of a batch, which lie step apart: 0 where one serves all.
type stack struct {
	matrix
	step int
}

// stacked is t's batch.
func stacked(t *compute.Tensor) stack {
	s := stack{matrix: matrix{rows: t.Rows(), cols: t.Cols(), stride: t.Cols(), data: values(t)}}
	if n := s.rows * s.cols; len(s.data) > n {
		s.step = n
	}
	return s
}

// tIf is s transposed if so.
func (s stack) tIf(so bool) stack {
	s.matrix = s.matrix.tIf(so)
	return s
}

// at is matrix z.
func (s stack) at(z int) matrix {
	m := s.matrix
	m.data = m.data[z*s.step:]
	return m
}

// block is where t lies.
func (s stack) block(t tile) matrix { return s.at(t.z).part(t.i, t.j, t.rows, t.cols) }

// A multiplication is C ← α·A·B + β·C for each matrix of a batch, C not being transposed.
type multiplication struct {
	batch   int
	alpha   float32
	alphaOf func(z int) float32 // instead, where it is not the same for all
	a, b    stack
	beta    float32
	c       stack
}

// byTiles is [multiplication.multiply] on goroutines, each doing all that there is to a tile.
func (m *multiplication) byTiles(s shape, before, after func(tile)) {
	s.tiles(m.batch, m.c.rows, m.c.cols, func(t tile) {
		if before != nil {
			before(t)
		}
		a, b := m.a.at(t.z).part(t.i, 0, t.rows, m.a.cols), m.b.at(t.z).part(0, t.j, m.a.cols, t.cols)
		alpha := m.alpha
		if m.alphaOf != nil {
			alpha = m.alphaOf(t.z)
		}
		mul(alpha, a, b, m.beta, m.c.block(t))
		if after != nil {
			after(t)
		}
	})
}

// transpose is dst ← srcᵀ, both as they lie in memory.
func transpose(dst, src matrix) {
	rows, cols := transposeVector(dst, src)
	transposeFrom(dst, src, 0, cols)
	transposeFrom(dst, src.part(0, 0, src.rows, cols), rows, 0)
}

// transposeFrom does row i on and column j on, in squares whose rows fit a cache's associativity.
func transposeFrom(dst, src matrix, i, j int) {
	const side = 8
	for i0 := i; i0 < src.rows; i0 += side {
		for j0 := j; j0 < src.cols; j0 += side {
			for i := i0; i < min(i0+side, src.rows); i++ {
				row := src.row(i)
				for j := j0; j < min(j0+side, src.cols); j++ {
					dst.data[j*dst.stride+i] = row[j]
				}
			}
		}
	}
}
