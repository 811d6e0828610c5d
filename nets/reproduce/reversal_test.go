package reproduce

import (
	"slices"
	"testing"

	"hebb/internal/must"
)

// TestReversal: at its small scale the claims hold; a seed has the same figures alone as among others; and trials to
// 80 % are counted to the middle of five.
func TestReversal(t *testing.T) {
	_, scale, err := Find(All, "reversal", "small")
	must.Do(t, err)
	p := scale.Parts[0]
	r := runner(t)
	rows := make1(t, r, p)
	claimsHold(t, p, rows)
	one := runner(t)
	one.Seed, one.Seeds = r.Seed+1, 1
	p.Runs = p.Runs[:1]
	alone := make1(t, one, p)[0].Figures
	for q, v := range rows[0].Figures {
		if !slices.Equal(alone[q], v[1:2]) {
			t.Errorf("%s of seed 8 alone is %v, and among others %v", q, alone[q], v)
		}
	}
	c, f := choices{}, Figures{}
	for trial := range c.right { // 0, 1, …, 59 of 60 agents
		c.right[trial] = float64(trial)
	}
	c.after = [3][2]float64{{1, 2}, {3, 4}, {0, 5}}
	c.figures(f, agents{each: 60, blocks: skippedBlocks + 1})
	for q, want := range map[Quantity]float64{rightAtFirst: 1. / 60, rightAtLast: 54.5 / 60, to80: 49, after1: 0.5, after2: 0.75, after4: 0, rightIn(60): 59. / 60} {
		if v := f[q]; len(v) != 1 || !(v[0] > want-1e-12 && v[0] < want+1e-12) {
			t.Errorf("%s is %v, want %g", q, v, want)
		}
	}
}

// TestReversalClaims: the claims and bands hold of the measured figures.
func TestReversalClaims(t *testing.T) { measuredHold(t, "reversal") }
