package local

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/stack"
)

// A Fault is the reason why the objective of a block cannot be computed from a batch. It is a fault code on the device until
// metrics are read, so that no step waits for it, see [nets.Pass.Fault].
type Fault float32

// A Fault of 1 or more is the order of a leading minor of the kernel matrix that is not positive, see [compute.Inverse].
const (
	FaultAlike  Fault = 0.25 // all examples have the same output
	FaultNarrow Fault = 0.5  // the kernel is so narrow that its matrix is the identity
)

func (f Fault) Error() string {
	switch f {
	case FaultAlike:
		return "its output is the same for all examples"
	case FaultNarrow:
		return "its kernel is so narrow that no two examples are alike"
	}
	return fmt.Sprintf("its kernel matrix is not positive definite (the leading minor of order %g): its output is not finite, or eps too small", float32(f))
}

// explain describes the fault of a block, or returns nil if name is not a block's.
func explain(name string, code float32) error {
	if !isBlock(name) {
		return nil
	}
	return Fault(code)
}

const blockPrefix = "block "

func isBlock(name string) bool {
	return len(name) > len(blockPrefix) && name[:len(blockPrefix)] == blockPrefix
}

// Explain describes the fault of a block.
func (PHSIC) Explain(name string, code float32) error { return explain(name, code) }

// Explain describes the fault of a block.
func (HSICBottleneck) Explain(name string, code float32) error { return explain(name, code) }

var (
	largest  = compute.Formula("max(old, x)", "x")
	distance = compute.Formula("abs(x - y)", "x", "y")
	// blockFault is the fault of a block from the largest distance, apart, of an output from the first example's, and the mean
	// entry of its kernel matrix. The mean off the diagonal is a·mean − b, to within 2⁻²²; below 2⁻²⁰ it is too small.
	blockFault = compute.Formula("max(old, where(apart, where(a*mean - b - least, 0, narrow), alike))", "apart", "mean").
			With("least", 0x1p-20).With("narrow", float32(FaultNarrow)).With("alike", float32(FaultAlike))
)

// faultsEvery is the number of steps between checks of a block: a block that has stopped learning does not recover.
const faultsEvery = 16

// faultOf checks the outputs z of a block, and the mean of their Gaussian kernel matrix, for faults that leave learning without
// effect. A kernel so wide that all entries are 1 is no fault: the term of the labels pulls the outputs apart.
func faultOf(p *stack.Pass, b *stack.Block, z, mean *compute.Tensor) {
	m, far := float64(p.Examples), p.Tensor(1) // in each step, so that all take as much memory
	if p.Number%faultsEvery != 0 {
		return
	}
	at := p.Fault(blockPrefix + b.Name)
	if at == nil {
		return
	}
	p.Do(compute.Reduce{Out: far, In: []*compute.Tensor{z, p.View(z, 0, 1, z.Cols())}, F: distance, Fold: compute.FoldMax, Along: compute.AlongAll, Alpha: 1})
	p.Into(at, blockFault.With("a", float32(m/(m-1))).With("b", float32(1/(m-1))), far, mean)
}

// note records the largest of the [Fault] codes in t under a name.
func note(p *nets.Pass, name string, t *compute.Tensor) {
	at := p.Fault(name)
	if at == nil {
		return
	}
	if t.Len() > 1 {
		one := p.Tensor(1)
		p.Do(compute.Reduce{Out: one, In: []*compute.Tensor{t}, Fold: compute.FoldMax, Along: compute.AlongAll, Alpha: 1})
		t = one
	}
	p.Into(at, largest, t)
}
