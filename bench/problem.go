package bench

import (
	"fmt"
	"math/rand/v2"

	"hebb/compute"
)

// A problem is a case with its inputs and with what a sample of its results has to be. It is
// shared by all contenders; it knows none.
type problem struct {
	Case
	work   calculation
	cost   compute.Cost
	op     compute.Op   // on tensors that have a shape and no memory
	ops    []compute.Op // which is run as these
	inputs []*compute.Tensor
	seed   uint32
	out    int // which output is looked at: the largest
	before compute.Contents
	at     []int         // which elements of the output are looked at
	want   []compute.Val // what they have to be
}

// newProblem checks the op of c and chooses the sample: at least 64 elements, more where the
// definition is cheap, the first and the last among them.
func newProblem(c Case, seed uint64, l compute.Leeway) (*problem, error) {
	work, ok := c.Work.(calculation)
	if !ok {
		return nil, fmt.Errorf("%T is not a single op", c.Work)
	}
	p := &problem{Case: c, work: work, seed: caseSeed(seed, c.Name), before: compute.Contents{}}
	stage := &compute.Stage{}
	dev := compute.New(stage)
	dev.Allow(l)
	err := dev.Step(func(s *compute.Step) error {
		p.op, p.inputs = work.build(s)
		p.op = dev.Lend(p.op)
		for _, op := range stepsOf(work, p.op, s) {
			s.Do(op)
		}
		return s.Err()
	})
	if err != nil {
		return nil, err
	}
	p.ops = stage.Ops
	p.cost = compute.CostOf(p.op)
	const terms = 1 << 22 // a few hundredths of a second
	outs, _ := compute.Operands(p.op)
	for i, t := range outs {
		if t.Len() > outs[p.out].Len() {
			p.out = i
		}
	}
	rnd := rand.New(rand.NewPCG(seed, uint64(p.seed)))
	p.at = compute.Sample(rnd, outs[p.out].Len(), min(max(64, terms/work.terms()), 256))
	return p, nil
}

// stepsOf is what op, of that work, is run as.
func stepsOf(work calculation, op compute.Op, s *compute.Step) []compute.Op {
	if w, ok := work.(Streaming); ok && s.Err() == nil {
		return w.steps(op, s)
	}
	return []compute.Op{op}
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

// An adjuster is a calculation some of whose inputs may not be just any numbers.
type adjuster interface {
	// adjust makes input number role of numbers of no preference.
	adjust(role int, x []float32)
}

// fill makes input number role.
func (p *problem) fill(f filling, role int, x []float32) {
	f.fill(x, p.seed, role)
	if a, ok := p.work.(adjuster); ok {
		a.adjust(role, x)
	}
	if p.inputs[role].Type() == compute.Float16 {
		compute.RoundFloat16(x)
	}
}

func (p *problem) define(op compute.Op) []compute.Val {
	define := compute.Define(op, p.before)
	want := make([]compute.Val, len(p.at))
	for k, i := range p.at {
		want[k] = define(p.out, i)
	}
	return want
}

// wantOfPeer is what another program's results have to be: hebb promises a diagonal of exactly 1
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
