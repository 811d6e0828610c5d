package credit_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/internal/lab"
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
func above(t *testing.T, l lab.Lab, rule stack.Rule, units int) *stack.Net {
	t.Helper()
	net := must.Get(stack.New(l.Device, stack.Stack{
		stack.Dense{Name: "eye", Units: 8, NoBias: true}, stack.Dense{Name: "top", Units: units},
	}, nets.Shape{Height: 1, Width: 1, Channels: 8}, rule, 4))(t)
	eye := make([]float32, 64)
	for i := range 8 {
		eye[9*i] = 1
	}
	l.Write(t, net.Weights[0].W, eye)
	return net
}

// learn lets the rule change the feedback weights alone, so many times.
func learn(t *testing.T, l lab.Lab, net *stack.Net, x []float32, rate float64, steps int) {
	t.Helper()
	for k := range steps {
		l.Pass(t, net, x, nil, func(p *stack.Pass, x *compute.Tensor) {
			p.Number, p.Training = uint64(k), true
			net.Forward(p, x)
			net.Rule.Learn(p)
			if top := net.Weights[1]; top.GradB != nil {
				nets.SGD{}.Update(p.Pass, nets.Group{Value: top.B, Grad: top.GradB}, rate, uint64(k)+1)
			}
		})
	}
}

// TestAlignmentsGoToW: with W held fixed, symmetric alignment takes B to Self/(2·Decay)·W and, on white inputs,
// activation alignment to Amp/(2·Sparse)·W: B − c·W shrinks by the same factor each step.
func TestAlignmentsGoToW(t *testing.T) {
	const rate, steps = 0.5, 40
	for name, c := range map[string]struct {
		rule   credit.Alignment
		times  float64 // of W
		shrink float64 // a step
	}{
		"sa": {credit.Alignment{Rate: 0.5, Decay: 0.5, Self: 2}, 2, 1 - rate*0.5*2*0.5},
		"aa": {credit.Alignment{Rate: 0.5, Sparse: 0.25, Amp: 1}, 2, 1 - rate*0.5*2*0.25},
	} {
		f := func(t *testing.T, l lab.Lab) lab.Results {
			net := above(t, l, c.rule, 3)
			w := net.Weights[1]
			learn(t, l, net, rows8(), rate, steps)
			return lab.Results{"B": l.Values(t, w.B)}
		}
		l := lab.Exact(t)
		w := above(t, l, c.rule, 3).Weights[1]
		want := lab.Results{}
		for i, b := range lab.Float64s(w.B) {
			goal := c.times * lab.Float64s(w.W)[i]
			want["B"] = append(want["B"], goal+math.Pow(c.shrink, steps)*(b-goal))
		}
		got, bound := lab.Spread(t, lab.Float64ulp, 0, 24, f)
		lab.Agree(t, name, got, want, bound, 2)
		lab.Telling(t, name, want, bound, 1e-9)
	}
}

