//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/go-gl/gl/v4.3-core/gl"

	"hebb/compute"
	"hebb/compute/computetest"
	"hebb/internal/must"
	"hebb/shaders"
)

// square is x·x for a 2×2 x, as a step that can fail.
type square struct {
	d    *compute.Device
	x, y *compute.Tensor
}

func newSquare(t *testing.T, b *backend) square {
	t.Helper()
	d := compute.New(b)
	return square{d, tensorsOn(t, d)(2, 2), tensorsOn(t, d)(2, 2)}
}

// run writes x = I, squares it and reads the result.
func (q square) run() ([]float32, error) {
	got := []float32{7, 7, 7, 7}
	err := q.d.Step(func(s *compute.Step) error {
		s.Write(q.x, []float32{1, 0, 0, 1})
		s.Do(compute.Gemm{C: q.y, A: q.x, B: q.x, Epilogue: compute.Epilogue{Alpha: 1}})
		s.Read(q.y, got)
		return nil
	})
	return got, err
}

func (q square) works(t *testing.T) {
	t.Helper()
	if got, err := q.run(); err != nil || !reflect.DeepEqual(got, []float32{1, 0, 0, 1}) {
		t.Errorf("the device is no longer of use: %v %v", got, err)
	}
}

func mentions(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("%q is not in: %v", w, err)
		}
	}
}

// TestErrorsOfNow: immediate errors are returned and forgotten.
func TestErrorsOfNow(t *testing.T) {
	b := opened(t)
	q := newSquare(t, b)
	defer q.d.Close()

	b.source = func(string, ...string) (string, error) { return "#version 430\nvoid main() { nonsense; }", nil }
	_, err := q.run()
	mentions(t, err, "gemm", "nonsense", "errors_test.go") // the driver's log, and the caller's line
	b.source = shaders.Source
	q.works(t)

	_, err = q.d.Tensor(1 << 40)
	mentions(t, err, "4194304.0 MiB", "does not fit", b.info.Device)
	q.works(t)

	_, err = q.d.Tensor(math.MaxInt / 8) // the largest that compute lets through
	mentions(t, err, "does not fit")
	q.works(t)

	b.data = func(*buffer) { gl.Enable(0xbeef) } // any other failure of an allocation
	_, err = q.d.Tensor(12345)
	mentions(t, err, "invalid enum")
	b.data = allocate
	q.works(t)

	// A workspace that does not fit is an error of the op that asks for it, and of no other.
	b.data = func(buf *buffer) { allocate(&buffer{t: buf.t, n: 1 << 40}) }
	err = q.d.Step(func(s *compute.Step) error {
		s.Do(compute.Gram{K: s.Tensor(2, 2), X: q.x, Kernel: compute.Cosine})
		return nil
	})
	b.data = allocate
	if err == nil {
		t.Error("no error of a workspace that does not fit")
	}
	q.works(t)
	if err := q.d.Sync(); err != nil {
		t.Error("a failure of the past is kept:", err)
	}
}

// TestErrorsOfLater: the first later error is returned for ever, whatever follows, and no data comes out.
func TestErrorsOfLater(t *testing.T) {
	b := opened(t)
	q := newSquare(t, b)
	q.works(t)
	b.send(func() { gl.BindBuffer(gl.SHADER_STORAGE_BUFFER, 0xdead); b.settle("first") })
	b.send(func() { gl.Enable(0xbeef); b.settle("second") })
	for range 2 {
		got, err := q.run()
		if mentions(t, err, "first"); got[0] != 7 {
			t.Error("data came out of a failed backend:", got)
		}
		mentions(t, q.d.Sync(), "first")
		_, err = q.d.Tensor(5)
		mentions(t, err, "first")
	}
	mentions(t, q.d.Close(), "first")
}

// TestQueuedError: a dispatch that fails in the queue, alone and between others, is not lost.
func TestQueuedError(t *testing.T) {
	for after := range 3 {
		b := opened(t)
		q := newSquare(t, b)
		q.works(t)
		bad := b.programs[kernel{"gemm", onlyKernel(b)}]
		b.programs[kernel{"gemm", onlyKernel(b)}] = 0xdead // no such program
		b.memo.forget()
		op := compute.Gemm{C: q.y, A: q.x, B: q.x, Epilogue: compute.Epilogue{Alpha: 1}}
		if err := b.Run(op); err != nil {
			t.Error("Run waited:", err)
		}
		b.programs[kernel{"gemm", onlyKernel(b)}] = bad
		b.memo.forget()
		for range after {
			if err := b.Run(op); err != nil {
				t.Error("Run waited:", err)
			}
		}
		mentions(t, b.Sync(), "gemm", "OpenGL")
		mentions(t, q.d.Close(), "gemm")
	}
}

// onlyKernel returns the defines of the only program.
func onlyKernel(b *backend) string {
	for k := range b.programs {
		return k.defines
	}
	return ""
}

