package nets

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Schedule changes the learning rate in the course of training. Times are in epochs and may be fractions.
//
// "inverse" keeps the rate for the first half of the run and then divides it by 1 + 50·(t/T − ½) at time t of T, down to a
// 26th at the end: the large rate finds what is to be learned, and the falling one averages the noise of batches away, as
// stochastic approximation wants it (Darken and Moody 1990, "search then converge").
//
// "linear" multiplies the rate by max(Floor, 1 − t/T).
type Schedule struct {
	Kind   string    `json:"kind" toml:"-"`                            // "constant", "step", "cosine", "inverse" or "linear"
	Warmup float64   `json:"warmup,omitempty" toml:"warmup,omitempty"` // epochs of a linear rise from 0
	At     []float64 `json:"at,omitempty" toml:"at,omitempty"`         // of "step": epochs at which the rate is multiplied
	Factor float64   `json:"factor,omitempty" toml:"factor,omitempty"` // of "step": the multiplier
	Floor  float64   `json:"floor,omitempty" toml:"floor,omitempty"`   // of "linear": the least multiplier
}

// ScheduleKinds lists the values of [Schedule.Kind].
var ScheduleKinds = []string{"constant", "step", "cosine", "inverse", "linear"}

// Check reports invalid settings.
func (s Schedule) Check() error {
	switch {
	case !slices.Contains(ScheduleKinds, s.Kind):
		return fmt.Errorf("schedule %q, want one of %s", s.Kind, strings.Join(ScheduleKinds, ", "))
	case !(s.Warmup >= 0 && s.Warmup < math.MaxFloat32):
		return fmt.Errorf("a warmup of %g epochs, want at least 0", s.Warmup)
	case !(s.Floor >= 0 && s.Floor <= 1) || s.Floor > 0 && s.Kind != "linear":
		return fmt.Errorf("the schedule %s has a floor of %g, want 0 to 1, and the schedule linear if it is above 0", s.Kind, s.Floor)
	case slices.ContainsFunc(s.At, func(at float64) bool { return !(at >= 0 && at < math.MaxFloat32) }):
		return fmt.Errorf("steps at %v, want epochs of at least 0", s.At)
	case s.Kind == "step" && (len(s.At) == 0 || !(s.Factor > 0 && s.Factor < math.MaxFloat32)):
		return fmt.Errorf("a step schedule at %v by a factor of %g, want at least one epoch and a factor above 0", s.At, s.Factor)
	case s.Kind != "step" && (len(s.At) > 0 || s.Factor != 0):
		return fmt.Errorf("the schedule %s has steps at %v by a factor of %g, want the schedule step", s.Kind, s.At, s.Factor)
	}
	return nil
}

// Rate returns the multiplier of the learning rate at a time, given the epochs of the whole run.
func (s Schedule) Rate(epoch, epochs float64) float64 {
	f := 1.0
	switch s.Kind {
	case "step":
		for _, at := range s.At {
			if epoch >= at {
				f *= s.Factor
			}
		}
	case "cosine":
		done := (epoch - s.Warmup) / math.Max(epochs-s.Warmup, 1e-9)
		f = (1 + math.Cos(math.Pi*math.Min(math.Max(done, 0), 1))) / 2
	case "inverse":
		f = 1 / (1 + 50*math.Max(0, epoch/math.Max(epochs, 1e-9)-0.5))
	case "linear":
		f = math.Max(s.Floor, 1-epoch/math.Max(epochs, 1e-9))
	}
	if epoch < s.Warmup {
		f *= epoch / s.Warmup
	}
	return f
}
