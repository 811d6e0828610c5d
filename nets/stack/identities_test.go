package stack_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/nets/stack"
)

// rows8 is eight examples of eight inputs, white: ⟨x⊗x⟩ is the unit matrix.
func rows8() []float32 {
	x := make([]float32, 64)
	for i := range 64 {
		x[i] = 1 // a Hadamard matrix: the sign of element [i, j] is the parity of i∧j
		for k := i / 8 & (i % 8); k > 0; k &= k - 1 {
			x[i] = -x[i]
		}
	}
	return x
}

// above makes a network whose upper layer sees its input as it is, and has feedback weights.
func above(t *testing.T, l lab, rule stack.Rule, units int) *stack.Net {
	t.Helper()
	net, err := stack.New(l.Device, stack.Stack{
		stack.Dense{Name: "eye", Units: 8, NoBias: true}, stack.Dense{Name: "top", Units: units},
	}, stack.Shape{Height: 1, Width: 1, Channels: 8}, rule, 4)
	if err != nil {
		t.Fatal(err)
	}
	eye := make([]float32, 64)
	for i := range 8 {
		eye[9*i] = 1
	}
	write(t, l, net.Weights[0].W, eye)
	return net
}

func write(t *testing.T, l lab, x *compute.Tensor, v []float32) {
	t.Helper()
	if err := l.Step(func(s *compute.Step) error { s.Write(x, v); return nil }); err != nil {
		t.Fatal(err)
	}
}

