package bench

import (
	"fmt"

	"hebb/compute"
	"hebb/nets/stack"
)

// A Training is whole training steps of a network: a batch of images goes from the host's memory to
// the device, forward, back and into the weights, by SGD with momentum. All of its rules are
// measured in turns, so that the ratio of two comes from one stretch of time.
type Training struct {
	Net     string     `json:"net"` // as [stack.Parse] knows it
	Input   stack.Shape `json:"input"`
	Classes int        `json:"classes"`
	N       int        `json:"n"` // images in a batch
	Rules   []string   `json:"-"` // as [stack.ParseRule] knows them, or grouped; backprop first: the others are compared with it
}

// momentum is that of the optimiser.
const momentum = 0.9

func (t Training) Op() string   { return "training" }
func (t Training) Kind() string { return "training" }

func (t Training) Sizes() map[string]int {
	return map[string]int{"n": t.N, "height": t.Input.Height, "width": t.Input.Width, "channels": t.Input.Channels, "classes": t.Classes}
}

// trainings are the networks whose steps are measured. A program on the CPU that plays a GPU gets
// fewer images.
func (o Options) trainings() []Case {
	small, digit := stack.Shape{Height: 32, Width: 32, Channels: 3}, stack.Shape{Height: 28, Width: 28, Channels: 1}
	list := o.courses
	if list == nil {
		rules := []string{"bp", "sa", "aa", "kp", "fa"}
		list = []Training{
			{"mlp:784-500-10", digit, 10, o.images(128, 128), rules},
			{"resnet20", small, 10, o.images(128, 4), rules},
			{"resnet18", small, 10, o.images(64, 2), rules},
			{"mlp:784-256-256-256-10", digit, 10, max(o.images(256, 64), 4), []string{"bp", grouped, "phsic", "predsim", "hsic"}},
			{"mlp:784-1024-1024-1024-10", digit, 10, max(o.images(256, 16), 4), []string{"bp", grouped, "phsic"}},
		}
	}
	var cases []Case
	for i, t := range list {
		name := fmt.Sprintf("%s %v n=%d", t.Net, t.Input, t.N)
		cases = append(cases, Case{"training", name, i < 2, t})
	}
	return cases
}

// images is how many go at a time, if nobody said.
func (o Options) images(usual, software int) int {
	switch {
	case o.Batch > 0:
		return o.Batch
	case o.software:
		return software
	}
	return usual
}

// A course is a Training with all that is the same on every device.
type course struct {
	Training
	spec       stack.Spec
	seed       uint64
	stream     uint32
	x, y       []float32
	bills      map[string]bill         // of a step, by rule
	ops        map[string][]compute.Op // of making a network, and of a step
	parameters int
}

// newCourse works out c, whose work is t.
func newCourse(c Case, t Training, seed uint64, l compute.Leeway) (*course, error) {
	spec, err := stack.Parse(t.Net, t.Input, t.Classes)
	if err != nil {
		return nil, err
	}
	k := &course{Training: t, spec: spec, seed: seed, stream: caseSeed(seed, c.Name), bills: map[string]bill{}, ops: map[string][]compute.Op{}}
	k.x, k.y = make([]float32, t.N*t.Input.Len()), make([]float32, t.N)
	real.fill(k.x, k.stream, 0)
	for i := range k.y {
		k.y[i] = float32(i % t.Classes)
	}
	for _, rule := range t.Rules {
		stage := &compute.Stage{}
		dev := compute.New(stage)
		dev.Allow(l)
		tr, err := k.trainer(dev, rule)
		if err != nil {
			return nil, err
		}
		first := len(stage.Ops)
		if err := tr.Step(k.x, k.y, rate); err != nil {
			return nil, err
		}
		k.ops[rule], k.parameters = stage.Ops, tr.Net.Parameters()
		k.bills[rule] = billOf(stage.Ops[first:])
	}
	return k, nil
}

// trainer makes the network on dev.
func (k *course) trainer(dev *compute.Device, rule string) (*stack.Trainer, error) {
	r, err := learning(rule)
	if err != nil {
		return nil, err
	}
	net, err := stack.New(dev, k.spec, k.Input, r, k.seed)
	if err != nil {
		return nil, err
	}
	return stack.NewTrainer(net, stack.SGD{Momentum: momentum}, stack.CrossEntropy)
}

// grouped is phsic with a kernel of groups of units, as its authors have it.
const grouped = "phsic:groups=32"

// learning is the rule of a name.
func learning(name string) (stack.Rule, error) {
	if name == grouped {
		r := stack.DefaultPHSIC
		r.Groups = 32
		return r, nil
	}
	return stack.ParseRule(name)
}

// A bill is what each of several ops costs.
type bill []compute.Cost

func billOf(ops []compute.Op) (b bill) {
	for _, op := range ops {
		b = append(b, compute.CostOf(op))
	}
	return b
}

// total is what they cost together.
func (b bill) total() (sum compute.Cost) {
	for _, c := range b {
		sum.Flops += c.Flops
		sum.Bytes += c.Bytes
	}
	return sum
}

// under is how long they take at least, one after the other, and what most of that is spent on.
func (b bill) under(roof Roof) (seconds float64, boundBy string) {
	spent := map[string]float64{}
	for _, c := range b {
		s, by := roof.seconds(c)
		seconds += s
		spent[by] += s
	}
	if spent["compute"] >= spent["memory"] {
		return seconds, "compute"
	}
	return seconds, "memory"
}
