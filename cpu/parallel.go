package cpu

import (
	"runtime"
	"sync"
)

// parallel calls f(0) … f(n−1) on all cores, each core taking the next free index of its part, and then of others'. The result of
// f(i) must not depend on which core calls it. More processors of Go's than there are would wait for each other.
func parallel(n int, f func(i int)) {
	if cores := min(n, runtime.GOMAXPROCS(0), runtime.NumCPU()); cores > 1 {
		hands.do(cores, n, f)
		return
	}
	for i := range n {
		f(i)
	}
}

// A tile is a block of one matrix of a batch.
type tile struct{ z, i, j, rows, cols int }

// A shape is the largest size of a tile.
type shape struct{ rows, cols int }

// tiles calls f for every tile of a batch of rows×cols matrices.
func (s shape) tiles(batch, rows, cols int, f func(tile)) {
	parallel(batch*blocks(rows, s.rows)*blocks(cols, s.cols), func(k int) { f(s.tile(k, rows, cols)) })
}

// tile returns the k-th.
func (s shape) tile(k, rows, cols int) tile {
	down, across := blocks(rows, s.rows), blocks(cols, s.cols)
	i, j := k/across%down*s.rows, k%across*s.cols
	return tile{k / (across * down), i, j, min(s.rows, rows-i), min(s.cols, cols-j)}
}

// A grain bounds the tiles of outputs: at most most, the fastest size for BLAS, but small enough that no core waits
// long for the others to finish; at least least.
type grain struct{ most, least shape }

// tiles calls f for every tile of a batch of rows×cols matrices.
func (g grain) tiles(batch, rows, cols int, f func(tile)) {
	g.fit(batch, rows, cols).tiles(batch, rows, cols, f)
}

// fit returns the shape of tiles for a batch of rows×cols matrices. Where mul is not [steady], that is the shape for one matrix on
// eight cores, so that the bits depend neither on the batch nor on the cores.
func (g grain) fit(batch, rows, cols int) shape {
	if steady() {
		return g.spread(runtime.GOMAXPROCS(0), batch, rows, cols)
	}
	return g.spread(8, 1, rows, cols)
}

// spread is the tile for so many: where there are only a few, as many for each core. Rows are cut first, as long rows are what BLAS
// likes, unless they are few and so long that to pack all of B for each cut of them takes longer.
func (g grain) spread(cores, batch, rows, cols int) shape {
	down, across := blocks(rows, g.most.rows), blocks(cols, g.most.cols)
	if n := batch * down * across; n < 4*cores && n%cores != 0 {
		each := blocks(blocks(n, cores)*cores, batch)
		if cols < 2*rows {
			down = max(down, min(blocks(each, across), blocks(rows, g.least.rows)))
		}
		across = max(across, min(blocks(each, down), blocks(cols, g.least.cols)))
		down = max(down, min(blocks(each, across), blocks(rows, g.least.rows)))
	}
	rows, cols = whole(blocks(rows, down), maxHeight), whole(blocks(cols, across), maxWidth)
	return shape{min(rows, g.most.rows), min(cols, g.most.cols)}
}

// whole rounds n up to a multiple of what a kernel computes at a time, unless it is less: a tile within a row then starts with a
// line of the cache where the matrix does.
func whole(n, unit int) int {
	if n < unit {
		return n
	}
	return blocks(n, unit) * unit
}

// fair is a size of chunks of n, none larger than most, that gives each core one.
func fair(n, most int) int { return min(most, blocks(n, runtime.GOMAXPROCS(0))) }

// blocks returns the number of blocks of size s that cover n.
func blocks(n, s int) int { return (n + s - 1) / s }

// chunks calls f for consecutive ranges of at most size that cover 0 … n.
func chunks(n, size int, f func(lo, hi int)) { chunksOf(1, n, size, f) }

// chunksOf is chunks for each of so many equal parts of 0 … n.
func chunksOf(parts, n, size int, f func(lo, hi int)) {
	length := n / parts
	each := blocks(length, size)
	parallel(parts*each, func(k int) {
		from, lo := k/each*length, k%each*size
		f(from+lo, from+min(length, lo+size))
	})
}

var scratch = sync.Pool{New: func() any { return new([]float32) }}

// borrow returns n float32s of unspecified contents, to be given back. They start with a line.
func borrow(n int) *[]float32 {
	s := scratch.Get().(*[]float32)
	if cap(*s) < n {
		*s = lined(n)
	}
	*s = (*s)[:n]
	return s
}

func giveBack(s *[]float32) { scratch.Put(s) }
