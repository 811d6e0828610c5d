package compute_test

import (
	"math"
	"testing"

	"hebb/compute"
)

// inverse is Cholesky's factorisation row by row, the factor's inverse row by row from the diagonal leftwards, and the
// product of that with itself.
func (u unit) inverse(v compute.Inverse) {
	batch, n := v.Dims()
	for z := range batch {
		a, inv := part(v.A, z, false), data(v.Inv)[z*n*n:][:n*n]
		l := make([]float32, n*n)
		order := u.cholesky(l, n, func(i, j int) float32 {
			if i == j {
				return u.add(u.flush(a(i, i)), v.Shift)
			}
			return u.flush(a(i, j))
		})
		if data(v.Info)[z] = float32(order); order > 0 {
			for i := range inv {
				inv[i] = float32(math.NaN())
			}
			continue
		}
		m := make([]float32, n*n)
		for i := range n {
			m[i*n+i] = u.div(1, l[i*n+i])
			for j := i - 1; j >= 0; j-- {
				s := u.dot(i-j, func(k int) (float32, float32) { return m[i*n+j+1+k], l[(j+1+k)*n+j] })
				m[i*n+j] = u.div(-s, l[j*n+j])
			}
		}
		for i := range n {
			for j := range i + 1 {
				x := u.dot(n-i, func(k int) (float32, float32) { return m[(i+k)*n+i], m[(i+k)*n+j] })
				inv[i*n+j], inv[j*n+i] = x, x
			}
		}
	}
}

// cholesky fills l in, up to the first leading minor that is not positive definite, whose order it returns; else 0.
func (u unit) cholesky(l []float32, n int, at func(i, j int) float32) int {
	for i := range n {
		for j := range i + 1 {
			s := at(i, j)
			for k := range j {
				s = u.fma(-l[i*n+k], l[j*n+k], s)
			}
			if i != j {
				l[i*n+j] = u.div(s, l[j*n+j])
				continue
			}
			if !(s > 0) {
				return i + 1
			}
			l[i*n+i] = u.sqrt(s)
		}
	}
	return 0
}

// blocked is inverse with products by the inverses of diagonal blocks, which float64 has worked out, in the place of
// divisions by the diagonal.
type blocked struct {
	*naive
	block int
}

func (b blocked) Run(op compute.Op) error {
	v := op.(compute.Inverse)
	if err := b.naive.Run(op); err != nil { // for Info, and what has no inverse
		return err
	}
	batch, n := v.Dims()
	for z := range batch {
		if a := part(v.A, z, false); data(v.Info)[z] == 0 {
			b.invert(n, data(v.Inv)[z*n*n:][:n*n], func(i, j int) float32 {
				if i == j {
					return b.add(b.flush(a(i, i)), v.Shift)
				}
				return b.flush(a(i, j))
			})
		}
	}
	return nil
}

func (b blocked) invert(n int, inv []float32, at func(i, j int) float32) {
	l, m := make([]float32, n*n), make([]float32, n*n)
	for first := 0; first < n; first += b.block {
		end := min(n, first+b.block)
		left := make([]float32, n*n) // of the columns from first to end
		for i := first; i < n; i++ {
			for j := first; j < min(i+1, end); j++ {
				left[i*n+j] = at(i, j)
				for k := range first {
					left[i*n+j] = b.fma(-l[i*n+k], l[j*n+k], left[i*n+j])
				}
			}
		}
		diagonal(n, first, end, left, l, m)
		for i := end; i < n; i++ {
			for j := first; j < end; j++ {
				l[i*n+j] = b.dot(j+1-first, func(k int) (float32, float32) { return left[i*n+first+k], m[j*n+first+k] })
			}
		}
	}
	for end := n; end > 0; {
		first := (end - 1) / b.block * b.block
		for i := end; i < n; i++ {
			w := make([]float32, end)
			for j := first; j < end; j++ {
				w[j] = -b.dot(i+1-end, func(k int) (float32, float32) { return m[i*n+end+k], l[(end+k)*n+j] })
			}
			for j := first; j < end; j++ {
				m[i*n+j] = b.dot(end-j, func(k int) (float32, float32) { return w[j+k], m[(j+k)*n+j] })
			}
		}
		end = first
	}
	for i := range n {
		for j := range i + 1 {
			x := b.dot(n-i, func(k int) (float32, float32) { return m[(i+k)*n+i], m[(i+k)*n+j] })
			inv[i*n+j], inv[j*n+i] = x, x
		}
	}
}

// diagonal factors the block of left from first to end, in float64, and rounds the factor and its inverse.
func diagonal(n, first, end int, left, l, m []float32) {
	w := end - first
	f, g := make([]float64, w*w), make([]float64, w*w)
	for i := range w {
		for j := range i + 1 {
			s := float64(left[(first+i)*n+first+j])
			for k := range j {
				s -= f[i*w+k] * f[j*w+k]
			}
			if f[i*w+j] = math.Sqrt(s); i != j {
				f[i*w+j] = s / f[j*w+j]
			}
		}
		for j := range i + 1 {
			s := 0.0
			for k := j; k < i; k++ {
				s -= f[i*w+k] * g[k*w+j]
			}
			if i == j {
				s = 1
			}
			g[i*w+j] = s / f[i*w+i]
		}
		for j := range i + 1 {
			l[(first+i)*n+first+j], m[(first+i)*n+first+j] = float32(f[i*w+j]), float32(g[i*w+j])
		}
	}
}

// TestInverseBlocks: blocks on the diagonal may be solved with by way of their inverses, however it is rounded.
func TestInverseBlocks(t *testing.T) {
	for _, block := range []int{8, compute.InverseBlock} {
		for _, mode := range []rounding{anyWay, upward, downward} {
			tally, err := try(compute.Inverse{}, 5, blocked{&naive{unit: unit{times: 1, mode: mode}}, block})
			if err != nil {
				t.Errorf("blocks of %d, rounding %v: %v", block, mode, err)
			}
			t.Logf("blocks of %d, rounding %v: worst %.2f of the bound", block, mode, tally.Worst)
		}
	}
}
