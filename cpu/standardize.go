package cpu

import (
	"math"

	"hebb/compute"
)

// columns views a rows×cols matrix as fewer, wider rows, so that SIMD vectors stay full where cols is small. The width is a
// multiple of cols.
type columns struct{ rows, cols, width int }

// wide is the width, about, at which the cost of a call no longer counts.
var wide = 512

func columnsOf(rows, cols int) columns {
	return columns{rows, cols, cols * max(1, min(wide/cols, rows))}
}

// chunkFloats is the number of elements that a core takes at a time: few enough that a second pass reads them from its
// cache.
var chunkFloats = 1 << 15

// chunks calls f for each chunk of whole rows, with its number and its range of elements.
func (c columns) chunks(f func(chunk, lo, hi int)) {
	each := c.each()
	parallel(c.count(), func(k int) { f(k, k*each*c.cols, min(c.rows, (k+1)*each)*c.cols) })
}

// each returns the number of rows in a chunk, and count the number of chunks.
func (c columns) each() int  { return max(1, chunkFloats/c.width) * (c.width / c.cols) }
func (c columns) count() int { return blocks(c.rows, c.each()) }

// wideRows calls f for elements lo … hi by some wide rows at a time; the last row may be shorter, and comes by itself.
func (c columns) wideRows(lo, hi int, f func(lo, hi int)) {
	for whole := hi - (hi-lo)%c.width; lo < whole; lo = min(whole, lo+rowsAtOnce*c.width) {
		f(lo, min(whole, lo+rowsAtOnce*c.width))
	}
	if rest := (hi - lo) % c.width; rest > 0 {
		f(hi-rest, hi)
	}
}

// narrow sums the repeats of each column in a wide row into its first cols numbers.
func (c columns) narrow(sums []float32) {
	for at := c.cols; at < c.width; at += c.cols {
		add(sums[:c.cols], sums[:c.cols], sums[at:])
	}
}

// widen repeats the first cols numbers along a wide row.
func (c columns) widen(row []float32) {
	for at := c.cols; at < c.width; at += c.cols {
		copy(row[at:c.width], row[:c.cols])
	}
}

// statistics holds the mean of each column of one member's x, and the sum of squared distances from it.
type statistics struct {
	columns
	x        []float32
	mean, m2 []float64
}

func standardize(s compute.Standardize) {
	parallel(s.Members(), func(z int) { standardizeMember(s, z) })
}

func standardizeMember(s compute.Standardize, z int) {
	rows, cols := s.Dims()
	of := func(t *compute.Tensor) []float32 { return share(t, z, s.Members()) }
	st := statistics{columns: columnsOf(rows, cols), x: of(s.X), mean: make([]float64, cols), m2: make([]float64, cols)}
	st.measure()
	mean, variance := of(s.Mean), of(s.Var)
	for j := range cols {
		mean[j], variance[j] = float32(st.mean[j]), float32(st.m2[j]/float64(rows))
	}
	if s.RunMean != nil {
		m, n := float64(s.Momentum), float64(rows)
		runMean, runVar := of(s.RunMean), of(s.RunVar)
		for j := range cols {
			runMean[j] = float32((1-m)*float64(runMean[j]) + m*st.mean[j])
			runVar[j] = float32((1-m)*float64(runVar[j]) + m*st.m2[j]/(n-1))
		}
	}
	st.apply(s, of(s.Y), of(s.Gain), of(s.Bias))
}

// measure computes the mean of each chunk, then its squared distances while it is in the cache, and merges the chunks in
// order (Chan, Golub, LeVeque 1983).
func (st *statistics) measure() {
	w := st.width
	parts := borrow(st.count() * 2 * st.cols)
	defer giveBack(parts)
	st.chunks(func(k, lo, hi int) {
		s := borrow(2 * w)
		defer giveBack(s)
		sum, m2 := (*s)[:w], (*s)[w:]
		clear(sum)
		clear(m2)
		st.wideRows(lo, hi, func(lo, hi int) { addRows(sum[:min(w, hi-lo)], st.x[lo:hi]) })
		st.narrow(sum)
		n := float32((hi - lo) / st.cols)
		for j := range st.cols {
			sum[j] /= n
		}
		st.widen(sum)
		st.wideRows(lo, hi, func(lo, hi int) { addSquares(m2[:min(w, hi-lo)], st.x[lo:hi], sum) })
		st.narrow(m2)
		part := (*parts)[k*2*st.cols:]
		copy(part, sum[:st.cols])
		copy(part[st.cols:], m2[:st.cols])
	})
	seen := 0.0
	for k := range st.count() {
		part := (*parts)[k*2*st.cols:]
		n := float64(min(st.each(), st.rows-k*st.each()))
		for j := range st.cols {
			delta := float64(part[j]) - st.mean[j]
			st.mean[j] += delta * n / (seen + n)
			st.m2[j] += float64(part[st.cols+j]) + delta*delta*seen*n/(seen+n)
		}
		seen += n
	}
}

// apply does Y = Act((X−Mean)·scale + shift).
func (st *statistics) apply(s compute.Standardize, y, gain, shift []float32) {
	w, cols := st.width, st.cols
	all := borrow(3 * w)
	defer giveBack(all)
	c := standardColumns{(*all)[:w], (*all)[w : 2*w], (*all)[2*w:]}
	for j := range cols {
		c.mean[j] = float32(st.mean[j])
		c.scale[j] = float32(float64(gain[j]) / math.Sqrt(st.m2[j]/float64(st.rows)+float64(s.Eps)))
	}
	copy(c.shift, shift)
	st.widen(c.mean)
	st.widen(c.scale)
	st.widen(c.shift)
	st.chunks(func(_, lo, hi int) {
		st.wideRows(lo, hi, func(lo, hi int) {
			c.rows(y[lo:hi], st.x[lo:hi], min(w, hi-lo))
			activate(s.Act, y[lo:hi])
		})
	})
}
