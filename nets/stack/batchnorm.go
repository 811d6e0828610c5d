package stack

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// BatchNorm is batch normalisation (Ioffe and Szegedy 2015): it brings each channel to mean 0 and variance 1 over the batch,
// scales and shifts it, and applies Act, see [compute.Standardize]. Evaluation uses running statistics. As in PyTorch, eps
// is 1e-5 and the momentum of the running statistics 0.1.
type BatchNorm struct {
	Name  string
	Act   compute.Act
	Plain bool // without scale and shift: PyTorch's affine=False
}

const normEps, normMomentum = 1e-5, 0.1

func (n BatchNorm) Label() string { return n.Name }

type batchNorm struct {
	act                  compute.Act
	in                   nets.Shape
	gain, bias           *compute.Tensor // channels
	gainGrad, biasGrad   *compute.Tensor
	runMean, runVar      *compute.Tensor
	x, y, mean, variance *compute.Tensor // of the pass
}

func (n BatchNorm) Build(b *Builder, name string, in nets.Shape) (Layer, nets.Shape, error) {
	if !b.Weighted() && !n.Plain {
		return nil, in, fmt.Errorf("nets: %s stands before any weights, and its scale and shift would not learn", name)
	}
	if in.Height*in.Width == 1 {
		b.few = append(b.few, name)
	}
	l := &batchNorm{act: n.Act, in: in}
	shape := []int{in.Channels}
	learned := Vectors
	if n.Plain {
		learned = Constants
	}
	for _, p := range []struct {
		kind        Kind
		name        string
		first       float32
		value, grad **compute.Tensor
	}{
		{learned, ".weight", 1, &l.gain, &l.gainGrad},
		{learned, ".bias", 0, &l.bias, &l.biasGrad},
		{Statistic, ".running_mean", 0, &l.runMean, nil},
		{Statistic, ".running_var", 1, &l.runVar, nil},
	} {
		q := Parameter{Name: name + p.name, Shape: shape, Fill: constant(p.first), Value: p.value, Grad: p.grad}
		if p.kind == Constants {
			q.Name, q.Grad = "", nil
		}
		err := b.Add(p.kind, q)
		if err != nil {
			return nil, in, err
		}
	}
	return l, in, nil
}

// Of an evaluation, by running statistics.
var (
	standardised = withActs("(x - mean)*(gain/sqrt(variance + eps)) + bias", "x", "mean", "variance", "gain", "bias")
	throughScale = compute.Formula("dy*gain/sqrt(variance + eps)", "dy", "gain", "variance")
)

func (l *batchNorm) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	x = p.All(x) // the input of a network may be one for all learners
	return p.View(l.forward(p, l.channelsLast(p, x)), 0, x.Shape()...)
}

// channelsLast views images of several learners, a row each, with a row for each place.
func (l *batchNorm) channelsLast(p *Pass, t *compute.Tensor) *compute.Tensor {
	if p.Learners == 1 {
		return t
	}
	return p.View(t, 0, p.Learners, t.Len()/(p.Learners*l.in.Channels), l.in.Channels)
}

func (l *batchNorm) forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	l.x, l.mean = x, nil
	if !p.Training {
		l.y = p.Map(standardised[l.act].With("eps", normEps), x, l.runMean, l.runVar, l.gain, l.bias)
		return l.y
	}
	l.y, l.mean, l.variance = p.Like(x), p.channels(l.in), p.channels(l.in)
	s := compute.Standardize{
		Y: l.y, Mean: l.mean, Var: l.variance,
		X: x, Gain: l.gain, Bias: l.bias, Eps: normEps, Momentum: normMomentum, Act: l.act,
	}
	if !p.Quiet {
		s.RunMean, s.RunVar = l.runMean, l.runVar
	}
	p.Do(s)
	return l.y
}

func (l *batchNorm) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	return p.View(l.backward(p, l.channelsLast(p, dy)), 0, dy.Shape()...)
}

func (l *batchNorm) backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	if l.mean == nil { // an evaluation, whose statistics do not depend on x
		return p.Map(throughScale.With("eps", normEps), p.Through(l.act, dy, l.y), l.gain, l.runVar)
	}
	dx, dgain, dbias := p.Like(l.x), l.gainGrad, l.biasGrad
	if p.Quiet || dgain == nil {
		dgain, dbias = p.channels(l.in), p.channels(l.in)
	}
	g := compute.StandardizeGrad{
		DX: dx, DGain: dgain, DBias: dbias, DY: dy, X: l.x,
		Mean: l.mean, Var: l.variance, Gain: l.gain, Eps: normEps, Act: l.act,
	}
	if l.act != compute.Identity {
		g.Y = l.y
	}
	p.Do(g)
	return dx
}

// channels is a scratch tensor of a number for each channel, of each learner.
func (p *Pass) channels(in nets.Shape) *compute.Tensor {
	if p.Learners == 1 {
		return p.Tensor(in.Channels)
	}
	return p.Tensor(p.Learners, 1, in.Channels)
}
