//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"

	"hebb/compute"
)

// queueLen commands may wait before send waits too.
const queueLen = 1024

// A thread is an OS thread with an OpenGL context. All use of the context happens in functions sent to it, in the order
// sent; only they access the fields below the line.
type thread struct {
	queue chan func()
	gone  chan struct{}
	info  compute.Info
	maps  bool     // memory may stay mapped while the device works on it
	keen  bool     // there are processors enough to spin before sleeping
	up    *uploads // after the first write

	// ----
	first   error         // the first failure: never cleared
	reset   func() uint32 // why the context is lost, or NO_ERROR
	hazards hazards
	uniform uniforms
	state   state
	down    *ring  // after the first read
	timer   *timer // nil unless ops are timed
}

// newThread starts a thread with a context made by w.
func newThread(w way) (*thread, error) {
	t := &thread{queue: make(chan func(), queueLen), gone: make(chan struct{}), keen: runtime.GOMAXPROCS(0) >= 4}
	ready := make(chan error)
	go func() {
		defer close(t.gone)
		runtime.LockOSThread() // and never unlock: the OS thread ends with this goroutine
		drop, err := w.open()
		if err != nil {
			ready <- err
			return
		}
		defer drop()
		if err = t.setup(w.via); err != nil {
			ready <- err
			return
		}
		ready <- nil
		for f, ok := t.take(); ok; f, ok = t.take() {
			f()
		}
	}()
	return t, <-ready
}

func (t *thread) setup(via string) error {
	if err := load(); err != nil {
		return fmt.Errorf("the driver lacks an entry point of OpenGL 4.3: %w", err)
	}
	t.info = describe(via)
	t.reset = resetStatus(t.info)
	t.maps = supports(t.info, "GL_ARB_buffer_storage", 44)
	var args *ring
	if t.maps {
		var err error
		if args, err = t.argsRing(); err != nil {
			t.maps = false // ignore the driver's claim: without is slower, not wrong
		}
	}
	t.uniform.init(args)
	// The driver keeps its messages for failure, which tells them from a bare error code. go-gl's
	// DebugMessageCallback is one variable for the whole process, so it is not used.
	gl.Enable(gl.DEBUG_OUTPUT)
	gl.DebugMessageControl(gl.DONT_CARE, gl.DONT_CARE, gl.DONT_CARE, 0, nil, false)
	for _, kind := range []uint32{gl.DEBUG_TYPE_ERROR, gl.DEBUG_TYPE_UNDEFINED_BEHAVIOR} {
		gl.DebugMessageControl(gl.DONT_CARE, kind, gl.DONT_CARE, 0, nil, true)
	}
	return t.settle("open")
}

// resetStatus returns the function that tells whether the context is lost: part of OpenGL 4.5, or an extension.
func resetStatus(i compute.Info) func() uint32 {
	switch {
	case supports(i, "", 45):
		return gl.GetGraphicsResetStatus
	case supports(i, "GL_KHR_robustness", 0):
		return gl.GetGraphicsResetStatusKHR
	case supports(i, "GL_ARB_robustness", 0):
		return gl.GetGraphicsResetStatusARB
	}
	return func() uint32 { return gl.NO_ERROR }
}

// supports reports whether the current context has an extension, or the version that includes it, 45 being 4.5.
// Function pointers do not tell: libglvnd has one for every name.
func supports(i compute.Info, extension string, version int) bool {
	_, listed := slices.BinarySearch(i.Extensions, extension)
	return listed || version > 0 && limit(gl.MAJOR_VERSION)*10+limit(gl.MINOR_VERSION) >= version
}

// send returns at once unless the queue is full.
func (t *thread) send(f func()) { t.queue <- f }

// wait runs f on the thread, after all that was sent before, and returns its error.
func (t *thread) wait(f func() error) error {
	done, keen := make(chan error, 1), t.keen
	t.send(func() { done <- f() })
	if keen {
		for start := time.Now(); time.Since(start) < patience; {
			if len(done) > 0 {
				break
			}
		}
	}
	return <-done
}

// Waking a thread takes longer than a small op. So before either side sleeps it spins for as long as patience; and
// commands that the driver holds back, to send more at a time, are flushed once nothing has followed for as long as
// hold.
const (
	patience = 50 * time.Microsecond
	hold     = 10 * time.Microsecond
)

