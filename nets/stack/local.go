package stack

import (
	"math/rand/v2"

	"hebb/compute"
)

// A Local rule trains a network block by block, each by an objective of the block's own output: no delta goes
// from one block to another. A block is a layer of the outermost [Stack] that has weights, with the layers
// after it that have none; its objective sees its output before any [Dropout] or [Divisive]. Within a block, of
// a [Residual] say, deltas go down as the rule's Send says: local rules embed [Backprop]. The last block is the output
// layer, which learns by the network's loss.
type Local interface {
	Rule

	// Learns reports whether the blocks learn, and whether the output layer does. Blocks that do not learn are
	// run as in evaluation.
	Learns() (blocks, output bool)

	// Extras returns what the objective of a block has beside the block's own weights, or why there can be
	// none. It may keep something for itself in b.Memo.
	Extras(n *Net, b *Block) ([]Extra, error)

	// Least returns the fewest examples that it can learn from at a time.
	Least() int

	// Gradient returns that of the block's objective towards its output y, examples × b.Out, and leaves those of
	// the extras.
	Gradient(p *Pass, b *Block, y *compute.Tensor) *compute.Tensor
}

// A Settler is a [Rule] that has something to do before what was learned is judged or saved, when the device is waited
// for anyway.
type Settler interface {
	Rule
	Settle(n *Net) error
}

// A Block is a part of a network that learns by itself.
type Block struct {
	Name   string  // of its first layer with weights
	Number int     // from 0
	Branch int     // of an [Ensemble], from 0
	Last   bool    // the output layer follows
	Out    Shape   // of one example at the objective
	Own    []Named // values and gradients of the Extras, in their order
	Memo   any     // the rule's

	inside, after stack // up to the objective, and from there on
	bare          bool  // it has no objective: its parts have
}

// own returns an extra by its name.
func (b *Block) own(name string) Named {
	for _, n := range b.Own {
		if n.Name == b.Name+objective+name {
			return n
		}
	}
	return Named{}
}

const objective = ".objective."

// An Extra is a parameter of a block's objective.
type Extra struct {
	Name  string
	Shape []int
	Zero  bool // it starts as zeros, instead of as PyTorch's Linear and Conv2d do
	Fan   int  // inputs per unit, of a bias; of weights, their shape says it
	Fixed bool // it is not learned
}

func (e Extra) fill() func(*rand.Rand, []float32) {
	switch {
	case e.Zero:
		return constant(0)
	case e.Fan > 0:
		return Torch.fill([]int{1, e.Fan}, true)
	}
	return Torch.fill(e.Shape, false)
}
