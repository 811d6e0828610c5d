package lab

import (
	"hebb/compute"
	"hebb/nets"
)

// Noise is a task of numbers that each learner draws at every moment, and that Shown keeps for a test. With Gaps every third
// moment wants nothing, with Masked one example in three is masked, and with Begins or without a Spec.Trial each example begins
// a trial at one moment in three.
type Noise struct {
	Spec                 nets.Spec // In, Out, Examples, Trial
	Gaps, Masked, Begins bool
	Shown                *[]Shown // nil keeps nothing
}

// A Shown holds the numbers of a moment of [Noise], each learners × examples × numbers, or nil where there are none.
type Shown struct {
	X, Want, Mask, Begin []float32
	First                bool
}

// Build returns the Spec.
func (n *Noise) Build(*nets.Store) (nets.Spec, error) { return n.Spec, nil }

// Show draws a moment.
func (n *Noise) Show(p *nets.Pass) nets.Moment {
	draw := func(cols int, law compute.Law) *compute.Tensor {
		x := p.Tensor(p.Learners, n.Spec.Examples, cols)
		p.Random(x, law)
		return x
	}
	t, m := int(p.Number), nets.Moment{X: draw(n.Spec.In.Len(), compute.Normal(0, 1))}
	if n.Spec.Trial > 0 {
		t %= n.Spec.Trial
		m.First, m.Last = t == 0, t == n.Spec.Trial-1
	}
	if n.Spec.Out > 0 && (!n.Gaps || p.Number%3 != 2) {
		m.Want = draw(n.Spec.Out, compute.Uniform(0, 1))
	}
	if n.Masked {
		m.Mask = draw(1, compute.Bernoulli(2./3, 1))
	}
	if n.Spec.Trial == 0 || n.Begins {
		m.Begin = draw(1, compute.Bernoulli(1./3, 1))
	}
	if n.Shown != nil && !p.Device().Staged() {
		*n.Shown = append(*n.Shown, Shown{X: read(p, m.X), Want: read(p, m.Want), Mask: read(p, m.Mask), Begin: read(p, m.Begin), First: m.First})
	}
	return m
}

func read(p *nets.Pass, t *compute.Tensor) []float32 {
	if t == nil {
		return nil
	}
	x := make([]float32, t.Len())
	p.Read(t, x)
	return x
}

// Judge counts the sum of the answers, so that they are compared too.
func (n *Noise) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	p.Count("answer", y, m.Examples())
}