// TestReset: a lost context is kept and named as such, found by a queued op or by an allocation.
func TestReset(t *testing.T) {
	for code, want := range map[uint32]string{
		gl.GUILTY_CONTEXT_RESET:   "because of what this program asked",
		gl.INNOCENT_CONTEXT_RESET: "because of another program",
		gl.UNKNOWN_CONTEXT_RESET:  "vanished",
	} {
		b := opened(t)
		q := newSquare(t, b)
		q.works(t)
		b.send(func() { b.reset = func() uint32 { return code } })
		var err error
		if code == gl.INNOCENT_CONTEXT_RESET {
			_, err = q.d.Tensor(3)
		} else {
			_, err = q.run()
		}
		mentions(t, err, "GPU", want)
		b.send(func() { b.reset = func() uint32 { return gl.NO_ERROR } })
		mentions(t, q.d.Sync(), "GPU", want)
		mentions(t, q.d.Close(), "GPU", want)
	}
}

// TestUnavailable: a way that fails returns the reason and advice.
func TestUnavailable(t *testing.T) {
	if _, err := newThread(way{"egl", "nowhere", func() (func(), error) { return nil, errNowhere }}); !errors.Is(err, errNowhere) {
		t.Error(err)
	}
	if _, err := Open(Options{Context: "egl", Device: 99, CacheDir: "off"}); !errors.Is(err, compute.ErrUnavailable) {
		t.Error(err)
	}
}

var errNowhere = errors.New("nowhere")

// TestDevices: every candidate has either a description or an error.
func TestDevices(t *testing.T) {
	opened(t).Close()
	some := false
	for _, c := range Devices() {
		t.Logf("%s: %v %v", c.Via, c.Info, c.Err)
		switch {
		case c.Via == "":
			t.Error("a candidate without a way")
		case c.Err != nil:
			if !errors.Is(c.Err, compute.ErrUnavailable) || c.Info.Device != "" {
				t.Errorf("%+v", c)
			}
		default:
			some = true
			if c.Info.Device == "" || c.Info.Via != c.Via || len(c.Info.Limits) == 0 || len(c.Info.Extensions) == 0 {
				t.Errorf("%+v", c)
			}
		}
	}
	if !some {
		t.Error("a backend opens, yet no device is listed")
	}
}

func TestSoftware(t *testing.T) {
	for name, want := range map[string]bool{
		"llvmpipe (LLVM 15.0.6, 256 bits)": true, "softpipe": true, "Google SwiftShader": true,
		"NVIDIA H200/PCIe/SSE2": false, "AMD Radeon RX 7900 XTX (radeonsi, navi31)": false, "Mesa Intel(R) Arc(tm)": false,
	} {
		if isSoftware(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

// TestTwo: two backends at once share nothing, failures included.
func TestTwo(t *testing.T) {
	bad := opened(t)
	bad.send(func() { gl.Enable(0xbeef); bad.settle("bad") })
	done := make(chan error)
	for range 2 {
		go func() {
			_, err := computetest.Try(compute.FMA{}, with("naive", func(*backend) {}))
			done <- err
		}()
	}
	if err := errors.Join(<-done, <-done); err != nil {
		t.Error(err)
	}
	mentions(t, bad.Close(), "bad")
}

// TestDiskCache: a second backend takes the first one's programs, and replaces the damaged ones, whether the file is
// damaged or the program in it.
func TestDiskCache(t *testing.T) {
	opened(t).Close()
	dir := t.TempDir()
	session := func() (formats int) {
		b := must.Get(open(Options{Device: -1, CacheDir: dir, Rung: "naive"}))(t)
		b.wait(func() error { formats = limit(gl.NUM_PROGRAM_BINARY_FORMATS); return nil })
		q := newSquare(t, b)
		q.works(t)
		if err := q.d.Close(); err != nil {
			t.Error(err)
		}
		return formats
	}
	formats := session()
	files, err := filepath.Glob(filepath.Join(dir, "*.bin"))
	if err != nil || (len(files) == 1) != (formats > 0) {
		t.Fatalf("%d files of a driver with %d formats of programs: %v", len(files), formats, err)
	}
	if formats == 0 {
		t.Log("this driver keeps its programs to itself")
		return
	}
	first := stat(t, files[0])
	if session(); !os.SameFile(first, stat(t, files[0])) {
		t.Error("the second session did not take what the first had compiled")
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	info := compute.Info{}
	for name, damage := range map[string]func(){
		"cut short": func() { os.WriteFile(files[0], whole[:100], 0o600) },
		"whole, but of no use to the driver": func() {
			c := &cache{dir: dir, device: info.Device}
			src := c.path("x")
			c.store("x", &entry{0xdead, []byte("not a program")})
			os.Rename(src, files[0])
		},
	} {
		damage()
		before := stat(t, files[0])
		if session(); os.SameFile(before, stat(t, files[0])) {
			t.Errorf("a program that is %s is not replaced", name)
		}
	}
}

func stat(t *testing.T, file string) os.FileInfo {
	t.Helper()
	i := must.Get(os.Stat(file))(t)
	return i
}
