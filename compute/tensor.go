package compute

import (
	"fmt"
	"math"
)

// A Tensor is a contiguous, row-major block of numbers on a Device: float32s, or halves ([Type]).
//
// Ops on matrices read its last two dimensions as rows and columns and all before them as a
// batch of independent matrices; a tensor of one dimension is a single row. [Tensor.View] gives
// the same memory another shape, so that a batch of images N×H×W×C is also one matrix of N·H·W
// rows.
type Tensor struct {
	shape  []int // in dims, where they fit
	dims   [4]int
	typ    Type
	buf    Buffer
	off, n int
	scope  *scope // the owner of buf
}

// A scope is the lifetime of some tensors: a Device's or a Step's.
type scope struct {
	dev    *Device
	closed bool
	bufs   []block
}

type block struct {
	Buffer
	n int
}

// set makes t a tensor of a shape.
func (t *Tensor) set(shape []int, typ Type, buf Buffer, off, n int, scope *scope) *Tensor {
	t.typ, t.buf, t.off, t.n, t.scope = typ, buf, off, n, scope
	t.shape = append(t.dims[:0], shape...)
	return t
}

// View returns the part of t that starts at element off; it lives as long as t. A view of Float16s starts at an even
// element, and ends at one or at the end of t: no two views share a word of memory.
func (t *Tensor) View(off int, shape ...int) (*Tensor, error) {
	v := new(Tensor)
	if err := t.view(v, off, shape); err != nil {
		return nil, err
	}
	return v, nil
}

// view is View to v.
func (t *Tensor) view(v *Tensor, off int, shape []int) error {
	n, err := size(shape)
	if err != nil {
		return err
	}
	if off < 0 || n > t.n-off {
		return fmt.Errorf("compute: view of %d values, %v, at %d of %v", n, shape, off, t)
	}
	if t.typ == Float16 && (off%2 != 0 || n%2 != 0 && off+n != t.n) {
		return fmt.Errorf("compute: view of %d values, %v, at %d of %v, want it to start and to end at even ones", n, shape, off, t)
	}
	v.set(shape, t.typ, t.buf, t.off+off, n, t.scope)
	return nil
}

// Shape returns the dimensions. The slice is t's own: do not modify it.
func (t *Tensor) Shape() []int { return t.shape }

// Type returns the format of the numbers in memory.
func (t *Tensor) Type() Type { return t.typ }

// Len returns the number of elements.
func (t *Tensor) Len() int { return t.n }

// Cols returns the last dimension.
func (t *Tensor) Cols() int { return t.shape[len(t.shape)-1] }

// Rows returns the last dimension but one, or 1.
func (t *Tensor) Rows() int {
	if len(t.shape) < 2 {
		return 1
	}
	return t.shape[len(t.shape)-2]
}

// Batch returns the product of all dimensions before the last two.
func (t *Tensor) Batch() int { return t.n / (t.Rows() * t.Cols()) }

// Buffer returns the Buffer that holds t. It is for backends.
func (t *Tensor) Buffer() Buffer { return t.buf }

// Offset returns the index in its Buffer of t's first number, in numbers of its Type. It is for backends.
func (t *Tensor) Offset() int { return t.off }

// String returns the shape: "[64 100]", or "[64 100]f16" for Float16s.
func (t *Tensor) String() string {
	if t.typ == Float16 {
		return fmt.Sprint(t.shape) + "f16"
	}
	return fmt.Sprint(t.shape)
}

func (t *Tensor) overlaps(u *Tensor) bool {
	return t.buf == u.buf && t.off < u.off+u.n && u.off < t.off+t.n
}

// is reports whether t has exactly this shape, a batch of 1 being the same as none.
func (t *Tensor) is(batch, rows, cols int) bool {
	return t.Batch() == batch && t.Rows() == rows && t.Cols() == cols
}

// maxLen keeps every byte count within an int and every index exact in a float64.
const maxLen = math.MaxInt / 8

// size returns the number of elements of a shape.
func size(shape []int) (int, error) {
	if len(shape) == 0 {
		return 0, fmt.Errorf("compute: shape %v has no dimension, want at least one", shape)
	}
	n := 1
	for _, x := range shape {
		if x <= 0 {
			return 0, fmt.Errorf("compute: shape %v, want dimensions of at least 1", shape)
		}
		if n > maxLen/x {
			return 0, fmt.Errorf("compute: shape %v is more elements than can be counted: %w", shape, ErrMemory)
		}
		n *= x
	}
	return n, nil
}

// present appends the tensors that are not nil.
func present(to []*Tensor, ts ...*Tensor) []*Tensor {
	for _, t := range ts {
		if t != nil {
			to = append(to, t)
		}
	}
	return to
}
