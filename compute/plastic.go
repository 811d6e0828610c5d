package compute

import "fmt"

// Plastic changes synapses by a formula of their two cells, where either cell has fired:
//
//	W[z, i, k] ← F(Pre₁[z, i], …, Post₁[r, z, j], …)  with old = W[z, i, k], j = To_ik, r = (Now − d_ik) mod slots
//
// for each synapse with Pre₁[z, i] ≠ 0 or Post₁[r, z, j] ≠ 0, or for all of them if All; the other weights stay. So the first
// Pre and the first Post are spikes, and the others whatever a rule wants to know of a cell when it or the other one fires:
// traces, potentials, thresholds. Spike-timing-dependent plasticity of pairs, for instance (Song, Miller and Abbott 2000), is
//
//	min(max(old + a·post·x − b·pre·y, 0), most)
//
// of the spikes and traces pre, x of the one cell and post, y of the other. Post are rings, whose row t mod slots was written at
// step t: with a delay d (Morrison, Diesmann and Gerstner 2008, "Phenomenological models of synaptic plasticity based on spike
// timing", take it for dendritic) a synapse sees what its postsynaptic cell did d steps ago. Without delays they have one slot.
//
// The inputs of F are Pre and then Post, 6 in all or, with Delay, 5: a shader of OpenGL 4.3 has 8 buffers. The bound on a
// float32 result follows from F step by step, and the other weights stay to the bit. Cost: as if all cells fired, a flop for
// each instruction of F and synapse.
type Plastic struct {
	W *Tensor // members × pre × fan, updated in place
	Synapses
	Pre  []*Tensor // members × 1 × pre each
	Post []*Tensor // slots × members × post each
	Now  int       // the row of this step
	All  bool
	F    *Func
}

func (p Plastic) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, p.W), p.Synapses.operands(append(append(ins, p.Pre...), p.Post...))
}

// Dims returns the sizes; fan is the synapses that a presynaptic cell has room for.
func (p Plastic) Dims() (slots, members, pre, fan, post int) {
	members, pre, fan, post = p.W.Batch(), p.W.Rows(), p.W.Cols(), p.From.Rows()
	if slots = 1; len(p.Post) > 0 {
		slots = p.Post[0].n / (members * post)
	}
	return slots, members, pre, fan, post
}

func (p Plastic) check() error {
	slots, members, pre, _, post := p.Dims()
	most := 6
	if p.Delay != nil {
		most--
	}
	switch inputs := len(p.Pre) + len(p.Post); {
	case p.F == nil:
		return fmt.Errorf("no formula")
	case inputs > most || inputs == 0 && !p.All:
		return fmt.Errorf("%d Pre and %d Post, want %d in all at most and, without All, one at least", len(p.Pre), len(p.Post), most)
	case p.F.ready(inputs) != nil:
		return p.F.ready(inputs)
	case p.Delay != nil && slots == 1:
		return fmt.Errorf("Delay, and one slot of Post: want none, since all delays see the same row")
	}
	for i, t := range p.Pre {
		if t.n != members*pre || t.Cols() != pre {
			return fmt.Errorf("Pre[%d] is %v, want [%d 1 %d] for W%v", i, t, members, pre, p.W)
		}
	}
	for i, t := range p.Post {
		if t.n != slots*members*post || t.Cols() != post {
			return fmt.Errorf("Post[%d] is %v, want [%d %d %d]: slots, members, and columns as From%v has rows", i, t, max(slots, 1), members, post, p.From)
		}
	}
	return p.Synapses.check(p.W, post, slots, p.Now)
}

func (p Plastic) define(before Contents) func(out, i int) Val {
	slots, members, pre, fan, post := p.Dims()
	w := before[p.W]
	return func(_, i int) Val {
		z := i / (pre * fan)
		j, delay, ok := p.Synapses.at(before, z, i%(pre*fan), slots)
		if !ok {
			return exact(w[i])
		}
		row := (p.Now - delay + slots) % slots
		in := func(v int) float32 {
			if v < len(p.Pre) {
				return before[p.Pre[v]][i/fan]
			}
			return before[p.Post[v-len(p.Pre)]][(row*members+z)*post+j]
		}
		if !p.All && !(len(p.Pre) > 0 && in(0) != 0) && !(len(p.Post) > 0 && in(len(p.Pre)) != 0) {
			return exact(w[i])
		}
		return p.F.at(in, w[i])
	}
}

func (p Plastic) cost() Cost {
	outs, ins := p.operands(nil, nil)
	return Cost{int64(p.W.n) * p.F.flops(), 4 * (2*lengths(outs) + lengths(ins))}
}
