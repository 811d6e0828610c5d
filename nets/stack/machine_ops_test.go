package stack_test

import (
	"fmt"
	"math"

	"hebb/compute"
)

// finish is the epilogue of element i of c, whose sum is s.
func (m *machine) finish(e compute.Epilogue, c *compute.Tensor, i int, s sum) {
	s = s.times(float64(e.Alpha))
	out := float64s(c)
	if e.Beta != 0 {
		s.term(float64(e.Beta), out[i])
	}
	s.n += 4
	v := m.total(s)
	if e.Bias != nil {
		v = m.add(v, float64s(e.Bias)[i%c.Cols()])
	}
	v = m.act(e.Act, v)
	if e.Aux != nil {
		v = m.through(e.Grad, v, float64s(e.Aux)[i])
	}
	out[i] = v
}

func (m *machine) gemm(g compute.Gemm) error {
	batch, rows, cols, k := g.Dims()
	if g.A.Batch() != batch || g.B.Batch() != batch || batch > 1 && g.Bias != nil {
		return fmt.Errorf("a matrix for many: %w", compute.ErrUnsupported)
	}
	a, b := float64s(g.A), float64s(g.B)
	for e := range batch * rows * cols {
		z, i, j := e/(rows*cols), e/cols%rows, e%cols
		s := sum{n: k}
		for p := range k {
			at, bt := i*k+p, p*cols+j
			if g.TransA {
				at = p*rows + i
			}
			if g.TransB {
				bt = j*k + p
			}
			s.term(a[z*rows*k+at], b[z*k*cols+bt])
		}
		m.finish(g.Epilogue, g.C, e, s)
	}
	return nil
}

func (m *machine) hebbian(h compute.Hebbian) error {
	batch, units, inputs, n := h.Dims()
	if batch != 1 || h.Mask != compute.None || h.Bounded() {
		return fmt.Errorf("a rule with Mask or bounds: %w", compute.ErrUnsupported)
	}
	sums := make([]sum, units*inputs)
	x, y, w := float64s(h.X), float64s(h.Y), float64s(h.W)
	if h.OfImages() {
		rows(h.Geometry(), func(place, from, at, k int) {
			for u := range units {
				for i := range k {
					sums[u*inputs+at+i].term(y[place*units+u], x[from+i])
				}
			}
		})
	} else {
		for b := range n {
			for i := range units * inputs {
				sums[i].term(y[b*units+i/inputs], x[b*inputs+i%inputs])
			}
		}
	}
	for i, s := range sums {
		s = s.times(float64(h.Rate) / float64(n))
		if h.Keeps() {
			s.term(1, w[i])
			s.term(-float64(h.Decay), w[i])
		}
		s.n += n + 5
		w[i] = m.total(s)
	}
	return nil
}

// rows goes through the rows of all windows of a convolution, the part that lies within the image: k numbers
// from x on in the images and from w on in a window's weights, at a place counted through all images.
func rows(g compute.Patches, f func(place, x, w, k int)) {
	for place := range g.N * g.P * g.Q {
		top, left := place/g.Q%g.P*g.Stride-g.Pad, place%g.Q*g.Stride-g.Pad
		s0, s1 := max(0, -left), min(g.S, g.W-left)
		for r := max(0, -top); r < min(g.R, g.H-top) && s0 < s1; r++ {
			line := place/g.Q/g.P*g.H + top + r
			f(place, (line*g.W+left+s0)*g.C, (r*g.S+s0)*g.C, (s1-s0)*g.C)
		}
	}
}

func (m *machine) conv(c compute.Conv) {
	g, units := c.Patches(), c.Y.Cols()
	x, w, sums := float64s(c.X), float64s(c.W), make([]sum, c.Y.Len())
	window := g.R * g.S * g.C
	rows(g, func(place, from, at, k int) {
		part := x[from:][:k]
		for u := range units {
			s := &sums[place*units+u]
			weights := w[u*window+at:][:k]
			var t, abs float64
			for i, v := range part {
				p := v * weights[i]
				t += p
				abs += math.Abs(p)
			}
			s.x += t
			s.abs += abs
		}
	})
	for i, s := range sums {
		s.n = window
		m.finish(c.Epilogue, c.Y, i, s)
	}
}

func (m *machine) convInput(c compute.ConvInput) {
	g, units := c.Patches(), c.Y.Cols()
	y, w, sums := float64s(c.Y), float64s(c.W), make([]sum, c.X.Len())
	window := g.R * g.S * g.C
	rows(g, func(place, from, at, k int) {
		for u := range units {
			d := y[place*units+u]
			for i := range k {
				sums[from+i].term(d, w[u*window+at+i])
			}
		}
	})
	for i, s := range sums {
		s.n = g.R * g.S * units
		m.finish(c.Epilogue, c.X, i, s)
	}
}

