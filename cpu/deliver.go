package cpu

import "hebb/compute"

// A delivery computes a [compute.Deliver]: it goes through the synapses of the cells that fired.
type delivery struct {
	compute.Deliver
	slots, members, examples, pre, fan, post int

	out, w    []float32
	to, delay book
}

func newDelivery(d compute.Deliver) *delivery {
	v := &delivery{Deliver: d, out: values(d.Out), w: values(d.W), to: bookOf(d.To), delay: bookOf(d.Delay)}
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
	to, w := v.to.of(z)[i*v.fan:][:v.fan], v.w[(z*v.pre+i)*v.fan:][:v.fan]
	out, step := v.out[row*v.post:], v.members*v.examples*v.post
	if v.Delay == nil {
		out = out[(v.Now+v.Fixed)%v.slots*step:][:v.post]
		for k, t := range to {
			if j := uint(int32(t)); j < uint(len(out)) {
				out[j] += s * w[k]
			}
		}
		return
	}
	delay := v.delay.of(z)[i*v.fan:][:len(to)]
	w = w[:len(to)]
	post, slots, now := uint(v.post), uint(v.slots), uint(v.Now)
	for k, t := range to {
		j, slot := uint(int32(t)), uint(int32(delay[k]))
		if j >= post || slot >= slots {
			continue
		}
		if slot += now; slot >= slots {
			slot -= slots
		}
		if at := slot*uint(step) + j; at < uint(len(out)) {
			out[at] += s * w[k]
		}
	}
}
