package nettest

import (
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/recurrent"
)

// A wrong network is a leaky one that errs where its name says.
type wrong struct {
	recurrent.Leaky
	where string
}

var (
	twice = compute.Formula("2*x", "x")
	wide  = nets.Spec{In: nets.Row(3), Out: 1, Examples: 2}
)

func (w *wrong) Forward(p *nets.Pass, s, x *compute.Tensor) (next *compute.Tensor, tape []*compute.Tensor) {
	next, tape = w.Leaky.Forward(p, s, x)
	if w.where == "of the tape" {
		tape[0], tape[1] = tape[1], tape[0]
	}
	return next, tape
}

func (w *wrong) Backward(p *nets.Pass, tape []*compute.Tensor, v *compute.Tensor) (down *compute.Tensor, deltas []*compute.Tensor) {
	down, deltas = w.Leaky.Backward(p, tape, v)
	switch w.where {
	case "by Backward: ":
		down = v
	case "the influence of the weights":
		deltas[1] = p.Map(twice, deltas[1])
	case "deltas, and there are":
		deltas = deltas[:1]
	}
	return down, deltas
}

func (w *wrong) Push(p *nets.Pass, tape []*compute.Tensor, a *compute.Tensor) *compute.Tensor {
	if w.where == "by Push" {
		return a
	}
	return w.Leaky.Push(p, tape, a)
}

func (w *wrong) Local(p *nets.Pass, tape []*compute.Tensor) (slope *compute.Tensor, keep, gain float32) {
	slope, keep, gain = w.Leaky.Local(p, tape)
	if w.where == "of Local" {
		gain *= 2
	}
	return slope, keep, gain
}

// TestNetwork: the networks of package recurrent are what they say, and one that errs somewhere is told where.
func TestNetwork(t *testing.T) {
	for _, act := range []string{"tanh", "sigmoid", "identity"} {
		Network(t, func() recurrent.Network { return &recurrent.Leaky{Units: 6, Tau: 2, Gain: 1.5, Act: act} }, wide)
	}
	Network(t, func() recurrent.Network { return &recurrent.Balance{Units: 6, Plus: 2} }, wide)
	for _, where := range []string{"of the tape", "by Backward: ", "the influence of the weights", "deltas, and there are", "by Push", "of Local"} {
		err := linear(func() recurrent.Network { return &wrong{recurrent.Leaky{Units: 6, Tau: 2, Gain: 1.5}, where} }, wide)
		if err == nil || !strings.Contains(err.Error(), where) {
			t.Errorf("error is %v, want %q in it", err, where)
		}
	}
}
