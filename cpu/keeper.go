package cpu

import (
	"bytes"
	"slices"
	"sync"
	"unsafe"

	"hebb/compute"
)

// A keeper remembers the last kernel matrices that [compute.KernelSums] made, so that the [compute.KernelGrad] which is
// to be centred by their means need not make them again. What is kept is a function of the rows alone, and these are
// compared to the bit: an entry is right or it is not found.
type keeper struct {
	mu   sync.Mutex
	held []*kept // the one used last comes last
}

// keptMost is how many matrices are remembered: one of a layer and one of the labels, which are the same for all layers.
// keptDims is how long rows may be.
const keptMost, keptDims = 2, 4096

// A kept is the kernel matrix of so many rows, in whole strips as [cover] makes it.
type kept struct {
	compute.Similarity // but for X
	rows               int
	x, k               []float32
}

// worthKeeping reports whether s is a single matrix of a small batch. Larger ones would take more memory than the op, and
// are made by halves.
func worthKeeping(s compute.Similarity) bool {
	return s.X != nil && s.X.Batch() == 1 && s.Widths() == 1 && s.X.Rows() <= few && s.X.Cols() <= keptDims
}

// take hands out the matrix of s, or nil. Who takes one has it alone, until he puts it back.
func (k *keeper) take(s compute.Similarity) *kept {
	if !worthKeeping(s) {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, e := range k.held {
		if e.is(s) {
			k.held = slices.Delete(k.held, i, i+1)
			return e
		}
	}
	return nil
}

// similarityOf is s between X and itself and, if it is known, its matrix.
func (k *keeper) similarityOf(s compute.Similarity) (similarity, *kept) {
	if e := k.take(s); e != nil {
		return unmeasured(s), e
	}
	return similarityOf(s, nil), nil
}

// blank is room for the matrix of s, for the caller to fill and to put back.
func (k *keeper) blank(s compute.Similarity) *kept {
	e := &kept{}
	k.mu.Lock()
	if len(k.held) == keptMost {
		e = k.held[0]
		k.held = slices.Delete(k.held, 0, 1)
	}
	k.mu.Unlock()
	sigma := append(e.Sigma[:0], s.Sigma...) // the caller may write his
	e.Similarity, e.rows = s, s.X.Rows()
	e.X, e.Sigma = nil, sigma
	e.x = append(e.x[:0], values(s.X)...)
	e.k = slices.Grow(e.k[:0], e.rows*e.rows)[:e.rows*e.rows]
	return e
}

// put takes e, unless it is nil, into keeping.
func (k *keeper) put(e *kept) {
	if e == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.held = append(k.held, e); len(k.held) > keptMost {
		k.held = slices.Delete(k.held, 0, 1)
	}
}

// is reports whether e is the matrix of s.
func (e *kept) is(s compute.Similarity) bool {
	return e.Kernel == s.Kernel && e.PerDim == s.PerDim && slices.Equal(e.Sigma, s.Sigma) && e.rows == s.X.Rows() &&
		bytes.Equal(bits(e.x), bits(values(s.X)))
}

// bits is x as it lies in memory.
func bits(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}

// strip is where t, which is whole rows, lies in the matrix.
func (e *kept) strip(t tile) matrix { return dense(t.rows, e.rows, e.k[t.i*e.rows:]) }
