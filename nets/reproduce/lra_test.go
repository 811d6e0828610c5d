package reproduce

import (
	"slices"
	"testing"
)

// made returns the rows of the parts of a small scale, and requires each part's figures and claims to hold.
func made(t *testing.T, experiment string) (all []Rows, parts []Part) {
	t.Helper()
	_, scale, err := Find(All, experiment, "small")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range scale.Parts {
		rows := make1(t, runner(t), p)
		for i, run := range p.Runs {
			for _, f := range run.Figures {
				if v := rows[i].Figures[f.What]; !f.Holds(v) || len(v) != run.Seeds {
					t.Errorf("%s, %s: %s is %v, want %g within %g", p.Name, run.Name, f.What, v, f.Published, f.Within)
				}
			}
		}
		for _, c := range p.Check {
			if !c.Holds(rows) {
				t.Errorf("%s: does not hold of %v", c.Says, rows)
			}
		}
		all = append(all, rows)
	}
	return all, scale.Parts
}

// TestAlignment: at its small scale the experiment holds, and it fails if the last layer alone is as good. Its seeds
// give the same numbers as single runs.
func TestAlignment(t *testing.T) {
	all, parts := made(t, "lra")
	rows, p := all[0], parts[0]
	one := runner(t)
	one.Seed, one.Seeds = one.Seed+1, 1
	for i, alone := range make1(t, one, p) {
		if got := rows[i].Figures[Accuracy]; alone.Figures[Accuracy][0] != got[1] {
			t.Errorf("%s: seed 8 alone gives %v, and among others %v", alone.Run, alone.Figures[Accuracy], got)
		}
	}
	better := slices.Clone(rows)
	better[len(rows)-1].Figures = Figures{Accuracy: rows.Of("lra-fdbk", Accuracy)}
	if p.Check[0].Holds(better) {
		t.Error("the order holds too where the last layer alone is as good")
	}
}

// TestPseudoBackprop: at its small scale the experiment holds, and it fails if backprop and the inverse are swapped in
// float64.
func TestPseudoBackprop(t *testing.T) {
	all, parts := made(t, "pseudo-backprop")
	rows := all[0]
	swapped, exact := slices.Clone(rows), Figures{}
	for _, at := range looks {
		exact[angleAfter(faBP, at)] = rows[0].Figures[angleAfter(faPBP, at)]
		exact[angleAfter(faPBP, at)] = rows[0].Figures[angleAfter(faBP, at)]
		exact[angleAfter(bpPBP, at)] = rows[0].Figures[angleAfter(bpPBP, at)]
	}
	swapped[0].Figures = exact
	for _, c := range parts[0].Check {
		if c.Holds(swapped) {
			t.Errorf("%s: holds too with backprop and the inverse swapped", c.Says)
		}
	}
}
