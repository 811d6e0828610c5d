package stack

import (
	"fmt"
	"slices"
	"strings"

	"hebb/compute"
)

// A Loss is what a network is to make small: [CrossEntropy], [BinaryCrossEntropy], [SquaredError] or an [HSICLoss].
type Loss interface {
	// Check reports a setting that cannot be.
	Check() error

	// Least returns the fewest examples that it can learn from at a time.
	Least() int

	// Targets reports whether an example has targets, a number for each output, instead of a class.
	Targets() bool

	// leaves says what constant for each output is left open, see offset.
	leaves() open

	// judge compares logits, examples × classes, with the labels or targets.
	judge(p *Pass, logits, y *compute.Tensor, want bool) verdict
}

var (
	// CrossEntropy is that of softmax, −ln softmax(z)_l, averaged over a batch, see [compute.SoftmaxLoss].
	CrossEntropy Loss = crossEntropy{}
	// BinaryCrossEntropy is that of a sigmoid per class, −Σ_j t_j·ln σ(z_j) + (1−t_j)·ln(1−σ(z_j)), t being
	// 1 for the label's class and 0 for the others; averaged over a batch.
	BinaryCrossEntropy Loss = binaryCrossEntropy{}
	// SquaredError is Σ_j (t_j − z_j)² of targets t and outputs z, averaged over a batch: regression.
	SquaredError Loss = squaredError{}
)

// Losses are the losses of classes that [ParseLoss] knows by name, each with what it is and its settings.
var Losses = []struct {
	Name, About string
	Loss        Loss
}{
	{"cross-entropy", "of a softmax", CrossEntropy},
	{"binary-cross-entropy", "of a sigmoid for each class", BinaryCrossEntropy},
	{"hsic", "dependence between the inputs and the residuals of a softmax or, with linear=true, of the outputs", DefaultHSICLoss},
}

// ParseLoss returns the loss of a name, as [Losses] sets it.
func ParseLoss(name string) (Loss, error) {
	names := make([]string, len(Losses))
	for i, l := range Losses {
		names[i] = l.Name
	}
	i := slices.Index(names, name)
	if i < 0 {
		return nil, fmt.Errorf("loss %q, want one of %s", name, strings.Join(names, ", "))
	}
	return Losses[i].Loss, nil
}

// A verdict is what a loss says of a batch.
type verdict struct {
	loss     *compute.Tensor // numbers that add up to the losses of all examples
	hits     *compute.Tensor // to the hits or, of targets, to the squared errors
	delta    *compute.Tensor // at the logits, where it is wanted
	residual *compute.Tensor // of an open loss: label or target less output, examples × classes
}

// A meter sums up losses and hits on the device, to be read now and then.
type meter struct {
	sums *compute.Tensor // Σ loss, hits, the fault of each block, and that of the loss
}

func newMeter(n *Net) (m meter, err error) {
	sums := 3
	sums += len(n.blocks)
	m.sums, err = n.zeros(sums)
	return m, err
}

// judge adds what the loss says of a batch to m, and returns it.
func (t *Trainer) judge(p *Pass, m meter, logits, y *compute.Tensor, want bool) verdict {
	v := t.Loss.judge(p, logits, y, want)
	for i, x := range []*compute.Tensor{v.loss, v.hits} {
		p.Do(compute.Reduce{Out: p.View(m.sums, i, 1), In: []*compute.Tensor{x}, Along: compute.AlongAll, Alpha: 1, Beta: 1})
	}
	return v
}

// closed is what losses have in common that determine the outputs, and that any batch will do for.
type closed struct{}

func (closed) Check() error { return nil }
func (closed) Least() int   { return 1 }
func (closed) leaves() open { return nothing }

// classes is a closed loss of classes.
type classes struct{ closed }

func (classes) Targets() bool { return false }

type crossEntropy struct {
	classes `toml:"-"`
}

func (crossEntropy) judge(p *Pass, logits, labels *compute.Tensor, want bool) (v verdict) {
	v.loss, v.hits = p.Tensor(p.Examples), p.Tensor(p.Examples)
	if want {
		v.delta = p.Like(logits)
	}
	p.Do(compute.SoftmaxLoss{Loss: v.loss, Hit: v.hits, Delta: v.delta, Logits: logits, Labels: labels, Scale: 1 / float32(p.Examples)})
	return v
}

// Of BinaryCrossEntropy, with z the logits, l the labels and j the classes: [j = l], the loss
// max(z, 0) − z·t + ln(1 + exp(−|z|)) and the delta σ(z) − t; and of a row's argmax a, [a = l].
var (
	target      = equal(compute.Var(1), compute.Var(2))
	binaryLoss  = compute.Pointwise(binaryOf(compute.Var(0), target))
	binaryDelta = compute.Pointwise(compute.Mul(compute.Const(1), compute.Sub(compute.Activate(compute.Sigmoid, compute.Var(0)), target)))
	sameNumber  = compute.Pointwise(equal(compute.Var(0), compute.Var(1)))
)

func equal(a, b compute.Expr) compute.Expr {
	return compute.Select(compute.Sub(compute.Const(0.5), compute.Abs(compute.Sub(a, b))), compute.Const(1), compute.Const(0))
}

func binaryOf(z, t compute.Expr) compute.Expr {
	soft := compute.Log(compute.Add(compute.Const(1), compute.Exp(compute.Neg(compute.Abs(z)))))
	return compute.Add(compute.Sub(compute.Max(z, compute.Const(0)), compute.Mul(z, t)), soft)
}

type binaryCrossEntropy struct {
	classes `toml:"-"`
}

func (binaryCrossEntropy) judge(p *Pass, logits, labels *compute.Tensor, want bool) (v verdict) {
	v.loss = p.Tensor(p.Examples)
	in := []*compute.Tensor{logits, p.View(labels, 0, p.Examples, 1), p.Net.classes}
	p.Do(compute.Reduce{Out: v.loss, In: in, F: binaryLoss, Along: compute.AlongCols, Alpha: 1})
	v.hits = p.hits(logits, labels)
	if want {
		v.delta = p.Like(logits)
		p.Do(compute.Map{Out: v.delta, In: in, F: withFirst(binaryDelta, 1/float32(p.Examples))})
	}
	return v
}

// hits are 1 where the first of the largest in a row is at the label, and else 0.
func (p *Pass) hits(rows, labels *compute.Tensor) *compute.Tensor {
	best := p.Tensor(p.Examples)
	p.Do(compute.Reduce{Out: best, In: []*compute.Tensor{rows}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
	return p.Map(sameNumber, best, p.View(labels, 0, p.Examples))
}

type squaredError struct{ closed }

func (squaredError) Targets() bool { return true }

var (
	squaredDifference = func() *compute.Func {
		d := compute.Sub(compute.Var(0), compute.Var(1))
		return compute.Pointwise(compute.Mul(d, d))
	}()
	scaledDifference = compute.Pointwise(compute.Mul(compute.Const(1), compute.Sub(compute.Var(0), compute.Var(1))))
)

func (squaredError) judge(p *Pass, outputs, targets *compute.Tensor, want bool) (v verdict) {
	v.loss = p.perRow(squaredDifference, 1, targets, outputs)
	v.hits = v.loss
	if want {
		v.delta = p.Map(scaledDifference.WithConsts(2/float32(p.Examples)), outputs, targets)
	}
	return v
}

// withFirst is f with another first constant.
func withFirst(f *compute.Func, c float32) *compute.Func {
	consts := slices.Clone(f.Consts)
	consts[0] = c
	return f.WithConsts(consts...)
}
