package compute

import "fmt"

// Deliver adds what spikes bring to a ring of what arrives, for each member z and example e:
//
//	Out[(Now + d_ik) mod slots, z, e, j] += Σ Spikes[z, e, i]·W[z, i, k], over the synapses with To_ik = j
//
// d_ik being a synapse's delay in steps. Row r of the ring, members × examples × post in one piece, is what arrives at the steps
// t with t mod slots = r; whoever has read a row clears it. Cells with a 0 in Spikes did not fire: their weights are not read, so
// that the work is that of the spikes, not of the synapses. A spike may be any other number.
//
// Bound: a sum in any order of what was there and of what arrives; what nothing arrives at stays, to the bit. Cost: as if all
// cells fired, 2 flops for each synapse and example.
type Deliver struct {
	Out    *Tensor // slots × members × examples × post, updated in place
	Spikes *Tensor // members × examples × pre
	W      *Tensor // members × pre × fan
	Synapses
	Now int // the row of this step
}

func (d Deliver) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, d.Out), d.Synapses.operands(append(ins, d.Spikes, d.W))
}

// Dims returns the sizes; fan is the synapses that a presynaptic cell has room for.
func (d Deliver) Dims() (slots, members, examples, pre, fan, post int) {
	members, pre, fan = d.W.Batch(), d.W.Rows(), d.W.Cols()
	examples, post = d.Spikes.Rows(), d.Out.Cols()
	return d.Out.n / (members * examples * post), members, examples, pre, fan, post
}

func (d Deliver) check() error {
	slots, members, examples, pre, _, post := d.Dims()
	switch {
	case !d.Spikes.is(members, examples, pre):
		return fmt.Errorf("Spikes is %v for W%v, want %d members of %d columns", d.Spikes, d.W, members, pre)
	case slots*members*examples*post != d.Out.n:
		return fmt.Errorf("Out is %v, want slots of %d members of %d examples of %d cells", d.Out, members, examples, post)
	}
	return d.Synapses.check(d.W, post, slots, d.Now)
}

func (d Deliver) define(before Contents) func(out, i int) Val {
	slots, members, examples, pre, fan, post := d.Dims()
	spikes, w, old := before[d.Spikes], before[d.W], before[d.Out]
	arrived := map[int]*sum{}
	for z := range members {
		for place := range pre * fan {
			j, delay, ok := d.Synapses.at(before, z, place, slots)
			if !ok {
				continue
			}
			for e := range examples {
				s := spikes[(z*examples+e)*pre+place/fan]
				if s == 0 {
					continue
				}
				at := (((d.Now+delay)%slots*members+z)*examples+e)*post + j
				to := arrived[at]
				if to == nil {
					to = &sum{n: 1, whole: true}
					to.addTerm(1, float64(old[at]))
					arrived[at] = to
				}
				to.addTerm(float64(s), float64(w[z*pre*fan+place]))
				to.n++
			}
		}
	}
	return func(_, i int) Val {
		if s := arrived[i]; s != nil {
			return s.val()
		}
		return exact(old[i])
	}
}

func (d Deliver) cost() Cost {
	_, _, examples, _, _, _ := d.Dims()
	outs, ins := d.operands(nil, nil)
	return Cost{2 * int64(d.W.n) * int64(examples), 4 * (2*lengths(outs) + lengths(ins))}
}
