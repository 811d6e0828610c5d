package compute

import "math"

const (
	// ulp bounds the relative error of one float32 operation. It is 2⁻²³, not 2⁻²⁴: GLSL leaves
	// the rounding mode undefined (GLSL 4.60, §4.7.1 "Range and Precision").
	ulp = 0x1p-23

	// tiny is the absolute error of one operation: GLSL may flush subnormals to zero.
	tiny = 0x1p-126
)

// A Val is an exact result and a bound on the error of any float32 evaluation of it. An infinite bound excludes
// nothing: the value is beyond float32, or divides by a number that may be 0.
type Val struct{ X, Err float64 }

// Allows reports whether got is an acceptable float32 for v. A NaN is not, unless v is not Bounded: there GLSL leaves
// the result open.
func (v Val) Allows(got float32) bool {
	if v.infinite() {
		return float64(got) == v.X
	}
	return !v.Bounded() || math.Abs(float64(got)-v.X) <= v.Err // false for NaN; never write it as !(a > b)
}

// Bounded reports whether v excludes any float32 at all.
func (v Val) Bounded() bool { return math.Abs(v.X)+v.Err <= math.MaxFloat32 }

// infinite reports whether v is an infinity that was an input and is the result, as the largest of some: any other, which
// arithmetic makes, has a bound that is infinite too.
func (v Val) infinite() bool { return math.IsInf(v.X, 0) && v.Err == 0 }

// unbounded is a Val of which nothing is known.
var unbounded = Val{math.NaN(), math.Inf(1)}

func exact(x float32) Val { return Val{X: float64(x)} }

// leaf is x as a shader reads it: a subnormal may be 0.
func leaf(x float32) Val {
	v := exact(x)
	if a := math.Abs(v.X); a < tiny {
		v.Err = a
	} else if !(a <= math.MaxFloat32) {
		v = unbounded
	}
	return v
}

// gamma is γₙ = n·u/(1−n·u), the relative error of n roundings in a row
// (Higham, Accuracy and Stability of Numerical Algorithms, §3.1).
func gamma(n int) float64 {
	g := float64(n) * ulp
	if g >= 1 {
		return math.Inf(1)
	}
	return g / (1 - g)
}

// rounded is x, known to ±err, after one more operation, itself good to that many ulps.
func rounded(x, err, ulps float64) Val {
	err += ulps*ulp*(math.Abs(x)+err) + tiny
	if !(math.Abs(x)+err <= math.MaxFloat32) {
		return unbounded
	}
	return Val{x, err}
}

// whole reports whether float32 holds x, and all smaller whole numbers, without error.
func whole(x float64) bool { return x == math.Trunc(x) && math.Abs(x) <= 1<<24 }

// exactly reports whether x, made of a and b by one operation, has no error at all.
func exactly(x float64, a, b Val) bool {
	return a.Err == 0 && b.Err == 0 && whole(a.X) && whole(b.X) && whole(x)
}

func (v Val) neg() Val { return Val{-v.X, v.Err} }

func (v Val) add(w Val) Val {
	if x := v.X + w.X; exactly(x, v, w) {
		return Val{x, 0}
	}
	return rounded(v.X+w.X, v.Err+w.Err, 1)
}

func (v Val) sub(w Val) Val { return v.add(w.neg()) }

func (v Val) mul(w Val) Val {
	if x := v.X * w.X; exactly(x, v, w) {
		return Val{x, 0}
	}
	return rounded(v.X*w.X, math.Abs(v.X)*w.Err+math.Abs(w.X)*v.Err+v.Err*w.Err, 1)
}

// div is v/w, good to 2.5 ulp where w is within [2⁻¹²⁶, 2¹²⁶] (GLSL 4.60, §4.7.1).
func (v Val) div(w Val) Val {
	lo, hi, q := math.Abs(w.X)-w.Err, math.Abs(w.X)+w.Err, v.X/w.X
	if !(lo >= 0x1p-126 && hi <= 0x1p126) {
		return unbounded
	}
	return rounded(q, (v.Err+math.Abs(q)*w.Err)/lo, 2.5)
}

// exp is eᵛ, good to 3+2|v| ulp (GLSL 4.60, §4.7.1). The error of v propagates by the largest slope between v and the
// truth.
func (v Val) exp() Val {
	x, err := math.Exp(v.X), 0.0
	if v.Err < 1 {
		err = x * math.Expm1(v.Err)
	} else {
		err = math.Exp(v.X + v.Err) // not as above: x may be 0 and expm1 infinite
	}
	return rounded(x, err, 3+2*(math.Abs(v.X)+v.Err))
}

// log is ln v where v > 0: good to 3 ulp or, for v within [0.5, 2], to 2⁻²¹ (GLSL 4.60, §4.7.1).
func (v Val) log() Val {
	lo, hi := v.X-v.Err, v.X+v.Err
	if !(lo >= tiny) {
		return unbounded
	}
	x := math.Log(v.X)
	err := math.Max(x-math.Log(lo), math.Log(hi)-x)
	if lo <= 2 && hi >= 0.5 {
		err += 0x1p-21
	}
	return rounded(x, err, 3)
}

