package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// parallel calls f(0) … f(n−1) on all cores, each core taking the next that nobody has taken. What
// f(i) computes must not depend on who computes it.
func parallel(n int, f func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	if workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
			f(i)
		}
	}
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
}

// A tile is a block of one matrix of a batch.
type tile struct{ z, i, j, rows, cols int }

// A shape is the largest size of a tile.
type shape struct{ rows, cols int }

// tiles calls f for every tile of a batch of rows×cols matrices.
func (s shape) tiles(batch, rows, cols int, f func(tile)) {
	parallel(batch*blocks(rows, s.rows)*blocks(cols, s.cols), func(k int) { f(s.tile(k, rows, cols)) })
}

// tile is the k-th.
func (s shape) tile(k, rows, cols int) tile {
	down, across := blocks(rows, s.rows), blocks(cols, s.cols)
	i, j := k/across%down*s.rows, k%across*s.cols
	return tile{k / (across * down), i, j, min(s.rows, rows-i), min(s.cols, cols-j)}
}

// A grain is how finely outputs are cut: into tiles as large as most, which is what BLAS is fastest
// with, but for the last cores to finish not to wait for others; into none smaller than least.
type grain struct{ most, least shape }

// tiles calls f for every tile of a batch of rows×cols matrices.
func (g grain) tiles(batch, rows, cols int, f func(tile)) {
	g.fit(batch, rows, cols).tiles(batch, rows, cols, f)
}

// fit is the tile for a batch of rows×cols matrices: where there are only a few, as many for each
// core. Rows are cut first: long rows are what BLAS likes.
func (g grain) fit(batch, rows, cols int) shape {
	cores := runtime.GOMAXPROCS(0)
	down, across := blocks(rows, g.most.rows), blocks(cols, g.most.cols)
	if n := batch * down * across; n < 4*cores && n%cores != 0 {
		each := blocks(blocks(n, cores)*cores, batch)
		down = max(down, min(blocks(each, across), blocks(rows, g.least.rows)))
		across = max(across, min(blocks(each, down), blocks(cols, g.least.cols)))
	}
	return shape{blocks(rows, down), blocks(cols, across)}
}

// fair is a size of chunks of n, none larger than most, that gives each core one.
func fair(n, most int) int { return min(most, blocks(n, runtime.GOMAXPROCS(0))) }

// blocks is how many blocks of size s cover n.
func blocks(n, s int) int { return (n + s - 1) / s }

// chunks calls f for consecutive ranges of at most size that cover 0 … n.
func chunks(n, size int, f func(lo, hi int)) {
	parallel(blocks(n, size), func(k int) { f(k*size, min(n, (k+1)*size)) })
}

var scratch = sync.Pool{New: func() any { return new([]float32) }}

// borrow returns n float32s of unspecified contents, to be given back.
func borrow(n int) *[]float32 {
	s := scratch.Get().(*[]float32)
	if cap(*s) < n {
		*s = make([]float32, n)
	}
	*s = (*s)[:n]
	return s
}

func giveBack(s *[]float32) { scratch.Put(s) }
