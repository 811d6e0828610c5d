package cpu

import (
	"math/rand/v2"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// TestKept: a gradient after the sums of the same kernel equals, to the bit, the gradient without them; and so it does
// after sums of rows that have changed since, of another width, of more kernels than are cached, and after sums for a
// second time.
func TestKept(t *testing.T) {
	const m, d = 70, 12
	rows := func(seed uint64, cols int) []float32 {
		r, x := rand.New(rand.NewPCG(seed, 1)), make([]float32, m*cols)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	gaussian := func(x *compute.Tensor, sigma float32) compute.Similarity {
		return compute.Similarity{X: x, Kernel: compute.Gaussian, Sigma: []float32{sigma}}
	}
	b := must.Get(Open())(t)
	k := &b.(*backend).keeper
	before := map[string]func(s *compute.Step, x, y *compute.Tensor){
		"the same": func(s *compute.Step, x, y *compute.Tensor) {
			want := sums(s, gaussian(x, 2))
			sums(s, compute.Similarity{X: y})
			if got := sums(s, gaussian(x, 2)); !slices.Equal(got, want) {
				t.Error("the sums of what is remembered are others")
			}
			if e := k.take(gaussian(x, 2)); e == nil || len(k.held) != 1 {
				t.Errorf("%d matrices remembered beside what was asked for, %v; want one", len(k.held), e)
			} else {
				k.put(e)
			}
		},
		"one number changed": func(s *compute.Step, x, y *compute.Tensor) {
			was := rows(1, d)
			was[5] *= -1
			s.Write(x, was)
			sums(s, gaussian(x, 2))
			s.Write(x, rows(1, d))
		},
		"another width, changed since": func(s *compute.Step, x, y *compute.Tensor) {
			k := gaussian(x, 3)
			sums(s, k)
			k.Sigma[0] = 2
		},
		"another width":  func(s *compute.Step, x, y *compute.Tensor) { sums(s, gaussian(x, 3)) },
		"another kernel": func(s *compute.Step, x, y *compute.Tensor) { sums(s, compute.Similarity{X: x}) },
		"more than can be remembered": func(s *compute.Step, x, y *compute.Tensor) {
			for i := range 5 {
				sums(s, gaussian(x, 2+float32(i)))
			}
			if len(k.held) != keptMost {
				t.Errorf("%d matrices remembered, want %d", len(k.held), keptMost)
			}
		},
	}
	before["another layer"] = func(s *compute.Step, x, y *compute.Tensor) {
		first, labels, dx := s.Tensor(m, d), compute.Similarity{X: y}, s.Tensor(m, d)
		s.Write(first, rows(4, d))
		for range 3 {
			for _, layer := range []*compute.Tensor{first, x} {
				sums(s, gaussian(layer, 2))
				sums(s, labels)
				s.Do(compute.KernelGrad{DX: dx, K: gaussian(layer, 2), L: labels, Alpha: 1, Self: 2, Cross: -4})
				if len(k.held) != 2 || !k.held[0].is(gaussian(layer, 2)) || !k.held[1].is(labels) {
					t.Error("what is remembered is not the layer's matrix and, used last, that of the labels")
				}
			}
		}
	}
	dev := compute.New(b)
	defer dev.Close()
	gradient := func(first func(s *compute.Step, x, y *compute.Tensor)) (dx []float32) {
		k.held, dx = nil, make([]float32, m*d)
		must.Do(t, dev.Step(func(s *compute.Step) error {
			x, y, r, out := s.Tensor(m, d), s.Tensor(m, 3), s.Tensor(1, m), s.Tensor(m, d)
			s.Write(x, rows(1, d))
			s.Write(y, rows(2, 3))
			s.Write(r, rows(3, 1))
			first(s, x, y)
			s.Do(compute.KernelGrad{DX: out, K: gaussian(x, 2), L: compute.Similarity{X: y}, Alpha: 1, Self: 2, Cross: -4, R: r})
			s.Read(out, dx)
			return nil
		}))
		return dx
	}
	want := gradient(func(*compute.Step, *compute.Tensor, *compute.Tensor) {})
	for name, first := range before {
		if !slices.Equal(gradient(first), want) {
			t.Errorf("after the sums of %s the gradient is another one", name)
		}
	}
}

// sums returns the sums of the rows of k.
func sums(s *compute.Step, k compute.Similarity) []float32 {
	out, x := s.Tensor(1, k.X.Rows()), make([]float32, k.X.Rows())
	s.Do(compute.KernelSums{Sum: out, K: k})
	s.Read(out, x)
	return x
}