// sqrt is √max(v, 0), good to 5 ulp: 1/inversesqrt has 2 and 2.5 (GLSL 4.60, §4.7.1).
func (v Val) sqrt() Val {
	x, err := math.Sqrt(math.Max(v.X, 0)), 0.0
	if lo := v.X - v.Err; lo > 0 {
		err = math.Max(x-math.Sqrt(lo), math.Sqrt(v.X+v.Err)-x)
	} else if v.X+v.Err > 0 {
		err = math.Max(x, math.Sqrt(v.X+v.Err)-x)
	}
	v = rounded(x, err, 5)
	if v.Err += 0x1p-63; x == 0 && err == 0 {
		v.Err = 0x1p-63 // a subnormal counts as 0, or its root does not
	}
	return v
}

// clip is v clamped to [lo, hi], which increases no error.
func (v Val) clip(lo, hi float64) Val {
	if v.X != v.X {
		return v // Min and Max of NaN, which nothing bounds anyway
	}
	return Val{math.Min(math.Max(v.X, lo), hi), v.Err}
}

// choose is a where v > 0, else b. Where the error of v leaves the sign open, either may be
// chosen and the bound covers both.
func (v Val) choose(a, b Val) Val {
	if !(v.X > 0) {
		a, b = b, a
	}
	if v.Err == 0 || math.Abs(v.X) > v.Err {
		return a
	}
	const up = 1 + 0x1p-50 // or rounding in a.X − a.X + b.X may miss b.X, where that is small
	return Val{a.X, up * math.Max(a.Err, math.Abs(a.X-b.X)+b.Err)}
}

// A sum is Σ term over n terms, with the quantities that bound its rounding error.
type sum struct {
	x     float64 // Σ term
	abs   float64 // Σ |term|
	under float64 // the error of flushing and underflow, in all
	n     int     // the most roundings of any term
	whole bool    // all terms and their factors are integers

	factorTally // of the terms, until they are added to others or multiplied
}

// dot is Σ a·b over n pairs of numbers.
func dot(n int, pair func(k int) (a, b float32)) sum {
	s := sum{n: n, whole: true}
	for k := range n {
		a, b := pair(k)
		s.addTerm(float64(a), float64(b))
	}
	return s
}

// addTerm adds a·b. A subnormal a may be taken for 0, which costs tiny·|b|; so may b and the
// product.
func (s *sum) addTerm(a, b float64) {
	s.x += a * b
	s.abs += math.Abs(a * b)
	s.under += tiny * (1 + math.Abs(a) + math.Abs(b))
	s.whole = s.whole && whole(a) && whole(b)
	s.add(a, b)
}

// times is s with every term, or the total, multiplied by x.
func (s sum) times(x float64) sum {
	a := math.Abs(x)
	return sum{x: s.x * x, abs: s.abs * a, under: s.under*a + tiny*(1+a+s.abs), n: s.n + 1, whole: s.whole && whole(x)}
}

// mean is s/n, by a division or by a product with a rounded 1/n. Even a division by 1 may err.
func (s sum) mean(n int) sum {
	s = s.times(1 / float64(n))
	s.n += 2
	s.whole = false
	return s
}

// plus is s and t added up together, in any order.
func (s sum) plus(t sum) sum {
	return sum{x: s.x + t.x, abs: s.abs + t.abs, under: s.under + t.under, n: max(s.n, t.n) + 1, whole: s.whole && t.whole}
}

// val bounds s however it is evaluated: in any order, with or without fused multiply-add, factors
// applied to each term (gonum) or to the total (the shaders): |error| ≤ γₙ Σ|terms|. If all terms
// are whole and Σ|terms| ≤ 2²⁴ there is no error: every order gives the same bits.
func (s sum) val() Val {
	if s.whole && whole(s.abs) {
		return Val{s.x, 0}
	}
	err := gamma(s.n+2)*s.abs + s.under + float64(s.n)*tiny
	if !(s.abs+err <= math.MaxFloat32) {
		return unbounded // a partial sum may already be infinite
	}
	return Val{s.x, err}
}

// scaled bounds alpha·s + beta·c.
func (s sum) scaled(alpha, beta, c float32) Val {
	t := s.times(float64(alpha))
	if beta != 0 {
		p := sum{whole: true}
		p.addTerm(float64(beta), float64(c))
		t = t.plus(p)
	}
	if v := t.val(); s.abs <= math.MaxFloat32/2 {
		return v
	}
	return unbounded // the sum may overflow before alpha makes it small
}

// A total is Σ v over values that have errors.
type total struct {
	sum
	err float64 // Σ of their errors
}

func newTotal() total { return total{sum: sum{whole: true}} }

func (t *total) addVal(v Val) {
	if !v.Bounded() {
		v = Val{0, math.Inf(1)}
	}
	t.x += v.X
	t.abs += math.Abs(v.X) + v.Err
	t.err += v.Err
	t.under += tiny
	t.n++
	t.whole = t.whole && v.Err == 0 && whole(v.X)
}

// val bounds the total in any order of summation.
func (t *total) val() Val {
	v := t.sum.val()
	v.Err += t.err
	if !v.Bounded() {
		return unbounded
	}
	return v
}
