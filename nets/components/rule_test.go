package components

import (
	"math/rand/v2"
	"testing"

	"hebb/compute"
	"hebb/cpu"
)

// The rules of the papers, sample by sample in float64, on a net of three units. The numbers are
// small multiples of powers of two, so that float32 makes no rounding error anywhere and the
// results must be the same to the bit.
const (
	units, inputs, pairs = 3, 5, 4
	eta                  = 0.25
)

// A net has its weights and activities in float64; y = W·x unless a rule says otherwise.
type net struct {
	w [units][inputs]float64
	x [pairs][inputs]float64
	y [pairs][units]float64
	g [pairs][units]float64 // what SoftHebb calls u; else y
}

func newNet(seed uint64) *net {
	r := rand.New(rand.NewPCG(seed, 5))
	var n net
	for u := range units {
		for j := range inputs {
			n.w[u][j] = float64(r.IntN(9)-4) / 4
		}
	}
	for b := range pairs {
		for j := range inputs {
			n.x[b][j] = float64(r.IntN(5) - 2)
		}
		for u := range units {
			for j := range inputs {
				n.y[b][u] += n.w[u][j] * n.x[b][j]
			}
		}
	}
	n.g = n.y
	return &n
}

// learn is W + η·mean over b of Δw_u(b), with the rule's Δ for weight j of unit u.
func (n *net) learn(delta func(b, u, j int) float64) (w [units][inputs]float64) {
	for u := range units {
		for j := range inputs {
			sum := 0.0
			for b := range pairs {
				sum += delta(b, u, j)
			}
			w[u][j] = n.w[u][j] + eta*sum/pairs
		}
	}
	return w
}

