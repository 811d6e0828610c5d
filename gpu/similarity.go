package gpu

import "hebb/compute"

// similarity returns the product X·Yᵀ, y nil being X itself, with the kernel as its finish, which writes all widths at
// once; it plans the norms before, into the given memories. The caller sets the destination and the part to compute.
// The tiled rung evaluates ‖x−y‖² as ‖x‖²+‖y‖²−2x·y, the naive one as Σ(x−y)².
func (l *plan) similarity(s compute.Similarity, y *compute.Tensor, ofX, ofY int) product {
	w := product{file: "gram", pass: "GRAM", a: left(s.X, false), transB: true, kind: s.Kernel}
	if w.b = right(s.X, true); y != nil {
		w.b = right(y, true)
	}
	for i := range s.Sigma {
		w.factor = append(w.factor, float32(s.Factor(i)))
	}
	switch {
	case s.Kernel == compute.Linear:
	case s.Kernel == compute.Gaussian && l.naive():
		w.defines = []string{"DISTANCE"}
	default:
		l.squares(s.X, ofX)
		w.ins[0] = l.ownLine(ofX, s.X.Batch(), s.X.Rows(), axisRow).singly()
		if y == nil {
			w.ins[1] = l.ownLine(ofX, s.X.Batch(), s.X.Rows(), axisCol)
		} else {
			l.squares(y, ofY)
			w.ins[1] = l.ownLine(ofY, y.Batch(), y.Rows(), axisCol)
		}
	}
	return w
}

// squares plans ‖x‖² of all rows of t.
func (l *plan) squares(t *compute.Tensor, to int) {
	l.reduce(reduction{
		size: extent{1, t.Batch(), t.Rows(), 1, t.Cols()}, scale: 1,
		out: l.ownLine(to, t.Batch(), t.Rows(), axisRow), a: left(t, false), b: left(t, false),
	})
}

// A band is some rows of the m×m matrices of some members.
type band struct{ z, members, i, rows int }

// bandFloats is the number of kernel matrix entries stored at a time, unless four times X is more.
const bandFloats = 1 << 22

// room returns the most numbers that the kernels of s may take.
func (p *planner) room(s compute.Similarity) int {
	if p.stored > 0 {
		return p.stored
	}
	return max(bandFloats, 4*s.X.Len())
}

// bands cuts the given number of matrices of s, stored side by side, into bands whose memory is O(m·d).
func (p *planner) bands(s compute.Similarity, matrices int) (all []band) {
	batch, m := s.X.Batch(), s.X.Rows()
	most := p.room(s) / (matrices * m) // rows
	members := max(1, min(batch, most/min(m, 64)))
	rows := max(1, min(m, most/members))
	if rows < m && rows > 64 {
		rows = rows / 64 * 64
	}
	for z := 0; z < batch; z += members {
		for i := 0; i < m; i += rows {
			all = append(all, band{z, min(members, batch-z), i, min(rows, m-i)})
		}
	}
	return all
}

// kernels plans the rows of w, a similarity of X with itself, that lie in b, for all widths, and returns them. A kernel
// with norms has the given value on the diagonal.
func (l *plan) kernels(w product, s compute.Similarity, b band, to int, diagonal float32) func(width int, col axis) operand {
	m, d := s.X.Rows(), s.X.Cols()
	w.size = extent{s.Widths(), b.members, b.rows, m, d}
	w.out = l.own(to, s.Widths()*b.members, b.rows, m, axisRow, axisCol)
	w.out.stride[axisWidth] = b.members * b.rows * m
	w.a = w.a.from(b.z, b.i)
	w.b = w.b.from(b.z, 0)
	if w.ins[0] != none {
		w.ins = [2]operand{w.ins[0].from(b.z, b.i), w.ins[1].from(b.z, 0)}
	}
	if s.Kernel != compute.Linear {
		w.defines = append([]string{"DIAGONAL"}, w.defines...)
		w.lo, w.first = diagonal, b.i
	}
	l.product(w)
	return func(width int, col axis) operand {
		o := l.own(to, s.Widths()*b.members, b.rows, m, axisRow, col)
		o.off = width * b.members * b.rows * m
		return o
	}
}

// from returns o from a member and a row on.
func (o operand) from(z, i int) operand {
	o.off += z*o.stride[axisMember] + i*o.stride[axisRow]
	return o
}

// A bandFormula is a pointwise formula over a band; its inputs are added one by one.
type bandFormula struct {
	band
	batch, m int
	col      axis // along which its columns lie
	inputs   []operand
}

func (f *bandFormula) input(o operand) compute.Expr {
	f.inputs = append(f.inputs, o)
	return compute.Var(len(f.inputs) - 1)
}

// row and column return t, a number for each width, member and row of a kernel matrix, as an input that varies along
// f's rows or columns.
func (f *bandFormula) row(t *compute.Tensor, width int) operand {
	o := f.each(t, width)
	o.off += f.i
	o.ld, o.stride[axisRow] = 1, 1
	return o
}

func (f *bandFormula) column(t *compute.Tensor, width int) operand {
	o := f.each(t, width)
	o.stride[f.col] = 1
	return o
}

func (f *bandFormula) each(t *compute.Tensor, width int) operand {
	o := operand{mem: memory{buf: t.Buffer()}, off: t.Offset() + (width*f.batch+f.z)*f.m}
	o.stride[axisMember] = f.m
	return o
}
