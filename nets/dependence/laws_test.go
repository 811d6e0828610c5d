package dependence_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/internal/must"
	"hebb/nets/dependence"
	"hebb/nets/internal/lab"
)

// normal are independent samples.
func normal(rnd *rand.Rand, rows, dims int) dependence.Samples {
	s := dependence.Samples{Rows: rows, Dims: dims, Values: make([]float64, rows*dims)}
	for i := range s.Values {
		s.Values[i] = rnd.NormFloat64()
	}
	return s
}

// mapped is f of each value.
func mapped(s dependence.Samples, f func(i int, v float64) float64) dependence.Samples {
	s.Values = slices.Clone(s.Values)
	for i, v := range s.Values {
		s.Values[i] = f(i, v)
	}
	return s
}

func hsic(t testing.TB, dev *compute.Device, x, y dependence.Samples, o dependence.Options) []dependence.Value {
	t.Helper()
	r := must.Get(dependence.HSIC(t.Context(), dev, x, y, o))(t)
	return r.Widths
}

var gaussian = dependence.Kernel{Kind: compute.Gaussian}

func both(k dependence.Kernel) dependence.Options { return dependence.Options{X: k, Y: k} }

// TestIndependent: of independent samples the biased estimate has the mean (1−k)·(1−l)/m, k and l being what different
// rows have (Gretton et al. 2005, theorem 1), and so it falls as 1/m.
func TestIndependent(t *testing.T) {
	dev, rnd := lab.CPU(t), rand.New(rand.NewPCG(3, 5))
	const trials = 48
	for _, m := range []int{32, 128, 512} {
		var sum, square float64 // of HSIC in units of that mean
		for range trials {
			v := hsic(t, dev, normal(rnd, m, 2), normal(rnd, m, 3), both(dependence.Kernel{Kind: compute.Gaussian, Sigma: []float64{1.5}}))[0]
			k, l := math.Pow(1+2/2.25, -1), math.Pow(1+2/2.25, -1.5) // E exp(−‖a−b‖²/(2σ²)) = (1+2/σ²)^(−d/2)
			h := v.HSIC / ((1 - k) * (1 - l) / float64(m))
			sum += h / trials
			square += h * h / trials
		}
		se := math.Sqrt((square - sum*sum) / (trials - 1))
		if !(math.Abs(sum-1) <= 4*se+4/float64(m)) || se > 0.1 {
			t.Errorf("m = %d: HSIC is %.3f ± %.3f of its mean", m, sum, se)
		}
	}
}

// TestPermutations: under permutations HSIC has the mean tr(HKH)·tr(HLH)/(m−1)³ exactly, P is uniform for independent
// samples, and the least that there can be for dependent ones.
func TestPermutations(t *testing.T) {
	dev, rnd := lab.CPU(t), rand.New(rand.NewPCG(7, 11))
	x := normal(rnd, 60, 2)
	y := mapped(x, func(_ int, v float64) float64 { return v*v + 0.1*rnd.NormFloat64() })
	o := dependence.Options{X: dependence.Kernel{Kind: compute.Gaussian, Sigma: []float64{0.5, 2}}, Y: gaussian, Permutations: 199, Seed: 1}
	done := 0
	o.Progress = func(n int) { done = n }
	all := hsic(t, dev, x, y, o)
	if done != 199 || len(all) != 2 {
		t.Errorf("%d permutations were reported, %+v", done, all)
	}
	for _, v := range all {
		k := 1 - gaussianMean(x, v.SigmaX)
		l := 1 - gaussianMean(y, v.SigmaY) // tr(HLH) = m − m·mean(L) = (m−1)·(1 − mean off the diagonal)
		want := k * l / 59
		if !(math.Abs(v.Null-want) <= 4*v.NullSD/math.Sqrt(199)) || v.NullSD > want {
			t.Errorf("the mean under permutations is %g ± %g, want %g", v.Null, v.NullSD/math.Sqrt(199), want)
		}
		if v.P != 1./200 {
			t.Errorf("P of dependent samples is %g", v.P)
		}
	}
	again := hsic(t, dev, x, y, o)
	if o.Seed = 2; !slices.Equal(all, again) || hsic(t, dev, x, y, o)[0].Null == all[0].Null {
		t.Errorf("%+v, and again %+v: the seed decides", all, again)
	}

	const trials, n = 100, 19
	var count [n + 1]int
	for range trials {
		o := dependence.Options{X: gaussian, Y: gaussian, Permutations: n, Seed: rnd.Uint64()}
		p := hsic(t, dev, normal(rnd, 24, 2), normal(rnd, 24, 1), o)[0].P
		count[int(math.Round(p*(n+1)))-1]++
	}
	below := 0
	for i, c := range count { // Kolmogorov's distance; 1.63/√n is exceeded once in a hundred
		below += c
		if d := float64(below)/trials - float64(i+1)/(n+1); !(math.Abs(d) <= 1.63/math.Sqrt(trials)) {
			t.Errorf("P ≤ %g in %d of %d trials", float64(i+1)/(n+1), below, trials)
		}
	}
}

