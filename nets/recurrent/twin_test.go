package recurrent_test

import (
	"math"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
)

// A twin is a leaky network and a rule in float64, with J and M = ∂F/∂θ as whole matrices, of one learner. θ is U and then
// W, row by row.
type twin struct {
	rule, act   string
	in, n, out  int
	span        int
	atTrials    bool
	keep, gain  float64
	start, rate float64
	theta       []float64
	v, b        [][]float64 // outputs × units
	sum         []float64   // of gradients of θ and V
	ex          []example
}

// An example is what is remembered of one. What a rule does not have stays 0.
type example struct {
	h    []float64
	p    [][]float64 // units × |θ|: the influence of RTRL, RFLO's traces
	a, b []float64   // UORO's
	aa   [][]float64 // KF-RTRL's A
	u    []float64
	past []instant
}

// An instant is a moment of the past.
type instant struct {
	slope, z, q []float64
}

func zeros(rows, cols int) [][]float64 {
	m := make([][]float64, rows)
	for i := range m {
		m[i] = make([]float64, cols)
	}
	return m
}

func (n *twin) begin(e *example) {
	*e = example{make([]float64, n.n), zeros(n.n, len(n.theta)), make([]float64, n.n), make([]float64, len(n.theta)), zeros(n.n, n.n), make([]float64, n.in+n.n), nil}
	for i := range e.h {
		e.h[i] = n.start
	}
}

// at is the place in θ of the weight of unit i and input j, of inputs and then units.
func (n *twin) at(i, j int) int {
	if j < n.in {
		return i*n.in + j
	}
	return n.n*n.in + i*n.n + j - n.in
}

func (n *twin) jacobian(slope []float64) [][]float64 {
	j := zeros(n.n, n.n)
	for i := range n.n {
		for k := range n.n {
			j[i][k] = n.gain * slope[i] * n.theta[n.at(i, n.in+k)]
		}
		j[i][i] += n.keep
	}
	return j
}

func (n *twin) influence(at instant) [][]float64 {
	m := zeros(n.n, len(n.theta))
	for i := range n.n {
		for j, z := range at.z {
			m[i][n.at(i, j)] = n.gain * at.slope[i] * z
		}
	}
	return m
}

// times is A·B, and Aᵀ·x below.
func times(a, b [][]float64) [][]float64 {
	c := zeros(len(a), len(b[0]))
	for i := range a {
		for k, x := range a[i] {
			for j, y := range b[k] {
				c[i][j] += x * y
			}
		}
	}
	return c
}

func under(x []float64, a [][]float64) []float64 { return times([][]float64{x}, a)[0] }

func over(a [][]float64, x []float64) []float64 {
	y := make([]float64, len(a))
	for i := range a {
		y[i] = lab.Dot(a[i], x)
	}
	return y
}

// forward moves an example on, and returns what was before.
func (n *twin) forward(e *example, x []float64) instant {
	at := instant{slope: make([]float64, n.n), z: append(append([]float64{}, x...), e.h...)}
	for i := range n.n {
		sum := 0.
		for j, z := range at.z {
			sum += n.theta[n.at(i, j)] * z
		}
		f, slope := activation(n.act, sum)
		at.slope[i] = slope
		e.h[i] = n.keep*e.h[i] + n.gain*f
	}
	return at
}

func activation(act string, x float64) (f, slope float64) {
	const scale, limit, leaky = float64(float32(1.0507009873554805)), float64(float32(1.7580993408473766)), float64(float32(0.01))
	switch act {
	case "identity":
		return x, 1
	case "sigmoid":
		f = 1 / (1 + math.Exp(-x))
		return f, f * (1 - f)
	case "tanh":
		f = math.Tanh(x)
		return f, 1 - f*f
	}
	switch positive := x > 0; {
	case act == "selu" && positive:
		return scale * x, scale
	case act == "selu":
		return limit * (math.Exp(x) - 1), limit * math.Exp(x)
	case positive:
		return x, 1
	case act == "leaky-relu":
		return leaky * x, leaky
	}
	return 0, 0
}

// follow moves what the rule remembers on; signs are its random ones.
func (n *twin) follow(e *example, at instant, signs []float64) {
	const eps = float64(float32(1e-12))
	j, m := n.jacobian(at.slope), n.influence(at)
	root := func(x, y float64) float64 { return math.Sqrt((x + eps) / (y + eps)) }
	switch n.rule {
	case "bptt", "tbptt":
		at.q = make([]float64, n.n)
		e.past = append(e.past, at)
	case "rtrl", "rflo":
		jp := times(j, e.p)
		for i := range e.p {
			for k := range e.p[i] {
				if n.rule == "rflo" {
					jp[i][k] = n.keep * e.p[i][k]
				}
				e.p[i][k] = jp[i][k] + m[i][k]
			}
		}
	case "uoro", "uoro:plain=true":
		ja, nm, p0, p1 := over(j, e.a), under(signs, m), 1., 1.
		if n.rule == "uoro" {
			p0, p1 = root(lab.Norm(e.b), lab.Norm(ja)), root(lab.Norm(nm), float64(float32(math.Sqrt(float64(n.n)))))
		}
		for i := range e.a {
			e.a[i] = p0*ja[i] + p1*signs[i]
		}
		for k := range e.b {
			e.b[k] = e.b[k]/p0 + nm[k]/p1
		}
	case "kfrtrl":
		ja, d := times(j, e.aa), make([]float64, n.n)
		var all []float64
		for i := range d {
			d[i] = n.gain * at.slope[i]
			all = append(all, ja[i]...)
		}
		p0, p1 := root(lab.Norm(all), lab.Norm(e.u)), root(lab.Norm(d), lab.Norm(at.z))
		for k := range e.u {
			e.u[k] = signs[0]*p0*e.u[k] + signs[1]*p1*at.z[k]
		}
		for i := range e.aa {
			for k := range e.aa[i] {
				e.aa[i][k] = signs[0] * ja[i][k] / p0
			}
			e.aa[i][i] += signs[1] * d[i] / p1
		}
	}
}

