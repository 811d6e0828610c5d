//go:build openblas && cgo

// Package openblas links OpenBLAS, so that gonum.org/v1/netlib finds it, takes its threads away, and
// has threads of its own for products of many tiles.
// It is a package of its own because one with cgo cannot hold Go assembly.
package openblas

/*
#cgo CFLAGS: -O2
#cgo LDFLAGS: -lopenblas -lpthread
#include "pool.h"
void openblas_set_num_threads(int n);
char *openblas_get_config(void);
char *openblas_get_corename(void);
*/
import "C"

import "strings"

// Version says which OpenBLAS this is: "OpenBLAS 0.3.21".
func Version() string {
	// The configuration begins with it: "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH … MAX_THREADS=64".
	words := strings.Fields(C.GoString(C.openblas_get_config()))
	return strings.Join(words[:min(2, len(words))], " ")
}

// Core says for which processor OpenBLAS has chosen its kernels: "Cooperlake".
func Core() string { return C.GoString(C.openblas_get_corename()) }

// SingleThreaded makes every call compute on the thread that makes it, for the whole program.
func SingleThreaded() { C.openblas_set_num_threads(1) }

// A Matrix is the first of a batch, row by row or transposed.
type Matrix struct {
	Data       []float32
	Stride     int // from one row to the next
	Step       int // from one matrix of the batch to the next
	Transposed bool
}

// A Product is C ← Alpha·A·B + Beta·C for a batch of matrices of M×K, K×N and M×N, computed by tiles
// of C of Rows×Cols. C is not transposed.
type Product struct {
	Batch, M, N, K int
	Rows, Cols     int
	Alpha, Beta    float32
	A, B, C        Matrix
}

// Multiply computes p on at most that many cores, each tile by one thread. The threads are C's, and
// stay. One call for all tiles is over sooner than one from each of as many goroutines: those take
// longer to wake, and while they are in C, Go's scheduler looks again and again whether they have
// come back. OpenBLAS has threads of its own, but they go on looking for work for 25 ms afterwards,
// on the cores that goroutines want.
func (p *Product) Multiply(cores int) {
	q := C.product{
		transA: flag(p.A.Transposed), transB: flag(p.B.Transposed),
		batch: C.int(p.Batch), m: C.int(p.M), n: C.int(p.N), k: C.int(p.K),
		rows: C.int(p.Rows), cols: C.int(p.Cols),
		lda: C.int(p.A.Stride), ldb: C.int(p.B.Stride), ldc: C.int(p.C.Stride),
		stepA: C.int64_t(p.A.Step), stepB: C.int64_t(p.B.Step), stepC: C.int64_t(p.C.Step),
		alpha: C.float(p.Alpha), beta: C.float(p.Beta),
	}
	C.multiply(&q, first(p.A), first(p.B), first(p.C), C.int(cores))
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

func first(m Matrix) *C.float { return (*C.float)(&m.Data[0]) }
