package stack

import (
	"fmt"

	"hebb/compute"
)

// HSICBottleneck trains each block, without any delta from above, to depend on the labels and not on the input (Ma, Lewis and Kleijn
// 2020, "The HSIC Bottleneck: Deep Learning without Back-Propagation"): it descends
//
//	nHSIC(Z, X) − Lambda·nHSIC(Z, Y)
//	nHSIC(A, B) = tr(R_A·R_B),  R = K̃·(K̃ + Eps·m·I)⁻¹,  K̃ = H·K·H,  K_ij = exp(−‖a_i − a_j‖²/(2σ²d))
//
// with Z the block's output, X the network's input and Y the labels, one-hot, d numbers each; m is the batch. With
// several widths in Sigma it is the mean over them, each with itself; but each branch of an [Ensemble] has one of them.
//
// With c = Eps·m and M = (K̃_Z + c·I)⁻¹ the gradient by K is c·M·T·M, where T = R_X − Lambda·R_Y is the same for all blocks. It needs
// no centring: M·1 = 1/c and T·1 = 0.
type HSICBottleneck struct {
	Lambda float32 `json:"lambda" toml:"lambda"`
	Sigma  Widths  `json:"sigma" toml:"sigma"` // in units of √d
	Eps    float32 `json:"eps" toml:"eps"`
	// Alone leaves the output layer as it is, for the rule "last" to train afterwards: the paper's format training.
	Alone bool `json:"alone,omitempty" toml:"alone,omitempty"`
	// Unformatted makes the output layer an assignment of the last block's units, of which there are to be as many as
	// classes, to the classes: each gets the unit that answers most to its examples, in their order, no unit twice.
	Unformatted bool `json:"unformatted,omitempty" toml:"unformatted,omitempty"`

	Backprop `json:"-" toml:"-"`
}

// DefaultHSIC has the constants of the authors' general configuration.
var DefaultHSIC = HSICBottleneck{Lambda: 50, Sigma: "5", Eps: 1e-5}

// Check reports a setting that cannot be.
func (r HSICBottleneck) Check() error {
	switch {
	case !(r.Lambda >= 0 && finite32(float64(r.Lambda))):
		return fmt.Errorf("lambda %g, want at least 0", r.Lambda)
	case !(r.Eps >= 1e-12 && r.Eps <= 1):
		return fmt.Errorf("eps %g, want a number within [1e-12, 1]", r.Eps)
	}
	if r.Alone && r.Unformatted {
		return fmt.Errorf("alone and unformatted, want at most one of them")
	}
	_, err := r.Sigma.Values()
	return err
}

func (r HSICBottleneck) Learns() (blocks, output bool) { return true, !r.Alone && !r.Unformatted }
func (HSICBottleneck) Least() int                      { return 4 }

// widths are those of a block.
type widths []float32

func (r HSICBottleneck) Extras(n *Net, b *Block) ([]Extra, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	sigma, err := r.Sigma.Values()
	if err != nil {
		return nil, err
	}
	if branches := n.branches(); branches > 1 && len(sigma) > 1 {
		if len(sigma) != branches {
			return nil, fmt.Errorf("nets: %d widths for %d branches, want as many, or one for all", len(sigma), branches)
		}
		sigma = sigma[b.Branch:][:1]
	}
	b.Memo = widths(sigma)
	if !r.Unformatted || !b.Last {
		return nil, nil
	}
	if b.Out.Len() != n.Classes {
		return nil, fmt.Errorf("nets: the last block, %s, has %d units, and unformatted it wants one for each of the %d classes", b.Name, b.Out.Len(), n.Classes)
	}
	return []Extra{{Name: answers, Shape: []int{n.Classes, n.Classes}, Zero: true, Fixed: true}}, nil
}

// answers are how much each unit answers to the examples of each class, a row; of late more than of old.
const answers = "answers"

func (r HSICBottleneck) Gradient(p *Pass, b *Block, y *compute.Tensor) *compute.Tensor {
	sigma, m := []float32(b.Memo.(widths)), p.Examples
	c := r.Eps * float32(m)
	target := p.Once(targetKey{sigma[0], len(sigma)}, func() *compute.Tensor { return r.target(p, sigma, c) })
	z := p.matrix(y)
	inverse, info := p.regularised(z, sigma, c)
	p.Fault(b, info)
	left, g := p.Like(inverse), p.Like(inverse)
	p.Do(compute.Copy{Dst: left, Src: inverse})
	p.Do(compute.Gemm{C: left, A: inverse, B: target, Epilogue: compute.Epilogue{Alpha: 1, Beta: 1 - r.Lambda}})
	p.Do(compute.Gemm{C: g, A: left, B: inverse, Epilogue: compute.Epilogue{Alpha: c / float32(len(sigma))}})
	dz := p.Like(z)
	p.Do(compute.KernelGrad{DX: dz, K: compute.Similarity{X: z, Kernel: compute.Gaussian, Sigma: sigma, PerDim: true}, G: g, Alpha: 1})
	if r.Unformatted && b.Last && !p.quiet {
		p.Do(compute.Gemm{C: b.own(answers).Value, A: p.oneHot(), B: z, TransA: true, Epilogue: compute.Epilogue{Alpha: 1, Beta: 0.99}})
	}
	return p.View(dz, 0, y.Shape()...)
}

// Settle makes the output layer what Unformatted says.
func (r HSICBottleneck) Settle(n *Net) error {
	if !r.Unformatted || len(n.blocks) == 0 {
		return nil
	}
	out, classes := n.Weights[len(n.Weights)-1], n.Classes
	seen, w := make([]float32, classes*classes), make([]float32, classes*classes)
	return n.dev.Step(func(s *compute.Step) error {
		s.Read(n.blocks[len(n.blocks)-1].own(answers).Value, seen)
		taken := make([]bool, classes)
		for c := range classes {
			best := -1
			for u, a := range seen[c*classes:][:classes] {
				if !taken[u] && (best < 0 || a > seen[c*classes+best]) {
					best = u
				}
			}
			taken[best], w[c*classes+best] = true, 1
		}
		s.Write(out.W, w)
		if out.Bias != nil {
			s.Write(out.Bias, make([]float32, classes))
		}
		return nil
	})
}

type targetKey struct {
	first  float32
	widths int
}

// target is T − (1 − Lambda)·I = −c·(M_X − Lambda·M_Y) for each width, since R = I − c·M.
func (r HSICBottleneck) target(p *Pass, sigma []float32, c float32) *compute.Tensor {
	x, info := p.regularised(p.matrix(p.Input), sigma, c)
	p.Fault(p.Net.blocks[0], info)
	y, info := p.regularised(p.oneHot(), sigma, c)
	p.Fault(p.Net.blocks[0], info)
	t := p.Like(x)
	p.Do(compute.Map{Out: t, In: []*compute.Tensor{x, y}, F: weighted.WithConsts(-c, c*r.Lambda)})
	return t
}

// regularised is (K̃ + c·I)⁻¹ of the rows of x, for each width, and what became of it.
func (p *Pass) regularised(x *compute.Tensor, sigma []float32, c float32) (inverse, info *compute.Tensor) {
	m := x.Rows()
	k := p.Tensor(len(sigma), m, m)
	inverse, info = p.Like(k), p.Tensor(len(sigma))
	p.Do(compute.Gram{K: k, X: x, Kernel: compute.Gaussian, Sigma: sigma, PerDim: true, Center: compute.Double})
	p.Do(compute.Inverse{Inv: inverse, Info: info, A: k, Shift: c})
	return inverse, info
}
