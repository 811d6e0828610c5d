package stack

import (
	"fmt"
	"math"

	"hebb/compute"
)

// HSICLoss is the Hilbert–Schmidt independence criterion of inputs and residuals (Greenfeld and Shalit 2020, "Robust
// Learning with the Hilbert-Schmidt Independence Criterion"): where the noise does not depend on the input, residuals
// that do not either are those of the truth, wherever inputs come from. Over a batch of m,
//
//	1000·HSIC(x, r),  HSIC(x, r) = tr(K·H·L·H)/(m−1)²,  H = I − 1·1ᵀ/m
//	K_ij = exp(−‖r_i − r_j‖²/(2·SigmaY²)),  L_ij = exp(−‖x_i − x_j‖²/(2·SigmaX²))
//
// with r the one-hot label less the softmax, with Linear the one-hot label less the output and, with Regression, the
// target less the output; x is the input as the network gets it. The authors' exp(−‖·‖²/s) is this with σ = √(s/2).
//
// [Score.Loss] is that of a batch, as a mean over the examples of batches: it depends on how large these are, goes as
// 1/m where nothing depends on anything, and is 0 for a batch of one. HSIC itself is about 1/4 at most; in thousandths,
// its gradients are of a size with those of other losses.
//
// A constant added to r for each output changes nothing, so predictions add the mean residual of the batches learned
// from (see [OffsetName]): a running mean, over the last fifty or so. The bias of linear outputs stays what it is.
//
// Residuals that are far apart beside SigmaY look independent of everything, and HSIC is small there too: SigmaY is to be
// about as large as they are at the start, or larger. SigmaX is commonly √(½·the median squared distance of inputs).
//
// Memory: O(m·(inputs + outputs)). Cost of a step: the kernels of x and of r, three times each, at m·(m+1)·d flops for
// rows of length d.
type HSICLoss struct {
	SigmaX     float32 `json:"sigma_x" toml:"sigma_x"` // in units of the input
	SigmaY     float32 `json:"sigma_y" toml:"sigma_y"` // in units of r
	Linear     bool    `json:"linear" toml:"linear"`   // r is of the outputs of classes, without a softmax
	Regression bool    `json:"-" toml:"-"`
}

// DefaultHSICLoss has the widths of the paper's experiment with MNIST, for pixels of mean 0 and variance 1.
var DefaultHSICLoss = HSICLoss{SigmaX: 22, SigmaY: 1}

// Check reports a width that cannot be.
func (l HSICLoss) Check() error {
	if !widthOK(l.SigmaX) || !widthOK(l.SigmaY) {
		return fmt.Errorf("sigma_x %g and sigma_y %g, want widths of 1e-15 to 1e15", l.SigmaX, l.SigmaY)
	}
	return nil
}

// Least is 4: with fewer, all that kernels say of residuals is how far apart they are.
func (HSICLoss) Least() int      { return 4 }
func (l HSICLoss) Targets() bool { return l.Regression }
func (l HSICLoss) leaves() open {
	if l.Regression || l.Linear {
		return ofOutputs
	}
	return ofShares
}

var (
	scaled = compute.Pointwise(compute.Mul(compute.Const(1), compute.Var(0)))
	// no class: whatever the label was, a negative number
	noClass = compute.Pointwise(compute.Sub(compute.Const(-1), compute.Abs(compute.Var(0))))
	// p·(s − g)
	throughSoftmax = compute.Pointwise(compute.Mul(compute.Var(0), compute.Sub(compute.Var(2), compute.Var(1))))
)

func (l HSICLoss) judge(p *Pass, logits, y *compute.Tensor, want bool) (v verdict) {
	var share, slope *compute.Tensor
	switch offset := p.Net.offset.value; {
	case l.Regression:
		v.residual = p.Map(difference, y, logits)
		v.hits = p.perRow(squaredDifference, 1, v.residual, offset)
	case l.Linear:
		v.residual = p.Map(difference, p.oneHot(), logits)
		v.hits = p.hits(p.Map(add, logits, offset), y)
	default:
		share = p.softmax(logits, p.Map(noClass, y))
		v.residual = p.Map(difference, p.oneHot(), share)
		v.hits = p.hits(p.Map(add, share, offset), y)
	}
	v.loss, slope = l.dependence(p, v.residual, want)
	switch {
	case !want:
	case l.leaves() == ofOutputs:
		v.delta = p.Map(scaled.WithConsts(-1), slope)
	default:
		v.delta = p.Map(throughSoftmax, share, slope, p.perRow(times, 1, share, slope))
	}
	return v
}

