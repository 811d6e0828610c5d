package computetest

import (
	"fmt"
	"math"
	"testing"

	"hebb/compute"
)

func inverseCases(c *chooser) {
	sizes := []int{1, 2, 3, 5, 7, 16, 17, 31, 32, 33, 47, 63, 64, 65, 97, 130}
	if c.level == Full {
		sizes = append(sizes, 95, 127, 128, 129, 160, 193, 257, 300)
	}
	for k, n := range sizes {
		for i, kind := range matrices {
			if n <= 17 || (i+k)%3 == 0 {
				c.inverse(pick(c, 1, 1, 2), n, kind)
			}
		}
	}
	for _, kind := range matrices[:5] {
		c.inverse(3, 37, kind)
	}
}

// A matrixKind is a way to make symmetric matrices.
type matrixKind struct {
	name  string
	shift float32
	// make fills the lower triangle of a, n×n.
	make func(m *maker, a []float64, n int)
}

var matrices = []matrixKind{
	{"Wishart", 0, func(m *maker, a []float64, n int) { m.wishart(a, n, 2*n+4) }},
	{"of sparse whole factors", 0, sparseProduct},
	{"Gaussian Gram with twins, shifted", 1e-2, gaussianTwins},
	{"Wishart of few, shifted", 0.5, func(m *maker, a []float64, n int) { m.wishart(a, n, (n+1)/2) }},
	{"not definite", 0.25, notDefinite},
	{"powers of two", 0, powersOfTwo},
	{"ill-conditioned", 0, spectrum},
}

// inverse adds one case. Above A's diagonal there is NaN, which must not be read.
func (c *chooser) inverse(batch, n int, kind matrixKind) {
	name := fmt.Sprintf("n=%d %s", n, kind.name)
	if batch > 1 {
		name += fmt.Sprintf(" batch %d", batch)
	}
	c.add(name, func(m *maker) compute.Op {
		var all []float32
		for range batch {
			a := make([]float64, n*n)
			kind.make(m, a, n)
			for i, x := range a {
				if all = append(all, float32(x)); i%n > i/n {
					all[len(all)-1] = float32(math.NaN())
				}
			}
		}
		k := -1
		next := func() float32 { k++; return all[k] }
		return compute.Inverse{A: m.fill(next, shape(batch, false, n, n)...), Shift: kind.shift,
			Inv: m.out(false, shape(batch, false, n, n)...), Info: m.out(false, batch)}
	})
}

// addProduct is a += f·x·xᵀ.
func addProduct(a []float64, f float64, x []float64) {
	for i, v := range x {
		for j, w := range x {
			a[i*len(x)+j] += f * v * w
		}
	}
}

func (m *maker) normals(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = m.rnd.NormFloat64()
	}
	return x
}

// wishart is Σ x·xᵀ/k over k rows of normal numbers.
func (m *maker) wishart(a []float64, n, k int) {
	for range k {
		addProduct(a, 1/float64(k), m.normals(n))
	}
}

// sparseProduct is L·Lᵀ, L having a diagonal of 1, 2 or 4 and one more number in each row.
func sparseProduct(m *maker, a []float64, n int) {
	l := make([]float64, n*n)
	for i := range n {
		l[i*n+i] = math.Exp2(float64(m.rnd.IntN(3)))
		if i > 0 {
			l[i*n+m.rnd.IntN(i)] = float64(m.rnd.IntN(3) - 1)
		}
	}
	for i := range n {
		for j := range n {
			for k := range n {
				a[i*n+j] += l[i*n+k] * l[j*n+k]
			}
		}
	}
}

// gaussianTwins is a Gaussian Gram of rows some of which are equal: it is singular until it is shifted.
func gaussianTwins(m *maker, a []float64, n int) {
	const d = 3
	x := m.normals(n * d)
	for i := n / 2; i < n-n/4; i++ {
		copy(x[i*d:][:d], x[(i-n/2)*d:][:d])
	}
	for i := range n {
		for j := range n {
			q := 0.0
			for k := range d {
				q += (x[i*d+k] - x[j*d+k]) * (x[i*d+k] - x[j*d+k])
			}
			a[i*n+j] = math.Exp(-q / 2)
		}
	}
}

// spectrum has eigenvalues that fall evenly in their logarithm, in random directions: from 1 to 1e-5, or to 1e-3 where
// n is so large that 1e-5 would leave no bound.
func spectrum(m *maker, a []float64, n int) {
	least := 1e-5
	if n > 17 {
		least = 1e-3
	}
	basis := make([][]float64, n)
	for k := range basis {
		x := m.normals(n)
		for range 2 { // once is not exact, after rounding
			for _, b := range basis[:k] {
				s := 0.0
				for i := range x {
					s += x[i] * b[i]
				}
				for i := range x {
					x[i] -= s * b[i]
				}
			}
		}
		s := 0.0
		for _, v := range x {
			s += v * v
		}
		for i := range x {
			x[i] /= math.Sqrt(s)
		}
		basis[k] = x
		addProduct(a, math.Pow(least, float64(k)/float64(max(1, n-1))), x)
	}
}

// powersOfTwo is diagonal.
func powersOfTwo(m *maker, a []float64, n int) {
	for i := range n {
		a[i*n+i] = math.Exp2(float64(m.rnd.IntN(21) - 10))
	}
}

// notDefinite has a leading minor that is clearly not definite, not always the first or the last: a diagonal entry is
// below 0, and perhaps one after it.
func notDefinite(m *maker, a []float64, n int) {
	m.wishart(a, n, 2*n+4)
	from := m.rnd.IntN(2) * (n / 2)
	for range 2 {
		a[(from+m.rnd.IntN(n-from))*(n+1)] = -2
	}
}

// InverseOfPowersOfTwo requires that b, which it closes, inverts a diagonal n×n matrix of powers of two exactly: the
// bound alone is wider.
func InverseOfPowersOfTwo(t testing.TB, b compute.Backend, n int) {
	t.Helper()
	d := compute.New(b)
	defer d.Close()
	a, inv := make([]float32, n*n), make([]float32, n*n)
	for i := range n {
		a[i*n+i] = float32(math.Ldexp(1, i%29-14))
	}
	if err := d.Step(func(s *compute.Step) error {
		op := compute.Inverse{A: s.Tensor(n, n), Inv: s.Tensor(n, n), Info: s.Tensor(1)}
		s.Write(op.A, a)
		s.Do(op)
		s.Read(op.Inv, inv)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for i, x := range inv {
		want := float32(0)
		if i%(n+1) == 0 {
			want = 1 / a[i]
		}
		if x != want {
			t.Fatalf("element %d is %g, want %g", i, x, want)
		}
	}
}
