package recurrent

import (
	"hebb/compute"
	"hebb/nets"
)

// A Network is a recurrent network as the rules of this package see it: a state s of each example moves on with an input x,
//
//	s_t = F(s_{t−1}, x_t, θ),   θ = W_1, W_2, …
//
// where each matrix W_k of weights enters F by a product u_k = W_k·z_k alone. So the influence of weights on the state at
// once, M = ∂F/∂θ, is known from z_k and from products of vectors with ∂F/∂u_k:
//
//	M of W_k:       ∂s_i/∂W_k,ab = (∂F/∂u_k)_ia·z_k,b
//	νᵀM of W_k:     δ_k⊗z_k, with δ_k = (∂F/∂u_k)ᵀ·ν
//
// Backward gives the δ_k and Jᵀ·ν, with J = ∂F/∂s, for any ν: it is what backprop wants of a layer, and all that the rules
// need. BPTT and TBPTT send errors through it, UORO random vectors, and RTRL the rows of the identity, for which it is J and
// all of M. The answer of the network, y = V·s, is the rules': they learn V unless Parts has a readout.
//
// A Network may also be a [Pusher], [Local] or [Beginner]. examples/own-network has one that is written for a program.
type Network interface {
	// Build asks for the state and the weights.
	Build(s *nets.Store, spec nets.Spec) Parts

	// Forward returns the next state of s, both learners × examples × units, and the tape of the moment, what Backward needs
	// to know of it: a tensor for each of Parts.Tape. x is inputs as [nets.Moment] has them. It leaves s as it is.
	Forward(p *nets.Pass, s, x *compute.Tensor) (next *compute.Tensor, tape []*compute.Tensor)

	// Backward returns Jᵀ·v and δ_k = (∂F/∂u_k)ᵀ·v of each weights, in their order. Each example has several v at once: v is
	// (learners·examples) × vectors × units, and so are the results but for their columns. The tensors of tape are
	// (learners·examples) × 1 × columns, which formulas spread over the vectors; [Back] multiplies by weights.
	Backward(p *nets.Pass, tape []*compute.Tensor, v *compute.Tensor) (down *compute.Tensor, deltas []*compute.Tensor)
}

// Parts are the tensors of a [Network], and the tape of a moment.
type Parts struct {
	State   *compute.Tensor // s, of [nets.Store.State], examples × units
	Weights []Weights       // W_k
	Tape    []Entry
	Readout *compute.Tensor // V, outputs × units, if it is not to be learned; nil: it is
}

// Weights are one W_k, outputs × inputs, and the place of z_k, its inputs, on the tape.
type Weights struct {
	W  *compute.Tensor
	In int
}

// An Entry is a tensor of the tape, learners × examples × Cols. Its name is for checkpoints.
type Entry struct {
	Name string
	Cols int
}

// Optional interfaces of a [Network].
type (
	// A Pusher returns J·a for vectors a, shaped as v of Backward: for UORO and KF-RTRL, which form J otherwise, at the cost
	// of units products.
	Pusher interface {
		Push(p *nets.Pass, tape []*compute.Tensor, a *compute.Tensor) *compute.Tensor
	}

	// A Local network has a row of every W_k for each unit, which nothing else depends on at once: ∂F/∂u_k = gain·diag(slope)
	// for all k, so that M is a Kronecker product, gain·diag(slope)⊗[z_1, z_2, …]. keep is the share of a unit's state that
	// stays, the part of J that is no weights'. RFLO and KF-RTRL need it.
	Local interface {
		Local(p *nets.Pass, tape []*compute.Tensor) (slope *compute.Tensor, keep, gain float32)
	}

	// A Beginner sets the state of the examples whose trial begins with m, see [nets.Pass.Begin], where it is not 0.
	Beginner interface {
		Begin(p *nets.Pass, m nets.Moment, s *compute.Tensor)
	}
)

// Back returns d·w, of vectors d as in Backward: what is sent back through weights w, outputs × inputs.
func Back(p *nets.Pass, w, d *compute.Tensor) *compute.Tensor { return rows(p, d, w, p.Back) }

// Forth returns w·a, of vectors a as in Push.
func Forth(p *nets.Pass, w, a *compute.Tensor) *compute.Tensor {
	return rows(p, a, w, func(w, a *compute.Tensor) *compute.Tensor { return p.Product(w, a, compute.Identity) })
}

// rows multiplies the vectors of all examples of a learner as one matrix.
func rows(p *nets.Pass, v, w *compute.Tensor, product func(w, v *compute.Tensor) *compute.Tensor) *compute.Tensor {
	out := product(w, p.View(v, 0, p.Learners, v.Batch()*v.Rows()/p.Learners, v.Cols()))
	return p.View(out, 0, v.Batch(), v.Rows(), out.Cols())
}

// jacobian returns J and the ∂F/∂u_k of each example: eye is the identity, 1 × units × units.
func jacobian(now moment, net Network, eye *compute.Tensor) (j *compute.Tensor, influences []*compute.Tensor) {
	v := now.Tensor(now.all(), eye.Rows(), eye.Cols())
	now.Into(v, same, eye)
	return net.Backward(now.Pass, now.tape, v)
}

// push returns J·a.
func push(now moment, net Network, eye, a *compute.Tensor) *compute.Tensor {
	if n, ok := net.(Pusher); ok {
		return n.Push(now.Pass, now.tape, a)
	}
	j, _ := jacobian(now, net, eye)
	out := now.Like(a)
	now.Do(compute.Gemm{C: out, A: a, B: j, TransB: true, Epilogue: compute.Epilogue{Alpha: 1}})
	return out
}

// identity is the identity matrix.
func identity(s *nets.Store, n int) *compute.Tensor {
	return s.FixedBy(func(x []float32) {
		for i := range n {
			x[i*n+i] = 1
		}
	}, n, n)
}
