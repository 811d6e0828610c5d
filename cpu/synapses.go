package cpu

import (
	"sync"
	"unsafe"

	"hebb/compute"
)

// fired appends the cells with spikes to cells.
func fired(cells []int32, spikes []float32) []int32 {
	pairs := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(spikes))), len(spikes)/2)
	i := 0
	for ; i+8 <= len(pairs); i += 8 { // most are silent
		s := (*[8]uint64)(pairs[i:])
		if (s[0]|s[1]|s[2]|s[3]|s[4]|s[5]|s[6]|s[7])&^(1<<63|1<<31) != 0 { // but for signs
			cells = firedOf(cells, spikes, 2*i, 2*i+16)
		}
	}
	return firedOf(cells, spikes, 2*i, len(spikes))
}

// firedOf appends those of cells lo … hi.
func firedOf(cells []int32, spikes []float32, lo, hi int) []int32 {
	for i, x := range spikes[lo:hi] {
		if x != 0 {
			cells = append(cells, int32(lo+i))
		}
	}
	return cells
}

// lists are those of cells that are not in use.
var lists = sync.Pool{New: func() any { return new([]int32) }}

// perMember calls f for all members, some on each core where that much work is done sooner so.
func perMember(members, work int, f func(lo, hi int)) {
	if members*work <= alone {
		f(0, members)
		return
	}
	chunks(members, fair(members, members), f)
}

// A book is one of the lists of [compute.Synapses], each member's or one for all.
type book struct {
	data []float32
	size int // of a member's
}

func bookOf(t *compute.Tensor) (b book) {
	if t != nil {
		b = book{values(t), t.Rows() * t.Cols()}
	}
	return b
}

// of returns the list of member z.
func (b *book) of(z int) []float32 {
	if len(b.data) == b.size {
		return b.data
	}
	return b.data[z*b.size:][:b.size]
}

// A divisor divides numbers below 2²⁴ by n: a product is sooner done than a division.
type divisor struct {
	factor uint64
	shift  int
}

func divideBy(n int) divisor {
	shift := 24
	for 1<<(shift-24) <= n {
		shift++
	}
	return divisor{(1<<shift + uint64(n) - 1) / uint64(n), shift}
}

func (d divisor) of(x int) int { return int(uint64(x) * d.factor >> d.shift) }

// addDeliver adds an op whose members are not shared out any further, so that none is too large.
func (s *stretch) addDeliver(d compute.Deliver) bool {
	v := newDelivery(d)
	if v.members%s.members != 0 {
		return false
	}
	u, row := s.uses(), (d.Now+d.Fixed)%v.slots
	for slot := range v.slots {
		if d.Delay != nil || slot == row {
			u.row(d.Out, v.slots, slot, true)
		}
	}
	u.in(d.Spikes)
	u.in(d.W)
	u.synapses(d.Synapses)
	return s.admit(u, s.members*min(v.work()*v.members/s.members, s.most()), func() portion {
		each := v.members / s.members
		return portion{do: func(lo, hi int) { v.run(lo*each, hi*each) }}
	})
}

func (s *stretch) addPlastic(p compute.Plastic) bool {
	slots, members, _, _, _ := p.Dims()
	if members%s.members != 0 {
		return false
	}
	u := s.uses()
	u.out(p.W)
	for _, t := range p.Pre {
		u.in(t)
	}
	for _, t := range p.Post {
		for slot := range slots {
			if p.Delay != nil || (p.Now-p.Fixed+slots)%slots == slot {
				u.row(t, slots, slot, false)
			}
		}
	}
	u.synapses(p.Synapses)
	v := newPlasticity(p)
	work := v.work() * members / s.members
	if !p.All {
		work = min(work, s.most())
	}
	ok := s.admit(u, s.members*work, func() portion {
		each := members / s.members
		return portion{func(lo, hi int) { v.learn(lo*each, hi*each) }, v.formula.done}
	})
	if !ok {
		v.formula.done()
	}
	return ok
}

// row adds a slot of a ring, of which each member has a part.
func (u *uses) row(t *compute.Tensor, slots, slot int, write bool) {
	n := t.Len() / slots
	u.all = append(u.all, use{t.Buffer().(*buffer), span{t.Offset() + slot*n, n, false, write}})
}

// synapses adds lists that members may share.
func (u *uses) synapses(s compute.Synapses) {
	for _, t := range []*compute.Tensor{s.To, s.Delay, s.From} {
		u.batched(t, u.members)
	}
}
