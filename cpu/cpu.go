// Package cpu runs ops with gonum, on all cores.
//
// Products go to one routine, mul: where the processor has AVX2, AVX-512 or NEON to kernels of this package;
// elsewhere to gonum's Sgemm in pure Go, five times slower.
//
// Convolutions go to the same kernel: it takes the rows of a product by pointers, so that it reads the images in place,
// without storing patches ([direct]). Without a kernel patches are stored, a block at a time, and multiplied.
//
// # How the cores are used
//
// Every op cuts its output into tiles that depend only on the shapes and the number of cores, and the cores take tile
// after tile. One core computes a tile, in one fixed order, with a BLAS of one thread, and finishes it (bias,
// activation, kernel function, clipping, mirroring). So the same inputs give the same bits on the same machine.
//
// # Rounding
//
// BLAS sums in any order and may fuse a multiplication with an addition, and so may Go where the processor can. But
// exp, on which the kernels and activations are built, rounds once in every operation: its vector code gives the same
// bits as the Go code beside it.
package cpu

import (
	"fmt"
	"time"

	"hebb/compute"
)

// Open returns the CPU backend. It is always available.
func Open() (compute.Backend, error) {
	mem := newMemory()
	b := &backend{info: describe(mem), mem: mem}
	mem.settle = b.flush
	return b, nil
}

type backend struct {
	info   compute.Info
	mem    *memory
	keeper keeper
	closed bool
	timed  func(compute.Timing) // or nil

	outs, ins []*compute.Tensor // of the op that runs
	put       stretch           // what was put off
}

func (b *backend) Info() compute.Info { return b.info }

// Run completes op before it returns, or puts it off.
func (b *backend) Run(op compute.Op) error {
	if b.closed {
		return compute.ErrClosed
	}
	if b.putOff(op) {
		return nil
	}
	b.flush()
	if b.timed == nil {
		return b.run(op)
	}
	start := time.Now()
	err := b.run(op)
	if took := time.Since(start); err == nil {
		b.timed(compute.Timing{Op: op, Start: start, Took: took})
	}
	return err
}

// TimeOps passes the wall time of each op to f: all of it lies between a call of Run and its return.
func (b *backend) TimeOps(f func(compute.Timing)) error {
	if b.closed {
		return compute.ErrClosed
	}
	b.timed = f
	return nil
}

func (b *backend) run(op compute.Op) error {
	if b.halved(op) {
		wide, done := widened(op)
		defer done()
		op = wide
	}
	switch op := op.(type) {
	case compute.Gemm:
		gemm(op)
	case compute.Hebbian:
		hebbian(op)
	case compute.Gram:
		gram(op)
	case compute.KernelSums:
		kernelSums(op, &b.keeper)
	case compute.KernelGrad:
		kernelGrad(op, &b.keeper)
	case compute.Inverse:
		inverse(op)
	case compute.Conv:
		conv(op)
	case compute.ConvInput:
		convInput(op)
	case compute.Map:
		pointwise(op)
	case compute.Reduce:
		reduce(op)
	case compute.Random:
		random(op)
	case compute.Standardize:
		standardize(op)
	case compute.StandardizeGrad:
		standardizeGrad(op)
	case compute.Pool:
		pool(op)
	case compute.PoolGrad:
		poolGrad(op)
	case compute.SoftmaxLoss:
		softmaxLoss(op)
	case compute.Gather:
		gather(op)
	case compute.Resample:
		resample(op)
	case compute.Deliver:
		deliver(op)
	case compute.Plastic:
		plastic(op)
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
	b.flush()
	return nil
}

func (b *backend) Close() error {
	if b.closed {
		return compute.ErrClosed
	}
	b.flush()
	b.closed = true
	return nil
}

func (b *backend) Alloc(n int) (compute.Buffer, error) {
	if b.closed {
		return nil, compute.ErrClosed
	}
	return b.mem.alloc(n)
}
