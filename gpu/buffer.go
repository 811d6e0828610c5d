//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"fmt"
	"slices"

	"github.com/go-gl/gl/v4.3-core/gl"

	"hebb/compute"
)

// chunk is how many numbers go over in one transfer. Larger ones go in pieces, so that
// no copy of all of them is made and the driver's staging memory stays small.
const chunk = 1 << 24

// A buffer holds whole vec4s, so that the last number of a tensor may be read as part of one.
type buffer struct {
	t  *thread
	id uint32
	n  int
	usage
}

// Alloc returns memory for n numbers. A buffer may be larger than what a shader can see of it at once.
func (b *backend) Alloc(n int) (compute.Buffer, error) {
	buf, err := b.alloc(n)
	if err != nil {
		return nil, err
	}
	return buf, nil
}

// alloc asks the driver for n numbers, which compute has made sure an int can count the bytes of.
func (b *backend) alloc(n int) (*buffer, error) {
	whole := (n + 3) / 4 * 4
	buf := &buffer{t: b.thread, n: whole}
	return buf, b.wait(func() error {
		code, err := b.try("alloc", func() { b.data(buf) })
		if err != nil {
			gl.DeleteBuffers(1, &buf.id)
		}
		if code == gl.OUT_OF_MEMORY {
			return fmt.Errorf("gpu: a buffer of %s does not fit: %s has no more memory to give", mebibytes(whole), b.info.Device)
		}
		return err
	})
}

// allocate is a variable of each backend so that tests can have it fail.
func allocate(buf *buffer) {
	gl.GenBuffers(1, &buf.id)
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, buf.id)
	gl.BufferData(gl.COPY_WRITE_BUFFER, 4*buf.n, nil, gl.DYNAMIC_COPY)
}

func mebibytes(n int) string { return fmt.Sprintf("%.1f MiB", float64(n)*4/(1<<20)) }

// Write copies src and does not wait, but for those parts of a very large one that come before the last.
func (b *buffer) Write(off int, src []float32) error {
	for len(src) > chunk {
		if err := b.t.wait(func() error { return b.write(off, src[:chunk]) }); err != nil {
			return err
		}
		off, src = off+chunk, src[chunk:]
	}
	src = slices.Clone(src)
	b.t.send(func() { b.write(off, src) })
	return nil
}

func (b *buffer) write(off int, src []float32) error {
	b.fence(span{off, off + len(src)}, true)
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, b.id)
	gl.BufferSubData(gl.COPY_WRITE_BUFFER, 4*off, 4*len(src), gl.Ptr(src))
	return b.t.settle("write")
}

func (b *buffer) Read(off int, dst []float32) error {
	return b.t.wait(func() error {
		if err := b.t.settle("before read"); err != nil {
			return err
		}
		b.fence(span{off, off + len(dst)}, false)
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
	})
}

func (b *buffer) Free() { b.t.send(func() { gl.DeleteBuffers(1, &b.id) }) }

// fence makes what shaders did to a part of b visible to a transfer.
func (b *buffer) fence(part span, write bool) {
	if b.t.hazards.conflict(&b.usage, part, write) {
		b.t.barrier()
	}
}
