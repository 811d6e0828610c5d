package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// TestSmall: products and updates of small members have the bits that the kernel of large ones makes. Sums of fewer columns than
// that begins with are held to their definition alone.
func TestSmall(t *testing.T) {
	if !hasSmall() {
		t.Skip("the processor has no AVX2")
	}
	be := must.Get(Open())(t)
	dev := compute.New(be)
	defer dev.Close()
	r := rand.New(rand.NewPCG(3, 4))
	size := func() int { return 1 + r.IntN(20) + r.IntN(2)*r.IntN(40) }
	for range 300 {
		batch, m, n, k := 1+r.IntN(3), 1+r.IntN(7), 4+size(), size()
		g := compute.Gemm{TransA: r.IntN(2) == 1, TransB: r.IntN(2) == 1,
			Epilogue: compute.Epilogue{Alpha: [2]float32{1, 0.7}[r.IntN(2)], Beta: [3]float32{0, 1, -0.3}[r.IntN(3)], Act: compute.Acts[r.IntN(len(compute.Acts))]}}
		h := compute.Hebbian{Rate: 0.3, Decay: [3]float32{0, 1, 0.2}[r.IntN(3)]}
		must.Do(t, dev.Step(func(s *compute.Step) error {
			tensor := func(batch, rows, cols int, turned bool) *compute.Tensor {
				if turned {
					rows, cols = cols, rows
				}
				x := s.Tensor(batch, rows, cols)
				s.Do(compute.Random{Out: x, Law: compute.Normal(0, 1), Seed: r.Uint64()})
				return x
			}
			g.A, g.B = tensor(batch, m, k, g.TransA), tensor([2]int{1, batch}[r.IntN(2)], k, n, g.TransB)
			h.Y, h.X = tensor(batch, k, m, false), tensor(batch, k, n, false)
			first := tensor(batch, m, n, false)
			both := func(name string, run func(out *compute.Tensor)) {
				var got [2][]float32
				for i, most := range []int{1 << 20, 0} {
					set(t, &mostSmall, most)
					out := s.Tensor(batch, m, n)
					s.Do(compute.Copy{Dst: out, Src: first})
					run(out)
					got[i] = make([]float32, out.Len())
					s.Read(out, got[i])
				}
				for i := range got[0] {
					if !sameBits(got[0][i], got[1][i]) {
						t.Fatalf("%s, batch %d, %d×%d×%d: element %d is %g, want %g", name, batch, m, n, k, i, got[0][i], got[1][i])
					}
				}
			}
			both(fmt.Sprintf("%+v, transposed %t %t", g.Epilogue, g.TransA, g.TransB), func(out *compute.Tensor) {
				g := g
				g.C = out
				s.Do(g)
			})
			both(fmt.Sprint("update, decay ", h.Decay), func(out *compute.Tensor) {
				h := h
				h.W = out
				s.Do(h)
			})
			return s.Err()
		}))
	}
}
