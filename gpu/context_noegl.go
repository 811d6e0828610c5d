//go:build cgo && windows && !nogpu

package gpu

import "unsafe"

// eglDevices returns no ways: EGL is only used on Linux.
func eglDevices(only int) []way { return nil }
func eglSurfaceless() []way     { return nil }

func procAddress(name string) unsafe.Pointer { return glfwProcAddress(name) }
