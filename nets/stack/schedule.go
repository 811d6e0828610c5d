package stack

import (
	"fmt"
	"math"
)

// A Schedule says what becomes of the rate in the course of training. Times are in epochs and may be
// fractions.
type Schedule struct {
	Kind   string    `json:"kind" toml:"kind"`                         // "constant", "step" or "cosine"
	Warmup float64   `json:"warmup,omitempty" toml:"warmup,omitempty"` // the rate rises from 0 for so long
	At     []float64 `json:"at,omitempty" toml:"at,omitempty"`         // of "step": when the rate is multiplied
	Factor float64   `json:"factor,omitempty" toml:"factor,omitempty"` // of "step": by what
}

// Check reports what cannot be.
func (s Schedule) Check() error {
	switch {
	case s.Kind != "constant" && s.Kind != "step" && s.Kind != "cosine":
		return fmt.Errorf("schedule %q, want constant, step or cosine", s.Kind)
	case !(s.Warmup >= 0 && s.Warmup < math.MaxFloat64):
		return fmt.Errorf("a warm-up of %g epochs, want at least 0", s.Warmup)
	case s.Kind == "step" && (len(s.At) == 0 || !(s.Factor > 0)):
		return fmt.Errorf("a step schedule at %v by a factor of %g, want at least one epoch and a factor above 0", s.At, s.Factor)
	case s.Kind != "step" && (len(s.At) > 0 || s.Factor != 0):
		return fmt.Errorf("a %s schedule has steps at %v by %g, want a step schedule", s.Kind, s.At, s.Factor)
	}
	return nil
}

// Rate is what the rate is multiplied by at a time, of so many epochs in all.
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
	}
	if epoch < s.Warmup {
		f *= epoch / s.Warmup
	}
	return f
}
