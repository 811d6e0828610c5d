package cpu

import (
	"math"

	"hebb/compute"
)

// apply is dst[j] ← do(a[j], b[j], c[j]), as many as dst has. dst may be any of the others.
func apply(do compute.Prim, dst, a, b, c []float32) {
	switch do {
	case compute.PrimVar, compute.PrimConst, compute.PrimOld:
		copy(dst, a)
	case compute.PrimAdd:
		add(dst, a, b)
	case compute.PrimSub:
		sub(dst, a, b)
	case compute.PrimMul:
		times(dst, a, b)
	case compute.PrimDiv:
		div(dst, a, b)
	case compute.PrimNeg:
		neg(dst, a)
	case compute.PrimExp:
		exp(dst, a)
	case compute.PrimLog:
		log(dst, a)
	case compute.PrimSqrt:
		sqrt(dst, a)
	case compute.PrimMax:
		larger(dst, a, b)
	case compute.PrimMin:
		smaller(dst, a, b)
	case compute.PrimSelect:
		choose(dst, a, b, c)
	}
}

func add(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for j := addVector(dst, a, b); j < len(dst); j++ {
		dst[j] = a[j] + b[j]
	}
}

func sub(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for j := subVector(dst, a, b); j < len(dst); j++ {
		dst[j] = a[j] - b[j]
	}
}

func times(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for j := timesVector(dst, a, b); j < len(dst); j++ {
		dst[j] = a[j] * b[j]
	}
}

func div(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for j := divVector(dst, a, b); j < len(dst); j++ {
		dst[j] = a[j] / b[j]
	}
}

func neg(dst, a []float32) {
	a = a[:len(dst)]
	for j := negVector(dst, a); j < len(dst); j++ {
		dst[j] = -a[j]
	}
}

// sqrt is √max(a, 0).
func sqrt(dst, a []float32) {
	a = a[:len(dst)]
	for j := sqrtVector(dst, a); j < len(dst); j++ {
		x := a[j]
		if !(x > 0) {
			x = 0
		}
		dst[j] = float32(math.Sqrt(float64(x)))
	}
}

// larger is b where b > a, else a: a NaN in a remains.
func larger(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for j := largerVector(dst, a, b); j < len(dst); j++ {
		x, y := a[j], b[j]
		if y > x {
			x = y
		}
		dst[j] = x
	}
}

// smaller is b where b < a, else a.
func smaller(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for j := smallerVector(dst, a, b); j < len(dst); j++ {
		x, y := a[j], b[j]
		if y < x {
			x = y
		}
		dst[j] = x
	}
}

// choose is a where c > 0, else b.
func choose(dst, c, a, b []float32) {
	c, a, b = c[:len(dst)], a[:len(dst)], b[:len(dst)]
	for j := chooseVector(dst, c, a, b); j < len(dst); j++ {
		x := b[j]
		if c[j] > 0 {
			x = a[j]
		}
		dst[j] = x
	}
}

// scale is dst[j] = k·a[j].
func scale(dst, a []float32, k float32) {
	a = a[:len(dst)]
	for j := scaleVector(dst, a, k); j < len(dst); j++ {
		dst[j] = k * a[j]
	}
}

// shift is dst[j] = k + a[j].
func shift(dst, a []float32, k float32) {
	a = a[:len(dst)]
	for j := shiftVector(dst, a, k); j < len(dst); j++ {
		dst[j] = k + a[j]
	}
}

// plus is dst[j] + k·a[j].
func plus(dst, a []float32, k float32) {
	a = a[:len(dst)]
	for j := plusVector(dst, a, k); j < len(dst); j++ {
		dst[j] += float32(k * a[j])
	}
}

// slopeFactors are the constants of a row of slopes: R of the row, Self and Cross of [compute.KernelGrad], and its
// Scale.
type slopeFactors struct{ own, self, cross, scale float32 }

// slopes is p[j] = scale·k[j]·((self·k[j] + cross·l[j]) + (r[j] + own)).
func slopes(p, k, l, r []float32, f slopeFactors) {
	k, l, r = k[:len(p)], l[:len(p)], r[:len(p)]
	for j := slopesVector(p, k, l, r, &f); j < len(p); j++ {
		s := float32(f.self*k[j]) + float32(f.cross*l[j])
		s += r[j] + f.own
		p[j] = float32(s*k[j]) * f.scale
	}
}

// give takes rest where x is top, adds it to dst and leaves 0 there.
func give(dst, rest, x, top []float32) {
	rest, x, top = rest[:len(dst)], x[:len(dst)], top[:len(dst)]
	for j := giveVector(dst, rest, x, top); j < len(dst); j++ {
		var taken float32
		if x[j] == top[j] {
			taken, rest[j] = rest[j], 0
		}
		dst[j] += taken
	}
}

// sum adds x up in 32 lanes, and these across, the far ones first; the remainder of x comes last.
func sum(x []float32) float32 {
	s, n := sumVector(x)
	if n == 0 {
		s, n = sumGo(x)
	}
	for _, v := range x[n:] {
		s += v
	}
	return s
}

// sumGo is sumVector.
func sumGo(x []float32) (sum float32, n int) {
	var lanes [32]float32
	for ; n+32 <= len(x); n += 32 {
		for i, v := range x[n : n+32] {
			lanes[i] += v
		}
	}
	for ; n+8 <= len(x); n += 8 {
		for i, v := range x[n : n+8] {
			lanes[i] += v
		}
	}
	for w := 16; w > 0; w /= 2 {
		for i := range w {
			lanes[i] += lanes[i+w]
		}
	}
	return lanes[0], n
}

// runSums sets out to the sums of x's runs of n numbers.
func runSums(out, x []float32, n int) {
	for o := runSumsVector(out, x, n); o < len(out); o++ {
		out[o] = runSum(x[o*n:][:n])
	}
}

// runSum adds x up in 8 lanes, and these two by two; a remainder below 8, in two.
func runSum(x []float32) float32 {
	if len(x)%8 != 0 {
		var a, b float32
		for ; len(x) >= 2; x = x[2:] {
			a += x[0]
			b += x[1]
		}
		if len(x) > 0 {
			a += x[0]
		}
		return a + b
	}
	l := [8]float32(x)
	for x = x[8:]; len(x) > 0; x = x[8:] {
		for i, v := range x[:8] {
			l[i] += v
		}
	}
	return ((l[0] + l[1]) + (l[2] + l[3])) + ((l[4] + l[5]) + (l[6] + l[7]))
}

// affine is a·x + b·y, each rounded.
func affine(dst, x, y []float32, a, b float32) {
	x, y = x[:len(dst)], y[:len(dst)]
	for j := affineVector(dst, x, y, a, b); j < len(dst); j++ {
		dst[j] = float32(a*x[j]) + float32(b*y[j])
	}
}

// spreadRows fills each row of dst, cols elements long, with a number of src.
func spreadRows(dst, src []float32, cols int) {
	for i := spreadVector(dst, src, cols); i < len(src); i++ {
		fill(dst[i*cols:][:cols], src[i])
	}
}

// largest is the maximum of x, which is not empty.
func largest(x []float32) float32 {
	m, n := largestVector(x)
	if n == 0 {
		m = x[0]
	}
	for _, v := range x[n:] {
		if v > m {
			m = v
		}
	}
	return m
}
