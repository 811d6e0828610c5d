package nets

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"hebb/compute"
	"hebb/internal/count"
)

// A Loss measures how far the outputs of a system are from the labels or targets, and gives the gradient. A loss with
// tensors of its own is a [BuiltLoss].
type Loss interface {
	// Check reports an invalid setting.
	Check() error

	// Least returns the smallest batch that the loss can be computed from.
	Least() int

	// Targets reports whether the loss compares with targets, a number for each output, instead of class labels.
	Targets() bool

	// Judge computes the loss of outputs y against m.Want where m.Mask is not 0, and the gradient if learn is true.
	Judge(p *Pass, m Moment, y *compute.Tensor, learn bool) Verdict
}

// A Verdict is the loss of a moment and its gradient.
type Verdict struct {
	Loss  *compute.Tensor // learners × anything: its sum is the sum of the examples' losses
	Delta *compute.Tensor // gradient of the mean loss by the outputs, of their shape; nil unless learn
	// After, if not nil, is called after the backward pass and before the weights change.
	After func()
}

// masked zeroes the losses and deltas of the examples that the moment masks.
func (v Verdict) masked(p *Pass, m Moment) Verdict {
	if m.Mask == nil {
		return v
	}
	v.Loss = p.Masked(p.View(v.Loss, 0, p.Learners, m.Examples(), 1), m)
	if v.Delta != nil {
		v.Delta = p.Masked(v.Delta, m)
	}
	return v
}

// Optional interfaces of a Loss.
type (
	// A BuiltLoss has tensors of its own: Build allocates them in s and returns the loss that uses them.
	BuiltLoss interface {
		Build(s *Store, spec Spec) (Loss, error)
	}

	// A Predictor turns the outputs of a network into its predictions, where the two differ.
	Predictor interface {
		Predict(p *Pass, y *compute.Tensor) *compute.Tensor
	}

	// A Probable loss is one of classes whose outputs, or predictions if it is a [Predictor], stand for probabilities:
	// Probabilities turns those of an example into them, in place.
	Probable interface{ Probabilities(y []float64) }

	// An Invariant loss does not change when a constant is added to the outputs, so that the output bias is not learned.
	Invariant interface{ Invariant() bool }
)

var (
	// CrossEntropy is the softmax cross-entropy −ln softmax(z)_l for label l, averaged over a batch, see
	// [compute.SoftmaxLoss].
	CrossEntropy Loss = crossEntropy{}
	// BinaryCrossEntropy is the cross-entropy of a sigmoid per class, −Σ_j t_j·ln σ(z_j) + (1−t_j)·ln(1−σ(z_j)), with t_j
	// 1 for the label's class and 0 for the others, averaged over a batch.
	BinaryCrossEntropy Loss = binaryCrossEntropy{}
	// SquaredError is the squared error Σ_j (t_j − z_j)² of outputs z and targets t, averaged over a batch.
	SquaredError Loss = squaredError{}
)

// A NamedLoss is a Loss that configurations and the command line refer to by name.
type NamedLoss struct {
	Name, About string
	Loss        Loss
}

// Losses lists the losses of this package by name.
var Losses = []NamedLoss{
	{"cross-entropy", "of a softmax", CrossEntropy},
	{"binary-cross-entropy", "of a sigmoid for each class", BinaryCrossEntropy},
	{"squared-error", "of targets", SquaredError},
}

// DefaultLoss returns CrossEntropy for class labels, and SquaredError otherwise.
func DefaultLoss(spec Spec) Loss {
	if spec.Classes {
		return CrossEntropy
	}
	return SquaredError
}

// BuildLoss checks that a loss suits the Spec, and builds it if it is a [BuiltLoss].
func BuildLoss(s *Store, spec Spec, l Loss) (Loss, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	switch {
	case spec.Out < 1:
		return nil, errors.New("nets: the system learns from an error, and the task wants nothing; want numbers or classes")
	case l.Targets() && spec.Classes:
		return nil, fmt.Errorf("nets: the loss is one of targets, and the task has %s", count.Of(spec.Out, "class"))
	case !l.Targets() && !spec.Classes:
		return nil, fmt.Errorf("nets: the loss is one of classes, and the task wants %s", count.Of(spec.Out, "number"))
	}
	if b, ok := l.(BuiltLoss); ok {
		return b.Build(s, spec)
	}
	return l, nil
}

