// Package cpu runs ops with gonum, on all cores.
//
// The products go to one BLAS routine, Sgemm: gonum's own in pure Go, or, built with -tags openblas
// (and cgo), OpenBLAS through gonum.org/v1/netlib. Everything else is the same code for both.
//
// # How the cores are used
//
// Every op cuts its output into tiles that depend on nothing but the shapes and the number of cores,
// and the cores take tile after tile. A tile is computed by one core, in one fixed order, with a
// BLAS of one thread, and finished (bias, activation, kernel function, clipping, mirroring) by the
// same core. So the same inputs give the same bits on the same machine. The cores are goroutines', or,
// for plain products by OpenBLAS, those of a few threads of C, which are there sooner.
//
// # Rounding
//
// BLAS sums in any order and may fuse a multiplication with an addition, and so may Go where the
// processor can. But exp, of which the kernels and activations are made, is written so that every
// operation rounds once: its vector code gives the same bits as the Go code beside it.
package cpu

import (
	"fmt"

	"hebb/compute"
)

// Open returns the CPU backend. It is always available.
func Open() (compute.Backend, error) {
	openEngine()
	mem := newMemory()
	return &backend{info: describe(mem), mem: mem}, nil
}

type backend struct {
	info   compute.Info
	mem    *memory
	closed bool
}

func (b *backend) Info() compute.Info { return b.info }

// Run does the whole of op before it returns.
func (b *backend) Run(op compute.Op) error {
	if b.closed {
		return compute.ErrClosed
	}
	switch op := op.(type) {
	case compute.Gemm:
		gemm(op)
	case compute.Hebbian:
		hebbian(op)
	case compute.Gram:
		gram(op)
	case compute.Copy:
		move(op)
	case compute.FMA:
		fma(op)
	default:
		return fmt.Errorf("%T: %w", op, compute.ErrUnsupported)
	}
	return nil
}

func (b *backend) Sync() error {
	if b.closed {
		return compute.ErrClosed
	}
	return nil
}

func (b *backend) Close() error {
	if b.closed {
		return compute.ErrClosed
	}
	b.closed = true
	return nil
}

func (b *backend) Alloc(n int) (compute.Buffer, error) {
	if b.closed {
		return nil, compute.ErrClosed
	}
	return b.mem.alloc(n)
}
