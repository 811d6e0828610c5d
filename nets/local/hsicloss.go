package local

import (
	"errors"
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// HSICLoss is the Hilbert–Schmidt independence criterion of inputs and residuals (Greenfeld and Shalit 2020, "Robust Learning
// with the Hilbert-Schmidt Independence Criterion"). If noise is independent of the input, a model whose residuals are
// independent of the input too is the true one, whatever the distribution of inputs. Over a batch of m,
//
//	1000·HSIC(x, r),  HSIC(x, r) = tr(K·H·L·H)/(m−1)²,  H = I − 1·1ᵀ/m
//	K_ij = exp(−‖r_i − r_j‖²/(2·SigmaY²)),  L_ij = exp(−‖x_i − x_j‖²/(2·SigmaX²))
//
// with x the network's input and r the one-hot label minus the softmax; with Linear, the one-hot label minus the output; with
// Regression, the target minus the output. The authors' exp(−‖·‖²/s) has σ = √(s/2).
//
// The metric "loss" is the mean of the batches' losses. It depends on the batch size: it goes as 1/m for independent x and r,
// and is 0 for a batch of one. HSIC itself is at most about 1/4; the factor of 1000 makes its gradients as large as other
// losses'.
//
// Constants added to r do not change HSIC, so predictions add the mean residual, a running mean over about the last fifty
// batches, see [OffsetName]. The bias of linear outputs is not learned.
//
// HSIC is also small for residuals whose distances are large compared to SigmaY, so SigmaY should be at least as large as
// the residuals at the start. A common SigmaX is √(½·median squared distance of inputs).
//
// Memory: O(m·(inputs + outputs)). A step computes the kernels of x and of r three times each, at m·(m+1)·d flops for d
// numbers an example.
type HSICLoss struct {
	SigmaX     float32 `json:"sigma_x" toml:"sigma_x"` // in units of the input
	SigmaY     float32 `json:"sigma_y" toml:"sigma_y"` // in units of r
	Linear     bool    `json:"linear" toml:"linear"`   // r is of the outputs of classes, without a softmax
	Regression bool    `json:"-" toml:"-"`

	offset  *compute.Tensor // added by predictions; nil before Build
	outputs int
	batches *int64 // in the running mean
	inputs  nets.Shape
}

// DefaultHSICLoss has the widths of the paper's MNIST experiment, for pixels of mean 0 and variance 1.
var DefaultHSICLoss = HSICLoss{SigmaX: 22, SigmaY: 1}

// Check reports invalid widths.
func (l HSICLoss) Check() error {
	if !widthOK(l.SigmaX) || !widthOK(l.SigmaY) {
		return fmt.Errorf("sigma_x %g and sigma_y %g, want widths of 1e-15 to 1e15", l.SigmaX, l.SigmaY)
	}
	return nil
}

// Least returns 4: in smaller batches, kernels of residuals depend on their spread alone.
func (HSICLoss) Least() int      { return 4 }
func (l HSICLoss) Targets() bool { return l.Regression }

// Invariant reports whether constants added to the outputs do not change the loss, as for all but a softmax.
func (l HSICLoss) Invariant() bool { return l.Regression || l.Linear }

// OffsetName is the name of the offset tensor in the store and in model files: constants that predictions add to the class
// probabilities or, for targets and linear outputs, to the outputs.
const OffsetName = "output.offset"

// offsetMomentum is the weight of a batch in the running mean after the first 1/offsetMomentum batches, whose mean is plain.
const offsetMomentum = 0.02

// Build allocates the offset: the running mean, over training batches, of the residual, label or target minus output. It has
// no influence on learning.
func (l HSICLoss) Build(s *nets.Store, spec nets.Spec) (nets.Loss, error) {
	if s.Learners > 1 {
		return nil, fmt.Errorf("%w: kernels of a loss take one learner", nets.ErrAlone)
	}
	l.offset, l.outputs, l.inputs = s.Kept(OffsetName, nets.Zeros, spec.Out), spec.Out, spec.In
	s.Optional(l.offset)
	s.Averaged(l.offset)
	l.batches = s.Counter("output.offset.batches")
	return l, nil
}

var (
	scaled         = compute.Formula("c*x", "x")
	runningMean    = compute.Formula("keep*old + share*x", "x")
	unlabelled     = compute.Formula("-1")
	noClass        = compute.Formula("-1 - abs(label)", "label") // negative for any label
	throughSoftmax = compute.Formula("p*(sum - d)", "p", "d", "sum")
)

// Judge computes the dependence of the residuals of outputs y on the inputs.
func (l HSICLoss) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor, learn bool) (v nets.Verdict) {
	n := m.Examples()
	y = p.View(y, 0, n, l.outputs)
	var share, residual *compute.Tensor
	hot := func() *compute.Tensor { return p.View(p.OneHot(m, l.outputs), 0, n, l.outputs) }
	switch {
	case l.Regression:
		residual = p.Map(difference, p.View(m.Want, 0, n, l.outputs), y)
	case l.Linear:
		residual = p.Map(difference, hot(), y)
	default:
		share = softmax(p, y, p.Map(noClass, p.Labels(m)))
		residual = p.Map(difference, hot(), share)
	}
	var slope *compute.Tensor
	v.Loss, slope = l.dependence(p, p.View(m.X, 0, n, l.inputs.Len()), residual, learn)
	if !learn {
		return v
	}
	v.After = func() { l.follow(p, residual) }
	if l.Invariant() {
		v.Delta = p.Map(scaled.With("c", -1), slope)
	} else {
		v.Delta = p.Map(throughSoftmax, share, slope, p.PerRow(times, 1, share, slope))
	}
	return v
}

