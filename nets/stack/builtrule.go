package stack

import (
	"hebb/compute"
	"hebb/nets"
)

// A BuiltRule is a [Rule] with tensors of its own beside the feedback weights: traces, running means. Build is called after the
// weights have been allocated. It allocates its tensors in s and keeps them in the Memo of each of n.Weights, since a rule is
// a value that may serve several networks. It marks tensors that predictions do not need by [nets.Store.Aside].
type BuiltRule interface {
	Rule
	Build(s *nets.Store, n *Net) error
}

// A WholeRule is a [Rule] that makes the backward pass of the whole network, as one whose activities settle together. Backward
// starts from p.Error, the delta at the logits, and calls [Weights.SetGradients] for each of p.Net.Weights; Send is not called.
type WholeRule interface {
	Rule
	Backward(p *Pass)
}

// Chain reports whether the network is layers of n.Weights, one after the other, and nothing else; if not, it returns the name
// of the first layer that is something else.
func (n *Net) Chain() (other string, ok bool) {
	all, _ := n.root.(stack)
	for _, l := range all {
		switch l.Layer.(type) {
		case *Weights, *flatten:
		default:
			return l.name, false
		}
	}
	return "", true
}

// Delta returns the gradient of the mean loss by logits other than the pass's own.
func (p *Pass) Delta(logits *compute.Tensor) *compute.Tensor {
	return p.Net.loss.Judge(p.Pass, p.Moment, logits, true).Delta
}
