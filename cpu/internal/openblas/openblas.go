//go:build openblas && cgo

// Package openblas links OpenBLAS, so that gonum.org/v1/netlib finds it, and takes its threads away.
// It is a package of its own because one with cgo cannot hold Go assembly.
package openblas

/*
#cgo LDFLAGS: -lopenblas
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
