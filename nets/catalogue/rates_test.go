package catalogue

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
)

// TestRates: at the rates that suit them, systems that learn by noise or contrast do not diverge on any task that they
// can learn from, in three stretches of 30 moments or more. Networks of other systems cost more than a test may: they
// did not diverge in 20 seconds when tried.
func TestRates(t *testing.T) {
	c, pairs := Default(), 0
	for _, s := range c.Systems {
		if !slices.Contains([]string{"wp", "wp0", "np", "hp", "chl", "eqprop"}, s.Name) {
			continue
		}
		for _, task := range c.Tasks {
			if task.Name == "butterfly" || task.Name == "evidence" || task.Moments < 150 { // reservoirs and long trials take long
				continue
			}
			r := nets.Run{System: s.System, Task: task.Task, Seed: 1, Rate: cmp.Or(s.Rates[task.Name], s.Rate), Moments: 600}
			session, err := r.Open(lab.CPU(t))
			if err != nil { // the system cannot learn from it
				continue
			}
			pairs++
			var losses []float64 // of whole trials
			trial := max(1, session.Spec.Trial)
			for range 3 {
				for range (29/trial + 1) * trial {
					if err := session.Step(context.Background()); err != nil {
						t.Fatalf("%s on %s: %v", s.Name, task.Name, err)
					}
				}
				m, err := session.Metrics()
				if err != nil {
					t.Errorf("%s on %s: %v", s.Name, task.Name, err)
					break
				}
				for _, name := range []string{"loss", "error"} {
					if x := m.Get(name).Mean(); x == x {
						losses = append(losses, x)
						break
					}
				}
			}
			if n := len(losses); n > 1 && !(losses[n-1] < 2*losses[0]) {
				t.Errorf("%s on %s: losses of %v, want none twice the first", s.Name, task.Name, losses)
			}
			if err := session.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if pairs < 30 {
		t.Errorf("%d pairs were tried, want all", pairs)
	}
}
