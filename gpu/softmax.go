package gpu

import (
	"fmt"

	"hebb/compute"
)

// softmaxLoss plans one pass that gives each row a team of threads; no row is cut.
func (l *plan) softmaxLoss(s compute.SoftmaxLoss) {
	n, classes := s.Dims()
	whole := func(t *compute.Tensor) operand { return rowsOf(t, n, classes, axisRow, axisCol) }
	each := func(t *compute.Tensor) operand { return line(t, axisRow, n) }
	ops := []operand{each(s.Loss).written(), each(s.Hit).written(), whole(s.Delta), whole(s.Logits), each(s.Labels)}
	if s.Delta != nil {
		ops[2] = ops[2].written()
	}
	for _, b := range l.cut(extent{1, 1, n, classes, 1}, ops...) {
		if b.n[axisCol] < classes {
			l.err = fmt.Errorf("gpu: a storage block of %d bytes is too small for a row of %d classes", l.maxBlock, classes)
			return
		}
		d := l.piece("softmax", b, ops...)
		d.args.Alpha = s.Scale
		lanes := crew(groups(d.args.N, l.width(&d, d.aligned(2, d.args.N) && d.aligned(3, d.args.N))))
		if l.naive() {
			lanes = power(groups(d.args.N, rounds), 256)
		}
		d.args.Lanes = int32(lanes)
		l.launch(d, groups(d.args.M, 256/lanes), 1, 1)
	}
}
