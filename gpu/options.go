package gpu

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hebb/compute"
)

// Options choose a device, a rung and the folder of compiled programs. The zero value, and {Device: -1}, leave every
// choice open.
type Options struct {
	// Context is the way to a device: "auto" or "" tries all in this order: "egl" (the EGL device
	// platform: a GPU without a display), "surfaceless" (EGL without a device) and "glfw" (a
	// hidden window).
	Context string

	// Device is the number of an EGL device; -1 is the first that opens, hardware before
	// software. It counts for Context "egl" alone.
	Device int

	// Rung is the kernel of products: "" is the tile that suits the shape, "naive" one thread an element, else a tile's
	// name or its beginning, "128x128": see [Rungs].
	Rung string

	// CacheDir is the folder of compiled programs: "" is hebb/programs in [os.UserCacheDir], "off"
	// keeps none.
	CacheDir string

	// Tuning selects the ways to run products: "cached" or "" uses the best ones measured on the device, shipped with
	// hebb or in TuningDir, where there are any; "off" uses the model of time.
	Tuning string

	// TuningDir is the folder of tuning results from this machine: "" is hebb/tuning in [os.UserCacheDir], "off" keeps
	// nothing.
	TuningDir string
}

func (o Options) tuningDir() string {
	switch o.TuningDir {
	case "off":
		return ""
	case "":
		user, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		return filepath.Join(user, "hebb", "tuning")
	}
	return o.TuningDir
}

var tunings = []string{"off", "cached"}

// A Candidate is a way to a device: the device, or the reason why it fails and advice.
type Candidate struct {
	Via  string       // how the device was reached: "EGL device 0"
	Info compute.Info // if Err is nil
	Err  error
}

var contexts = []string{"auto", "egl", "surfaceless", "glfw"}

// ErrOption is wrapped by the error of Options that no device can have.
var ErrOption = errors.New("gpu")

func (o Options) check() error {
	switch {
	case o.Device < -1:
		return fmt.Errorf("%w: device %d, want a number from 0, or -1, the first that opens", ErrOption, o.Device)
	case o.Context != "" && !slices.Contains(contexts, o.Context):
		return fmt.Errorf("%w: context %q, want one of %s", ErrOption, o.Context, strings.Join(contexts, ", "))
	case o.Device > 0 && o.Context != "egl":
		return fmt.Errorf("%w: device %d of context %q, want context egl: no other numbers its devices", ErrOption, o.Device, o.Context)
	case o.Tuning != "" && !slices.Contains(tunings, o.Tuning):
		return fmt.Errorf("%w: tuning %q, want one of %s", ErrOption, o.Tuning, strings.Join(tunings, ", "))
	case !rungIs(o.Rung):
		return fmt.Errorf("%w: rung %q, want one of %s", ErrOption, o.Rung, strings.Join(Rungs(), ", "))
	}
	return nil
}
