//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"hebb/compute"
)

// TestRungs: each tile is right, in float32 and in half precision, in one form of a product that has a whole tile and
// remainders; and in one of the two a bug in the last of its sums, which no smaller tile has, is caught.
func TestRungs(t *testing.T) {
	opened(t).Close()
	for i, tile := range tiles {
		if tile.shared() > 32<<10 { // guaranteed by OpenGL 4.3, and all that a software renderer has
			tile.bm /= 2
		}
		for _, half := range []bool{false, true} {
			r := rung{tile: tile, half: half, transA: i%2 != 0, transB: i/2%2 != 0, scalar: !half && i/4%2 != 0, f16: half && i%3 != 0}
			t.Run(r.String(), func(t *testing.T) {
				t.Parallel()
				if err := r.try(nil); err != nil {
					t.Error(err)
				}
				if half != (i%2 == 0) {
					return
				}
				if bug := r.mutant(); !errors.Is(r.try(&bug), compute.ErrWrong) {
					t.Errorf("%v: not seen", bug)
				}
			})
		}
	}
}

// A rung is a tile and how a product is run on it.
type rung struct {
	tile                         tile
	half, transA, transB, scalar bool
	f16                          bool // factors lie in memory as halves
}

func (r rung) String() string {
	name := r.tile.name() + " " + form(r.transA) + form(r.transB)
	for _, x := range []struct {
		name string
		is   bool
	}{{" scalar", r.scalar}, {" half", r.half}, {" of f16", r.f16}} {
		if x.is {
			name += x.name
		}
	}
	return name
}

func form(trans bool) string { return map[bool]string{false: "N", true: "T"}[trans] }

// mutant is a bug in the last sum of a thread.
func (r rung) mutant() mutant {
	i, j := r.tile.tm/4-1, r.tile.tn/4-1
	if r.half {
		return mutant{compute.Gemm{}, fmt.Sprintf("PAIR(a%d_1[1]), b%d_1", i, j), fmt.Sprintf("PAIR(a%d_1[0]), b%d_1", i, j)}
	}
	return mutant{compute.Gemm{}, fmt.Sprintf("vec4(a%d[3]), b%d", i, j), fmt.Sprintf("vec4(a%d[2]), b%d", i, j)}
}

// try checks every element of a product, with the bug if there is one.
func (r rung) try(bug *mutant) (err error) {
	b, err := open(quick(""))
	if err != nil {
		return err
	}
	b.tiles = []tile{r.tile}
	dev := compute.New(compute.Verify(b, 0))
	if r.half {
		b.halves = emulated
		dev.Allow(compute.Half)
	}
	if bug != nil {
		b.source = bug.source
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	return dev.Step(func(s *compute.Step) error {
		m, n, k := r.tile.bm+8, r.tile.bn+4, 2*r.tile.bk+4
		if r.scalar {
			m, n, k = m+1, n-1, k-3
		}
		typ := compute.Float32
		if r.f16 {
			typ = compute.Float16
		}
		rnd := rand.New(rand.NewPCG(1, 2))
		factor := func(trans bool, rows, cols int) *compute.Tensor {
			if trans {
				rows, cols = cols, rows
			}
			return wholes(s, rnd, 8, s.TensorOf(typ, rows, cols))
		}
		s.Do(compute.Gemm{C: s.Tensor(m, n), A: factor(r.transA, m, k), B: factor(r.transB, k, n), TransA: r.transA, TransB: r.transB,
			Epilogue: compute.Epilogue{Alpha: 1}})
		return s.Err()
	})
}
