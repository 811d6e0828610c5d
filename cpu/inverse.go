package cpu

import (
	"math"
	"runtime"

	"hebb/compute"
)

// An inversion runs a [compute.Inverse] on one matrix. L is stored in Inv, M = L⁻¹ in scratch, and in the end MᵀM in
// Inv. Recursive halving turns nearly all of the work into products of large blocks; the diagonal blocks remain, in
// float64, and solving with them also goes by their inverses.
type inversion struct {
	n     int
	l, m  matrix    // L on and below the diagonal; M, and zeros above it
	exact []float32 // M_JᵀM_J of each diagonal block J, from float64
	cores func(n int, f func(i int))
}

// inverseBlock is the size of the diagonal blocks.
var inverseBlock = compute.InverseBlock

// inverseTile is the size of the blocks that one core works on, and inverseWork the least number of multiplications
// worth sharing with other cores.
var inverseTile, inverseWork = 128, 1 << 19

func inverse(op compute.Inverse) {
	batch, _ := op.Dims()
	if batch < runtime.GOMAXPROCS(0) {
		for z := range batch {
			invert(op, z, parallel)
		}
		return
	}
	parallel(batch, func(z int) { invert(op, z, inTurn) })
}

// inTurn is [parallel] on one core.
func inTurn(n int, f func(i int)) {
	for i := range n {
		f(i)
	}
}

func invert(op compute.Inverse, z int, cores func(n int, f func(i int))) {
	_, n := op.Dims()
	s := borrow(n * (n + inverseBlock))
	defer giveBack(s)
	v := inversion{n: n, l: member(op.Inv, z), m: dense(n, n, *s), exact: (*s)[n*n:], cores: cores}
	a := member(op.A, z)
	clear(v.m.data)
	for i := range n {
		copy(v.l.row(i)[:i+1], a.row(i))
		v.l.row(i)[i] += op.Shift
	}
	order := v.factor(0, n)
	values(op.Info)[z] = float32(order)
	if order > 0 {
		for i := range v.l.data {
			v.l.data[i] = float32(math.NaN())
		}
		return
	}
	v.invert(0, n)
	v.multiply()
}

// half returns where n rows are cut in two: a whole number of blocks, and not the smaller part.
func half(n int) int { return blocks(blocks(n, inverseBlock), 2) * inverseBlock }

// share splits rows, of each multiplications a row, among the cores.
func (v *inversion) share(rows, each int, f func(lo, hi int)) {
	if rows*each < inverseWork {
		f(0, rows)
		return
	}
	size := min(inverseTile, fair(rows, rows))
	v.cores(blocks(rows, size), func(k int) { f(k*size, min(rows, (k+1)*size)) })
}

// factor computes L of the n rows and columns from i on, from the matrix less the products of the rows before, and the
// inverses of its diagonal blocks. It returns the order of the first leading minor that is not positive definite, or 0.
func (v *inversion) factor(i, n int) int {
	if n <= inverseBlock {
		return v.block(i, n)
	}
	h := half(n)
	if order := v.factor(i, h); order > 0 {
		return order
	}
	j, rest := i+h, n-h
	below := v.l.part(j, i, rest, h)
	v.share(rest, h*h/2, func(lo, hi int) { v.solveT(below.part(lo, 0, hi-lo, h), i) })
	v.share(rest, rest*h/2, func(lo, hi int) {
		mul(-1, below.part(lo, 0, hi-lo, h), below.part(0, 0, hi, h).t(), 1, v.l.part(j+lo, j, hi-lo, hi))
	})
	return v.factor(j, rest)
}

// invert computes M of the n rows and columns from i on, from L and the inverses of its diagonal blocks. The residual
// M·L stays small, since M solves it from the last column on.
func (v *inversion) invert(i, n int) {
	if n <= inverseBlock {
		return
	}
	h := half(n)
	j, rest := i+h, n-h
	v.invert(i, h)
	v.invert(j, rest)
	v.share(rest, rest*h/2+h*h/2, func(lo, hi int) {
		m := v.m.part(j+lo, i, hi-lo, h)
		mul(-1, v.m.part(j+lo, j, hi-lo, hi), v.l.part(j, i, hi, h), 0, m)
		v.solve(m, i)
	})
}

// solveT solves X·Lᵀ = P for the rows and columns of L from i on, storing X in P.
func (v *inversion) solveT(p matrix, i int) {
	n := p.cols
	if n <= inverseBlock {
		v.times(p, v.m.part(i, i, n, n).t())
		return
	}
	h := half(n)
	left, right := p.part(0, 0, p.rows, h), p.part(0, h, p.rows, n-h)
	v.solveT(left, i)
	mul(-1, left, v.l.part(i+h, i, n-h, h).t(), 1, right)
	v.solveT(right, i+h)
}

