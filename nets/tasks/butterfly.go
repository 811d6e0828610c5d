package tasks

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"hebb/compute"
	"hebb/nets"
)

// Butterfly is the task of drawing a butterfly from the activities of a random network, a reservoir, that stays as it is
// (Züge, Klos, Memmesheimer 2023, Phys. Rev. X 13, 021006; the figure is from Pyle and Rosenbaum 2019, Neural Computation
// 31). A trial is one period of five inputs i: 1, √2·sin φ, √2·cos φ, √2·sin 2φ and √2·cos 2φ, with φ = 2π·t/Length:
//
//	h ← e^(−1/τ)·h + (1 − e^(−1/τ))·(U·i + W·tanh(h)),   of Units; U normal with variance 1/5, W normal
//	x_t = tanh(h)/√P,   what is shown;   P is the sum over units of the mean of tanh²(h)
//	y*_t = r·(cos θ, sin θ),   θ = 2π·t/(Length − 1)
//	r = (9 − sin θ + 2·sin 3θ + 2·sin 5θ − sin 7θ + 3·cos 2θ − 2·cos 4θ)/10
//
// W is scaled so that the largest real part of its eigenvalues is 1, and h comes from 100 steps before the trial, from 0.
// By P inputs have a mean square of 1 in all, so that noise of one size on the weights and on the outputs moves these as
// far. Each learner has a reservoir of its own, drawn from its seed, which every trial shows.
//
// A trial is one moment with Length examples, or with InTime Length moments with one. An epoch is a trial. It tests itself.
//
// Metrics: "error", the mean of (y − y*)² over both outputs and t.
type Butterfly struct {
	Units  int     `json:"units" toml:"units"`
	Length int     `json:"length" toml:"length"`   // of a trial
	Tau    float32 `json:"tau" toml:"tau"`         // τ, in steps
	InTime bool    `json:"in_time" toml:"in_time"` // the examples of a trial come one after the other

	x, want *compute.Tensor // learners × Length × Units, 1 × Length × 2
}

// ButterflyInputs is the name of the tensor of x in a run's checkpoints, learners × Length × Units.
const ButterflyInputs = "task.activities"

// Check reports a setting that cannot be.
func (b *Butterfly) Check() error {
	if b.Units < 1 || b.Units > 1<<12 || b.Length < 2 || !(b.Tau >= 1 && b.Tau < math.MaxFloat32) {
		return fmt.Errorf("butterfly: %d units, a length of %d and tau %g, want 1 to 4096, at least 2 and at least 1", b.Units, b.Length, b.Tau)
	}
	return nil
}

// Build draws the reservoirs.
func (b *Butterfly) Build(s *nets.Store) (nets.Spec, error) {
	b.want = s.FixedBy(func(want []float32) {
		for t := range b.Length {
			a := 2 * math.Pi * float64(t) / float64(b.Length-1)
			r := (9 - math.Sin(a) + 2*math.Sin(3*a) + 2*math.Sin(5*a) - math.Sin(7*a) + 3*math.Cos(2*a) - 2*math.Cos(4*a)) / 10
			want[2*t], want[2*t+1] = float32(r*math.Cos(a)), float32(r*math.Sin(a))
		}
	}, b.Length, 2)
	b.x = s.Kept("activities", nets.Filled(b.draw), b.Length, b.Units)
	spec := nets.Spec{In: nets.Row(b.Units), Out: 2, Examples: b.Length, Trial: 1, Epoch: 1}
	if b.InTime {
		spec.Examples, spec.Trial, spec.Epoch = 1, b.Length, b.Length
	}
	return spec, nil
}

// draw makes a reservoir and records what it does in a trial.
func (b *Butterfly) draw(rnd *rand.Rand, x []float32) {
	const inputs, before = 5, 100
	n := b.Units
	u, w := normals(rnd, n, inputs), normals(rnd, n, n)
	u.Scale(1/math.Sqrt(inputs), u)
	var eigen mat.Eigen
	eigen.Factorize(w, mat.EigenNone) // which fails of numbers that are not finite alone
	top := math.Inf(-1)
	for _, v := range eigen.Values(nil) {
		top = max(top, real(v))
	}
	if top > 0 { // as it is but for a few units
		w.Scale(1/top, w)
	}
	keep, power := math.Exp(-1/float64(b.Tau)), 0.
	h, rate, sum := mat.NewVecDense(n, nil), mat.NewVecDense(n, nil), mat.NewVecDense(n, nil)
	for t := -before + 1; t < b.Length; t++ {
		a := 2 * math.Pi * float64(t) / float64(b.Length)
		in := []float64{1, math.Sqrt2 * math.Sin(a), math.Sqrt2 * math.Cos(a), math.Sqrt2 * math.Sin(2*a), math.Sqrt2 * math.Cos(2*a)}
		sum.MulVec(w, rate)
		for i := range n {
			for j, v := range in {
				sum.SetVec(i, sum.AtVec(i)+u.At(i, j)*v)
			}
			h.SetVec(i, keep*h.AtVec(i)+(1-keep)*sum.AtVec(i))
			rate.SetVec(i, math.Tanh(h.AtVec(i)))
			if t >= 0 {
				x[t*n+i] = float32(rate.AtVec(i))
				power += rate.AtVec(i) * rate.AtVec(i) / float64(b.Length)
			}
		}
	}
	for i := range x {
		x[i] = float32(float64(x[i]) / math.Sqrt(power))
	}
}

// normals are numbers of variance 1.
func normals(rnd *rand.Rand, rows, cols int) *mat.Dense {
	x := make([]float64, rows*cols)
	for i := range x {
		x[i] = rnd.NormFloat64()
	}
	return mat.NewDense(rows, cols, x)
}

// Show returns a trial or, InTime, a moment of it.
func (b *Butterfly) Show(p *nets.Pass) nets.Moment {
	if !b.InTime {
		return nets.Moment{X: b.x, Want: b.want, First: true, Last: true}
	}
	t := int(p.Number % uint64(b.Length))
	x := p.Tensor(p.Learners, 1, b.Units)
	p.Do(compute.Gather{Out: x, X: b.x, Rows: p.View(p.Numbers(b.Length), t, 1)})
	return nets.Moment{X: x, Want: p.View(b.want, 2*t, 1, 1, 2), First: t == 0, Last: t == b.Length-1}
}

// Judge counts the error.
func (b *Butterfly) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) { countError(p, m, y) }
