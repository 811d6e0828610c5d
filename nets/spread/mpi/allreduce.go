//go:build mpi && cgo && allreduce

package mpi

// #include <mpi.h>
// static int hebb_mpi_allreduce(float *in, float *out, int n) {
// 	return MPI_Allreduce(in, out, n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
// }
import "C"

import (
	"fmt"
	"unsafe"
)

// allreduce is MPI's own sum, in an order of its own. The exchange is measured beside it, in builds with the tag allreduce.
func (w *world) allreduce(in, out []float32) error {
	return w.call(func() error {
		a, b := unsafe.SliceData(in), unsafe.SliceData(out)
		if code := C.hebb_mpi_allreduce((*C.float)(a), (*C.float)(b), C.int(len(in))); code != 0 {
			return fmt.Errorf("mpi: allreduce: %s", message(code))
		}
		return nil
	})
}
