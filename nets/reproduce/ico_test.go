package reproduce

import (
	"math"
	"slices"
	"testing"
)

// holdsAll reports figures of rows that are out of their bands.
func holdsAll(t *testing.T, p Part, rows Rows) {
	t.Helper()
	for i, run := range p.Runs {
		for _, f := range run.Figures {
			if v := rows[i].Figures[f.What]; !f.Holds(v) || len(v) != rows[i].Seeds.N {
				t.Errorf("%s, %s: %s is %v, want %g ± %g of %d seeds", p.Name, run.Name, f.What, []float64(v), f.Published, f.Within, rows[i].Seeds.N)
			}
		}
	}
}

// TestICO: the shortest demonstration gives the weights that theory says, by the device and by the twin, and the window
// and the loop of one lag the authors' figures.
func TestICO(t *testing.T) {
	z := icoSize{pairs: 1, after: 1, period: 600, loop: 2, lags: 2, farthest: 30}
	r := runner(t)
	r.Seeds = 2
	for _, p := range []Part{z.pairsPart(), z.windowPart()} {
		rows := make1(t, r, p)
		holdsAll(t, p, rows)
		for _, c := range p.Check {
			kept := rows[1].Figures[kept]
			if !c.Holds(rows) {
				t.Errorf("%s: does not hold", c.Says)
			}
			if kept[1] = 1e-9; c.Holds(rows) {
				t.Errorf("%s: holds whatever they are", c.Says)
			}
		}
	}
	loop := z.loopPart()
	loop.Runs = loop.Runs[len(loop.Runs)-1:]
	holdsAll(t, loop, make1(t, r, loop))
}

// TestICOClaims: claims hold of rows as they should be, and of none with one number that should not be.
func TestICOClaims(t *testing.T) {
	z := icoSize{pairs: 100, after: 50, loop: 300, lags: 3, foraging: 100, robots: 2, whole: true}
	last := z.foraging - decade
	row := func(run string, f Figures) Row { return Row{Run: run, Result: Result{Figures: f}} }
	drifts := func(of func(rate float64) float64) Figures {
		f := Figures{}
		for _, rate := range z.rates() {
			f[driftAt(rate)] = Values{of(rate)}
		}
		return f
	}
	none := func(float64) float64 { return 0 }
	robot := func(by, all, reflex float64) Figures {
		return Figures{byReflex(0): {0.7, 0.8}, byReflex(last): {by, by + 0.1}, found(last): {all, all}, reflexes(last): {reflex, reflex}}
	}
	for _, c := range []struct {
		part Part
		rows func() Rows
		bad  func(rows Rows) []*float64
	}{
		{z.plateauPart(), func() Rows {
			iso := drifts(func(rate float64) float64 { return (math.Pow(1+rate*5.29731/2, 49) - 1) * (1 + 60*rate) })
			return Rows{row("ico, 1 filter", drifts(none)), row("ico, 10 filters", drifts(none)), row("iso, 10 filters, third factor", drifts(none)),
				row("iso, 1 filter, float64", iso)}
		}, func(rows Rows) []*float64 {
			return []*float64{&rows[0].Figures[driftAt(1e-3)][0], &rows[1].Figures[driftAt(1e-5)][0], &rows[2].Figures[driftAt(1e-4)][0], &rows[3].Figures[driftAt(1e-4)][0]}
		}},
		{z.loopPart(), func() Rows {
			return Rows{row(loopName(isICO, 3e-4), Figures{settled: {0.01, 0.02}, late: {0.001, 0.002}}),
				row(loopName(isISO, 3e-4), Figures{settled: {0.41, 0.42}, late: {0.3, 0.31}})}
		}, func(rows Rows) []*float64 {
			return []*float64{&rows[0].Figures[settled][1], &rows[0].Figures[late][1]}
		}},
		{z.lagsPart(), func() Rows { return Rows{row(isICO, Figures{learnt: {29, 29.5, 28.5}})} }, func(rows Rows) []*float64 {
			return []*float64{&rows[0].Figures[learnt][1]}
		}},
		{z.robotPart(), func() Rows {
			return Rows{row(isICO, robot(0.2, 1, 0.02)), row(isISO, robot(0.2, 1, 0.02)), row("control, rate 0", robot(0.7, 0.8, 0.4))}
		}, func(rows Rows) []*float64 {
			return []*float64{&rows[0].Figures[byReflex(last)][0], &rows[1].Figures[reflexes(last)][1], &rows[2].Figures[byReflex(0)][0]}
		}},
	} {
		for _, claim := range c.part.Check {
			if !claim.Holds(c.rows()) {
				t.Errorf("%s: %s: does not hold", c.part.Name, claim.Says)
			}
		}
		for i := range c.bad(c.rows()) {
			rows := c.rows()
			*c.bad(rows)[i] = 9
			if !slices.ContainsFunc(c.part.Check, func(claim Claim) bool { return !claim.Holds(rows) }) {
				t.Errorf("%s: all claims hold with a wrong number, %d", c.part.Name, i)
			}
		}
	}
}
