package stack

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"hebb/compute"
)

// A builder collects the parameters of a network while its layers are made, so that those of one kind
// come to lie in one tensor: an optimiser is then one op for the whole network.
type builder struct {
	kinds   [kinds][]*parameter
	weights []*Weights
	names   map[string]bool
	started bool    // there is a layer with weights below, in the same block
	rule    Local   // or nil
	blocks  *blocks // of that rule, to which the stack that is built next belongs; or nil
}

// A kind is what a parameter is to the optimiser and to the rule.
type kind int

const (
	matrices  kind = iota // weights between layers, which may have feedback weights beside them
	vectors               // biases and gains
	extras                // what the objectives of blocks learn for themselves
	states                // learned by no gradient: running statistics
	constants             // neither learned nor saved, and without a name
	kinds
)

// A parameter is a tensor of the network under its own name.
type parameter struct {
	name   string
	shape  []int
	fill   func(*rand.Rand, []float32)
	value  **compute.Tensor
	grad   **compute.Tensor // nil: none
	layout layout
	aside  bool // PyTorch knows nothing of it
}

// add asks for a parameter; value and grad are set once all are known.
func (b *builder) add(k kind, p parameter) error {
	if k != constants && b.names[p.name] {
		return fmt.Errorf("nets: two parameters are called %s", p.name)
	}
	b.names[p.name] = true
	b.kinds[k] = append(b.kinds[k], &p)
	return nil
}

// room is how many numbers a parameter takes in the common tensor: each starts at a multiple of 256
// bytes, which is what devices ask of a binding, and the rest is zeros, which stay zeros.
func room(n int) int { return (n + 63) / 64 * 64 }

func length(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// lay makes one tensor for all parameters of the given kinds, in their order, and returns where each
// kind starts in it.
func (b *builder) lay(ks ...kind) (starts []int, total int) {
	for _, k := range ks {
		starts = append(starts, total)
		for _, p := range b.kinds[k] {
			total += room(length(p.shape))
		}
	}
	return starts, total
}

// first returns the values that a parameter starts with. They depend on the seed and its name alone.
func (p *parameter) first(seed uint64) []float32 {
	h := fnv.New64a()
	h.Write([]byte(p.name))
	x := make([]float32, length(p.shape))
	p.fill(rand.New(rand.NewPCG(seed, h.Sum64())), x)
	return x
}
