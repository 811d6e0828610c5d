package gpu

import "hebb/compute"

// standardize plans one pass over X for the statistics, by chunks, and another for Y.
func (l *plan) standardize(s compute.Standardize) {
	rows, cols := s.Dims()
	column := func(t *compute.Tensor, a axis) operand { return line(t, a, cols) }
	f := fold{kind: "MOMENTS", formula: itself, columns: true, size: extent{1, s.Members(), cols, 1, rows}}
	f.in[1] = rowsOf(s.X, rows, cols, axisTerm, axisRow)
	for i, t := range map[int]*compute.Tensor{0: s.Mean, 2: s.Var, 3: s.RunMean, 4: s.RunVar} {
		f.out[i] = column(t, axisRow).written()
	}
	unbias := float64(rows) / float64(max(1, rows-1))
	f.complete = func(d *dispatch, b box) {
		d.args.Alpha, d.args.Beta, d.args.Hi = s.Momentum, 1-s.Momentum, float32(float64(s.Momentum)*unbias)
	}
	l.fold(f)

	ops := []operand{rowsOf(s.Y, rows, cols, axisRow, axisCol).written(), rowsOf(s.X, rows, cols, axisRow, axisCol),
		column(s.Mean, axisCol), column(s.Var, axisCol), column(s.Gain, axisCol), column(s.Bias, axisCol)}
	for _, b := range l.cut(extent{1, s.Members(), rows, cols, 1}, ops...) {
		d := l.piece("standardize", b, ops...)
		d.args.Lo, d.args.Act = s.Eps, int32(s.Act)
		l.launchColumns(d)
	}
}

// standardizeGrad plans one pass for both sums of each column, and another for DX.
func (l *plan) standardizeGrad(s compute.StandardizeGrad) {
	rows, cols := s.Dims()
	ins := func(row, col axis) []operand {
		return []operand{none, rowsOf(s.X, rows, cols, row, col), rowsOf(s.DY, rows, cols, row, col), rowsOf(s.Y, rows, cols, row, col),
			line(s.Mean, col, cols), line(s.Var, col, cols)}
	}
	f := fold{kind: "GRADS", columns: true, size: extent{1, s.Members(), cols, 1, rows}}
	copy(f.in[:], ins(axisTerm, axisRow))
	f.out[0], f.out[6] = line(s.DGain, axisRow, cols).written(), line(s.DBias, axisRow, cols).written()
	f.out[7] = l.sums(s.Members(), cols, axisRow).written()
	f.complete = func(d *dispatch, b box) { d.args.Lo, d.args.Grad = s.Eps, int32(s.Act) }
	l.fold(f)

	ops := append(ins(axisRow, axisCol), line(s.Gain, axisCol, cols), l.sums(s.Members(), cols, axisCol))
	ops[0] = rowsOf(s.DX, rows, cols, axisRow, axisCol).written()
	for _, b := range l.cut(extent{1, s.Members(), rows, cols, 1}, ops...) {
		d := l.piece("standardizegrad", b, ops...)
		d.args.Lo, d.args.Grad, d.args.Alpha = s.Eps, int32(s.Act), float32(1/float64(rows))
		l.launchColumns(d)
	}
}

// rowsOf returns t as a batch of rows×cols matrices, or none if t is nil.
func rowsOf(t *compute.Tensor, rows, cols int, row, col axis) operand {
	if t == nil {
		return none
	}
	o := operand{mem: memory{buf: t.Buffer()}, off: t.Offset(), ld: cols}
	o.stride[axisMember], o.stride[row], o.stride[col] = rows*cols, cols, 1
	return o
}

// sums returns scratch for two sums per column and member; the second lies ld numbers after the first.
func (l *plan) sums(members, cols int, col axis) operand {
	step := groups(int32(cols), 4) * 4
	l.scratch[scratch1] = max(l.scratch[scratch1], 2*step*members)
	o := operand{mem: memory{scratch: scratch1 + 1}, ld: step, reach: step}
	o.stride[axisMember], o.stride[col] = 2*step, 1
	return o
}

// launchColumns launches d with threads that walk down columns. Each thread takes several rows if enough threads remain
// to fill all processors.
func (l *plan) launchColumns(d dispatch) {
	x, y := d.rows(l.width(&d, d.vectors(d.args.N, 0)))
	members := int(d.args.Batch)
	l.launch(d, x, max((y+7)/8, min(y, fullGroups*l.processors/(x*members))), members)
}
