package develop

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/nets"
)

// Nonlinear is nonlinear Hebbian learning (Brito and Gerstner 2016, PLoS Computational Biology 12). Each unit ends at a
// direction w of length 1 at which ⟨F(w·x)⟩ with F′ = f is a maximum. Where the inputs are whitened (mean 0, covariance
// I) all directions have the same variance, and what tells them apart is how far from normal w·x is: such are independent
// sources, and the localised and oriented patterns of natural images.
//
//	u   = W·x
//	g_k = the mean of f(u_k)·x over the examples
//	w_k ← (w_k + η·g_k/‖g_k‖)/‖w_k + η·g_k/‖g_k‖‖
//
// η is the rate of the run. The paper adds η·g_k itself; with the direction of g_k alone one rate suits every f. F names
// f; [a]₊ is a or, below 0, 0; θ and θ₂ are Theta and Theta2:
//
//	cubic      u³                       kurtosis
//	-tanh      −tanh u                  finds what has heavy tails: the minus belongs to it
//	tanh       tanh u                   a control: finds mixtures, which are nearer to normal
//	rectifier  [u − θ]₊                 with θ 0 a control: on symmetric inputs ⟨F⟩ is the same for all directions
//	squared    ([u]₊)²
//	bcm        y·(y − ⟨y²⟩), y = [u]₊   the rule of Bienenstock, Cooper and Munro; ⟨y²⟩ is a unit's mean over the moment
//	quadratic  [u − θ]₊·([u − θ]₊ − θ₂)
//	linear     u                        a control: finds the first principal component, and if whitened nothing
//
// Units learn on their own, and several may find the same direction. With Decorrelate they stay orthonormal: after each
// update W becomes (W·Wᵀ)^−½·W, the orthonormal matrix nearest to it (Hyvärinen 1999). Newton's iteration of the polar
// decomposition gives it (Higham 1986), W ← ½·(W + (W·Wᵀ)⁻¹·W), of which each step squares the error; a learner with
// W·Wᵀ singular in float32 is lost.
//
// Examples that a moment masks have u = 0, at which every f is 0. Metric: "excess kurtosis", ⟨u⁴⟩/⟨u²⟩² − 3 averaged
// over units, 0 where u is normal. Cost of an example: 4·units·inputs flops.
type Nonlinear struct {
	Units       int     `json:"units" toml:"units"`
	F           string  `json:"f" toml:"f"` // see the table
	Theta       float32 `json:"theta" toml:"theta" if:"f=rectifier|f=quadratic"`
	Theta2      float32 `json:"theta2" toml:"theta2" if:"f=quadratic"`
	Decorrelate bool    `json:"decorrelate" toml:"decorrelate"`

	w, g *compute.Tensor // learners × units × inputs
}

// nonlinearities are f by name, of u and of m, the mean of [u]₊².
var nonlinearities = map[string]*compute.Func{
	"cubic":     compute.Formula("u*u*u", "u"),
	"-tanh":     compute.Formula("-tanh(u)", "u"),
	"tanh":      compute.Formula("tanh(u)", "u"),
	"rectifier": compute.Formula("relu(u - theta)", "u"),
	"squared":   compute.Formula("relu(u)*relu(u)", "u"),
	"bcm":       compute.Formula("relu(u)*(relu(u) - m)", "u", "m"),
	"quadratic": compute.Formula("relu(u - theta)*(relu(u - theta) - theta2)", "u"),
	"linear":    compute.Formula("u", "u"),
}

var (
	rectifiedSquare = compute.Formula("relu(u)*relu(u)", "u")
	power2          = compute.Formula("u*u", "u")
	power4          = compute.Formula("u*u*u*u", "u")
	kurtosis        = compute.Formula("where(second, n*fourth/(second*second) - 3, 0)", "second", "fourth")
	alongRate       = compute.Formula("old + rate*g", "g")
	newton          = compute.Formula("0.5*(old + w)", "w")
)

// newtons is how many steps of Newton's iteration follow an update. Singular values from 1/16 to 16 are 1 to float32 after
// nine: six that halve, and three that square what is left.
const newtons = 9

