package recurrent

import (
	"cmp"

	"hebb/compute"
	"hebb/nets"
)

// KFRTRL is Kronecker-factored RTRL (Mujika, Meier and Steger 2018, NeurIPS 31): the influence of [RTRL] as the mean of a
// random Kronecker product A⊗u. For a [Local] network, with z all inputs of its weights in a row, D = gain·diag(slope), and
// signs ν0 and ν1, +1 or −1, drawn at each moment for each example:
//
//	p0 = √((|J·A| + ε)/(|u| + ε)),  p1 = √((|D| + ε)/(|z| + ε)),  ε = 1e-12; norms are of all numbers
//	u ← ν0·p0·u + ν1·p1·z              inputs of all weights
//	A ← ν0·J·A/p0 + ν1·D/p1            units × units; both are 0 when a trial begins
//	gradient of W_k: (Aᵀ·q)⊗u_k, summed over examples, with u_k the part of u that is of W_k; q as [Learning] has it
//
// The mean of A⊗u is the influence; two signs a moment instead of one for each unit, and less is mixed: the standard
// deviation is about half of [UORO]'s.
//
// Cost of a moment, for each example: 2·units³ flops, and units² + all inputs numbers.
type KFRTRL struct {
	Leaky   `if:"!network"` // the network, unless Network is another
	Network Network         `json:"-" toml:"network"` // a Local one; nil is Leaky
	When    string          `json:"when" toml:"when"` // weights change: moment or trial; "" is moment
	Learning

	eye *compute.Tensor   // 1 × units × units
	a   *compute.Tensor   // Aᵀ: examples·units × units
	u   []*compute.Tensor // u_k: examples × inputs
}

// Check reports a setting that cannot be.
func (r *KFRTRL) Check() error { return r.check("kfrtrl", r.When, r.Network, &r.Leaky) }

// Build asks for weights, activities and the two factors.
func (r *KFRTRL) Build(s *nets.Store, spec nets.Spec) error {
	if err := r.build(s, spec, r.When, cmp.Or(r.Feedback, transposed), r.Network, &r.Leaky); err != nil {
		return err
	}
	r.eye, r.a = identity(s, r.units()), r.trace("a", r.units(), r.units())
	for _, w := range r.parts.Weights {
		r.u = append(r.u, r.trace("u."+s.Name(w.W), 1, w.W.Cols()))
	}
	return r.isLocal("kfrtrl")
}

// Step answers a moment of a trial and learns from it.
func (r *KFRTRL) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := r.step(p, m, r)
	r.update(p, m)
	return y
}

func (r *KFRTRL) traces() []*compute.Tensor { return append([]*compute.Tensor{r.a}, r.u...) }

var (
	scaled  = compute.Formula("gain*slope", "slope")
	mixedU  = compute.Formula("s0*p0*old + s1*p1*z", "z", "s0", "s1", "p0", "p1")
	mixedKF = compute.Formula("s0*ja/p0 + s1*(d*eye)/p1", "ja", "d", "eye", "s0", "s1", "p0", "p1")
)

// follow makes the new u and A.
func (r *KFRTRL) follow(now moment) {
	s0, s1 := now.signs(1), now.signs(1)
	slope, _, gain := r.net.(Local).Local(now.Pass, now.tape)
	d, a := now.Map(scaled.With("gain", gain), slope), r.of(now, r.a)
	ja := push(now, r.net, r.eye, a)
	var u, z []*compute.Tensor
	for k, w := range r.parts.Weights {
		u, z = append(u, r.of(now, r.u[k])), append(z, now.tape[w.In])
	}
	p0 := now.Map(rootRatio, now.squares(ja), now.squares(u...))
	p1 := now.Map(rootRatio, now.squares(d), now.squares(z...))
	for k := range u {
		now.Into(u[k], mixedU, z[k], s0, s1, p0, p1)
	}
	now.Into(a, mixedKF, ja, now.View(d, 0, now.all(), r.units(), 1), r.eye, s0, s1, p0, p1)
}

func (r *KFRTRL) learn(now moment, q *compute.Tensor) {
	qa := now.Tensor(now.all(), 1, r.units()) // Aᵀ·q
	now.Do(compute.Gemm{C: qa, A: now.View(q, 0, now.all(), 1, r.units()), B: r.of(now, r.a), TransB: true, Epilogue: compute.Epilogue{Alpha: 1}})
	flat := func(t *compute.Tensor) *compute.Tensor { return now.View(t, 0, now.Learners, now.n, t.Cols()) }
	for k, w := range r.parts.Weights {
		r.outer(now.Pass, w.W, flat(qa), flat(r.of(now, r.u[k])), 0)
	}
}
