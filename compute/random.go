package compute

import (
	"fmt"
	"math"
)

// A Distribution is the shape of a [Law].
type Distribution uint8

const (
	UniformLaw Distribution = iota
	NormalLaw
	BernoulliLaw
	BetaLaw
)

var lawNames = []string{"uniform", "normal", "bernoulli", "beta"}

func (d Distribution) String() string {
	if int(d) < len(lawNames) {
		return lawNames[d]
	}
	return fmt.Sprintf("Distribution(%d)", uint8(d))
}

// A Law is the distribution of random numbers.
type Law struct {
	Distribution
	A, B float32 // parameters, as Uniform, Normal, Bernoulli and Beta define them
}

// Uniform is a + (b−a)·u, u being one of the 2²⁴ multiples of 2⁻²⁴ in [0, 1).
func Uniform(a, b float32) Law { return Law{UniformLaw, a, b} }

// Normal has mean a and standard deviation b.
func Normal(a, b float32) Law { return Law{NormalLaw, a, b} }

// Bernoulli is b with probability p, rounded to a multiple of 2⁻³², else 0. Dropout is
// Bernoulli(keep, 1/keep).
func Bernoulli(p, b float32) Law { return Law{BernoulliLaw, p, b} }

// Beta has the shapes a > ½ and b = ½: then a number is made of two words without rejection, see [Random]. Its mean is
// a/(a+½).
func Beta(a, b float32) Law { return Law{BetaLaw, a, b} }

func (l Law) String() string {
	if int(l.Distribution) < len(lawNames) {
		return fmt.Sprintf("%s(%g, %g)", lawNames[l.Distribution], l.A, l.B)
	}
	return fmt.Sprintf("Law(%d)", l.Distribution)
}

// Threshold returns p·2³²: a Bernoulli number is B where its word of the generator is below that.
func (l Law) Threshold() uint64 { return uint64(math.Round(float64(l.A) * (1 << 32))) }

// Exponent returns 1/(a−½) of a Beta law.
func (l Law) Exponent() float64 { return 1 / (float64(l.A) - 0.5) }

// PerBlock returns how many numbers are made of the four words of a block of the generator.
func (l Law) PerBlock() int {
	if l.Distribution == BetaLaw {
		return 2
	}
	return 4
}

// Random fills Out with random numbers from the counter-based generator Philox 4×32-10 (Salmon,
// Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"): element i is made of word
// i mod 4 of the block
//
//	philox(counter = (⌊i/4⌋, Stream), key = Seed)
//
// each a pair of 32-bit words, the lower one first. So the numbers depend on Seed, Stream and i alone, on every backend
// and for any length; each Stream is a sequence of its own. ⌊i/4⌋ takes its second word from 2³⁴ numbers on, 64 GiB,
// which a large device has room for.
//
// With Seeds above 1, Out is that many parts of equal length, one after the other in memory. Part k has the numbers of
// a separate Out with Seed + k (modulo 2⁶⁴): i counts from 0 in each. So each member of a batch draws the numbers that
// it would draw alone.
//
// A uniform number takes the upper 24 bits of its word, a Bernoulli number compares its word with
// p·2³². Normal numbers are made in pairs (Box and Muller 1958): of the words w, w′ at 2j and 2j+1,
//
//	r = √(−2·ln((⌊w/2⁸⌋+1)/2²⁴)), θ = 2π·⌊w′/2⁸⌋/2²⁴: r·cos θ and r·sin θ
//
// so that none is beyond 5.8. A Beta number takes two words: number i is made of the words w, w′ at 2i and 2i+1,
//
//	q = ((⌊w/2⁸⌋+1)/2²⁴)^(1/(a−½)), θ as above: q + (1−q)·cos²θ
//
// since 1 − q has the law Beta(1, a−½), sin²θ has Beta(½, ½), and the product of the two is 1 less a number of Beta(a, ½),
// exactly (Ulrich 1984, Devroye 1996, "Random variate generation in one line of code"). Of other shapes b, no such form
// takes a fixed number of words.
//
// Bound: Bernoulli and Uniform(0, 2ᵏ) are exact; Uniform rounds up to three times; of a Normal, the logarithm and root
// may be wrong by 8 ulp together, and the cosine and sine by 2⁻²¹; of a Beta, the logarithm of q by 6 ulp, its
// exponential as in formulas, and the cosine by 2⁻²¹.
// Cost: no flops, by convention.
type Random struct {
	Out          *Tensor
	Law          Law
	Seed, Stream uint64
	Seeds        int // the number of parts of Out; 0 is 1
}

