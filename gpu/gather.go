package gpu

import "hebb/compute"

// gatherRows plans a Gather. Where X is cut, each piece copies the rows that it has, and the first one writes zeros for
// invalid row numbers.
func (l *plan) gatherRows(g compute.Gather) {
	batch, m, n, cols := g.Dims()
	out, x := grid(g.Out, axisRow, axisCol).written(), grid(g.X, axisTerm, axisCol)
	rows := line(g.Rows, axisRow, m)
	for _, b := range l.cut(extent{1, batch, m, cols, n}, out, x, rows) {
		d := l.piece("rows", b, out, x, rows)
		across, down := d.rows(l.width(&d, d.aligned(0, d.args.N) && d.aligned(1, d.args.N)))
		l.launch(d, across, down, int(d.args.Batch))
	}
}
