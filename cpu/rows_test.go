package cpu

import (
	"math/rand/v2"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// TestRows: a formula that goes by rows makes the bits that it makes element by element.
func TestRows(t *testing.T) {
	be := must.Get(Open())(t)
	dev := compute.New(be)
	defer dev.Close()
	r := rand.New(rand.NewPCG(9, 10))
	formulas := []*compute.Func{ // of two numbers of rows, and two of anything
		compute.Formula("k*old + l*x", "k", "l", "x", "y"),
		compute.Formula("one*(k*x - l*y) + half*old", "k", "l", "x", "y").With("one", 1).With("half", 0.5),
		compute.Formula("half*x - k*y", "k", "l", "x", "y").With("half", 0.5),
		compute.Formula("k*(l*x + k*y) + l*(x - y)", "k", "l", "x", "y"),
		compute.Formula("(k*x + l*y)*(k*x) + old", "k", "l", "x", "y"),
		compute.Formula("(k*x + l*y)*(l*y) + (l*x - k*y)", "k", "l", "x", "y"),
	}
	gone := 0
	for range 150 {
		f, batch, rows, cols := formulas[r.IntN(len(formulas))], 1+r.IntN(4), 1+r.IntN(40), 1+r.IntN(150)
		must.Do(t, dev.Step(func(s *compute.Step) error {
			tensor := func(shape ...int) *compute.Tensor {
				x := s.Tensor(shape...)
				s.Do(compute.Random{Out: x, Law: compute.Normal(0, 1), Seed: r.Uint64()})
				return x
			}
			number := func() *compute.Tensor {
				return [](*compute.Tensor){tensor(batch, rows, 1), tensor(1, rows, 1), tensor(batch, 1, 1), tensor(1)}[r.IntN(4)]
			}
			any := func() *compute.Tensor {
				return [](*compute.Tensor){tensor(batch, rows, cols), tensor(batch, 1, cols), tensor(1, rows, cols), tensor(cols), tensor(batch, rows, 1)}[r.IntN(5)]
			}
			m := compute.Map{In: []*compute.Tensor{number(), number(), any(), any()}, F: f}
			first := tensor(batch, rows, cols)
			var got [2][]float32
			for i, short := range []int{1, 1 << 30} {
				set(t, &shortRow, short)
				m.Out = s.Tensor(batch, rows, cols)
				s.Do(compute.Copy{Dst: m.Out, Src: first})
				if newEvaluator(f, m.In, m.Out).byRow {
					gone++
				}
				s.Do(m)
				got[i] = make([]float32, first.Len())
				s.Read(m.Out, got[i])
			}
			for i := range got[0] {
				if !sameBits(got[0][i], got[1][i]) {
					t.Fatalf("%v of %v: element %d of %d×%d×%d is %g by rows, want %g", f, m.In, i, batch, rows, cols, got[0][i], got[1][i])
				}
			}
			return s.Err()
		}))
	}
	if gone < 50 {
		t.Errorf("%d formulas went by rows, want more", gone)
	}
}

// TestFusion: products with constants and their sums, in one step or in several, have the bits of each operation by itself.
func TestFusion(t *testing.T) {
	const k, l = 1.7, -0.3
	at := func(c, x float32) float32 { return float32(c * x) }
	b := must.Get(Open())(t)
	d := compute.New(b)
	defer d.Close()
	r := rand.New(rand.NewPCG(11, 12))
	for text, want := range map[string]func(x, y float32) float32{
		"k*x + y":             func(x, y float32) float32 { return at(k, x) + y },
		"y + k*x":             func(x, y float32) float32 { return y + at(k, x) },
		"x*k - y":             func(x, y float32) float32 { return at(k, x) - y },
		"y - k*x":             func(x, y float32) float32 { return y - at(k, x) },
		"k*x + l*y":           func(x, y float32) float32 { return at(k, x) + at(l, y) },
		"y*l - x*k":           func(x, y float32) float32 { return at(l, y) - at(k, x) },
		"k*x - k*x":           func(x, y float32) float32 { return at(k, x) - at(k, x) },
		"k*(l*x) + l*x":       func(x, y float32) float32 { return at(k, at(l, x)) + at(l, x) },
		"k*(l*x) + k*y":       func(x, y float32) float32 { return at(k, at(l, x)) + at(k, y) },
		"(k*x + y)*(k*x)":     func(x, y float32) float32 { return float32((at(k, x) + y) * at(k, x)) },
		"(k*x + y) + l*(k*x)": func(x, y float32) float32 { return (at(k, x) + y) + at(l, at(k, x)) },
		"k*x + k":             func(x, y float32) float32 { return at(k, x) + k },
		"k*old + (y - l*x)":   func(x, y float32) float32 { return at(k, 2) + (y - at(l, x)) },
	} {
		f := compute.Formula(text, "x", "y")
		for name, c := range map[string]float32{"k": k, "l": l} {
			if strings.Contains(text, name) && (name == "k" || strings.Contains(strings.ReplaceAll(text, "old", ""), "l")) {
				f = f.With(name, c)
			}
		}
		x, y, got := make([]float32, 500), make([]float32, 500), make([]float32, 500)
		for i := range x {
			x[i], y[i], got[i] = odd(r), odd(r), 2
		}
		must.Do(t, d.Step(func(s *compute.Step) error {
			a, b, out := s.Tensor(500), s.Tensor(500), s.Tensor(500)
			s.Write(a, x)
			s.Write(b, y)
			s.Write(out, got)
			s.Do(compute.Map{Out: out, In: []*compute.Tensor{a, b}, F: f})
			s.Read(out, got)
			return nil
		}))
		for i := range got {
			if w := want(x[i], y[i]); !sameBits(got[i], w) {
				t.Fatalf("%s of %g and %g is %g, want %g", text, x[i], y[i], got[i], w)
			}
		}
	}
}
