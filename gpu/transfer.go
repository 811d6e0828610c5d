//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// Transfers go through rings: the caller copies to or from mapped memory, and the device copies between that and its
// own, piece by piece, so that the two work at the same time. Drivers without persistent mapping transfer numbers by
// call.

const (
	stageParts = 8
	stagePart  = 1 << 18 // numbers of a part of a ring, at most a piece: 1 MiB

	// Smaller pieces would cost more in calls than the two copies gain by overlapping.
	stageLeast = 1 << 15

	// chunk is the number of floats per call where there is no ring, so that no copy of all of them is made and the
	// driver's own staging memory stays small.
	chunk = 1 << 24
)

// piece returns the size of the pieces of a transfer of n numbers.
func piece(n int) int { return min(stagePart, max(stageLeast, n/stageParts)) }

// uploads is the caller's side of the ring that writes go through. Small ones share a part.
type uploads struct {
	*ring
	part, used int                     // the place of the next write; numbers
	idle       [stageParts]atomic.Bool // the device is known to have done with it
}

// room returns memory for up to n numbers, and its offset from the ring's start. It waits if the device is behind by
// all parts.
func (u *uploads) room(n int) (to []float32, at int, err error) {
	if u.used == stagePart {
		full := u.part
		u.idle[full].Store(false)
		u.t.send(func() { u.passed(full) })
		u.part, u.used = (full+1)%stageParts, 0
		if next := u.part; !u.idle[next].Load() {
			if err := u.t.wait(func() error { return u.enter(next) }); err != nil {
				return nil, 0, err
			}
		}
	}
	at, n = u.part*stagePart+u.used, min(n, stagePart-u.used)
	u.used += (n + 15) / 16 * 16 // whole lines of the cache
	return u.numbers(at, n), at, nil
}

// passed ends the use of a part, and marks the others that the device has done with as idle.
func (u *uploads) passed(part int) {
	u.leave(part)
	gl.Flush()
	for i := range stageParts {
		if u.fences[i] != 0 && u.done(i, 0) {
			u.idle[i].Store(true)
		}
	}
}

// uploading returns the ring for writes, made at the first.
func (t *thread) uploading() (*uploads, error) {
	if t.up == nil {
		u := &uploads{}
		if err := t.wait(func() (err error) {
			u.ring, err = t.newRing(toDevice, stageParts, 4*stagePart)
			return staging(err)
		}); err != nil {
			return nil, err
		}
		for i := range u.idle {
			u.idle[i].Store(true)
		}
		t.up = u
	}
	return t.up, nil
}

func staging(err error) error {
	if err != nil {
		err = fmt.Errorf("memory for transfers: %w", err)
	}
	return err
}

// Write copies src and then returns: only where the device is far behind does it wait for it.
func (b *buffer) Write(off int, src []float32) error {
	if !b.t.maps {
		return b.writeByCall(off, src)
	}
	u, err := b.t.uploading()
	if err != nil {
		return err
	}
	for most := piece(len(src)); len(src) > 0; {
		to, at, err := u.room(min(most, len(src)))
		if err != nil {
			return err
		}
		copyFast(to, src)
		from, n := off, len(to)
		b.t.send(func() {
			b.fence(span{from, from + n}, true)
			b.t.copy(u.id, at, b.id, from, n)
			b.t.note("write")
		})
		off, src = off+n, src[n:]
	}
	return nil
}

// copy lets the device copy n numbers from one buffer to another.
func (t *thread) copy(from uint32, fromOff int, to uint32, toOff, n int) {
	gl.BindBuffer(gl.COPY_READ_BUFFER, from)
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, to)
	gl.CopyBufferSubData(gl.COPY_READ_BUFFER, gl.COPY_WRITE_BUFFER, 4*fromOff, 4*toOff, 4*n)
}

func (b *buffer) writeByCall(off int, src []float32) error {
	put := func(off int, src []float32) error {
		b.fence(span{off, off + len(src)}, true)
		gl.BindBuffer(gl.COPY_WRITE_BUFFER, b.id)
		gl.BufferSubData(gl.COPY_WRITE_BUFFER, 4*off, 4*len(src), gl.Ptr(src))
		b.t.note("write")
		return b.t.first
	}
	for len(src) > chunk {
		if err := b.t.wait(func() error { return put(off, src[:chunk]) }); err != nil {
			return err
		}
		off, src = off+chunk, src[chunk:]
	}
	src = slices.Clone(src)
	b.t.send(func() { put(off, src) })
	return nil
}

func (b *buffer) Read(off int, dst []float32) error {
	return b.t.wait(func() error {
		if err := b.t.settle("before read"); err != nil {
			return err
		}
		b.fence(span{off, off + len(dst)}, false)
		if b.t.maps {
			return b.read(off, dst)
		}
		return b.readByCall(off, dst)
	})
}

// read requests pieces as far ahead as the ring has parts.
func (b *buffer) read(off int, dst []float32) (err error) {
	t, most := b.t, piece(len(dst))
	if t.down == nil {
		if t.down, err = t.newRing(fromDevice, stageParts, 4*stagePart); err != nil {
			return staging(err)
		}
	}
	asked, next := 0, 0
	for got, part := 0, 0; got < len(dst); part = (part + 1) % stageParts {
		for ; asked < len(dst) && asked-got < stageParts*most; next = (next + 1) % stageParts {
			n := min(most, len(dst)-asked)
			t.copy(b.id, off+asked, t.down.id, next*stagePart, n)
			t.down.leave(next)
			asked += n
			gl.Flush()
		}
		if err := t.down.enter(part); err != nil {
			return err
		}
		if err := t.settle("read"); err != nil {
			return err
		}
		n := min(most, len(dst)-got)
		copyFast(dst[got:got+n], t.down.numbers(part*stagePart, n))
		got += n
	}
	return nil
}

func (b *buffer) readByCall(off int, dst []float32) error {
	gl.BindBuffer(gl.COPY_READ_BUFFER, b.id)
	for len(dst) > 0 {
		n := min(chunk, len(dst))
		gl.GetBufferSubData(gl.COPY_READ_BUFFER, 4*off, 4*n, gl.Ptr(dst))
		if err := b.t.settle("read"); err != nil {
			return err
		}
		off, dst = off+n, dst[n:]
	}
	return nil
}

// copyFast fills dst from src. Data in a ring is on its way to the device when the caller has sent a command: a send is
// a locked instruction, which flushes the write-combining buffers.
//
// One core copies slower than PCIe, so several share the work where there are any.
func copyFast(dst, src []float32) {
	const each = 1 << 16
	cores := min(4, runtime.GOMAXPROCS(0)/2, len(dst)/each)
	if cores < 2 {
		copy(dst, src)
		return
	}
	var all sync.WaitGroup
	step := (len(dst)/cores + 15) / 16 * 16
	for from := step; from < len(dst); from += step {
		to := min(from+step, len(dst))
		all.Go(func() { copy(dst[from:to], src[from:to]) })
	}
	copy(dst[:step], src)
	all.Wait()
}