// TestInformationAlignment: on white inputs B goes to where Amp·W = 2·(Null·W·Wᵀ + Decay)·B, and what is left of
// that difference shrinks at least by 1 − 2·rate·Decay a step.
func TestInformationAlignment(t *testing.T) {
	const rate, steps = 0.5, 60
	a := credit.Alignment{Rate: 0.5, Amp: 1, Null: 0.5, Decay: 0.25}
	l := lab.Exact(t)
	net := above(t, l, a, 3)
	w, b := lab.Float64s(net.Weights[1].W), lab.Float64s(net.Weights[1].B)
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
		between := func(s lab.Results) lab.Results {
			out := lab.Results{}
			for _, name := range []string{"b", "c"} {
				for i, w := range s[name+".W"] {
					out[name] = append(out[name], w-s[name+".B"][i])
				}
			}
			return out
		}
		var before lab.Results
		f := func(t *testing.T, l lab.Lab) lab.Results {
			net := l.Net(t, c.spec, c.in, credit.KolenPollack{}, 9)
			tr := lab.Trainer(t, net, nets.SGD{Momentum: momentum, WeightDecay: decay}, nets.CrossEntropy)
			before = between(l.State(t, net))
			lab.Steps(t, tr, steps, rate)
			return between(l.State(t, net))
		}
		left, v := 1.0, 0.0
		for range steps {
			v = float64(momentum)*v + decay*left
			left -= rate * v
		}
		got, bound := lab.Spread(t, lab.Float64ulp, 0, 24, f)
		want := lab.Results{}
		for name, x := range before {
			for _, d := range x {
				want[name] = append(want[name], left*d)
			}
		}
		lab.Agree(t, fmt.Sprint("momentum ", momentum), got, want, bound, 2)
		lab.Telling(t, fmt.Sprint("momentum ", momentum), want, bound, 1e-9)
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
		m := credit.WeightMirror{Rate: 0.25, Amplitude: 2, Examples: 16}
		l := lab.Exact(t)
		net := above(t, l, m, 5)
		w := net.Weights[1]
		first := slices.Clone(lab.Float64s(w.B))
		learn(t, l, net, rows8(), 0, steps)
		goal, off, cosine := make([]float64, len(first)), make([]float64, len(first)), 0.0
		for i, b := range lab.Float64s(w.B) {
			learned := b - first[i]
			goal[i] = float64(steps*m.Examples) * float64(m.Rate) / 3 * lab.Float64s(w.W)[i] // a variance of 2²/12
			off[i] = learned - goal[i]
			first[i] = learned
			cosine += learned * goal[i]
		}
		most := math.Sqrt((inputs + 2*math.Sqrt(inputs*t20) + 2*t20) / float64(steps*m.Examples))
		if r := lab.Norm(off) / lab.Norm(goal); !(r <= most) {
			t.Errorf("after %d steps B is %.3g of its length from W, want at most %.3g", steps, r, most)
		}
		angle := math.Acos(cosine / lab.Norm(first) / lab.Norm(goal))
		if last > 0 && !(angle < last/2) { // 16 times the noise: a fourth in the mean
			t.Errorf("after %d steps the angle is %.3g, and before it was %.3g", steps, angle, last)
		}
		last = angle
	}
}

// TestMirrorForgets: with decay B ends near Rate·Examples·Amplitude²/(12·Decay)·W, wherever it began.
func TestMirrorForgets(t *testing.T) {
	m := credit.WeightMirror{Rate: 1. / 16, Amplitude: 1, Decay: 1. / 64, Examples: 64, Before: 1000, Scale: 1000}
	l := lab.Exact(t)
	w := above(t, l, m, 5).Weights[1]
	times := float64(m.Rate) * float64(m.Examples) / 12 / float64(m.Decay)
	goal, off := make([]float64, 40), make([]float64, 40)
	for i, b := range lab.Float64s(w.B) {
		goal[i] = times * lab.Float64s(w.W)[i]
		off[i] = b - goal[i]
	}
	// Weights (1−λ)^k amount to (2−λ)/λ steps of equal weight; the rest as above.
	n := (2 - float64(m.Decay)) / float64(m.Decay) * float64(m.Examples)
	start := 1000 / math.Sqrt(8) * math.Sqrt(40) * math.Pow(1-float64(m.Decay), float64(m.Before)) // of the first B, at most
	if most := lab.Norm(goal)*math.Sqrt((8+2*math.Sqrt(8*20)+40)/n) + start; !(lab.Norm(off) <= most) || !(most < lab.Norm(goal)/4) {
		t.Errorf("B is %.3g from %.3g·W, whose length is %.3g; want at most %.3g", lab.Norm(off), times, lab.Norm(goal), most)
	}
}

