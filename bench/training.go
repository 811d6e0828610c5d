package bench

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/stack"
)

// A Training is whole training steps of a network: a batch of images goes from the host's memory to
// the device, forward, back and into the weights, by SGD with momentum. All of its rules are
// measured in turns, so that the ratio of two comes from one stretch of time.
type Training struct {
	Net     string // as [stack.Parse] knows it
	Input   nets.Shape
	Classes int
	N       int      // images in a batch
	Rules   []string // as [catalogue.Catalogue.Rule] knows them; backprop first: the others are compared with it
}

// inTorch are the rules that the peer has.
var inTorch = []string{"bp", "predsim"}

// momentum is that of the optimiser.
const momentum = 0.9

// describe returns the op, the sizes and the settings of a training by a rule.
func (t Training) describe(rule string) description {
	return description{
		op: "training", kind: "training " + rule,
		sizes:    sizes{"n": t.N, "height": t.Input.Height, "width": t.Input.Width, "channels": t.Input.Channels, "classes": t.Classes},
		settings: settings{"net": t.Net, "rule": rule, "rate": rate, "momentum": momentum},
	}
}

// trainings are the networks whose steps are measured. A program on the CPU that plays a GPU gets
// fewer images.
func (o Options) trainings() []Case {
	small, digit := nets.Shape{Height: 32, Width: 32, Channels: 3}, nets.Shape{Height: 28, Width: 28, Channels: 1}
	list := o.networks
	if list == nil {
		rules := []string{"bp", "sa", "aa", "kp", "fa"}
		list = []Training{
			{"mlp:784-500-10", digit, 10, o.images(128, 128), rules},
			{"resnet20", small, 10, o.images(128, 4), rules},
			{"resnet18", small, 10, o.images(64, 2), rules},
			{"mlp:784-256-256-256-10", digit, 10, max(o.images(256, 64), 4), []string{"bp", "sa", grouped, "phsic", "predsim", "hsic"}},
			{"mlp:784-1024-1024-1024-10", digit, 10, max(o.images(256, 16), 4), []string{"bp", "sa", grouped, "phsic", "predsim"}},
			{"lenet5", digit, 10, max(o.images(128, 4), 2), []string{"bp", "sa", "predsim"}},
			{"vgg8b", small, 10, max(o.images(32, 2), 2), []string{"bp", "sa", "predsim"}},
			{"resnet50", small, 10, o.images(32, 2), []string{"bp", "sa"}},
		}
	}
	var cases []Case
	for i, t := range list {
		name := fmt.Sprintf("%s %v n=%d", t.Net, t.Input, t.N)
		cases = append(cases, Case{Name: name, Quick: i < 2, Training: &t})
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

// A trainingProblem is a Training with all that is the same on every device.
type trainingProblem struct {
	Training
	spec       stack.Spec
	seed       uint64
	stream     uint32
	x, y       []float32
	costs      map[string]costs        // of the ops of a step, by rule
	ops        map[string][]compute.Op // of making a network, and of a step
	parameters int
}

// newTrainingProblem works out c.
func newTrainingProblem(c Case, seed uint64, l compute.Leeway) (*trainingProblem, error) {
	t := *c.Training
	spec, err := stack.Parse(t.Net, t.Input, t.Classes)
	if err != nil {
		return nil, err
	}
	p := &trainingProblem{Training: t, spec: spec, seed: seed, stream: caseSeed(seed, c.Name), costs: map[string]costs{}, ops: map[string][]compute.Op{}}
	p.x, p.y = make([]float32, t.N*t.Input.Len()), make([]float32, t.N)
	real.fill(p.x, p.stream, 0)
	for i := range p.y {
		p.y[i] = float32(i % t.Classes)
	}
	for _, rule := range t.Rules {
		stage := &compute.Stage{}
		dev := compute.New(stage)
		dev.Allow(l)
		trainer, err := p.newTrainer(dev, rule)
		if err != nil {
			return nil, err
		}
		first := len(stage.Ops)
		if err := trainer.Step(p.x, p.y, rate); err != nil {
			return nil, err
		}
		p.ops[rule], p.parameters = stage.Ops, trainer.Net.Parameters()
		for _, op := range stage.Ops[first:] {
			p.costs[rule] = append(p.costs[rule], compute.CostOf(op))
		}
	}
	return p, nil
}

// newTrainer makes the network on dev.
func (p *trainingProblem) newTrainer(dev *compute.Device, rule string) (*stack.Trainer, error) {
	r, err := catalogue.Default().Rule(rule)
	if err != nil {
		return nil, err
	}
	net, err := stack.New(dev, p.spec, p.Input, r, p.seed)
	if err != nil {
		return nil, err
	}
	return stack.NewTrainer(net, nets.SGD{Momentum: momentum}, nets.CrossEntropy)
}

// grouped is phsic with a kernel of groups of units, as its authors have it.
const grouped = "phsic:groups=32"

// costs are those of several ops.
type costs []compute.Cost

// total is what they cost together.
func (cs costs) total() (sum compute.Cost) {
	for _, c := range cs {
		sum.Flops += c.Flops
		sum.Bytes += c.Bytes
	}
	return sum
}

// under is the shortest time that roof allows for the ops, one after the other, and what most of it is spent on.
func (cs costs) under(roof Roof) (seconds float64, boundBy string) {
	spent := map[string]float64{}
	for _, c := range cs {
		s, by := roof.seconds(c)
		seconds += s
		spent[by] += s
	}
	if spent["compute"] >= spent["memory"] {
		return seconds, "compute"
	}
	return seconds, "memory"
}
