package stack

import (
	"math/rand/v2"

	"hebb/compute"
	"hebb/nets"
)

// A Local rule trains a network block by block, each by an objective of the block's output: no delta goes from one block to
// another. A block is a layer of the outermost [Stack] with weights, and the layers without weights that follow it. Its
// objective is computed before any [AfterObjective] layer, such as [Dropout]. Within a block, of a [Residual] say, deltas
// are sent down by the rule's Send: local rules embed [Backprop]. The last block is the output layer, which learns by the
// network's loss.
type Local interface {
	Rule

	// Learns reports whether the blocks learn, and whether the output layer does. Blocks that do not learn run in evaluation
	// mode.
	Learns() (blocks, output bool)

	// Extras describes the tensors that the objective of a block needs beside the block's own weights, or returns an error if
	// the block does not suit the rule. It may keep values for Gradient in b.Memo.
	Extras(n *Net, b *Block) ([]Extra, error)

	// Least returns the smallest batch that the rule can learn from.
	Least() int

	// Gradient returns the gradient of the block's objective by its output y, examples × b.Out, and sets the gradients of
	// b.Extras. With nil nothing goes back through the block.
	Gradient(p *Pass, b *Block, y *compute.Tensor) *compute.Tensor
}

// A Layerwise is a [Local] rule whose blocks learn one after another, from the lowest up. Turn returns the number of the block
// that learns at this step; it is the number of blocks, or more, when all have learned. The blocks below run in evaluation
// mode, and the blocks above not at all, so that the answer is 0 of all classes. The optimiser has none of the blocks: the
// rule changes the weights of its block in Gradient, which then returns nil.
type Layerwise interface {
	Local
	Turn(p *Pass) int

	// Lasts returns the number of steps of all turns, before the output layer learns.
	Lasts(n *Net) int
}

// A Settler is a [Rule] with a Settle method, which runs before each evaluation and checkpoint. It may read from the device.
type Settler interface {
	Rule
	Settle(p *Pass) error
}

// A Block is a part of a network that learns by an objective of its own, see [Local].
type Block struct {
	Name    string        // of its first layer with weights
	Number  int           // in the network, from 0
	Branch  int           // of an [Ensemble], from 0
	Last    bool          // the output layer comes next
	Out     nets.Shape    // of one example at the objective
	Weights []*Weights    // its layers with weights, in the order of the forward pass
	Extras  []ExtraTensor // of the objective, as [Local.Extras] describes them
	Memo    any           // for the rule

	inside, after stack // layers before and after the objective
	composite     bool  // it has no objective: its parts have
}

// An ExtraTensor is the value and the gradient of an [Extra]; Grad is nil if it is Fixed.
type ExtraTensor struct {
	Name        string
	Value, Grad *compute.Tensor
}

// Extra returns the tensor of the block's objective that has a name, or one without a Value.
func (b *Block) Extra(name string) ExtraTensor {
	for _, n := range b.Extras {
		if n.Name == b.Name+objective+name {
			return n
		}
	}
	return ExtraTensor{}
}

const objective = ".objective."

// An Extra describes a tensor of a block's objective.
type Extra struct {
	Name  string
	Shape []int
	Zero  bool // initialised to 0, instead of as PyTorch's Linear and Conv2d
	Fan   int  // fan-in, of a bias; weights have it in their shape
	Fixed bool // not learned
}

func (e Extra) fill() func(*rand.Rand, []float32) {
	switch {
	case e.Zero:
		return constant(0)
	case e.Fan > 0:
		return Torch.Fill([]int{1, e.Fan}, true)
	}
	return Torch.Fill(e.Shape, false)
}
