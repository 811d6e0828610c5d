package spiking

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Depression is synapses that are weaker the more they are used, of one presynaptic cell all alike (Tsodyks, Markram 1997, PNAS 94;
// with facilitation Markram, Wang, Tsodyks 1998, PNAS 95). u is the share of what is left that a spike uses, and y the share that is
// spent. A spike has the effect u·(1 − y), in units of the weight. From step to step of dt ms, with s whether the cell spiked:
//
//	u ← e^(−dt/Facilitation)·u, and then, if s, u ← u + U·(1 − u)
//	y ← e^(−dt/Recovery)·(y + s·u·(1 − y))    after the effect
//
// So y is Σ of the effects of earlier spikes, each decayed. Of spikes Δ ms apart, the effects come down to u·x with
//
//	u = U/(1 − (1 − U)·e^(−Δ/Facilitation)) and x = (1 − e^(−Δ/Recovery))/(1 − (1 − u)·e^(−Δ/Recovery))
type Depression struct {
	U                      float64
	Recovery, Facilitation float64 // ms
}

func (d Depression) check(dt float64) error {
	in := func(x float64) bool { return x >= dt && x <= 1e6 }
	if !(d.U > 0 && d.U <= 1) || !in(d.Recovery) || !in(d.Facilitation) {
		return fmt.Errorf("spiking: depression %v, want U above 0 and at most 1, and times of recovery and facilitation from %g to 1e6 ms", d, dt)
	}
	return nil
}

// depressing is the synapses of a group of cells on a readout that adds up what they bring.
type depressing struct {
	u, spent *compute.Tensor // cells
	brought  *compute.Tensor // cells: Σ of the effects in this moment

	use, spend *compute.Func
}

var (
	uses   = compute.Formula("where(spiked, most + (1 - most)*keep*old, keep*old)", "spiked")
	brings = compute.Formula("where(spiked, old + u*(1 - spent), old)", "spiked", "u", "spent")
	spends = compute.Formula("keep*where(spiked, old + u*(1 - old), old)", "spiked", "u")
)

// newDepressing asks for the state of synapses of n cells that have recovered, with steps of dt ms.
func (d Depression) newDepressing(s *nets.Store, name string, n int, dt float64) *depressing {
	return &depressing{u: s.State(name+".u", nets.Zeros, n), spent: s.State(name+".spent", nets.Zeros, n), brought: s.Scratch(n),
		use:   uses.With("most", float32(d.U)).With("keep", float32(math.Exp(-dt/d.Facilitation))),
		spend: spends.With("keep", float32(math.Exp(-dt/d.Recovery)))}
}

// advance makes a step, in which cells spiked.
func (d *depressing) advance(p *nets.Pass, spiked *compute.Tensor) {
	p.Into(d.u, d.use, spiked)
	p.Into(d.brought, brings, spiked, d.u, d.spent)
	p.Into(d.spent, d.spend, spiked, d.u)
}
