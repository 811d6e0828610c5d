//go:build openblas && cgo

package cpu

import (
	"runtime"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/netlib/blas/netlib"

	"hebb/cpu/internal/openblas"
)

var engine blas.Float32 = netlib.Implementation{}

// products sets the tiles of products. OpenBLAS packs its operands anew for each.
var products = grain{shape{1024, 2048}, shape{64, 128}}

// openEngine leaves sharing out the cores to this package instead of OpenBLAS.
func openEngine() { openblas.SingleThreaded() }

func driver() string {
	return "gonum" + version("gonum.org/v1/gonum") + " over " + openblas.Version() + " (" + openblas.Core() + ")"
}

// steady reports whether mul makes each element the same bits in all tiles of as many columns or more: OpenBLAS has
// other kernels for other sizes.
func steady(int) bool { return false }

// settle has nothing to do: where OpenBLAS finds a matrix in memory makes no difference.
func (m *multiplication) settle(bool) (done func()) { return func() {} }

// mul is C ← α·A·B + β·C on one core, C not being transposed. Where β is 0, C is not read.
func mul(alpha float32, a, b matrix, beta float32, c matrix) { sgemm(alpha, a, b, beta, c) }

// multiply computes m by tiles of s, and calls before and after, unless they are nil, for each tile. The product is one
// call to C unless before or after is given: goroutines and threads that alternate wait for each other to leave the
// cores.
func (m *multiplication) multiply(s shape, before, after func(tile)) {
	if before != nil || after != nil || m.alphaOf != nil {
		m.byTiles(s, before, after)
		return
	}
	p := openblas.Product{
		Batch: m.batch, M: m.c.rows, N: m.c.cols, K: m.a.cols, Rows: s.rows, Cols: s.cols,
		Alpha: m.alpha, Beta: m.beta, A: m.a.toBLAS(), B: m.b.toBLAS(), C: m.c.toBLAS(),
	}
	p.Multiply(runtime.GOMAXPROCS(0))
}

func (s stack) toBLAS() openblas.Matrix {
	return openblas.Matrix{Data: s.data, Stride: s.stride, Step: s.step, Transposed: s.transposed}
}
