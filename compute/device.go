package compute

import (
	"errors"
	"fmt"
	"slices"
)

var (
	ErrUnsupported = errors.New("not supported by this backend")
	ErrUnavailable = errors.New("backend not available here")
	ErrReleased    = errors.New("tensor used after its step or lease ended")
	ErrClosed      = errors.New("device is closed")
	ErrWrong       = errors.New("result outside its error bound")
	ErrMemory      = errors.New("not enough memory") // for a tensor
)

// An OpError names the op that failed, the caller's line and the cause.
type OpError struct {
	Op    string // "compute.Gemm"
	Where string // "mine/rule.go:41": the innermost caller outside of compute and nets, or in a test of theirs
	Err   error
}

func (e *OpError) Error() string { return e.Where + ": " + e.Op + ": " + e.Err.Error() }
func (e *OpError) Unwrap() error { return e.Err }

// A Device is the front door to a Backend: it checks ops, owns tensors and keeps the first error.
// It is for one goroutine.
type Device struct {
	b    Backend
	root scope
	free map[int][]Buffer // by length; training steps ask for the same lengths again

	leases    map[*Lease]bool
	outs, ins []*Tensor // of the op that is being checked
	bufs      []block   // room for those of a step

	leeway Leeway
}

// New returns a Device that runs ops on b, and closes b when it is closed.
func New(b Backend) *Device {
	d := &Device{b: b, free: map[int][]Buffer{}, leases: map[*Lease]bool{}}
	d.root.dev = d
	return d
}

// Info describes the device that runs the ops.
func (d *Device) Info() Info { return d.b.Info() }

// Sync waits for all work and returns the Device's first failure, now and ever after.
func (d *Device) Sync() error {
	if d.root.closed {
		return ErrClosed
	}
	return d.b.Sync()
}

// Tensor returns a tensor that lives as long as the Device. Its contents are unspecified.
func (d *Device) Tensor(shape ...int) (*Tensor, error) { return d.TensorOf(Float32, shape...) }

// TensorOf is [Device.Tensor] with numbers of type typ.
func (d *Device) TensorOf(typ Type, shape ...int) (*Tensor, error) {
	t := new(Tensor)
	if err := d.alloc(&d.root, t, typ, shape); err != nil {
		return nil, err
	}
	return t, nil
}

// A Lease owns tensors, which live until it or the Device is closed.
type Lease struct{ scope }

// Lease returns a new Lease.
func (d *Device) Lease() *Lease {
	l := &Lease{scope{dev: d}}
	d.leases[l] = true
	return l
}

// Tensor is [Device.Tensor] of a tensor that lives as long as the Lease.
func (l *Lease) Tensor(shape ...int) (*Tensor, error) {
	t := new(Tensor)
	if err := l.dev.alloc(&l.scope, t, Float32, shape); err != nil {
		return nil, err
	}
	return t, nil
}

// Close frees the memory of the tensors. Later uses of them fail with [ErrReleased].
func (l *Lease) Close() {
	if l.closed {
		return
	}
	l.closed = true
	delete(l.dev.leases, l)
	for _, b := range l.bufs {
		b.Free()
	}
	l.bufs = nil
}

// Step calls f and then takes back all tensors that f made with [Step.Tensor]. It returns f's error, joined with the
// Step's first failure. It does not wait for the device. A step that asks for the same tensors as the one before gets
// the same memory, tensor for tensor, so that a backend recognises its ops.
func (d *Device) Step(f func(*Step) error) error {
	s := &Step{scope: scope{dev: d, bufs: d.bufs[:0]}}
	d.bufs = nil
	defer func() {
		s.closed = true
		for _, b := range slices.Backward(s.bufs) { // the last one in is the next one out
			d.free[b.n] = append(d.free[b.n], b.Buffer)
		}
		d.bufs, s.bufs = s.bufs, nil
	}()
	switch err := f(s); {
	case err == nil:
		return s.err
	case s.err == nil || errors.Is(err, s.err): // f returned s.Err
		return err
	default:
		return errors.Join(s.err, err)
	}
}

// Trim frees the memory that ended steps have left for later ones.
func (d *Device) Trim() {
	for n, l := range d.free {
		for _, b := range l {
			b.Free()
		}
		delete(d.free, n)
	}
}

// Close waits for all work, frees all memory and closes the Backend. Every later call fails with [ErrClosed].
func (d *Device) Close() error {
	if d.root.closed {
		return ErrClosed
	}
	for l := range d.leases {
		l.Close()
	}
	d.root.closed = true
	for _, b := range d.root.bufs {
		b.Free()
	}
	d.Trim()
	return d.b.Close()
}

