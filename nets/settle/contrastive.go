package settle

import (
	"fmt"
	"math"
	"math/rand/v2"

	"hebb/compute"
	"hebb/nets"
)

// Contrastive is contrastive learning (Baldi and Pineda 1991, Neural Computation 3): a recurrent network of M units,
// Hidden and outputs, all connected to each other by symmetric weights T and to the inputs x by U. It comes to rest
// freely, then with a teacher, and weights change by the difference between the two rests. With V = tanh(u), and u 0 at
// first:
//
//	free:    Sweeps times   u ← u + StepSize·(T·V + U·x + b − u);   V of the output units is the answer
//	teacher: from there, as often; with Beta 0 V of the output units is held at y*, else u has a force Beta·(y* − V) there
//	T_ij ← T_ij + η·(V_i·V_j of the teacher − V_i·V_j free), i ≠ j    M × M, T_ii = 0
//	U ← U + η·(V of the teacher − V free)⊗x                            M × inputs
//	b ← b + η·(V of the teacher − V free)
//
// averaged over examples; η is the rate of the run. Each rest is a minimum of the energy
//
//	E = −½·VᵀTV − Vᵀ(U·x + b) + Σ(V·atanh V + ½·ln(1 − V²)),   with a force also + ½·Beta·Σ(y* − V)²
//
// and the change is −η times the gradient, by T_ij = T_ji, of the contrast E of the teacher − E free, at rest. With
// classes, y* is 1 for the class and else −1. Outputs are within ±1, and wanted numbers should be too.
//
// First weights are normal with standard deviation Gain, b is 0. Cost of an example: 2·M² flops in each sweep.
type Contrastive struct {
	Hidden    int     `json:"hidden" toml:"hidden"` // units that are no outputs
	Sweeps    int     `json:"sweeps" toml:"sweeps"`
	StepSize  float32 `json:"step" toml:"step"`           // of a sweep, in time constants
	Beta      float32 `json:"beta" toml:"beta"`           // of the force of the teacher; 0: it holds the outputs
	Gain      float32 `json:"gain" toml:"gain"`           // of the first weights
	Tolerance float32 `json:"tolerance" toml:"tolerance"` // the largest residual; 0: any

	t, u, b *compute.Tensor // M × M, M × inputs, M
	apart   *compute.Tensor // M × M: 0 on the diagonal, else 1
	place   *compute.Tensor // outputs × M: 1 of an output and its unit
	output  *compute.Tensor // M: 1 of the outputs' units
	classes int             // 0 where numbers are wanted
}

// Check reports a setting that cannot be.
func (r *Contrastive) Check() error {
	return check("contrastive", limit{"hidden", float64(r.Hidden), -1, math.MaxInt32}, sweeps("sweeps", r.Sweeps), limit{"step", float64(r.StepSize), 0, 1},
		notNegative("beta", r.Beta), notNegative("gain", r.Gain), notNegative("tolerance", r.Tolerance))
}

// Build asks for the weights.
func (r *Contrastive) Build(s *nets.Store, spec nets.Spec) error {
	if spec.Out < 1 {
		return fmt.Errorf("contrastive: the task wants no numbers, want at least 1 for the teacher")
	}
	if spec.Classes {
		r.classes = spec.Out
	}
	n := r.Hidden + spec.Out
	r.t = s.Weights("t", nets.Filled(func(rnd *rand.Rand, t []float32) { symmetric(rnd, t, n, r.Gain) }), n, n)
	r.u, r.b = s.Weights("u", nets.Normal(float64(r.Gain)), n, spec.In.Len()), s.Weights("b", nets.Zeros, n)
	s.Averaged(r.t, r.u, r.b)
	r.apart = s.FixedBy(func(apart []float32) {
		for i := range apart {
			if i%(n+1) != 0 {
				apart[i] = 1
			}
		}
	}, n, n)
	r.place = s.FixedBy(func(place []float32) {
		for o := range spec.Out {
			place[o*n+r.Hidden+o] = 1
		}
	}, spec.Out, n)
	r.output = s.FixedBy(func(output []float32) {
		for o := range spec.Out {
			output[r.Hidden+o] = 1
		}
	}, 1, n)
	return nil
}

