package tasks_test

import (
	"math"
	"slices"
	"testing"

	"hebb/nets"
	"hebb/nets/nettest"
	"hebb/nets/recurrent"
	"hebb/nets/tasks"
)

// TestStrung: a learner that answers correctly makes no error in any order, and is shown the right cues where they
// follow the answer. A learner that always names the first cue is shown it throughout. Each trial has each pattern
// once, and drawn orders differ.
func TestStrung(t *testing.T) {
	const patterns, period, delay, trials = 3, 10, 4, 6
	right := func(_, want []float32) []float32 { return want }
	first := func(x, _ []float32) []float32 {
		y := make([]float32, len(x)/patterns*(1+patterns))
		for i := 1; i < len(y); i += 1 + patterns {
			y[i] = 1
		}
		return y
	}
	for _, c := range []struct {
		order      string
		answer     func(x, want []float32) []float32
		error, cue float64
	}{
		{"random", right, 0, 1}, {"fixed", right, 0, 1}, {"free", right, 0, 1}, {"whole", right, 0, 1. / patterns},
		{"fixed", first, 0.5, 1}, {"free", first, 0.5, 1. / patterns},
	} {
		task := func() nets.Task {
			return &tasks.Strung{Patterns: patterns, Period: period, Delay: delay, Order: c.order}
		}
		w, learned, tested := watch(t, task, patterns*period*trials, c.answer)
		for _, m := range []nets.Metrics{learned, tested} {
			for l, e := range m.Get("error").Each {
				if cue := m.Get("cue").Each[l]; math.Abs(e-c.error) > 1e-6 || math.Abs(cue-c.cue) > 1e-6 {
					t.Errorf("order %s: an error of %g and %g of the cues, want %g and %g", c.order, e, cue, c.error, c.cue)
				}
			}
		}
		orders := map[string]bool{}
		for trial := range trials {
			for l := range 2 {
				cues := ""
				for part := range patterns {
					s := w.shown[(trial*patterns+part)*period+period-1]
					cues += string(rune('0' + slices.Index(s.x[l*patterns:][:patterns], 1)))
				}
				orders[cues] = true
			}
		}
		if _, fixed := orders["012"]; c.order == "random" && len(orders) < 3 || c.order == "fixed" && (len(orders) != 1 || !fixed) || orders["001"] {
			t.Errorf("order %s: %v", c.order, orders)
		}
	}
	for _, order := range []string{"random", "free"} {
		nettest.System(t, func() nets.System {
			return &recurrent.Readout{Leaky: recurrent.Leaky{Units: 3, Tau: 2, Gain: 1}, Optimiser: nets.SGD{}}
		}, func() nets.Task { return &tasks.Strung{Patterns: 2, Period: 2, Delay: 1, Order: order} })
	}
}
