package compute

// A Rehearser is a [Backend] that can prepare for ops in advance: a GPU compiles a program for each kind, which takes
// longer than the op, and several at a time if they are known. A wrapper of Backends implements Rehearse in one line,
// by [Rehearse].
type Rehearser interface {
	// Rehearse starts preparing for ops, whose tensors may be of another Device and need no memory, and does not wait.
	// Run will report their errors. It reports whether preparing helps at all; call it without ops to find out.
	Rehearse(ops []Op) bool
}

// Rehearse calls [Rehearser.Rehearse] of b, or returns false if b is no Rehearser.
func Rehearse(b Backend, ops []Op) bool {
	r, ok := b.(Rehearser)
	return ok && r.Rehearse(ops)
}

// Rehearse runs f on another Device that computes nothing, so that d can prepare for all of f's ops at once. Tensors
// there take no memory and read as 0. If d's backend has no use for it, f is not called. The error is f's, or that of
// the first op refused.
func (d *Device) Rehearse(f func(*Device) error) error {
	if !Rehearse(d.b, nil) {
		return nil
	}
	s := &Stage{Of: d.b.Info()}
	dev := New(s)
	dev.leeway = d.leeway
	err := f(dev)
	Rehearse(d.b, s.Ops)
	return err
}

// Ahead returns the range [from, to) of the n cases to rehearse before case k begins. So a device prepares some cases
// while it runs the ones before, and never all of very many.
func Ahead(k, n int) (from, to int) {
	const some = 16
	switch {
	case k == 0:
		return 0, min(2*some, n)
	case k%some == 0:
		return min(k+some, n), min(k+2*some, n)
	}
	return n, n
}

// Staged reports whether d rehearses: data to write to it need not be made, since it is discarded.
func (d *Device) Staged() bool {
	_, ok := d.b.(*Stage)
	return ok
}

// A Stage is a [Backend] that records ops and computes nothing. Its memory reads as 0.
type Stage struct {
	Of    Info  // returned by Info
	Ops   []Op  // in the order of the calls
	Bytes int64 // asked for by Alloc, in all
}

func (s *Stage) Info() Info { return s.Of }

func (s *Stage) Alloc(n int) (Buffer, error) {
	s.Bytes += 4 * int64(n)
	return &prop{}, nil
}

func (s *Stage) Run(op Op) error {
	s.Ops = append(s.Ops, op)
	return nil
}

func (s *Stage) Sync() error  { return nil }
func (s *Stage) Close() error { return nil }

// A prop is a Buffer of a Stage.
type prop struct{ _ byte } // not of size 0, or all would have the same address

func (*prop) Write(int, []float32) error { return nil }

func (*prop) Read(_ int, dst []float32) error {
	clear(dst)
	return nil
}

func (*prop) Free() {}