// Check reports an invalid setting.
func (r *Nonlinear) Check() error {
	if nonlinearities[r.F] == nil {
		return fmt.Errorf("nonlinear: f=%s, want one of %s", r.F, strings.Join(slices.Sorted(maps.Keys(nonlinearities)), ", "))
	}
	for name, x := range map[string]float32{"theta": r.Theta, "theta2": r.Theta2} {
		if !(x >= 0 && x <= math.MaxFloat32) {
			return fmt.Errorf("nonlinear: %s %g, want at least 0", name, x)
		}
	}
	return checkUnits(r.Units)
}

// Build allocates the weights.
func (r *Nonlinear) Build(s *nets.Store, spec nets.Spec) error {
	inputs := spec.In.Len()
	if r.Decorrelate && r.Units > inputs {
		return fmt.Errorf("nonlinear: %s of %s cannot be orthonormal, want at most as many, or no decorrelate", count.Of(r.Units, "unit"), count.Of(inputs, "input"))
	}
	first := nets.Directions(inputs)
	if r.Decorrelate {
		first = orthonormal(r.Units, inputs)
	}
	r.w = s.Weights("weight", first, r.Units, inputs)
	r.g = s.Grad(r.w)
	return unlabelled(r.Units, spec)
}

// orthonormal initialises units × inputs with orthonormal rows of random directions.
func orthonormal(units, inputs int) nets.Init {
	return nets.Filled(func(r *rand.Rand, w []float32) {
		random := mat.NewDense(inputs, units, nil)
		random.Apply(func(_, _ int, _ float64) float64 { return r.NormFloat64() }, random)
		var qr mat.QR
		qr.Factorize(random)
		var q mat.Dense
		qr.QTo(&q)
		for i := range w {
			w[i] = float32(q.At(i%inputs, i/inputs))
		}
	})
}

// Step returns u and learns.
func (r *Nonlinear) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	u := activities(p, r.w, m)
	count := func(f *compute.Func) *compute.Tensor {
		sums := p.Tensor(p.Learners, 1, r.Units)
		p.PerColumn(sums, f, 1, u)
		return sums
	}
	p.Count("excess kurtosis", p.Map(kurtosis.With("n", float32(m.Examples())), count(power2), count(power4)), r.Units)
	if !p.Learning {
		return u
	}
	p.Outer(r.g, r.f(p, u), m.X, 0, 1)
	p.Whole(r.move)
	return u
}

// Divided reports nothing: g is a mean over the examples. In bcm ⟨y²⟩ is of each part, as is the metric.
func (*Nonlinear) Divided() error { return nil }

// move changes the weights along g.
func (r *Nonlinear) move(p *nets.Pass) {
	normalise(p, r.g)
	p.Into(r.w, alongRate.With("rate", float32(p.Rate)), r.g)
	if r.Decorrelate {
		r.decorrelate(p)
	} else {
		normalise(p, r.w)
	}
}

// f returns f(u).
func (r *Nonlinear) f(p *nets.Pass, u *compute.Tensor) *compute.Tensor {
	f := nonlinearities[r.F]
	switch r.F {
	case "bcm":
		mean := p.Tensor(p.Learners, 1, r.Units)
		p.PerColumn(mean, rectifiedSquare, 1/float32(u.Rows()), u)
		return p.Map(f, u, mean)
	case "rectifier":
		f = f.With("theta", r.Theta)
	case "quadratic":
		f = f.With("theta", r.Theta).With("theta2", r.Theta2)
	}
	return p.Map(f, u)
}

// decorrelate makes the rows of each learner's W orthonormal, see [Nonlinear].
func (r *Nonlinear) decorrelate(p *nets.Pass) {
	gram := p.Tensor(p.Learners, r.Units, r.Units)
	inverse, next, info := p.Like(gram), p.Like(r.w), p.Tensor(p.Learners)
	for range newtons {
		p.Do(compute.Gemm{C: gram, A: r.w, B: r.w, TransB: true, Epilogue: compute.Epilogue{Alpha: 1}})
		p.Do(compute.Inverse{Inv: inverse, Info: info, A: gram})
		p.Do(compute.Gemm{C: next, A: inverse, B: r.w, Epilogue: compute.Epilogue{Alpha: 1}})
		p.Into(r.w, newton, next)
	}
}
