//go:build openblas && cgo

package cpu

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/netlib/blas/netlib"

	"hebb/cpu/internal/openblas"
)

var engine blas.Float32 = netlib.Implementation{}

// products is how products are cut. OpenBLAS packs its operands anew for each.
var products = grain{shape{1024, 2048}, shape{64, 128}}

// openEngine is called by Open: the cores are shared out by this package, not by OpenBLAS.
func openEngine() { openblas.SingleThreaded() }

func driver() string {
	return "gonum" + version("gonum.org/v1/gonum") + " over " + openblas.Version() + " (" + openblas.Core() + ")"
}

// mul is C ← α·A·B + β·C on one core, C not being transposed. Where β is 0, C is not read.
func mul(alpha float32, a, b matrix, beta float32, c matrix) { sgemm(alpha, a, b, beta, c) }