// take returns the next command, or false at the end of the queue.
func (t *thread) take() (f func(), ok bool) {
	if t.keen && len(t.queue) == 0 {
		held := true
		for start := time.Now(); len(t.queue) == 0; {
			idle := time.Since(start)
			if held && idle > hold {
				gl.Flush()
				held = false
			}
			if idle > patience {
				break
			}
		}
	}
	f, ok = <-t.queue
	return f, ok
}

// close waits for the device and ends the thread. It returns the first failure of all.
func (t *thread) close() error {
	err := t.wait(func() error { return t.finish("close") })
	close(t.queue)
	<-t.gone
	return err
}

// finish waits for the device and returns the first failure of all.
func (t *thread) finish(doing string) error {
	gl.Finish()
	err := t.settle(doing)
	t.timer.drain()
	return err
}

// settle keeps a failure since the last call, if it is the first, and returns the first.
func (t *thread) settle(doing string) error {
	_, err := t.failure(doing)
	return t.keep(err)
}

// note is settle without a lost context, which is costlier to query and is found by the next settle.
func (t *thread) note(doing string) {
	if code := gl.GetError(); code != gl.NO_ERROR {
		_, err := t.explain(doing, code)
		t.keep(err)
	}
}

func (t *thread) keep(err error) error {
	if err != nil {
		t.state = state{} // failed commands did not bind
		if t.first == nil {
			t.first = err
		}
	}
	return t.first
}

// try runs f and returns its failure without keeping it, unless the context is lost.
func (t *thread) try(doing string, f func()) (code uint32, err error) {
	if t.settle("before "+doing) != nil {
		return gl.NO_ERROR, t.first
	}
	f()
	code, err = t.failure(doing)
	if lost(code) {
		t.keep(err)
	}
	messages() // messages about a shader that did not compile have no error code
	return code, err
}

// failure returns the failure since the last call, if any.
func (t *thread) failure(doing string) (uint32, error) { return t.explain(doing, gl.GetError()) }

// explain turns a code, or a lost context, into an error.
func (t *thread) explain(doing string, code uint32) (uint32, error) {
	if code == gl.NO_ERROR || code == contextLost {
		if status := t.reset(); status != gl.NO_ERROR {
			code = status
		}
	}
	if code == gl.NO_ERROR {
		return code, nil
	}
	for range 16 { // one flag a kind of error; a lost context may raise its own for ever
		if gl.GetError() == gl.NO_ERROR {
			break
		}
	}
	text := fmt.Sprintf("gpu: %s: %s", doing, words(code))
	if why := messages(); why != "" {
		text += ": " + why
	}
	return code, fmt.Errorf("%s", text)
}

const contextLost = 0x0507 // OpenGL 4.5

func lost(code uint32) bool {
	switch code {
	case contextLost, gl.GUILTY_CONTEXT_RESET, gl.INNOCENT_CONTEXT_RESET, gl.UNKNOWN_CONTEXT_RESET:
		return true
	}
	return false
}

func words(code uint32) string {
	const gone = "; all it held is lost, open it again"
	switch code {
	case contextLost:
		return "the GPU has vanished" + gone
	case gl.GUILTY_CONTEXT_RESET:
		return "the GPU was reset because of what this program asked of it" + gone
	case gl.INNOCENT_CONTEXT_RESET:
		return "the GPU was reset because of another program" + gone
	case gl.UNKNOWN_CONTEXT_RESET:
		return "the GPU was reset or has vanished" + gone
	case gl.OUT_OF_MEMORY:
		return "out of memory"
	case gl.INVALID_ENUM:
		return "OpenGL: invalid enum"
	case gl.INVALID_VALUE:
		return "OpenGL: invalid value"
	case gl.INVALID_OPERATION:
		return "OpenGL: invalid operation"
	}
	return fmt.Sprintf("OpenGL error %#x", code)
}

// messages takes the driver's messages from its log.
func messages() string {
	var all []string
	text := make([]byte, max(1, limit(gl.MAX_DEBUG_MESSAGE_LENGTH)))
	var length int32
	for len(all) < 64 && gl.GetDebugMessageLog(1, int32(len(text)), nil, nil, nil, nil, &length, &text[0]) == 1 {
		all = append(all, strings.TrimRight(string(text[:max(0, min(int(length), len(text)))]), "\x00\n "))
	}
	return strings.Join(all, "; ")
}

func limit(name uint32) int {
	var v int64
	gl.GetInteger64v(name, &v)
	return int(v)
}
