//go:build cgo && (linux || windows) && !nogpu && noglfw

package gpu

import (
	"errors"
	"unsafe"
)

func glfwWindow() []way {
	return blocked("glfw", "GLFW", errors.New("this program was built with the tag noglfw"))
}

func glfwProcAddress(string) unsafe.Pointer { return nil }