// softmax takes labels of no class, since those of one are taken from it.
func (p *Pass) softmax(logits, none *compute.Tensor) *compute.Tensor {
	share := p.Like(logits)
	p.Do(compute.SoftmaxLoss{Loss: p.Tensor(p.Examples), Hit: p.Tensor(p.Examples), Delta: share, Logits: logits, Labels: none, Scale: 1})
	return share
}

const hsicUnit = 1000

// dependence returns m times the loss of inputs and r, in m parts, and the gradient of the loss by r.
func (l HSICLoss) dependence(p *Pass, r *compute.Tensor, want bool) (parts, slope *compute.Tensor) {
	m := float64(p.Examples)
	unit := hsicUnit / math.Pow(max(m-1, 1), 2)
	of := func(x *compute.Tensor, σ float32) compute.Similarity {
		return compute.Similarity{X: x, Kernel: compute.Gaussian, Sigma: []float32{σ}}
	}
	kr, kx := of(r, l.SigmaY), of(p.matrix(p.Input), l.SigmaX)
	ours, alike := p.centre(kr)
	inputs, near := p.centre(kx)
	p.lossFault(alike, near)
	rows := p.Tensor(1, p.Examples)
	p.Do(compute.KernelSums{Dot: rows, K: kr, L: kx, A: ours, B: inputs})
	parts = p.Map(scaled.WithConsts(float32(m*unit)), rows)
	if want {
		slope = p.Like(r)
		p.Do(compute.KernelGrad{DX: slope, K: kr, L: kx, Alpha: 1, Cross: float32(unit), R: p.Map(scaled.WithConsts(float32(-unit)), inputs)})
	}
	return parts, slope
}

// lessOne takes the diagonal out of the sum of a row: nothing is lost where there is nothing beside it.
var lessOne = compute.Pointwise(compute.Sub(compute.Var(0), compute.Const(1)))

// centre returns of a Gaussian kernel what [compute.KernelSums] calls A, that K − A[i] − A[j] is H·K·H, and its mean off
// the diagonal.
func (p *Pass) centre(k compute.Similarity) (offsets, apart *compute.Tensor) {
	m, means := float64(p.Examples), p.means(k)
	apart = p.Tensor(1)
	p.Do(compute.Reduce{Out: apart, In: []*compute.Tensor{means.sums}, F: lessOne, Along: compute.AlongAll, Alpha: float32(1 / (m * max(m-1, 1)))})
	return p.offsets(means, true), apart
}

// What is wrong with kernels of a loss, beside [FaultAlike] and [FaultNarrow] of the inputs. Residuals that are all
// alike are no fault: it is what they are to be.
const faultResiduals Fault = 0.75

// Of the mean off the diagonal: below 2⁻³⁰ a fault, as is 1 − 2⁻²² of the inputs; and what was known before.
var (
	faultOfInputs = compute.Pointwise(compute.Max(compute.Max(compute.Old(), below(0x1p-30, FaultNarrow)),
		compute.Select(compute.Sub(compute.Var(0), compute.Const(1-0x1p-22)), compute.Const(float32(FaultAlike)), compute.Const(0))))
	faultOfResiduals = compute.Pointwise(compute.Max(compute.Old(), below(0x1p-30, faultResiduals)))
)

func below(least float32, f Fault) compute.Expr {
	return compute.Select(compute.Sub(compute.Const(least), compute.Var(0)), compute.Const(float32(f)), compute.Const(0))
}

// lossFault looks at the mean entries of both kernel matrices off the diagonal, and remembers what is wrong with them
// for [Trainer.Score].
func (p *Pass) lossFault(residuals, inputs *compute.Tensor) {
	if p.meter.sums == nil {
		return
	}
	at := p.View(p.meter.sums, p.meter.sums.Len()-1, 1)
	p.Do(compute.Map{Out: at, In: []*compute.Tensor{inputs}, F: faultOfInputs})
	p.Do(compute.Map{Out: at, In: []*compute.Tensor{residuals}, F: faultOfResiduals})
}

// fault says what a loss could not be had from.
func (l HSICLoss) fault(found Fault, step uint64) error {
	why := ""
	switch {
	case found == 0:
		return nil
	case found == FaultAlike:
		why = fmt.Sprintf("the examples of a batch are all the same, or sigma_x %g so wide that it cannot tell them apart", l.SigmaX)
	case found == FaultNarrow:
		why = fmt.Sprintf("sigma_x %g is so narrow that no two examples are alike", l.SigmaX)
	default:
		why = fmt.Sprintf("sigma_y %g is so narrow that no two residuals are alike", l.SigmaY)
	}
	return fmt.Errorf("%w: HSIC loss, by step %d: %s", ErrObjective, step, why)
}
