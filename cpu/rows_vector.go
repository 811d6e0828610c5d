//go:build amd64 || arm64

package cpu

// The routines of rows_amd64.s and of rows_arm64.s, for n columns, a multiple of 8, of rows that are stride bytes apart. Each
// gives the same bits as the Go function beside its caller.
//
//go:noescape
func addRowsEights(dst, x *float32, n, rows, stride int)

//go:noescape
func addSquaresEights(dst, x, mean *float32, n, rows, stride int)

//go:noescape
func standardRowsEights(y, x, mean, scale, shift *float32, n, rows, stride int)

//go:noescape
func gradSumsEights(dbias, dgain, x, e, mean, inverse *float32, n, rows, stride int)

//go:noescape
func gradRowsEights(dx, x, e, mean, a, b, c *float32, n, rows, stride int)

// The functions below do the first columns for the function that they are named after, and return how many.

func addRowsVector(dst, x []float32) int {
	n, w := eights(dst), len(dst)
	if n > 0 {
		addRowsEights(&dst[0], &x[0], n, len(x)/w, 4*w)
	}
	return n
}

func addSquaresVector(dst, x, mean []float32) int {
	n, w := eights(dst), len(dst)
	if n > 0 {
		addSquaresEights(&dst[0], &x[0], &mean[0], n, len(x)/w, 4*w)
	}
	return n
}

func standardRowsVector(y, x []float32, c *standardColumns, w int) int {
	n := eights(c.mean[:w])
	if n > 0 {
		standardRowsEights(&y[0], &x[0], &c.mean[0], &c.scale[0], &c.shift[0], n, len(x)/w, 4*w)
	}
	return n
}

func gradSumsVector(dbias, dgain, x, e, mean, inverse []float32) int {
	n, w := eights(dbias), len(dbias)
	if at := gradSumsWide(dbias, dgain, x, e, mean, inverse, n, w); at < n {
		gradSumsEights(&dbias[at], &dgain[at], &x[at], &e[at], &mean[at], &inverse[at], n-at, len(x)/w, 4*w)
	}
	return n
}

func gradRowsVector(dx, x, e []float32, c *gradColumns, w int) int {
	n := eights(c.mean[:w])
	if at := gradRowsWide(dx, x, e, c, n, w); at < n {
		gradRowsEights(&dx[at], &x[at], &e[at], &c.mean[at], &c.a[at], &c.b[at], &c.c[at], n-at, len(x)/w, 4*w)
	}
	return n
}
