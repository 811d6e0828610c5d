package recurrent

import (
	"fmt"

	"hebb/compute"
)

// A past is the tapes of the last moments, in a ring, so that errors can be sent back through them. It is State: a run that
// was cut within a trial has it.
type past struct {
	slots []slot
	made  *int64 // moments since the trial began, of all examples alike
	whole bool   // errors are sent back once, when a trial ends, and are kept until then
}

// A slot is a moment of the past.
type slot struct {
	tape []*compute.Tensor // examples × columns
	on   *compute.Tensor   // examples × 1: 0 where the moment began a trial, so that nothing goes back beyond it, else 1
	q    *compute.Tensor   // examples × units, if errors are kept: that of the state
}

// mostSlots is the largest number of moments that are kept. Each takes several named tensors.
const mostSlots = 1 << 14

// build asks for so many slots.
func (b *past) build(l *Learning, slots int, whole bool) error {
	if slots > mostSlots {
		return fmt.Errorf("recurrent: %d moments to be sent back through, want at most %d", slots, mostSlots)
	}
	b.whole = whole
	for i := range slots {
		name := func(of string) string { return fmt.Sprintf("moment.%d.%s", i, of) }
		var one slot
		for _, e := range l.parts.Tape {
			one.tape = append(one.tape, l.trace(name(e.Name), 1, e.Cols))
		}
		one.on = l.trace(name("on"), 1, 1)
		if whole {
			one.q = l.trace(name("error"), 1, l.units())
		}
		b.slots = append(b.slots, one)
	}
	b.made = l.store.Counter("moments")
	return nil
}

var ongoing = compute.Formula("1 - begin", "begin")

// add keeps a moment, whose error is 0 until it is known.
func (b *past) add(l *Learning, now moment) {
	if now.shown.First && (b.whole || now.shown.Begin == nil) {
		*b.made = 0
	}
	at := b.last(-1)
	*b.made++
	for i, t := range at.tape {
		now.Into(l.of(now, t), same, now.tape[i])
	}
	switch on := now.View(at.on, 0, now.Learners, now.n, 1); {
	case now.shown.Begin != nil:
		now.Into(on, ongoing, now.shown.Begin)
	case now.shown.First:
		now.Clear(on)
	default:
		now.Into(on, constantly.With("c", 1))
	}
	if b.whole {
		now.Clear(l.of(now, at.q))
	}
}

// last returns the slot of k moments ago: 0 is the one that was added last, and -1 the next.
func (b *past) last(k int) slot { return b.slots[(int(*b.made)-1-k)%len(b.slots)] }

var (
	carried = compute.Formula("v*on", "v", "on")
	joined  = compute.Formula("q + v*on", "q", "v", "on")
)

// back sends v, the error of the newest state, (learners·examples) × 1 × units, back through all moments that are kept, and
// makes the gradients of the weights:
//
//	δ_k and Jᵀ·v by Network.Backward
//	gradient of W_k: Σ δ_k⊗z_k over examples and moments
//	v ← q_{t−1} + on·Jᵀ·v
func (b *past) back(l *Learning, now moment, v *compute.Tensor) {
	depth := min(int(*b.made), len(b.slots))
	for k := range depth {
		at := b.last(k)
		var tape []*compute.Tensor
		for _, t := range at.tape {
			tape = append(tape, l.of(now, t))
		}
		down, deltas := l.net.Backward(now.Pass, tape, v)
		for i, w := range l.parts.Weights {
			flat := func(t *compute.Tensor) *compute.Tensor { return now.View(t, 0, now.Learners, now.n, t.Cols()) }
			l.outer(now.Pass, w.W, flat(deltas[i]), flat(tape[w.In]), k)
		}
		if k+1 == depth || now.Failed() != nil { // the run ends
			return
		}
		if v = now.Like(down); b.whole {
			now.Into(v, joined, l.of(now, b.last(k+1).q), down, l.of(now, at.on))
		} else {
			now.Into(v, carried, down, l.of(now, at.on))
		}
	}
}

// traces are none: what a trial that begins must not see, on hides.
func (b *past) traces() []*compute.Tensor { return nil }
