//go:build !amd64 && !arm64

package cpu

func hasSmall() bool { return false }

func combine(c matrix, a []float32, aRow, apart int, b matrix, alpha, keep float32) {
	panic("cpu: no kernels for small products")
}

func dots(dst, x []float32, apart int, b []float32, rows, n int) {
	panic("cpu: no kernels for small products")
}
