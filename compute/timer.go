package compute

import (
	"fmt"
	"time"
)

// A Timer is a [Backend] that can time its own ops. Not every Backend is one; ask through [TimeOps], and a wrapper of
// Backends passes it on with a method of one line that does so.
type Timer interface {
	// TimeOps has f called once for each op that Run starts from now on, in the order of the calls, some time after the op
	// is done: for all of them before the next Sync, or Close, returns. An op that failed is left out, and once the
	// Backend has failed f is not called any more. A nil f ends it.
	//
	// f may be called by a goroutine of the Backend's own, though never by two at once; it is to be quick, and must not
	// use the Backend. A device without a clock is an error wrapping [ErrUnsupported].
	TimeOps(f func(Timing)) error
}

// A Timing says when one op ran on its device.
type Timing struct {
	Op    Op
	Start time.Time // of the host's clock, to which the device's was set when timing began
	Took  time.Duration
	Parts []Part // what it was made of, one after the other from Start to its end; nil if that is not known
}

// A Part is a stretch of an op: on a GPU one launch of a shader.
type Part struct {
	Name string
	Took time.Duration
}

// TimeOps is [Timer.TimeOps] of b, or an error wrapping [ErrUnsupported] if b is no Timer.
func TimeOps(b Backend, f func(Timing)) error {
	t, ok := b.(Timer)
	if !ok {
		return fmt.Errorf("%s (%T) cannot time its ops: %w", b.Info().Backend, b, ErrUnsupported)
	}
	return t.TimeOps(f)
}
