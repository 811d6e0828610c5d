//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// uniforms is a ring of args blocks, so that a new one need not wait for the dispatches that still read the old ones.
// Where memory can be mapped persistently, a block is written in place and costs no call; else the driver copies it,
// and the ring gets fresh memory at the end of each round.
type uniforms struct {
	ring  *ring // nil: not mapped
	id    uint32
	next  int
	block *args // cgo refuses the address of args that lie beside Go pointers, as in a dispatch
}

const (
	slotBytes = 512 // a multiple of 256, and no GL_UNIFORM_BUFFER_OFFSET_ALIGNMENT is larger
	slots     = 256 // of a part

	// While the device works on one part and the next is filled, others may wait in the driver's queue.
	uniformParts = 8
)

// An array of negative length if args outgrow a slot.
var _ [slotBytes - unsafe.Sizeof(args{})]byte

func (t *thread) argsRing() (*ring, error) { return t.newRing(toDevice, uniformParts, slots*slotBytes) }

// init sets u to use r, or none.
func (u *uniforms) init(r *ring) {
	if *u = (uniforms{ring: r}); r != nil {
		u.id = r.id
		return
	}
	u.block = new(args)
	gl.GenBuffers(1, &u.id)
	gl.BindBuffer(gl.UNIFORM_BUFFER, u.id)
	gl.BufferData(gl.UNIFORM_BUFFER, slots*slotBytes, nil, gl.STREAM_DRAW)
}

// set makes a the arguments of the next dispatch.
func (u *uniforms) set(a *args) {
	if u.ring != nil {
		u.write(a)
	} else {
		u.give(a)
	}
	gl.BindBufferRange(gl.UNIFORM_BUFFER, 0, u.id, u.next*slotBytes, slotBytes) // a driver may round the block's size up
	u.next++
}

func (u *uniforms) write(a *args) {
	if part := u.next / slots; u.next%slots == 0 && u.next > 0 { // the dispatches of the last part are all on their way
		u.ring.leave(part - 1)
		part %= uniformParts
		u.next = part * slots
		u.ring.enter(part) // on failure, which is kept, the dispatch has no effect
	}
	*(*args)(unsafe.Pointer(&u.ring.bytes[u.next*slotBytes])) = *a
}

func (u *uniforms) give(a *args) {
	if u.next == slots { // fresh memory under the old name
		gl.BufferData(gl.UNIFORM_BUFFER, slots*slotBytes, nil, gl.STREAM_DRAW)
		u.next = 0
	}
	*u.block = *a
	gl.BufferSubData(gl.UNIFORM_BUFFER, u.next*slotBytes, int(unsafe.Sizeof(*a)), unsafe.Pointer(u.block))
}