// Divided reports nothing: weights move by a mean over the examples.
func (*Contrastive) Divided() error { return nil }

// symmetric fills a matrix of n × n, the diagonal with 0.
func symmetric(rnd *rand.Rand, t []float32, n int, gain float32) {
	for i := range n {
		for j := range i {
			t[i*n+j] = gain * float32(rnd.NormFloat64())
			t[j*n+i] = t[i*n+j]
		}
	}
}

var (
	towards = compute.Formula("old + step*(drive + back - old)", "drive", "back")
	forced  = compute.Formula("old + step*(drive + back + beta*output*(want - v) - old)", "drive", "back", "output", "want", "v")
	squash  = compute.Formula("tanh(u)", "u")
	held    = compute.Formula("where(output, want, tanh(u))", "output", "want", "u")
	signs   = compute.Formula("2*x - 1", "x")
	only    = compute.Formula("old*x", "x")
)

// relax settles from u, which it changes, and returns V. want is padded to M numbers; nil means the free phase.
func (r *Contrastive) relax(p *nets.Pass, m nets.Moment, metric string, u, drive, want *compute.Tensor) *compute.Tensor {
	ph := newPhase(p, metric, m.Examples(), r.Sweeps, r.Tolerance, []int{r.t.Rows()}, nil)
	clamp := want != nil && r.Beta == 0
	answer := func(v *compute.Tensor) {
		if clamp {
			p.Into(v, held, r.output, want, u)
		} else {
			p.Into(v, squash, u)
		}
	}
	answer(ph.x[0])
	back := p.Like(u)
	ph.run(func() {
		p.Do(compute.Gemm{C: back, A: ph.was[0], B: r.t, TransB: true, Epilogue: compute.Epilogue{Alpha: 1}})
		if want != nil && !clamp {
			p.Into(u, forced.With("step", r.StepSize).With("beta", r.Beta), drive, back, r.output, want, ph.was[0])
		} else {
			p.Into(u, towards.With("step", r.StepSize), drive, back)
		}
		answer(ph.x[0])
	})
	return ph.x[0]
}

// Step answers with the outputs at rest. It learns with a teacher.
func (r *Contrastive) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	drive := p.Tensor(p.Learners, m.Examples(), r.t.Rows())
	p.Do(compute.Gemm{C: drive, A: m.X, B: r.u, TransB: true, Epilogue: compute.Epilogue{Alpha: 1, Bias: r.b}})
	u := p.Like(drive)
	p.Clear(u)
	v := r.relax(p, m, free, u, drive, nil)
	if p.Learning && m.Want != nil {
		r.learn(p, m, v, r.relax(p, m, taught, u, drive, p.Back(r.place, r.want(p, m))))
	}
	return p.Product(r.place, v, compute.Identity)
}

// want returns the wanted outputs: numbers or, with classes, 1 for the class and else −1.
func (r *Contrastive) want(p *nets.Pass, m nets.Moment) *compute.Tensor {
	if r.classes > 0 {
		return p.Map(signs, p.OneHot(m, r.classes))
	}
	return p.All(m.Want)
}

func (r *Contrastive) learn(p *nets.Pass, m nets.Moment, v, taught *compute.Tensor) {
	rate, change := float32(p.Rate), p.Masked(p.Map(minus, taught, v), m)
	if rate == 0 { // where a schedule ends
		return
	}
	p.Outer(r.t, p.Masked(taught, m), taught, 1, rate)
	p.Outer(r.t, p.Masked(v, m), v, 1, -rate)
	p.Into(r.t, only, r.apart)
	p.Outer(r.u, change, m.X, 1, rate)
	p.Do(compute.Reduce{Out: r.b, In: []*compute.Tensor{change}, Along: compute.AlongRows, Alpha: rate / float32(m.Examples()), Beta: 1})
}

// Explain describes a relaxation that has not settled.
func (r *Contrastive) Explain(name string, code float32) error {
	return unsettled("contrastive", name, code, r.Tolerance, map[string]int{free: r.Sweeps, taught: r.Sweeps})
}
