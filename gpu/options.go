package gpu

import (
	"fmt"
	"slices"
	"strings"

	"hebb/compute"
)

// Options choose a device, a rung and where compiled programs are kept. The zero value, and
// {Device: -1}, leave all to be chosen.
type Options struct {
	// Context is the way to a device: "auto" or "" tries all in this order: "egl" (the EGL device
	// platform: a GPU without a display), "surfaceless" (EGL without a device) and "glfw" (a
	// hidden window).
	Context string

	// Device is the number of an EGL device; -1 is the first that opens, hardware before
	// software. It counts for Context "egl" alone.
	Device int

	// Rung is the step of the ladder that products run on: "" is the tile that suits the shape,
	// "naive" one thread an element, else a tile's name: see [Rungs].
	Rung string

	// CacheDir is the folder of compiled programs: "" is hebb/programs in [os.UserCacheDir], "off"
	// keeps none.
	CacheDir string
}

// A Candidate is a way to a device: what it leads to, or why it leads nowhere and what to do
// about it.
type Candidate struct {
	Via  string       // how the device was reached: "EGL device 0"
	Info compute.Info // if Err is nil
	Err  error
}

var contexts = []string{"auto", "egl", "surfaceless", "glfw"}

func (o Options) check() error {
	switch {
	case o.Context != "" && !slices.Contains(contexts, o.Context):
		return fmt.Errorf("gpu: context %q, want one of %s", o.Context, strings.Join(contexts, ", "))
	case o.Device > 0 && o.Context != "egl":
		return fmt.Errorf("gpu: device %d of context %q, want context egl: no other numbers its devices", o.Device, o.Context)
	case o.Rung != "" && !slices.Contains(Rungs(), o.Rung):
		return fmt.Errorf("gpu: rung %q, want one of %s", o.Rung, strings.Join(Rungs(), ", "))
	}
	return nil
}
