package nets

import (
	"math"
	"testing"
)

// TestInverse: the rate is constant for half of the run and then falls as 1/t, to a 26th at the end.
func TestInverse(t *testing.T) {
	s := Schedule{Kind: "inverse"}
	for _, c := range []struct{ epoch, want float64 }{
		{0, 1}, {10, 1}, {10.4, 1. / 2}, {15, 1. / 13.5}, {20, 1. / 26},
	} {
		if got := s.Rate(c.epoch, 20); !(math.Abs(got-c.want) <= 200*0x1p-53) { // 50 times the rounding of t/T, and a few more
			t.Errorf("at epoch %g of 20 the rate is multiplied by %.17g, want %.17g", c.epoch, got, c.want)
		}
	}
	warm := Schedule{Kind: "inverse", Warmup: 2}
	if got := warm.Rate(1, 20); got != 0.5 {
		t.Errorf("in the middle of the warm-up the rate is multiplied by %g, want 0.5", got)
	}
	for _, s := range []Schedule{s, warm} {
		if err := s.Check(); err != nil {
			t.Error(err)
		}
	}
	for _, s := range []Schedule{{Kind: "inverse", At: []float64{3}}, {Kind: "inverse", Factor: 2}, {Kind: "inverse", Warmup: -1}, {Kind: "late"}} {
		if s.Check() == nil {
			t.Errorf("%+v passes", s)
		}
	}
}

// TestLinear: the rate falls in a straight line to its floor.
func TestLinear(t *testing.T) {
	s := Schedule{Kind: "linear", Floor: 0.125}
	for epoch, want := range map[float64]float64{0: 1, 4: 0.75, 12: 0.25, 15: 0.125, 16: 0.125} {
		if got := s.Rate(epoch, 16); got != want {
			t.Errorf("at epoch %g of 16 the rate is multiplied by %g, want %g", epoch, got, want)
		}
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	for _, s := range []Schedule{{Kind: "linear", Floor: 1.5}, {Kind: "linear", Floor: math.NaN()}, {Kind: "cosine", Floor: 0.1}} {
		if s.Check() == nil {
			t.Errorf("%+v passes", s)
		}
	}
}
