package settle

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// A layered holds the weights of a network with layers k = 1 to L, which send activities up by W_k and down by its
// transpose.
type layered struct {
	w       []*compute.Tensor // units × units below
	b       []*compute.Tensor // units; or nil, without biases
	sizes   []int             // units of each layer
	names   []string
	classes int // 0 where numbers are wanted
}

// build asks for the weights: w, w2, w3, … and, for the outputs, v; with bias, also for b, b2, … and c.
func (n *layered) build(who string, s *nets.Store, spec nets.Spec, hidden []int, gain float32, bias bool) error {
	if spec.Out < 1 {
		return fmt.Errorf("%s: the task wants no numbers, want at least 1 to hold the outputs at", who)
	}
	if spec.Classes {
		n.classes = spec.Out
	}
	below := spec.In.Len()
	for k, units := range append(append([]int(nil), hidden...), spec.Out) {
		w, b := "w", "b"
		switch {
		case k == len(hidden):
			w, b = "v", "c"
		case k > 0:
			w, b = fmt.Sprint("w", k+1), fmt.Sprint("b", k+1)
		}
		n.w = append(n.w, s.Weights(w, nets.Normal(float64(gain)/math.Sqrt(float64(below))), units, below))
		if bias {
			n.b = append(n.b, s.Weights(b, nets.Zeros, units))
		}
		s.Averaged(n.w[k])
		if bias {
			s.Averaged(n.b[k])
		}
		n.sizes, n.names, below = append(n.sizes, units), append(n.names, w), units
	}
	return nil
}

// Divided reports nothing: weights and biases move by a mean over the examples.
func (*layered) Divided() error { return nil }

// up writes act(W_k·x + b_k) of layer k, from 0, into y.
func (n *layered) up(p *nets.Pass, y *compute.Tensor, k int, x *compute.Tensor, act compute.Act) {
	e := compute.Epilogue{Alpha: 1, Act: act}
	if n.b != nil {
		e.Bias = n.b[k]
	}
	p.Do(compute.Gemm{C: y, A: x, B: n.w[k], TransB: true, Epilogue: e})
}

// down writes W_{k+1}ᵀ·x, the input of layer k from above, into y.
func (n *layered) down(p *nets.Pass, y *compute.Tensor, k int, x *compute.Tensor) {
	p.Do(compute.Gemm{C: y, A: x, B: n.w[k+1], Epilogue: compute.Epilogue{Alpha: 1}})
}

// drive returns the first layer's input from the examples, which does not change in a relaxation.
func (n *layered) drive(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := p.Tensor(p.Learners, m.Examples(), n.sizes[0])
	n.up(p, y, 0, m.X, compute.Identity)
	return y
}

// A relaxing is a phase of the layers: sweep updates their activities one by one, from the lowest up, each from its
// neighbours' latest.
type relaxing struct {
	*phase
	net    *layered
	drive  *compute.Tensor
	hidden *compute.Func                       // of drive and back, the inputs from below and from above
	output func(y, below, was *compute.Tensor) // sets the outputs y; nil holds them
	in     []*compute.Tensor                   // from below, by layer
	back   []*compute.Tensor                   // from above
}

// relax settles from the given activities, or from 0 if nil, and returns them.
func (n *layered) relax(p *phase, drive *compute.Tensor, hidden *compute.Func, output func(y, below, was *compute.Tensor)) []*compute.Tensor {
	r := relaxing{phase: p, net: n, drive: drive, hidden: hidden, output: output}
	last := len(n.sizes) - 1
	for k := range last {
		r.in, r.back = append(r.in, drive), append(r.back, p.Like(p.x[k]))
		if k > 0 {
			r.in[k] = p.Like(p.x[k])
		}
	}
	if output == nil {
		p.Into(p.was[last], same, p.x[last])
	}
	p.run(r.sweep)
	return p.x
}

func (r *relaxing) sweep() {
	last := len(r.net.sizes) - 1
	for k := range last {
		if k > 0 {
			r.net.up(r.Pass, r.in[k], k, r.x[k-1], compute.Identity)
		}
		r.net.down(r.Pass, r.back[k], k, r.was[k+1])
		r.Into(r.x[k], r.hidden, r.in[k], r.back[k])
	}
	if r.output != nil {
		below := r.drive
		if last > 0 {
			below = r.x[last-1]
		}
		r.output(r.x[last], below, r.was[last])
	}
}

// want returns the wanted outputs: numbers or, with classes, 1 for the class and else 0.
func (n *layered) want(p *nets.Pass, m nets.Moment) *compute.Tensor {
	if n.classes > 0 {
		return p.OneHot(m, n.classes)
	}
	return p.All(m.Want)
}

// contrast adds rate·(a_k⊗a_{k−1} − c_k⊗c_{k−1}), as a mean over the examples, to into[k], and the change of biases to
// bias[k]; a_0 = c_0 is the input.
func (n *layered) contrast(p *nets.Pass, m nets.Moment, a, c []*compute.Tensor, rate func(k int) float32, into, bias []*compute.Tensor) {
	for k := range a {
		r := rate(k)
		if r == 0 { // where a schedule ends
			continue
		}
		if k == 0 {
			p.Outer(into[0], p.Masked(p.Map(minus, a[0], c[0]), m), m.X, 1, r)
		} else {
			p.Outer(into[k], p.Masked(a[k], m), a[k-1], 1, r)
			p.Outer(into[k], p.Masked(c[k], m), c[k-1], 1, -r)
		}
		if bias != nil {
			p.Do(compute.Reduce{Out: p.View(bias[k], 0, p.Learners, 1, n.sizes[k]), In: []*compute.Tensor{p.Masked(p.Map(minus, a[k], c[k]), m)},
				Along: compute.AlongRows, Alpha: r / float32(m.Examples()), Beta: 1})
		}
	}
}

// changes returns tensors of 0 in the shapes of the weights.
func (n *layered) changes(p *nets.Pass) (all []*compute.Tensor) {
	for _, w := range n.w {
		all = append(all, p.Like(w))
	}
	p.Clear(all...)
	return all
}

// angles compares the change from phases a and c with exact deltas and weights.
func (n *layered) angles(p *nets.Pass, m nets.Moment, a, c, deltas, own, exact []*compute.Tensor) func() []nets.Angle {
	var all []direction
	for k, name := range n.names {
		all = append(all, direction{name, n.w[k], p.Masked(p.Map(minus, a[k], c[k]), m), p.Masked(deltas[k], m), own[k], exact[k]})
	}
	return compare(p, all)
}
