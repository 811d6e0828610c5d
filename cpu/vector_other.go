//go:build !amd64 && !arm64

package cpu

func (width) String() string { return "scalar" }

func widest() width { return scalar }

func expVector(dst, x []float32) int { return 0 }

func sigmoidVector(v []float32) int { return 0 }

func gaussianVector(dst, xy, yy []float32, xx, minusF float32) int { return 0 }

func transposeVector(dst, src matrix) (rows, cols int) { return 0, 0 }

func chainsVector(v []float32, a, b float32, rounds int) int { return 0 }

func kernelFor(cols int) (kernel, bool) { return kernel{}, false }

func (kernel) masks() bool { return false }

func copyVector(dst, src matrix) int { return 0 }

func (k kernel) tilesVector(dst []float32, m matrix, apart int) int { return 0 }

func (kernel) run(c *tileOut, at, cols int, in *tileIn, panel []float32, apart int, alpha float32, endings int) {
}
