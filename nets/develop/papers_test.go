package develop

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
)

// The rules of the papers, sample by sample in float64, on a net of three units. The numbers are
// small multiples of powers of two, so that float32 makes no rounding error anywhere and the
// results must be the same to the bit.
const (
	units, inputs, pairs = 3, 5, 4
	eta                  = 0.25
)

// A net has its weights and activities; y = W·x unless a rule says otherwise.
type net struct {
	w []float32 // units × inputs
	x []float32 // pairs × inputs
	y []float32 // pairs × units
	g []float32 // pairs × units: what SoftHebb calls u; else y
}

func newNet(seed uint64) *net {
	r := rand.New(rand.NewPCG(seed, 5))
	n := &net{w: make([]float32, units*inputs), x: make([]float32, pairs*inputs), y: make([]float32, pairs*units)}
	for i := range n.w {
		n.w[i] = float32(r.IntN(9)-4) / 4
	}
	for i := range n.x {
		n.x[i] = float32(r.IntN(5) - 2)
	}
	for i := range n.y {
		for j := range inputs {
			n.y[i] += n.w[i%units*inputs+j] * n.x[i/units*inputs+j]
		}
	}
	n.g = n.y
	return n
}

// A delta is what pair b changes of weight j of unit u, but for the rate.
type delta func(n *net, b, u, j int) float64

// learn is W + η·Σ_b Δ/pairs.
func (n *net) learn(d delta) []float32 {
	w := make([]float32, len(n.w))
	for i := range w {
		sum := 0.0
		for b := range pairs {
			sum += d(n, b, i/inputs, i%inputs)
		}
		w[i] = float32(float64(n.w[i]) + eta*sum/pairs)
	}
	return w
}

// rule is Δw_u = y_u·(x − Σ_v g_v·w_v) over the v that are kept for u.
func rule(keep func(u, v int) bool) delta {
	return func(n *net, b, u, j int) float64 {
		x := float64(n.x[b*inputs+j])
		for v := range units {
			if keep(u, v) {
				x -= float64(n.g[b*units+v]) * float64(n.w[v*inputs+j])
			}
		}
		return float64(n.y[b*units+u]) * x
	}
}

var (
	oja      = rule(func(u, v int) bool { return v == u })
	sanger   = rule(func(u, v int) bool { return v <= u })
	subspace = rule(func(_, _ int) bool { return true })
	hebb     = rule(func(_, _ int) bool { return false })
)

