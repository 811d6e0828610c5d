package reproduce

import (
	"slices"
	"testing"
)

// TestTargets: on images of our own, the small scales of target propagation, of synthetic gradients and of
// recirculation give all of their figures, and hold.
func TestTargets(t *testing.T) {
	data := map[string]string{"mnist": digits(t)}
	for _, name := range []string{"dtp", "dni", "recirculation"} {
		_, scale, err := Find(All, name, "small")
		if err != nil {
			t.Fatal(err)
		}
		r, p := runner(t), scale.Parts[0]
		if r.Data = data; name != "recirculation" { // its bands fit its own number of seeds
			r.Seeds = 1
		}
		rows := make1(t, r, p)
		for i, run := range p.Runs {
			for _, f := range run.Figures {
				if v := rows[i].Figures[f.What]; len(v) != rows[i].Seeds.N || !f.Holds(v) {
					t.Errorf("%s, %s: %s is %v, want %d numbers within the band", name, run.Name, f.What, []float64(v), rows[i].Seeds.N)
				}
			}
		}
		reversed := slices.Clone(rows)
		for i := range reversed {
			reversed[i].Run = rows[len(rows)-1-i].Run
		}
		for _, c := range p.Check {
			if !c.Holds(rows) || len(rows) > 1 && c.Holds(reversed) {
				t.Errorf("%s, %s: %t, of reversed rows %t", name, c.Says, c.Holds(rows), c.Holds(reversed))
			}
		}
	}
}

// TestTargetClaims: each claim of the whole experiments holds of the measured figures, and fails with other runs'
// figures.
func TestTargetClaims(t *testing.T) {
	all, err := Measurements()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"dtp", "dni", "recirculation", "softhebb"} {
		_, scale, err := Find(All, name, "cpu")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range scale.Parts {
			rows := Rows{}
			for _, run := range p.Runs {
				row := Row{Run: run.Name, Result: Result{Figures: Figures{}}}
				for _, m := range all {
					if m.Experiment == name && m.Scale == "cpu" && m.Part == p.Name && m.Run == run.Name {
						row.Figures[m.Quantity] = m.Values
					}
				}
				rows = append(rows, row)
			}
			reversed := slices.Clone(rows)
			for i := range reversed {
				reversed[i].Run = rows[len(rows)-1-i].Run
			}
			for _, c := range p.Check {
				if !c.Holds(rows) || len(rows) > 1 && c.Holds(reversed) || c.Holds(nil) {
					t.Errorf("%s, %s: %s: %t of what was measured, %t reversed, %t of none", name, p.Name, c.Says, c.Holds(rows), c.Holds(reversed), c.Holds(nil))
				}
			}
		}
	}
}
