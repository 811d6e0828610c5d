package gpu

import "hebb/compute"

func (l *plan) copy(c compute.Copy) {
	dst, src := flat(c.Dst).written(), flat(c.Src)
	for _, b := range l.cut(flatSize(c.Dst), dst, src) {
		d := l.piece("copy", b, dst, src)
		if !l.naive() && d.aligned(0, d.args.N) && d.aligned(1, d.args.N) {
			d.define(true, "VEC")
			d.args.N /= 4
		}
		l.launch(d, groups(d.args.N, 1024), 1, 1)
	}
}

// flat is t as numbers in a row.
func flat(t *compute.Tensor) operand { return line(t, axisCol, t.Len()) }

func flatSize(t *compute.Tensor) extent { return extent{1, 1, 1, t.Len(), 1} }
