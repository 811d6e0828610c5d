//go:build cgo && linux && !nogpu

package gpu

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// The part of EGL 1.4 and its extensions (registry.khronos.org/EGL) that is used, declared here so that neither
// building nor starting a program needs libEGL.
typedef void *handle;
typedef int32_t EGLint;
typedef unsigned int EGLBoolean;

enum {
	EGL_TRUE_ = 1,
	EGL_EXTENSIONS_ = 0x3055,
	EGL_NONE_ = 0x3038,
	EGL_OPENGL_API_ = 0x30A2,
	EGL_SURFACE_TYPE_ = 0x3033, EGL_PBUFFER_BIT_ = 0x0001,
	EGL_RENDERABLE_TYPE_ = 0x3040, EGL_OPENGL_BIT_ = 0x0008,
	EGL_WIDTH_ = 0x3057, EGL_HEIGHT_ = 0x3056,
	EGL_CONTEXT_MAJOR_VERSION_ = 0x3098, EGL_CONTEXT_MINOR_VERSION_ = 0x30FB,
	EGL_CONTEXT_OPENGL_PROFILE_MASK_ = 0x30FD, EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT_ = 0x0001,
	EGL_CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY_ = 0x31BD, EGL_LOSE_CONTEXT_ON_RESET_ = 0x31BF,
	EGL_PLATFORM_DEVICE_ = 0x313F, EGL_PLATFORM_SURFACELESS_ = 0x31DD,
	MAX_DEVICES = 64,
};

static struct {
	handle (*GetProcAddress)(const char *);
	EGLint (*GetError)(void);
	EGLBoolean (*Initialize)(handle, EGLint *, EGLint *);
	EGLBoolean (*BindAPI)(unsigned int);
	const char *(*QueryString)(handle, EGLint);
	EGLBoolean (*ChooseConfig)(handle, const EGLint *, handle *, EGLint, EGLint *);
	handle (*CreateContext)(handle, handle, handle, const EGLint *);
	EGLBoolean (*DestroyContext)(handle, handle);
	handle (*CreatePbufferSurface)(handle, handle, const EGLint *);
	EGLBoolean (*DestroySurface)(handle, handle);
	EGLBoolean (*MakeCurrent)(handle, handle, handle, handle);
	EGLBoolean (*ReleaseThread)(void);
	// of extensions; may be null
	handle (*GetPlatformDisplayEXT)(unsigned int, handle, const EGLint *);
	EGLBoolean (*QueryDevicesEXT)(EGLint, handle *, EGLint *);
	const char *(*QueryDeviceStringEXT)(handle, EGLint);
} egl;

static handle devices[MAX_DEVICES];

static int missing(void *lib, const char *name, void *f) {
	return (*(void **)f = dlsym(lib, name)) == 0;
}

