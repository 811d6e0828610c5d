package stack_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/stack"
)

// TestInit: each way to start has its distribution: its range, and a mean and a second moment within six of their
// standard deviations (of n numbers, a normal one's square has variance 2·sd⁴ and a uniform one's 0.8·sd⁴).
func TestInit(t *testing.T) {
	in := nets.Shape{Height: 5, Width: 5, Channels: 16}
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
		l := lab.Exact(t)
		net := l.Net(t, stack.Stack{stack.Conv{Units: units, Window: 3, Init: c.init, Bias: true}, stack.Dense{Units: 2}}, in, stack.Backprop{}, 1)
		lab.Moments(t, fmt.Sprint(c.init, " weights"), lab.Float64s(net.Weights[0].W), c.variance, c.top)
		lab.Moments(t, fmt.Sprint(c.init, " biases"), lab.Float64s(net.Weights[0].Bias), c.bias, c.top)
	}
}

// TestDropout: in training a number is 0 with probability Rate, else divided by 1 − Rate, and by another choice each
// step; in evaluation it is as it was.
func TestDropout(t *testing.T) {
	const rate, n = 0.25, 4096
	l := lab.Exact(t)
	net := l.Net(t, stack.Stack{stack.Dropout{Rate: rate}, stack.Dense{Units: 1}}, nets.Row(n), stack.Backprop{}, 1)
	in := make([]float32, n)
	for i := range in {
		in[i] = 1 + float32(i)/n
	}
	seen := func(training bool, number uint64) []float64 {
		l.Pass(t, net, in, nil, func(p *stack.Pass, x *compute.Tensor) {
			p.Training, p.Number = training, number
			net.Forward(p, x)
		})
		return slices.Clone(lab.Float64s(net.Weights[0].X))
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
