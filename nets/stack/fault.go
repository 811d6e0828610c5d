package stack

import (
	"errors"
	"fmt"
	"slices"

	"hebb/compute"
)

// ErrObjective says that the objective of a block cannot be had from a batch.
var ErrObjective = errors.New("no objective")

// A Fault is why. Faults are numbers on the device until the score is read, so that no step waits for them.
type Fault float32

// Numbers from 1 are the order of the leading minor of a kernel matrix that is not positive definite, see
// [compute.Inverse].
const (
	FaultAlike  Fault = 0.25 // all examples have the same output
	FaultNarrow Fault = 0.5  // no two examples are alike at all: the kernel matrix is the unit matrix
)

func (f Fault) String() string {
	switch f {
	case FaultAlike:
		return "its output is the same for all examples"
	case FaultNarrow:
		return "its kernel is so narrow that no two examples are alike"
	}
	return fmt.Sprintf("its kernel matrix is not positive definite (the leading minor of order %g): its output is not finite, or eps too small", float32(f))
}

var (
	largestFault = compute.Pointwise(compute.Max(compute.Old(), compute.Var(0)))
	// Of how far any output is from that of the first example, 0 being FaultAlike, and of the mean k of all entries of a
	// kernel matrix, the diagonal being 1: with o = a·k − b that of the others, which may be off by 2⁻²², FaultNarrow
	// below 2⁻²⁰; and what was known before, if that is more.
	faultOfBlock = func() *compute.Func {
		o := compute.Sub(compute.Mul(compute.Const(1), compute.Var(1)), compute.Const(1))
		return compute.Pointwise(compute.Max(compute.Old(), compute.Select(compute.Var(0),
			compute.Select(compute.Sub(o, compute.Const(0x1p-20)), compute.Const(0), compute.Const(float32(FaultNarrow))), compute.Const(float32(FaultAlike)))))
	}()
	apart = compute.Pointwise(compute.Abs(compute.Sub(compute.Var(0), compute.Var(1))))
)

// faultsEvery is how many steps go by from one look at a block to the next: what has come to a stop stays there.
const faultsEvery = 16

// faultOf looks at rows z and at the mean of their Gaussian kernel matrix for what learning by it would not show. A kernel
// so wide that all entries are 1 is none: the labels alone teach what is missing.
func (p *Pass) faultOf(b *Block, z, mean *compute.Tensor) {
	if p.meter.sums == nil || p.Number%faultsEvery != 0 {
		return
	}
	m, far := float64(p.Examples), p.Tensor(1)
	p.Do(compute.Reduce{Out: far, In: []*compute.Tensor{z, p.View(z, 0, 1, z.Cols())}, F: apart, Fold: compute.FoldMax, Along: compute.AlongAll, Alpha: 1})
	consts := slices.Clone(faultOfBlock.Consts)
	consts[0], consts[1] = float32(m/(m-1)), float32(1/(m-1))
	p.Do(compute.Map{Out: p.View(p.meter.sums, 2+b.Number, 1), In: []*compute.Tensor{far, mean}, F: faultOfBlock.WithConsts(consts...)})
}

// Fault remembers the largest of the [Fault] numbers in t as that of a block, for [Trainer.Score] to report.
func (p *Pass) Fault(b *Block, t *compute.Tensor) {
	if p.meter.sums == nil {
		return
	}
	if t.Len() > 1 {
		one := p.Tensor(1)
		p.Do(compute.Reduce{Out: one, In: []*compute.Tensor{t}, Fold: compute.FoldMax, Along: compute.AlongAll, Alpha: 1})
		t = one
	}
	p.Do(compute.Map{Out: p.View(p.meter.sums, 2+b.Number, 1), In: []*compute.Tensor{t}, F: largestFault})
}

// faults returns the first fault of a block.
func (n *Net) faults(found []float32, step uint64) error {
	for i, f := range found {
		if f != 0 { // or NaN
			return fmt.Errorf("%w: block %s, by step %d: %v", ErrObjective, n.blocks[i].Name, step, Fault(f))
		}
	}
	return nil
}
