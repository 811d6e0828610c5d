package compute

// A Windower is a [Backend] that can put ops off, to run many of them at once. Ops on batches of small matrices are mostly
// traffic with memory: where the members of a batch have nothing to do with each other, a core can take some of them through many
// ops while what they work on stays in its cache. Results are the same to the bit.
type Windower interface {
	// Window lets Run put ops off while members is above 1: at the latest until the host reads, writes or frees memory or calls
	// Sync. The ops that are put off are those whose batches are that many equal parts, one of each for each member.
	Window(members int)
}

// Window calls [Windower.Window] of the device's backend, if it has one: wrappers that look at each op have none.
func (d *Device) Window(members int) {
	if w, ok := d.b.(Windower); ok && !d.root.closed {
		w.Window(members)
	}
}
