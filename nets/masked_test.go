package nets_test

import (
	"math"
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

// TestMaskedMeans: for each learner, a metric is the mean over the examples that are not masked, over moments with a
// mask, with one mask for all learners and with none. A learner with all examples masked has no mean, and no error.
func TestMaskedMeans(t *testing.T) {
	const learners, examples = 2, 3
	s, err := nets.Open(lab.CPU(t), learners, 1, func(*nets.Store) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	type moment struct{ each, mask []float32 }
	first := moment{[]float32{1, 0, 0, 2, 3, 0}, []float32{1, 0, 0, 1, 1, 0}}
	for name, c := range map[string]struct {
		moments []moment
		want    [learners]float64
	}{
		"each":       {[]moment{first}, [2]float64{1, 2.5}},
		"two":        {[]moment{first, {[]float32{0, 3, 0, 0, 0, 1}, []float32{0, 1, 0, 0, 0, 1}}}, [2]float64{2, 2}},
		"for all":    {[]moment{{[]float32{0, 1, 2, 0, 3, 5}, []float32{0, 1, 1}}}, [2]float64{1.5, 4}},
		"and none":   {[]moment{first, {[]float32{1, 2, 4, 1, 1, 3}, nil}}, [2]float64{2, 2}},
		"of one":     {[]moment{{[]float32{0, 0, 0, 4, 2, 0}, []float32{0, 0, 0, 1, 1, 0}}}, [2]float64{math.NaN(), 3}},
		"all masked": {[]moment{{make([]float32, 6), make([]float32, 6)}}, [2]float64{math.NaN(), math.NaN()}},
	} {
		for _, m := range c.moments {
			err := s.Device().Step(func(st *compute.Step) error {
				p := s.Pass(st)
				each, shown := p.Tensor(learners, examples, 1), nets.Moment{X: p.Tensor(learners, examples, 1)}
				p.Write(each, m.each)
				if m.mask != nil {
					shown.Mask = p.Tensor(len(m.mask)/examples, examples, 1)
					p.Write(shown.Mask, m.mask)
				}
				p.CountOf(shown, "error", each)
				return p.Failed()
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		all, err := s.Metrics(nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := all.Get("error")
		if shown := float64(examples * len(c.moments)); got.Count != shown {
			t.Errorf("%s: of %g examples, want %g", name, got.Count, shown)
		}
		for l, want := range c.want {
			if got.Each[l] != want && !(math.IsNaN(want) && math.IsNaN(got.Each[l])) {
				t.Errorf("%s: learner %d has %g, want %g", name, l, got.Each[l], want)
			}
		}
	}
}
