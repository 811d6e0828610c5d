//go:build cgo && (linux || windows) && !nogpu && !noglfw

package gpu

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"github.com/go-gl/glfw/v3.3/glfw"
)

// glfwThread starts the one thread on which GLFW's windows are made and destroyed, and returns a function that runs
// another there. GLFW belongs to the process, and is never terminated.
var glfwThread = sync.OnceValues(func() (func(func() error) error, error) {
	queue := make(chan func())
	ready := make(chan error)
	go func() {
		runtime.LockOSThread()
		ready <- glfwInit()
		for f := range queue {
			f()
		}
	}()
	if err := <-ready; err != nil {
		close(queue)
		return nil, err
	}
	return func(f func() error) error {
		done := make(chan error)
		queue <- func() { done <- guard(f) }
		return <-done
	}, nil
})

// glfwInit initialises GLFW. Without a display the binding's Init logs so and returns no error, and the next call
// panics: the error is made of the log line and the panic.
func glfwInit() error {
	var said bytes.Buffer
	old := log.Writer()
	log.SetOutput(&said)
	err := guard(func() error {
		if err := glfw.Init(); err != nil {
			return err
		}
		glfw.DefaultWindowHints()
		return nil
	})
	log.SetOutput(old)
	if err == nil {
		return nil
	}
	if err := missingX11(); err != nil {
		return err
	}
	if _, why, ok := strings.Cut(strings.TrimSpace(said.String()), "PlatformError: "); ok {
		err = errors.New(why)
	}
	return fmt.Errorf("no display to open a window on: %w (a display server, or xvfb-run of the package xvfb)", err)
}

// guard turns a panic of f, which is how the binding reports some errors, into an error.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("glfw: %v", r)
		}
	}()
	return f()
}

func glfwWindow() []way {
	return []way{{"glfw", "GLFW", glfwOpen}}
}

// glfwOpen makes a hidden window on GLFW's thread and its context current on this one.
func glfwOpen() (drop func(), err error) {
	do, err := glfwThread()
	if err != nil {
		return nil, err
	}
	var w *glfw.Window
	if err := do(func() (err error) { w, err = glfwHidden(); return err }); err != nil {
		return nil, glfwAdvice(err)
	}
	destroy := func() { do(func() error { w.Destroy(); return nil }) }
	if err := guard(func() error { w.MakeContextCurrent(); return nil }); err != nil {
		destroy()
		return nil, err
	}
	return func() {
		glfw.DetachCurrentContext()
		destroy()
	}, nil
}

// glfwHidden tries with robustness first: not every driver has it.
func glfwHidden() (w *glfw.Window, err error) {
	for _, robust := range []int{glfw.LoseContextOnReset, glfw.NoRobustness} {
		glfw.DefaultWindowHints()
		glfw.WindowHint(glfw.Visible, glfw.False)
		glfw.WindowHint(glfw.ContextVersionMajor, 4)
		glfw.WindowHint(glfw.ContextVersionMinor, 3)
		glfw.WindowHint(glfw.OpenGLProfile, glfw.OpenGLCoreProfile)
		glfw.WindowHint(glfw.ContextRobustness, robust)
		if w, err = glfw.CreateWindow(1, 1, "hebb", nil, nil); w != nil {
			return w, nil
		}
	}
	return nil, fmt.Errorf("no window with OpenGL 4.3 core: %w", err)
}

// glfwAdvice adds what to install to those errors of GLFW that have one usual cause.
func glfwAdvice(err error) error {
	switch {
	case strings.Contains(err.Error(), "Failed to load GLX"):
		return fmt.Errorf("%w: no libGL.so.1: install the package libgl1 (elsewhere libglvnd)", err)
	case strings.Contains(err.Error(), "GLXFBConfig"):
		return fmt.Errorf("%w: install the driver's GLX part (Mesa: libglx-mesa0 and libgl1-mesa-dri)", err)
	}
	return err
}

func glfwProcAddress(name string) unsafe.Pointer {
	if _, err := glfwThread(); err != nil {
		return nil
	}
	return glfw.GetProcAddress(name)
}
