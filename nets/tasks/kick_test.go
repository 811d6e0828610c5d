package tasks_test

import (
	"slices"
	"strings"
	"testing"

	"hebb/nets"
	"hebb/nets/tasks"
)

// TestKick: both learners see the same cells kicked, and the cells that answer once, or not, are counted of each.
func TestKick(t *testing.T) {
	answer := func(x, _ []float32) []float32 { return []float32{1, 2, 0, 1, 0, 0, 0, 7} }
	w, learned, tested := watch(t, func() nets.Task { return &tasks.Kick{Cells: 4, Kicked: 3} }, 2, answer)
	if len(w.shown) != 2+20 {
		t.Fatalf("%d trials, want 2 and a test of 20", len(w.shown))
	}
	for _, s := range w.shown {
		if !slices.Equal(s.x, []float32{1, 1, 1, 0, 1, 1, 1, 0}) || s.want != nil || !s.first || !s.last {
			t.Errorf("%v is shown and %v wanted, first %t, last %t, want three cells of each learner kicked in a trial of one moment", s.x, s.want, s.first, s.last)
		}
	}
	for _, m := range []nets.Metrics{learned, tested} {
		near(t, "spikes", m.Get("spikes").Each, 1, 1.75)
		near(t, "once", m.Get("once").Each, 0.5, 0)
		near(t, "silent", m.Get("silent").Each, 0.25, 0.75)
	}
	for _, k := range []tasks.Kick{{Cells: 0}, {Cells: 4, Kicked: 5}, {Cells: 4, Kicked: -1}} {
		if err := k.Check(); err == nil || !strings.Contains(err.Error(), "kicked") {
			t.Errorf("%v: %v, want an error that names the cells that are kicked", k, err)
		}
	}
}
