package cpu

import (
	"math"

	"hebb/compute"
)

// columns is a matrix of rows×cols seen as one of fewer, wider rows, so that narrow columns keep vectors
// full: width is a multiple of cols, or cols itself.
type columns struct{ rows, cols, width int }

// wide is about how many numbers are worth a call.
var wide = 512

func columnsOf(rows, cols int) columns {
	return columns{rows, cols, cols * max(1, min(wide/cols, rows))}
}

// chunkFloats is how many numbers of a matrix a core takes at a time: few enough to come from its cache when they
// are looked at again.
var chunkFloats = 1 << 15

// chunks calls f for ranges of elements, whole rows, and says which it is.
func (c columns) chunks(f func(chunk, lo, hi int)) {
	each := c.each()
	parallel(c.count(), func(k int) { f(k, k*each*c.cols, min(c.rows, (k+1)*each)*c.cols) })
}

// each is how many rows a chunk has, and count how many chunks there are.
func (c columns) each() int  { return max(1, chunkFloats/c.width) * (c.width / c.cols) }
func (c columns) count() int { return blocks(c.rows, c.each()) }

// wideRows calls f for the wide rows of elements lo … hi; the last may be shorter.
func (c columns) wideRows(lo, hi int, f func(lo, hi int)) {
	for ; lo < hi; lo += c.width {
		f(lo, min(hi, lo+c.width))
	}
}

// narrow adds up what a wide row holds for each column, in its first columns.
func (c columns) narrow(sums []float32) {
	for at := c.cols; at < c.width; at += c.cols {
		add(sums[:c.cols], sums[:c.cols], sums[at:])
	}
}

// widen repeats what there is for each column along a wide row.
func (c columns) widen(row []float32) {
	for at := c.cols; at < c.width; at += c.cols {
		copy(row[at:c.width], row[:c.cols])
	}
}

// Statistics of the columns of a member's x: their mean and the sum of squared distances from it.
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

// measure takes each chunk's mean and then its distances, while it is in the cache, and merges the chunks in
// their order (Chan, Golub, LeVeque 1983).
func (st *statistics) measure() {
	w := st.width
	parts := borrow(st.count() * 2 * st.cols)
	defer giveBack(parts)
	st.chunks(func(k, lo, hi int) {
		s := borrow(3 * w)
		defer giveBack(s)
		sum, m2, d := (*s)[:w], (*s)[w:2*w], (*s)[2*w:]
		clear(sum)
		clear(m2)
		st.wideRows(lo, hi, func(lo, hi int) { add(sum[:hi-lo], sum, st.x[lo:hi]) })
		st.narrow(sum)
		n := float32((hi - lo) / st.cols)
		for j := range st.cols {
			sum[j] /= n
		}
		st.widen(sum)
		st.wideRows(lo, hi, func(lo, hi int) { addSquares(m2[:hi-lo], d, st.x[lo:hi], sum) })
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

// addSquares is m2 += (x − mean)². d is scratch.
func addSquares(m2, d, x, mean []float32) {
	d = d[:len(m2)]
	sub(d, x, mean)
	times(d, d, d)
	add(m2, m2, d)
}

// apply is Y = Act((X−Mean)·scale + shift).
func (st *statistics) apply(s compute.Standardize, y, gain, shift []float32) {
	w, cols := st.width, st.cols
	all := borrow(3 * w)
	defer giveBack(all)
	mean, scale, bias := (*all)[:w], (*all)[w:2*w], (*all)[2*w:]
	for j := range cols {
		mean[j] = float32(st.mean[j])
		scale[j] = float32(float64(gain[j]) / math.Sqrt(st.m2[j]/float64(st.rows)+float64(s.Eps)))
	}
	copy(bias, shift)
	st.widen(mean)
	st.widen(scale)
	st.widen(bias)
	st.chunks(func(_, lo, hi int) {
		st.wideRows(lo, hi, func(lo, hi int) {
			dst := y[lo:hi]
			sub(dst, st.x[lo:hi], mean)
			times(dst, dst, scale)
			add(dst, dst, bias)
			activate(s.Act, dst)
		})
	})
}
