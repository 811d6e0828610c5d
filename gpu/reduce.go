package gpu

import "hebb/compute"

var foldNames = map[compute.Fold]string{compute.FoldSum: "SUM", compute.FoldMax: "MAX", compute.FoldArgMax: "ARGMAX"}

// The formulas folded for ops without one: one input, its square, or a product of two.
var (
	itself     = compute.Pointwise(compute.Var(0))
	squared    = func() *compute.Func { x := compute.Var(0); return compute.Pointwise(compute.Mul(x, x)) }()
	multiplied = compute.Pointwise(compute.Mul(compute.Var(0), compute.Var(1)))
)

func (l *plan) reduceTensor(r compute.Reduce) {
	over := over(r.In[0], r.In)
	f := fold{kind: foldNames[r.Fold], formula: r.F}
	if f.formula == nil {
		f.formula = itself
	}
	switch r.Along {
	case compute.AlongRows:
		f.columns = true
	case compute.AlongCols:
		over.join(0)
	default:
		over.flatten()
		f.all, f.columns = true, over.n[1] > over.n[2]
	}
	f.out[0] = operand{mem: memory{buf: r.Out.Buffer()}, off: r.Out.Offset(), write: true}
	row, col := axisRow, axisTerm
	if f.columns {
		row, col = axisTerm, axisRow
	}
	var ops []operand
	f.size, ops = over.along(row, col)
	if copy(f.in[1:], ops[1:]); !f.all {
		f.out[0].stride[axisMember], f.out[0].stride[axisRow] = f.size[axisRow], 1
	}
	f.complete = func(d *dispatch, _ box) { d.args.Alpha, d.args.Beta = r.Alpha, r.Beta }
	l.fold(f)
}

// A reduction is out[i] = scale·Σ_p a[i,p]·b[i,p], without b Σ_p a[i,p], for each member of a batch: the norms,
// gates and means of other ops. Its outputs lie along the rows' axis.
type reduction struct {
	size    extent
	out     operand
	a, b    operand
	columns bool // the terms lie from row to row of memory
	scale   float32
}

func (l *plan) reduce(r reduction) {
	f := fold{kind: "SUM", formula: itself, size: r.size, columns: r.columns}
	f.in[1], f.out[0] = r.a, r.out.written()
	switch r.b {
	case none:
	case r.a:
		f.formula = squared
	default:
		f.formula, f.in[2] = multiplied, r.b
	}
	f.complete = func(d *dispatch, _ box) { d.args.Alpha = r.scale }
	l.fold(f)
}