// gaussianMean is the mean of the kernel between different rows.
func gaussianMean(s dependence.Samples, σ float64) (mean float64) {
	all := between(s, σ)
	for _, k := range all {
		mean += k / float64(len(all))
	}
	return mean
}

// TestNull: mean and standard deviation are those of the permutations.
func TestNull(t *testing.T) {
	dev, rnd := lab.CPU(t), rand.New(rand.NewPCG(2, 3))
	x, y, o := normal(rnd, 30, 2), normal(rnd, 30, 2), both(gaussian)
	var mean [4]float64
	for n := 1; n <= 3; n++ {
		o.Permutations = n
		v := hsic(t, dev, x, y, o)[0]
		mean[n] = v.Null
		if n < 3 {
			continue
		}
		square := 0.0
		for k := 1; k <= 3; k++ { // n·mean are sums, and these begin alike
			d := float64(k)*mean[k] - float64(k-1)*mean[k-1] - mean[3]
			square += d * d
		}
		if want := math.Sqrt(square / 2); !(math.Abs(v.NullSD-want) <= 1e-9*want) { // float64s
			t.Errorf("the standard deviation is %g, want %g", v.NullSD, want)
		}
	}
}

// TestWidths: each pair of widths is measured as if it were alone, whichever side has several; PerDim is a factor of √d.
func TestWidths(t *testing.T) {
	dev, rnd := lab.CPU(t), rand.New(rand.NewPCG(5, 3))
	x, y := normal(rnd, 40, 4), normal(rnd, 40, 9)
	k := func(perDim bool, σ ...float64) dependence.Kernel {
		return dependence.Kernel{Kind: compute.Gaussian, Sigma: σ, PerDim: perDim}
	}
	few, one := k(false, 1, 2, 3), k(false, 2)
	for _, o := range []dependence.Options{{X: few, Y: one}, {X: one, Y: few}, {X: few, Y: few}} {
		all := hsic(t, dev, x, y, o)
		for w, v := range all {
			alone := dependence.Options{X: k(false, o.X.Sigma[w%len(o.X.Sigma)]), Y: k(false, o.Y.Sigma[w%len(o.Y.Sigma)])}
			if want := hsic(t, dev, x, y, alone)[0]; v != want || len(all) != 3 {
				t.Errorf("width %d of %d: %+v, want %+v", w, len(all), v, want)
			}
		}
	}
	got := hsic(t, dev, x, y, dependence.Options{X: k(true, 0.5, 1), Y: k(true, 1)})
	for w, v := range hsic(t, dev, x, y, dependence.Options{X: k(false, 1, 2), Y: k(false, 3)}) {
		if v.HSIC != got[w].HSIC || got[w].SigmaX != v.SigmaX/2 || got[w].SigmaY != 1 {
			t.Errorf("per dimension %+v, want %+v", got[w], v)
		}
	}
	median := hsic(t, dev, x, y, both(gaussian))[0]
	if v := hsic(t, dev, x, y, both(k(true)))[0]; v != median {
		t.Errorf("the median per dimension: %+v, want %+v", v, median)
	}
}

