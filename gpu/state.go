//go:build cgo && (linux || windows) && !nogpu

package gpu

import "github.com/go-gl/gl/v4.3-core/gl"

// A state caches the bindings of the context, so that none is set twice. The zero state knows nothing.
type state struct {
	program uint32
	storage [bindings]binding
}

// A binding is bytes of a buffer at a binding point.
type binding struct {
	id      uint32
	from, n int
}

func (s *state) use(program uint32) {
	if program != s.program {
		gl.UseProgram(program)
		s.program = program
	}
}

func (s *state) bind(point int, b binding) {
	if b != s.storage[point] {
		gl.BindBufferRange(gl.SHADER_STORAGE_BUFFER, uint32(point), b.id, b.from, b.n)
		s.storage[point] = b
	}
}

// remove deletes a buffer, which unbinds it: the driver may reuse its name for another.
func (s *state) remove(id uint32) {
	gl.DeleteBuffers(1, &id)
	for i, b := range s.storage {
		if b.id == id {
			s.storage[i] = binding{}
		}
	}
}
