package compute

import (
	"fmt"
	"math"
)

// Gather is Out[z, i, j] = X[z, Rows[z, i], j]: m rows of X by their numbers, for each member z of a batch. An X or a
// Rows of batch 1 serves all members; each member has row numbers of its own, which may repeat.
//
// The number of a row is an integer in [0, n), kept as a float32 as labels are ([SoftmaxLoss]), so n is at most 2²⁴.
// For any other number (negative, n and above, a fraction, NaN) the row of Out is zeros: a particle without a parent, a
// missing example. Exact, subnormals included. Cost: no flops; Out written, as much of X read, and Rows.
type Gather struct {
	Out  *Tensor // batch × m × cols
	X    *Tensor // batch × n × cols, or 1 × n × cols
	Rows *Tensor // batch × 1 × m, or m numbers of any shape
}

func (g Gather) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, g.Out), append(ins, g.X, g.Rows)
}

// Dims returns the number of members, the rows of Out and of X in each, and the columns.
func (g Gather) Dims() (batch, m, n, cols int) {
	return g.Out.Batch(), g.Out.Rows(), g.X.Rows(), g.Out.Cols()
}

// mostWhole is the number of consecutive integers from 0 that float32s represent exactly.
const mostWhole = 1 << 24

func (g Gather) check() error {
	batch, m, n, cols := g.Dims()
	switch {
	case g.X.Cols() != cols || g.X.Batch() != 1 && g.X.Batch() != batch:
		return fmt.Errorf("Out%v of X%v, want rows of one length, and an X of batch %d or 1", g.Out, g.X, batch)
	case g.Rows.n != m && !(g.Rows.n == batch*m && g.Rows.Batch() == batch):
		return fmt.Errorf("Rows is %v for Out%v, want [%d 1 %d] or [%d]", g.Rows, g.Out, batch, m, m)
	case n > mostWhole:
		return fmt.Errorf("X%v has %d rows, want at most %d, which float32s tell apart", g.X, n, mostWhole)
	}
	return nil
}

func (g Gather) define(before Contents) func(out, i int) Val {
	_, m, n, cols := g.Dims()
	x, rows := before[g.X], before[g.Rows]
	return func(_, i int) Val {
		z, row := i/cols/m, float64(rows[i/cols%len(rows)])
		if !(0 <= row && row < float64(n)) || row != math.Trunc(row) {
			return Val{}
		}
		if v := x[(z%g.X.Batch()*n+int(row))*cols+i%cols]; finite(v) {
			return exact(v)
		}
		return unbounded
	}
}

func (g Gather) cost() Cost { return Cost{0, 4 * (2*int64(g.Out.n) + int64(g.Rows.n))} }
