package bench

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/stack"
)

// TestTwins: torch's networks and rules are ours. From the same weights, without dropout, the first step has the same loss and
// moves all parameters together, the rule's too, as far.
func TestTwins(t *testing.T) {
	p, err := OpenTorch(context.Background(), PeerOptions{Device: "cpu", Threads: 1})
	skipWithout(t, err)
	defer p.Close()
	r := newRunner(t.Context(), nil, Options{}.withDefaults(nil))
	image, digit := nets.Shape{Height: 32, Width: 32, Channels: 3}, nets.Shape{Height: 28, Width: 28, Channels: 1}
	for _, w := range []Training{
		{"mlp:784-40-30-10", digit, 10, 8, inTorch}, {"lenet5", digit, 10, 4, inTorch}, {"vgg8b", image, 10, 2, inTorch},
		{"resnet20", image, 10, 2, inTorch}, {"resnet18", image, 10, 2, []string{"bp"}}, {"resnet50", image, 10, 2, []string{"bp"}},
	} {
		k := must.Get(newTrainingProblem(Case{Suite: "training", Name: w.Net, Training: &w}, 1, 0))(t)
		for i, layer := range k.spec.(stack.Stack) {
			if _, drops := layer.(stack.Dropout); drops {
				k.spec.(stack.Stack)[i] = stack.Dropout{}
			}
		}
		for _, rule := range w.Rules {
			d := k.describe(rule)
			d.settings["twin"], d.settings["dropout"] = true, 0
			at := []int{0, 1, 2}
			tried := p.make(r.trainingResult(Case{}, k, rule, p.info()), request(d, k.stream, at))
			if tried == nil {
				t.Errorf("%s %s: %s", w.Net, rule, p.result.Note)
				continue
			}
			loss, moved := firstStep(t, k, rule)
			for _, a := range tried {
				parameters, theirLoss, theirs := float64(*a.Values[0]), float64(*a.Values[1]), float64(*a.Values[2])
				if parameters != float64(k.parameters) || math.Abs(theirLoss/loss-1) > 1e-4 || math.Abs(theirs/moved-1) > 5e-3 {
					t.Errorf("%s %s, %s: %g parameters, loss %g, moved by %g; want %d, %g and %g", w.Net, rule, a.Expr, parameters, theirLoss, theirs, k.parameters, loss, moved)
				}
			}
			p.drop()
			p.take()
		}
	}
}

// firstStep is the loss of the first step from weights that torch_ops.py has too, and the squared length of what it changes.
func firstStep(t *testing.T, k *trainingProblem, rule string) (loss, moved float64) {
	t.Helper()
	dev := compute.New(must.Get(cpu.Open())(t))
	defer dev.Close()
	trainer := must.Get(k.newTrainer(dev, rule))(t)
	weights := slices.DeleteFunc(slices.Clone(trainer.Net.Tensors()), func(n nets.Named) bool { return n.Role != nets.Weight })
	slices.SortFunc(weights, func(a, b nets.Named) int { return cmp.Compare(a.Name, b.Name) })
	start := make([][]float32, len(weights))
	must.Do(t, dev.Step(func(s *compute.Step) error {
		for i, n := range weights {
			x := make([]float32, n.Value.Len())
			real.fill(x, k.stream, 1+i)
			spread := float32(math.Sqrt(3 * float64(n.Shape[0]) / float64(len(x))))
			for j := range x {
				switch {
				case len(n.Shape) > 1:
					x[j] *= spread
				case strings.HasSuffix(n.Name, "weight"):
					x[j] = 1 + x[j]/2
				default:
					x[j] /= 4
				}
			}
			start[i] = n.FromTorch(x)
			s.Write(n.Value, start[i])
		}
		return nil
	}))
	must.Do(t, trainer.Step(k.x, k.y, rate))
	must.Do(t, dev.Step(func(s *compute.Step) error {
		for i, n := range weights {
			x := make([]float32, n.Value.Len())
			s.Read(n.Value, x)
			for j := range x {
				d := float64(x[j]) - float64(start[i][j])
				moved += d * d
			}
		}
		return nil
	}))
	return must.Get(trainer.Score())(t).Loss, moved
}