// TestTies: where all orders of the rows are alike, each permutation is a tie, and P is 1.
func TestTies(t *testing.T) {
	dev := lab.CPU(t)
	simplex := dependence.Samples{Rows: 20, Dims: 20, Values: make([]float64, 400)}
	for i := range 20 {
		simplex.Values[i*20+i] = 0.7
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, k := range []dependence.Kernel{{}, gaussian} {
		v := hsic(t, dev, simplex, normal(rnd, 20, 3), dependence.Options{X: k, Y: gaussian, Permutations: 50})[0]
		if v.P != 1 {
			t.Errorf("%v: P is %g, want 1: %+v", k.Kind, v.P, v)
		}
	}
}

// TestInvariances: what must not matter does not.
func TestInvariances(t *testing.T) {
	dev, rnd := lab.CPU(t), rand.New(rand.NewPCG(13, 17))
	x := normal(rnd, 70, 5)
	y := mapped(x, func(i int, v float64) float64 { return math.Sin(2*v) + 0.3*rnd.NormFloat64() })
	order := rnd.Perm(70)
	shuffle := func(s dependence.Samples) dependence.Samples {
		return mapped(s, func(i int, _ float64) float64 { return s.Values[order[i/s.Dims]*s.Dims+i%s.Dims] })
	}
	far := func(s dependence.Samples, by float64) dependence.Samples {
		return mapped(s, func(_ int, v float64) float64 { return v + by })
	}
	times := func(s dependence.Samples, by float64) dependence.Samples {
		return mapped(s, func(_ int, v float64) float64 { return v * by })
	}
	for _, k := range []dependence.Kernel{{}, {Kind: compute.Cosine}, gaussian, {Kind: compute.Gaussian, Sigma: []float64{1, 3}}} {
		want := hsic(t, dev, x, y, both(k))
		same := map[string][]dependence.Value{
			"both in another order": hsic(t, dev, shuffle(x), shuffle(y), both(k)),
			"exchanged":             hsic(t, dev, y, x, both(k)),
		}
		if k.Kind != compute.Cosine {
			same["moved far away"] = hsic(t, dev, far(x, 1e6), far(y, -1e4), both(k))
		}
		if len(k.Sigma) == 0 {
			same["of another scale"] = hsic(t, dev, times(x, 1e-30), times(y, 1e30), both(k))
		}
		for name, all := range same {
			for w, v := range all {
				own := want[w]
				kx, ky := dependence.Kernel{Kind: k.Kind, Sigma: []float64{own.SigmaX}}, dependence.Kernel{Kind: k.Kind, Sigma: []float64{own.SigmaY}}
				ab, aa, bb := bounds(70, doubtOf(x, kx, own.HSICX), doubtOf(y, ky, own.HSICY))
				bound := 2 * shareOf(own.HSICX, own.HSICY, own.Normalised, ab, aa, bb) // both are off
				if !(math.Abs(v.Normalised-own.Normalised) <= bound) || bound > 0.01 {
					t.Errorf("%v %s: %g, want %g ± %.2g", k, name, v.Normalised, own.Normalised, bound)
				}
			}
		}
		for _, v := range hsic(t, dev, x, x, both(k)) {
			if v.HSIC != v.HSICX || v.HSIC != v.HSICY || !(math.Abs(v.Normalised-1) <= 1e-15) {
				t.Errorf("%v with itself: %+v", k, v)
			}
		}
	}
	cka, err := dependence.LinearCKA(t.Context(), dev, x, y)
	if want := hsic(t, dev, x, y, dependence.Options{})[0].Normalised; err != nil || cka != want {
		t.Errorf("linear CKA is %g (%v), want %g", cka, err, want)
	}
}

// TestCovariances: the two ways to HSIC with linear kernels give the same.
func TestCovariances(t *testing.T) {
	dev, rnd := lab.CPU(t), rand.New(rand.NewPCG(19, 23))
	for _, d := range [][2]int{{31, 31}, {63, 64}, {200, 64}, {64, 200}, {9000, 1}} { // 32 rows: products up to 64·64; the last come in two parts
		x := normal(rnd, 32, d[0])
		y := normal(rnd, 32, d[1])
		got := hsic(t, dev, x, y, dependence.Options{})[0]
		want := 0.0
		for i := range d[0] {
			for j := range d[1] {
				c, a, b := 0.0, 0.0, 0.0
				for r := range 32 {
					c += x.Values[r*d[0]+i] * y.Values[r*d[1]+j]
					a += x.Values[r*d[0]+i]
					b += y.Values[r*d[1]+j]
				}
				c -= a * b / 32
				want += c * c
			}
		}
		bound, _, _ := bounds(32, doubtOf(x, dependence.Kernel{}, got.HSICX), doubtOf(y, dependence.Kernel{}, got.HSICY))
		if want /= 31 * 31; !(math.Abs(got.HSIC-want) <= bound) || bound > 0.05*want {
			t.Errorf("%v: HSIC %g, want %g ± %.2g", d, got.HSIC, want, bound)
		}
	}
}

// TestMedian: the heuristic takes all pairs of few rows and some of many, and leaves out those that do not differ.
func TestMedian(t *testing.T) {
	dev, rnd := lab.CPU(t), rand.New(rand.NewPCG(29, 31))
	line := dependence.Samples{Rows: 4, Dims: 1, Values: []float64{0, 1, 1, 4}} // 1 1 3 3 4, and 0
	if v := hsic(t, dev, line, line, both(gaussian))[0]; v.SigmaX != 3 || v.SigmaY != 3 {
		t.Errorf("the median is %g and %g, want 3", v.SigmaX, v.SigmaY)
	}
	other := dependence.Samples{Rows: 4, Dims: 1, Values: []float64{0, 1, 3, 7}} // 1 2 3 4 6 7
	if v := hsic(t, dev, other, line, both(gaussian))[0]; v.SigmaX != 3.5 || v.SigmaY != 3 {
		t.Errorf("the medians are %g and %g, want 3.5 and 3", v.SigmaX, v.SigmaY)
	}
	many := normal(rnd, 1000, 1) // |a−b| of two normal numbers has the median 0.95387
	if v := hsic(t, dev, many, many, both(gaussian))[0]; !(math.Abs(v.SigmaX-0.95387) <= 0.05) || v.SigmaX != v.SigmaY {
		t.Errorf("the median is %g, want about 0.954", v.SigmaX)
	}
	rare := mapped(normal(rnd, 5000, 1), func(i int, _ float64) float64 { return float64(i / 4999) })
	if v := hsic(t, dev, rare, rare, both(gaussian))[0]; v.SigmaX != 1 {
		t.Errorf("the median is %g, want 1", v.SigmaX)
	}
}

func TestWarnings(t *testing.T) {
	dev, x := lab.CPU(t), normal(rand.New(rand.NewPCG(37, 41)), 50, 3)
	r, err := dependence.HSIC(t.Context(), dev, x, x, dependence.Options{Y: gaussian,
		X: dependence.Kernel{Kind: compute.Gaussian, Sigma: []float64{0.01, 1, 1000}}})
	if err != nil || len(r.Warnings) != 2 || len(r.Widths) != 3 {
		t.Errorf("%v: warnings %q of %d widths, want two of three", err, r.Warnings, len(r.Widths))
	}
}

// A stopping Backend ends a context in one of its ops.
type stopping struct {
	compute.Backend
	ops, at int
	stop    func()
}

func (b *stopping) Run(op compute.Op) error {
	if b.ops++; b.ops == b.at {
		b.stop()
	}
	return b.Backend.Run(op)
}

// An impatient context ends when it has been asked that often.
type impatient struct {
	context.Context
	left int
}

func (c *impatient) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestCancelledMedian: the search for a width ends with the context, and no op begins.
func TestCancelledMedian(t *testing.T) {
	for _, rows := range []int{200, 500} { // of all pairs, and of some
		x := normal(rand.New(rand.NewPCG(43, 47)), rows, 1)
		_, err := dependence.HSIC(&impatient{t.Context(), 100}, compute.New(&compute.Stage{}), x, x, both(dependence.Kernel{Kind: compute.Gaussian}))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%d rows: %v", rows, err)
		}
	}
}

// TestCancelled: no op begins after the end of the context, in whichever that comes.
func TestCancelled(t *testing.T) {
	x := normal(rand.New(rand.NewPCG(43, 47)), 20, 3)
	o := both(gaussian)
	o.Permutations = 2
	for _, c := range []struct {
		ops int
		f   func(context.Context, *compute.Device) error
	}{
		{7, func(ctx context.Context, d *compute.Device) error {
			_, err := dependence.HSIC(ctx, d, x, x, o)
			return err
		}},
		{4, func(ctx context.Context, d *compute.Device) error {
			_, err := dependence.NormalisedHSIC(ctx, d, x, x, o, 0.1)
			return err
		}},
	} {
		for at := 1; at < c.ops; at++ {
			back := must.Get(cpu.Open())(t)
			ctx, cancel := context.WithCancel(t.Context())
			b := &stopping{Backend: back, at: at, stop: cancel}
			dev := compute.New(b)
			if err := c.f(ctx, dev); b.ops != at || !errors.Is(err, context.Canceled) {
				t.Errorf("stopped in op %d of %d, it ended after %d: %v", at, c.ops, b.ops, err)
			}
			cancel()
			dev.Close()
		}
	}
}
