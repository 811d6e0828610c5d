//go:build !openblas || !cgo

package cpu

// runLength is the number of terms of a sum added up at a time: the rows of a tile and a panel of that length stay in
// the first level of cache.
var runLength = 256

// mul is C ← α·A·B + β·C on one core, C not being transposed. Where β is 0, C is not read. Panel after panel of B is
// packed and multiplied by all rows of A, which are read in place, or packed too if A is transposed.
func (k kernel) mul(alpha float32, a, b matrix, beta float32, c matrix) {
	if beta != 0 && beta != 1 {
		for i := range c.rows {
			scale(c.row(i), c.row(i), beta)
		}
	}
	most := min(runLength, a.cols)
	s := borrow(most * (k.width + blocks(a.rows, tileRows)*tileRows))
	defer giveBack(s)
	for p := 0; p < a.cols; p += runLength {
		n := min(runLength, a.cols-p)
		panel, packed := (*s)[:n*k.width], (*s)[n*k.width:]
		rows, plus := runsOf(a.part(0, p, a.rows, n), packed), beta != 0 || p > 0
		for j := 0; j < c.cols; j += k.width {
			part := c.part(0, j, c.rows, min(k.width, c.cols-j))
			k.fill(panel, b.part(p, j, n, part.cols))
			k.rows(alpha, rows, panel, plus, part)
		}
	}
}

// runs are the rows of a matrix in the form of segments.
type runs struct {
	data       []float32
	row, group int // strides from row to row of a tile, and from tile to tile
	step, k    int // the stride within a row, and its length
}

func runsOf(a matrix, s []float32) runs {
	if !a.transposed {
		return runs{a.data, a.stride, tileRows * a.stride, 1, a.cols}
	}
	bySixes(s, a.t(), a.cols)
	return runs{s, 1, tileRows * a.cols, tileRows, a.cols}
}

// rows is C ← α·A·panel or, with plus, C ← C + α·A·panel.
func (k kernel) rows(alpha float32, a runs, panel []float32, plus bool, c matrix) {
	var s [1]segment
	s[0].k = a.k
	for i := 0; i < c.rows; i += tileRows {
		var to tileOut
		for r := range to {
			row := r
			if i+r >= c.rows {
				row = 0
			}
			s[0].rows[r], to[r] = &a.data[i/tileRows*a.group+row*a.row], &c.data[(i+row)*c.stride]
		}
		k.tile(&to, 0, c.cols, s[:], 4*a.step, panel, alpha, plus)
	}
}
