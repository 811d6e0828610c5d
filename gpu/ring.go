//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"cmp"
	"errors"
	"time"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// A ring is persistently mapped memory, which the device and this program both access, in parts that are used in turn.
// A fence at the end of each part's use tells when the device has done with it.
type ring struct {
	t      *thread
	id     uint32
	bytes  []byte
	part   int       // bytes of one
	fences []uintptr // by part: 0 if the device does not use it
}

// A direction tells who writes the memory of a ring.
type direction uint32

const (
	toDevice   direction = gl.MAP_WRITE_BIT
	fromDevice direction = gl.MAP_READ_BIT | gl.CLIENT_STORAGE_BIT // in memory that this program reads fast
)

var errUnmapped = errors.New("gpu: the driver does not map memory for good")

// newRing returns an error where no memory of that kind is available.
func (t *thread) newRing(d direction, parts, part int) (*ring, error) {
	r := &ring{t: t, part: part, fences: make([]uintptr, parts)}
	const mapped = gl.MAP_PERSISTENT_BIT | gl.MAP_COHERENT_BIT
	size := parts * part
	_, err := t.try("mapped memory", func() {
		gl.GenBuffers(1, &r.id)
		gl.BindBuffer(gl.COPY_WRITE_BUFFER, r.id)
		gl.BufferStorage(gl.COPY_WRITE_BUFFER, size, nil, mapped|uint32(d))
		if p := gl.MapBufferRange(gl.COPY_WRITE_BUFFER, 0, size, mapped|uint32(d)&^gl.CLIENT_STORAGE_BIT); p != nil {
			r.bytes = unsafe.Slice((*byte)(p), size)
		}
	})
	if err != nil || r.bytes == nil {
		gl.DeleteBuffers(1, &r.id)
		return nil, cmp.Or(err, errUnmapped)
	}
	return r, nil
}

// leave marks the end of the device's commands on a part, for now.
func (r *ring) leave(part int) { r.fences[part] = gl.FenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0) }

// enter waits until the device has done with a part. If it never will, it records a failure.
func (r *ring) enter(part int) error {
	for !r.done(part, time.Second) {
		if err := r.t.settle("waiting for the device"); err != nil {
			return err
		}
	}
	return nil
}

// done waits for at most that time for the device to have done with a part.
func (r *ring) done(part int, wait time.Duration) bool {
	if r.fences[part] == 0 {
		return true
	}
	flush := uint32(0)
	if wait > 0 {
		flush = gl.SYNC_FLUSH_COMMANDS_BIT
	}
	switch gl.ClientWaitSync(r.fences[part], flush, uint64(wait)) {
	case gl.ALREADY_SIGNALED, gl.CONDITION_SATISFIED:
		gl.DeleteSync(r.fences[part])
		r.fences[part] = 0
		return true
	}
	return false
}

// numbers returns n numbers of the ring, from an index on.
func (r *ring) numbers(from, n int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(&r.bytes[4*from])), n)
}
