package recurrent

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// Balance is influence balancing (Tallec and Ollivier 2018, ICLR, "Unbiased Online Recurrent Optimization"): a chain of
// units that one shared number θ drives, up in the first Plus of them and down in all others.
//
//	s_t = A·s_{t−1} + θ·σ     units; A_ii = ½, A_i,i+1 = ½, other A 0; σ_i = 1 for i ≤ Plus, else −1
//	y = s_1                   the answer
//
// What θ did within the last k moments moves the answer by S_k = Σ_{j<k} (A^j·σ)_1, which grows at first and only after many
// moments turns to its limit, 2·Σ σ: with 23 units, of which 10 go up, S_k is above 0 up to k = 40 and −6 in the end. So
// backprop that is truncated to 40 moments or fewer climbs, at any rate. Inputs are ignored.
//
// First values: θ is 0, s normal with standard deviation 0.1.
type Balance struct {
	Units int `json:"units" toml:"units"`
	Plus  int `json:"plus" toml:"plus"` // units that θ drives up

	theta    *compute.Tensor // 1 × 1
	a, sigma *compute.Tensor // units × units, units × 1
	one      *compute.Tensor // examples × 1, the input of θ
}

// Check reports a setting that cannot be.
func (b *Balance) Check() error {
	if b.Units < 1 || b.Plus < 0 || b.Plus > b.Units {
		return fmt.Errorf("balance: %d units and plus %d of them, want at least 1 unit and plus within 0 and the units", b.Units, b.Plus)
	}
	return nil
}

// Build asks for θ and s, and for the matrices, which stay.
func (b *Balance) Build(s *nets.Store, spec nets.Spec) Parts {
	n := b.Units
	a, sigma, first, ones := make([]float32, n*n), make([]float32, n), make([]float32, n), make([]float32, spec.Examples)
	first[0] = 1
	for i := range n {
		a[i*n+i], sigma[i] = 0.5, -1
		if i+1 < n {
			a[i*n+i+1] = 0.5
		}
		if i < b.Plus {
			sigma[i] = 1
		}
	}
	for i := range ones {
		ones[i] = 1
	}
	b.theta = s.Weights("theta", nets.Zeros, 1, 1)
	b.a, b.sigma, b.one = s.Fixed(a, n, n), s.Fixed(sigma, n, 1), s.Fixed(ones, spec.Examples, 1)
	return Parts{
		State:   s.State("s", nets.Normal(0.1), spec.Examples, n),
		Weights: []Weights{{b.theta, 0}},
		Tape:    []Entry{{"one", 1}},
		Readout: s.Fixed(first, 1, n),
	}
}

var driven = compute.Formula("old + theta*sigma", "theta", "sigma")

// Forward returns A·s + θ·σ.
func (b *Balance) Forward(p *nets.Pass, s, _ *compute.Tensor) (next *compute.Tensor, tape []*compute.Tensor) {
	next = p.Product(b.a, s, compute.Identity)
	p.Into(next, driven, b.theta, p.View(b.sigma, 0, 1, 1, b.Units))
	return next, []*compute.Tensor{p.View(b.one, 0, 1, s.Rows(), 1)}
}

// Backward returns Aᵀ·v and σᵀ·v.
func (b *Balance) Backward(p *nets.Pass, _ []*compute.Tensor, v *compute.Tensor) (down *compute.Tensor, deltas []*compute.Tensor) {
	return Back(p, b.a, v), []*compute.Tensor{Back(p, b.sigma, v)}
}

// Push returns A·v.
func (b *Balance) Push(p *nets.Pass, _ []*compute.Tensor, a *compute.Tensor) *compute.Tensor {
	return Forth(p, b.a, a)
}
