package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// odd is a number of any kind.
func odd(r *rand.Rand) float32 {
	switch r.IntN(12) {
	case 0:
		return float32(math.NaN())
	case 1:
		return float32(math.Inf(1 - 2*r.IntN(2)))
	case 2:
		return float32(math.Copysign(0, r.Float64()-0.5))
	case 3:
		return math.Float32frombits(r.Uint32())
	case 4, 5, 6:
		return float32(r.IntN(3) - 1)
	}
	return float32(r.NormFloat64())
}

// TestPrimitiveBits compares vectors with their Go twins, at lengths that leave every rest.
func TestPrimitiveBits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	odds := func(n int) []float32 {
		x := make([]float32, n)
		for j := range x {
			x[j] = odd(r)
		}
		return x
	}
	type operation struct {
		name string
		f    func(dst, a, b, c []float32)
	}
	var all []operation
	for p := compute.PrimAdd; p <= compute.PrimSelect; p++ {
		all = append(all, operation{p.String(), func(dst, a, b, c []float32) { apply(p, dst, a, b, c) }})
	}
	all = append(all,
		operation{"scale", func(dst, a, b, _ []float32) { scale(dst, a, 1.7) }},
		operation{"shift", func(dst, a, b, _ []float32) { shift(dst, a, 1.7) }},
		operation{"plus", func(dst, a, b, _ []float32) { plus(dst, a, 1.7) }},
		operation{"give", func(dst, a, b, c []float32) {
			rest := append([]float32(nil), c...)
			give(dst, rest, a, b)
			sub(dst, dst, rest)
		}},
		operation{"slopes", func(dst, a, b, c []float32) { slopes(dst, a, b, c, slopeFactors{0.3, 1.7, -2.1, 0.7}) }},
		operation{"spread", func(dst, a, _, _ []float32) {
			for _, cols := range []int{1, 7, 8, 24} {
				spreadRows(dst, a[:len(dst)/cols], cols)
			}
		}},
		operation{"affine", func(dst, a, b, _ []float32) { affine(dst, a, b, 1.7, -0.3) }},
		operation{"sigmoid", func(dst, a, _, _ []float32) {
			copy(dst, a)
			sigmoid(dst)
		}},
		operation{"slope of sigmoid", func(dst, a, b, _ []float32) {
			copy(dst, a)
			backward(compute.Sigmoid, dst, b)
		}},
		operation{"sum", func(dst, a, _, _ []float32) { fill(dst, sum(a)) }},
		operation{"total", func(dst, a, _, _ []float32) { fill(dst, float32(total(a))) }},
		operation{"lower", func(dst, a, b, _ []float32) {
			y := make([]float64, len(dst))
			for j, v := range b {
				y[j] = float64(v)
			}
			copy(dst, a)
			lower(dst, 1.7, y)
		}},
	)
	for _, op := range all {
		for n := range 80 {
			a, b, c, old := odds(n), odds(n), odds(n), odds(n)
			fast, slow := append([]float32(nil), old...), append([]float32(nil), old...)
			op.f(fast, a, b, c)
			set(t, &vector, scalar)
			op.f(slow, a, b, c)
			vector = widest()
			for j := range fast {
				if !sameBits(fast[j], slow[j]) {
					t.Fatalf("%s of %g, %g, %g, element %d of %d, is %g as a vector and %g alone", op.name, a[j], b[j], c[j], j, n, fast[j], slow[j])
				}
			}
		}
	}
}

// TestRunSums compares vectors with their Go twin, and both with whole numbers' sums.
func TestRunSums(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for n := 1; n <= 64; n++ {
		for _, runs := range []int{1, 7, 8, 9, 24, 31} {
			x, whole := make([]float32, n*runs+3), make([]float32, n*runs+3)
			for i := range x {
				x[i], whole[i] = odd(r), float32(r.IntN(100))
			}
			fast, slow, exact := make([]float32, runs), make([]float32, runs), make([]float32, runs)
			runSums(fast, x, n)
			runSums(exact, whole, n)
			set(t, &vector, scalar)
			runSums(slow, x, n)
			vector = widest()
			for o := range runs {
				if !sameBits(fast[o], slow[o]) {
					t.Fatalf("run %d of %d of %d numbers is %g as a vector and %g alone", o, runs, n, fast[o], slow[o])
				}
				want := float32(0)
				for _, v := range whole[o*n:][:n] {
					want += v
				}
				if exact[o] != want {
					t.Fatalf("run %d of %d of %d numbers is %g, want %g", o, runs, n, exact[o], want)
				}
			}
		}
	}
}

