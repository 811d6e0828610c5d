package stack

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"hebb/compute"
	"hebb/nets"
)

// A Builder collects the parameters of a network while its layers are built. They are allocated together at the end, each
// kind contiguous in memory.
type Builder struct {
	Learners int

	kinds   [kinds][]*Parameter
	weights []*Weights
	names   map[string]bool
	layers  []NamedLayer
	started bool     // there is a layer with weights below, in the same block
	rule    Local    // or nil
	blocks  *blocks  // of the stack that is built next, under a Local rule; or nil
	few     []string // layers that normalise over the batch alone: of one example they leave nothing
	alone   error    // why one learner only is supported; or nil
}

// A Kind groups parameters by their use.
type Kind int

const (
	Matrices  Kind = iota // weights between layers, which may have feedback weights
	Vectors               // biases and gains
	Extras                // parameters of the objectives of blocks
	Statistic             // buffers without gradients: running statistics
	Constants             // neither learned nor saved, and without a name
	kinds
)

// A Parameter describes a named tensor of a network. For one learner it has the given shape, for several it is learners ×
// shape, where a vector of n is learners × 1 × n.
type Parameter struct {
	Name   string
	Shape  []int
	Fill   func(*rand.Rand, []float32) // sets the initial values of a learner
	Value  **compute.Tensor
	Grad   **compute.Tensor // nil: none
	Layout nets.Layout
	Aside  bool // not in the model file: PyTorch has no such tensor
}

// Add registers a parameter. Its Value and Grad are set after all layers have been built.
func (b *Builder) Add(k Kind, p Parameter) error {
	if k != Constants && b.names[p.Name] {
		return fmt.Errorf("nets: two parameters are called %s", p.Name)
	}
	b.names[p.Name] = true
	b.kinds[k] = append(b.kinds[k], &p)
	return nil
}

// SingleLearner declares that the network supports one learner only, with the reason.
func (b *Builder) SingleLearner(format string, args ...any) {
	if b.alone == nil {
		b.alone = fmt.Errorf("%w: %s", nets.ErrAlone, fmt.Sprintf(format, args...))
	}
}

// Weighted reports whether a layer with weights has been built before.
func (b *Builder) Weighted() bool { return len(b.weights) > 0 }

// allocate allocates the parameters in s, kind by kind.
func (b *Builder) allocate(s *nets.Store) error {
	for k, all := range b.kinds {
		for _, p := range all {
			var t *compute.Tensor
			switch init := nets.Filled(p.Fill); Kind(k) {
			case Constants:
				x := make([]float32, length(p.Shape))
				p.Fill(nil, x)
				t = s.Fixed(slices.Repeat(x, b.Learners), append([]int{b.Learners}, p.Shape...)...)
			case Statistic:
				t = s.Kept(p.Name, init, p.Shape...)
				s.Averaged(t)
			default:
				t = s.Weights(p.Name, init, p.Shape...)
			}
			if Kind(k) != Constants {
				s.SetLayout(t, p.Layout)
				if p.Aside {
					s.Aside(t)
				}
			}
			if err := setView(b.Learners, p.Value, t, p.Shape); err != nil {
				return err
			}
			if p.Grad != nil {
				if err := setView(b.Learners, p.Grad, s.Grad(t), p.Shape); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// setView sets to to t, without the learners' axis if there is one learner.
func setView(learners int, to **compute.Tensor, t *compute.Tensor, shape []int) (err error) {
	switch {
	case learners == 1:
		*to, err = t.View(0, shape...)
	case len(shape) == 1:
		*to, err = t.View(0, learners, 1, shape[0])
	default:
		*to, err = t.View(0, append([]int{learners}, shape...)...)
	}
	return err
}

func length(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
