package stack

import "hebb/compute"

// An offset is the constant for each output that an open loss says nothing about. Means are matched: it is the mean
// residual, label or target less output, of the batches that were learned from; running, since outputs drift by it.
// It is added to what is predicted and plays no part in learning.
type offset struct {
	value *compute.Tensor // classes
	of    open
}

// An open is a constant for each output that a loss says nothing about.
type open int

const (
	nothing   open = iota
	ofShares       // what is added to the probabilities of the classes
	ofOutputs      // what is added to the outputs
)

// OffsetName is the name, among [Net.Tensors] and in the file of a network, of the constant for each output that an
// [HSICLoss] leaves open: added to the probabilities of the classes or, of targets and linear outputs, to the outputs.
const OffsetName = "output.offset"

// offsetMomentum is the share of a batch in the running mean, once there have been 1/offsetMomentum of them; until
// then the mean is that of all.
const offsetMomentum = 0.02

// leave gives n the offset that a loss needs, or takes away one that it does not.
func (n *Net) leave(l Loss) (err error) {
	if l.leaves() == nothing {
		n.offset = nil
		return nil
	}
	if n.offset != nil {
		n.offset.of = l.leaves()
		return nil
	}
	o := &offset{of: l.leaves()}
	if o.value, err = n.zeros(n.Classes); err == nil {
		n.offset = o
	}
	return err
}

// moved is a·old + b·x.
var moved = compute.Pointwise(compute.Add(compute.Mul(compute.Const(1), compute.Old()), compute.Mul(compute.Const(1), compute.Var(0))))

// follow takes the residuals of training step t, from 1, into the mean.
func (o *offset) follow(p *Pass, residual *compute.Tensor, t uint64) {
	share := max(1/float64(t), offsetMomentum)
	mean := p.Like(o.value)
	p.perColumn(mean, nil, 1/float32(p.Examples), residual)
	p.Do(compute.Map{Out: o.value, In: []*compute.Tensor{mean}, F: moved.WithConsts(float32(1-share), float32(share))})
}

// rest keeps the bias of linear outputs where it is. Its gradient is 0 but for rounding, which Adam would make steps of
// full length from.
func (o *offset) rest(p *Pass) {
	last := p.Net.Weights[len(p.Net.Weights)-1]
	if o.of == ofOutputs && last.BiasGrad != nil {
		p.Do(compute.Map{Out: last.BiasGrad, In: []*compute.Tensor{o.value}, F: moved.WithConsts(0, 0)})
	}
}
