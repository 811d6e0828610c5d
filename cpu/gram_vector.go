//go:build amd64 || arm64

package cpu

// The routines of gram_amd64.s and of gram_arm64.s.
//
//go:noescape
func totalsEights(t *[16]float64, x *float32, n int)

//go:noescape
func lowerEights(row *float32, n int, x float64, y *float64)

// totalsVector processes the first numbers for total and returns how many, a multiple of 16.
func totalsVector(t *[16]float64, x []float32) int {
	n := eights(x) &^ 15
	if n > 0 {
		totalsEights(t, &x[0], n)
	}
	return n
}

// lowerVector processes the first elements for lower and returns how many.
func lowerVector(row []float32, x float64, y []float64) int {
	n := eights(row)
	if n > 0 {
		lowerEights(&row[0], n, x, &y[0])
	}
	return n
}
