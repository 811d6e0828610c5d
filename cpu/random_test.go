package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
	"hebb/internal/must"
)

// TestPhilox compares the generator with the known answers of Random123 (Salmon et al. 2011, kat_vectors): the high word of
// a block's number is 0 in all tensors of less than 64 GiB.
func TestPhilox(t *testing.T) {
	const f = math.MaxUint64
	for _, test := range []struct {
		n, stream, seed uint64
		want            [4]uint32
	}{
		{0, 0, 0, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{f, f, f, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{0x85a308d3_243f6a88, 0x03707344_13198a2e, 0x299f31d0_a4093822, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(test.n, test.stream, test.seed); got != test.want {
			t.Errorf("philox(%x, %x, %x) is %x, want %x", test.n, test.stream, test.seed, got, test.want)
		}
	}
}

// TestRandomParts: each part of a Random equals, to the bit, a separate Random.
func TestRandomParts(t *testing.T) {
	b := must.Get(Open())(t)
	dev := compute.New(b)
	defer dev.Close()
	if err := computetest.Parts(dev); err != nil {
		t.Error(err)
	}
}

// TestNormals compares vectors with their Go twin to the bit, of the other laws too, and normal numbers with math's functions within 2⁻⁴⁵, over words at random
// and at the edges of the logarithm and of the quadrants.
func TestNormals(t *testing.T) {
	for seed := range uint64(20) {
		for _, n := range []int{1, 4, 15, 16, 17, 64, 1000} {
			fast, slow := make([]float32, n), make([]float32, n)
			for law, fill := range map[compute.Law]func(dst []float32, block, stream, seed uint64, l compute.Law){
				compute.Normal(0.25, float32(seed)+0.5): normals, compute.Beta(float32(seed)+0.75, 0.5): betas,
				compute.Bernoulli(0.3, 2): singles, compute.Uniform(-1, float32(seed)): singles,
			} {
				fill(fast, 1<<32-7, seed*1e12, seed<<40+seed, law)
				for v := scalar; v < widest(); v++ {
					set(t, &vector, v)
					fill(slow, 1<<32-7, seed*1e12, seed<<40+seed, law)
					for i := range slow {
						if !sameBits(fast[i], slow[i]) {
							t.Fatalf("%v of seed %d, number %d of %d is %g by %v and %g by %v", law, seed, i, n, fast[i], widest(), slow[i], v)
						}
					}
				}
				vector = widest()
			}
		}
	}
	words := []uint32{0, 1 << 8, 255, 1<<32 - 1, 1<<32 - 257, 1 << 31, 1<<31 - 1, 0xB504F333, 0xB504F433, 1 << 29, 1<<29 - 256, 3 << 29, 5 << 29, 7 << 29, 7<<29 - 256}
	for range 10000 {
		words = append(words, rand.Uint32())
	}
	for i, w := range words {
		for _, v := range []uint32{words[rand.IntN(len(words))], words[(i+7)%15]} {
			x, y := normalPair(w, v, 0, 1)
			r := math.Sqrt(-2 * math.Log(float64(w>>8+1)/(1<<24)))
			sin, cos := math.Sincos(2 * math.Pi * float64(v>>8) / (1 << 24))
			for _, p := range [2][2]float64{{float64(x), r * cos}, {float64(y), r * sin}} {
				if d := math.Abs(p[0] - p[1]); !(d <= 0x1p-24*math.Abs(p[1])+r*0x1p-50) {
					t.Fatalf("of %#x and %#x: %g, want %g", w, v, p[0], p[1])
				}
			}
		}
	}
}
