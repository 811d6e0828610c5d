//go:build cgo && (linux || windows) && !nogpu

package gpu

import "hebb/compute"

// Rehearse lets the driver begin to compile the programs of ops, all at once, where it compiles several at a time.
// Programs on disk are skipped: loading them takes a moment.
func (b *backend) Rehearse(ops []compute.Op) bool {
	if !b.early {
		return false
	}
	for _, op := range ops {
		l, err := b.plan(op)
		if err != nil {
			continue // Run will report it
		}
		for _, x := range l.dispatches {
			if b.programs[x.kernel] != 0 {
				continue
			}
			if d, err := b.draft(x.kernel); err == nil && !d.given && !b.cache.has(d.text) {
				d.given = true
				b.send(d.give)
			}
		}
	}
	return true
}

// draft returns the draft of a kernel, an existing or a new one.
func (b *backend) draft(k kernel) (*draft, error) {
	if d := b.drafts[k]; d != nil {
		return d, nil
	}
	text, err := b.source(k.file, k.list()...)
	if err != nil {
		return nil, err
	}
	d := &draft{text: text}
	b.drafts[k] = d
	return d, nil
}
