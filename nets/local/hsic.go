package local

import (
	"fmt"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets/stack"
)

// HSICBottleneck trains each block so that its output depends on the labels and not on the input (Ma, Lewis and Kleijn 2020,
// "The HSIC Bottleneck: Deep Learning without Back-Propagation"). It minimises
//
//	nHSIC(Z, X) − Lambda·nHSIC(Z, Y)
//	nHSIC(A, B) = tr(R_A·R_B),  R = K̃·(K̃ + Eps·m·I)⁻¹,  K̃ = H·K·H,  K_ij = exp(−‖a_i − a_j‖²/(2σ²d))
//
// with Z the block's output, X the network's input and Y the one-hot labels, d numbers an example, and m the batch size. With
// several widths in Sigma it is the mean over the widths; the branches of an [stack.Ensemble] have one width each.
//
// With c = Eps·m and M = (K̃_Z + c·I)⁻¹ the gradient by K is c·M·T·M, where T = R_X − Lambda·R_Y is the same for all blocks. It
// needs no centring, since M·1 = 1/c and T·1 = 0.
type HSICBottleneck struct {
	Lambda float32 `json:"lambda" toml:"lambda"`
	Sigma  Widths  `json:"sigma" toml:"sigma"` // in units of √d
	Eps    float32 `json:"eps" toml:"eps"`
	// Alone does not train the output layer, so that the rule "last" can do it afterwards: the paper's format training.
	Alone bool `json:"alone,omitempty" toml:"alone,omitempty"`
	// Unformatted makes the output layer a permutation of the last block's units, one for each class: in the order of the
	// classes, each gets the most active unit for its examples that is still free.
	Unformatted bool `json:"unformatted,omitempty" toml:"unformatted,omitempty"`

	oneAtATime     `json:"-" toml:"-"`
	stack.Backprop `json:"-" toml:"-"`
}

// DefaultHSIC has the hyper-parameters of the authors' general configuration.
var DefaultHSIC = HSICBottleneck{Lambda: 50, Sigma: "5", Eps: 1e-5}

// Check reports invalid settings.
func (r HSICBottleneck) Check() error {
	switch {
	case !(r.Lambda >= 0 && float.Finite(r.Lambda)):
		return fmt.Errorf("lambda %g, want at least 0", r.Lambda)
	case !(r.Eps >= 1e-12 && r.Eps <= 1):
		return fmt.Errorf("eps %g, want a number within [1e-12, 1]", r.Eps)
	}
	if r.Alone && r.Unformatted {
		return fmt.Errorf("alone and unformatted, want at most one of them")
	}
	if _, err := r.Sigma.Values(); err != nil {
		return fmt.Errorf("sigma: %w", err)
	}
	return nil
}

func (r HSICBottleneck) Learns() (blocks, output bool) { return true, !r.Alone && !r.Unformatted }
func (HSICBottleneck) Least() int                      { return 4 }

// widths is the kernel widths of a block.
type widths []float32

func (r HSICBottleneck) Extras(n *stack.Net, b *stack.Block) ([]stack.Extra, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	sigma, err := r.Sigma.Values()
	if err != nil {
		return nil, err
	}
	if branches := n.Branches(); branches > 1 && len(sigma) > 1 {
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
	return []stack.Extra{{Name: answers, Shape: []int{n.Classes, n.Classes}, Zero: true, Fixed: true}}, nil
}

// answers names the running sums, classes × units, of the last block's activity for the examples of each class.
const answers = "answers"

func (r HSICBottleneck) Gradient(p *stack.Pass, b *stack.Block, y *compute.Tensor) *compute.Tensor {
	sigma, m := []float32(b.Memo.(widths)), p.Examples
	c := r.Eps * float32(m)
	target := p.Once(targetKey{sigma[0], len(sigma)}, func() *compute.Tensor { return r.target(p, sigma, c) })
	z := p.Matrix(y)
	inverse, info := regularised(p, z, sigma, c)
	note(p.Pass, blockPrefix+b.Name, info)
	left, g := p.Like(inverse), p.Like(inverse)
	p.Do(compute.Copy{Dst: left, Src: inverse})
	p.Do(compute.Gemm{C: left, A: inverse, B: target, Epilogue: compute.Epilogue{Alpha: 1, Beta: 1 - r.Lambda}})
	p.Do(compute.Gemm{C: g, A: left, B: inverse, Epilogue: compute.Epilogue{Alpha: c / float32(len(sigma))}})
	dz := p.Like(z)
	p.Do(compute.KernelGrad{DX: dz, K: compute.Similarity{X: z, Kernel: compute.Gaussian, Sigma: sigma, PerDim: true}, G: g, Alpha: 1})
	if r.Unformatted && b.Last && !p.Quiet {
		p.Do(compute.Gemm{C: b.Extra(answers).Value, A: p.OneHot(), B: z, TransA: true, Epilogue: compute.Epilogue{Alpha: 1, Beta: 0.99}})
	}
	return p.View(dz, 0, y.Shape()...)
}

// Settle sets the output layer, if Unformatted.
func (r HSICBottleneck) Settle(p *stack.Pass) error {
	n := p.Net
	if !r.Unformatted || len(n.Blocks()) == 0 {
		return nil
	}
	out, classes := n.Weights[len(n.Weights)-1], n.Classes
	seen, w := make([]float32, classes*classes), make([]float32, classes*classes)
	p.Read(n.Blocks()[len(n.Blocks())-1].Extra(answers).Value, seen)
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
	p.Write(out.W, w)
	if out.Bias != nil {
		p.Write(out.Bias, make([]float32, classes))
	}
	return nil
}

type targetKey struct {
	first  float32
	widths int
}

// target returns T − (1 − Lambda)·I = −c·(M_X − Lambda·M_Y) for each width, as R = I − c·M.
func (r HSICBottleneck) target(p *stack.Pass, sigma []float32, c float32) *compute.Tensor {
	x, info := regularised(p, p.Matrix(p.Moment.X), sigma, c)
	note(p.Pass, blockPrefix+p.Net.Blocks()[0].Name, info)
	y, info := regularised(p, p.OneHot(), sigma, c)
	note(p.Pass, blockPrefix+p.Net.Blocks()[0].Name, info)
	t := p.Like(x)
	p.Into(t, weighted.With("a", -c).With("b", c*r.Lambda), x, y)
	return t
}

// regularised returns (K̃ + c·I)⁻¹ of the rows of x for each width, and fault codes, see [compute.Inverse].
func regularised(p *stack.Pass, x *compute.Tensor, sigma []float32, c float32) (inverse, info *compute.Tensor) {
	m := x.Rows()
	k := p.Tensor(len(sigma), m, m)
	inverse, info = p.Like(k), p.Tensor(len(sigma))
	p.Do(compute.Gram{K: k, X: x, Kernel: compute.Gaussian, Sigma: sigma, PerDim: true, Center: compute.Double})
	p.Do(compute.Inverse{Inv: inverse, Info: info, A: k, Shift: c})
	return inverse, info
}