// step shows n's inputs to a system of n's weights and returns what these become.
func (n *net) step(t *testing.T, system nets.System, mask []float32) []float32 {
	t.Helper()
	dev := lab.CPU(t)
	store, err := nets.Open(dev, 1, 0, func(s *nets.Store) error {
		return system.Build(s, nets.Spec{In: nets.Row(inputs), Examples: pairs})
	})
	if err != nil {
		t.Fatal(err)
	}
	w := make([]float32, len(n.w))
	err = dev.Step(func(s *compute.Step) error {
		weights := store.Tensors()[0].Value
		s.Write(weights, n.w)
		p := store.Pass(s)
		p.Rate = eta
		m := nets.Moment{X: put(p, n.x, inputs)}
		if mask != nil {
			m.Mask = put(p, mask, 1)
		}
		system.Step(p, m)
		if s.Read(weights, w); !slices.Equal(w, n.w) {
			t.Errorf("%T learns in a pass without learning", system)
		}
		p.Learning = true
		system.Step(p, m)
		s.Read(weights, w)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func put(p *nets.Pass, x []float32, cols int) *compute.Tensor {
	t := p.Tensor(1, len(x)/cols, cols)
	p.Write(t, x)
	return t
}

func TestRulesOfThePapers(t *testing.T) {
	for seed := range uint64(8) {
		n := newNet(seed)
		for _, c := range []struct {
			name   string
			system nets.System
			rule   delta
		}{
			{"Oja 1982, eq. 3", &Oja{Units: units}, oja},
			{"Sanger 1989, eq. 2", &Sanger{Units: units}, sanger},
			{"Oja 1989, subspace", &Subspace{Units: units}, subspace},
		} {
			if got, want := n.step(t, c.system, nil), n.learn(c.rule); !slices.Equal(got, want) {
				t.Errorf("%s, seed %d:\n got %v\nwant %v", c.name, seed, got, want)
			}
			masked := func(n *net, b, u, j int) float64 { return float64(min(b, 1)) * c.rule(n, b, u, j) }
			if got, want := n.step(t, c.system, []float32{0, 1, 1, 1}), n.learn(masked); !slices.Equal(got, want) {
				t.Errorf("%s without the first pair, seed %d:\n got %v\nwant %v", c.name, seed, got, want)
			}
		}
		got, want := n.step(t, &Hebb{Units: units}, nil), n.learn(hebb)
		for i, w := range want {
			norm := 0.0
			for _, x := range want[i/inputs*inputs:][:inputs] {
				norm += float64(x) * float64(x)
			}
			// Five squares and their sum, a root, a division and a product: at most 8 roundings of 2⁻²⁴, the sum's counting half.
			if unit := float64(w) / math.Sqrt(norm); !(math.Abs(float64(got[i])-unit) <= 8*0x1p-24*math.Abs(unit)) {
				t.Errorf("Hebb 1949, seed %d: weight %d is %g, want %g", seed, i, got[i], unit)
			}
		}
	}
}

// An op is a system of the op that the rules share, on activities of its own.
type op struct {
	*net
	compute.Hebbian
}

func (o *op) Build(s *nets.Store, _ nets.Spec) error {
	o.W = s.Weights("weight", nets.Zeros, units, inputs)
	return nil
}

func (o *op) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	o.X, o.Y, o.Rate = m.X, put(p, o.y, units), float32(p.Rate)
	if o.Mask != compute.None {
		o.G = put(p, o.g, units)
	}
	if p.Learning {
		p.Do(o.Hebbian)
	}
	return o.Y
}

// TestOtherRules are those that the op has in it and that are no system yet: Hebb with decay; SoftHebb, which is
// Δw_u = η·y_u·(x − u_u·w_u), y being a softmax of u (Moraitis et al. 2022, eq. 2), here some numbers that add up to 1, as a
// softmax's do; and with 1 in the place of u Grossberg's instar.
func TestOtherRules(t *testing.T) {
	for seed := range uint64(8) {
		linear, soft, instar := newNet(seed), newNet(seed), newNet(seed)
		soft.y = []float32{0.125, 0.625, 0.25, 0.125, 0.625, 0.25, 0.5, 0.25, 0.25, 0, 0, 1}
		instar.y, instar.g = soft.y, slices.Repeat([]float32{1}, pairs*units)
		for name, c := range map[string]struct {
			op
			rule delta
		}{
			"SoftHebb": {op{soft, compute.Hebbian{Mask: compute.Diagonal}}, oja},
			"decay": {op{linear, compute.Hebbian{Decay: 0.125}}, func(n *net, b, u, j int) float64 {
				return hebb(n, b, u, j) - 0.125/eta*float64(n.w[u*inputs+j])
			}},
			"instar": {op{instar, compute.Hebbian{Mask: compute.Diagonal}}, func(n *net, b, u, j int) float64 {
				return float64(n.y[b*units+u]) * float64(n.x[b*inputs+j]-n.w[u*inputs+j])
			}},
		} {
			if got, want := c.step(t, &c.op, nil), c.learn(c.rule); !slices.Equal(got, want) {
				t.Errorf("%s, seed %d:\n got %v\nwant %v", name, seed, got, want)
			}
		}
	}
}

// TestLinsker: Δw_i = k1 + Σ_j (Q_ij + k2)·w_j with w in [lo, hi] (Linsker 1986, eq. 3), Q being the correlations of all
// pairs but the last, which carries the constants: an input that is always 1 with the activity k1 + k2·Σ_j w_j.
func TestLinsker(t *testing.T) {
	const k1, k2, lo, hi = 0.25, -0.5, -0.5, 1.0
	clipped := false
	for seed := range uint64(8) {
		n := newNet(seed)
		want := make([]float32, len(n.w))
		for k := range want {
			u, i := k/inputs, k%inputs
			d := float32(k1)
			for j := range inputs {
				q := float32(k2)
				for b := range pairs - 1 {
					q += n.x[b*inputs+i] * n.x[b*inputs+j] / pairs
				}
				d += q * n.w[u*inputs+j]
			}
			x := n.w[k] + eta*d
			want[k] = min(max(x, lo), hi)
			clipped = clipped || want[k] != x
		}
		for u := range units {
			sum := float32(0)
			for j := range inputs {
				sum += n.w[u*inputs+j]
				n.x[(pairs-1)*inputs+j] = 1
			}
			n.y[(pairs-1)*units+u] = pairs * (k1 + k2*sum)
		}
		if got := n.step(t, &op{n, compute.Hebbian{Lo: lo, Hi: hi}}, nil); !slices.Equal(got, want) {
			t.Errorf("seed %d:\n got %v\nwant %v", seed, got, want)
		}
	}
	if !clipped {
		t.Error("no weight reached its bound, so the test shows nothing of them")
	}
}
