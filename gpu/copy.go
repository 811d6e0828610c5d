package gpu

import "hebb/compute"

func (l *plan) copy(c compute.Copy) {
	if c.Dst.Type() != c.Src.Type() {
		l.convert(c)
		return
	}
	dst, src := asWords(c.Dst).written(), asWords(c.Src)
	for _, b := range l.cut(row(wordsOf(c.Dst)), dst, src) {
		d := l.piece("copy", b, dst, src)
		d.args.N /= int32(l.width(&d, d.aligned(0, d.args.N) && d.aligned(1, d.args.N)))
		l.launch(d, groups(d.args.N, 1024), 1, 1)
	}
}

// convert plans a copy from one type to the other. Pieces are cut at multiples of four, and so at whole words of halves.
func (l *plan) convert(c compute.Copy) {
	dst, src := flat(c.Dst).written(), flat(c.Src)
	for _, b := range l.cut(flatSize(c.Dst), dst, src) {
		d := l.piece("convert", b, dst, src)
		d.define(dst.half, "NARROW")
		lanes := max(2, l.width(&d, d.aligned(0, d.args.N) && d.aligned(1, d.args.N)))
		l.launch(d, groups(d.args.N, 256*lanes), 1, 1)
	}
}

// flat returns t as numbers in a row.
func flat(t *compute.Tensor) operand { return line(t, axisCol, t.Len()) }

func flatSize(t *compute.Tensor) extent { return row(t.Len()) }

// row returns an extent of n columns.
func row(n int) extent { return extent{1, 1, 1, n, 1} }

// asWords returns the memory of t, of either Type, as float32s in a row.
func asWords(t *compute.Tensor) operand {
	o := flat(t)
	o.off /= o.perWord()
	o.half = false
	return o
}

func wordsOf(t *compute.Tensor) int {
	per := flat(t).perWord()
	return (t.Len() + per - 1) / per
}