// TestLargest puts the largest number at every place.
func TestLargest(t *testing.T) {
	for n := 1; n < 80; n++ {
		for at := range n {
			x := make([]float32, n)
			for j := range x {
				x[j] = -float32(2 + j%5)
			}
			x[at] = -1
			if m := largest(x); m != -1 {
				t.Errorf("of %d the largest, -1 at %d, is found to be %g", n, at, m)
			}
		}
	}
}

// TestLog checks log against package compute's bound, and the vector code against logGo's bits, over all float32s.
func TestLog(t *testing.T) {
	worst, _ := sweep(t, "log", log, logGo, func(x, y float32) (kind int, e float64) {
		if !(x >= logTiny && x <= math.MaxFloat32) {
			return 0, 0 // TestEnds
		}
		want := math.Log(float64(x))
		if e = math.Abs(float64(y) - want); 0.5 <= x && x <= 2 {
			return 0, e * 0x1p21
		}
		return 1, e / math.Abs(want) * 0x1p23
	})
	t.Logf("largest error %.3f·2⁻²¹ within [½, 2], %.3f ulp beyond", worst[0], worst[1])
	if worst[0] > 0.5 || worst[1] > 1.5 {
		t.Error("want half of what package compute allows, 0.5 and 1.5")
	}
}

// TestKernels multiplies whole numbers, so that every order gives the same: segments of all lengths, numbers of a
// row side by side and apart, rows that are columns, panels that are full and that are not, rows that are not there.
func TestKernels(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, cols := range []int{1, 15, 16, 17, 31, 32} {
		for v := scalar + 1; v <= widest(); v++ {
			set(t, &vector, v)
			k, ok := kernelFor(cols)
			if !ok || cols > k.width {
				continue // more columns than a panel come in several
			}
			for n := range 11 {
				for _, apart := range []int{1, 5, k.height, k.height + 7} {
					for _, count := range []int{1, 2, 3, 4, 5, 8, k.height - 1, k.height} {
						for _, wide := range []int{k.width, k.width + 5} {
							count = min(count, k.height)
							for _, columns := range []bool{false, true} {
								name := fmt.Sprintf("%v, %d rows (columns: %v), %d columns, segments of %d, numbers %d apart, panel's rows %d",
									v, count, columns, cols, n, apart, wide)
								checkKernel(t, r, name, k, count, cols, n, apart, wide, columns)
							}
						}
					}
				}
			}
		}
	}
}

// checkKernel computes a tile of two segments of n numbers and so many rows, or columns of one matrix; those beyond stand for the first.
func checkKernel(t *testing.T, r *rand.Rand, name string, k kernel, count, cols, n, apart, wide int, columns bool) {
	const margin = 3
	old := func(i int) float32 { return float32(-77 - i%89) } // of c, in no two rows the same
	number := func() float32 { return float32(r.IntN(9) - 4) }
	rows, panel := make([]float32, maxHeight*(2*n+1)*apart), make([]float32, (2*n+1)*wide)
	for i := range rows {
		rows[i] = number()
	}
	for i := range panel {
		panel[i] = number()
	}
	stride := margin + k.width + cols
	c := make([]float32, maxHeight*stride)
	var to tileOut
	in := tileIn{count: count, step: 4 * apart, columns: columns}
	at := func(segment, row, p int) int {
		if columns {
			return (segment*(n+1)+p)*apart + row
		}
		return (row*(2*n+1) + segment*(n+1) + p) * apart
	}
	for i := range 2 * min(n, 1) { // a number and a row of the panel are left out between the segments
		in.segments = append(in.segments, segment{at: 4 * apart * i * (n + 1), offset: 4 * wide * (i*n + i), k: n})
	}
	for row := range maxHeight {
		stands := row
		if row >= count {
			stands = 0
		}
		to.rows[row], in.rows[row] = &c[stands*stride], &rows[at(0, stands, 0)]
	}
	to.lo, to.hi = -90, 20
	for endings := range 4 {
		for row := range to.keep {
			to.keep[row] = []float32{0.5, 1, -2, 0}[row%4]
			if row >= count {
				to.keep[row] = to.keep[0]
			}
		}
		for i := range c {
			c[i] = old(i)
		}
		k.tile(&to, margin, cols, &in, panel, 4*wide, 0.5, endings)
		for i, got := range c {
			row, j := i/stride, i%stride-margin
			want := old(i)
			if row < count && j >= 0 && j < cols {
				want = 0
				for p := range 2 * n {
					want += 0.5 * rows[at(p/n, row, p%n)] * panel[(p+p/n)*wide+j]
				}
				if endings&keeps != 0 {
					want += to.keep[row] * old(i)
				}
				if endings&clips != 0 {
					want = max(to.lo, min(to.hi, want))
				}
			}
			if got != want {
				t.Fatalf("%s, endings %d: row %d, column %d is %g, want %g", name, endings, row, j, got, want)
			}
		}
	}
}

