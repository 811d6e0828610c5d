package compute

// A Rehearser is a [Backend] that can make ready for ops before they are asked for: a GPU has a program to compile for each
// kind, which takes longer than the op and goes several at a time where they are known. A wrapper of Backends passes it on
// with a method of one line, by [Rehearse].
type Rehearser interface {
	// Rehearse begins to make ready for ops, whose tensors may be of another Device and need no memory, and does not wait. What
	// is wrong with one of them Run will say. It reports whether it is of use, for which it may be asked with no ops.
	Rehearse(ops []Op) bool
}

// Rehearse is [Rehearser.Rehearse] of b, and of no use if b is no Rehearser.
func Rehearse(b Backend, ops []Op) bool {
	r, ok := b.(Rehearser)
	return ok && r.Rehearse(ops)
}

// Rehearse has f do, on another Device, what is going to be done on d, so that d can make ready for all of its ops at once.
// Nothing is computed there: tensors take no memory, and all that is read is 0. Where that is of no use f is not called.
// The error is f's, or the first of an op that was asked for wrongly.
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

// Ahead says which of n cases to rehearse before case k begins: from one up to another, which is not among them. So a device makes
// ready for some while it runs those before, and never for all of very many.
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

// Staged reports whether d is for a rehearsal, so that what is written to it need not be made: it goes nowhere.
func (d *Device) Staged() bool {
	_, ok := d.b.(*Stage)
	return ok
}

// A Stage is a [Backend] that computes nothing: it takes note of what it is asked for. Memory on it holds nothing, and reads as 0.
type Stage struct {
	Of  Info // what it says of itself
	Ops []Op // in the order of the calls
}

func (s *Stage) Info() Info { return s.Of }

func (s *Stage) Alloc(int) (Buffer, error) { return &prop{}, nil }

func (s *Stage) Run(op Op) error {
	s.Ops = append(s.Ops, op)
	return nil
}

func (s *Stage) Sync() error  { return nil }
func (s *Stage) Close() error { return nil }

// A prop is a Buffer of a Stage.
type prop struct{ _ byte } // not of size 0, or all would be the same one

func (*prop) Write(int, []float32) error { return nil }

func (*prop) Read(_ int, dst []float32) error {
	clear(dst)
	return nil
}

func (*prop) Free() {}
