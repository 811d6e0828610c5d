package compute_test

import (
	"math"
	"math/rand/v2"
)

// A unit does arithmetic. The zero unit does it as Go does; with times > 0 it is the worst device
// that GLSL allows, or one that many times worse: it rounds up or down, takes subnormals for 0 or
// not, and spends all of the error that exp, log and division may have.
type unit struct {
	times float64
	mode  rounding
	rnd   *rand.Rand
}

// A rounding is a direction. One that is always the same adds up, as a random one does not.
type rounding int

const (
	anyWay rounding = iota // at random
	upward
	downward
	inward // towards 0
)

func (r rounding) String() string { return []string{"any way", "upward", "downward", "inward"}[r] }

func (u unit) flush(x float32) float32 {
	if u.times > 0 && math.Abs(float64(x)) < 0x1p-126 && u.rnd.IntN(2) == 0 {
		return 0
	}
	return x
}

// round is x in float32, after an error of up to ulps beyond rounding; whole numbers stay.
func (u unit) round(x, ulps float64) float32 {
	y := float32(x)
	if u.times == 0 || float64(y) == x && ulps == 0 || x != x {
		return u.flush(y)
	}
	const almost = 1 - 0x1p-18 // the two errors multiply, and are promised as one
	if beyond := ulps*u.times*almost + u.times - 1; beyond > 0 {
		x *= 1 + u.error(x)*beyond*0x1p-23
	}
	if y = float32(x); float64(y) != x && u.turns(x-float64(y), x) { // to the other side
		y = math.Nextafter32(y, float32(math.Copysign(math.Inf(1), x-float64(y))))
	}
	return u.flush(y)
}

// error is within [−1, 1]: how much of its error an operation makes whose result is x.
func (u unit) error(x float64) float64 {
	switch sign := math.Copysign(1, x); u.mode {
	case upward:
		return sign
	case downward:
		return -sign
	case inward:
		return -1
	}
	return 2*u.rnd.Float64() - 1
}

// turns reports whether x, of which rest is lost by rounding to nearest, is rounded the other way.
func (u unit) turns(rest, x float64) bool {
	switch u.mode {
	case upward:
		return rest > 0
	case downward:
		return rest < 0
	case inward:
		return rest*x < 0
	}
	return u.rnd.IntN(2) == 0
}

func (u unit) add(a, b float32) float32 { return u.round(float64(a)+float64(b), 0) }
func (u unit) sub(a, b float32) float32 { return u.round(float64(a)-float64(b), 0) }
func (u unit) mul(a, b float32) float32 {
	return u.round(float64(u.flush(a))*float64(u.flush(b)), 0)
}
func (u unit) div(a, b float32) float32 { return u.round(float64(a)/float64(b), 1) }
func (u unit) rsqrt(a float32) float32  { return u.round(1/math.Sqrt(float64(a)), 1) }
func (u unit) exp(a float32) float32 {
	return u.round(math.Exp(float64(a)), 2+2*math.Abs(float64(a)))
}

// log errs by up to 2⁻²¹ within [0.5, 2].
func (u unit) log(a float32) float32 {
	x := math.Log(float64(a))
	if u.times > 0 && 0.5 <= a && a <= 2 {
		return u.round(x+u.error(x)*u.times*(0x1p-21-0x1p-23), 0)
	}
	return u.round(x, 2)
}

func (u unit) sqrt(a float32) float32 { return u.round(math.Sqrt(float64(max(u.flush(a), 0))), 4) }

// fma is a·b + c, as one operation or as two.
func (u unit) fma(a, b, c float32) float32 {
	if u.times > 0 && u.rnd.IntN(2) == 0 {
		return u.round(float64(u.flush(a))*float64(u.flush(b))+float64(c), 0)
	}
	return u.add(u.mul(a, b), c)
}

// dot is Σ a·b over n pairs.
func (u unit) dot(n int, pair func(k int) (a, b float32)) (s float32) {
	for k := range n {
		s = u.add(s, u.mul(pair(k)))
	}
	return s
}