// run does the op that set completes on n's tensors, on the cpu backend.
func (n *net) run(t *testing.T, set compute.Hebbian) (w [units][inputs]float64) {
	t.Helper()
	dev := open(t)
	out := make([]float32, units*inputs)
	err := dev.Step(func(s *compute.Step) error {
		put := func(rows, cols int, at func(i, j int) float64) *compute.Tensor {
			v := make([]float32, 0, rows*cols)
			for i := range rows {
				for j := range cols {
					v = append(v, float32(at(i, j)))
				}
			}
			x := s.Tensor(rows, cols)
			s.Write(x, v)
			return x
		}
		set.W = put(units, inputs, func(u, j int) float64 { return n.w[u][j] })
		set.X = put(pairs, inputs, func(b, j int) float64 { return n.x[b][j] })
		set.Y = put(pairs, units, func(b, u int) float64 { return n.y[b][u] })
		if set.Mask != compute.None {
			set.G = put(pairs, units, func(b, u int) float64 { return n.g[b][u] })
		}
		set.Rate = eta
		s.Do(set)
		s.Read(set.W, out)
		return s.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range out {
		w[i/inputs][i%inputs] = float64(v)
	}
	return w
}

func open(t *testing.T) *compute.Device {
	t.Helper()
	dev := compute.New(cpuBackend(t))
	t.Cleanup(func() {
		if err := dev.Close(); err != nil {
			t.Error(err)
		}
	})
	return dev
}

func cpuBackend(t *testing.T) compute.Backend {
	t.Helper()
	b, err := cpu.Open()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRulesOfThePapers(t *testing.T) {
	for seed := range uint64(8) {
		n := newNet(seed)
		// What units v ≤ last explain of input j of sample b.
		explained := func(b, j, first, last int) (sum float64) {
			for v := first; v <= last; v++ {
				sum += n.g[b][v] * n.w[v][j]
			}
			return sum
		}
		for _, c := range []struct {
			name string
			op   compute.Hebbian
			rule func(b, u, j int) float64
		}{
			{"Hebb 1949", Hebb.update(nil, nil, nil, 0),
				func(b, u, j int) float64 { return n.y[b][u] * n.x[b][j] }},
			{"Oja 1982, eq. 3", Oja.update(nil, nil, nil, 0),
				func(b, u, j int) float64 { return n.y[b][u] * (n.x[b][j] - explained(b, j, u, u)) }},
			{"Sanger 1989, eq. 2", Sanger.update(nil, nil, nil, 0),
				func(b, u, j int) float64 { return n.y[b][u] * (n.x[b][j] - explained(b, j, 0, u)) }},
			{"Oja 1989, subspace", Subspace.update(nil, nil, nil, 0),
				func(b, u, j int) float64 { return n.y[b][u] * (n.x[b][j] - explained(b, j, 0, units-1)) }},
			{"decay", compute.Hebbian{Decay: 0.125},
				func(b, u, j int) float64 { return n.y[b][u]*n.x[b][j] - 0.125/eta*n.w[u][j] }},
		} {
			if got, want := n.run(t, c.op), n.learn(c.rule); got != want {
				t.Errorf("%s, seed %d:\n got %v\nwant %v", c.name, seed, got, want)
			}
		}
	}
}

// TestSoftHebb: Δw_u = η·y_u·(x − u_u·w_u), y being a softmax of u (Moraitis et al. 2022, eq. 2);
// here some numbers that add up to 1, as a softmax's do. With 1 in the place of u it is
// Grossberg's instar.
func TestSoftHebb(t *testing.T) {
	for seed := range uint64(8) {
		n := newNet(seed)
		for b := range pairs {
			n.y[b] = [units]float64{0.125, 0.625, 0.25}
		}
		op := compute.Hebbian{Mask: compute.Diagonal}
		rule := func(b, u, j int) float64 { return n.y[b][u] * (n.x[b][j] - n.g[b][u]*n.w[u][j]) }
		if got, want := n.run(t, op), n.learn(rule); got != want {
			t.Errorf("SoftHebb, seed %d:\n got %v\nwant %v", seed, got, want)
		}
		for b := range pairs {
			n.g[b] = [units]float64{1, 1, 1}
		}
		instar := func(b, u, j int) float64 { return n.y[b][u] * (n.x[b][j] - n.w[u][j]) }
		if got, want := n.run(t, op), n.learn(instar); got != want {
			t.Errorf("instar, seed %d:\n got %v\nwant %v", seed, got, want)
		}
	}
}

// linsker makes the last pair of n carry the constants of Linsker's rule,
//
//	Δw_i = k1 + Σ_j (Q_ij + k2)·w_j, w in [lo, hi]     (Linsker 1986, eq. 3)
//
// as an input that is always 1 with the activity k1 + k2·Σ_j w_j.
func (n *net) linsker(k1, k2 float64) {
	for u := range units {
		sum := 0.0
		for j := range inputs {
			sum += n.w[u][j]
			n.x[pairs-1][j] = 1
		}
		n.y[pairs-1][u] = pairs * (k1 + k2*sum)
	}
}

// linskerRule is the paper's right side, from the correlations Q of all pairs but the last.
func (n *net) linskerRule(k1, k2 float64, u, i int) float64 {
	d := k1
	for j := range inputs {
		q := 0.0
		for b := range pairs - 1 {
			q += n.x[b][i] * n.x[b][j] / pairs
		}
		d += (q + k2) * n.w[u][j]
	}
	return d
}

func TestLinsker(t *testing.T) {
	const k1, k2, lo, hi = 0.25, -0.5, -0.5, 1.0
	clipped := false
	for seed := range uint64(8) {
		n := newNet(seed)
		n.linsker(k1, k2)
		want := n.w
		for u := range units {
			for i := range inputs {
				x := n.w[u][i] + eta*n.linskerRule(k1, k2, u, i)
				want[u][i] = min(max(x, lo), hi)
				clipped = clipped || want[u][i] != x
			}
		}
		if got := n.run(t, compute.Hebbian{Lo: lo, Hi: hi}); got != want {
			t.Errorf("seed %d:\n got %v\nwant %v", seed, got, want)
		}
	}
	if !clipped {
		t.Error("no weight reached its bound, so the test shows nothing of them")
	}
}

// TestLinskerSaturates: where Q + k2 has a positive diagonal, all weights but one at most end at a
// bound (Linsker 1986; MacKay and Miller 1990).
func TestLinskerSaturates(t *testing.T) {
	const k1, k2, lo, hi = 0.125, -0.25, -1.0, 1.0
	for seed := range uint64(4) {
		n := newNet(seed)
		for range 200 {
			for b := range pairs - 1 {
				for u := range units {
					n.y[b][u] = 0
					for j := range inputs {
						n.y[b][u] += n.w[u][j] * n.x[b][j]
					}
				}
			}
			n.linsker(k1, k2)
			n.w = n.run(t, compute.Hebbian{Lo: lo, Hi: hi})
		}
		for u := range units {
			free := 0
			for _, w := range n.w[u] {
				if w != lo && w != hi {
					free++
				}
			}
			if free > 1 {
				t.Errorf("seed %d, unit %d: weights %v, want all but one at %g or %g", seed, u, n.w[u], lo, hi)
			}
		}
	}
}
