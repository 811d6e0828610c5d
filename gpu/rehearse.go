//go:build cgo && (linux || windows) && !nogpu

package gpu

import "hebb/compute"

// Rehearse has the driver begin to compile what ops take, all at once, where it compiles several programs at a time. Those
// on disk wait for their turn: they are there in a moment.
func (b *backend) Rehearse(ops []compute.Op) bool {
	if !b.early {
		return false
	}
	for _, op := range ops {
		l, err := b.plan(op)
		if err != nil {
			continue // as Run will say
		}
		for _, d := range l.dispatches {
			b.draft(d.kernel)
		}
	}
	return true
}

// draft begins to compile the program of a kernel that is not there yet.
func (b *backend) draft(k kernel) {
	if b.programs[k] != 0 || b.drafts[k] != nil {
		return
	}
	text, err := b.source(k.file, k.list()...)
	if err != nil || b.cache.has(text) {
		return
	}
	d := &draft{}
	b.drafts[k] = d
	b.send(func() { *d = drafted(text) })
}
