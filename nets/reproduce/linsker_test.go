package reproduce

import (
	"slices"
	"testing"
)

// turned returns rows whose runs have each other's names, the last one's first.
func turned(rows Rows) Rows {
	other := slices.Clone(rows)
	for i := range rows {
		other[i].Run = rows[len(rows)-1-i].Run
	}
	return other
}

// TestDevelopment: at their small scales components and linsker hold, and no claim of them holds of rows in changed places, if
// there are several, and of none.
func TestDevelopment(t *testing.T) {
	for _, name := range []string{"components", "linsker"} {
		all, parts := made(t, name)
		for i, p := range parts {
			for _, c := range p.Check {
				if c.Holds(nil) || len(p.Runs) > 1 && name == "linsker" && c.Holds(turned(all[i])) {
					t.Errorf("%s: holds of nothing, or of rows in changed places", c.Says)
				}
			}
		}
	}
	for _, e := range []Experiment{components, linsker} {
		for _, p := range e.Scales[0].Parts {
			for _, c := range p.Check {
				if c.Holds(nil) {
					t.Errorf("%s: holds of nothing", c.Says)
				}
			}
		}
	}
}
