package attract_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/attract"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/tasks"
)

func recall(bits, patterns int, flip float32) func() nets.Task {
	return func() nets.Task { return &tasks.Recall{Bits: bits, Patterns: patterns, Flip: flip} }
}

func system(sweeps int) func() nets.System {
	return func() nets.System { return &attract.Hopfield{Sweeps: sweeps} }
}

func TestVerify(t *testing.T) {
	lab.Verify(t, nets.Run{System: system(2), Task: recall(20, 3, 0.1), Test: recall(20, 3, 0.1), Learners: 2}, 3)
}

func TestPromises(t *testing.T) { nettest.System(t, system(3), recall(50, 9, 0.2)) }

// TestTwin: weights are Σ x_i·x_j, their diagonal is 0, and what is recalled follows from them, to the bit.
func TestTwin(t *testing.T) {
	const bits, patterns, learners = 30, 8, 2 // an even number of patterns, which makes ties
	var shown, answers [][]float32
	keep := func() nets.System {
		return &keeper{Hopfield: attract.Hopfield{Sweeps: 2}, shown: &shown, answers: &answers}
	}
	s := lab.Make(t, lab.CPU(t), nets.Run{System: keep, Task: recall(bits, patterns, 0.2), Learners: learners}, 2)
	w := lab.Values(t, s)["w"]
	for l := range learners {
		var want [bits][bits]float32
		for i := range bits {
			for j := range bits {
				for k := range patterns {
					if x := shown[0][(l*patterns+k)*bits:]; i != j {
						want[i][j] += x[i] * x[j]
					}
				}
				if got := w[(l*bits+i)*bits+j]; got != want[i][j] {
					t.Errorf("W[%d, %d] of learner %d is %g, want %g", i, j, l, got, want[i][j])
				}
			}
		}
		for k := range patterns {
			at := (l*patterns + k) * bits
			x := shown[1][at:][:bits]
			for range 2 {
				x = sweep(want[:], x)
			}
			if got := answers[1][at:][:bits]; !slices.Equal(got, x) {
				t.Errorf("pattern %d of learner %d is recalled as %v, want %v", k, l, got, x)
			}
		}
	}
}

func sweep(w [][30]float32, x []float32) (y []float32) {
	for i := range x {
		u := float32(0)
		for j := range x {
			u += w[i][j] * x[j]
		}
		switch {
		case u > 0:
			y = append(y, 1)
		case u < 0:
			y = append(y, -1)
		default:
			y = append(y, x[i])
		}
	}
	return y
}

// A keeper keeps what its Hopfield network was shown and what it answered.
type keeper struct {
	attract.Hopfield
	shown, answers *[][]float32
}

func (k *keeper) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := k.Hopfield.Step(p, m)
	x, a := make([]float32, m.X.Len()), make([]float32, y.Len())
	p.Read(m.X, x)
	p.Read(y, a)
	*k.shown, *k.answers = append(*k.shown, x), append(*k.answers, a)
	return y
}

// TestUnstableBits: of P random patterns of N bits, a sweep changes a bit with probability ½·erfc(N/√(2·(N−1)·(P−1))): its own
// pattern gives a unit N−1 and the others a sum of (N−1)·(P−1) signs, which changes the bit from −N−1 on and leaves it at a
// tie, −N+1. Within five standard errors of 64 learners.
func TestUnstableBits(t *testing.T) {
	const bits, patterns, learners = 200, 30, 64
	r := nets.Run{System: system(1), Task: recall(bits, patterns, 0), Learners: learners, Seed: 1}
	m := lab.Metrics(t, lab.Make(t, lab.CPU(t), r, 2)).Get("bits right")
	sum, squares := 0., 0.
	for _, x := range m.Each {
		sum += 1 - x
		squares += (1 - x) * (1 - x)
	}
	mean := sum / learners
	se := math.Sqrt((squares/learners - mean*mean) / (learners - 1))
	want := math.Erfc(bits/math.Sqrt(2.*(bits-1)*(patterns-1))) / 2
	t.Logf("%.5f ± %.5f of the bits change, want %.5f", mean, se, want)
	if !(math.Abs(mean-want) <= 5*se) || se > 0.1*want {
		t.Errorf("%.5f ± %.5f of the bits change, want %.5f within five standard errors", mean, se, want)
	}
}

// TestRecalls: below capacity patterns are completed, and beyond it they are not.
func TestRecalls(t *testing.T) {
	for _, c := range []struct {
		patterns int
		from, to float64
	}{{15, 0.99, 1}, {80, 0.5, 0.85}} {
		r := nets.Run{System: system(10), Task: recall(200, c.patterns, 0.1), Test: recall(200, c.patterns, 0.1), Learners: 3}
		s := lab.Make(t, lab.CPU(t), r, 1)
		m := must.Get(s.Evaluate(t.Context(), nil))(t)
		for l, x := range m.Get("bits right").Each {
			t.Logf("%d patterns of 200 bits, learner %d: %.4f of the bits are right", c.patterns, l, x)
			if !(c.from <= x && x <= c.to) {
				t.Errorf("%d patterns of 200 bits, learner %d: %.4f of the bits are right, want %g to %g", c.patterns, l, x, c.from, c.to)
			}
		}
	}
}

func TestWrong(t *testing.T) {
	for want, r := range map[string]nets.Run{
		"0 sweeps": {System: system(0), Task: recall(9, 2, 0)},
		"shows 1 number and wants 2 numbers": {System: system(1), Task: func() nets.Task {
			return &tasks.Sines{Period: 9, Outputs: 2, Cue: 1}
		}},
	} {
		if _, err := r.Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}
