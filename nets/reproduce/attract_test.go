package reproduce

import (
	"slices"
	"testing"

	"hebb/internal/must"
)

// TestAttract: at their small scales the experiments with networks that come to rest hold, and their claims fail with
// figures in changed places. Seeds are the seeds of single runs.
func TestAttract(t *testing.T) {
	for _, name := range []string{"hopfield", "logic"} {
		_, scale, err := Find(All, name, "small")
		must.Do(t, err)
		for _, p := range scale.Parts {
			rows, one := make1(t, runner(t), p), runner(t)
			one.Seed, one.Seeds = one.Seed+1, 1
			alone := make1(t, one, p)
			for i, run := range p.Runs {
				for _, f := range run.Figures {
					v := rows[i].Figures[f.What]
					if !f.Holds(v) || len(v) != run.Seeds {
						t.Errorf("%s, %s: %s is %v, want %g within %g", p.Name, run.Name, f.What, v, f.Published, f.Within)
					}
					if got := alone[i].Figures[f.What]; !slices.Equal(got, v[1:2]) {
						t.Errorf("%s, %s: %s of a seed alone is %v, and among others %v", p.Name, run.Name, f.What, got, v[1])
					}
				}
			}
			claimsHold(t, p, rows)
		}
	}
}
