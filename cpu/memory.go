package cpu

import (
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"unsafe"

	"hebb/compute"
)

// A memory allocates float32s up to the memory that was free when it was opened. Go cannot recover from running out of
// memory, so an allocation that would not fit must be refused beforehand.
type memory struct {
	settle  func() // runs the ops that were put off; nil: none are
	budget  int64  // bytes
	held    int64  // bytes of live buffers
	garbage int64  // bytes of freed buffers that the collector may not have freed yet
}

// headroom stays free for the rest of the program and for others.
const headroom = 64 << 20

// wait runs the ops that were put off.
func (m *memory) wait() {
	if m.settle != nil {
		m.settle()
	}
}

func newMemory() *memory { return &memory{budget: available()} }

func (m *memory) alloc(n int) (*buffer, error) {
	if n > math.MaxInt/4 || !m.fits(4*int64(n)) {
		return nil, fmt.Errorf("%w: %d float32s asked for, want at most the %d MiB still free of %d MiB",
			compute.ErrMemory, n, max(0, m.budget-m.held-headroom)>>20, m.budget>>20)
	}
	m.held += 4 * int64(n)
	return &buffer{mem: m, data: lined(n)}, nil
}

// cacheLine is the length of a line of the cache and of the longest vector, in float32s. A vector that lies in two lines takes
// two loads.
const cacheLine = 16

// lined returns n float32s, all 0, which start with a line and have large pages if they are many.
func lined(n int) []float32 {
	x := make([]float32, n+cacheLine-1)
	x = x[-uintptr(unsafe.Pointer(&x[0]))/4%cacheLine:][:n:n]
	huge(x)
	return x
}

// fits reports whether that many bytes are free, after collecting garbage if needed.
func (m *memory) fits(bytes int64) bool {
	if bytes > m.budget-m.held-headroom {
		return false
	}
	if bytes > m.budget-m.held-m.garbage-headroom {
		debug.FreeOSMemory()
		m.garbage = 0
	}
	return bytes <= available() // other programs may have taken memory since
}

// A buffer is a slice of Go's heap.
type buffer struct {
	mem   *memory
	data  []float32
	spans []span // that ops use which were put off
}

func (b *buffer) Write(off int, src []float32) error {
	if b.data == nil {
		return compute.ErrReleased
	}
	b.mem.wait()
	copy(b.data[off:][:len(src)], src)
	return nil
}

func (b *buffer) Read(off int, dst []float32) error {
	if b.data == nil {
		return compute.ErrReleased
	}
	b.mem.wait()
	copy(dst, b.data[off:][:len(dst)])
	return nil
}

func (b *buffer) Free() {
	b.mem.wait()
	bytes := 4 * int64(len(b.data))
	b.mem.held -= bytes
	b.mem.garbage += bytes
	b.data = nil
}

// values returns the elements of t, which is of float32s.
func values(t *compute.Tensor) []float32 {
	return t.Buffer().(*buffer).data[t.Offset():][:t.Len()]
}

// words returns the memory of t, of either Type.
func words(t *compute.Tensor) []float32 {
	if t.Type() == compute.Float16 {
		return t.Buffer().(*buffer).data[t.Offset()/2:][:(t.Len()+1)/2]
	}
	return values(t)
}

// halved reports whether op has an operand of Float16s.
func (b *backend) halved(op compute.Op) bool {
	b.outs, b.ins = compute.AppendOperands(op, b.outs[:0], b.ins[:0])
	half := func(t *compute.Tensor) bool { return t.Type() == compute.Float16 }
	return slices.ContainsFunc(b.outs, half) || slices.ContainsFunc(b.ins, half)
}

// widen copies the Float16s in words to dst.
func widen(dst, words []float32) {
	n := widenVector(dst, words)
	compute.Widen(dst[n:], words[n/2:])
}

// widened returns op with its Float16s copied to float32s, the only type that BLAS takes; done frees the copies.
func widened(op compute.Op) (wide compute.Op, done func()) {
	var borrowed []*[]float32
	wide = compute.Widened(op, func(t *compute.Tensor) *compute.Tensor {
		room := borrow(t.Len())
		borrowed = append(borrowed, room)
		from := words(t)
		chunks(len(from), fair(len(from), 1<<14), func(lo, hi int) { widen((*room)[2*lo:min(2*hi, t.Len())], from[lo:hi]) })
		return t.Laid(&buffer{data: *room})
	})
	return wide, func() {
		for _, room := range borrowed {
			giveBack(room)
		}
	}
}
