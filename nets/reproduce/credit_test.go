package reproduce

import (
	"math"
	"testing"
)

// TestCredit: a comparison gives each rule all its figures; backprop's updates are its own, and the rule's own weights
// are counted.
func TestCredit(t *testing.T) {
	r := runner(t)
	r.Data = map[string]string{"mnist": images(t)}
	c := comparison{"mlp:30-12-8-10,act=tanh", 40, 24, 32, 8, 4, searched[2:]}
	rows := make1(t, r, c.part(2, "bp", "dtp", "last"))
	for _, row := range rows {
		for _, q := range []Quantity{Accuracy, stepTime, products, beyond, keepBytes, chosenRate, judged(searched[2]), judged(searched[3])} {
			if v := row.Figures[q]; len(v) != 2 || !(v.Mean() > 0) {
				t.Errorf("%s: %s is %v, want two numbers above 0", row.Run, q, []float64(v))
			}
		}
	}
	if a := rows.Of("bp", updates); a.Count(func(x float64) bool { return x < 0.1 }) != 2 {
		t.Errorf("backprop's updates are %v from backprop's", []float64(a))
	}
	if a := rows.Of("dtp", updates); a.Count(func(x float64) bool { return 1 < x && x < 120 }) != 2 {
		t.Errorf("dtp's updates are %v from backprop's", []float64(a))
	}
	if more := rows.Mean("dtp", keepBytes); !(more > 1.05) || rows.Mean("bp", keepBytes) != 1 {
		t.Errorf("dtp keeps %g of what bp does, want more", more)
	}
	if last := rows.Mean("last", keepBytes); last < 0.3 || last > 1 { // has the same weights, of which some have no optimiser
		t.Errorf("last keeps %g of what bp does", last)
	}
	if p := rows.Mean("bp", products); p != 1 {
		t.Errorf("backprop's products are %g of its own", p)
	}
	// d numbers of W: backprop has three products of each, but for the delta below the first layer. dtp has four more of the second
	// layer: a noisy pass, one back through its inverse, an update of the inverse, and two passes back for targets in place of one.
	const d1, d2, d3 = 30 * 12, 12 * 8, 8 * 10
	if p, want := rows.Mean("dtp", products), (2*d1+7*d2+3*d3)/float64(2*d1+3*d2+3*d3); math.Abs(p-want) > 1e-9 {
		t.Errorf("dtp's products are %g of backprop's, want %g", p, want)
	}
	best := rows.Mean("bp", judged(rows.Mean("bp", chosenRate)))
	if other := max(rows.Mean("bp", judged(searched[2])), rows.Mean("bp", judged(searched[3]))); best != other {
		t.Errorf("the rate that was chosen has %g %%, and the best %g %%", best, other)
	}
}
