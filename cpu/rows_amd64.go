package cpu

// gradSumsAVX512 and gradRowsAVX512 are the routines of rows_amd64.s for a multiple of 64 columns: four vectors are four lines of
// the cache side by side, which the processor fetches ahead where it does not of lines far apart.
//
//go:noescape
func gradSumsAVX512(dbias, dgain, x, e, mean, inverse *float32, n, rows, stride int)

//go:noescape
func gradRowsAVX512(dx, x, e, mean, a, b, c *float32, n, rows, stride int)

// gradSumsWide and gradRowsWide do the first columns for gradSumsVector and gradRowsVector, and return how many.
func gradSumsWide(dbias, dgain, x, e, mean, inverse []float32) int {
	n, w := len(dbias)&^63, len(dbias)
	if vector < avx512 || n == 0 {
		return 0
	}
	gradSumsAVX512(&dbias[0], &dgain[0], &x[0], &e[0], &mean[0], &inverse[0], n, len(x)/w, 4*w)
	return n
}

func gradRowsWide(dx, x, e []float32, c *gradColumns, w int) int {
	n := w &^ 63
	if vector < avx512 || n == 0 {
		return 0
	}
	gradRowsAVX512(&dx[0], &x[0], &e[0], &c.mean[0], &c.a[0], &c.b[0], &c.c[0], n, len(x)/w, 4*w)
	return n
}
