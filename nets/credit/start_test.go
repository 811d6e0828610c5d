package credit_test

import (
	"fmt"
	"math"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/internal/lab"
	"hebb/nets/stack"
)

// TestFeedbackStart: feedback weights start as W does, times Scale, and not as the very same; those of direct feedback
// uniform within ±Scale/√inputs.
func TestFeedbackStart(t *testing.T) {
	spec := stack.Stack{stack.Dense{Units: 256}, stack.Dense{Name: "w", Units: 64, Init: stack.Torch}}
	const own = 1. / (3 * 256)
	for _, c := range []struct {
		rule     stack.Rule
		variance float64
	}{
		{credit.FeedbackAlignment{}, own}, {credit.FeedbackAlignment{Scale: 3}, 9 * own},
		{credit.FeedbackAlignment{SD: 0.5}, 0.25},
		{credit.SignSymmetry{Random: true}, own}, {credit.SignSymmetry{Random: true, Scale: 3}, 9 * own},
		{credit.KolenPollack{}, own}, {credit.KolenPollack{Scale: 3}, 9 * own},
		{credit.WeightMirror{Scale: 3}, 9 * own}, {credit.Alignment{}, own}, {credit.Alignment{Scale: 3}, 9 * own},
		{credit.DirectFeedback{}, own}, {credit.DirectFeedback{Scale: 3}, 9 * own},
	} {
		w := lab.Exact(t).Net(t, spec, nets.Row(4), c.rule, 1).Weights[1]
		b, over := lab.Float64s(w.B), lab.Float64s(w.W)
		top := math.Sqrt(3*c.variance) * (1 + 0x1p-22)
		if fa, ok := c.rule.(credit.FeedbackAlignment); ok && fa.SD > 0 {
			top = 6 * float64(fa.SD)
		}
		lab.Moments(t, fmt.Sprintf("%T", c.rule), b, c.variance, top)
		if r := lab.Dot(b, over) / lab.Norm(b) / lab.Norm(over); !(math.Abs(r) <= 6/math.Sqrt(float64(len(b)))) {
			t.Errorf("%T: W and B correlate by %g", c.rule, r)
		}
	}
}

// TestSigns: uniform sign symmetry sends by the standard deviation that the weights started with.
func TestSigns(t *testing.T) {
	const inputs = 4.
	for init, want := range map[stack.Init]float64{stack.Torch: 1 / (3 * inputs), stack.FanOut: 2. / 2, stack.Balanced: 1 / (inputs + 2), stack.Normal(0.5): 0.25,
		stack.FanIn: 2 / inputs, stack.Orthogonal: 1 / inputs} {
		l := lab.Exact(t)
		net := l.Net(t, stack.Stack{stack.Dense{Units: inputs}, stack.Dense{Units: 2, Init: init}}, nets.Row(3), credit.SignSymmetry{}, 1)
		w := net.Weights[1]
		l.Pass(t, net, make([]float32, 3), nil, func(p *stack.Pass, x *compute.Tensor) {
			net.Forward(p, x)
			net.Rule.Send(p, w, p.View(w.Bias, 0, 1, 2))
		})
		for i, b := range lab.Float64s(w.B) {
			if at := lab.Float64s(w.W)[i]; !(math.Abs(b*b-want) <= 0x1p-22*want) || (b > 0) != (at > 0) { // B is rounded to float32
				t.Errorf("%v: B is %g for a weight of %g, want ±√%g", init, b, at, want)
				break
			}
		}
	}
}
