//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// compile returns the program of a source text. The driver's log is the error.
func compile(text string) (uint32, error) {
	d := draft{text: text}
	d.give()
	return d.finish()
}

// A draft is a program being compiled. A driver with KHR_parallel_shader_compile compiles several drafts at the same
// time, on threads of its own, until the first query: a query waits.
type draft struct {
	text            string
	given           bool // to the driver, or sent on the way to it
	shader, program uint32
}

// give hands the draft to the driver.
func (d *draft) give() {
	d.shader, d.program = gl.CreateShader(gl.COMPUTE_SHADER), gl.CreateProgram()
	s, free := gl.Strs(d.text + "\x00")
	gl.ShaderSource(d.shader, 1, s, nil)
	free()
	gl.CompileShader(d.shader)
	gl.ProgramParameteri(d.program, gl.PROGRAM_BINARY_RETRIEVABLE_HINT, gl.TRUE)
	gl.AttachShader(d.program, d.shader)
	gl.LinkProgram(d.program)
}

// finish returns the program.
func (d *draft) finish() (uint32, error) {
	err := status(d.shader, gl.COMPILE_STATUS, gl.GetShaderiv, gl.GetShaderInfoLog)
	if err == nil {
		err = linked(d.program)
	}
	gl.DetachShader(d.program, d.shader)
	gl.DeleteShader(d.shader)
	if err != nil {
		gl.DeleteProgram(d.program)
		return 0, err
	}
	return d.program, nil
}

func linked(p uint32) error { return status(p, gl.LINK_STATUS, gl.GetProgramiv, gl.GetProgramInfoLog) }

func status(id, what uint32, get func(uint32, uint32, *int32), info func(uint32, int32, *int32, *uint8)) error {
	var ok, n int32
	if get(id, what, &ok); ok == gl.TRUE {
		return nil
	}
	get(id, gl.INFO_LOG_LENGTH, &n)
	text := make([]byte, n+1)
	info(id, int32(len(text)), &n, &text[0])
	return fmt.Errorf("%s", strings.TrimSpace(string(text[:n])))
}

// binaryOf returns the driver's binary of a program, to be kept on disk, or nil if it has none.
func binaryOf(p uint32) *entry {
	var n int32
	gl.GetProgramiv(p, gl.PROGRAM_BINARY_LENGTH, &n)
	if n <= 0 || limit(gl.NUM_PROGRAM_BINARY_FORMATS) == 0 {
		return nil
	}
	e := &entry{code: make([]byte, n)}
	gl.GetProgramBinary(p, n, &n, &e.format, unsafe.Pointer(&e.code[0]))
	e.code = e.code[:n]
	return e
}

// revive returns the program of a binary, or 0 if the driver rejects it.
func revive(e *entry) uint32 {
	p := gl.CreateProgram()
	gl.ProgramBinary(p, e.format, unsafe.Pointer(&e.code[0]), int32(len(e.code)))
	if gl.GetError() != gl.NO_ERROR || linked(p) != nil {
		gl.DeleteProgram(p)
		return 0
	}
	return p
}