// solve solves X·L = P for the rows and columns of L from i on, storing X in P.
func (v *inversion) solve(p matrix, i int) {
	n := p.cols
	if n <= inverseBlock {
		v.times(p, v.m.part(i, i, n, n))
		return
	}
	h := half(n)
	left, right := p.part(0, 0, p.rows, h), p.part(0, h, p.rows, n-h)
	v.solve(right, i+h)
	mul(-1, right, v.l.part(i+h, i, n-h, h), 1, left)
	v.solve(left, i)
}

// times is P ← P·B, B being the inverse of a diagonal block or its transpose.
func (v *inversion) times(p, b matrix) {
	s := borrow(p.rows * p.cols)
	defer giveBack(s)
	old := dense(p.rows, p.cols, *s)
	copyRows(old, p)
	mul(1, old, b, 0, p)
}

// multiply is Inv = MᵀM, tile by tile on and below the diagonal, and each tile's mirror image.
func (v *inversion) multiply() {
	size := inverseTile
	down := blocks(v.n, size)
	v.cores(down*(down+1)/2, func(k int) {
		a := int((math.Sqrt(float64(8*k+1)) - 1) / 2)
		i, j := a*size, (k-a*(a+1)/2)*size
		rows, cols, terms := min(size, v.n-i), min(size, v.n-j), v.n-i
		x := v.l.part(i, j, rows, cols)
		mul(1, v.m.part(i, i, terms, rows).t(), v.m.part(i, j, terms, cols), 0, x)
		if i > j {
			transpose(v.l.part(j, i, cols, rows), x)
			return
		}
		v.diagonal(i, rows)
	})
}

// diagonal finishes a tile on the diagonal: its blocks there replace sums of products of float32s by more exact ones,
// so that the inverse of a diagonal matrix errs by one rounding, and by none for powers of two.
func (v *inversion) diagonal(i, n int) {
	for first := i; first < i+n; first += inverseBlock {
		w := min(inverseBlock, i+n-first)
		x, next := v.l.part(first, first, w, w), first+w
		copyRows(x, dense(w, w, v.exact[first*inverseBlock:]))
		if next < v.n {
			m := v.m.part(next, first, v.n-next, w)
			mul(1, m.t(), m, 1, x)
		}
	}
	x := v.l.part(i, i, n, n)
	for r := range n {
		for c := range r {
			x.row(c)[r] = x.row(r)[c]
		}
	}
}

// A block64 is a diagonal block in float64, row by row.
type block64 [compute.InverseBlock * compute.InverseBlock]float64

func (s *block64) row(i int) []float64 { return s[i*compute.InverseBlock:][:compute.InverseBlock] }

// block computes L, M and MᵀM of the diagonal block of w rows from first on. It returns the order of the leading minor
// that is not positive definite, or 0.
func (v *inversion) block(first, w int) int {
	var l, m, x block64
	d := v.l.part(first, first, w, w)
	for i := range w {
		li, mi := l.row(i), m.row(i)
		for j, b := range d.row(i)[:i] {
			lj := l.row(j)
			li[j] = (float64(b) - inner(li[:j], lj)) * m.row(j)[j]
		}
		pivot := float64(d.row(i)[i]) - inner(li[:i], li)
		if !(pivot > 0) {
			return first + i + 1
		}
		li[i] = math.Sqrt(pivot)
		mi[i] = 1 / li[i]
		for k := range i {
			addTimes(mi[:k+1], li[k], m.row(k))
		}
		for k := range i {
			mi[k] *= -mi[i]
		}
		for k, a := range mi[:i+1] {
			addTimes(x.row(k)[:k+1], a, mi)
		}
	}
	exact := dense(w, w, v.exact[first*inverseBlock:])
	for i := range w {
		round(d.row(i)[:i+1], l.row(i))
		round(v.m.row(first + i)[first:first+i+1], m.row(i))
		round(exact.row(i)[:i+1], x.row(i))
	}
	return 0
}

// round is dst ← src, in float32.
func round(dst []float32, src []float64) {
	for i := range dst {
		dst[i] = float32(src[i])
	}
}

// inner is Σ a·b over the elements of a.
func inner(a, b []float64) float64 {
	var s [4]float64
	b = b[:len(a)]
	for ; len(a) >= 4; a, b = a[4:], b[4:] {
		s[0] += a[0] * b[0]
		s[1] += a[1] * b[1]
		s[2] += a[2] * b[2]
		s[3] += a[3] * b[3]
	}
	for i, x := range a {
		s[i] += x * b[i]
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// addTimes is dst += x·a over the elements of dst.
func addTimes(dst []float64, x float64, a []float64) {
	a = a[:len(dst)]
	for i, v := range a {
		dst[i] += x * v
	}
}
