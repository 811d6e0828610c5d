//go:build amd64 || arm64

package cpu

// The routines of primitive_amd64.s and of primitive_arm64.s, for n floats, a multiple of 8. Each gives the same bits as the Go function beside
// its caller.
//
//go:noescape
func addEights(dst, a, b *float32, n int)

//go:noescape
func subEights(dst, a, b *float32, n int)

//go:noescape
func mulEights(dst, a, b *float32, n int)

//go:noescape
func divEights(dst, a, b *float32, n int)

//go:noescape
func maxEights(dst, a, b *float32, n int)

//go:noescape
func minEights(dst, a, b *float32, n int)

//go:noescape
func sqrtEights(dst, a *float32, n int)

//go:noescape
func negEights(dst, a *float32, n int)

//go:noescape
func chooseEights(dst, c, a, b *float32, n int)

//go:noescape
func logEights(dst, a *float32, n int)

//go:noescape
func giveEights(dst, rest, x, top *float32, n int)

//go:noescape
func scaleEights(dst, a *float32, k float32, n int)

//go:noescape
func shiftEights(dst, a *float32, k float32, n int)

//go:noescape
func plusEights(dst, a *float32, k float32, n int)

//go:noescape
func slopesEights(p, k, l, r *float32, n int, f *slopeFactors)

//go:noescape
func sumEights(x *float32, n int) float32

//go:noescape
func runSumsEights(out, x *float32, n, runs int)

//go:noescape
func spreadEights(dst, src *float32, cols, rows int)

//go:noescape
func affineEights(dst, x, y *float32, n int, a, b float32)

//go:noescape
func largestEights(x *float32, n int) float32

// eights returns the number of elements of dst that fill vectors of 8.
func eights(dst []float32) int {
	if vector == scalar {
		return 0
	}
	return len(dst) &^ 7
}

// The functions below process the first elements for the function that they are named after, and return how many. The
// operands are as long as dst.

func addVector(dst, a, b []float32) int {
	n := eights(dst)
	if n > 0 {
		addEights(&dst[0], &a[0], &b[0], n)
	}
	return n
}

func subVector(dst, a, b []float32) int {
	n := eights(dst)
	if n > 0 {
		subEights(&dst[0], &a[0], &b[0], n)
	}
	return n
}

func timesVector(dst, a, b []float32) int {
	n := eights(dst)
	if n > 0 {
		mulEights(&dst[0], &a[0], &b[0], n)
	}
	return n
}

func divVector(dst, a, b []float32) int {
	n := eights(dst)
	if n > 0 {
		divEights(&dst[0], &a[0], &b[0], n)
	}
	return n
}

func largerVector(dst, a, b []float32) int {
	n := eights(dst)
	if n > 0 {
		maxEights(&dst[0], &a[0], &b[0], n)
	}
	return n
}

func smallerVector(dst, a, b []float32) int {
	n := eights(dst)
	if n > 0 {
		minEights(&dst[0], &a[0], &b[0], n)
	}
	return n
}

func sqrtVector(dst, a []float32) int {
	n := eights(dst)
	if n > 0 {
		sqrtEights(&dst[0], &a[0], n)
	}
	return n
}

func negVector(dst, a []float32) int {
	n := eights(dst)
	if n > 0 {
		negEights(&dst[0], &a[0], n)
	}
	return n
}

func chooseVector(dst, c, a, b []float32) int {
	n := eights(dst)
	if n > 0 {
		chooseEights(&dst[0], &c[0], &a[0], &b[0], n)
	}
	return n
}

func logVector(dst, a []float32) int {
	n := eights(dst)
	if n > 0 {
		logEights(&dst[0], &a[0], n)
	}
	return n
}

func giveVector(dst, rest, x, top []float32) int {
	n := eights(dst)
	if n > 0 {
		giveEights(&dst[0], &rest[0], &x[0], &top[0], n)
	}
	return n
}

func scaleVector(dst, a []float32, k float32) int {
	n := eights(dst)
	if n > 0 {
		scaleEights(&dst[0], &a[0], k, n)
	}
	return n
}

func shiftVector(dst, a []float32, k float32) int {
	n := eights(dst)
	if n > 0 {
		shiftEights(&dst[0], &a[0], k, n)
	}
	return n
}

func sumVector(x []float32) (sum float32, n int) {
	if n = eights(x); n > 0 {
		sum = sumEights(&x[0], n)
	}
	return sum, n
}

func largestVector(x []float32) (largest float32, n int) {
	if n = eights(x); n > 0 {
		largest = largestEights(&x[0], n)
	}
	return largest, n
}

func plusVector(dst, a []float32, k float32) int {
	n := eights(dst)
	if n > 0 {
		plusEights(&dst[0], &a[0], k, n)
	}
	return n
}

func slopesVector(p, k, l, r []float32, f *slopeFactors) int {
	n := eights(p)
	if n > 0 {
		slopesEights(&p[0], &k[0], &l[0], &r[0], n, f)
	}
	return n
}

func runSumsVector(out, x []float32, n int) int {
	runs := eights(out)
	if n%8 != 0 || runs == 0 {
		return 0
	}
	runSumsEights(&out[0], &x[:runs*n][0], n, runs)
	return runs
}

func spreadVector(dst, src []float32, cols int) int {
	whole, dst := (cols+7)&^7, dst[:len(src)*cols]
	if vector == scalar || len(dst) < whole {
		return 0
	}
	rows := min(len(src), 1+(len(dst)-whole)/cols) // the others would end beyond dst
	if rows > 0 {
		spreadEights(&dst[0], &src[0], cols, rows)
	}
	return rows
}

// affineVector processes the first elements for affine and returns how many.
func affineVector(dst, x, y []float32, a, b float32) int {
	n := eights(dst)
	if n > 0 {
		affineEights(&dst[0], &x[0], &y[0], n, a, b)
	}
	return n
}

// fillVector processes the first elements for fill and returns how many.
func fillVector(dst []float32, x float32) int {
	n := eights(dst)
	if n > 0 {
		spreadEights(&dst[0], &x, n, 1)
	}
	return n
}