// egl_load returns the reason why there is no libEGL, or null.
static const char *egl_load(void) {
	void *lib = dlopen("libEGL.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!lib) return dlerror();
	if (missing(lib, "eglGetProcAddress", &egl.GetProcAddress) || missing(lib, "eglGetError", &egl.GetError) ||
		missing(lib, "eglInitialize", &egl.Initialize) || missing(lib, "eglBindAPI", &egl.BindAPI) ||
		missing(lib, "eglQueryString", &egl.QueryString) || missing(lib, "eglChooseConfig", &egl.ChooseConfig) ||
		missing(lib, "eglCreateContext", &egl.CreateContext) || missing(lib, "eglDestroyContext", &egl.DestroyContext) ||
		missing(lib, "eglCreatePbufferSurface", &egl.CreatePbufferSurface) || missing(lib, "eglDestroySurface", &egl.DestroySurface) ||
		missing(lib, "eglMakeCurrent", &egl.MakeCurrent) || missing(lib, "eglReleaseThread", &egl.ReleaseThread))
		return dlerror();
	egl.GetPlatformDisplayEXT = egl.GetProcAddress("eglGetPlatformDisplayEXT");
	egl.QueryDevicesEXT = egl.GetProcAddress("eglQueryDevicesEXT");
	egl.QueryDeviceStringEXT = egl.GetProcAddress("eglQueryDeviceStringEXT");
	return 0;
}

static int has(const char *list, const char *name) {
	size_t n = strlen(name);
	for (; list && (list = strstr(list, name)); list += n)
		if (list[n] == ' ' || list[n] == 0) return 1;
	return 0;
}

// egl_devices returns the number of devices, or -1 if EGL cannot list them.
static int egl_devices(void) {
	EGLint n = 0;
	if (!egl.QueryDevicesEXT || !egl.GetPlatformDisplayEXT || !has(egl.QueryString(0, EGL_EXTENSIONS_), "EGL_EXT_platform_device")) return -1;
	return egl.QueryDevicesEXT(MAX_DEVICES, devices, &n) ? n : 0;
}

static int egl_software(int i) {
	return egl.QueryDeviceStringEXT && has(egl.QueryDeviceStringEXT(devices[i], EGL_EXTENSIONS_), "EGL_MESA_device_software");
}

static handle egl_device_display(int i) { return egl.GetPlatformDisplayEXT(EGL_PLATFORM_DEVICE_, devices[i], 0); }

static handle egl_surfaceless_display(void) {
	if (!egl.GetPlatformDisplayEXT || !has(egl.QueryString(0, EGL_EXTENSIONS_), "EGL_MESA_platform_surfaceless")) return 0;
	return egl.GetPlatformDisplayEXT(EGL_PLATFORM_SURFACELESS_, 0, 0);
}

typedef struct { handle display, context, surface; const char *failed; EGLint code; } opened;

static opened fail(opened o, const char *what) {
	o.code = egl.GetError();
	o.failed = what;
	if (o.surface) egl.DestroySurface(o.display, o.surface);
	if (o.context) egl.DestroyContext(o.display, o.context);
	return o;
}

// egl_open makes a context current on this thread, without a surface where that is possible. Displays are
// shared by the whole process, so nobody ever terminates one.
static opened egl_open(handle display) {
	opened o = {display, 0, 0, 0, 0};
	if (!egl.Initialize(display, 0, 0)) return fail(o, "eglInitialize");
	if (!egl.BindAPI(EGL_OPENGL_API_)) return fail(o, "eglBindAPI(OpenGL)");
	const char *ext = egl.QueryString(display, EGL_EXTENSIONS_);
	handle config = 0;
	int pbuffer = !has(ext, "EGL_KHR_surfaceless_context");
	if (pbuffer || !has(ext, "EGL_KHR_no_config_context")) {
		EGLint want[] = {EGL_SURFACE_TYPE_, pbuffer ? EGL_PBUFFER_BIT_ : 0, EGL_RENDERABLE_TYPE_, EGL_OPENGL_BIT_, EGL_NONE_}, n = 0;
		if (!egl.ChooseConfig(display, want, &config, 1, &n) || n < 1) return fail(o, "eglChooseConfig");
	}
	EGLint attr[] = {
		EGL_CONTEXT_MAJOR_VERSION_, 4, EGL_CONTEXT_MINOR_VERSION_, 3,
		EGL_CONTEXT_OPENGL_PROFILE_MASK_, EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT_,
		EGL_CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY_, EGL_LOSE_CONTEXT_ON_RESET_,
		EGL_NONE_};
	o.context = egl.CreateContext(display, config, 0, attr);
	if (!o.context) {
		attr[6] = EGL_NONE_; // a driver without robustness
		o.context = egl.CreateContext(display, config, 0, attr);
	}
	if (!o.context) return fail(o, "eglCreateContext(OpenGL 4.3 core)");
	if (pbuffer) {
		EGLint size[] = {EGL_WIDTH_, 1, EGL_HEIGHT_, 1, EGL_NONE_};
		o.surface = egl.CreatePbufferSurface(display, config, size);
		if (!o.surface) return fail(o, "eglCreatePbufferSurface");
	}
	if (!egl.MakeCurrent(display, o.surface, o.surface, o.context)) return fail(o, "eglMakeCurrent");
	return o;
}

static void egl_drop(opened o) {
	egl.MakeCurrent(o.display, 0, 0, 0);
	if (o.surface) egl.DestroySurface(o.display, o.surface);
	egl.DestroyContext(o.display, o.context);
	egl.ReleaseThread();
}

static void *egl_proc(char *name) { return egl.GetProcAddress ? egl.GetProcAddress(name) : 0; }
*/
import "C"

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"
)

