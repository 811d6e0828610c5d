//go:build cgo && (linux || windows) && !nogpu && !noglfw

package gpu

import (
	"errors"
	"os"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
)

// TestGLFW runs the suite through a hidden window where there is a display. Where there is none, Open says so.
func TestGLFW(t *testing.T) {
	open := func() (compute.Backend, error) {
		return Open(Options{Context: "glfw", Device: -1, Rung: "naive", CacheDir: "off"})
	}
	b, err := open()
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		if !errors.Is(err, compute.ErrUnavailable) {
			t.Fatalf("without a display: %v", err)
		}
		mentions(t, err, "GLFW", "display")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if i := b.Info(); i.Via != "GLFW" {
		t.Errorf("reached via %q", i.Via)
	}
	one, two := opened(t), b.(*backend) // contexts of both kinds, or two of a kind, at once
	for range 2 {
		for _, b := range []*backend{one, two} {
			newSquare(t, b).works(t)
		}
	}
	if err := errors.Join(one.Close(), two.Close()); err != nil {
		t.Error(err)
	}
	computetest.Run(t, open)
}
