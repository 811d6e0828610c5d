package reproduce

import (
	"testing"

	"hebb/internal/must"
	"hebb/nets/tasks"
)

// brief1 is a task of one cue, of ten steps.
var brief1 = tasks.Evidence{Step: 3, Cues: 1, Period: 15, Length: 15, Delay: 0, Recall: 15, Rate: 100, Background: 10, Odds: 0.7, Group: 5, Batch: 64}

// TestCriterion: the criterion is met at the first tenth iteration whose test is below it, and the least and the mean of the
// last errors are those of the tests.
func TestCriterion(t *testing.T) {
	dev := must.Get(openCPU())(t)
	defer dev.Close()
	c := cueing{task: brief1, lif: 20, adapt: 0, rate: 0.02, iterations: 60, every: solvesEvery}
	f := must.Get(c.run(t.Context(), dev, Seeds{1, 2}))(t)
	for l, at := range f[criterionAt] {
		if at > 60 || int(at)%solvesEvery != 0 || f[errorAt(int(at))][l] >= solves {
			t.Fatalf("seed %d meets the criterion at %g, want within 60 iterations", l+1, at)
		}
		least, late := 1., 0.
		for k := solvesEvery; k <= 60; k += solvesEvery {
			x := f[errorAt(k)][l]
			least = min(least, x)
			if k > 30 {
				late += x / 3
			}
		}
		if d := f[lateError][l] - late; f[bestError][l] != least || d > 1e-12 || d < -1e-12 {
			t.Errorf("seed %d: the least error is %g and the late one %g, want %g and %g", l+1, f[bestError][l], f[lateError][l], least, late)
		}
	}
}

// TestCuesHold: at their small scales the claims of both experiments hold.
func TestCuesHold(t *testing.T) {
	for _, name := range []string{"evidence", "eprop"} {
		_, scale, err := Find(All, name, "small")
		must.Do(t, err)
		for _, p := range scale.Parts {
			claimsHold(t, p, make1(t, runner(t), p))
		}
	}
}

// TestEvidenceClaims: the claims hold of the measured figures.
func TestEvidenceClaims(t *testing.T) {
	measuredHold(t, "evidence")
	measuredHold(t, "eprop")
}
