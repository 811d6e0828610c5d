package cpu

import (
	"math"
	"slices"

	"hebb/compute"
)

// A reduction runs a [compute.Reduce]: the values come block by block from a formula, or are the input itself.
type reduction struct {
	compute.Reduce
	x    []float32
	e    *evaluator
	n    int // values folded into each result
	cols int
}

// pieceOfFold is the number of values that a core folds at a time.
var pieceOfFold = 1 << 16

// newReduction returns a reduction, which is to be [reduction.done].
func newReduction(r compute.Reduce) reduction {
	v := reduction{Reduce: r, x: values(r.In[0]), cols: r.In[0].Cols()}
	_, v.n, _ = r.Dims()
	if r.F != nil {
		v.e = newEvaluator(r.F, r.In, r.In[0])
		if v.n <= v.e.size {
			v.e.size = v.e.size / v.n * v.n // a block of whole runs cuts none
		}
	}
	return v
}

// done gives back what v has borrowed.
func (v *reduction) done() {
	if v.e != nil {
		v.e.done()
	}
}

func reduce(r compute.Reduce) {
	v := newReduction(r)
	defer v.done()
	out := values(r.Out)
	switch {
	case r.Fold == compute.FoldArgMax:
		v.argMax(out)
	case r.Along == compute.AlongRows && v.cols > 1:
		v.alongRows(out)
	default:
		v.contiguous(out)
	}
}

// values calls f with the values of elements lo … hi, a block at a time.
func (v *reduction) values(lo, hi int, f func(x []float32)) {
	if v.e == nil {
		f(v.x[lo:hi])
		return
	}
	c := v.e.core(hi - lo)
	defer c.done()
	for ; lo < hi; lo += v.e.size {
		x := c.block[:min(v.e.size, hi-lo)]
		c.eval(x, nil, lo)
		f(x)
	}
}

// store stores the result of a fold.
func (v *reduction) store(out *float32, fold float64) {
	if fold = float64(v.Alpha) * fold; v.Beta != 0 {
		fold += float64(v.Beta) * float64(*out)
	}
	*out = float32(fold)
}

// contiguous folds runs of n values.
func (v *reduction) contiguous(out []float32) {
	if v.n > pieceOfFold {
		v.long(out)
		return
	}
	if len(out)*v.n <= alone {
		v.fold(out, 0, len(out))
		return
	}
	w := *v // v itself does not escape
	chunks(len(out), fair(len(out), max(1, pieceOfFold/v.n)), func(lo, hi int) { w.fold(out, lo, hi) })
}

// fold folds runs lo … hi. What a run becomes does not depend on where the others are: a block of the formula's values is whole
// runs, or begins with a run.
func (v *reduction) fold(out []float32, lo, hi int) {
	f := folder{reduction: v, out: out[lo:hi]}
	if v.e == nil {
		f.take(v.x[lo*v.n : hi*v.n])
		return
	}
	c := v.e.core((hi - lo) * v.n)
	defer c.done()
	each := (hi - lo) * v.n
	if v.n > v.e.size {
		each = v.n
	}
	for first := lo * v.n; first < hi*v.n; first += each {
		for from := first; from < first+each; from += v.e.size {
			x := c.block[:min(v.e.size, first+each-from)]
			c.eval(x, nil, from)
			f.take(x)
		}
	}
}

// A folder folds runs of values that come in pieces.
type folder struct {
	*reduction
	out []float32 // of the runs that are not complete
	folding
}

// take folds the next values.
func (f *folder) take(x []float32) {
	if f.Fold == compute.FoldSum && short(f.reduction.n) && len(x)%f.reduction.n == 0 {
		f.out = f.out[f.runs(f.out, x):]
		return
	}
	if f.Fold == compute.FoldMax && short(f.reduction.n) && len(x)%f.reduction.n == 0 {
		n := f.reduction.n
		for ; len(x) > 0; x = x[n:] {
			f.out[0], f.out = largest(x[:n]), f.out[1:]
		}
		return
	}
	for len(x) > 0 {
		part := x[:min(len(x), f.reduction.n-f.folding.n)]
		f.add(f.Fold, part)
		if f.folding.n == f.reduction.n {
			f.store(&f.out[0], f.value)
			f.out, f.folding = f.out[1:], folding{}
		}
		x = x[len(part):]
	}
}

// short reports whether runs of n values are better added up together than one by one: a vector's sum is worth its call
// for more than that.
func short(n int) bool { return n <= 16 || n <= 64 && n%8 == 0 }

// runs adds up the runs in x, and returns how many there are.
func (v *reduction) runs(out, x []float32) int {
	count := len(x) / v.n
	if v.Alpha == 1 && v.Beta == 0 {
		runSums(out[:count], x, v.n)
		return count
	}
	var folds [64]float32
	for o := 0; o < count; o += len(folds) {
		part := folds[:min(len(folds), count-o)]
		runSums(part, x[o*v.n:], v.n)
		for i, f := range part {
			v.store(&out[o+i], float64(f))
		}
	}
	return count
}

// long folds each run in pieces, and then the pieces in order.
func (v *reduction) long(out []float32) {
	pieces := blocks(v.n, pieceOfFold)
	folds := make([]float64, len(out)*pieces)
	parallel(len(folds), func(i int) {
		first, lo := i/pieces*v.n, i%pieces*pieceOfFold
		f := folding{}
		v.values(first+lo, first+min(v.n, lo+pieceOfFold), func(x []float32) { f.add(v.Fold, x) })
		folds[i] = f.value
	})
	for o := range out {
		fold := folds[o*pieces]
		for _, f := range folds[o*pieces+1 : (o+1)*pieces] {
			fold = both(v.Fold, fold, f)
		}
		v.store(&out[o], fold)
	}
}

