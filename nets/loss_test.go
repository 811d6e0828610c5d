package nets_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
)

// TestLosses: a loss is what its formula says, example by example, and its delta the slope of the mean, in float64; of two
// learners, who share what is wanted or have their own.
func TestLosses(t *testing.T) {
	const learners, examples, outputs = 2, 4, 3 // 1/examples is a float32
	rnd := rand.New(rand.NewPCG(2, 9))
	y := lab.Normals(rnd, learners*examples*outputs)
	softplus := func(x float64) float64 { return math.Log1p(math.Exp(x)) }
	for name, c := range map[string]struct {
		loss nets.Loss
		each int // numbers that are wanted
		of   func(y, want []float64) float64
	}{
		"cross-entropy": {nets.CrossEntropy, 1, func(y, want []float64) (j float64) {
			for _, v := range y {
				j += math.Exp(v)
			}
			return math.Log(j) - y[int(want[0])]
		}},
		"binary cross-entropy": {nets.BinaryCrossEntropy, 1, func(y, want []float64) (j float64) {
			for k, v := range y {
				if j += softplus(v); k == int(want[0]) {
					j -= v
				}
			}
			return j
		}},
		"squared error": {nets.SquaredError, outputs, func(y, want []float64) (j float64) {
			for k, v := range y {
				j += (want[k] - v) * (want[k] - v)
			}
			return j
		}},
	} {
		for _, owners := range []int{1, learners} {
			want := lab.Normals(rnd, owners*examples*c.each)
			if c.each == 1 {
				for i := range want {
					want[i] = float32(rnd.IntN(outputs))
				}
			}
			f := func(t *testing.T, l lab.Lab) lab.Results {
				s := opened(t, l, learners, func(*nets.Store) {})
				losses, delta := l.New(t, learners*examples), l.New(t, learners, examples, outputs)
				l.Do(t, func(st *compute.Step) error {
					p := s.Pass(st)
					out := p.Tensor(learners, examples, outputs)
					m := nets.Moment{X: out, Want: p.Tensor(owners, examples, c.each)}
					p.Write(out, y)
					p.Write(m.Want, want)
					v := c.loss.Judge(p, m, out, true)
					p.Do(compute.Copy{Dst: losses, Src: p.View(v.Loss, 0, learners*examples)})
					p.Do(compute.Copy{Dst: delta, Src: v.Delta})
					if v := c.loss.Judge(p, m, out, false); v.Delta != nil {
						t.Errorf("%s: a delta that nobody wanted", name)
					}
					return p.Failed()
				})
				return lab.Results{"loss": l.Values(t, losses), "delta": l.Values(t, delta)}
			}
			truth := lab.Results{}
			for i := range learners * examples {
				row, wanted := wide(y[i*outputs:][:outputs]), wide(want[i%(owners*examples)*c.each:][:c.each])
				truth["loss"] = append(truth["loss"], c.of(row, wanted))
				for k := range row {
					const h = 0x1p-13
					at := row[k]
					central := func(h float64) float64 {
						row[k] = at + h
						f := c.of(row, wanted)
						row[k] = at - h
						f -= c.of(row, wanted)
						row[k] = at
						return f / (2 * h) / examples
					}
					truth["delta"] = append(truth["delta"], (4*central(h/2)-central(h))/3)
				}
			}
			for what, u := range map[string]float64{"float64": lab.Float64ulp, "float32": lab.Float32s} {
				got, bound := lab.Spread(t, u, 0, 24, f)
				if u == lab.Float32s {
					got = f(t, lab.Single(t))
				}
				for _, b := range bound {
					for i := range b {
						b[i] += 1e-11 // of the slopes, and of exp and log here
					}
				}
				lab.Agree(t, name+", "+what, got, truth, bound, 1)
				lab.Telling(t, name+", "+what, truth, bound, 1e-4)
			}
		}
	}
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// TestKindsOfLoss: a loss is refused where the task wants another kind, and the default fits.
func TestKindsOfLoss(t *testing.T) {
	for _, classes := range []bool{false, true} {
		spec := nets.Spec{In: nets.Row(2), Out: 3, Classes: classes, Examples: 1}
		for _, c := range nets.Losses {
			_, err := nets.BuildLoss(nil, spec, c.Loss)
			if (err == nil) == (c.Loss.Targets() == classes) {
				t.Errorf("%s for a task of classes: %t: %v", c.Name, classes, err)
			}
		}
		if _, err := nets.BuildLoss(nil, spec, nets.DefaultLoss(spec)); err != nil {
			t.Error(err)
		}
	}
}

// TestProbabilities: they are those of the loss's definition, for outputs of any size too.
func TestProbabilities(t *testing.T) {
	for _, c := range []struct {
		loss    nets.Loss
		y, want []float64
	}{
		{nets.CrossEntropy, []float64{0, math.Log(3)}, []float64{0.25, 0.75}},
		{nets.CrossEntropy, []float64{1000, 1000 + math.Log(3), -1000}, []float64{0.25, 0.75, 0}},
		{nets.BinaryCrossEntropy, []float64{0, math.Log(3), -1000, 1000}, []float64{0.5, 0.75, 0, 1}},
	} {
		y := slices.Clone(c.y)
		c.loss.(nets.Probable).Probabilities(y)
		for i, p := range y {
			if !(math.Abs(p-c.want[i]) < 1e-12) {
				t.Errorf("%T: of %v they are %v, want %v", c.loss, c.y, y, c.want)
			}
		}
	}
}