// learn lets the rule change the feedback weights alone, so many times.
func learn(t *testing.T, l lab, net *stack.Net, x []float32, rate float64, steps int) {
	t.Helper()
	for k := range steps {
		err := l.Step(func(s *compute.Step) error {
			n := len(x) / net.Input.Len()
			in := s.Tensor(n, net.Input.Len())
			s.Write(in, x)
			p := net.NewPass(s, n)
			p.Number, p.Training = uint64(k), true
			net.Forward(p, in)
			net.Rule.Learn(p)
			if _, fixed := net.Rule.(stack.FixedFeedback); !fixed {
				stack.SGD{}.Update(s, stack.Group{Value: net.Feedback, Grad: net.FeedbackGrads}, rate, uint64(k)+1)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestAlignmentsGoToW: with W held fixed, symmetric alignment takes B to Self/(2·Decay)·W and, on white inputs,
// activation alignment to Amp/(2·Sparse)·W: B − c·W shrinks by the same factor each step.
func TestAlignmentsGoToW(t *testing.T) {
	const rate, steps = 0.5, 40
	for name, c := range map[string]struct {
		rule   stack.Alignment
		times  float64 // of W
		shrink float64 // a step
	}{
		"sa": {stack.Alignment{Rate: 0.5, Decay: 0.5, Self: 2}, 2, 1 - rate*0.5*2*0.5},
		"aa": {stack.Alignment{Rate: 0.5, Sparse: 0.25, Amp: 1}, 2, 1 - rate*0.5*2*0.25},
	} {
		f := func(t *testing.T, l lab) results {
			net := above(t, l, c.rule, 3)
			w := net.Weights[1]
			learn(t, l, net, rows8(), rate, steps)
			return results{"B": l.values(t, w.B)}
		}
		l := exact(t)
		w := above(t, l, c.rule, 3).Weights[1]
		want := results{}
		for i, b := range float64s(w.B) {
			goal := c.times * float64s(w.W)[i]
			want["B"] = append(want["B"], goal+math.Pow(c.shrink, steps)*(b-goal))
		}
		got, bound := spread(t, float64ulp, 0, 24, f)
		agree(t, name, got, want, bound, 2)
		telling(t, name, want, bound, 1e-9)
	}
}

// TestInformationAlignment: on white inputs B goes to where Amp·W = 2·(Null·W·Wᵀ + Decay)·B, and what is left of
// that difference shrinks at least by 1 − 2·rate·Decay a step.
func TestInformationAlignment(t *testing.T) {
	const rate, steps = 0.5, 60
	a := stack.Alignment{Rate: 0.5, Amp: 1, Null: 0.5, Decay: 0.25}
	l := exact(t)
	net := above(t, l, a, 3)
	w, b := float64s(net.Weights[1].W), float64s(net.Weights[1].B)
	left := func() (n float64) {
		for u := range 3 {
			for j := range 8 {
				d := float64(a.Amp)*w[u*8+j] - 2*float64(a.Decay)*b[u*8+j]
				for v := range 3 {
					for k := range 8 {
						d -= 2 * float64(a.Null) * w[u*8+k] * w[v*8+k] * b[v*8+j]
					}
				}
				n = math.Hypot(n, d)
			}
		}
		return n
	}
	before := left()
	learn(t, l, net, rows8(), rate, steps)
	if after := left(); !(after <= before*math.Pow(1-rate*float64(a.Rate)*2*float64(a.Decay), steps)) {
		t.Errorf("the difference went from %g to %g in %d steps", before, after, steps)
	}
}

// TestKolenPollackForgets: under weight decay λ W − B is multiplied by 1 − ηλ each step, whatever is learned, and with
// momentum it falls as a weight without gradient does.
func TestKolenPollackForgets(t *testing.T) {
	const rate, decay, steps = 0.25, 0.125, 12
	for _, momentum := range []float32{0, 0.5} {
		c := smalls["conv"]
		between := func(s results) results {
			out := results{}
			for _, name := range []string{"b", "c"} {
				for i, w := range s[name+".W"] {
					out[name] = append(out[name], w-s[name+".B"][i])
				}
			}
			return out
		}
		var before results
		f := func(t *testing.T, l lab) results {
			net, err := stack.New(l.Device, c.spec, c.in, stack.KolenPollack{}, 9)
			if err != nil {
				t.Fatal(err)
			}
			tr, err := stack.NewTrainer(net, stack.SGD{Momentum: momentum, WeightDecay: decay}, stack.CrossEntropy)
			if err != nil {
				t.Fatal(err)
			}
			before = between(state(t, l, net))
			x, labels := batch(c.in)
			for range steps {
				if err := tr.Step(x, labels, rate); err != nil {
					t.Fatal(err)
				}
			}
			return between(state(t, l, net))
		}
		left, v := 1.0, 0.0
		for range steps {
			v = float64(momentum)*v + decay*left
			left -= rate * v
		}
		got, bound := spread(t, float64ulp, 0, 24, f)
		want := results{}
		for name, x := range before {
			for _, d := range x {
				want[name] = append(want[name], left*d)
			}
		}
		agree(t, fmt.Sprint("momentum ", momentum), got, want, bound, 2)
		telling(t, fmt.Sprint("momentum ", momentum), want, bound, 1e-9)
	}
}

// TestMirrorGoesToW: without decay B − B₀ is a sum over N examples of noise, of mean N·c·W with c the noise's variance
// times Rate, and its relative distance r from that is, in mean square, (inputs − 0.2)/N: W·(S/σ² − 1) for the sample
// covariance S of uniform numbers, whose fourth moment is 1.8·σ⁴.
//
// r²·N is the mean of that many nearly normal squares, at least; the chance that k of them exceed k + 2√(kt) + 2t
// is e^−t (Laurent and Massart 2000), here with t = 20.
func TestMirrorGoesToW(t *testing.T) {
	const inputs, t20 = 8, 20.0
	var last float64
	for _, steps := range []int{4, 64, 1024} {
		m := stack.WeightMirror{Rate: 0.25, Amplitude: 2, Examples: 16}
		l := exact(t)
		net := above(t, l, m, 5)
		w := net.Weights[1]
		first := slices.Clone(float64s(w.B))
		learn(t, l, net, rows8(), 0, steps)
		goal, off, cosine := make([]float64, len(first)), make([]float64, len(first)), 0.0
		for i, b := range float64s(w.B) {
			learned := b - first[i]
			goal[i] = float64(steps*m.Examples) * float64(m.Rate) / 3 * float64s(w.W)[i] // a variance of 2²/12
			off[i] = learned - goal[i]
			first[i] = learned
			cosine += learned * goal[i]
		}
		most := math.Sqrt((inputs + 2*math.Sqrt(inputs*t20) + 2*t20) / float64(steps*m.Examples))
		if r := norm(off) / norm(goal); !(r <= most) {
			t.Errorf("after %d steps B is %.3g of its length from W, want at most %.3g", steps, r, most)
		}
		angle := math.Acos(cosine / norm(first) / norm(goal))
		if last > 0 && !(angle < last/2) { // 16 times the noise: a fourth in the mean
			t.Errorf("after %d steps the angle is %.3g, and before it was %.3g", steps, angle, last)
		}
		last = angle
	}
}

// TestMirrorForgets: with decay B ends near Rate·Examples·Amplitude²/(12·Decay)·W, wherever it began.
func TestMirrorForgets(t *testing.T) {
	m := stack.WeightMirror{Rate: 1. / 16, Amplitude: 1, Decay: 1. / 64, Examples: 64, Before: 1000, Scale: 1000}
	l := exact(t)
	w := above(t, l, m, 5).Weights[1]
	times := float64(m.Rate) * float64(m.Examples) / 12 / float64(m.Decay)
	goal, off := make([]float64, 40), make([]float64, 40)
	for i, b := range float64s(w.B) {
		goal[i] = times * float64s(w.W)[i]
		off[i] = b - goal[i]
	}
	// Weights (1−λ)^k amount to (2−λ)/λ steps of equal weight; the rest as above.
	n := (2 - float64(m.Decay)) / float64(m.Decay) * float64(m.Examples)
	start := 1000 / math.Sqrt(8) * math.Sqrt(40) * math.Pow(1-float64(m.Decay), float64(m.Before)) // of the first B, at most
	if most := norm(goal)*math.Sqrt((8+2*math.Sqrt(8*20)+40)/n) + start; !(norm(off) <= most) || !(most < norm(goal)/4) {
		t.Errorf("B is %.3g from %.3g·W, whose length is %.3g; want at most %.3g", norm(off), times, norm(goal), most)
	}
}

// TestDirectFeedbackIsBackprop: in a linear network with D the product of the weights above, error·D is what backprop
// sends down.
func TestDirectFeedbackIsBackprop(t *testing.T) {
	spec := stack.Stack{
		stack.Dense{Name: "a", Units: 5}, stack.Dense{Name: "b", Units: 4}, stack.Dense{Name: "c", Units: 3},
	}
	in := stack.Shape{Height: 1, Width: 1, Channels: 4}
	gradients := func(rule stack.Rule) experiment {
		return func(t *testing.T, l lab) results {
			net, err := stack.New(l.Device, spec, in, rule, 9)
			if err != nil {
				t.Fatal(err)
			}
			if _, direct := rule.(stack.DirectFeedback); direct {
				product := float64s(net.Weights[2].W) // classes × inputs of the layer
				copy(float64s(net.Weights[2].B), product)
				below := make([]float64, 3*5)
				for i := range below {
					for k := range 4 {
						below[i] += product[i/5*4+k] * float64s(net.Weights[1].W)[k*5+i%5]
					}
				}
				copy(float64s(net.Weights[1].B), below)
			}
			tr, err := stack.NewTrainer(net, stack.SGD{}, stack.CrossEntropy)
			if err != nil {
				t.Fatal(err)
			}
			x, labels := batch(in)
			if err := tr.Step(x, labels, 1); err != nil {
				t.Fatal(err)
			}
			return results{"gradients": l.values(t, net.Grads)}
		}
	}
	got, bound := spread(t, float64ulp, 0, 24, gradients(stack.DirectFeedback{}))
	want := gradients(stack.Backprop{})(t, exact(t))
	agree(t, "gradients", got, want, bound, 2)
	telling(t, "gradients", want, bound, 1e-9)
	other := gradients(stack.FeedbackAlignment{})(t, exact(t))
	if n, _, _ := differences(other, want, bound, 2); n == 0 {
		t.Error("feedback alignment has the gradients of backprop too")
	}
}
