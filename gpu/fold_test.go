//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"math/rand/v2"
	"testing"

	"hebb/compute"
)

// TestFoldSpreads: inputs of a fold may be spread in every way, along every direction, and sums of all elements are
// then not sums of one row. On every rung.
func TestFoldSpreads(t *testing.T) {
	opened(t).Close()
	f := compute.Pointwise(compute.Mul(compute.Var(0), compute.Var(1)))
	for _, way := range []struct {
		name, rung string
		set        func(*backend)
	}{
		{"auto", "", func(*backend) {}},
		{"naive", "naive", func(*backend) {}},
		{"split", "", func(b *backend) { b.splits = 3 }},
		{"windows", "", func(b *backend) { b.maxBlock = 2 << 10 }},
		{"walk", "", func(b *backend) { b.maxGroups = [3]int{1, 1, 1} }},
	} {
		var steps []func(*compute.Step)
		for _, dims := range [][3]int{{3, 5, 7}, {2, 40, 8}, {1, 70, 68}, {1, 3, 900}, {5, 1, 4}, {4, 33, 1}} {
			batch, rows, cols := dims[0], dims[1], dims[2]
			steps = append(steps, func(s *compute.Step) {
				r := rand.New(rand.NewPCG(1, 2))
				in := func(shape ...int) *compute.Tensor { return wholes(s, r, 4, s.Tensor(shape...)) }
				for mask := range 8 {
					part := func(bit, n int) int {
						if mask>>bit&1 == 1 {
							return 1
						}
						return n
					}
					for along, n := range []int{batch * cols, batch * rows, 1} {
						s.Do(compute.Reduce{Out: in(n), F: f, Along: compute.Along(along), Alpha: 2, Beta: 1,
							In: []*compute.Tensor{in(batch, rows, cols), in(part(0, batch), part(1, rows), part(2, cols))}})
					}
				}
			})
		}
		if tally, err := verified(with(way.rung, way.set), steps); err != nil || tally.Judged == 0 {
			t.Errorf("%s: %+v, %v", way.name, tally, err)
		}
	}
}

// TestFarColumns: statistics are merged from parts some of which are empty; where float32 does not hold the squares of
// the numbers, an empty part must not count as one of mean 0.
func TestFarColumns(t *testing.T) {
	opened(t).Close()
	for _, splits := range []int{0, 3} {
		tally, err := verified(with("", func(b *backend) { b.splits = splits }), []func(*compute.Step){func(s *compute.Step) {
			const rows, cols = 333, 8
			far := make([]float32, rows*cols)
			for i := range far {
				far[i] = 3e19
			}
			x, gain, bias := s.Tensor(rows, cols), s.Tensor(cols), s.Tensor(cols)
			s.Write(x, far)
			s.Write(gain, make([]float32, cols))
			s.Write(bias, make([]float32, cols))
			s.Do(compute.Standardize{Y: s.Tensor(rows, cols), Mean: s.Tensor(cols), Var: s.Tensor(cols), X: x, Gain: gain, Bias: bias, Eps: 1})
		}})
		if err != nil || tally.Judged < 16 {
			t.Errorf("%d splits: %d numbers were judged, want the means and variances: %v", splits, tally.Judged, err)
		}
	}
}
