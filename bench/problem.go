package bench

import (
	"errors"
	"math/rand/v2"

	"hebb/compute"
)

// A problem is a case of one op with its inputs and the wanted values of a sample of its results, for all devices.
type problem struct {
	Case
	description
	cost   compute.Cost
	op     compute.Op   // on tensors that have a shape and no memory
	run    []compute.Op // the ops that are run for it
	inputs []*compute.Tensor
	seed   uint32
	out    int // number of the output that is sampled: the largest
	before compute.Contents
	at     []int         // elements of the output in the sample
	want   []compute.Val // their values by the definition
}

// newProblem checks the op of c and chooses the sample: at least 64 elements, more where the
// definition is cheap, the first and the last among them.
func newProblem(c Case, seed uint64, l compute.Leeway) (*problem, error) {
	if c.Build == nil {
		return nil, errors.New("a training is not a single op")
	}
	p := &problem{Case: c, seed: caseSeed(seed, c.Name), before: compute.Contents{}}
	stage := &compute.Stage{}
	dev := compute.New(stage)
	dev.Allow(l)
	err := dev.Step(func(s *compute.Step) error {
		op, run := c.ops(s)
		p.op = dev.Lend(op)
		for _, op := range run {
			s.Do(op)
		}
		return s.Err()
	})
	if err != nil {
		return nil, err
	}
	p.run, p.inputs, p.cost, p.description = stage.Ops, inputsOf(p.op), compute.CostOf(p.op), describe(p.op)
	if c.Parts != nil {
		p.kind = p.description.op + " stored" + p.kind[len(p.description.op):]
	}
	outs, _ := compute.Operands(p.op)
	for i, t := range outs {
		if t.Len() > outs[p.out].Len() {
			p.out = i
		}
	}
	const most = 1 << 22 // products: a few hundredths of a second
	n := outs[p.out].Len()
	rnd := rand.New(rand.NewPCG(seed, uint64(p.seed)))
	p.at = compute.Sample(rnd, n, min(max(64, most/max(1, terms(p.op, n))), 256))
	return p, nil
}

// set fills the inputs and evaluates the definition on them.
func (p *problem) set(f filling) {
	for role, t := range p.inputs {
		if p.before[t] == nil {
			p.before[t] = make([]float32, t.Len())
		}
		p.fill(f, role, p.before[t])
	}
	p.want = p.define(p.op)
}

// fill makes input number role.
func (p *problem) fill(f filling, role int, x []float32) {
	f.fill(x, p.seed, role)
	suit(p.op, p.inputs[role], x)
}

func (p *problem) define(op compute.Op) []compute.Val {
	define := compute.Define(op, p.before)
	want := make([]compute.Val, len(p.at))
	for k, i := range p.at {
		want[k] = define(p.out, i)
	}
	return want
}

// wantOfPeer returns the wanted values of another program: hebb promises a diagonal of exactly 1
// in a Gram matrix of X with itself, others compute it as any other element.
func (p *problem) wantOfPeer() ([]compute.Val, error) {
	g, ok := p.op.(compute.Gram)
	if !ok || g.Y != nil {
		return p.want, nil
	}
	y, err := g.X.View(0, g.X.Shape()...)
	if err != nil {
		return nil, err
	}
	g.Y, p.before[y] = y, p.before[g.X]
	defer delete(p.before, y)
	return p.define(g), nil
}
