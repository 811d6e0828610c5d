package compute

import (
	"fmt"
	"math"
)

// SoftmaxLoss is the cross-entropy of softmax: for each row z of Logits with its label l,
//
//	Loss = ln Σ_j exp(z_j − max z) + max z − z_l
//	Hit = 1 if l is the first of the largest, else 0
//	Delta_j = Scale·(exp(z_j − max z)/Σ_k exp(z_k − max z) − [j = l])
//
// so that with Scale 1/n Delta is the gradient of the mean loss. A label is a whole number of [0, classes), kept as a
// float32; for any other number, z_l is 0 and no j is l. Sums over the rows are a [Reduce]. Bound: step by step; the
// logarithm's is GLSL's. Cost: 8 flops a logit.
type SoftmaxLoss struct {
	Loss   *Tensor // n
	Hit    *Tensor // n
	Delta  *Tensor // n × classes; nil if not wanted
	Logits *Tensor // n × classes
	Labels *Tensor // n
	Scale  float32
}

func (s SoftmaxLoss) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return present(outs, s.Loss, s.Hit, s.Delta), append(ins, s.Logits, s.Labels)
}

// Dims returns the size of Logits as a matrix.
func (s SoftmaxLoss) Dims() (n, classes int) { return s.Logits.n / s.Logits.Cols(), s.Logits.Cols() }

func (s SoftmaxLoss) check() error {
	n, classes := s.Dims()
	for name, t := range map[string]*Tensor{"Loss": s.Loss, "Hit": s.Hit, "Labels": s.Labels} {
		if t == nil || t.n != n {
			return fmt.Errorf("%s is %v, want [%d], one per row of Logits%v", name, t, n, s.Logits)
		}
	}
	switch {
	case s.Delta != nil && (s.Delta.n != s.Logits.n || s.Delta.Cols() != classes):
		return fmt.Errorf("Delta is %v, want %v as Logits", s.Delta, s.Logits)
	case s.Delta != nil && (s.Scale == 0 || !finite(s.Scale)):
		return fmt.Errorf("Scale %g, want a number other than 0", s.Scale)
	}
	return nil
}

func (s SoftmaxLoss) define(before Contents) func(out, i int) Val {
	_, classes := s.Dims()
	logits, labels := before[s.Logits], before[s.Labels]
	type row struct{ exp, loss, hit Val } // exp: Σ exp(z − max)
	known := map[int]row{}
	term := func(z []float32, top Val, j int) Val { return leaf(z[j]).sub(top).exp() }
	get := func(i int) (z []float32, top Val, r row) {
		z = logits[i*classes:][:classes]
		top = largest(classes, func(k int) Val { return leaf(z[k]) })
		r, ok := known[i]
		if !ok {
			t := newTotal()
			for j := range classes {
				t.addVal(term(z, top, j))
			}
			r.exp = t.val()
			own := Val{}
			if l := labels[i]; l == float32(math.Trunc(float64(l))) && 0 <= l && float64(l) < float64(classes) {
				own = leaf(z[int(l)])
			}
			r.loss = r.exp.log().add(top).sub(own).slack(4) // in any order
			r.hit = hit(z, labels[i])
			known[i] = r
		}
		return z, top, r
	}
	return func(out, i int) Val {
		switch out {
		case 0:
			_, _, r := get(i)
			return r.loss
		case 1:
			_, _, r := get(i)
			return r.hit
		}
		z, top, r := get(i / classes)
		p := term(z, top, i%classes).div(r.exp).slack(1) // or times 1/Σ
		if float32(i%classes) == labels[i/classes] {
			p = p.sub(Val{X: 1})
		}
		return p.mul(leaf(s.Scale))
	}
}

// hit is 1 if the label is the index of the first of the largest logits.
func hit(z []float32, label float32) Val {
	v := firstLargest(len(z), func(k int) Val { return leaf(z[k]) })
	if !v.Bounded() {
		return unbounded
	}
	if v.X == float64(label) {
		return Val{X: 1}
	}
	return Val{}
}

func (s SoftmaxLoss) cost() Cost {
	bytes := lengths(present(nil, s.Loss, s.Hit, s.Delta, s.Logits, s.Labels))
	return Cost{8 * int64(s.Logits.n), 4 * bytes}
}
