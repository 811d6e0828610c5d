package stack

import "hebb/compute"

// LastLayer trains the output layer alone; the blocks below stay as they are and run as in evaluation. It is the
// baseline of the local rules, and what the format training of the HSIC bottleneck is.
type LastLayer struct {
	Backprop `json:"-" toml:"-"`
}

func (LastLayer) Learns() (blocks, output bool)                           { return false, true }
func (LastLayer) Least() int                                              { return 1 }
func (LastLayer) Extras(*Net, *Block) ([]Extra, error)                    { return nil, nil }
func (LastLayer) Gradient(*Pass, *Block, *compute.Tensor) *compute.Tensor { return nil }
