package compute

import (
	"fmt"
	"math"
)

// Synapses lists the synapses of one group of cells, pre, on another, post, or on itself. Each presynaptic cell i has room for
// fan of them, and the place of synapse k of cell i is i·fan + k. Numbers of cells, places and delays are whole, kept as float32s.
// Both lists have every synapse; what an op makes of lists that contradict each other is undefined.
type Synapses struct {
	To    *Tensor // members × pre × fan: the postsynaptic cell of each synapse, from 0; −1: there is none. A batch of 1 serves all members
	Delay *Tensor // as To: steps from a spike to its arrival, 0 … slots−1, and else there is no synapse; nil: Fixed, for all
	From  *Tensor // as many members × post × fanIn: the places of each cell's synapses, in order of delay and then of place; then −1
	Fixed int
}

func (s Synapses) operands(ins []*Tensor) []*Tensor {
	return present(append(ins, s.To, s.From), s.Delay)
}

// check reports why s does not fit weights of members × pre × fan, so many postsynaptic cells, and rings of so many slots.
func (s Synapses) check(w *Tensor, post, slots, now int) error {
	batch, pre, fan := s.To.Batch(), w.Rows(), w.Cols()
	switch {
	case batch != 1 && batch != w.Batch() || !s.To.is(batch, pre, fan):
		return fmt.Errorf("To is %v, want %v as W, or one member of it", s.To, w)
	case s.Delay != nil && !s.Delay.is(batch, pre, fan):
		return fmt.Errorf("Delay is %v, want %v as To", s.Delay, s.To)
	case s.From.Batch() != batch || s.From.Rows() != post:
		return fmt.Errorf("From is %v, want a batch of %d as To%v, and %d rows, one per postsynaptic cell", s.From, batch, s.To, post)
	case max(pre*fan, post) > mostWhole:
		return fmt.Errorf("W%v on %d cells, want at most %d of either, which float32s tell apart", w, post, mostWhole)
	case s.Fixed < 0 || s.Fixed >= slots || s.Delay != nil && s.Fixed != 0:
		return fmt.Errorf("a fixed delay of %d, want 0 … %d, the slots being %d, or 0 with Delay", s.Fixed, slots-1, slots)
	case now < 0 || now >= slots:
		return fmt.Errorf("Now is %d, want 0 … %d, the slots being %d", now, slots-1, slots)
	}
	return nil
}

// at returns the postsynaptic cell and the delay, within so many slots, of the synapse at a place of member z, or none.
func (s Synapses) at(before Contents, z, place, slots int) (to, delay int, ok bool) {
	size := s.To.Rows() * s.To.Cols()
	i := z%s.To.Batch()*size + place
	t, d := float64(before[s.To][i]), float64(s.Fixed)
	if s.Delay != nil {
		d = float64(before[s.Delay][i])
	}
	if !(t >= 0 && d >= 0) || t != math.Trunc(t) || d != math.Trunc(d) {
		return 0, 0, false
	}
	return int(t), int(d), t < float64(s.From.Rows()) && d < float64(slots)
}
