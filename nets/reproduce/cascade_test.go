package reproduce

import (
	"slices"
	"testing"
)

// TestCascade: the small scale bears its claims out, and the claims fail on rows in changed places and on none.
func TestCascade(t *testing.T) {
	rows := make1(t, runner(t), smallParity)
	swapped := slices.Clone(rows)
	swapped[0].Run, swapped[1].Run = rows[1].Run, rows[0].Run
	for _, c := range smallParity.Check {
		if !c.Holds(rows) || c.Holds(swapped) || c.Holds(nil) {
			t.Errorf("%s: %t, of swapped rows %t, of none %t", c.Says, c.Holds(rows), c.Holds(swapped), c.Holds(nil))
		}
	}
	for i, run := range smallParity.Runs {
		for _, f := range run.Figures {
			if f.Within > 0 && !f.Holds(rows[i].Figures[f.What]) {
				t.Errorf("%s: %s is %v, want %g ± %g", run.Name, f.What, rows[i].Figures[f.What], f.Published, f.Within)
			}
		}
	}
	for _, c := range slices.Concat(wholeSpirals.Check, wholeParity.Check) {
		if c.Holds(nil) {
			t.Errorf("%s: holds of nothing", c.Says)
		}
	}
}
