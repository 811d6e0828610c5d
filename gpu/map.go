package gpu

import "hebb/compute"

func (l *plan) pointwise(m compute.Map) {
	f := over(m.Out, m.In)
	f.flatten()
	size, ops := f.along(axisRow, axisCol)
	l.apply(m.F, size, ops)
}

// apply plans a formula over rows and columns: the first operand is the output, the others the inputs.
func (l *plan) apply(f *compute.Func, size extent, ops []operand) {
	ops[0] = ops[0].written()
	for _, b := range l.cut(size, ops...) {
		d := l.piece("map", b, ops...)
		d.formula(f)
		d.define(f.Old, "OLD")
		d.spread(axisCol, ops)
		x, y := d.rows(l.width(&d, d.vectors(d.args.N, 0)))
		l.launch(d, x, y, int(d.args.Batch))
	}
}

// width returns how many numbers the shader of d takes at a time: four if possible, unless it is the naive one.
func (l *plan) width(d *dispatch, possible bool) int {
	if l.naive() || !possible {
		return 1
	}
	d.define(true, "VEC")
	return 4
}

// rows shares a group's 256 threads out among rows, lanes neighbours in each, so that the fewest lie beyond the ends of
// rows or below the last. It returns the number of groups that cover a member.
func (d *dispatch) rows(width int) (x, y int) {
	cells, m := groups(d.args.N, width), int(d.args.M)
	at := func(lanes int) (x, y int) { return (cells + lanes - 1) / lanes, (m*lanes + 255) / 256 }
	best := power(cells, 256)
	for lanes := best / 2; lanes >= 32; lanes /= 2 {
		x, y := at(lanes)
		if bx, by := at(best); 8*x*y < 7*bx*by {
			best = lanes
		}
	}
	d.args.Lanes = int32(best)
	return at(best)
}

// power is the smallest power of two that is at least n, or most.
func power(n, most int) int {
	p := 1
	for p < n && p < most {
		p *= 2
	}
	return p
}

// spread marks the operands that have one number for all columns, which lie along a.
func (d *dispatch) spread(a axis, ops []operand) {
	for i, o := range ops {
		if o != none && o.stride[a] == 0 {
			d.args.Spread |= 1 << i
		}
	}
}

// vectors reports whether n columns can be taken four at a time in all buffers, from a binding point on, that have
// columns of their own.
func (d *dispatch) vectors(n int32, from int) bool {
	for i := from; i < len(d.binds); i++ {
		if d.args.Bound>>i&1 == 1 && d.args.Spread>>i&1 == 0 && !d.aligned(i, n) {
			return false
		}
	}
	return n%4 == 0
}

// A field is the domain of a pointwise formula: members, rows and columns, and how tensors lie over them, the first of
// which is the domain itself.
type field struct {
	n       [3]int
	tensors []*compute.Tensor
	steps   [][3]int
}

func over(domain *compute.Tensor, in []*compute.Tensor) *field {
	f := &field{n: [3]int{domain.Batch(), domain.Rows(), domain.Cols()}}
	for _, t := range append([]*compute.Tensor{domain}, in...) {
		s := t.SpreadOver(domain)
		f.tensors = append(f.tensors, t)
		f.steps = append(f.steps, [3]int{s.Batch, s.Row, s.Col})
	}
	return f
}

// join merges members and rows (0) or rows and columns (1), if every tensor passes through both as through one.
func (f *field) join(outer int) {
	inner := outer + 1
	for _, s := range f.steps {
		if f.n[inner] > 1 && f.n[outer] > 1 && s[outer] != f.n[inner]*s[inner] {
			return
		}
	}
	for i := range f.steps {
		if f.n[inner] == 1 {
			f.steps[i][inner] = f.steps[i][outer]
		}
		f.steps[i][outer] = 0
	}
	f.n[outer], f.n[inner] = 1, f.n[outer]*f.n[inner]
}

// flatten joins all dimensions that it can, from the columns on.
func (f *field) flatten() {
	f.join(0)
	f.join(1)
	f.join(0) // members, if each is one row now
}

// along returns the size of f and its tensors as operands, rows and columns lying along the given axes.
func (f *field) along(row, col axis) (extent, []operand) {
	size := extent{1, f.n[0], 1, 1, 1}
	size[row], size[col] = f.n[1], f.n[2]
	ops := make([]operand, len(f.tensors))
	for i, t := range f.tensors {
		s := f.steps[i]
		o := operand{mem: memory{buf: t.Buffer()}, off: t.Offset(), ld: s[1]}
		o.stride[axisMember], o.stride[row], o.stride[col] = s[0], s[1], s[2]
		ops[i] = o
	}
	return size, ops
}
