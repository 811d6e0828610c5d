package cpu

import "hebb/compute"

// A delivery computes a [compute.Deliver]: it goes through the synapses of the cells that fired.
type delivery struct {
	compute.Deliver
	slots, members, examples, pre, fan, post int
}

func newDelivery(d compute.Deliver) *delivery {
	v := &delivery{Deliver: d}
	v.slots, v.members, v.examples, v.pre, v.fan, v.post = d.Dims()
	return v
}

func deliver(d compute.Deliver) {
	v := newDelivery(d)
	perMember(v.members, v.work(), v.run)
}

// work is what a member takes, roughly, where a cell in fifty fires.
func (v *delivery) work() int { return v.examples * v.pre * (8 + v.fan) / 32 }

// run delivers the spikes of members lo … hi.
func (v *delivery) run(lo, hi int) {
	spikes, cells := values(v.Spikes), lists.Get().(*[]int32)
	for row := lo * v.examples; row < hi*v.examples; row++ {
		z, of := row/v.examples, spikes[row*v.pre:][:v.pre]
		*cells = fired((*cells)[:0], of)
		for _, i := range *cells {
			v.spike(z, int(i), row, of[i])
		}
	}
	lists.Put(cells)
}

// spike delivers a spike of cell i of member z to a row of each slot of the ring.
func (v *delivery) spike(z, i, row int, s float32) {
	to, w := partOf(v.To, z)[i*v.fan:][:v.fan], values(v.W)[(z*v.pre+i)*v.fan:][:v.fan]
	out, step := values(v.Out), v.members*v.examples*v.post
	if v.Delay == nil {
		out = out[(v.Now+v.Fixed)%v.slots*step+row*v.post:][:v.post]
		for k, t := range to {
			if j := uint(int32(t)); j < uint(len(out)) {
				out[j] += s * w[k]
			}
		}
		return
	}
	delay := partOf(v.Delay, z)[i*v.fan:][:v.fan]
	for k, t := range to {
		slot := v.Now + int(int32(delay[k]))
		if slot >= v.slots {
			slot -= v.slots
		}
		if j := uint(int32(t)); j < uint(v.post) && uint(slot) < uint(v.slots) {
			out[slot*step+row*v.post+int(j)] += s * w[k]
		}
	}
}
