package stack

import (
	"math"

	"hebb/compute"
)

var (
	difference = compute.Pointwise(compute.Sub(compute.Var(0), compute.Var(1)))
	codeOf     = compute.Pointwise(compute.Mul(compute.Const(1), compute.Sub(compute.Var(0), compute.Const(1))))
	// 1/√s, and 0 for a row of zeros, whose direction is that of no other.
	inverseNorm = compute.Pointwise(compute.Select(compute.Var(0),
		compute.Div(compute.Const(1), compute.Sqrt(compute.Max(compute.Var(0), compute.Const(1e-30)))), compute.Const(0)))
	// (d − x·s)·i
	alongSphere = compute.Pointwise(compute.Mul(compute.Sub(compute.Var(0), compute.Mul(compute.Var(1), compute.Var(2))), compute.Var(3)))
)

// perRow is Alpha·Σ f over each row of matrices of one shape; f nil is the first itself.
func (p *Pass) perRow(f *compute.Func, alpha float32, in ...*compute.Tensor) *compute.Tensor {
	out := p.Tensor(in[0].Len()/in[0].Cols(), 1)
	p.Do(compute.Reduce{Out: out, In: in, F: f, Along: compute.AlongCols, Alpha: alpha})
	return out
}

// perColumn is Alpha·Σ f over each column.
func (p *Pass) perColumn(into *compute.Tensor, f *compute.Func, alpha float32, in ...*compute.Tensor) {
	p.Do(compute.Reduce{Out: into, In: in, F: f, Along: compute.AlongRows, Alpha: alpha})
}

// matrix is t as examples × the rest.
func (p *Pass) matrix(t *compute.Tensor) *compute.Tensor {
	n := t.Shape()[0]
	return p.View(t, 0, n, t.Len()/n)
}

// centreRows takes the mean out of each row: a projection, and so its own adjoint.
func (p *Pass) centreRows(x *compute.Tensor) *compute.Tensor {
	return p.Map(difference, x, p.perRow(nil, 1/float32(x.Cols()), x))
}

// normaliseRows divides each row by its norm; a row of zeros stays one.
func (p *Pass) normaliseRows(x *compute.Tensor) (unit, inverse *compute.Tensor) {
	inverse = p.Map(inverseNorm, p.perRow(square, 1, x))
	return p.Map(times, x, inverse), inverse
}

// throughNorm takes a delta back through normaliseRows: (d − u·Σ d·u)/‖x‖.
func (p *Pass) throughNorm(d, unit, inverse *compute.Tensor) *compute.Tensor {
	return p.Map(alongSphere, d, unit, p.perRow(times, 1, d, unit), inverse)
}

type codesKey struct{}

// codes are the classes of the batch as rows whose products are the cosines of one-hot vectors without their
// means: 1 for the same class, −1/(classes − 1) for another.
func (p *Pass) codes() *compute.Tensor {
	return p.Once(codesKey{}, func() *compute.Tensor {
		c := float64(p.Net.Classes)
		out := p.Tensor(p.Examples, p.Net.Classes)
		p.Do(compute.Map{Out: out, In: []*compute.Tensor{p.oneHot()}, F: codeOf.WithConsts(float32(math.Sqrt(c/(c-1))), float32(1/c))})
		return out
	})
}

type oneHotKey struct{}

// oneHot is 1 for the class of each example, and 0 for the others.
func (p *Pass) oneHot() *compute.Tensor {
	return p.Once(oneHotKey{}, func() *compute.Tensor {
		out := p.Tensor(p.Examples, p.Net.Classes)
		p.Do(compute.Map{Out: out, In: []*compute.Tensor{p.View(p.Labels, 0, p.Examples, 1), p.Net.classes}, F: sameNumber})
		return out
	})
}
