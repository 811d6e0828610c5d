package cpu

import "golang.org/x/sys/cpu"

const (
	avx2 = scalar + 1 + iota // with fused multiply-add
	avx512
)

func (w width) String() string { return [...]string{"scalar", "AVX2", "AVX-512"}[w] }

func widest() width {
	switch {
	case cpu.X86.HasAVX512F && cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return avx512
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return avx2
	}
	return scalar
}

// The routines of vector_amd64.s. Each gives the same bits as the Go function beside its caller, but for the chains,
// which it fuses.
//
//go:noescape
func expAVX2(dst, x *float32, n int)

//go:noescape
func sigmoidAVX2(dst, x *float32, n int)

//go:noescape
func gaussianAVX2(dst, xy, yy *float32, n int, xx, minusF float32)

//go:noescape
func expAVX512(dst, x *float32, n int)

//go:noescape
func sigmoidAVX512(dst, x *float32, n int)

//go:noescape
func gaussianAVX512(dst, xy, yy *float32, n int, xx, minusF float32)

//go:noescape
func transposeAVX2(dst *float32, dstStride int, src *float32, srcStride int, blocks int)

//go:noescape
func chainsAVX2(v *float32, a, b float32, rounds int)

//go:noescape
func chainsAVX512(v *float32, a, b float32, rounds int)

// expVector processes the first elements of exp and returns how many.
func expVector(dst, x []float32) int {
	done, n := lanes(len(dst))
	if done > 0 {
		expAVX512(&dst[0], &x[:done][0], done)
	}
	if done < n {
		expAVX2(&dst[done], &x[:n][done], n-done)
	}
	return n
}

// sigmoidVector processes the first elements of sigmoid and returns how many.
func sigmoidVector(v []float32) int {
	done, n := lanes(len(v))
	if done > 0 {
		sigmoidAVX512(&v[0], &v[0], done)
	}
	if done < n {
		sigmoidAVX2(&v[done], &v[done], n-done)
	}
	return n
}

// gaussianVector processes the first elements of gaussian and returns how many.
func gaussianVector(dst, xy, yy []float32, xx, minusF float32) int {
	done, n := lanes(len(dst))
	if done > 0 {
		gaussianAVX512(&dst[0], &xy[:done][0], &yy[:done][0], done, xx, minusF)
	}
	if done < n {
		gaussianAVX2(&dst[done], &xy[:n][done], &yy[:n][done], n-done, xx, minusF)
	}
	return n
}

// lanes returns how many of n elements fill vectors of 16, and how many these and vectors of 8 together.
func lanes(n int) (sixteens, all int) {
	switch vector {
	case avx512:
		return n &^ 15, n &^ 7
	case avx2:
		return 0, n &^ 7
	}
	return 0, 0
}

// transposeVector processes the first rows and columns of transpose and returns how many.
func transposeVector(dst, src matrix) (rows, cols int) {
	rows, cols = src.rows&^7, src.cols&^7
	if vector < avx2 || rows == 0 || cols == 0 {
		return 0, 0
	}
	_ = dst.data[(cols-1)*dst.stride+rows-1]
	_ = src.data[(rows-1)*src.stride+cols-1]
	for j := 0; j < cols; j += 8 {
		transposeAVX2(&dst.data[j*dst.stride], 4*dst.stride, &src.data[j], 4*src.stride, rows/8)
	}
	return rows, cols
}

// chainsVector processes the first elements of chains and returns how many.
func chainsVector(v []float32, a, b float32, rounds int) int {
	step, f := 192, chainsAVX512
	switch vector {
	case avx2:
		step, f = 96, chainsAVX2
	case scalar:
		return 0
	}
	n := len(v) / step * step
	for i := 0; i < n; i += step {
		f(&v[i], a, b, rounds)
	}
	return n
}

// The kernels compute a tile: c ← clip(keep·c + alpha·in·panel), or what endings leave of that, with c at bytes from the
// start of each row of a matrix. The rows of the panel lie apart bytes apart. tileAVX2 computes 6 rows and 16 columns,
// tileAVX512 whole fours of rows and so many columns.
//
//go:noescape
func tileAVX2(c *tileOut, at int, in *tileIn, panel *float32, apart int, alpha float32, endings int)

//go:noescape
func tileAVX512(c *tileOut, at, cols int, in *tileIn, panel *float32, apart int, alpha float32, endings int)

// copyRowsAVX2 copies rows of n numbers, 32 at most, which lie from bytes apart, to rows to bytes apart.
//
//go:noescape
func copyRowsAVX2(dst, src *float32, to, from, rows, n int)

// copyVector processes the first rows of copyRows and returns how many.
func copyVector(dst, src matrix) int {
	n := src.cols
	if vector < avx2 || n == 0 || n > 32 || src.rows == 0 {
		return 0
	}
	_, _ = dst.row(src.rows - 1)[:n], src.row(src.rows-1)
	copyRowsAVX2(&dst.data[0], &src.data[0], 4*dst.stride, 4*src.stride, src.rows, n)
	return src.rows
}

// rowsToTilesAVX2 copies rows, stride bytes apart, to tiles of 6 or 12 columns, apart bytes apart.
//
//go:noescape
func rowsToTilesAVX2(dst, src *float32, stride, rows, height, tiles, apart int)

// tilesVector processes the first columns of byTiles and returns how many.
func (k kernel) tilesVector(dst []float32, m matrix, apart int) int {
	tiles := m.cols / k.height
	if tiles == 0 || m.rows == 0 {
		return 0
	}
	_, _ = dst[(tiles-1)*apart+m.rows*k.height-1], m.row(m.rows-1)
	rowsToTilesAVX2(&dst[0], &m.data[0], 4*m.stride, m.rows, k.height, tiles, 4*apart)
	return tiles * k.height
}

// kernelFor returns the kernel for products of cols columns: the one with the wider panels, which takes as long for one
// as the other does, unless the narrower one needs no more panels. ok is false where there is none.
func kernelFor(cols int) (k kernel, ok bool) {
	switch {
	case vector == avx512 && cols > 16:
		return kernel{32, 12}, true
	case vector == avx512:
		return kernel{16, 12}, true
	case vector >= avx2:
		return kernel{16, 6}, true
	}
	return kernel{}, false
}

// masks reports whether k reads no more of a panel and writes no more of c than the columns that there are.
func (k kernel) masks() bool { return k.height == maxHeight }

// run computes a tile.
func (k kernel) run(c *tileOut, at, cols int, in *tileIn, panel []float32, apart int, alpha float32, endings int) {
	var numbers *float32
	if len(panel) > 0 {
		numbers = &panel[0]
	}
	if k.masks() {
		tileAVX512(c, at, cols, in, numbers, apart, alpha, endings)
		return
	}
	tileAVX2(c, at, in, numbers, apart, alpha, endings)
}
