package computetest

import (
	"math"
	"math/rand/v2"
)

// Float is the type of number that a [Machine] computes with.
type Float interface{ float32 | float64 }

// An Arithmetic defines how a [Machine] rounds.
type Arithmetic[F Float] interface {
	// Begin starts an op.
	Begin()

	// Load returns x as an operation reads it, which may take a subnormal for 0.
	Load(x F) F

	// Const returns a constant of an op, already rounded to float32.
	Const(c float32) F

	// Round returns x after one rounding and a further error of up to ulps·2⁻²³·|x| + abs·2⁻²³.
	Round(x, ulps, abs float64) F

	// FMA returns a·b + c, as one operation or as two.
	FMA(a, b, c F) F

	// Dot returns Σ a·b.
	Dot(a, b []F) F

	// Half returns x rounded to that many bits with the exponents of half precision, which itself has 11.
	Half(x float64, bits int) float64
}

// Float32 is an [Arithmetic]. The zero value rounds as Go does; with Times > 0 it is the worst device that GLSL allows,
// or one that many times worse: it rounds up or down, takes subnormals for 0 or not, fuses products with sums or not,
// and errs by as much as GLSL allows in exp, log and division.
type Float32 struct {
	Times float64
	Mode  Rounding
	Seed  uint64

	rnd *rand.Rand
}

// A Rounding is a direction of rounding. Errors in one constant direction add up, unlike random ones.
type Rounding int

const (
	AnyWay Rounding = iota // at random
	Upward
	Downward
	Inward // towards 0
)

func (r Rounding) String() string { return []string{"any way", "upward", "downward", "inward"}[r] }

// Begin restarts the random errors, so that an op errs in the same way when run again.
func (f *Float32) Begin() { f.rnd = rand.New(rand.NewPCG(1, f.Seed)) }

func (f *Float32) Load(x float32) float32 {
	if math.Float32bits(x)&0x7f800000 != 0 || x == 0 {
		return x
	}
	return f.subnormal(x)
}

// subnormal is the rare part of Load, which is inlined without it.
//
//go:noinline
func (f *Float32) subnormal(x float32) float32 {
	if f.Times > 0 && f.rnd.Uint64()&1 == 0 {
		return 0
	}
	return x
}

func (f *Float32) Const(c float32) float32 { return f.Load(c) }

// Round leaves integers, and numbers that float32 holds, as they are.
func (f *Float32) Round(x, ulps, abs float64) float32 {
	y := float32(x)
	if f.Times == 0 || float64(y) == x && ulps == 0 && abs == 0 || x != x {
		return f.Load(y)
	}
	if abs > 0 {
		x += f.error(x) * f.Times * abs * 0x1p-23
	}
	const almost = 1 - 0x1p-18 // the two errors multiply, and their bound is of one
	if beyond := ulps*f.Times*almost + f.Times - 1; beyond > 0 {
		x *= 1 + f.error(x)*beyond*0x1p-23
	}
	if y = float32(x); float64(y) != x && f.turns(x-float64(y), x) { // to the other side
		y = math.Nextafter32(y, float32(math.Copysign(math.Inf(1), x-float64(y))))
	}
	return f.Load(y)
}

// error returns a number in [−1, 1]: the share of its largest error that an operation of result x makes.
func (f *Float32) error(x float64) float64 {
	switch sign := math.Copysign(1, x); f.Mode {
	case Upward:
		return sign
	case Downward:
		return -sign
	case Inward:
		return -1
	}
	return 2*f.rnd.Float64() - 1
}

// turns reports whether x, which loses rest by rounding to nearest, is rounded the other way.
func (f *Float32) turns(rest, x float64) bool {
	switch f.Mode {
	case Upward:
		return rest > 0
	case Downward:
		return rest < 0
	case Inward:
		return rest*x < 0
	}
	return f.rnd.Uint64()&1 == 0
}

// Fuses reports whether the current product is not rounded before it is added to a sum.
func (f *Float32) Fuses() bool { return f.Times > 0 && f.rnd.Uint64()&1 == 0 }

func (f *Float32) FMA(a, b, c float32) float32 {
	p := float64(f.Load(a)) * float64(f.Load(b))
	if !f.Fuses() {
		p = float64(f.Round(p, 0, 0))
	}
	return f.Round(p+float64(c), 0, 0)
}

// Dot adds one product after the other.
func (f *Float32) Dot(a, b []float32) (s float32) {
	for k, x := range a {
		p := f.Round(float64(f.Load(x))*float64(f.Load(b[k])), 0, 0)
		s = f.Round(float64(s)+float64(p), 0, 0)
	}
	return s
}

func (f *Float32) Half(x float64, bits int) float64 {
	y, step := nearestHalf(x, bits)
	if f.Times > 0 && y != x && f.turns(x-y, x) {
		y += math.Copysign(step, x-y)
	}
	if math.Abs(y) > 65504 {
		y = math.Copysign(math.Inf(1), y)
	}
	return y
}

// nearestHalf returns the number of that many bits nearest to x, and the distance to the next.
func nearestHalf(x float64, bits int) (y, step float64) {
	_, exp := math.Frexp(x)
	step = math.Ldexp(1, max(exp-bits, -24))
	return math.RoundToEven(x/step) * step, step
}

// Float64 is an [Arithmetic] whose operations may err. With U = 0 it is exact but for float64's own rounding, and is
// the reference for a network's results. With U > 0 every operation errs by its largest error, U times the bound of
// package compute in units of 2⁻²³, up or down at random: it shows how rounding errors propagate through a network.
type Float64 struct {
	U      float64
	Consts float64 // the relative error of constants, which were rounded to float32
	Rand   *rand.Rand

	known map[float32]float64 // constants used so far
}

func (*Float64) Begin()                        {}
func (*Float64) Load(x float64) float64        { return x }
func (f *Float64) FMA(a, b, c float64) float64 { return f.Round(f.Round(a*b, 0, 0)+c, 0, 0) }

func (*Float64) Half(x float64, bits int) float64 {
	y, _ := nearestHalf(x, bits)
	return y
}

// stray returns x with an error of U·by.
func (f *Float64) stray(x, by float64) float64 {
	switch {
	case f.U == 0 || by == 0:
		return x
	case f.Rand.Uint64()&1 == 0:
		return x - f.U*by
	}
	return x + f.U*by
}

// Const errs alike wherever c is used.
func (f *Float64) Const(c float32) float64 {
	if f.U == 0 || f.Consts == 0 {
		return float64(c)
	}
	x, ok := f.known[c]
	if !ok {
		if f.known == nil {
			f.known = map[float32]float64{}
		}
		x = f.stray(float64(c), f.Consts/f.U*math.Abs(float64(c)))
		f.known[c] = x
	}
	return x
}

func (f *Float64) Round(x, ulps, abs float64) float64 { return f.stray(x, (1+ulps)*math.Abs(x)+abs) }

// Dot errs once for the whole sum: of n roundings, in whatever order the terms are added, each errs by at most
// u·Σ|term|, and together, being independent, by √n times that (Higham and Mary 2019, "A new approach to probabilistic
// rounding error analysis").
func (f *Float64) Dot(a, b []float64) float64 {
	var x, abs float64
	for k, v := range a {
		p := v * b[k]
		x += p
		abs += math.Abs(p)
	}
	return f.stray(x, math.Sqrt(float64(len(a)))*abs)
}
