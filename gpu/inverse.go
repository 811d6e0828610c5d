package gpu

import (
	"fmt"

	"hebb/compute"
)

// An inversion plans a [compute.Inverse] in blocks. Two matrices take turns: Inv holds the remainder of A and later M,
// the other L and later MᵀM, so that no product reads its own output. The diagonal blocks lie by themselves, below each
// other: the remainder of A's and, from one group each and in double precision, the inverses M_J of their factors and
// M_JᵀM_J.
type inversion struct {
	*plan
	op                    compute.Inverse
	batch, n              int
	inv, other            operand
	diagonal, m, mm, info operand
}

// inverseBlock is the size of the diagonal blocks, and inversePanel the number of rows of MᵀM in one product.
const inverseBlock, inversePanel = compute.InverseBlock, 128

func (l *plan) inverse(op compute.Inverse) {
	batch, n := op.Dims()
	own := func(which, cols int) operand { return l.own(which, batch, n, cols, axisRow, axisCol) }
	v := inversion{
		plan: l, op: op, batch: batch, n: n,
		inv: grid(op.Inv, axisRow, axisCol), other: own(scratch1, n),
		diagonal: own(scratch2, inverseBlock), m: own(scratchRows, inverseBlock), mm: own(scratchCols, inverseBlock),
		info: operand{mem: memory{buf: op.Info.Buffer()}, off: op.Info.Offset(), stride: extent{axisMember: 1}},
	}
	v.begin()
	for j := 0; j < n; j += inverseBlock {
		v.factor(j)
	}
	v.place("FILL", v.inv, v.m)
	for j := (n - 1) / inverseBlock * inverseBlock; j >= 0; j -= inverseBlock {
		v.invert(j)
	}
	v.multiply()
	v.end()
}

// width returns the size of the block from j on.
func (v *inversion) width(j int) int { return min(inverseBlock, v.n-j) }

// part returns o from row i and column j on, with its rows and columns along the given axes.
func part(o operand, i, j int, row, col axis) operand {
	o.off += i*o.ld + j
	o.stride = extent{axisMember: o.stride[axisMember]}
	o.stride[row], o.stride[col] = o.ld, 1
	return o
}

// whole returns all of o, and beside the row of the diagonal blocks beside each row of a matrix.
func whole(o operand) operand { return part(o, 0, 0, axisRow, axisCol) }
func beside(o operand) operand {
	o.stride[axisCol], o.reach = 0, inverseBlock-1
	return o
}

// times is out ← alpha·a·b + beta·out with rows, cols and terms as sizes.
func (v *inversion) times(out, a, b operand, rows, cols, terms int, alpha, beta float32) product {
	w := layer(compute.Epilogue{Alpha: alpha, Beta: beta}, cols)
	w.size = extent{1, v.batch, rows, cols, terms}
	w.out, w.a, w.b = out, a, b
	w.transA, w.transB = a.stride[axisTerm] > 1, b.stride[axisTerm] == 1 && b.stride[axisCol] > 1
	return w
}

// begin copies A's lower triangle to the working matrices, and clears Info.
func (v *inversion) begin() {
	ops := []operand{whole(v.inv).written(), grid(v.op.A, axisRow, axisCol), beside(v.diagonal).written(), v.info.written()}
	v.each(v.n, "BEGIN", ops, func(d *dispatch) { d.args.Alpha = v.op.Shift })
}

// place writes blocks to the diagonal of a matrix; with FILL it writes zeros elsewhere.
func (v *inversion) place(mode string, to, blocks operand) {
	v.each(v.n, mode, []operand{whole(to).written(), none, beside(blocks)}, func(*dispatch) {})
}

// end writes the lower triangle of MᵀM and its mirror image to Inv, or NaN where there is no inverse.
func (v *inversion) end() {
	mirror := part(v.other, 0, 0, axisCol, axisRow)
	v.each(v.n, "END", []operand{whole(v.inv).written(), whole(v.other), mirror, v.info}, func(*dispatch) {})
}

