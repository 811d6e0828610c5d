package gpu

import "slices"

// Commands on a buffer are not ordered among shaders unless a barrier stands between them: neither read after write,
// nor write after write, nor write after read, which recycled memory makes common. Tracking is by the bound ranges of a
// buffer, so that updates of different parts of one, such as the parameters of a network, need not wait for each other.

// A span is the numbers [from, to) of a buffer.
type span struct{ from, to int }

// spans are parts of a buffer, in order and with room between them.
type spans []span

// maxSpans bounds the list searched at each access. Beyond it neighbours are merged, with the room between them: then a
// superfluous barrier may come, but none is left out.
const maxSpans = 32

// after returns the number of spans that end before x.
func (l spans) after(x int) int {
	i, _ := slices.BinarySearchFunc(l, x, func(s span, x int) int {
		if s.to < x {
			return -1
		}
		return 1
	})
	return i
}

func (l spans) overlap(s span) bool {
	i := l.after(s.from + 1)
	return i < len(l) && l[i].from < s.to
}

// add returns l and s, merging spans that touch.
func (l spans) add(s span) spans {
	i := l.after(s.from)
	k := i
	for ; k < len(l) && l[k].from <= s.to; k++ {
		s.from, s.to = min(s.from, l[k].from), max(s.to, l[k].to)
	}
	if l = slices.Replace(l, i, k, s); len(l) > maxSpans {
		return l.joinClosest()
	}
	return l
}

func (l spans) joinClosest() spans {
	best := 1
	for i := 2; i < len(l); i++ {
		if l[i].from-l[i-1].to < l[best].from-l[best-1].to {
			best = i
		}
	}
	l[best-1].to = l[best].to
	return slices.Delete(l, best, best+1)
}

// usage records the parts of a buffer that shaders have read and written in an epoch.
type usage struct {
	epoch         int
	read, written spans
}

// hazards counts epochs: a barrier ends one. The zero usage belongs to no epoch.
type hazards struct{ barriers int }

// conflict reports whether a barrier must come before this access.
func (h *hazards) conflict(u *usage, s span, write bool) bool {
	return u.epoch == h.barriers+1 && (u.written.overlap(s) || write && u.read.overlap(s))
}

func (h *hazards) barrier() { h.barriers++ }

func (h *hazards) record(u *usage, s span, write bool) {
	if now := h.barriers + 1; u.epoch != now {
		u.epoch, u.read, u.written = now, u.read[:0], u.written[:0]
	}
	if write {
		u.written = u.written.add(s)
	} else {
		u.read = u.read.add(s)
	}
}
