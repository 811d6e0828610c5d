//go:build cgo && linux && (amd64 || arm64) && !nogpu

package gpu

/*
#cgo LDFLAGS: -Wl,--as-needed -ldl
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

// The bindings go-gl/gl and go-gl/glfw link with -lGL and -lX11, and a program that needs these libraries to start does
// not run without them. So every function that the bindings take from libGL and libX11 is defined here, by code that
// loads the library when the function is first called. The linker then leaves both libraries out, by --as-needed. The
// definitions are hidden: other libraries in the process call the true functions.
#define HIDDEN __attribute__((visibility("hidden")))

HIDDEN void *glXGetProcAddress(const unsigned char *name) {
	void *lib = dlopen("libGL.so.1", RTLD_LAZY | RTLD_LOCAL);
	void *(*f)(const unsigned char *) = lib ? dlsym(lib, "glXGetProcAddress") : 0;
	return f ? f(name) : 0;
}

#define X11_FUNCTIONS(F) \
	F(XAllocClassHint) F(XAllocSizeHints) F(XAllocWMHints) F(XChangeProperty) F(XChangeWindowAttributes) F(XCheckIfEvent) \
	F(XCheckTypedWindowEvent) F(XCloseDisplay) F(XCloseIM) F(XConvertSelection) F(XCreateColormap) F(XCreateFontCursor) \
	F(XCreateIC) F(XCreateWindow) F(XDefineCursor) F(XDeleteContext) F(XDeleteProperty) F(XDestroyIC) F(XDestroyWindow) \
	F(XDisplayKeycodes) F(XEventsQueued) F(XFilterEvent) F(XFindContext) F(XFlush) F(XFree) F(XFreeColormap) \
	F(XFreeCursor) F(XFreeEventData) F(XGetErrorText) F(XGetEventData) F(XGetICValues) F(XGetIMValues) F(XGetInputFocus) \
	F(XGetKeyboardMapping) F(XGetScreenSaver) F(XGetSelectionOwner) F(XGetVisualInfo) F(XGetWMNormalHints) \
	F(XGetWindowAttributes) F(XGetWindowProperty) F(XGrabPointer) F(XIconifyWindow) F(XInternAtom) F(XLookupString) \
	F(XMapRaised) F(XMapWindow) F(XMoveResizeWindow) F(XMoveWindow) F(XNextEvent) F(XOpenIM) F(XPeekEvent) F(XPending) \
	F(XQLength) F(XQueryExtension) F(XQueryPointer) F(XRaiseWindow) F(XResizeWindow) F(XResourceManagerString) \
	F(XSaveContext) F(XSelectInput) F(XSendEvent) F(XSetClassHint) F(XSetErrorHandler) F(XSetICFocus) F(XSetInputFocus) \
	F(XSetLocaleModifiers) F(XSetScreenSaver) F(XSetSelectionOwner) F(XSetWMHints) F(XSetWMNormalHints) \
	F(XSetWMProtocols) F(XSupportsLocale) F(XSync) F(XTranslateCoordinates) F(XUndefineCursor) F(XUngrabPointer) \
	F(XUnmapWindow) F(XUnsetICFocus) F(XVisualIDFromVisual) F(XWarpPointer) F(XkbFreeKeyboard) F(XkbFreeNames) \
	F(XkbGetMap) F(XkbGetNames) F(XkbGetState) F(XkbKeycodeToKeysym) F(XkbQueryExtension) F(XkbSelectEventDetails) \
	F(XkbSetDetectableAutoRepeat) F(XrmDestroyDatabase) F(XrmGetResource) F(XrmGetStringDatabase) F(XrmInitialize) \
	F(XrmUniqueQuark) F(Xutf8LookupString) F(Xutf8SetWMProperties)

#if defined(__x86_64__)
#define JUMP(to) "jmp *" to "(%rip)\n"
#else
#define JUMP(to) "adrp x16, " to "\nldr x16, [x16, :lo12:" to "]\nbr x16\n"
#endif

// Each function of Xlib jumps to where a pointer points, and so passes on any arguments. Until x11_load sets the
// pointers, and where it fails, they point to none: zero is failure to Xlib's callers.
static void *none(void) { return 0; }
#define DEFINE(f) \
	HIDDEN void *x11_##f = none; \
	__asm__(".text\n.globl " #f "\n.hidden " #f "\n.type " #f ", @function\n" #f ":\n" JUMP("x11_" #f));
X11_FUNCTIONS(DEFINE)

static void *x11_XInitThreads = none, *x11_XOpenDisplay = none;

#define ENTRY(f) {#f, &x11_##f},
static const struct { const char *name; void **pointer; } x11[] = {
	ENTRY(XInitThreads) ENTRY(XOpenDisplay) X11_FUNCTIONS(ENTRY)
};

static pthread_once_t x11_once = PTHREAD_ONCE_INIT;
static char *x11_failed;

// x11_load sets all pointers or, where the library or a function of it is missing, x11_failed.
static void x11_load(void) {
	enum { N = sizeof x11 / sizeof *x11 };
	void *found[N], *lib = dlopen("libX11.so.6", RTLD_LAZY | RTLD_LOCAL);
	for (int i = 0; i < N; i++)
		if (!lib || !(found[i] = dlsym(lib, x11[i].name))) {
			x11_failed = strdup(dlerror());
			return;
		}
	for (int i = 0; i < N; i++) *x11[i].pointer = found[i];
}

// XInitThreads and XOpenDisplay load libX11: every user of Xlib begins with one of them, GLFW with the first.
HIDDEN int XInitThreads(void) {
	pthread_once(&x11_once, x11_load);
	return ((int (*)(void))x11_XInitThreads)();
}

HIDDEN void *XOpenDisplay(const char *name) {
	pthread_once(&x11_once, x11_load);
	return ((void *(*)(const char *))x11_XOpenDisplay)(name);
}

static const char *x11_error(void) { return x11_failed; }
*/
import "C"

import "fmt"

// missingX11 returns the reason why GLFW could not load libX11, or nil.
func missingX11() error {
	if msg := C.x11_error(); msg != nil {
		return fmt.Errorf("%s: install the package libx11-6 (elsewhere libX11)", C.GoString(msg))
	}
	return nil
}