// TestDirectFeedbackIsBackprop: in a linear network with D the product of the weights above, error·D is what backprop
// sends down.
func TestDirectFeedbackIsBackprop(t *testing.T) {
	spec := stack.Stack{
		stack.Dense{Name: "a", Units: 5}, stack.Dense{Name: "b", Units: 4}, stack.Dense{Name: "c", Units: 3},
	}
	in := nets.Shape{Height: 1, Width: 1, Channels: 4}
	gradients := func(rule stack.Rule) lab.Experiment {
		return func(t *testing.T, l lab.Lab) lab.Results {
			net := l.Net(t, spec, in, rule, 9)
			if _, direct := rule.(credit.DirectFeedback); direct {
				product := lab.Float64s(net.Weights[2].W) // classes × inputs of the layer
				copy(lab.Float64s(net.Weights[2].B), product)
				below := make([]float64, 3*5)
				for i := range below {
					for k := range 4 {
						below[i] += product[i/5*4+k] * lab.Float64s(net.Weights[1].W)[k*5+i%5]
					}
				}
				copy(lab.Float64s(net.Weights[1].B), below)
			}
			tr := lab.Trainer(t, net, nets.SGD{}, nets.CrossEntropy)
			lab.Steps(t, tr, 1, 1)
			out := lab.Results{}
			for _, w := range net.Weights {
				out[w.Name] = l.Values(t, w.Grad)
			}
			return out
		}
	}
	got, bound := lab.Spread(t, lab.Float64ulp, 0, 24, gradients(credit.DirectFeedback{}))
	want := gradients(stack.Backprop{})(t, lab.Exact(t))
	lab.Agree(t, "gradients", got, want, bound, 2)
	lab.Telling(t, "gradients", want, bound, 1e-9)
	other := gradients(credit.FeedbackAlignment{})(t, lab.Exact(t))
	if n, _, _ := lab.Differences(other, want, bound, 2); n == 0 {
		t.Error("feedback alignment has the gradients of backprop too")
	}
}

// TestFeedbackAlignmentConserves: in a linear network with outputs W·W₀·x, each step of feedback alignment by B changes
// Q = B·W + Wᵀ·Bᵀ − W₀·W₀ᵀ by −dW₀·dW₀ᵀ.
func TestFeedbackAlignmentConserves(t *testing.T) {
	const inputs, hidden, outputs, steps = 30, 20, 10, 50
	l := lab.Exact(t)
	net := l.Net(t, stack.Stack{
		stack.Dense{Name: "a", Units: hidden, NoBias: true, Init: stack.Normal(0.01)}, stack.Dense{Name: "b", Units: outputs, NoBias: true, Init: stack.Normal(0.01)},
	}, nets.Row(inputs), credit.FeedbackAlignment{SD: 0.5}, 1)
	tr := lab.Trainer(t, net, nets.SGD{}, nets.SquaredError)
	below, above := net.Weights[0], net.Weights[1]
	q := func() (q []float64) {
		w0, w, b := lab.Float64s(below.W), lab.Float64s(above.W), lab.Float64s(above.B)
		for i := range hidden {
			for j := range hidden {
				sum := -lab.Dot(w0[i*inputs:][:inputs], w0[j*inputs:][:inputs])
				for k := range outputs {
					sum += b[k*hidden+i]*w[k*hidden+j] + w[k*hidden+i]*b[k*hidden+j]
				}
				q = append(q, sum)
			}
		}
		return q
	}
	first, want := q(), q()
	rnd := rand.New(rand.NewPCG(2, 5))
	for range steps {
		before := slices.Clone(lab.Float64s(below.W))
		if err := tr.Step(lab.Normals(rnd, inputs), lab.Normals(rnd, outputs), 0.0025); err != nil {
			t.Fatal(err)
		}
		for i, w := range lab.Float64s(below.W) {
			before[i] = w - before[i]
		}
		for i := range want {
			a, b := i/hidden, i%hidden
			want[i] -= lab.Dot(before[a*inputs:][:inputs], before[b*inputs:][:inputs])
		}
	}
	off, moved := 0., 0.
	for i, x := range q() {
		off, moved = max(off, math.Abs(x-want[i])), max(moved, math.Abs(x-first[i]))
	}
	if !(off <= 1e-14) || !(moved > 0.01) {
		t.Errorf("Q moved by %.2g and is off by %.2g", moved, off)
	}
}