// TestKernelClips: a tile puts numbers of all kinds within the bounds as the Go code does.
func TestKernelClips(t *testing.T) {
	inf := float32(math.Inf(1))
	odds := slices.Repeat([]float32{float32(math.NaN()), inf, -inf, float32(math.Copysign(0, -1)), 0, 1, -1, 0.25}, maxWidth/8)
	for v := scalar + 1; v <= widest(); v++ {
		set(t, &vector, v)
		k, _ := kernelFor(maxWidth)
		for _, b := range [][2]float32{{0, 1}, {-1, 0}, {-0.5, 0.25}} {
			o := outcome{alpha: -1, keep: 1, lo: b[0], hi: b[1]}
			c, want := dense(1, maxWidth, slices.Clone(odds)), dense(1, maxWidth, slices.Clone(odds))
			o.clip(want)
			k.mul(o, dense(1, 1, []float32{0}), dense(1, maxWidth, make([]float32, maxWidth)), c)
			for j, got := range c.data {
				if !sameBits(got, want.data[j]) {
					t.Errorf("%v: %g in %v becomes %g, want %g", v, odds[j], b, got, want.data[j])
				}
			}
		}
	}
}

// TestRowsBits compares routines that go down rows with their Go twins, at widths that leave every rest.
func TestRowsBits(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	odds := func(n int) []float32 {
		x := make([]float32, n)
		for j := range x {
			x[j] = odd(r)
		}
		return x
	}
	for w := 1; w < 150; w++ {
		for _, rows := range []int{1, 2, 8, 9} {
			x, e := odds(w*rows), odds(w*rows)
			var of [6][]float32 // of each column
			for i := range of {
				of[i] = odds(w)
			}
			all := func() []float32 {
				sums, squares, bias, gain := slices.Clone(of[4]), slices.Clone(of[4]), slices.Clone(of[4]), slices.Clone(of[5])
				y, dx := make([]float32, w*rows), make([]float32, w*rows)
				addRows(sums, x)
				addSquares(squares, x, of[0])
				(&standardColumns{of[0], of[1], of[2]}).rows(y, x, w)
				gradSums(bias, gain, x, e, of[0], of[1])
				(&gradColumns{of[0], of[1], of[2], of[3]}).rows(dx, x, e, w)
				return slices.Concat(sums, squares, bias, gain, y, dx)
			}
			fast := all()
			for v := scalar; v < widest(); v++ {
				set(t, &vector, v)
				slow := all()
				for j := range fast {
					if !sameBits(fast[j], slow[j]) {
						t.Fatalf("%d rows of %d: number %d is %g by %v and %g by %v", rows, w, j, fast[j], widest(), slow[j], v)
					}
				}
			}
			vector = widest()
		}
	}
}

// TestStreamed: what is stored past the cache is there, at lengths and places that leave every rest.
func TestStreamed(t *testing.T) {
	set(t, &streamed, 1)
	b := must.Get(Open())(t)
	d := compute.New(b)
	defer d.Close()
	f := compute.Formula("x*x + 1", "x")
	for n := 1; n < 300; n += 7 {
		for _, n := range []int{n, 3000 + n, 70000 + n} {
			x := make([]float32, n+8)
			for i := range x {
				x[i] = float32(i % 1000)
			}
			must.Do(t, d.Step(func(s *compute.Step) error {
				in, out := s.Tensor(n+8), s.Tensor(n+8)
				s.Write(in, x)
				s.Write(out, x)
				s.Do(compute.Map{Out: s.View(out, n%8, n), In: []*compute.Tensor{s.View(in, 3, n)}, F: f})
				s.Read(out, x)
				return nil
			}))
			for i, got := range x {
				want := float32(i % 1000)
				if k := i - n%8; k >= 0 && k < n {
					want = float32((k+3)%1000)*float32((k+3)%1000) + 1
				}
				if got != want {
					t.Fatalf("of %d, number %d is %g, want %g", n, i, got, want)
				}
			}
		}
	}
}
