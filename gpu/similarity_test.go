package gpu

import (
	"errors"
	"testing"

	"hebb/compute"
)

// TestBands: bands cover every row of every member once, in what memory there is.
func TestBands(t *testing.T) {
	d := compute.New(&paper{planner: desk("", nil)})
	for _, c := range []struct{ batch, m, d, matrices, stored int }{
		{1, 1, 1, 1, 0}, {3, 129, 7, 5, 3000}, {70, 17, 3, 2, 3000}, {5, 1000, 2, 17, 1 << 16}, {1, 65536, 128, 6, 0}, {1, 65536, 1, 16, 0}, {900, 100, 4, 2, 0},
	} {
		x, err := d.Tensor(c.batch, c.m, c.d)
		if err != nil {
			t.Fatal(err)
		}
		p := desk("", func(p *planner) { p.stored = c.stored })
		seen := make([]int, c.batch*c.m)
		for _, b := range p.bands(compute.Similarity{X: x}, c.matrices) {
			for z := range b.members {
				for i := range b.rows {
					seen[(b.z+z)*c.m+b.i+i]++
				}
			}
			most := max(c.stored, c.matrices*c.m)
			if c.stored == 0 {
				most = max(most, bandFloats, 4*x.Len())
			}
			if n := c.matrices * b.members * b.rows * c.m; n > most {
				t.Errorf("%+v: a band of %d numbers, want at most %d", c, n, most)
			}
		}
		for i, n := range seen {
			if n != 1 {
				t.Fatalf("%+v: row %d is in %d bands", c, i, n)
			}
		}
	}
}

// TestStreamingMemory: of 65 536 rows with three widths the backend's own memory is a few times that of X, in a plan that
// is sound.
func TestStreamingMemory(t *testing.T) {
	const m, d = 65536, 128
	p := &paper{planner: desk("", nil)}
	dev := compute.New(p)
	err := dev.Step(func(s *compute.Step) error {
		k := compute.Similarity{X: s.Tensor(m, d), Kernel: compute.Gaussian, Sigma: []float32{1, 2, 4}}
		l := compute.Similarity{X: s.Tensor(m, d), Kernel: compute.Gaussian, Sigma: k.Sigma}
		s.Do(compute.KernelSums{Sum: s.Tensor(3, m), Dot: s.Tensor(3, m), K: k, L: l, A: s.Tensor(3, m), B: s.Tensor(3, m)})
		return s.Err()
	})
	if !errors.Is(err, errPlanned) {
		t.Fatal(err)
	}
	err = dev.Step(func(s *compute.Step) error {
		k := compute.Similarity{X: s.Tensor(m, d), Kernel: compute.Gaussian, Sigma: []float32{1, 2, 4}}
		s.Do(compute.KernelGrad{DX: s.Tensor(m, d), K: k, Alpha: 1, Self: 1, R: s.Tensor(3, m)})
		return s.Err()
	})
	if !errors.Is(err, errPlanned) {
		t.Fatal(err)
	}
	for _, l := range p.plans {
		own := 0
		for _, n := range l.scratch {
			own += n
		}
		if own > 6*m*d {
			t.Errorf("%d numbers of scratch, want at most %d", own, 6*m*d)
		}
	}
	for _, err := range p.bad {
		t.Error(err)
	}
}
