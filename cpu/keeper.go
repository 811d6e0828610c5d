package cpu

import (
	"bytes"
	"slices"
	"sync"
	"unsafe"

	"hebb/compute"
)

// A keeper caches the last kernel matrices that [compute.KernelSums] made, so that the [compute.KernelGrad] centred by
// their means need not compute them again. A matrix is a function of its rows alone, and these are compared to the bit:
// an entry is right or it is not found.
type keeper struct {
	mu   sync.Mutex
	held []*kept // the most recently used last
}

// keptMost is the number of cached matrices: one of a layer and one of the labels, which are the same for all layers.
// keptDims is the longest row.
const keptMost, keptDims = 2, 4096

// A kept is a cached kernel matrix, in whole strips as [cover] makes it.
type kept struct {
	compute.Similarity // without X
	rows               int
	x, k               []float32
}

// worthKeeping reports whether s is a single matrix of a small batch. Larger ones would take more memory than the op,
// and only half of each is computed.
func worthKeeping(s compute.Similarity) bool {
	return s.X != nil && s.X.Batch() == 1 && s.Widths() == 1 && s.X.Rows() <= few && s.X.Cols() <= keptDims
}

// take removes and returns the matrix of s, or nil. The caller has it alone, until put returns it.
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

// similarityOf returns s between X and itself and, if it is cached, its matrix.
func (k *keeper) similarityOf(s compute.Similarity) (similarity, *kept) {
	if e := k.take(s); e != nil {
		return unmeasured(s), e
	}
	return similarityOf(s, nil), nil
}

// blank returns room for the matrix of s, for the caller to fill and to put back.
func (k *keeper) blank(s compute.Similarity) *kept {
	e := &kept{}
	k.mu.Lock()
	if len(k.held) == keptMost {
		e = k.held[0]
		k.held = slices.Delete(k.held, 0, 1)
	}
	k.mu.Unlock()
	sigma := append(e.Sigma[:0], s.Sigma...) // a copy, since the caller may change its own
	e.Similarity, e.rows = s, s.X.Rows()
	e.X, e.Sigma = nil, sigma
	e.x = append(e.x[:0], values(s.X)...)
	e.k = slices.Grow(e.k[:0], e.rows*e.rows)[:e.rows*e.rows]
	return e
}

// put adds e, unless it is nil, to the cache.
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

// bits returns the memory of x.
func bits(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}

// strip returns the rows of the matrix at tile t, which is whole rows.
func (e *kept) strip(t tile) matrix { return dense(t.rows, e.rows, e.k[t.i*e.rows:]) }
