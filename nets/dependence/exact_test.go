package dependence

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// numbers are float32s of all magnitudes, many of which cancel.
func numbers(rnd *rand.Rand, n int) (all []float32) {
	for range n {
		v := float32(math.Ldexp(rnd.Float64()*2-1, rnd.IntN(278)-150))
		all = append(all, v, -v*(1-0x1p-20*float32(rnd.IntN(3))))
	}
	return append(all, math.MaxFloat32, -math.MaxFloat32, 0x1p-149, 0, float32(math.Copysign(0, -1)), -0x1p-126)
}

// TestExact: a sum is the number next to that in 600 bits, in any order and from any parts, and sums that round are not.
func TestExact(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 13))
	strays := 0
	for trial := range 200 {
		all := numbers(rnd, 1+trial)
		want := new(big.Float).SetPrec(600)
		for i, v := range all {
			term := new(big.Float).SetPrec(600).SetFloat64(float64(v))
			if i%3 == 0 {
				term.Add(term, term)
			}
			want.Add(want, term)
		}
		w, _ := want.Float64()
		order := rnd.Perm(len(all))
		var parts [3]exact
		rounded := 0.0
		for n, i := range order {
			parts[n%3].add(all[i], i%3 == 0)
			if rounded += float64(all[i]); i%3 == 0 {
				rounded += float64(all[i])
			}
		}
		slices.Reverse(parts[:])
		var sum exact
		for _, p := range parts {
			sum.plus(p)
		}
		if got := sum.float64(); got != w {
			t.Fatalf("trial %d: %g, want %g", trial, got, w)
		}
		if rounded != w {
			strays++
		}
	}
	if strays < 100 {
		t.Errorf("sums in float64 differ in %d of 200 trials: the test would not tell", strays)
	}
}

// TestExactFull: as many of the largest as fit, of either sign.
func TestExactFull(t *testing.T) {
	for _, v := range []float32{math.MaxFloat32, -math.MaxFloat32} {
		var e exact
		e.add(v, true)
		for range 40 {
			e.plus(e)
		}
		if got, want := e.float64(), math.Ldexp(float64(v), 41); got != want {
			t.Errorf("2⁴¹ of %g are %g, want %g", v, got, want)
		}
	}
}

// TestLimbs: any 64 bits go over a world as numbers that are whole.
func TestLimbs(t *testing.T) {
	for _, v := range []uint64{0, math.MaxUint64, math.Float64bits(math.NaN()), 0x0123456789abcdef} {
		var of [limbs]float32
		if putUint64(of[:], v); uint64Of(of[:]) != v || of[0] > 0xffff {
			t.Errorf("%x came as %v, %x", v, of, uint64Of(of[:]))
		}
	}
}
