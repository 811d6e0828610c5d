package compute_test

import (
	"slices"

	"hebb/compute"
)

// firstGraph is s with the first member's synapses for all.
func firstGraph(s compute.Synapses) compute.Synapses {
	one := func(t *compute.Tensor) *compute.Tensor {
		if t == nil {
			return nil
		}
		v, _ := t.View(0, t.Rows(), t.Cols())
		return v
	}
	return compute.Synapses{To: one(s.To), Delay: one(s.Delay), From: one(s.From), Fixed: s.Fixed}
}

// cell returns the place, in a ring of a Plastic, of what the synapse of weight i sees of its postsynaptic cell, or −1.
func cell(p compute.Plastic, i int) int {
	slots, members, pre, fan, post := p.Dims()
	j, delay := int(data(p.To)[i%p.To.Len()]), p.Fixed
	if p.Delay != nil {
		delay = int(data(p.Delay)[i%p.Delay.Len()])
	}
	if j < 0 {
		return -1
	}
	return ((p.Now-delay+slots)%slots*members+i/(pre*fan))*post + j
}

func synapseMutants() []mutant {
	type D = compute.Deliver
	type P = compute.Plastic
	spikes := func(name string, change func(d D, x []float32)) mutant {
		return mutant{name, D{}, around(func(run func(compute.Op), d D) {
			during(d.Spikes, func(x []float32) { change(d, x) }, func() { run(d) })
		})}
	}
	// keeps the weights that f names as they were.
	kept := func(name string, f func(p P, fan, i int) bool) mutant {
		return mutant{name, P{}, around(func(run func(compute.Op), p P) {
			old := slices.Clone(data(p.W))
			run(p)
			for i := range old {
				if !p.All && f(p, p.W.Cols(), i) {
					data(p.W)[i] = old[i]
				}
			}
		})}
	}
	turned := func(t *compute.Tensor, slots int, run func()) {
		during(t, func(x []float32) {
			for i := range x {
				x[i] = float32((slots - int(x[i])) % slots)
			}
		}, run)
	}
	return []mutant{
		bend("no delays", func(d *D) { d.Delay = nil }),
		bend("no delay of all", func(d *D) { d.Fixed = 0 }),
		bend("a row late", func(d *D) { slots, _, _, _, _, _ := d.Dims(); d.Now = (d.Now + 1) % slots }),
		bend("the first member's synapses", func(d *D) { d.Synapses = firstGraph(d.Synapses) }),
		spikes("every spike is 1", func(_ D, x []float32) {
			for i := range x {
				if x[i] != 0 {
					x[i] = 1
				}
			}
		}),
		spikes("the first example's spikes", func(d D, x []float32) {
			_, _, examples, pre, _, _ := d.Dims()
			for i := range x {
				x[i] = x[i/(examples*pre)*examples*pre+i%pre]
			}
		}),
		{"what was there is lost", D{}, around(func(run func(compute.Op), d D) { clear(data(d.Out)); run(d) })},
		{"the ring does not close", D{}, around(func(run func(compute.Op), d D) {
			slots, _, _, _, _, _ := d.Dims()
			if d.Delay == nil {
				d.Fixed = min(d.Fixed, slots-1-d.Now)
				run(d)
				return
			}
			during(d.Delay, func(x []float32) {
				for i := range x {
					x[i] = min(x[i], float32(slots-1-d.Now))
				}
			}, func() { run(d) })
		})},
		spoil("weights of silent cells times 0", func(d D) {
			for _, w := range data(d.W) {
				data(d.Out)[0] += 0 * w
			}
		}),

		bend("all", func(p *P) { p.All = true }),
		bend("not all", func(p *P) { p.All = p.All && len(p.Pre)+len(p.Post) == 0 }),
		bend("what it does now", func(p *P) { p.Delay, p.Fixed = nil, 0 }),
		bend("a step late", func(p *P) { slots, _, _, _, _ := p.Dims(); p.Now = (p.Now + 1) % slots }),
		bend("the first member's synapses", func(p *P) { p.Synapses = firstGraph(p.Synapses) }),
		{"what it will do", P{}, around(func(run func(compute.Op), p P) {
			if slots, _, _, _, _ := p.Dims(); p.Delay != nil {
				turned(p.Delay, slots, func() { run(p) })
			} else {
				p.Fixed = (slots - p.Fixed) % slots
				run(p)
			}
		})},
		kept("after postsynaptic spikes alone", func(p P, fan, i int) bool { return len(p.Pre) == 0 || data(p.Pre[0])[i/fan] == 0 }),
		kept("after presynaptic spikes alone", func(p P, _, i int) bool {
			at := cell(p, i)
			return at >= 0 && (len(p.Post) == 0 || data(p.Post[0])[at] == 0)
		}),
		{"twice where both have fired", P{}, around(func(run func(compute.Op), p P) {
			run(p)
			once := slices.Clone(data(p.W))
			run(p)
			for i := range once {
				at := cell(p, i)
				if at < 0 || len(p.Pre) == 0 || len(p.Post) == 0 || data(p.Pre[0])[i/p.W.Cols()] == 0 || data(p.Post[0])[at] == 0 {
					data(p.W)[i] = once[i]
				}
			}
		})},
		spoil("no synapse is one on the first cell", func(p P) {
			for i := range data(p.W) {
				if cell(p, i) < 0 {
					data(p.W)[i]++
				}
			}
		}),
	}
}
