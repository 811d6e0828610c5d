package gpu

import (
	"fmt"

	"hebb/compute"
)

// resample plans a group of threads for each row; no row is cut.
func (l *plan) resample(r compute.Resample) {
	rows, n := r.Dims()
	whole := func(t *compute.Tensor) operand { return rowsOf(t, rows, n, axisRow, axisCol) }
	ops := []operand{whole(r.Out).written(), whole(r.Weights), line(r.Start, axisRow, rows)}
	for _, b := range l.cut(extent{1, 1, rows, n, 1}, ops...) {
		if b.n[axisCol] < n {
			l.err = fmt.Errorf("gpu: a storage block of %d bytes is too small for a row of %d particles", l.maxBlock, n)
			return
		}
		d := l.piece("resample", b, ops...)
		d.args.Alpha, d.args.Beta = r.Steps(), 1/r.Steps()
		if l.naive() {
			d.define(true, "NAIVE")
			l.launch(d, groups(d.args.M*d.args.N, 256), 1, 1)
			continue
		}
		l.launch(d, int(d.args.M), 1, 1)
	}
}
