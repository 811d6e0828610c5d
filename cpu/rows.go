package cpu

// The functions below go down the rows of matrices that are as wide as what belongs to their columns: x is one row or several.

// rowsAtOnce is how many rows they better take at a time: so many streams the processor fetches ahead of, and what belongs to a
// column goes through memory once for all of them.
const rowsAtOnce = 8

// addRows is dst[j] + Σ_i x[i,j], row by row.
func addRows(dst, x []float32) {
	w, from := len(dst), addRowsVector(dst, x)
	for ; len(x) > 0; x = x[w:] {
		for j := from; j < w; j++ {
			dst[j] += x[j]
		}
	}
}

// addSquares is dst[j] + Σ_i (x[i,j] − mean[j])², row by row.
func addSquares(dst, x, mean []float32) {
	w, from := len(dst), addSquaresVector(dst, x, mean)
	for ; len(x) > 0; x = x[w:] {
		for j := from; j < w; j++ {
			d := x[j] - mean[j]
			dst[j] += float32(d * d)
		}
	}
}

// standardColumns belong to the columns of a [compute.Standardize].
type standardColumns struct{ mean, scale, shift []float32 }

// rows is y[i,j] = (x[i,j] − mean[j])·scale[j] + shift[j] for rows of w numbers.
func (c *standardColumns) rows(y, x []float32, w int) {
	from := standardRowsVector(y, x, c, w)
	for ; len(x) > 0; x, y = x[w:], y[w:] {
		for j := from; j < w; j++ {
			y[j] = float32((x[j]-c.mean[j])*c.scale[j]) + c.shift[j]
		}
	}
}

// gradSums is dbias[j] + Σ_i e[i,j] and dgain[j] + Σ_i (x[i,j] − mean[j])·inverse[j]·e[i,j], row by row.
func gradSums(dbias, dgain, x, e, mean, inverse []float32) {
	w, from := len(dbias), gradSumsVector(dbias, dgain, x, e, mean, inverse)
	for ; len(x) > 0; x, e = x[w:], e[w:] {
		for j := from; j < w; j++ {
			dbias[j] += e[j]
			dgain[j] += float32(float32((x[j]-mean[j])*inverse[j]) * e[j])
		}
	}
}

// gradColumns belong to the columns of a [compute.StandardizeGrad].
type gradColumns struct{ mean, a, b, c []float32 }

// rows is dx[i,j] = e[i,j]·a[j] − b[j] − (x[i,j] − mean[j])·c[j] for rows of w numbers.
func (c *gradColumns) rows(dx, x, e []float32, w int) {
	from := gradRowsVector(dx, x, e, c, w)
	for ; len(x) > 0; x, e, dx = x[w:], e[w:], dx[w:] {
		for j := from; j < w; j++ {
			dx[j] = float32(float32(e[j]*c.a[j])-c.b[j]) - float32((x[j]-c.mean[j])*c.c[j])
		}
	}
}
