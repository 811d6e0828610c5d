package compute

import "math"

// factors holds the factors of a matrix B = A + Shift·I in float64, with bounds of the error of float32 arithmetic with
// them. All matrices are n×n, row by row; docs/error-bounds.md has the derivation.
type factors struct {
	n        int
	b, l, m  []float64 // B, L, M = L⁻¹
	u, e     []float64 // bounds of L·Lᵀ − B and of M·L − I
	order    int       // of the first leading minor that is not positive definite, or 0
	doubt    bool      // a pivot is about as small as its error
	share    float64   // the largest ratio of a pivot's error to the pivot
	under    float64   // the error of underflow
	rows     map[int][]float64
	inverted []float64
}

func newFactors(n int, b []float64) *factors {
	f := &factors{n: n, b: b, rows: map[int][]float64{}}
	known := f.factor()
	f.invert(known)
	f.errors(known)
	f.pivots(known)
	return f
}

// row returns row i of x up to the diagonal.
func (f *factors) row(x []float64, i int) []float64 { return x[i*f.n:][: i+1 : i+1] }

// factor computes L row by row and returns the number of rows. It stops after a pivot that is not positive, whose root
// it still takes.
func (f *factors) factor() (rows int) {
	f.l = make([]float64, f.n*f.n)
	for i := range f.n {
		li := f.row(f.l, i)
		for j := range i {
			lj := f.row(f.l, j)
			li[j] = (f.b[i*f.n+j] - inner(li[:j], lj[:j])) / lj[j]
		}
		d := f.b[i*f.n+i] - inner(li[:i], li[:i])
		if li[i] = math.Sqrt(math.Abs(d)); !(d > 0) {
			f.order = i + 1
			return i + 1
		}
	}
	return f.n
}

// invert computes M row by row.
func (f *factors) invert(rows int) {
	f.m = make([]float64, f.n*f.n)
	for i := range rows {
		li, mi := f.row(f.l, i), f.row(f.m, i)
		for k := range i {
			addTimes(mi, -li[k]/li[i], f.row(f.m, k))
		}
		mi[i] = 1 / li[i]
	}
}

// errors computes u and e. Multiplying with the inverse of a diagonal block L_J instead of solving with L_J adds to
// |L|·|Lᵀ| and |M|·|L|: |L_J|·|M_J|·|L_J| replaces |L_J|.
func (f *factors) errors(rows int) {
	n := f.n
	f.u, f.e = make([]float64, n*n), make([]float64, n*n)
	price := f.blocks(rows)
	ofU, ofE := gamma(n+11), gamma(n+2)
	parallel(rows, func(i int) {
		li, ei := f.row(f.l, i), f.row(f.e, i)
		begin := i / InverseBlock * InverseBlock // of the row's diagonal block
		for j := range i + 1 {
			u := innerAbs(li[:j+1], f.l[j*n:])
			if first := j / InverseBlock * InverseBlock; first < begin {
				u += innerAbs(li[first:j+1], price[j*n+first:])
			}
			f.u[i*n+j], f.u[j*n+i] = ofU*u, ofU*u
		}
		for k, m := range f.row(f.m, i) {
			addTimesAbs(ei, ofE*m, f.row(f.l, k))
			if k < begin {
				first := k / InverseBlock * InverseBlock
				addTimesAbs(ei[first:], ofE*m, f.row(price, k)[first:])
			}
		}
	})
}

// blocks returns |L_J|·|M_J|·|L_J| for each diagonal block J.
func (f *factors) blocks(rows int) []float64 {
	price := make([]float64, f.n*f.n)
	for i := range rows {
		first := i / InverseBlock * InverseBlock
		cond := make([]float64, i+1)
		for k := first; k <= i; k++ {
			addTimesAbs(cond, f.l[i*f.n+k], f.row(f.m, k))
		}
		for k := first; k <= i; k++ {
			addTimesAbs(f.row(price, i)[first:], cond[k], f.row(f.l, k)[first:])
		}
	}
	return price
}

// pivots compares each pivot with its error. As long as the error is far smaller, the factors that float32 finds are
// near enough to the true ones for a bound made of these.
func (f *factors) pivots(rows int) {
	share, top := make([]float64, rows), 1.0
	parallel(rows, func(k int) {
		m := f.row(f.m, k)
		for i, x := range m {
			share[k] += math.Abs(x) * innerAbs(m, f.u[i*f.n:])
		}
	})
	for k, s := range share {
		f.share = math.Max(f.share, s) // Max keeps a NaN
		for i, l := range f.row(f.l, k) {
			top = math.Max(top, math.Max(math.Abs(l), math.Abs(f.m[k*f.n+i])))
		}
	}
	f.doubt = !(f.share <= 0.25)
	f.under = tiny * math.Pow(float64(f.n)*top, 4)
}

// residual bounds row i of Inv·B − I.
func (f *factors) residual(i int) []float64 {
	if f.rows[i] != nil {
		return f.rows[i]
	}
	n := f.n
	inv, abs, left, right := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for k := i; k < n; k++ {
		x := f.m[k*n+i]
		addTimes(inv, x, f.row(f.m, k))
		addTimesAbs(abs, x, f.row(f.m, k))
		addTimesAbs(left, x, f.row(f.e, k)) // |Mᵀ|·E
		for p := k; p < n; p++ {
			right[p] += f.e[p*n+k] * math.Abs(x) // E·|M|
		}
	}
	first, second := math.Pow(1-f.share, -4), f.share*f.share*math.Sqrt(inv[i])
	r := make([]float64, n)
	for j := range n {
		r[j] = innerAbs(inv, f.u[j*n:]) + gamma(n)*innerAbs(abs, f.b[j*n:]) + innerAbs(f.row(f.l, j), left) + innerAbs(f.row(f.l, j), right)
		r[j] = first*r[j] + second*math.Sqrt(f.b[j*n+j]) + f.under
	}
	f.rows[i] = r
	return r
}

// element returns element i, j of the inverse: X̂ − X = (X̂·B − I)·X.
func (f *factors) element(i, j int) Val {
	n := f.n
	if f.inverted == nil {
		f.inverted = make([]float64, n*n)
		for k := range n {
			for i, x := range f.row(f.m, k) {
				addTimes(f.inverted[i*n:][:k+1], x, f.row(f.m, k))
			}
		}
	}
	return rounded(f.inverted[i*n+j], innerAbs(f.residual(i), f.inverted[j*n:]), 0)
}

// inner is Σ a·b over the elements of a, innerAbs Σ |a·b|.
func inner(a, b []float64) (s float64) {
	for k, x := range a {
		s += x * b[k]
	}
	return s
}

func innerAbs(a, b []float64) (s float64) {
	for k, x := range a {
		s += math.Abs(x * b[k])
	}
	return s
}

// addTimes is dst += x·a over the elements of a, addTimesAbs dst += |x·a|.
func addTimes(dst []float64, x float64, a []float64) {
	for k, v := range a {
		dst[k] += x * v
	}
}

func addTimesAbs(dst []float64, x float64, a []float64) {
	for k, v := range a {
		dst[k] += math.Abs(x * v)
	}
}
