package compute

import (
	"fmt"
	"time"
)

// A Timer is a [Backend] that can time its own ops. Not every Backend is one; ask through [TimeOps], which a wrapper of
// Backends calls to pass it on in one line.
type Timer interface {
	// TimeOps calls f once for each op that Run starts from now on, in the order of the calls, some time after the op
	// is done, and for all of them before the next Sync, or Close, returns. It leaves out an op that failed, and once
	// the Backend has failed it does not call f any more. A nil f ends it.
	//
	// A goroutine of the Backend may call f, though never two at once; f must be quick and must not use the Backend. A
	// device without a clock is an error wrapping [ErrUnsupported].
	TimeOps(f func(Timing)) error
}

// A Timing says when one op ran on its device.
type Timing struct {
	Op    Op
	Start time.Time // by the host's clock; the device's was set to it when timing began
	Took  time.Duration
	Parts []Part // the stretches of the op, in order and without gaps; nil if unknown
}

// A Part is a stretch of an op: on a GPU one launch of a shader.
type Part struct {
	Name string
	Took time.Duration
}

// TimeOps calls [Timer.TimeOps] of b, or returns an error wrapping [ErrUnsupported] if b is no Timer.
func TimeOps(b Backend, f func(Timing)) error {
	t, ok := b.(Timer)
	if !ok {
		return fmt.Errorf("%s (%T) cannot time its ops: %w", b.Info().Backend, b, ErrUnsupported)
	}
	return t.TimeOps(f)
}
