package cpu

// The routines of rows_amd64.s, for n columns, a multiple of 8, of rows that are stride bytes apart. Each gives the same bits as
// the Go function beside its caller.
//
//go:noescape
func addRowsAVX2(dst, x *float32, n, rows, stride int)

//go:noescape
func addSquaresAVX2(dst, x, mean *float32, n, rows, stride int)

//go:noescape
func standardRowsAVX2(y, x, mean, scale, shift *float32, n, rows, stride int)

//go:noescape
func gradSumsAVX2(dbias, dgain, x, e, mean, inverse *float32, n, rows, stride int)

//go:noescape
func gradRowsAVX2(dx, x, e, mean, a, b, c *float32, n, rows, stride int)

//go:noescape
func gradSumsAVX512(dbias, dgain, x, e, mean, inverse *float32, n, rows, stride int)

//go:noescape
func gradRowsAVX512(dx, x, e, mean, a, b, c *float32, n, rows, stride int)

// The functions below do the first columns for the function that they are named after, and return how many.

func addRowsVector(dst, x []float32) int {
	n, w := eights(dst), len(dst)
	if n > 0 {
		addRowsAVX2(&dst[0], &x[0], n, len(x)/w, 4*w)
	}
	return n
}

func addSquaresVector(dst, x, mean []float32) int {
	n, w := eights(dst), len(dst)
	if n > 0 {
		addSquaresAVX2(&dst[0], &x[0], &mean[0], n, len(x)/w, 4*w)
	}
	return n
}

func standardRowsVector(y, x []float32, c *standardColumns, w int) int {
	n := eights(c.mean[:w])
	if n > 0 {
		standardRowsAVX2(&y[0], &x[0], &c.mean[0], &c.scale[0], &c.shift[0], n, len(x)/w, 4*w)
	}
	return n
}

func gradSumsVector(dbias, dgain, x, e, mean, inverse []float32) int {
	n, w := eights(dbias), len(dbias)
	at := sixtyFours(n)
	if at > 0 {
		gradSumsAVX512(&dbias[0], &dgain[0], &x[0], &e[0], &mean[0], &inverse[0], at, len(x)/w, 4*w)
	}
	if at < n {
		gradSumsAVX2(&dbias[at], &dgain[at], &x[at], &e[at], &mean[at], &inverse[at], n-at, len(x)/w, 4*w)
	}
	return n
}

func gradRowsVector(dx, x, e []float32, c *gradColumns, w int) int {
	n := eights(c.mean[:w])
	at := sixtyFours(n)
	if at > 0 {
		gradRowsAVX512(&dx[0], &x[0], &e[0], &c.mean[0], &c.a[0], &c.b[0], &c.c[0], at, len(x)/w, 4*w)
	}
	if at < n {
		gradRowsAVX2(&dx[at], &x[at], &e[at], &c.mean[at], &c.a[at], &c.b[at], &c.c[at], n-at, len(x)/w, 4*w)
	}
	return n
}

// sixtyFours returns how many of n columns four vectors of AVX-512 fill: a line of the cache each, side by side, which the
// processor fetches ahead where it does not of lines far apart.
func sixtyFours(n int) int {
	if vector < avx512 {
		return 0
	}
	return n &^ 63
}
