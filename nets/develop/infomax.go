package develop

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Infomax is a pair of linear units with noise on their outputs, which learns to carry as much information about its inputs
// as it can (Linsker 1988, Computer 21). With C = ⟨x⊗x⟩, b the variance of the noise on each output and ρ the correlation
// of the two signals, whose variances are V₁ and V₂, the information about normal inputs is, in nats,
//
//	R = ½·ln det(I + W·C·Wᵀ/b) = ½·ln((b² + b·(V₁ + V₂) + V₁·V₂·(1 − ρ²))/b²)
//
// The gradient of R by W is (b·I + W·C·Wᵀ)⁻¹·W·C. Infomax goes up it with weights of length 1:
//
//	y   = W·x
//	z   = (b·I + V)⁻¹·y,   V = the mean of y⊗y over the examples
//	w_u ← (w_u + η·(b + 1)·g_u)/‖w_u + η·(b + 1)·g_u‖,   g = the mean of z⊗x
//
// η is the rate of the run; b + 1 keeps steps alike at all b. With little noise the units tell different things, with
// much of it the same, twice: with λ₁ > λ₂ the largest eigenvalues of C, at the maximum both units are in the plane of the
// first two eigenvectors, and the cosine of the angle between them is
//
//	|cos(w₁, w₂)| = min(1, b/b_c),   b_c = 2·λ₁·λ₂/(λ₁ − λ₂)
//
// Metrics: "information", R of the moment before it learns, and "cosine", |cos(w₁, w₂)|.
type Infomax struct {
	Noise float32 `json:"noise" toml:"noise"` // b

	w                   *compute.Tensor // learners × 2 × inputs
	first, second, both *compute.Tensor // 2 × 2: where a symmetric matrix has V₁, V₂ and V₁₂
}

// Check reports noise that is not above 0.
func (r *Infomax) Check() error {
	if !(r.Noise > 0 && r.Noise <= math.MaxFloat32) {
		return fmt.Errorf("infomax: noise %g, want a number above 0", r.Noise)
	}
	return nil
}

// Build allocates the weights.
func (r *Infomax) Build(s *nets.Store, spec nets.Spec) (err error) {
	r.w, err = directions(s, 2, spec)
	r.first, r.second, r.both = s.Fixed([]float32{1, 0, 0, 0}, 2, 2), s.Fixed([]float32{0, 0, 0, 1}, 2, 2), s.Fixed([]float32{0, 1, 0, 0}, 2, 2)
	return err
}

// Divided reports nothing: weights move by a mean over the examples. V is the mean of y⊗y over the examples of each part, and so
// the information is that of a part.
func (*Infomax) Divided() error { return nil }

var (
	information = compute.Formula("0.5*log(1 + (v + w + (v*w - c*c)/b)/b)", "v", "w", "c")
	absolute    = compute.Formula("abs(x)", "x")
)

// Step returns y and learns.
func (r *Infomax) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := activities(p, r.w, m)
	v := p.Tensor(p.Learners, 2, 2)
	p.Do(compute.Gemm{C: v, A: y, B: y, TransA: true, Epilogue: compute.Epilogue{Alpha: 1 / float32(m.Examples())}})
	r.count(p, v)
	if p.Learning {
		inverse := p.Like(v)
		p.Do(compute.Inverse{Inv: inverse, Info: p.Tensor(p.Learners), A: v, Shift: r.Noise})
		p.Outer(r.w, p.Back(inverse, y), m.X, 1, float32(p.Rate)*(r.Noise+1))
		p.Whole(func(p *nets.Pass) { normalise(p, r.w) })
	}
	return y
}

// count counts the information and the cosine.
func (r *Infomax) count(p *nets.Pass, v *compute.Tensor) {
	of := func(matrix, where *compute.Tensor) *compute.Tensor { return p.PerLearner(times, 1, matrix, where) }
	p.Count("information", p.Map(information.With("b", r.Noise), of(v, r.first), of(v, r.second), of(v, r.both)), 1)
	p.Count("cosine", p.Map(absolute, of(p.Product(r.w, r.w, compute.Identity), r.both)), 1)
}
