package nets

import "hebb/compute"

var (
	difference = compute.Formula("x - y", "x", "y")
	times      = compute.Formula("x*y", "x", "y")
	squared    = compute.Formula("x*x", "x")
	// 0 for a row of zeros, which has no direction
	inverseNorm = compute.Formula("where(s, 1/sqrt(max(s, 1e-30)), 0)", "s")
	alongSphere = compute.Formula("(d - u*s)*inverse", "d", "u", "s", "inverse")
)

// PerRow returns scale·Σ f over each row of the inputs, rows × 1; with f nil it sums the first input. Inputs have the same
// columns, or one.
func (p *Pass) PerRow(f *compute.Func, scale float32, in ...*compute.Tensor) *compute.Tensor {
	out := p.Tensor(in[0].Len()/in[0].Cols(), 1)
	p.Do(compute.Reduce{Out: out, In: in, F: f, Along: compute.AlongCols, Alpha: scale})
	return out
}

// PerColumn sets into to scale·Σ f over each column of the inputs; with f nil it sums the first input.
func (p *Pass) PerColumn(into *compute.Tensor, f *compute.Func, scale float32, in ...*compute.Tensor) {
	p.Do(compute.Reduce{Out: into, In: in, F: f, Along: compute.AlongRows, Alpha: scale})
}

// CentreRows subtracts from each row of a matrix its mean. It is a projection, and so its own adjoint.
func (p *Pass) CentreRows(x *compute.Tensor) *compute.Tensor {
	return p.Map(difference, x, p.PerRow(nil, 1/float32(x.Cols()), x))
}

// NormaliseRows divides each row of a matrix by its norm, and returns 1/norm too, rows × 1. A row of zeros stays zeros, and
// its 1/norm is 0.
func (p *Pass) NormaliseRows(x *compute.Tensor) (unit, inverse *compute.Tensor) {
	inverse = p.Map(inverseNorm, p.PerRow(squared, 1, x))
	return p.Map(times, x, inverse), inverse
}

// ThroughNorm is the backward pass of NormaliseRows: (d − u·Σ d·u)/‖x‖, with d the delta at the unit rows u.
func (p *Pass) ThroughNorm(d, unit, inverse *compute.Tensor) *compute.Tensor {
	return p.Map(alongSphere, d, unit, p.PerRow(times, 1, d, unit), inverse)
}