// Closed implements Check and Least for losses without settings that a batch of one suffices for: embed it.
type Closed struct{}

func (Closed) Check() error { return nil }
func (Closed) Least() int   { return 1 }

// OfClasses implements Targets as well, for losses of class labels.
type OfClasses struct{ Closed }

func (OfClasses) Targets() bool { return false }

type crossEntropy struct {
	OfClasses `toml:"-"`
}

func (crossEntropy) Judge(p *Pass, m Moment, y *compute.Tensor, learn bool) (v Verdict) {
	n := m.Examples()
	rows := p.Learners * n
	loss, hit := p.Tensor(rows), p.Tensor(rows)
	v.Loss = loss
	s := compute.SoftmaxLoss{Loss: loss, Hit: hit, Logits: p.View(y, 0, rows, y.Cols()), Labels: p.Labels(m), Scale: 1 / float32(n)}
	if learn {
		v.Delta = p.Like(y)
		s.Delta = p.View(v.Delta, 0, rows, y.Cols())
	}
	p.Do(s)
	return v.masked(p, m)
}

// Probabilities is the softmax.
func (crossEntropy) Probabilities(y []float64) {
	top, sum := slices.Max(y), 0.0
	for i, z := range y {
		y[i] = math.Exp(z - top)
		sum += y[i]
	}
	for i := range y {
		y[i] /= sum
	}
}

// hot is 1 where the class is that of the label, and 0 for the others.
const hot = "where(0.5 - abs(label - class), 1, 0)"

// Of BinaryCrossEntropy, with z the logits; the loss does not overflow for any z.
var (
	binaryLoss  = compute.Formula("max(z, 0) - z*"+hot+" + log(1 + exp(-abs(z)))", "z", "label", "class")
	binaryDelta = compute.Formula("scale*(sigmoid(z) - "+hot+")", "z", "label", "class")
	oneHot      = compute.Formula(hot, "label", "class")
)

type binaryCrossEntropy struct {
	OfClasses `toml:"-"`
}

func (binaryCrossEntropy) Judge(p *Pass, m Moment, y *compute.Tensor, learn bool) (v Verdict) {
	n := m.Examples()
	rows, c := p.Learners*n, y.Cols()
	v.Loss = p.Tensor(rows)
	in := []*compute.Tensor{p.View(y, 0, rows, c), p.View(p.Labels(m), 0, rows, 1), p.Numbers(c)}
	p.Do(compute.Reduce{Out: v.Loss, In: in, F: binaryLoss, Along: compute.AlongCols, Alpha: 1})
	if learn {
		v.Delta = p.Like(y)
		p.Into(p.View(v.Delta, 0, rows, c), binaryDelta.With("scale", 1/float32(n)), in...)
	}
	return v.masked(p, m)
}

// Probabilities is the sigmoid of each output: they are of a yes for each class, and do not sum to 1.
func (binaryCrossEntropy) Probabilities(y []float64) {
	for i, z := range y {
		y[i] = 1 / (1 + math.Exp(-z))
	}
}

type squaredError struct {
	Closed `toml:"-"`
}

func (squaredError) Targets() bool { return true }

var (
	squaredDifference = compute.Formula("(x - y)*(x - y)", "x", "y")
	scaledDifference  = compute.Formula("scale*(x - y)", "x", "y")
)

func (squaredError) Judge(p *Pass, m Moment, y *compute.Tensor, learn bool) (v Verdict) {
	n := m.Examples()
	want := p.All(m.Want)
	v.Loss = p.PerExample(squaredDifference, want, y)
	if learn {
		v.Delta = p.Like(y)
		p.Into(v.Delta, scaledDifference.With("scale", 2/float32(n)), y, p.View(want, 0, y.Shape()...))
	}
	return v.masked(p, m)
}

// Names joins the names of a list with commas, for messages.
func Names[T any](all []T, name func(T) string) string {
	names := make([]string, len(all))
	for i, x := range all {
		names[i] = name(x)
	}
	return strings.Join(names, ", ")
}
