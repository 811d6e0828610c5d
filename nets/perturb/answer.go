package perturb

import (
	"hebb/compute"
	"hebb/nets"
)

// answer returns the outputs for a moment of a trial, counted from 1, with and without noise; for moment 0 without.
func (n *network) answer(p *nets.Pass, m nets.Moment, moment int) (y signal) {
	y.x = m.X
	if moment > 0 {
		y.noisy = m.X
	}
	for k, l := range n.layers {
		switch {
		case k == len(n.layers)-1:
			y = n.sum(p, l, compute.Identity, moment, y)
		case l.h == nil:
			y = n.sum(p, l, compute.Tanh, moment, y)
		default:
			y = n.leak(p, m, l, moment, y)
		}
	}
	return y
}

var leaky = compute.Formula("keep*old + gain*phi", "phi")

// leak returns the activities of a recurrent layer after a moment: h ← (1−1/τ)·h + 1/τ·tanh(W·x + R·h).
func (n *network) leak(p *nets.Pass, m nets.Moment, l *layer, moment int, below signal) signal {
	rows := m.Examples()
	h := signal{x: p.View(l.h, 0, p.Learners, rows, l.units)}
	p.Begin(m, h.x)
	f := leaky.With("keep", 1-1/n.Tau).With("gain", 1/n.Tau)
	if moment == 0 {
		p.Into(h.x, f, n.sum(p, l, compute.Tanh, moment, below, h).x)
		return h
	}
	beside := p.View(l.beside, 0, p.Learners, rows, l.units)
	p.Begin(m, beside)
	if !n.Exact {
		h.noisy = beside
		phi := n.sum(p, l, compute.Tanh, moment, below, h)
		p.Into(h.x, f, phi.x)
		p.Into(h.noisy, f, phi.noisy)
		return h
	}
	h.off, h.noisy = beside, p.Map(sum, h.x, beside)
	phi := n.sum(p, l, compute.Tanh, moment, below, h)
	p.Into(h.x, f, phi.x)
	p.Into(h.off, f, phi.off)
	h.noisy = p.Map(sum, h.x, h.off)
	return h
}

// products returns act(Σ w·x).
func products(p *nets.Pass, act compute.Act, ws, xs []*compute.Tensor) (y *compute.Tensor) {
	for i, w := range ws {
		last := compute.Identity
		if i == len(ws)-1 {
			last = act
		}
		if i == 0 {
			y = p.Product(w, xs[i], last)
		} else {
			p.AddProduct(y, w, xs[i], last)
		}
	}
	return y
}

var (
	sum      = compute.Formula("x + y", "x", "y")
	shifted  = compute.Formula("w + sigma*xi", "w", "xi")
	scaled   = compute.Formula("sigma*xi", "xi")
	tangent  = compute.Formula("tanh(u)", "u")
	disturbs = map[compute.Act]*compute.Func{
		compute.Identity: shifted,
		compute.Tanh:     compute.Formula("tanh(w + sigma*xi)", "w", "xi"),
	}
	// tanh(u + d) − tanh(u), of small d without cancellation.
	moved = compute.Formula("where(1 - abs(d), tanh(d)*(1 - tanh(u)*tanh(u))/(1 + tanh(u)*tanh(d)), tanh(u + d) - tanh(u))", "u", "d")
)

// sum returns act(Σ w·x) of a layer for the inputs that it has, and adds the moment to its traces.
func (n *network) sum(p *nets.Pass, l *layer, act compute.Act, moment int, in ...signal) (out signal) {
	xs := make([]*compute.Tensor, len(in))
	for i, s := range in {
		xs[i] = s.x
	}
	if moment == 0 {
		out.x = products(p, act, l.w, xs)
		return out
	}
	var zeta *compute.Tensor
	if n.onNodes() {
		zeta = p.Tensor(p.Learners, xs[0].Rows(), l.units)
		p.Random(zeta, compute.Normal(0, 1))
	}
	if n.Exact {
		out = n.apart(p, l, act, xs, in, zeta)
	} else {
		out.x, out.noisy = products(p, act, l.w, xs), n.disturbed(p, l, act, in, zeta)
	}
	n.add(p, l, xs, zeta, moment)
	return out
}

// disturbed returns act(Σ (w + σ·ξ)·x) or act(Σ w·x + σ·ζ) for disturbed inputs.
func (n *network) disturbed(p *nets.Pass, l *layer, act compute.Act, in []signal, zeta *compute.Tensor) *compute.Tensor {
	var ws, xs []*compute.Tensor
	for i, w := range l.w {
		if zeta == nil {
			w = p.Map(shifted.With("sigma", n.Sigma), w, l.xi[i])
		}
		ws, xs = append(ws, w), append(xs, in[i].noisy)
	}
	if zeta == nil {
		return products(p, act, ws, xs)
	}
	u := products(p, compute.Identity, ws, xs)
	return p.Map(disturbs[act].With("sigma", n.Sigma), u, zeta)
}

// apart returns act(Σ w·x), how far it is disturbed, and the sum of both.
func (n *network) apart(p *nets.Pass, l *layer, act compute.Act, xs []*compute.Tensor, in []signal, zeta *compute.Tensor) (out signal) {
	u := products(p, compute.Identity, l.w, xs)
	d := p.Like(u)
	beta := float32(0)
	add := func(w, x *compute.Tensor, alpha float32) {
		p.Do(compute.Gemm{C: d, A: x, B: w, TransB: true, Epilogue: compute.Epilogue{Alpha: alpha, Beta: beta}})
		beta = 1
	}
	if zeta != nil {
		p.Into(d, scaled.With("sigma", n.Sigma), zeta)
		beta = 1
	}
	for i, s := range in {
		if zeta == nil {
			add(l.xi[i], s.noisy, n.Sigma)
		}
		if s.off != nil {
			add(l.w[i], s.off, 1)
		}
	}
	if act == compute.Identity {
		return signal{x: u, off: d}
	}
	out = signal{x: p.Map(tangent, u), off: p.Map(moved, u, d)}
	out.noisy = p.Map(sum, out.x, out.off)
	return out
}
