//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"slices"
	"strings"
	"sync"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"

	"hebb/compute"
)

// A way is a route to a device: open makes an OpenGL context current on the calling thread, and drop releases it.
type way struct {
	context string // as in Options.Context
	via     string
	open    func() (drop func(), err error)
}

// ways returns the routes that o admits, in the order in which to try them. DISPLAY never decides: a machine with a
// display may well have a GPU that is not behind it.
func ways(o Options) (all []way) {
	if want := o.Context; want != "" && want != "auto" {
		switch want {
		case "egl":
			return eglDevices(o.Device)
		case "surfaceless":
			return eglSurfaceless()
		}
		return glfwWindow()
	}
	return slices.Concat(eglDevices(-1), eglSurfaceless(), glfwWindow())
}

// blocked returns a way that is known to fail with err.
func blocked(context, via string, err error) []way {
	return []way{{context, via, func() (func(), error) { return nil, err }}}
}

// load fills go-gl's pointers, which belong to the process, once. They serve every context: behind
// libglvnd, and on Windows within one driver, an entry point is the same for all of them.
var load = sync.OnceValue(func() error {
	return gl.InitWithProcAddrFunc(func(name string) unsafe.Pointer { return procAddress(name) })
})

// softwareNames are parts of the names of renderers that run on the CPU.
var softwareNames = []string{"llvmpipe", "softpipe", "swiftshader", "swrast", "lavapipe", "software", "gdi generic", "basic render"}

func isSoftware(renderer string) bool {
	r := strings.ToLower(renderer)
	return slices.ContainsFunc(softwareNames, func(s string) bool { return strings.Contains(r, s) })
}

// describe queries the current context.
func describe(via string) compute.Info {
	i := compute.Info{
		Backend: "gpu",
		Device:  gl.GoStr(gl.GetString(gl.RENDERER)),
		Driver:  "OpenGL " + gl.GoStr(gl.GetString(gl.VERSION)),
		Via:     via,
	}
	i.Software = isSoftware(i.Device)
	for _, l := range []struct {
		name string
		id   uint32
	}{
		{"storage block bytes", gl.MAX_SHADER_STORAGE_BLOCK_SIZE},
		{"storage bindings", gl.MAX_COMPUTE_SHADER_STORAGE_BLOCKS},
		{"storage offset alignment", gl.SHADER_STORAGE_BUFFER_OFFSET_ALIGNMENT},
		{"uniform block bytes", gl.MAX_UNIFORM_BLOCK_SIZE},
		{"uniform offset alignment", gl.UNIFORM_BUFFER_OFFSET_ALIGNMENT},
		{"shared memory bytes", gl.MAX_COMPUTE_SHARED_MEMORY_SIZE},
		{"threads a group", gl.MAX_COMPUTE_WORK_GROUP_INVOCATIONS},
	} {
		i.Limits = append(i.Limits, compute.Limit{Name: l.name, Value: int64(limit(l.id))})
	}
	for k, axis := range []string{"x", "y", "z"} {
		i.Limits = append(i.Limits, compute.Limit{Name: "groups in " + axis, Value: int64(limitAt(gl.MAX_COMPUTE_WORK_GROUP_COUNT, k))})
	}
	for k := range limit(gl.NUM_EXTENSIONS) {
		i.Extensions = append(i.Extensions, gl.GoStr(gl.GetStringi(gl.EXTENSIONS, uint32(k))))
	}
	slices.Sort(i.Extensions)
	return i
}

func limitAt(name uint32, i int) int {
	var v int32
	gl.GetIntegeri_v(name, uint32(i), &v)
	return int(uint32(v)) // some values use all 32 bits
}
