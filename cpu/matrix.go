package cpu

import (
	"gonum.org/v1/gonum/blas"

	"hebb/compute"
)

// A matrix is a block of a tensor or of scratch, stored row by row, or its transpose.
type matrix struct {
	rows, cols int // after transposition
	stride     int // between the rows in memory
	transposed bool
	data       []float32
}

// member returns matrix z of t's batch; a batch of one serves every z.
func member(t *compute.Tensor, z int) matrix {
	m := matrix{rows: t.Rows(), cols: t.Cols(), stride: t.Cols(), data: values(t)}
	if n := m.rows * m.cols; len(m.data) > n {
		m.data = m.data[z*n:][:n]
	}
	return m
}

// share returns the part of t that belongs to member z of members.
func share(t *compute.Tensor, z, members int) []float32 {
	n := t.Len() / members
	return values(t)[z*n:][:n]
}

// dense returns a matrix in s, without gaps between its rows.
func dense(rows, cols int, s []float32) matrix {
	return matrix{rows: rows, cols: cols, stride: cols, data: s[:rows*cols]}
}

// part returns the block of m whose first element is i, j.
func (m matrix) part(i, j, rows, cols int) matrix {
	r, c, at := rows, cols, i*m.stride+j
	if m.transposed {
		r, c, at = cols, rows, j*m.stride+i
	}
	return matrix{rows, cols, m.stride, m.transposed, m.data[at:][:(r-1)*m.stride+c]}
}

// t returns the transpose of m, in the same memory.
func (m matrix) t() matrix {
	m.rows, m.cols, m.transposed = m.cols, m.rows, !m.transposed
	return m
}

// tIf returns m.t() if so, else m.
func (m matrix) tIf(so bool) matrix {
	if so {
		return m.t()
	}
	return m
}

// row returns row i of a matrix that is not transposed.
func (m matrix) row(i int) []float32 { return m.data[i*m.stride:][:m.cols] }

// flag returns BLAS's name for it.
func (m matrix) flag() blas.Transpose {
	if m.transposed {
		return blas.Trans
	}
	return blas.NoTrans
}

// sgemm does C ← α·A·B + β·C by BLAS, with C not transposed. If β is 0, C is not read.
func sgemm(alpha float32, a, b matrix, beta float32, c matrix) {
	engine.Sgemm(a.flag(), b.flag(), c.rows, c.cols, a.cols, alpha, a.data, a.stride, b.data, b.stride, beta, c.data, c.stride)
}

// A stack is the first matrix of a batch; the others follow, each step numbers after the last. A step of 0 repeats one.
type stack struct {
	matrix
	step int
}

// stacked returns the batch of t.
func stacked(t *compute.Tensor) stack {
	s := stack{matrix: matrix{rows: t.Rows(), cols: t.Cols(), stride: t.Cols(), data: values(t)}}
	if n := s.rows * s.cols; len(s.data) > n {
		s.step = n
	}
	return s
}

// tIf returns s with its matrices transposed if so, else s.
func (s stack) tIf(so bool) stack {
	s.matrix = s.matrix.tIf(so)
	return s
}

// at returns matrix z.
func (s stack) at(z int) matrix {
	m := s.matrix
	m.data = m.data[z*s.step:]
	return m
}

// block returns the block of s at tile t.
func (s stack) block(t tile) matrix { return s.at(t.z).part(t.i, t.j, t.rows, t.cols) }

// A multiplication is C ← clip(keep·C + α·A·B) for each matrix of a batch, with C not transposed, and what then becomes of C.
type multiplication struct {
	batch   int
	a, b, c stack
	outcome
	alphas  []float32 // unless nil, factors of α for each matrix
	keepsOf []float32 // unless nil, the factors of all rows of all matrices of C
	then    epilogue
}

// tile takes a tile through all its stages.
func (m *multiplication) tile(t tile) {
	a, b, c := m.a.at(t.z).part(t.i, 0, t.rows, m.a.cols), m.b.at(t.z).part(0, t.j, m.a.cols, t.cols), m.c.block(t)
	o := m.outcome
	if m.alphas != nil {
		o.alpha *= m.alphas[t.z]
	}
	if m.keepsOf != nil {
		o.keeps = m.keepsOf[t.z*m.c.rows+t.i:]
	}
	o.mul(a, b, c)
	if !m.then.empty() {
		m.then.finish(c, t.z*m.c.rows+t.i, t.j)
	}
}

// copyRows does dst ← src, ignoring that either may be marked as transposed.
func copyRows(dst, src matrix) {
	for i := copyVector(dst, src); i < src.rows; i++ {
		copy(dst.row(i), src.row(i))
	}
}

// transpose does dst ← srcᵀ, ignoring that either may be marked as transposed.
func transpose(dst, src matrix) {
	rows, cols := transposeVector(dst, src)
	transposeFrom(dst, src, 0, cols)
	transposeFrom(dst, src.part(0, 0, src.rows, cols), rows, 0)
}

// transposeFrom transposes from row i and column j on, in squares whose rows fit a cache's associativity.
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