// gradient is that of θ by the error q of the state of an example.
func (n *twin) gradient(e *example, q []float64) []float64 {
	switch n.rule {
	case "bptt":
		e.past[len(e.past)-1].q = q
		return make([]float64, len(n.theta))
	case "tbptt":
		return n.back(e.past[max(0, len(e.past)-n.span):], q)
	case "rtrl", "rflo":
		return under(q, e.p)
	case "kfrtrl":
		g, qa := make([]float64, len(n.theta)), under(q, e.aa)
		for i := range n.n {
			for j, u := range e.u {
				g[n.at(i, j)] = qa[i] * u
			}
		}
		return g
	}
	g, along := make([]float64, len(n.theta)), lab.Dot(q, e.a)
	for k, b := range e.b {
		g[k] = along * b
	}
	return g
}

// back sends v back through moments of the past, with the weights of now.
func (n *twin) back(past []instant, v []float64) []float64 {
	g := make([]float64, len(n.theta))
	for k := len(past) - 1; k >= 0; k-- {
		for i, x := range under(v, n.influence(past[k])) {
			g[i] += x
		}
		v = under(v, n.jacobian(past[k].slope))
		if k > 0 && n.rule == "bptt" {
			for i, q := range past[k-1].q {
				v[i] += q
			}
		}
	}
	return g
}

// A showing is a moment: of each example its inputs, targets (or nil), mask, whether its trial begins, and signs.
type showing struct {
	x, want, signs [][]float64
	mask           []float64
	begin          []bool
	first, last    bool
}

// step is a moment.
func (n *twin) step(m showing) (loss float64) {
	size := len(n.theta)
	if m.first || !n.atTrials {
		n.sum = make([]float64, size+n.out*n.n)
	}
	for k := range n.ex {
		e := &n.ex[k]
		if m.begin[k] {
			n.end(e)
			n.begin(e)
		}
		at := n.forward(e, m.x[k])
		var signs []float64
		if m.signs != nil {
			signs = m.signs[k]
		}
		n.follow(e, at, signs)
		if m.want == nil {
			continue
		}
		q := make([]float64, n.n)
		for o := range n.out {
			miss := (lab.Dot(n.v[o], e.h) - m.want[k][o]) * m.mask[k]
			loss += miss * miss / float64(len(n.ex))
			d := 2 * miss / float64(len(n.ex))
			for i := range q {
				q[i] += n.b[o][i] * d
				n.sum[size+o*n.n+i] += d * e.h[i]
			}
		}
		for i, g := range n.gradient(e, q) {
			n.sum[i] += g
		}
	}
	if n.rule == "bptt" && m.last {
		for k := range n.ex {
			n.end(&n.ex[k])
		}
	}
	if n.atTrials && m.last || !n.atTrials && m.want != nil {
		n.update()
	}
	return loss
}

// end adds what backprop makes of the moments of an example since its trial began, which are then no more.
func (n *twin) end(e *example) {
	if k := len(e.past); n.rule == "bptt" && k > 0 {
		for i, g := range n.back(e.past, e.past[k-1].q) {
			n.sum[i] += g
		}
		e.past = nil
	}
}

func (n *twin) update() {
	for i := range n.theta {
		n.theta[i] -= n.rate * n.sum[i]
	}
	for o := range n.out {
		for i := range n.n {
			n.v[o][i] -= n.rate * n.sum[len(n.theta)+o*n.n+i]
		}
	}
}

// exactly is all tensors of a run on the float64s of a lab.
func exactly(t *testing.T, l lab.Lab, s *nets.Session) lab.Results {
	all := lab.Results{}
	for _, n := range s.Tensors() {
		all[n.Name] = l.Values(t, n.Value)
	}
	return all
}

func matrix(x []float64, cols int) [][]float64 {
	m := zeros(len(x)/cols, cols)
	for i := range m {
		copy(m[i], x[i*cols:])
	}
	return m
}

// read takes the weights of a run.
func (n *twin) read(all lab.Results) {
	n.theta = append(append([]float64{}, all["in"]...), all["recurrent"]...)
	n.v = matrix(all["out"], n.n)
	if n.b = n.v; all["feedback"] != nil {
		n.b = matrix(all["feedback"], n.n)
	}
	n.ex = make([]example, examples)
	for k := range n.ex {
		n.begin(&n.ex[k])
	}
}