// each plans a pass over all elements of the matrices.
func (v *inversion) each(n int, mode string, ops []operand, complete func(d *dispatch)) {
	for _, b := range v.cut(extent{1, v.batch, n, n, 1}, ops...) {
		d := v.piece("inverse", b, ops...)
		d.define(true, mode)
		complete(&d)
		v.launch(d, groups(d.args.N, 64), groups(d.args.M, 4), int(d.args.Batch))
	}
}

// factor computes the columns of L from j on, one block wide, from A's less the products of the columns before: the
// diagonal block, and the blocks below it, solved with it by way of its inverse.
func (v *inversion) factor(j int) {
	w := v.width(j)
	next, rest := j+w, v.n-j-w
	if j > 0 {
		rows := part(v.other, j, 0, axisCol, axisTerm)
		v.product(v.times(part(v.diagonal, j, 0, axisRow, axisCol), part(v.other, j, 0, axisRow, axisTerm), rows, w, w, j, -1, 1))
		if rest > 0 {
			v.product(v.times(part(v.inv, next, j, axisRow, axisCol), part(v.other, next, 0, axisRow, axisTerm), rows, rest, w, j, -1, 1))
		}
	}
	v.block(j, w)
	if rest > 0 {
		v.product(v.times(part(v.other, next, j, axisRow, axisCol), part(v.inv, next, j, axisRow, axisTerm),
			part(v.m, j, 0, axisCol, axisTerm), rest, w, w, 1, 0))
	}
}

// block plans M_J and M_JᵀM_J of the diagonal block of w rows from j on.
func (v *inversion) block(j, w int) {
	at := func(o operand) operand { return part(o, j, 0, axisRow, axisCol) }
	ops := []operand{at(v.m).written(), at(v.diagonal), at(v.mm).written(), v.info.written()}
	for _, b := range v.cut(extent{1, v.batch, w, w, 1}, ops...) {
		if b.n[axisRow] < w || b.n[axisCol] < w {
			v.err = fmt.Errorf("gpu: a storage block of %d bytes is too small for %d×%d numbers", v.maxBlock, w, w)
			return
		}
		d := v.piece("inverseblock", b, ops...)
		d.args.Row0 = int32(j)
		v.launch(d, 1, 1, int(d.args.Batch))
	}
}

// invert computes the columns of M from j on below the diagonal block, from those after them.
func (v *inversion) invert(j int) {
	w := v.width(j)
	next, rest := j+w, v.n-j-w
	if rest == 0 {
		return
	}
	p := v.times(part(v.diagonal, next, 0, axisRow, axisCol), part(v.inv, next, next, axisRow, axisTerm),
		part(v.other, next, j, axisTerm, axisCol), rest, w, rest, -1, 0)
	p.defines = []string{"LOWER_A"}
	v.product(p)
	v.product(v.times(part(v.inv, next, j, axisRow, axisCol), part(v.diagonal, next, 0, axisRow, axisTerm),
		part(v.m, j, 0, axisTerm, axisCol), rest, w, w, 1, 0))
}

// multiply computes MᵀM on and below the diagonal. The diagonal blocks start from their double-precision values, which
// are more exact than sums of products of float32s.
func (v *inversion) multiply() {
	for i := 0; i < v.n; i += inversePanel {
		rows := min(inversePanel, v.n-i)
		v.product(v.times(part(v.other, i, 0, axisRow, axisCol), part(v.inv, i, i, axisTerm, axisRow),
			part(v.inv, i, 0, axisTerm, axisCol), rows, i+rows, v.n-i, 1, 0))
	}
	v.place("KEEP", v.other, v.mm)
	for j := 0; j+inverseBlock < v.n; j += inverseBlock {
		next := j + inverseBlock
		v.product(v.times(part(v.other, j, j, axisRow, axisCol), part(v.inv, next, j, axisTerm, axisRow),
			part(v.inv, next, j, axisTerm, axisCol), inverseBlock, inverseBlock, v.n-next, 1, 1))
	}
}