// eglLibrary loads libEGL once for the process.
var eglLibrary = sync.OnceValue(func() error {
	if msg := C.egl_load(); msg != nil {
		return fmt.Errorf("%s: install the package libegl1 (elsewhere libglvnd)", C.GoString(msg))
	}
	return nil
})

var errNoDevices = errors.New("EGL knows no device: install a driver's EGL part (Mesa: libgl1-mesa-dri and libegl-mesa0); in a container with an " +
	"NVIDIA GPU give it the driver capability graphics (NVIDIA_DRIVER_CAPABILITIES=graphics,compute,utility), the package libegl1 (libglvnd), and " +
	"/usr/share/glvnd/egl_vendor.d/10_nvidia.json")

// eglDevices returns the ways through the EGL device platform, hardware before software; or only through device number
// only, if it is not negative.
func eglDevices(only int) []way {
	if err := eglLibrary(); err != nil {
		return blocked("egl", "EGL devices", err)
	}
	n := int(C.egl_devices())
	switch {
	case n < 0:
		return blocked("egl", "EGL devices", errors.New("this libEGL does not list devices (EGL_EXT_platform_device)"))
	case n == 0:
		return blocked("egl", "EGL devices", errNoDevices)
	case only >= n:
		return blocked("egl", fmt.Sprintf("EGL device %d", only), fmt.Errorf("EGL knows %d devices, counted from 0", n))
	}
	var hard, soft []way
	for i := range n {
		w := way{"egl", fmt.Sprintf("EGL device %d", i), func() (func(), error) { return eglOpen(C.egl_device_display(C.int(i))) }}
		switch {
		case only >= 0 && only != i:
		case C.egl_software(C.int(i)) != 0:
			soft = append(soft, w)
		default:
			hard = append(hard, w)
		}
	}
	return append(hard, soft...)
}

func eglSurfaceless() []way {
	if err := eglLibrary(); err != nil {
		return blocked("surfaceless", "EGL surfaceless", err)
	}
	return []way{{"surfaceless", "EGL surfaceless", func() (func(), error) {
		d := C.egl_surfaceless_display()
		if d == nil {
			return nil, errors.New("this libEGL has no surfaceless platform (EGL_MESA_platform_surfaceless): it is Mesa's, packages libegl-mesa0 and libgl1-mesa-dri")
		}
		return eglOpen(d)
	}}}
}

func eglOpen(display C.handle) (drop func(), err error) {
	if display == nil {
		return nil, errors.New("eglGetPlatformDisplay: no such display")
	}
	o := C.egl_open(display)
	if o.failed != nil {
		return nil, fmt.Errorf("%s failed: %s", C.GoString(o.failed), eglWords(int(o.code)))
	}
	return func() { C.egl_drop(o) }, nil
}

// eglWords returns advice about those errors of EGL that have one usual cause.
func eglWords(code int) string {
	switch code {
	case 0x3001:
		return "EGL_NOT_INITIALIZED: the device's driver does not load (Mesa's is the package libgl1-mesa-dri), or this user may not open /dev/dri/render* (group render)"
	case 0x3003:
		return "EGL_BAD_ALLOC: out of memory, or no driver for this device"
	case 0x3009:
		return "EGL_BAD_MATCH: the driver does not reach OpenGL 4.3"
	case 0x300E:
		return "EGL_CONTEXT_LOST"
	}
	return fmt.Sprintf("EGL error %#x", code)
}

// procAddress finds an OpenGL entry point. Without libEGL the context is GLFW's.
func procAddress(name string) unsafe.Pointer {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	if p := C.egl_proc(s); p != nil {
		return p
	}
	return glfwProcAddress(name)
}
