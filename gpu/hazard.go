package gpu

// Commands on a buffer are not ordered among shaders unless a barrier stands between them: neither
// read after write, nor write after write, nor write after read, which recycled memory makes common.
// Tracking is by buffer, not by range: two shaders that touch different parts of one buffer
// may wait for each other, but are never wrong.

// usage says in which epoch shaders last read and wrote a buffer.
type usage struct{ read, written int }

// hazards counts epochs: a barrier ends one. The zero usage is of no epoch.
type hazards struct{ barriers int }

// conflict reports whether a barrier must come before this access.
func (h *hazards) conflict(u *usage, write bool) bool {
	now := h.barriers + 1
	return u.written == now || write && u.read == now
}

func (h *hazards) barrier() { h.barriers++ }

func (h *hazards) record(u *usage, write bool) {
	if now := h.barriers + 1; write {
		u.written = now
	} else {
		u.read = now
	}
}
