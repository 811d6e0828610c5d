package stack

import (
	"fmt"

	"hebb/compute"
)

// BatchNorm brings each channel to mean 0 and variance 1 over the batch, scales and shifts it, and
// applies Act: see [compute.Standardize]. In evaluation it uses running statistics. Eps is 1e-5 and
// Momentum 0.1, as in PyTorch.
type BatchNorm struct {
	Name  string
	Act   compute.Act
	Plain bool // neither scale nor shift: affine=False
}

const normEps, normMomentum = 1e-5, 0.1

func (n BatchNorm) label() string { return n.Name }

type batchNorm struct {
	act                  compute.Act
	in                   Shape
	gain, bias           *compute.Tensor // channels
	gainGrad, biasGrad   *compute.Tensor
	runMean, runVar      *compute.Tensor
	x, y, mean, variance *compute.Tensor // of the pass
	finally, evaluated   *compute.Func
}

func (n BatchNorm) build(b *builder, name string, in Shape) (layer, Shape, error) {
	if len(b.weights) == 0 {
		return nil, in, fmt.Errorf("nets: %s stands before any weights", name)
	}
	l := &batchNorm{act: n.Act, in: in}
	x, m, v, g, h := compute.Var(0), compute.Var(1), compute.Var(2), compute.Var(3), compute.Var(4)
	root := compute.Sqrt(compute.Add(v, compute.Const(normEps)))
	l.finally = compute.Pointwise(compute.Activate(n.Act,
		compute.Add(compute.Mul(compute.Sub(x, m), compute.Div(g, root)), h)))
	l.evaluated = compute.Pointwise(compute.Div(compute.Mul(x, m), compute.Sqrt(compute.Add(v, compute.Const(normEps)))))
	shape := []int{in.Channels}
	learned := vectors
	if n.Plain {
		learned = constants
	}
	for _, p := range []struct {
		kind        kind
		name        string
		first       float32
		value, grad **compute.Tensor
	}{
		{learned, ".weight", 1, &l.gain, &l.gainGrad},
		{learned, ".bias", 0, &l.bias, &l.biasGrad},
		{states, ".running_mean", 0, &l.runMean, nil},
		{states, ".running_var", 1, &l.runVar, nil},
	} {
		q := parameter{name: name + p.name, shape: shape, fill: constant(p.first), value: p.value, grad: p.grad}
		if p.kind == constants {
			q.name, q.grad = "", nil
		}
		err := b.add(p.kind, q)
		if err != nil {
			return nil, in, err
		}
	}
	return l, in, nil
}

func (l *batchNorm) forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	l.x, l.mean = x, nil
	if !p.Training {
		l.y = p.Map(l.finally, x, l.runMean, l.runVar, l.gain, l.bias)
		return l.y
	}
	l.y, l.mean, l.variance = p.Like(x), p.Tensor(l.in.Channels), p.Tensor(l.in.Channels)
	s := compute.Standardize{
		Y: l.y, Mean: l.mean, Var: l.variance,
		X: x, Gain: l.gain, Bias: l.bias, Eps: normEps, Momentum: normMomentum, Act: l.act,
	}
	if !p.quiet {
		s.RunMean, s.RunVar = l.runMean, l.runVar
	}
	p.Do(s)
	return l.y
}

func (l *batchNorm) backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	if l.mean == nil { // by statistics that are not those of the batch: a scale
		return p.Map(l.evaluated, p.through(l.act, dy, l.y), l.gain, l.runVar)
	}
	dx, dgain, dbias := p.Like(l.x), l.gainGrad, l.biasGrad
	if p.quiet || dgain == nil {
		dgain, dbias = p.Tensor(l.in.Channels), p.Tensor(l.in.Channels)
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
