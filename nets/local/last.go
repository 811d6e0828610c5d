package local

import (
	"hebb/compute"
	"hebb/nets/stack"
)

// LastLayer trains the output layer alone. The blocks below do not learn and run in evaluation mode. It is the baseline of the
// local rules, and the format training of the HSIC bottleneck.
type LastLayer struct {
	stack.Backprop `json:"-" toml:"-"`
}

func (LastLayer) Learns() (blocks, output bool)                                       { return false, true }
func (LastLayer) Least() int                                                          { return 1 }
func (LastLayer) Extras(*stack.Net, *stack.Block) ([]stack.Extra, error)              { return nil, nil }
func (LastLayer) Gradient(*stack.Pass, *stack.Block, *compute.Tensor) *compute.Tensor { return nil }
