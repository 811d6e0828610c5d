package nets_test

import (
	"math/rand/v2"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
)

// TestMaskedLosses: where a moment masks an example, its loss and its delta are 0; those of the others are what they are
// without a mask, to the bit.
func TestMaskedLosses(t *testing.T) {
	const learners, examples, out = 2, 4, 3
	mask := []float32{1, 0, 1, 0, 0, 0, 1, 1}
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, l := range nets.Losses {
		spec := nets.Spec{In: nets.Row(1), Out: out, Classes: !l.Loss.Targets(), Examples: examples}
		s := must.Get(nets.Open(lab.CPU(t), learners, 1, func(s *nets.Store) error { return nil }))(t)
		wide := out
		if spec.Classes {
			wide = 1
		}
		want, answers := make([]float32, learners*examples*wide), make([]float32, learners*examples*out)
		for i := range want {
			want[i] = float32(rnd.IntN(out))
		}
		for i := range answers {
			answers[i] = float32(rnd.NormFloat64())
		}
		judge := func(mask []float32) (losses, deltas []float32) {
			losses, deltas = make([]float32, learners*examples), make([]float32, len(answers))
			err := s.Device().Step(func(st *compute.Step) error {
				p := s.Pass(st)
				y, m := p.Tensor(learners, examples, out), nets.Moment{X: p.Tensor(learners, examples, 1), Want: p.Tensor(learners, examples, wide)}
				p.Write(y, answers)
				p.Write(m.Want, want)
				if mask != nil {
					m.Mask = p.Tensor(learners, examples, 1)
					p.Write(m.Mask, mask)
				}
				v := l.Loss.Judge(p, m, y, true)
				p.Read(v.Loss, losses)
				p.Read(v.Delta, deltas)
				return p.Failed()
			})
			if err != nil {
				t.Fatalf("%s: %v", l.Name, err)
			}
			return losses, deltas
		}
		losses, deltas := judge(nil)
		masked, maskedDeltas := judge(mask)
		for i, x := range losses {
			if masked[i] != x*mask[i] || x == 0 {
				t.Errorf("%s: the loss of example %d is %g, and %g with a mask of %g", l.Name, i, x, masked[i], mask[i])
			}
		}
		for i, x := range deltas {
			if maskedDeltas[i] != x*mask[i/out] || x == 0 {
				t.Errorf("%s: the delta of example %d is %g, and %g with a mask of %g", l.Name, i/out, x, maskedDeltas[i], mask[i/out])
			}
		}
	}
}

func TestSettings(t *testing.T) {
	type of struct {
		Units  int   `toml:"units,omitempty"`
		Hidden []int `toml:"hidden"`
		Loss   any   `toml:"-"`
		Plain  int
		own    int `toml:"own"`
	}
	got := nets.Settings(&of{Units: 3, Hidden: []int{4, 5}, own: 6})
	if want := []nets.Setting{{Name: "units", Value: "3"}, {Name: "hidden", Value: "[4 5]"}}; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("settings are %v, want %v", got, want)
	}
	if got := nets.Settings(3); got != nil {
		t.Errorf("the settings of a number are %v, want none", got)
	}
}
