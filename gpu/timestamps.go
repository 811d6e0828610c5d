package gpu

import (
	"time"

	"hebb/compute"
)

// stamps are slots, numbered from 0, into which a device writes the time when it reaches a point in its queue.
type stamps interface {
	put(slot int)            // writes the time once all before is done
	ready(slot int) bool     // reports whether it is written, without waiting
	get(slot int) (ns int64) // waits; since a fixed instant of the stamps
}

// A timer times ops by stamps between their launches, and reports each timing once the device is past the op. The
// stamps are a ring of which it reads only the ready ones, and only when half of them are pending: so nobody waits,
// until the device is a whole ring behind; then only for its oldest op, with all others queued behind it, so that the
// device does not idle. Methods of a nil timer do nothing.
type timer struct {
	stamps
	size   int // of the ring
	report func(compute.Timing)
	failed func() bool // reports whether the device has failed: its stamps then mean nothing
	zero   time.Time   // the instant that stamps count from

	next, oldest int // stamps put and read so far; slot: modulo size
	polled       int // next, when the ring was last looked at
	ops          []timedOp
	left         int // launches of the current op
}

// A timedOp is waiting for its stamps: one before its first launch and one after each.
type timedOp struct {
	op    compute.Op
	parts []compute.Part // without their times yet
	whole bool           // of very many launches: one before the first and one after the last
}

func (o *timedOp) stamps() int {
	if o.whole {
		return 2
	}
	return len(o.parts) + 1
}

// mostParts is the largest number of launches of an op that are timed one by one.
const mostParts = 64

// begin starts an op, before its launches.
func (t *timer) begin(op compute.Op, launches []dispatch) {
	if t == nil {
		return
	}
	o := timedOp{op: op, whole: len(launches) > mostParts}
	if !o.whole {
		o.parts = make([]compute.Part, len(launches))
		for i, d := range launches {
			o.parts[i].Name = d.file
		}
	}
	t.left = len(launches)
	t.forgetFailed()
	t.makeRoom(o.stamps())
	t.ops = append(t.ops, o)
	t.stamp()
}

// launched ends a launch of the op that began last.
func (t *timer) launched() {
	if t == nil {
		return
	}
	if t.left--; t.left == 0 || !t.ops[len(t.ops)-1].whole {
		t.stamp()
	}
}

func (t *timer) stamp() {
	t.put(t.next % t.size)
	t.next++
}

// makeRoom reads the ready stamps, now and then, and waits only where there is no room for n more.
func (t *timer) makeRoom(n int) {
	if t.next-t.oldest > t.size/2 && t.next-t.polled > t.size/16 {
		t.polled = t.next
		for len(t.ops) > 0 && t.ready((t.oldest+t.ops[0].stamps()-1)%t.size) {
			t.take()
		}
	}
	for t.next-t.oldest+n > t.size {
		t.take()
	}
}

// drain reports all pending ops; it waits for the device.
func (t *timer) drain() {
	if t == nil {
		return
	}
	t.forgetFailed()
	for len(t.ops) > 0 {
		t.take()
	}
}

func (t *timer) forgetFailed() {
	if t.failed() {
		t.ops, t.oldest = nil, t.next
	}
}

// take reads the oldest op and reports it.
func (t *timer) take() {
	o := t.ops[0]
	t.ops[0] = timedOp{} // frees the op, though the array stays
	t.ops = t.ops[1:]
	start := t.read()
	at := start
	for i := range o.parts {
		end := t.read()
		o.parts[i].Took = time.Duration(end - at)
		at = end
	}
	if o.whole {
		at = t.read()
	}
	t.report(compute.Timing{Op: o.op, Start: t.zero.Add(time.Duration(start)), Took: time.Duration(at - start), Parts: o.parts})
}

func (t *timer) read() int64 {
	ns := t.get(t.oldest % t.size)
	t.oldest++
	return ns
}

// advance returns how far a counter of that many bits went from a to b, forward or, by less than half its range, back.
func advance(a, b uint64, bits int) int64 { return int64((b-a)<<(64-bits)) >> (64 - bits) }
