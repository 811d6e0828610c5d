//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"slices"

	"github.com/go-gl/gl/v4.3-core/gl"

	"hebb/compute"
	"hebb/shaders"
)

// emulated needs no extension: each result is rounded by two more instructions. It is for tests.
var emulated = []string{"HALF_EMULATED"}

// halves returns the defines of shaders/half.glsl with which a driver computes in half precision, with fma or without,
// or none.
func halves(i compute.Info) ([]string, error) {
	for _, by := range []struct{ extension, define string }{
		{"GL_NV_gpu_shader5", "HALF_NV"}, {"GL_AMD_gpu_shader_half_float", "HALF_AMD"},
	} {
		if !slices.Contains(i.Extensions, by.extension) {
			continue
		}
		for _, defines := range [][]string{{by.define, "HALF_FMA"}, {by.define}} {
			text, err := shaders.Source("halfprobe", defines...)
			if err != nil {
				return nil, err
			}
			if p, err := compile(text); err == nil {
				gl.DeleteProgram(p)
				return defines, nil
			}
		}
	}
	return nil, nil
}
