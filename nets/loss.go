package nets

import (
	"fmt"
	"slices"
	"strings"

	"hebb/compute"
)

// A Loss is what a network is to make small, averaged over a batch.
type Loss uint8

const (
	// CrossEntropy is that of softmax, −ln softmax(z)_l, see [compute.SoftmaxLoss].
	CrossEntropy Loss = iota
	// BinaryCrossEntropy is that of a sigmoid per class, −Σ_j t_j·ln σ(z_j) + (1−t_j)·ln(1−σ(z_j)), t being
	// 1 for the label's class and 0 for the others.
	BinaryCrossEntropy
)

var lossNames = []string{"cross-entropy", "binary-cross-entropy"}

func (l Loss) String() string {
	if int(l) < len(lossNames) {
		return lossNames[l]
	}
	return fmt.Sprintf("Loss(%d)", l)
}

// MarshalText returns the loss's name.
func (l Loss) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText sets l to the loss of that name.
func (l *Loss) UnmarshalText(name []byte) error {
	k := slices.Index(lossNames, string(name))
	if k < 0 {
		return fmt.Errorf("loss %q, want one of %s", name, strings.Join(lossNames, ", "))
	}
	*l = Loss(k)
	return nil
}

// A meter sums up losses and hits on the device, to be read now and then.
type meter struct {
	sums    *compute.Tensor // Σ loss, hits
	classes *compute.Tensor // 0, 1, …
}

func newMeter(dev *compute.Device, classes int) (m meter, err error) {
	if m.sums, err = dev.Tensor(2); err != nil {
		return m, err
	}
	if m.classes, err = dev.Tensor(classes); err != nil {
		return m, err
	}
	numbers := make([]float32, classes)
	for i := range numbers {
		numbers[i] = float32(i)
	}
	return m, dev.Step(func(s *compute.Step) error {
		s.Write(m.sums, make([]float32, 2))
		s.Write(m.classes, numbers)
		return nil
	})
}

// judge adds the losses and hits of a batch to m, and returns the delta at the logits if it is wanted.
func (l Loss) judge(p *Pass, m meter, logits, labels *compute.Tensor, want bool) (delta *compute.Tensor) {
	losses, hits := p.Tensor(p.Examples), p.Tensor(p.Examples)
	if want {
		delta = p.Like(logits)
	}
	scale := 1 / float32(p.Examples)
	if l == CrossEntropy {
		p.Do(compute.SoftmaxLoss{Loss: losses, Hit: hits, Delta: delta, Logits: logits, Labels: labels, Scale: scale})
	} else {
		binary(p, m, losses, hits, delta, logits, labels, scale)
	}
	for i, t := range []*compute.Tensor{losses, hits} {
		p.Do(compute.Reduce{Out: p.View(m.sums, i, 1), In: []*compute.Tensor{t}, Along: compute.AlongAll, Alpha: 1, Beta: 1})
	}
	return delta
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

func binary(p *Pass, m meter, losses, hits, delta, logits, labels *compute.Tensor, scale float32) {
	column := p.View(labels, 0, p.Examples, 1)
	in := []*compute.Tensor{logits, column, m.classes}
	p.Do(compute.Reduce{Out: losses, In: in, F: binaryLoss, Along: compute.AlongCols, Alpha: 1})
	best := p.Tensor(p.Examples)
	p.Do(compute.Reduce{Out: best, In: in[:1], Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
	p.Do(compute.Map{Out: hits, In: []*compute.Tensor{best, p.View(labels, 0, p.Examples)}, F: sameNumber})
	if delta != nil {
		p.Do(compute.Map{Out: delta, In: in, F: withFirst(binaryDelta, scale)})
	}
}

// withFirst is f with another first constant.
func withFirst(f *compute.Formula, c float32) *compute.Formula {
	consts := slices.Clone(f.Consts)
	consts[0] = c
	return f.With(consts...)
}
