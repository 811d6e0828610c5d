package reproduce

import (
	"math"
	"slices"
	"testing"

	"hebb/internal/must"
)

// TestContrastive: at its small scale the experiment holds, and it fails with figures twice as large, and with runs in
// changed places.
func TestContrastive(t *testing.T) {
	_, scale, err := Find(All, "contrastive", "small")
	must.Do(t, err)
	for _, p := range scale.Parts {
		rows := make1(t, runner(t), p)
		for i, run := range p.Runs {
			for _, f := range run.Figures {
				v := rows[i].Figures[f.What]
				if !f.Holds(v) || len(v) != run.Seeds {
					t.Errorf("%s, %s: %s is %v, want %g within %g", p.Name, run.Name, f.What, v, f.Published, f.Within)
				}
			}
		}
		claimsHold(t, p, rows)
	}
	if f := scale.Parts[0].Runs[0].Figures[1]; f.Holds(Values{2 * f.Published}) || f.Holds(Values{math.NaN()}) {
		t.Errorf("twice as many epochs hold, within %g", f.Within)
	}
}

// claimsHold requires that the claims hold of rows, and fail without rows and with some order of the same figures.
func claimsHold(t *testing.T, p Part, rows Rows) {
	t.Helper()
	for _, c := range p.Check {
		broken := false
		for by := range rows {
			turned := slices.Clone(rows)
			for i := range turned {
				turned[i].Figures = rows[(i+by)%len(rows)].Figures
			}
			broken = broken || !c.Holds(turned)
		}
		if !c.Holds(rows) || c.Holds(nil) || !broken {
			t.Errorf("%s: %s: %t, of no rows %t, false of the same figures in another order %t", p.Name, c.Says, c.Holds(rows), c.Holds(nil), broken)
		}
	}
}

// TestContrastiveClaims: the claims hold of the measured figures.
func TestContrastiveClaims(t *testing.T) { measuredHold(t, "contrastive") }

// measuredHold requires that the measured figures of an experiment are in their bands, and bear its claims out.
func measuredHold(t *testing.T, experiment string) {
	t.Helper()
	_, scale, err := Find(All, experiment, "cpu")
	must.Do(t, err)
	all := must.Get(Measurements())(t)
	for _, p := range scale.Parts {
		rows := Rows{}
		for _, run := range p.Runs {
			row := Row{Run: run.Name, Result: Result{Figures: Figures{}}}
			for _, m := range all {
				if m.Experiment == experiment && m.Scale == "cpu" && m.Part == p.Name && m.Run == run.Name {
					if row.Figures[m.Quantity] = m.Values; m.Values == nil { // of one seed
						row.Figures[m.Quantity] = Values{m.Value}
					}
				}
			}
			for _, f := range run.Figures {
				if v := row.Figures[f.What]; !f.Holds(v) {
					t.Errorf("%s, %s: %s was measured as %v, want %g within %g", p.Name, run.Name, f.What, v, f.Published, f.Within)
				}
			}
			rows = append(rows, row)
		}
		claimsHold(t, p, rows)
	}
}
