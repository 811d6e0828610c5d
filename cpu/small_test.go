package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// TestSmall: products and updates of small members have the bits that the kernel of large ones makes. Sums of fewer columns than
// that begins with are held to their definition alone.
func TestSmall(t *testing.T) {
	if !hasSmall() {
		t.Skip("the processor has no vectors")
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

// TestNarrow: a row of a product of few columns has the bits that it has alone.
func TestNarrow(t *testing.T) {
	be := must.Get(Open())(t)
	dev := compute.New(be)
	defer dev.Close()
	r := rand.New(rand.NewPCG(7, 8))
	for range 100 {
		m, n, k := 8+r.IntN(20), 1+r.IntN(7), 1+r.IntN(80)
		e := compute.Epilogue{Alpha: [2]float32{1, 0.7}[r.IntN(2)], Beta: [3]float32{0, 1, -0.3}[r.IntN(3)]}
		must.Do(t, dev.Step(func(s *compute.Step) error {
			a, b, c, alone := s.Tensor(m, k), s.Tensor(n, k), s.Tensor(m, n), s.Tensor(m, n)
			for i, x := range []*compute.Tensor{a, b, c} {
				s.Do(compute.Random{Out: x, Law: compute.Normal(0, 1), Seed: r.Uint64(), Stream: uint64(i)})
			}
			s.Do(compute.Copy{Dst: alone, Src: c})
			s.Do(compute.Gemm{C: c, A: a, B: b, TransB: true, Epilogue: e})
			for i := range m {
				s.Do(compute.Gemm{C: s.View(alone, i*n, 1, n), A: s.View(a, i*k, 1, k), B: b, TransB: true, Epilogue: e})
			}
			got, want := make([]float32, m*n), make([]float32, m*n)
			s.Read(c, got)
			s.Read(alone, want)
			for i := range got {
				if !sameBits(got[i], want[i]) {
					t.Fatalf("%d×%d×%d, %+v: element %d is %g, alone %g", m, n, k, e, i, got[i], want[i])
				}
			}
			return s.Err()
		}))
	}
}

// TestUsed: rows of B by which all products are 0 are left out, without a change in bits, in a stretch too, but for the sign of a 0.
func TestUsed(t *testing.T) {
	if !hasSmall() {
		t.Skip("the processor has no vectors")
	}
	be := must.Get(Open())(t)
	dev := compute.New(be)
	defer dev.Close()
	r := rand.New(rand.NewPCG(5, 6))
	for trial := range 200 {
		set(t, &mostSmall, [2]int{1 << 14, 1 << 6}[trial%2])
		must.Do(t, dev.Step(func(s *compute.Step) error { return testUsed(t, dev, s, r) }))
	}
}

func testUsed(t *testing.T, dev *compute.Device, s *compute.Step, r *rand.Rand) error {
	const members = 16
	m, n, k := 1+r.IntN(9), 5+r.IntN(60), 1+r.IntN(60)
	drawn := func(rows, cols int) *compute.Tensor {
		x := s.Tensor(members, rows, cols)
		s.Do(compute.Random{Out: x, Law: compute.Normal(0, 1), Seed: r.Uint64()})
		return x
	}
	g := compute.Gemm{A: drawn(m, k), B: drawn(k, n), Used: s.Tensor(members, 1, 1),
		Epilogue: compute.Epilogue{Alpha: [2]float32{1, 0.7}[r.IntN(2)], Beta: [3]float32{0, 1, -0.3}[r.IntN(3)], Act: compute.Acts[r.IntN(len(compute.Acts))]}}
	if g.TransA = r.IntN(2) == 1; g.TransA {
		g.A = drawn(k, m)
	}
	if g.TransB = r.IntN(2) == 1; g.TransB {
		g.B = drawn(n, k)
	}
	if r.IntN(2) == 1 {
		g.Grad, g.Aux = compute.Sigmoid, drawn(m, n)
	}
	b, rows, used := make([]float32, g.B.Len()), g.B.Rows(), make([]float32, members)
	s.Read(g.B, b)
	for z := range used {
		used[z] = float32(r.IntN(rows + 1))
	}
	s.Write(g.Used, used)
	first := drawn(m, n)
	run := func(g compute.Gemm, window int, rest float32) []float32 { // of rows that are not used
		for i := range b {
			if row := i / g.B.Cols(); float32(row%rows) >= used[row/rows] {
				b[i] = rest
			}
		}
		s.Write(g.B, b)
		dev.Window(window)
		g.C = s.Tensor(members, m, n)
		s.Do(compute.Copy{Dst: g.C, Src: first})
		s.Do(g)
		c := make([]float32, g.C.Len())
		s.Read(g.C, c)
		return c
	}
	whole := g
	whole.Used = nil
	want := run(whole, 1, 0)
	for window, rest := range map[int]float32{1: 0, members: 0, members / 2: float32(math.NaN())} {
		if rest != 0 && g.TransB {
			continue // some more may be counted
		}
		for i, x := range run(g, window, rest) {
			if x != want[i] && !sameBits(x, want[i]) { // a 0 may have another sign
				t.Fatalf("%v, transposed %t %t, %d×%d×%d, window of %d, with %g beyond: element %d is %g, want %g",
					g.Epilogue, g.TransA, g.TransB, m, n, k, window, rest, i, x, want[i])
			}
		}
	}
	return s.Err()
}
