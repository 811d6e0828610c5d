package cpu

import "unsafe"

const neon = scalar + 1

func (w width) String() string { return [...]string{"scalar", "NEON"}[w] }

// widest needs not look: every arm64 processor has NEON, with fused multiply-add.
func widest() width { return neon }

// The routines of vector_arm64.s, for n floats, a multiple of 4. Each gives the same bits as the Go function beside its
// caller, but for the chains, which it fuses.
//
//go:noescape
func expNEON(dst, x *float32, n int)

//go:noescape
func sigmoidNEON(dst, x *float32, n int)

//go:noescape
func gaussianNEON(dst, xy, yy *float32, n int, xx, minusF float32)

//go:noescape
func transposeNEON(dst *float32, dstStride int, src *float32, srcStride int, blocks int)

//go:noescape
func chainsNEON(v *float32, a, b float32, rounds int)

// fours returns how many of n elements fill vectors of 4.
func fours(n int) int {
	if vector == scalar {
		return 0
	}
	return n &^ 3
}

// expVector processes the first elements of exp and returns how many.
func expVector(dst, x []float32) int {
	n := fours(len(dst))
	if n > 0 {
		expNEON(&dst[0], &x[:n][0], n)
	}
	return n
}

// sigmoidVector processes the first elements of sigmoid and returns how many.
func sigmoidVector(v []float32) int {
	n := fours(len(v))
	if n > 0 {
		sigmoidNEON(&v[0], &v[0], n)
	}
	return n
}

// gaussianVector processes the first elements of gaussian and returns how many.
func gaussianVector(dst, xy, yy []float32, xx, minusF float32) int {
	n := fours(len(dst))
	if n > 0 {
		gaussianNEON(&dst[0], &xy[:n][0], &yy[:n][0], n, xx, minusF)
	}
	return n
}

// transposeVector processes the first rows and columns of transpose and returns how many.
func transposeVector(dst, src matrix) (rows, cols int) {
	rows, cols = fours(src.rows), fours(src.cols)
	if rows == 0 || cols == 0 {
		return 0, 0
	}
	_ = dst.data[(cols-1)*dst.stride+rows-1]
	_ = src.data[(rows-1)*src.stride+cols-1]
	for j := 0; j < cols; j += 4 {
		transposeNEON(&dst.data[j*dst.stride], 4*dst.stride, &src.data[j], 4*src.stride, rows/4)
	}
	return rows, cols
}

// chainsVector processes the first elements of chains and returns how many.
func chainsVector(v []float32, a, b float32, rounds int) int {
	const step = 48
	if vector == scalar {
		return 0
	}
	n := len(v) / step * step
	for i := 0; i < n; i += step {
		chainsNEON(&v[i], a, b, rounds)
	}
	return n
}

// tileNEON computes a tile of 6 rows and 16 columns: c ← clip(keep·c + alpha·in·panel), or what endings leave of that,
// with c at bytes from the start of each row of a matrix. The rows of the panel lie apart bytes apart.
//
//go:noescape
func tileNEON(c *tileOut, at int, in *tileIn, panel *float32, apart int, alpha float32, endings int)

// copyVector processes the first rows of copyRows and returns how many: copies of four numbers call nothing, and the last
// may overlap those before.
func copyVector(dst, src matrix) int {
	n := src.cols
	if n < 4 || n > 32 {
		return 0
	}
	for i := range src.rows {
		to, from := dst.row(i)[:n], src.row(i)
		for j := 0; j+4 < n; j += 4 {
			*(*[4]float32)(to[j:]) = [4]float32(from[j:])
		}
		*(*[4]float32)(to[n-4:]) = [4]float32(from[n-4:])
	}
	return src.rows
}

// tilesVector processes the first columns of byTiles and returns how many: copies of a known length call nothing.
func (k kernel) tilesVector(dst []float32, m matrix, apart int) int {
	const height = 6
	tiles := m.cols / height
	for i := range m.rows {
		row := m.row(i)
		for j := range tiles {
			*(*[height]float32)(dst[j*apart+i*height:]) = [height]float32(row[j*height:])
		}
	}
	return tiles * height
}

// kernelFor returns the kernel for products of cols columns; ok is false where there is none.
func kernelFor(cols int) (k kernel, ok bool) { return kernel{16, 6}, vector == neon }

// masks reports whether k reads no more of a panel and writes no more of c than the columns that there are.
func (kernel) masks() bool { return false }

// run computes a tile.
func (kernel) run(c *tileOut, at, cols int, in *tileIn, panel []float32, apart int, alpha float32, endings int) {
	tileNEON(c, at, in, unsafe.SliceData(panel), apart, alpha, endings)
}

// normalsWide is normalsVector by vectors that are wider than normalsKernel's: there are none.
func normalsWide(dst []float32, block, stream, seed uint64, mean, sd float64) int { return 0 }

// betaPartsWide is betaPartsVector by vectors that are wider than betaPartsKernel's: there are none.
func betaPartsWide(u, squares []float32, block, stream, seed uint64) int { return 0 }
