//go:build cgo && windows && !nogpu

package gpu

import "unsafe"

// EGL is a way of Linux.
func eglDevices(only int) []way { return nil }
func eglSurfaceless() []way     { return nil }

func procAddress(name string) unsafe.Pointer { return glfwProcAddress(name) }
