//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-gl/gl/v4.3-core/gl"

	"hebb/compute"
)

// A trial is a small shader that needs a feature: its extension, and a main that uses it. All write to y, so that
// nothing is optimised away before the compiler has checked it.
type trial struct{ name, gives, version, text string }

// trials are the questions that OpenGL's registry leaves open for compute shaders on tensor cores,
// in half precision, and across the lanes of a warp.
var trials = []trial{
	{"GL_KHR_cooperative_matrix", "tensor cores", "450", `
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
layout(std430, binding = 1) readonly buffer X { float16_t x[]; };
void main() {
	coopmat<float16_t, gl_ScopeSubgroup, 16, 16, gl_MatrixUseA> a;
	coopmat<float16_t, gl_ScopeSubgroup, 16, 16, gl_MatrixUseB> b;
	coopmat<float, gl_ScopeSubgroup, 16, 16, gl_MatrixUseAccumulator> c = coopmat<float, gl_ScopeSubgroup, 16, 16, gl_MatrixUseAccumulator>(0.0);
	coopMatLoad(a, x, 0, 16, gl_CooperativeMatrixLayoutRowMajor);
	coopMatLoad(b, x, 256, 16, gl_CooperativeMatrixLayoutRowMajor);
	c = coopMatMulAdd(a, b, c);
	coopMatStore(c, y, 0, 16, gl_CooperativeMatrixLayoutRowMajor);
}`},
	{"GL_NV_cooperative_matrix", "tensor cores", "450", `
#extension GL_NV_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
layout(std430, binding = 1) readonly buffer X { float16_t x[]; };
void main() {
	fcoopmatNV<16, gl_ScopeSubgroup, 16, 16> a, b;
	fcoopmatNV<32, gl_ScopeSubgroup, 16, 16> c = fcoopmatNV<32, gl_ScopeSubgroup, 16, 16>(0.0);
	coopMatLoadNV(a, x, 0, 16, false);
	coopMatLoadNV(b, x, 256, 16, false);
	c = coopMatMulAddNV(a, b, c);
	coopMatStoreNV(c, y, 0, 16, false);
}`},
	{"GL_EXT_shader_explicit_arithmetic_types_float16", "float16 arithmetic", "450", `
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
void main() {
	f16vec2 h = f16vec2(y[0], y[1]);
	y[2] = float((h * h + h).x);
}`},
	{"GL_EXT_shader_16bit_storage", "float16 in memory", "450", `
#extension GL_EXT_shader_16bit_storage : require
layout(std430, binding = 1) readonly buffer X { float16_t x[]; };
void main() { y[0] = float(x[0]); }`},
	{"GL_NV_gpu_shader5", "packed float16 arithmetic", "430", `
#extension GL_NV_gpu_shader5 : require
void main() {
	f16vec2 h = unpackFloat2x16(floatBitsToUint(y[0]));
	y[1] = uintBitsToFloat(packFloat2x16(h * h + h));
}`},
	{"GL_KHR_shader_subgroup_arithmetic", "sums across a warp", "450", `
#extension GL_KHR_shader_subgroup_arithmetic : require
void main() { y[0] = subgroupAdd(y[gl_SubgroupInvocationID]); }`},
	{"GL_KHR_shader_subgroup_shuffle", "exchange across a warp", "450", `
#extension GL_KHR_shader_subgroup_shuffle : require
void main() { y[0] = subgroupShuffleXor(y[gl_SubgroupInvocationID], 1u); }`},
	{"GL_NV_shader_thread_shuffle", "exchange across a warp", "430", `
#extension GL_NV_shader_thread_shuffle : require
void main() { y[0] = shuffleXorNV(y[1], 1u, 32u); }`},
	{"GL_NV_shader_buffer_load", "buffers by address", "430", `
#extension GL_NV_shader_buffer_load : require
uniform float *p;
void main() { y[0] = p[1]; }`},
	{"GL_NV_shader_atomic_float", "float atomics", "430", `
#extension GL_NV_shader_atomic_float : require
void main() { atomicAdd(y[0], 1.0); }`},
	{"GL_ARB_gpu_shader_int64", "64-bit indices", "430", `
#extension GL_ARB_gpu_shader_int64 : require
void main() { y[0] = float(int64_t(y[1]) << 33); }`},
}

// source is the whole text of a trial. A #extension line must come before anything else.
func (t trial) source() string {
	at := strings.LastIndex(t.text, "#extension")
	end := max(0, at) + strings.Index(t.text[max(0, at):], "\n")
	if at < 0 {
		end = 0
	}
	return "#version " + t.version + t.text[:end] +
		"\nlayout(local_size_x = 32) in;\nlayout(std430, binding = 0) buffer Y { float y[]; };" + t.text[end:] + "\n"
}

// control is a trial that every driver must accept: if it fails, the others mean nothing.
var control = trial{"GLSL 4.30", "", "430", "\nvoid main() { y[0] = 1.0; }"}

func probe(o Options) (compute.Info, []Feature, error) {
	if err := o.check(); err != nil {
		return compute.Info{}, nil, err
	}
	t, err := reach(o)
	if err != nil {
		return compute.Info{}, nil, err
	}
	if err := t.takes(control); err != nil {
		return t.info, nil, errors.Join(fmt.Errorf("gpu: the plainest shader does not compile: %w", err), t.close())
	}
	var all []Feature
	for _, f := range trials {
		found := Feature{Name: f.name, For: f.gives}
		if err := t.takes(f); err != nil {
			found.Err = err.Error()
		}
		all = append(all, found)
	}
	return t.info, all, t.close()
}

// takes returns the reason why f does not compile, or nil.
func (t *thread) takes(f trial) error {
	return t.wait(func() (err error) {
		_, failed := t.try("probe "+f.name, func() {
			var p uint32
			if p, err = compile(f.source()); err == nil {
				gl.DeleteProgram(p)
			}
		})
		return errors.Join(err, failed)
	})
}