func (r Random) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) { return append(outs, r.Out), ins }

// Dims returns the number of parts of Out, and their length.
func (r Random) Dims() (parts, n int) {
	parts = max(1, r.Seeds)
	return parts, r.Out.n / parts
}

func (r Random) check() error {
	l := r.Law
	switch {
	case r.Seeds < 0 || r.Seeds > 0 && r.Out.n%r.Seeds != 0:
		return fmt.Errorf("Seeds is %d for Out%v, want a divisor of its %d numbers, or 0", r.Seeds, r.Out, r.Out.n)
	case int(l.Distribution) >= len(lawNames):
		return fmt.Errorf("law %v, want one of %v", l, lawNames)
	case !finite(l.A) || !finite(l.B):
		return fmt.Errorf("law %v, want finite numbers", l)
	case l.Distribution == UniformLaw && (l.A >= l.B || !finite(l.B-l.A)):
		return fmt.Errorf("law %v, want an interval, no longer than the largest float32", l)
	case l.Distribution == NormalLaw && l.B < 0:
		return fmt.Errorf("law %v, want a standard deviation", l)
	case l.Distribution == NormalLaw && !(math.Abs(float64(l.A))+6*float64(l.B) <= math.MaxFloat32):
		return fmt.Errorf("law %v, want numbers to six standard deviations that are float32s", l)
	case l.Distribution == BernoulliLaw && !(0 <= l.A && l.A <= 1):
		return fmt.Errorf("law %v, want a probability within [0, 1]", l)
	case l.Distribution == BetaLaw && (!(l.A > 0.5) || l.B != 0.5):
		return fmt.Errorf("law %v, want shapes a > 0.5 and b = 0.5, which need no rejection", l)
	}
	return nil
}

func (r Random) define(Contents) func(out, i int) Val {
	_, n := r.Dims()
	word := func(part, i int) uint32 { // word i of the sequence of a part
		block, seed := uint64(i/4), r.Seed+uint64(part)
		return philox([4]uint32{uint32(block), uint32(block >> 32), uint32(r.Stream), uint32(r.Stream >> 32)},
			[2]uint32{uint32(seed), uint32(seed >> 32)})[i%4]
	}
	return func(_, i int) Val {
		part, i := i/n, i%n
		switch r.Law.Distribution {
		case BernoulliLaw:
			if uint64(word(part, i)) < r.Law.Threshold() {
				return leaf(r.Law.B)
			}
			return Val{}
		case UniformLaw:
			return r.Law.uniform(word(part, i))
		case BetaLaw:
			return r.Law.beta(word(part, 2*i), word(part, 2*i+1))
		}
		return r.Law.normal(word(part, i&^1), word(part, i|1), i%2 == 1)
	}
}

func (l Law) uniform(w uint32) Val {
	u, a, b := Val{X: float64(w>>8) / (1 << 24)}, leaf(l.A), leaf(l.B)
	if frac, _ := math.Frexp(b.X); a.X == 0 && frac == 0.5 && b.X >= 0x1p-100 {
		return Val{X: u.X * b.X}
	}
	return b.sub(a).mul(u).add(a)
}

func (l Law) normal(w, w2 uint32, odd bool) Val {
	r := math.Sqrt(-2 * math.Log(float64(w>>8+1)/(1<<24)))
	sin, cos := math.Sincos(2 * math.Pi * float64(w2>>8) / (1 << 24))
	x := r * cos
	if odd {
		x = r * sin
	}
	z := rounded(x, r*0x1p-21, 8)
	return z.mul(leaf(l.B)).add(leaf(l.A))
}

func (l Law) beta(w, w2 uint32) Val {
	q := rounded(math.Log(float64(w>>8+1)/(1<<24))*l.Exponent(), 0, 6).exp()
	cos := Val{math.Cos(2 * math.Pi * float64(w2>>8) / (1 << 24)), 0x1p-21}
	return q.add(Val{X: 1}.sub(q).mul(cos.mul(cos)))
}

func (r Random) cost() Cost { return Cost{0, 4 * int64(r.Out.Len())} }

// philox applies ten rounds of Philox 4×32.
func philox(c [4]uint32, k [2]uint32) [4]uint32 {
	for range 10 {
		a, b := uint64(c[0])*0xD2511F53, uint64(c[2])*0xCD9E8D57
		c = [4]uint32{uint32(b>>32) ^ c[1] ^ k[0], uint32(b), uint32(a>>32) ^ c[3] ^ k[1], uint32(a)}
		k[0] += 0x9E3779B9
		k[1] += 0xBB67AE85
	}
	return c
}
