package cpu

// The routines of AVX-512 in rows_amd64.s, for a multiple of 64 columns.
//
//go:noescape
func gradSumsAVX512(dbias, dgain, x, e, mean, inverse *float32, n, rows, stride int)

//go:noescape
func gradRowsAVX512(dx, x, e, mean, a, b, c *float32, n, rows, stride int)

// gradSumsWide does the first of n columns for gradSums, of rows of w, and returns how many.
func gradSumsWide(dbias, dgain, x, e, mean, inverse []float32, n, w int) int {
	n = sixtyFours(n)
	if n > 0 {
		gradSumsAVX512(&dbias[0], &dgain[0], &x[0], &e[0], &mean[0], &inverse[0], n, len(x)/w, 4*w)
	}
	return n
}

// gradRowsWide does the first of n columns for [gradColumns.rows], of rows of w, and returns how many.
func gradRowsWide(dx, x, e []float32, c *gradColumns, n, w int) int {
	n = sixtyFours(n)
	if n > 0 {
		gradRowsAVX512(&dx[0], &x[0], &e[0], &c.mean[0], &c.a[0], &c.b[0], &c.c[0], n, len(x)/w, 4*w)
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