// A folding is the fold of the first n values of a run.
type folding struct {
	n     int
	value float64
}

func (f *folding) add(fold compute.Fold, x []float32) {
	const most = 4096 // added up in float32
	for len(x) > 0 {
		part := x[:min(len(x), most)]
		var next float64
		if fold == compute.FoldSum {
			next = float64(sum(part))
		} else {
			next = float64(largest(part))
		}
		if f.n > 0 {
			next = both(fold, f.value, next)
		}
		f.n, f.value = f.n+len(part), next
		x = x[len(part):]
	}
}

func both(fold compute.Fold, a, b float64) float64 {
	if fold == compute.FoldSum {
		return a + b
	}
	return max(a, b)
}

// alongRows folds the rows of each matrix, some at a time, and then the partial results in order.
func (v *reduction) alongRows(out []float32) {
	const fewest = 64 // rows at a time, so that there are not many partial results
	each := max(fewest, pieceOfFold/v.cols)
	pieces, matrices := blocks(v.n, each), len(out)/v.cols
	if pieces == 1 {
		v.matrices(out, matrices)
		return
	}
	parts := borrow(matrices * pieces * v.cols)
	defer giveBack(parts)
	parallel(matrices*pieces, func(i int) {
		z, lo := i/pieces, i%pieces*each
		part := (*parts)[i*v.cols:][:v.cols]
		v.foldRows(part, (z*v.n+lo)*v.cols, (z*v.n+min(v.n, lo+each))*v.cols)
	})
	chunksOf(matrices, len(out), fair(v.cols, wide), func(lo, hi int) {
		v.merge(out[lo:hi], (*parts)[lo/v.cols*pieces*v.cols+lo%v.cols:], pieces)
	})
}

// merge folds partial results, each piece of which begins v.cols after the one before.
func (v *reduction) merge(out, parts []float32, pieces int) {
	var room [512]float64
	for len(out) > 0 {
		n := min(len(out), len(room))
		for j, x := range parts[:n] {
			room[j] = float64(x)
		}
		for i := 1; i < pieces; i++ {
			for j, x := range parts[i*v.cols:][:n] {
				room[j] = both(v.Fold, room[j], float64(x))
			}
		}
		for j := range n {
			v.store(&out[j], room[j])
		}
		out, parts = out[n:], parts[min(n, len(parts)):]
	}
}

// matrices folds all rows of each of n matrices at once.
func (v *reduction) matrices(out []float32, n int) {
	if n*v.n*v.cols <= alone {
		v.foldMatrices(out, 0, n)
		return
	}
	w := *v // v itself does not escape
	chunks(n, max(1, pieceOfFold/v.cols/(2*v.n)), func(from, to int) { w.foldMatrices(out, from, to) })
}

// foldMatrices folds all rows of each of matrices from … to.
func (v *reduction) foldMatrices(out []float32, from, to int) {
	var s []float32
	if v.Alpha != 1 || v.Beta != 0 {
		room := borrow(v.cols)
		defer giveBack(room)
		s = *room
	}
	for z := from; z < to; z++ {
		dst, part := out[z*v.cols:][:v.cols], s
		if s == nil {
			part = dst
		}
		v.foldRows(part, z*v.n*v.cols, (z+1)*v.n*v.cols)
		for o, x := range s {
			v.store(&dst[o], float64(x))
		}
	}
}

// foldRows folds the elements lo … hi, which are whole rows, into dst: narrow rows several at a time, as one wide row.
func (v *reduction) foldRows(dst []float32, lo, hi int) {
	c := columnsOf((hi-lo)/v.cols, v.cols)
	f, start := addRows, float32(0)
	if v.Fold == compute.FoldMax {
		f, start = largerRows, float32(math.Inf(-1))
	}
	s := borrow(c.width)
	defer giveBack(s)
	wide, at := *s, 0
	fill(wide, start)
	v.values(lo, hi, func(x []float32) {
		for len(x) > 0 {
			part := x[:min(len(x), c.width-at)]
			if at == 0 && len(x) > c.width {
				part = x[:min(len(x)/c.width, rowsAtOnce)*c.width]
			}
			f(wide[at:][:min(len(part), c.width)], part)
			at = (at + len(part)) % c.width
			x = x[len(part):]
		}
	})
	copy(dst, wide)
	for from := v.cols; from < c.width; from += v.cols {
		f(dst, wide[from:][:v.cols])
	}
}

// largerRows is the larger of dst[j] and all x[i,j], row by row.
func largerRows(dst, x []float32) {
	for ; len(x) > 0; x = x[len(dst):] {
		larger(dst, dst, x)
	}
}

func (v *reduction) argMax(out []float32) {
	chunks(len(out), max(1, pieceOfFold/v.n), func(lo, hi int) { v.argMaxOf(out, lo, hi) })
}

// argMaxOf does results lo … hi.
func (v *reduction) argMaxOf(out []float32, lo, hi int) {
	_, n, step := v.Dims()
	for o := lo; o < hi; o++ {
		first := v.First(o)
		if step == 1 {
			run := v.x[first:][:n]
			out[o] = float32(max(0, slices.Index(run, largest(run)))) // −1 if there is a NaN
			continue
		}
		best, most := 0, v.x[first]
		for k := 1; k < n; k++ {
			if x := v.x[first+k*step]; x > most {
				best, most = k, x
			}
		}
		out[o] = float32(best)
	}
}