// formula returns f of the inputs, spread over a domain, at each of its elements.
func (m *machine) formula(f *compute.Func, in []*compute.Tensor, domain *compute.Tensor) func(i int, old float64) float64 {
	rows, cols := domain.Rows(), domain.Cols()
	consts := make([]float64, len(f.Consts))
	for i, c := range f.Consts {
		consts[i] = m.constant(c)
	}
	r := make([]float64, len(f.Code))
	return func(i int, old float64) float64 {
		for k, c := range f.Code {
			a, b := r[c.Args[0]], r[c.Args[1]]
			switch c.Do {
			case compute.PrimVar:
				s := in[c.Num].SpreadOver(domain)
				r[k] = float64s(in[c.Num])[i/(rows*cols)*s.Batch+i/cols%rows*s.Row+i%cols*s.Col]
			case compute.PrimConst:
				r[k] = consts[c.Num]
			case compute.PrimOld:
				r[k] = old
			case compute.PrimAdd:
				r[k] = m.add(a, b)
			case compute.PrimSub:
				r[k] = m.sub(a, b)
			case compute.PrimMul:
				r[k] = m.mul(a, b)
			case compute.PrimDiv:
				r[k] = m.div(a, b)
			case compute.PrimNeg:
				r[k] = -a
			case compute.PrimExp:
				r[k] = m.exp(a)
			case compute.PrimLog:
				r[k] = m.log(a)
			case compute.PrimSqrt:
				r[k] = m.sqrt(a)
			case compute.PrimMax:
				r[k] = math.Max(a, b)
			case compute.PrimMin:
				r[k] = math.Min(a, b)
			case compute.PrimSelect:
				if r[k] = r[c.Args[2]]; a > 0 {
					r[k] = b
				}
			default:
				panic(fmt.Sprint("no primitive ", c.Do))
			}
		}
		return r[len(r)-1]
	}
}

func (m *machine) pointwise(op compute.Map) {
	at, out := m.formula(op.F, op.In, op.Out), float64s(op.Out)
	for i := range out {
		out[i] = at(i, out[i])
	}
}

func (m *machine) reduce(r compute.Reduce) {
	x := float64s(r.In[0])
	at := func(i int) float64 { return x[i] }
	if r.F != nil {
		f := m.formula(r.F, r.In, r.In[0])
		at = func(i int) float64 { return f(i, math.NaN()) }
	}
	results, n, step := r.Dims()
	out, alpha := float64s(r.Out), m.constant(r.Alpha)
	for o := range results {
		first := r.First(o)
		switch r.Fold {
		case compute.FoldSum:
			s := sum{n: n}
			for k := range n {
				s.term(alpha, at(first+k*step))
			}
			if r.Beta != 0 {
				s.term(float64(r.Beta), out[o])
			}
			s.n += 5
			out[o] = m.total(s)
		case compute.FoldArgMax:
			best := 0
			for k := range n {
				if at(first+k*step) > at(first+best*step) {
					best = k
				}
			}
			out[o] = float64(best)
		case compute.FoldMax:
			out[o] = at(first)
			for k := range n {
				out[o] = math.Max(out[o], at(first+k*step))
			}
		}
	}
}

func (m *machine) softmax(s compute.SoftmaxLoss) {
	n, classes := s.Dims()
	for i := range n {
		z, label := float64s(s.Logits)[i*classes:][:classes], float64s(s.Labels)[i]
		best, own := 0, 0.0 // another label than there are classes counts as 0
		for j, v := range z {
			if v > z[best] {
				best = j
			}
			if float64(j) == label {
				own = v
			}
		}
		all, e := sum{n: classes}, make([]float64, classes)
		for j, v := range z {
			e[j] = m.exp(m.sub(v, z[best]))
			all.term(1, e[j])
		}
		total := m.total(all)
		entropy := m.log(total)
		float64s(s.Loss)[i] = m.stray(entropy+z[best]-own, 2*(math.Abs(entropy)+math.Abs(z[best])+math.Abs(own))) // in any order
		float64s(s.Hit)[i] = 0
		if float64(best) == label {
			float64s(s.Hit)[i] = 1
		}
		for j := range z {
			if s.Delta == nil {
				break
			}
			p := m.ulps(m.div(e[j], total), 1)
			if float64(j) == label {
				p = m.sub(p, 1)
			}
			float64s(s.Delta)[i*classes+j] = m.mul(p, float64(s.Scale))
		}
	}
}
