package stack_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/nets/stack"
)

// TestInit: each way to start has its distribution: its range, and a mean and a second moment within six of their
// standard deviations (of n numbers, a normal one's square has variance 2·sd⁴ and a uniform one's 0.8·sd⁴).
func TestInit(t *testing.T) {
	in := stack.Shape{Height: 5, Width: 5, Channels: 16}
	const units = 64
	fanIn, fanOut := 9*16., 9*float64(units)
	for _, c := range []struct {
		init                stack.Init
		variance, bias, top float64
	}{
		{stack.Torch, 1 / (3 * fanIn), 1 / (3 * fanIn), 1 / math.Sqrt(fanIn)},
		{stack.FanOut, 2 / fanOut, 0, math.Inf(1)},
		{stack.Balanced, 1 / (fanIn + fanOut), 1 / (fanIn + fanOut), math.Inf(1)},
	} {
		l := exact(t)
		net, err := stack.New(l.Device, stack.Stack{
			stack.Conv{Name: "x", Units: units, Window: 3, Init: c.init, Bias: true}, stack.Dense{Name: "y", Units: 2, Init: c.init},
		}, in, stack.SignSymmetry{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		moments(t, fmt.Sprint(c.init, " weights"), float64s(net.Weights[0].W), c.variance, c.top)
		moments(t, fmt.Sprint(c.init, " biases"), float64s(net.Weights[0].Bias), c.bias, c.top)

		// Sign symmetry sends by the standard deviation that the weights above started with.
		x := make([]float32, in.Len())
		logits(t, l, net, x, true)
		above := net.Weights[1]
		err = l.Step(func(s *compute.Step) error {
			p := net.NewPass(s, 1)
			net.Rule.Send(p, above, s.View(above.Bias, 0, 1, 2))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		inputs := float64(above.Fan())
		want := map[stack.Init]float64{
			stack.Torch: 1 / (3 * inputs), stack.FanOut: 2. / 2, stack.Balanced: 1 / (inputs + 2),
		}[c.init]
		for i, b := range float64s(above.B) {
			if !(math.Abs(b*b-want) <= 0x1p-22*want) || (b > 0) != (float64s(above.W)[i] > 0) { // B is rounded to float32
				t.Errorf("%v: B is %g for a weight of %g, want ±√%g", c.init, b, float64s(above.W)[i], want)
				break
			}
		}
	}
}

// TestFeedbackStart: feedback weights start as W does, times Scale, and not as the very same; those of direct feedback
// uniform within ±Scale/√inputs.
func TestFeedbackStart(t *testing.T) {
	in := stack.Shape{Height: 1, Width: 1, Channels: 4}
	spec := stack.Stack{stack.Dense{Units: 256}, stack.Dense{Name: "w", Units: 64, Init: stack.Torch}}
	const own = 1. / (3 * 256)
	for _, c := range []struct {
		rule     stack.Rule
		variance float64
	}{
		{stack.FeedbackAlignment{}, own}, {stack.FeedbackAlignment{Scale: 3}, 9 * own},
		{stack.SignSymmetry{Fixed: true}, own}, {stack.SignSymmetry{Fixed: true, Scale: 3}, 9 * own},
		{stack.KolenPollack{}, own}, {stack.KolenPollack{Scale: 3}, 9 * own},
		{stack.WeightMirror{Scale: 3}, 9 * own}, {stack.Alignment{}, own}, {stack.Alignment{Scale: 3}, 9 * own},
		{stack.DirectFeedback{}, own}, {stack.DirectFeedback{Scale: 3}, 9 * own},
	} {
		net, err := stack.New(exact(t).Device, spec, in, c.rule, 1)
		if err != nil {
			t.Fatal(err)
		}
		w := net.Weights[1]
		b := float64s(w.B)
		moments(t, fmt.Sprintf("%T", c.rule), b, c.variance, math.Sqrt(3*c.variance)*(1+0x1p-22))
		if r := dot(b, float64s(w.W)) / norm(b) / norm(float64s(w.W)); !(math.Abs(r) <= 6/math.Sqrt(float64(len(b)))) {
			t.Errorf("%T: W and B correlate by %g", c.rule, r)
		}
	}
}

func moments(t *testing.T, what string, x []float64, variance, top float64) {
	t.Helper()
	n, mean, square := float64(len(x)), 0.0, 0.0
	for _, v := range x {
		mean += v / n
		square += v * v / n
		if math.Abs(v) > top {
			t.Errorf("%s: %g, want at most %g", what, v, top)
		}
	}
	if !(math.Abs(mean) <= 6*math.Sqrt(variance/n)) || !(math.Abs(square-variance) <= 6*variance*math.Sqrt(2/n)) {
		t.Errorf("%s: mean %g and second moment %g of %g numbers, want 0 and %g", what, mean, square, n, variance)
	}
}

// TestDropout: in training a number is 0 with probability Rate, else divided by 1 − Rate, and by another choice each
// step; in evaluation it is as it was.
func TestDropout(t *testing.T) {
	const rate, n = 0.25, 4096
	l := exact(t)
	in := stack.Shape{Height: 1, Width: 1, Channels: n}
	net, err := stack.New(l.Device, stack.Stack{stack.Dropout{Rate: rate}, stack.Dense{Units: 1}}, in, stack.Backprop{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	seen := func(training bool, number uint64) []float64 {
		err := l.Step(func(s *compute.Step) error {
			x := s.Tensor(1, n)
			s.Do(compute.Random{Out: x, Law: compute.Uniform(1, 2)})
			p := net.NewPass(s, 1)
			p.Training, p.Number = training, number
			net.Forward(p, x)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(float64s(net.Weights[0].X))
	}
	x, first, second := seen(false, 0), seen(true, 0), seen(true, 1)
	kept, both := 0., 0.
	for i, v := range first {
		if v != 0 {
			kept++
			if !(math.Abs(v*(1-rate)-x[i]) <= 0x1p-23*x[i]) { // 1/(1−Rate) is rounded to float32
				t.Fatalf("%g has become %g, want 0 or its 1/%g", x[i], v, 1-rate)
			}
			if second[i] != 0 {
				both++
			}
		}
	}
	for what, c := range map[string][2]float64{"kept": {kept, 1 - rate}, "kept twice": {both, (1 - rate) * (1 - rate)}} {
		if p := c[1]; !(math.Abs(c[0]-n*p) <= 6*math.Sqrt(n*p*(1-p))) { // six standard deviations
			t.Errorf("%g of %d were %s, want about %g", c[0], n, what, n*p)
		}
	}
}
