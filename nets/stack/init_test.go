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
		{stack.FanIn, 2 / fanIn, 0, math.Inf(1)},
		{stack.Orthogonal, 1 / fanIn, 0, 1}, // 64 orthonormal rows of 144
		{stack.Normal(0.5), 0.25, 0, math.Inf(1)},
		{stack.Normal(0), 0, 0, 0},
	} {
		l := lab.Exact(t)
		net := l.Net(t, stack.Stack{stack.Conv{Units: units, Window: 3, Init: c.init, Bias: true}, stack.Dense{Units: 2}}, in, stack.Backprop{}, 1)
		lab.Moments(t, fmt.Sprint(c.init, " weights"), lab.Float64s(net.Weights[0].W), c.variance, c.top)
		lab.Moments(t, fmt.Sprint(c.init, " biases"), lab.Float64s(net.Weights[0].Bias), c.bias, c.top)
	}
}

// TestOrthogonal: rows or, with more units than inputs, columns are orthonormal, but for the rounding of their numbers
// to float32: a product is off by √n·(2^-24/√3)·√2/√n at one standard deviation.
func TestOrthogonal(t *testing.T) {
	const bound = 8 * 0x1p-24
	for _, units := range []int{20, 50} {
		const inputs = 30
		net := lab.Exact(t).Net(t, stack.Stack{stack.Dense{Units: units, Init: stack.Orthogonal}}, nets.Row(inputs), stack.Backprop{}, 1)
		w := lab.Float64s(net.Weights[0].W)
		vector := func(i int) (v []float64) {
			for j := range max(units, inputs) {
				if units < inputs {
					v = append(v, w[i*inputs+j])
				} else {
					v = append(v, w[j*inputs+i])
				}
			}
			return v
		}
		for i := range min(units, inputs) {
			for j := range i + 1 {
				want := 0.
				if i == j {
					want = 1
				}
				if got := lab.Dot(vector(i), vector(j)); !(math.Abs(got-want) <= bound) {
					t.Errorf("%d units: the product of %d and %d is %g, want %g", units, i, j, got, want)
				}
			}
		}
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
