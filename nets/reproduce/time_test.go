package reproduce

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
)

// exactly is the rows of a part of influence balancing by the program in float64 alone, as if the rules had made them too.
func exactly(p Part) (rows Rows) {
	for _, run := range p.Runs {
		f := Figures{}
		for seed := range run.Seeds {
			b := balances[p.Name]
			b.rule = strings.Split(run.Name, ",")[0]
			theta, loss, at := b.float64(rand.New(rand.NewPCG(uint64(seed), 14)))
			for q, x := range map[Quantity]float64{thetaEnd: theta, thetaEnd64: theta, lossEnd: loss, lossEnd64: loss, passes: at, passes64: at} {
				f[q] = append(f[q], x)
			}
		}
		rows = append(rows, Row{Run: run.Name, Result: Result{Figures: f.finite()}})
	}
	return rows
}

// balances are the rates and steps of the parts.
var balances = map[string]balance{
	"steady":  {"", steady(1e-4), 20000},
	"falling": {"", func(t int) float64 { return 1e-3 / math.Sqrt(float64(1+t)) }, 20000},
}

// TestInfluence: by the program in float64 every figure of the table that has a band is within it, the claims hold, and of
// rows that have changed places they do not.
func TestInfluence(t *testing.T) {
	for _, p := range influence.Scales[0].Parts[:2] {
		rows := exactly(p)
		for i, run := range p.Runs {
			for _, f := range run.Figures {
				if f.Within > 0 && !f.Holds(rows[i].Figures[f.What]) {
					t.Errorf("%s, %s: %s is %v, want %g ± %g", p.Name, run.Name, f.What, rows[i].Figures[f.What], f.Published, f.Within)
				}
			}
		}
		reversed := slices.Clone(rows)
		for i := range reversed {
			reversed[i].Run = rows[len(rows)-1-i].Run
		}
		for _, c := range p.Check {
			if !c.Holds(rows) || c.Holds(reversed) || c.Holds(nil) {
				t.Errorf("%s, %s: %t, of reversed rows %t, of none %t", p.Name, c.Says, c.Holds(rows), c.Holds(reversed), c.Holds(nil))
			}
		}
	}
}

// TestBalanceRules: after some steps the rules of nets/recurrent are where the program in float64 is, both from any state.
func TestBalanceRules(t *testing.T) {
	dev := must.Get(openCPU())(t)
	defer dev.Close()
	for _, rule := range []string{"tbptt:span=10", "tbptt:span=61", "rtrl"} {
		f := must.Get(balance{rule, steady(1e-4), 300}.run(t.Context(), dev, Seeds{1, 2}))(t)
		for l, x := range f[thetaEnd] {
			if want := f[thetaEnd64][l]; math.Abs(x-want) > 0.05*math.Abs(want) { // of states of 0.1 about 0
				t.Errorf("%s, seed %d: θ is %g, and %g in float64", rule, l+1, x, want)
			}
		}
	}
}

// TestDraws: of normal numbers the figures are those that were put in.
func TestDraws(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	want := []float64{3, 4} // norm 5
	var groups [][]float64
	for range 400 {
		groups = append(groups, []float64{3 + rnd.NormFloat64(), 4 + rnd.NormFloat64()}) // means of 100 of deviation 10 each
	}
	f := Figures{}
	compareDraws(f, groups, want)
	for q, c := range map[Quantity]struct{ want, within float64 }{
		oneDraw: {math.Sqrt(200) / 5, 0.2}, slope: {-0.5, 0.1}, ofError: {1, 1}, offBy100: {math.Sqrt(math.Pi/2) / 5, 0.02},
	} {
		if x := f[q][0]; math.Abs(x-c.want) > c.within {
			t.Errorf("%s is %g, want %g", q, x, c.want)
		}
	}
}

// TestSmall: runs of several seeds give what each seed gives alone.
func TestSmall(t *testing.T) {
	for name, make := range map[string]Program{
		"kfrtrl": drawing{"kfrtrl", 4, 5, 20}.run, "uoro, plain": drawing{"uoro, plain", 4, 5, 20}.run, byRFLO: wave{byRFLO, 3}.run, byBPTT: wave{byBPTT, 3}.run,
		"evidence": cueing{task: brief1, lif: 4, adapt: 4, rate: 0.01, iterations: 2, every: 1}.run,
		"reward":   cueing{task: rewarded(brief1), lif: 4, adapt: 4, rate: 0.01, iterations: 2, every: 1}.run,
		"pattern":  patterning{length: 40, cells: 8, rate: 1e-4, iterations: 2, every: 1}.run,
		"strung":   stringing{shortSequence, 4, 48, 24, 1e-3}.parts, "at once": stringing{shortSequence, 4, 48, 24, 1e-3}.atOnce,
	} {
		dev := must.Get(openCPU())(t)
		both := must.Get(make(t.Context(), dev, Seeds{4, 2}))(t)
		alone := must.Get(make(t.Context(), dev, Seeds{5, 1}))(t)
		for q, v := range alone {
			if len(v) != 1 || both[q][1] != v[0] || both[q][0] == v[0] && q != rightCues && q != criterionAt { // of few moments
				t.Errorf("%s: %s is %v alone, and %v of two", name, q, v, both[q])
			}
		}
		if err := dev.Close(); err != nil || len(alone) == 0 {
			t.Error(len(alone), err)
		}
	}
}

// TestStrungClaims: the claims hold if the error at the best rate falls to less than half, below the error of the
// sequence learned at once, and not otherwise.
func TestStrungClaims(t *testing.T) {
	for _, c := range (stringing{Strung: longSequence}).part(2).Check {
		for after, holds := range map[float64]bool{0.1: true, 0.2: false} {
			var rows Rows
			for i, rate := range stringRates { // the last is the best
				worse := float64(len(stringRates) - i)
				rows = append(rows, Row{Run: atRate(byParts, rate), Result: Result{Figures: Figures{beforeOrder: {0.3 * worse}, sequenceError: {after * worse}}}},
					Row{Run: atRate(atOnce, rate), Result: Result{Figures: Figures{sequenceError: {0.15 * worse}}}})
			}
			if c.Holds(rows) != holds || c.Holds(nil) {
				t.Errorf("%s: %t of a fall from 0.3 to %g, %t of none", c.Says, c.Holds(rows), after, c.Holds(nil))
			}
		}
	}
}