// alloc makes t a tensor of memory of its own.
func (d *Device) alloc(s *scope, t *Tensor, typ Type, shape []int) error {
	n, err := size(shape)
	err = errors.Join(err, typ.check())
	switch {
	case err != nil:
		return err
	case d.root.closed:
		return ErrClosed
	case s.closed:
		return ErrReleased
	}
	t.set(shape, typ, nil, 0, n, s)
	words := typ.words(n)
	if k := len(d.free[words]) - 1; k >= 0 {
		t.buf, d.free[words] = d.free[words][k], d.free[words][:k]
	} else if t.buf, err = d.b.Alloc(words); err != nil {
		d.Trim()
		if t.buf, err = d.b.Alloc(words); err != nil {
			return fmt.Errorf("compute: tensor %v of %d bytes: %w", t, 4*words, err)
		}
	}
	s.bufs = append(s.bufs, block{t.buf, words})
	return nil
}

// A Step is a sequence of ops with scratch memory of its own. Its first error sticks: later ops are not run, and
// [Device.Step] returns the error. Only the goroutine of its Device uses it, until its function returns.
type Step struct {
	scope
	err   error
	fresh []Tensor // not yet given out
}

// tensor returns a Tensor to be set.
func (s *Step) tensor() *Tensor {
	if len(s.fresh) == 0 {
		s.fresh = make([]Tensor, 16) // one allocation for several
	}
	t := &s.fresh[0]
	s.fresh = s.fresh[1:]
	return t
}

// Tensor returns scratch of unspecified contents, valid until the Step ends.
func (s *Step) Tensor(shape ...int) *Tensor { return s.alloc("Tensor", Float32, shape) }

// TensorOf is [Step.Tensor] with numbers of type typ.
func (s *Step) TensorOf(typ Type, shape ...int) *Tensor {
	return s.alloc("TensorOf", typ, shape)
}

func (s *Step) alloc(method string, typ Type, shape []int) *Tensor {
	t := s.tensor()
	if err := s.dev.alloc(&s.scope, t, typ, shape); err != nil {
		s.fail(method, err)
		t.set([]int{1, 1}, Float32, nil, 0, 1, &s.scope) // an operand for later ops, which are not run
	}
	return t
}

// View is [Tensor.View]; the Step keeps its error.
func (s *Step) View(t *Tensor, off int, shape ...int) *Tensor {
	v := s.tensor()
	if err := t.view(v, off, shape); err != nil {
		s.fail("View", err)
		return t
	}
	return v
}

// Do checks op and starts it.
func (s *Step) Do(op Op) {
	if s.err != nil {
		return
	}
	op = s.dev.Lend(op)
	err := s.dev.admit(op)
	if err == nil {
		err = s.dev.b.Run(op)
	}
	if err != nil {
		s.fail(fmt.Sprintf("%T", op), err)
	}
}

// Write copies src into t, rounded if t is of Float16s.
func (s *Step) Write(t *Tensor, src []float32) {
	if s.err != nil {
		return
	}
	err := s.dev.movable(t, len(src))
	if err == nil {
		err = t.write(src)
	}
	if err != nil {
		s.fail("Write", err)
	}
}

// Read waits for all earlier work and copies t into dst.
func (s *Step) Read(t *Tensor, dst []float32) {
	if s.err != nil {
		return
	}
	err := s.dev.movable(t, len(dst))
	if err == nil {
		err = t.read(dst)
	}
	if err != nil {
		s.fail("Read", err)
	}
}

// Err returns the Step's first failure.
func (s *Step) Err() error { return s.err }

func (s *Step) fail(op string, err error) {
	if s.err == nil {
		s.err = &OpError{op, caller(), err}
	}
}

// admit checks the preconditions shared by all ops and backends.
func (d *Device) admit(op Op) error {
	if op == nil {
		return errors.New("the op is nil")
	}
	outs, ins := op.operands(d.outs[:0], d.ins[:0])
	d.outs, d.ins = outs, ins
	for _, l := range [2][]*Tensor{outs, ins} {
		for _, t := range l {
			if t == nil {
				return fmt.Errorf("operand %s is nil", missing(op))
			}
			if err := d.live(t); err != nil {
				return err
			}
		}
	}
	if err := checkTypes(op, outs, ins); err != nil {
		return err
	}
	if err := op.check(); err != nil {
		return err
	}
	for i, o := range outs {
		for _, l := range [2][]*Tensor{ins, outs[:i]} {
			for _, t := range l {
				if o.overlaps(t) {
					return fmt.Errorf("output %v overlaps operand %v in memory", o, t)
				}
			}
		}
	}
	return nil
}

func (d *Device) live(t *Tensor) error {
	switch {
	case t == nil || t.scope == nil:
		return errors.New("the tensor is nil, or no device's")
	case t.scope.dev != d:
		return fmt.Errorf("operand %v belongs to another device", t)
	case d.root.closed:
		return ErrClosed
	case t.scope.closed:
		return fmt.Errorf("operand %v: %w", t, ErrReleased)
	}
	return nil
}

// movable reports why n values cannot be written to or read from t.
func (d *Device) movable(t *Tensor, n int) error {
	if err := d.live(t); err != nil {
		return err
	}
	if n != t.n {
		return fmt.Errorf("%d values for %v, want %d", n, t, t.n)
	}
	return nil
}
