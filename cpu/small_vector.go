//go:build amd64 || arm64

package cpu

// The routines of small_amd64.s and of small_arm64.s, which needs no mask.
//
//go:noescape
func combineKernel(c *float32, cRow int, a *float32, aRow, apart int, b *float32, bRow, m, n, cols int, alpha, keep float32, held int, mask *int32)

//go:noescape
func dotsKernel(dst, x *float32, apart int, b *float32, rows int, blocks, n int, mask *int32)

// masks has at 8−k the mask of k numbers of a vector of 8.
var masks = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}

// hasSmall reports whether there are kernels for small products.
func hasSmall() bool { return vector > scalar }

// combine is C ← keep·C + alpha·A·B, where C does not count if keep is 0. The numbers of a row of A lie apart numbers from each
// other. Each sum is that of a kernel.
func combine(c matrix, a []float32, aRow, apart int, b matrix, alpha, keep float32) {
	_, _ = a[(c.rows-1)*aRow+(b.rows-1)*apart], c.data[(c.rows-1)*c.stride+c.cols-1]
	_ = b.data[(b.rows-1)*b.stride+c.cols-1]
	held := 0
	if keep != 0 {
		held = 1
	}
	combineKernel(&c.data[0], 4*c.stride, &a[0], 4*aRow, 4*apart, &b.data[0], 4*b.stride, c.rows, b.rows, c.cols, alpha, keep, held,
		&masks[8-c.cols%8])
}

// dots is dst[j] ← Σ_p x[p·apart]·b[j·rows+p], p < n, for all of dst. The sum is that of a kernel.
func dots(dst, x []float32, apart int, b []float32, rows, n int) {
	_, _ = x[(n-1)*apart], b[(len(dst)-1)*rows+n-1]
	mask := &masks[8-n%8]
	if whole := len(dst) / 8; whole > 0 {
		dotsKernel(&dst[0], &x[0], 4*apart, &b[0], 4*rows, whole, n, mask)
	}
	rest := len(dst) % 8
	switch {
	case rest == 0:
	case len(dst) > 8: // some sums once more
		j := len(dst) - 8
		dotsKernel(&dst[j], &x[0], 4*apart, &b[j*rows], 4*rows, 1, n, mask)
	default:
		for j := range dst {
			combine(dense(1, 1, dst[j:]), x, 0, apart, dense(n, 1, b[j*rows:]), 1, 0)
		}
	}
}
