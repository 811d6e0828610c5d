package compute_test

import (
	"math"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
)

// blocked is a machine whose inverses are made with products by the inverses of diagonal blocks, which float64 has
// computed, instead of divisions by the diagonal.
type blocked struct {
	*machine
	block int
}

func (b blocked) Run(op compute.Op) error {
	v := op.(compute.Inverse)
	if err := b.machine.Run(op); err != nil { // for Info, and matrices without an inverse
		return err
	}
	batch, n := v.Dims()
	for z := range batch {
		if a := data(v.A)[z*n*n:]; data(v.Info)[z] == 0 {
			b.invert(n, data(v.Inv)[z*n*n:][:n*n], func(i, j int) float32 {
				if i == j {
					return b.Add(b.Load(a[i*n+i]), v.Shift)
				}
				return b.Load(a[i*n+j])
			})
		}
	}
	return nil
}

// dot is Σ x·y over n pairs.
func (b blocked) dot(n int, pair func(k int) (x, y float32)) float32 {
	x, y := make([]float32, n), make([]float32, n)
	for k := range n {
		x[k], y[k] = pair(k)
	}
	return b.Dot(x, y)
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
					left[i*n+j] = b.FMA(-l[i*n+k], l[j*n+k], left[i*n+j])
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

// TestInverseBlocks: diagonal blocks may be solved by way of their inverses, for any rounding.
func TestInverseBlocks(t *testing.T) {
	for _, block := range []int{8, compute.InverseBlock} {
		for _, mode := range modes[:3] {
			tally, err := try(compute.Inverse{}, 5, blocked{rounding(computetest.Float32{Times: 1, Mode: mode}), block})
			if err != nil {
				t.Errorf("blocks of %d, rounding %v: %v", block, mode, err)
			}
			t.Logf("blocks of %d, rounding %v: worst %.2f of the bound", block, mode, tally.Worst)
		}
	}
}
