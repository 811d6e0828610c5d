// Package develop has self-organising systems, which learn without labels and errors by Hebbian rules: layers of linear units
// that learn principal components, a pair that learns to carry information, and units whose nonlinearity finds independent
// sources. [PCA] computes the exact components to compare with, and [Gabors] describes receptive fields.
package develop

import (
	"fmt"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/nets"
)

// Components is a system of linear units that learns principal components: [Sanger], [Subspace], [Oja] or [Hebb].
//
// Its inputs have to have mean 0. A good rate is in proportion to 1/λ₁, with λ₁ the largest eigenvalue of their covariance:
// above 2/λ₁ the first unit diverges, and with small, noisy batches at lower rates too.
type Components interface {
	nets.System

	// Agreement compares the weights w, units × inputs, of one learner with the exact components.
	Agreement(p *PCA, w []float32) (Agreement, error)
}

// Systems lists the systems of this package by name.
var Systems = []nets.NamedSystem{
	{Name: "sanger", About: "unit k learns principal component k", System: func() nets.System { return &Sanger{Units: 16} }},
	{Name: "subspace", About: "the units learn the span of the first principal components", System: func() nets.System { return &Subspace{Units: 16} }},
	{Name: "oja", About: "every unit learns principal component 1", System: func() nets.System { return &Oja{Units: 16} }},
	{Name: "hebb", About: "as oja; alone it diverges, so each unit is scaled to length 1 after each update", System: func() nets.System { return &Hebb{Units: 16} }},
	{Name: "covariance", About: "as hebb, on inputs and answers less their running means", System: func() nets.System { return &Covariance{Units: 16, MeanRate: 0.01} }},
	{Name: "linsker", About: "receptive fields that develop in layers, without light (Linsker 1986)", System: func() nets.System { l := DefaultLinsker; return &l }, Rate: 0.5},
	{Name: "infomax", About: "two units with noise carry as much information as they can (Linsker 1988)", System: func() nets.System { return &Infomax{Noise: 1} }, Rate: 0.2},
	{Name: "nonlinear", About: "units find directions along which whitened inputs are far from normal (Brito and Gerstner 2016)", System: func() nets.System {
		return &Nonlinear{Units: 16, F: "cubic", Theta: 1, Theta2: 2}
	}, Rate: 0.1, Rates: map[string]float64{"sources": 0.2}},
}

func checkUnits(units int) error {
	if units < 1 {
		return fmt.Errorf("%d units, want at least 1", units)
	}
	return nil
}

// directions allocates weights, learners × units × inputs, whose rows have random directions and length 1.
func directions(s *nets.Store, units int, spec nets.Spec) (*compute.Tensor, error) {
	if err := unlabelled(units, spec); err != nil {
		return nil, err
	}
	inputs := spec.In.Len()
	if units > inputs {
		return nil, fmt.Errorf("develop: %d units for %s, want at most as many", units, count.Of(inputs, "input"))
	}
	w := s.Weights("weight", nets.Directions(inputs), units, inputs)
	s.Averaged(w)
	return w, nil
}

// unlabelled reports a task that wants answers which units without a teacher do not give.
func unlabelled(units int, spec nets.Spec) error {
	if spec.Out == 0 || spec.Out == units {
		return nil
	}
	wants := count.Of(spec.Out, "number")
	if spec.Classes {
		wants = "one of " + count.Of(spec.Out, "class")
	}
	return fmt.Errorf("develop: %s answer, and the task wants %s; want a task without", count.Of(units, "unit"), wants)
}

var times = compute.Formula("x*y", "x", "y")

// respond returns y = W·x and, if p.Learning, updates W by the Hebbian rule, see [compute.Hebbian]: mask selects the units whose
// reconstruction each unit subtracts from the input. Examples that the moment masks have y = 0.
func respond(p *nets.Pass, w *compute.Tensor, m nets.Moment, mask compute.Mask) *compute.Tensor {
	y := activities(p, w, m)
	if p.Learning {
		update := compute.Hebbian{W: w, Y: y, X: m.X, Mask: mask, Rate: float32(p.Rate)}
		if mask != compute.None {
			update.G = y
		}
		p.Do(update)
	}
	return y
}

// activities returns W·x, or 0 for examples that the moment masks.
func activities(p *nets.Pass, w *compute.Tensor, m nets.Moment) *compute.Tensor {
	return p.Masked(p.Product(w, m.X, compute.Identity), m)
}

// normalise scales the weights of each unit, learners × units × inputs, to length 1, and returns 1/length of each before.
func normalise(p *nets.Pass, w *compute.Tensor) (inverse *compute.Tensor) {
	rows := p.View(w, 0, w.Batch()*w.Rows(), w.Cols())
	unit, inverse := p.NormaliseRows(rows)
	p.Do(compute.Copy{Dst: rows, Src: unit})
	return inverse
}
