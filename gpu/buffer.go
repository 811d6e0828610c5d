//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"fmt"

	"github.com/go-gl/gl/v4.3-core/gl"

	"hebb/compute"
)

// A buffer holds whole vec4s, so that the last number of a tensor may be read as part of one.
type buffer struct {
	t  *thread
	id uint32
	n  int
	usage
}

// Alloc returns memory for n numbers. A buffer may be larger than one binding of a shader.
func (b *backend) Alloc(n int) (compute.Buffer, error) {
	buf, err := b.alloc(n)
	if err != nil {
		return nil, err
	}
	return buf, nil
}

// alloc asks the driver for n numbers; package compute has checked that the byte count fits an int.
func (b *backend) alloc(n int) (*buffer, error) {
	whole := (n + 3) / 4 * 4
	buf := &buffer{t: b.thread, n: whole}
	return buf, b.wait(func() error {
		code, err := b.try("alloc", func() { b.data(buf) })
		if err != nil {
			gl.DeleteBuffers(1, &buf.id)
		}
		if code == gl.OUT_OF_MEMORY {
			return fmt.Errorf("gpu: %w: a buffer of %s does not fit: %s has no more memory to give", compute.ErrMemory, mebibytes(whole), b.info.Device)
		}
		return err
	})
}

// allocate allocates memory that neither side may map or write in place, and that the driver must therefore keep on the
// device: drivers move other buffers to the host's memory, by their use. Tests let it fail.
func allocate(buf *buffer) {
	gl.GenBuffers(1, &buf.id)
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, buf.id)
	if buf.t.maps {
		gl.BufferStorage(gl.COPY_WRITE_BUFFER, 4*buf.n, nil, 0)
	} else {
		gl.BufferData(gl.COPY_WRITE_BUFFER, 4*buf.n, nil, gl.DYNAMIC_COPY)
	}
}

func mebibytes(n int) string { return fmt.Sprintf("%.1f MiB", float64(n)*4/(1<<20)) }

func (b *buffer) Free() { b.t.send(func() { b.t.state.remove(b.id) }) }

// fence makes shaders' accesses to a part of b visible to a transfer.
func (b *buffer) fence(part span, write bool) {
	if b.t.hazards.conflict(&b.usage, part, write) {
		b.t.barrier()
	}
}
