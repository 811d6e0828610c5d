package cpu

// The routines of gram_amd64.s.
//
//go:noescape
func totalsAVX2(t *[16]float64, x *float32, n int)

//go:noescape
func lowerAVX2(row *float32, n int, x float64, y *float64)

// totalsVector processes the first numbers for total and returns how many, a multiple of 16.
func totalsVector(t *[16]float64, x []float32) int {
	n := eights(x) &^ 15
	if n > 0 {
		totalsAVX2(t, &x[0], n)
	}
	return n
}

// lowerVector processes the first elements for lower and returns how many.
func lowerVector(row []float32, x float64, y []float64) int {
	n := eights(row)
	if n > 0 {
		lowerAVX2(&row[0], n, x, &y[0])
	}
	return n
}
