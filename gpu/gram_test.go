//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/shaders"
)

// grams runs ops on n rows of d normal numbers around mean, and returns each K.
func grams(t *testing.T, open func() (compute.Backend, error), n, d int, mean float64, ops ...func(x *compute.Tensor) compute.Gram) [][]float32 {
	t.Helper()
	b := must.Get(open())(t)
	dev := compute.New(b)
	defer dev.Close()
	r := rand.New(rand.NewPCG(1, 2))
	rows := make([]float32, n*d)
	for i := range rows {
		rows[i] = float32(mean + r.NormFloat64())
	}
	copy(rows[d:2*d], rows[:d]) // two equal rows
	var all [][]float32
	for _, op := range ops {
		k := make([]float32, n*n)
		must.Do(t, dev.Step(func(s *compute.Step) error {
			x := s.Tensor(n, d)
			s.Write(x, rows)
			g := op(x)
			if g.K = s.Tensor(n, n); g.Y != nil {
				g.Y = s.Tensor(n, d)
				s.Write(g.Y, rows)
			}
			s.Do(g)
			s.Read(g.K, k)
			return nil
		}))
		all = append(all, k)
	}
	return all
}

// TestSymmetric: the Gram of X with itself is symmetric to the bit, centred or not, on every rung, in
// one piece and where n is no multiple of anything; its diagonal is 1 to the bit.
func TestSymmetric(t *testing.T) {
	opened(t).Close()
	for _, rung := range []string{"naive", "32x32", "64x32"} {
		for _, n := range []int{100, 133} {
			var ops []func(*compute.Tensor) compute.Gram
			for _, c := range []compute.Center{compute.Raw, compute.Double, compute.Grand} {
				ops = append(ops,
					func(x *compute.Tensor) compute.Gram { return compute.Gram{X: x, Kernel: compute.Cosine, Center: c} },
					func(x *compute.Tensor) compute.Gram {
						return compute.Gram{X: x, Kernel: compute.Gaussian, Sigma: []float32{2}, PerDim: true, Center: c}
					})
			}
			for o, k := range grams(t, with(rung, func(*backend) {}), n, 37, 0.5, ops...) {
				for i := range n {
					for j := range n {
						if math.Float32bits(k[i*n+j]) != math.Float32bits(k[j*n+i]) {
							t.Fatalf("%s, n %d, op %d: [%d %d] is %g, its mirror image %g", rung, n, o, i, j, k[i*n+j], k[j*n+i])
						}
					}
					if o < 2 && k[i*n+i] != 1 {
						t.Fatalf("%s, n %d, op %d: [%d %d] is %g, want 1", rung, n, o, i, i, k[i*n+i])
					}
				}
			}
		}
	}
}

// TestClamp: far from the origin ‖x‖²+‖y‖²−2x·y loses its digits and may fall below 0. No kernel may then rise above 1
// by more than exp itself errs. The bound of compute.Gram is too wide to catch it, so the mutant without the clamp is
// tested here.
func TestClamp(t *testing.T) {
	opened(t).Close()
	above := func(set func(*backend)) (n int) {
		for _, v := range grams(t, with("32x32", set), 64, 129, 3000, func(x *compute.Tensor) compute.Gram {
			return compute.Gram{X: x, Y: x, Kernel: compute.Gaussian, Sigma: []float32{0.1}}
		})[0] {
			if !(v >= 0 && v <= 1+8*0x1p-23) {
				n++
			}
		}
		return n
	}
	if n := above(func(*backend) {}); n > 0 {
		t.Errorf("%d kernels are above 1", n)
	}
	if n := above(func(b *backend) {
		b.source = func(file string, defines ...string) (string, error) {
			text, err := shaders.Source(file, defines...)
			return strings.Replace(text, "max((xx + yy) - 2.0 * acc, some(0.0))", "(xx + yy) - 2.0 * acc", 1), err
		}
	}); n == 0 {
		t.Error("without the clamp none is above 1 either: these rows test nothing")
	}
}

// TestLongRows: rows that exceed a storage block by themselves are summed piece by piece.
func TestLongRows(t *testing.T) {
	opened(t).Close()
	for _, rung := range []string{"naive", "32x32"} {
		const n, m, d = 5, 18, 700
		r := rand.New(rand.NewPCG(3, 4))
		var steps []func(*compute.Step)
		for _, kernel := range []compute.Kernel{compute.Linear, compute.Cosine, compute.Gaussian} {
			var sigma []float32
			if kernel == compute.Gaussian {
				sigma = []float32{20, 40}
			}
			w := max(1, len(sigma))
			steps = append(steps, func(s *compute.Step) {
				x, y := wholes(s, r, 2, s.Tensor(n, d)), wholes(s, r, 2, s.Tensor(m, d))
				s.Do(compute.Gram{K: s.Tensor(w, n, m), X: x, Y: y, Kernel: kernel, Sigma: sigma, Center: compute.Double})
				s.Do(compute.Gram{K: s.Tensor(w, m, m), X: y, Kernel: kernel, Sigma: sigma})
			})
		}
		if tally, err := verified(with(rung, func(b *backend) { b.maxBlock = 1 << 10 }), steps); err != nil || tally.Judged == 0 {
			t.Errorf("%s: %+v, %v", rung, tally, err)
		}
	}
}
