package lab

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Results are what an Experiment on a lab gives, by name.
type Results map[string][]float64

// An Experiment gives results on a lab, again and again.
type Experiment func(t *testing.T, l Lab) Results

// What an operation promises: float32's is compute's; of float64, as much of its own precision.
const Float32s, Float64ulp = 0x1p-23, 0x1p-52

// Spread returns how far results may be from the truth on a machine whose operations err by u of their results.
//
// To first order the error of a result is Σ J_k·δ_k over all roundings of the Experiment, J_k being how much the
// result depends on the k-th, and |δ_k| ≤ b_k, which compute derives for every op and Verify holds the CPU to. If
// the δ_k are independent and as often up as down, which is what rounding to nearest comes to, then by
// Hoeffding's lemma the error exceeds z·σ, σ² = Σ J_k²·b_k², with probability 2·exp(−z²/2) at most. A bound that
// always holds, Σ |J_k|·b_k, grows with each layer and says nothing after five.
//
// Runs in which every δ_k is b_k or −b_k at random stray from the exact one by exactly σ² in mean square,
// and n of them estimate σ²: that they find less than a share s of it has probability (s·e^{1−s})^{n/2} at
// most (Chernoff's bound of χ²). The bound returned is z·σ/√s for z and s at which each of the two
// happens to any result once in 10⁹. The Experiment is made on one lab, again and again.
func Spread(t *testing.T, u, consts float64, runs int, f Experiment) (want, bound Results) {
	t.Helper()
	m := newMachine()
	l := open(t, m)
	want = f(t, l)
	count := 0
	bound = Results{}
	for name, x := range want {
		count += len(x)
		bound[name] = make([]float64, len(x))
	}
	for k := range runs {
		m.strays(u, consts, uint64(k))
		got := f(t, l)
		for name, x := range want {
			for i := range x {
				d := got[name][i] - x[i]
				bound[name][i] += d * d / float64(runs)
			}
		}
	}
	safety := safety(count, runs)
	for _, b := range bound {
		for i := range b {
			b[i] = safety * math.Sqrt(b[i])
		}
	}
	return want, bound
}

// safety is z/√s of Spread, for so many results.
func safety(count, runs int) float64 {
	p := 1e-9 / float64(count)
	lo, hi := 0.0, 1.0
	for range 60 {
		s := (lo + hi) / 2
		if math.Pow(s*math.Exp(1-s), float64(runs)/2) < p {
			lo = s
		} else {
			hi = s
		}
	}
	return math.Sqrt(2*math.Log(2/p)) / math.Sqrt(lo)
}

// Differences counts the Results that are further apart than so many times their bound, and describes the first
// by name.
func Differences(got, want, bound Results, times float64) (count int, first string, at int) {
	for name, w := range want {
		g := got[name]
		if len(g) != len(w) {
			return len(w), name, -1
		}
		for i, x := range w {
			if math.Abs(g[i]-x) <= times*bound[name][i] {
				continue
			}
			if count++; first == "" || name < first {
				first, at = name, i
			}
		}
	}
	return count, first, at
}

// Agree requires that Results differ by no more than so many times their bound.
func Agree(t *testing.T, what string, got, want, bound Results, times float64) {
	t.Helper()
	count, name, at := Differences(got, want, bound, times)
	switch {
	case count == 0:
	case at < 0:
		t.Errorf("%s: %d numbers in %s, want %d", what, len(got[name]), name, len(want[name]))
	default:
		t.Errorf("%s: %d numbers differ; number %d of %s is %.10g, want %.10g ± %.2g",
			what, count, at, name, got[name][at], want[name][at], times*bound[name][at])
	}
}

// Telling requires of bounds that they are small beside what they bound: at most that share, as root mean squares.
// What a bound as wide as the value lets pass is anything.
func Telling(t *testing.T, what string, want, bound Results, share float64) {
	t.Helper()
	worst := 0.0
	for name, x := range want {
		if Norm(x) == 0 {
			continue
		}
		r := Norm(bound[name]) / Norm(x)
		if worst = max(worst, r); !(r <= share) {
			t.Errorf("%s: the bounds of %s are %.2g of it, want at most %.2g", what, name, r, share)
		}
	}
	t.Logf("%s: bounds are at most %.2g of what they bound", what, worst)
}

func Norm(x []float64) (n float64) {
	for _, v := range x {
		n = math.Hypot(n, v)
	}
	return n
}

// Dot is Σ a·b.
func Dot(a, b []float64) (s float64) {
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

// Normals are n normal numbers, as a seed decides.
func Normals(rnd *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rnd.NormFloat64())
	}
	return x
}
