package develop

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
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

// A net has its weights and activities, y = W·x.
type net struct {
	w []float32 // units × inputs
	x []float32 // pairs × inputs
	y []float32 // pairs × units
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

// rule is Δw_u = y_u·(x − Σ_v y_v·w_v) over the v that are kept for u.
func rule(keep func(u, v int) bool) delta {
	return func(n *net, b, u, j int) float64 {
		x := float64(n.x[b*inputs+j])
		for v := range units {
			if keep(u, v) {
				x -= float64(n.y[b*units+v]) * float64(n.w[v*inputs+j])
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
	store := must.Get(nets.Open(dev, 1, 0, func(s *nets.Store) error {
		return system.Build(s, nets.Spec{In: nets.Row(inputs), Examples: pairs})
	}))(t)
	w := make([]float32, len(n.w))
	must.Do(t, dev.Step(func(s *compute.Step) error {
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
	}))
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
		for _, c := range []struct {
			name   string
			system nets.System
			rule   delta
			mask   []float32
		}{
			{"Hebb 1949", &Hebb{Units: units}, hebb, nil},
			{"covariance, means of the moment", &Covariance{Units: units, MeanRate: 1}, covaries(1), nil},
			{"covariance, means halfway", &Covariance{Units: units, MeanRate: 0.5}, covaries(0.5), nil},
			{"covariance without the first pair", &Covariance{Units: units, MeanRate: 0.5}, covaries(0.5, 0), []float32{0, 1, 1, 1}},
		} {
			got, want := n.step(t, c.system, c.mask), n.learn(c.rule)
			for i, w := range want {
				norm := 0.0
				for _, x := range want[i/inputs*inputs:][:inputs] {
					norm += float64(x) * float64(x)
				}
				// Five squares and their sum, a root, a division and a product: at most 8 roundings of 2⁻²⁴, the sum's counting half.
				if unit := float64(w) / math.Sqrt(norm); !(math.Abs(float64(got[i])-unit) <= 8*0x1p-24*math.Abs(unit)) {
					t.Errorf("%s, seed %d: weight %d is %g, want %g", c.name, seed, i, got[i], unit)
				}
			}
		}
	}
}

// covaries is (y − ȳ)·(x − x̄), with means that have gone a share of the way from 0, of all pairs but those that are masked.
func covaries(share float64, masked ...int) delta {
	return func(n *net, b, u, j int) float64 {
		if slices.Contains(masked, b) {
			return 0
		}
		var x, y float64
		for k := range pairs {
			if !slices.Contains(masked, k) {
				x, y = x+share*float64(n.x[k*inputs+j])/pairs, y+share*float64(n.y[k*units+u])/pairs
			}
		}
		return (float64(n.y[b*units+u]) - y) * (float64(n.x[b*inputs+j]) - x)
	}
}
