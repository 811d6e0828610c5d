package gpu

import (
	"strconv"

	"hebb/compute"
)

// kernelSums makes the sums of squares of tiles, in registers, and adds up the sums of each row; where that is
// impossible, by bands.
func (l *plan) kernelSums(k compute.KernelSums) {
	p, ok := l.pairing(k.K, k.L, false)
	if ok {
		ok = l.sumsOfTiles(k, p)
	}
	if !ok && l.err == nil {
		l.sumsOfBands(k)
	}
}

// sumsOfTiles plans k as p, or nothing if a binding is too small for it. A square of tiles gives each of its rows a
// number for every sum: sums × widths × members × squares × rows of them, Sum first.
func (l *plan) sumsOfTiles(k compute.KernelSums, p *pairing) bool {
	widths, batch, m := k.Dims()
	p.ins[5], p.ins[6] = p.vector(k.A, widths), p.vector(k.B, k.L.Widths())
	var outs []*compute.Tensor
	for _, o := range []struct {
		t    *compute.Tensor
		name string
	}{{k.Sum, "SUM"}, {k.Dot, "DOT"}} {
		if o.t != nil {
			outs, p.defines = append(outs, o.t), append(p.defines, o.name)
		}
	}
	p.defines = append(p.defines, "OUTS "+strconv.Itoa(len(outs)))
	side, squares, ok := l.squaresOf(p, len(outs)*widths)
	if !ok {
		return false
	}
	l.norms(p)
	line := squares * side * p.bm
	sums := l.own(scratchTiles, len(outs)*widths*batch, squares, line, axisTerm, axisRow)
	shown := operand{mem: sums.mem, reach: l.scratch[scratchTiles] - 1}
	d := l.pass(p, "kernelsums", band{members: batch}, shown, none)
	d.args.Splits, d.args.Lanes, d.args.Skip[0][0] = int32(side), int32(squares), int32(line)
	l.launch(d, squares*squares, 1, batch)
	for i, t := range outs {
		f := fold{kind: "SUM", formula: itself, size: extent{1, widths * batch, m, 1, squares}, columns: true}
		f.in[1] = sums.from(i*widths*batch, 0)
		f.out[0] = p.vector(t, 1).written()
		f.out[0].stride[axisMember] = m
		f.complete = func(d *dispatch, _ box) { d.args.Alpha = 1 }
		l.fold(f)
	}
	return true
}

// squaresOf returns the side of a square, in tiles, and the number of squares along a row: the smallest for which the
// sums, of every row, fit the scratch memory.
func (l *plan) squaresOf(p *pairing, sums int) (side, squares int, ok bool) {
	if !l.whole(p) {
		return 0, 0, false
	}
	for side = 1; ; side *= 2 {
		squares = (p.m + side*p.bm - 1) / (side * p.bm)
		n := sums * p.batch * squares * squares * side * p.bm
		if squares == 1 || n <= l.room(p.k) {
			return side, squares, 4*n <= l.maxBlock
		}
	}
}

// sumsOfBands makes K and L band by band, and folds functions of each row.
func (l *plan) sumsOfBands(k compute.KernelSums) {
	widths, batch, m := k.Dims()
	first, second, matrices := l.similarity(k.K, nil, scratch1, 0), product{}, widths
	if k.Dot != nil {
		second = l.similarity(k.L, nil, scratch2, 0)
		matrices += k.L.Widths()
	}
	for _, b := range l.bands(k.K, matrices) {
		kernel := l.kernels(first, k.K, b, scratchK, 1)
		var other func(width int, col axis) operand
		if k.Dot != nil {
			other = l.kernels(second, k.L, b, scratchL, 1)
		}
		for w := range widths {
			f := &bandFormula{band: b, batch: batch, m: m, col: axisTerm}
			v := f.centred(kernel(w, axisTerm), k.A, w)
			if k.Sum != nil {
				l.rowSums(f, v, k.Sum, w)
			}
			if k.Dot != nil {
				u := w % k.L.Widths()
				v = compute.Mul(v, f.centred(other(u, axisTerm), k.B, u))
				l.rowSums(f, v, k.Dot, w)
			}
		}
	}
}

// centred returns k less the elements of a for its row and its column.
func (f *bandFormula) centred(k operand, a *compute.Tensor, width int) compute.Expr {
	v := f.input(k)
	if a == nil {
		return v
	}
	return compute.Sub(compute.Sub(v, f.input(f.row(a, width))), f.input(f.column(a, width)))
}

// rowSums plans the sums of v along the rows of f's band.
func (l *plan) rowSums(f *bandFormula, v compute.Expr, to *compute.Tensor, width int) {
	r := fold{kind: "SUM", formula: compute.Pointwise(v), size: extent{1, f.members, f.rows, 1, f.m}}
	copy(r.in[1:], f.inputs)
	r.out[0] = f.row(to, width).written()
	r.complete = func(d *dispatch, _ box) { d.args.Alpha = 1 }
	l.fold(r)
}