// Predict adds the offset to the class probabilities or, for targets and linear outputs, to the outputs.
func (l HSICLoss) Predict(p *nets.Pass, y *compute.Tensor) *compute.Tensor {
	if !l.Invariant() {
		rows := p.View(y, 0, y.Len()/l.outputs, l.outputs)
		none := p.Tensor(rows.Rows())
		p.Into(none, unlabelled)
		y = softmax(p, rows, none)
	}
	return p.Map(add, y, l.offset)
}

// follow updates the offset by the residuals of a training batch.
func (l HSICLoss) follow(p *nets.Pass, residual *compute.Tensor) {
	*l.batches++
	share := max(1/float64(*l.batches), offsetMomentum)
	mean := p.Tensor(1, 1, l.outputs)
	p.PerColumn(mean, nil, 1/float32(residual.Rows()), residual)
	p.Into(l.offset, runningMean.With("keep", float32(1-share)).With("share", float32(share)), mean)
}

// softmax returns the class probabilities: the gradient of [compute.SoftmaxLoss] for labels, none, that are no class.
func softmax(p *nets.Pass, logits, none *compute.Tensor) *compute.Tensor {
	n := logits.Rows()
	share := p.Like(logits)
	p.Do(compute.SoftmaxLoss{Loss: p.Tensor(n), Hit: p.Tensor(n), Delta: share, Logits: logits, Labels: none, Scale: 1})
	return share
}

const hsicUnit = 1000

// dependence returns m times the loss, in m summands, and its gradient by r.
func (l HSICLoss) dependence(p *nets.Pass, inputs, r *compute.Tensor, learn bool) (parts, slope *compute.Tensor) {
	m := float64(r.Rows())
	unit := hsicUnit / math.Pow(max(m-1, 1), 2)
	of := func(x *compute.Tensor, σ float32) compute.Similarity {
		return compute.Similarity{X: x, Kernel: compute.Gaussian, Sigma: []float32{σ}}
	}
	kr, kx := of(r, l.SigmaY), of(inputs, l.SigmaX)
	ours, alike := centre(p, kr)
	theirs, near := centre(p, kx)
	lossFault(p, alike, near)
	rows := p.Tensor(1, r.Rows())
	p.Do(compute.KernelSums{Dot: rows, K: kr, L: kx, A: ours, B: theirs})
	parts = p.Map(scaled.With("c", float32(m*unit)), rows)
	if learn {
		slope = p.Like(r)
		p.Do(compute.KernelGrad{DX: slope, K: kr, L: kx, Alpha: 1, Cross: float32(unit), R: p.Map(scaled.With("c", float32(-unit)), theirs)})
	}
	return parts, slope
}

// lessOne subtracts the diagonal entry from the sum of a row.
var lessOne = compute.Formula("x - 1", "x")

// centre returns the centring offsets A of a Gaussian kernel, with H·K·H = K − A[i] − A[j], see [compute.KernelSums], and the
// mean of K off the diagonal.
func centre(p *nets.Pass, k compute.Similarity) (offsets, apart *compute.Tensor) {
	m, means := float64(k.X.Rows()), means(p, k)
	apart = p.Tensor(1)
	p.Do(compute.Reduce{Out: apart, In: []*compute.Tensor{means.sums}, F: lessOne, Along: compute.AlongAll, Alpha: float32(1 / (m * max(m-1, 1)))})
	return offsetsOf(p, means, true), apart
}

// faultResiduals is a kernel of the residuals whose matrix is the identity. [FaultAlike] and [FaultNarrow] are of the inputs;
// residuals that are all the same are no fault.
const faultResiduals Fault = 0.75

// Of the mean k off the diagonal: too small for both kernels below 2⁻³⁰, and of the inputs too large above 1 − 2⁻²².
var (
	faultOfInputs = compute.Formula("max(max(old, where(least - k, narrow, 0)), where(k - most, alike, 0))", "k").
			With("least", 0x1p-30).With("most", 1-0x1p-22).With("narrow", float32(FaultNarrow)).With("alike", float32(FaultAlike))
	faultOfResiduals = compute.Formula("max(old, where(least - k, narrow, 0))", "k").
				With("least", 0x1p-30).With("narrow", float32(faultResiduals))
)

const lossName = "HSIC loss"

// lossFault records faults of both kernels, from the mean entries of their matrices off the diagonal.
func lossFault(p *nets.Pass, residuals, inputs *compute.Tensor) {
	if at := p.Fault(lossName); at != nil {
		p.Into(at, faultOfInputs, inputs)
		p.Into(at, faultOfResiduals, residuals)
	}
}

// Explain describes the faults of the loss.
func (l HSICLoss) Explain(name string, code float32) error {
	switch found := Fault(code); {
	case name != lossName:
		return nil
	case found == FaultAlike:
		return fmt.Errorf("the examples of a batch are all the same, or sigma_x %g so wide that it cannot tell them apart", l.SigmaX)
	case found == FaultNarrow:
		return fmt.Errorf("sigma_x %g is so narrow that no two examples are alike", l.SigmaX)
	case found == faultResiduals:
		return fmt.Errorf("sigma_y %g is so narrow that no two residuals are alike", l.SigmaY)
	}
	return errors.New("its kernels are not finite")
}
