package compute_test

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mathext"

	"hebb/compute"
	"hebb/compute/computetest"
)

// TestPhilox compares the generator, and computetest's, with the known answers of Random123 (Salmon et al. 2011,
// kat_vectors).
func TestPhilox(t *testing.T) {
	const f = 0xffffffff
	for _, test := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{f, f, f, f}, [2]uint32{f, f}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := compute.Philox(test.counter, test.key); got != test.want {
			t.Errorf("philox(%x, %x) is %x, want %x", test.counter, test.key, got, test.want)
		}
		if got := computetest.Philox(test.counter, test.key[0], test.key[1]); got != test.want {
			t.Errorf("the machine's philox(%x, %x) is %x, want %x", test.counter, test.key, got, test.want)
		}
	}
}

// TestFarBlock: a number of a tensor too large to be made here is of the block whose number takes two words.
func TestFarBlock(t *testing.T) {
	const block = 3<<32 + 5
	x := tensor(t, compute.New(&compute.Stage{}), 4*block+4)
	w := compute.Philox([4]uint32{5, 3, 7, 1}, [2]uint32{9, 2})
	at := compute.Define(compute.Random{Out: x, Law: compute.Uniform(0, 1), Seed: 2<<32 + 9, Stream: 1<<32 + 7}, nil)
	for k := range w {
		if got, want := at(0, 4*block+k).X, float64(w[k]>>8)/(1<<24); got != want {
			t.Errorf("number %d of block %d is %g, want %g", k, block, got, want)
		}
	}
}

// draws returns n numbers of a law.
func draws(t *testing.T, law compute.Law, seed uint64, n int) []float64 {
	d := device(t)
	at := compute.Define(compute.Random{Out: tensor(t, d, n), Law: law, Seed: seed}, nil)
	x := make([]float64, n)
	for i := range x {
		x[i] = at(0, i).X
	}
	return x
}

// TestLaws: the first four moments, the correlation of neighbours (the two of a pair of normal numbers among them) and
// the distribution function match the law, to five standard errors.
func TestLaws(t *testing.T) {
	const n, sigmas = 1 << 18, 5
	for _, test := range []struct {
		law     compute.Law
		moments [8]float64 // E[x], E[x²], … E[x⁸]
		below   func(x float64) float64
	}{
		{compute.Uniform(0, 1), [8]float64{1. / 2, 1. / 3, 1. / 4, 1. / 5, 1. / 6, 1. / 7, 1. / 8, 1. / 9}, func(x float64) float64 { return x }},
		{compute.Uniform(-1, 1), [8]float64{0, 1. / 3, 0, 1. / 5, 0, 1. / 7, 0, 1. / 9}, func(x float64) float64 { return (x + 1) / 2 }},
		{compute.Normal(0, 1), [8]float64{0, 1, 0, 3, 0, 15, 0, 105}, func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }},
		{compute.Beta(4.5, 0.5), betaMoments(4.5), betaBelow(4.5)},
		{compute.Beta(0.75, 0.5), betaMoments(0.75), betaBelow(0.75)},
		{compute.Bernoulli(0.25, 2), [8]float64{0.5, 1, 2, 4, 8, 16, 32, 64}, nil},
	} {
		for _, seed := range []uint64{0, 1, 1 << 40} {
			x := draws(t, test.law, seed, n)
			for k := 1; k <= 4; k++ {
				var sum float64
				for _, v := range x {
					sum += math.Pow(v, float64(k))
				}
				m := test.moments[k-1]
				if got, se := sum/n, math.Sqrt((test.moments[2*k-1]-m*m)/n); !(math.Abs(got-m) <= sigmas*se) {
					t.Errorf("%v, seed %d: moment %d is %g, want %g ± %.2g", test.law, seed, k, got, m, se)
				}
			}
			mean, variance := test.moments[0], test.moments[1]-test.moments[0]*test.moments[0]
			for _, lag := range []int{1, 2, 4} {
				var sum float64
				for i := range n - lag {
					sum += (x[i] - mean) * (x[i+lag] - mean)
				}
				if r := sum / n / variance; !(math.Abs(r) <= sigmas/math.Sqrt(n)) {
					t.Errorf("%v, seed %d: correlation at lag %d is %g", test.law, seed, lag, r)
				}
			}
			if test.below == nil {
				continue
			}
			slices.Sort(x)
			far := 0.0                   // Kolmogorov's distance; P(√n·D > 2.6) < 3e-6
			for i := 0; i < n; i += 16 { // between them it grows by 16/n at most
				far = math.Max(far, math.Abs(test.below(x[i])-(float64(i)+0.5)/n))
			}
			if d := far * math.Sqrt(n); d > 2.6 {
				t.Errorf("%v, seed %d: Kolmogorov's distance times √n is %g", test.law, seed, d)
			}
		}
	}
}

// betaMoments returns E[x], …, E[x⁸] of Beta(a, ½): the k-th is Π (a+r)/(a+½+r), r < k.
func betaMoments(a float64) (m [8]float64) {
	last := 1.0
	for r := range m {
		last *= (a + float64(r)) / (a + 0.5 + float64(r))
		m[r] = last
	}
	return m
}

// betaBelow returns the distribution function of Beta(a, ½).
func betaBelow(a float64) func(x float64) float64 {
	return func(x float64) float64 { return mathext.RegIncBeta(a, 0.5, x) }
}

// TestLawEdges: a probability of 0 is never and of 1 always; no number is outside the documented range.
func TestLawEdges(t *testing.T) {
	for law, want := range map[compute.Law]float64{compute.Bernoulli(0, 3): 0, compute.Bernoulli(1, 3): 3, compute.Normal(2, 0): 2} {
		for i, x := range draws(t, law, 5, 1<<12) {
			if x != want {
				t.Fatalf("%v: element %d is %g, want %g", law, i, x, want)
			}
		}
	}
	if p := compute.Bernoulli(0.5, 1).Threshold(); p != 1<<31 {
		t.Errorf("threshold of 0.5 is %d", p)
	}
	for _, a := range []float32{0.5 + 0x1p-20, 0.6, 4.5, 1e6} {
		for _, x := range draws(t, compute.Beta(a, 0.5), 3, 1<<12) {
			if !(0 <= x && x <= 1) {
				t.Fatalf("a number of Beta(%g, 0.5) is %g", a, x)
			}
		}
	}
	for _, x := range draws(t, compute.Normal(0, 1), 3, 1<<16) {
		if !(math.Abs(x) <= 5.8) {
			t.Fatalf("a normal number is %g", x)
		}
	}
}
