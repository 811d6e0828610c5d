package gpu

// A reduction is out[i] = scale·Σ_p a[i,p]·b[i,p], without b Σ_p a[i,p], for each member of a batch.
// Its outputs lie along the rows' axis.
type reduction struct {
	size    extent
	out     operand
	a, b    operand
	columns bool // the terms lie from row to row of memory
	scale   float32
}

func (l *plan) reduce(r reduction) {
	for _, b := range l.cut(r.size, r.out, r.a, r.b) {
		d := l.piece("reduce", b, r.out.written(), r.a, r.b)
		d.args.Alpha = r.scale
		d.define(r.b != none, "DOT")
		d.define(r.columns, "COLUMNS")
		d.define(b.at[axisTerm] > 0, "ADD")
		d.define(l.naive(), "NAIVE")
		outputs := 32 // of a group, as in reduce.comp
		if l.naive() {
			outputs = 256
		}
		l.launch(d, groups(d.args.M, outputs), 1, int(d.args.Batch))
	}
}
