package compute_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
)

// A halving is how a naive backend makes use of [compute.Half]: it rounds to so many bits, 11 of them being half precision's,
// and adds up runs of so many products in that. Nothing else of it is in float32.
type halving struct{ bits, run int }

// half is x in half precision, as u rounds.
func (u unit) half(x float64, h halving) float64 {
	_, exp := math.Frexp(x)
	step := math.Ldexp(1, max(exp-h.bits, -24))
	y := math.RoundToEven(x/step) * step
	if u.times > 0 && y != x && u.turns(x-y, x) {
		y += math.Copysign(step, x-y)
	}
	if math.Abs(y) > 65504 {
		y = math.Copysign(math.Inf(1), y)
	}
	return y
}

// halfDot is [unit.dot] with half precision's leeway; what follows from run to run is fused with a sum or not.
func (u unit) halfDot(n int, h halving, pair func(k int) (a, b float32)) (s float32) {
	for k := 0; k < n; k += h.run {
		part := 0.0
		for j := k; j < min(k+h.run, n); j++ {
			a, b := pair(j)
			p := u.half(float64(u.flush(a)), h) * u.half(float64(u.flush(b)), h)
			if u.times == 0 || u.rnd.IntN(2) == 0 {
				p = u.half(p, h)
			}
			part = u.half(part+p, h)
		}
		s = u.add(s, float32(part))
	}
	return s
}

// sum is Σ a·b over n pairs, with that leeway if n makes use of it.
func (n *naive) sum(l compute.Leeway, count int, pair func(k int) (a, b float32)) float32 {
	if (l&compute.Half != 0 || n.always) && n.bits > 0 {
		return n.halfDot(count, n.halving, pair)
	}
	return n.dot(count, pair)
}

// A factorList collects the products of a sum that are met in another order.
type factorList [][2]float32

func (l factorList) at(k int) (a, b float32) { return l[k][0], l[k][1] }

// products are the ops that half precision is for.
var products = []compute.Op{compute.Gemm{}, compute.Hebbian{}, compute.Conv{}, compute.ConvInput{}}

// tryHalf is try on a device that allows half precision.
func tryHalf(op compute.Op, n int, b compute.Backend) (compute.Tally, error) {
	return computetest.TryWithin(op, compute.Half, n, func() (compute.Backend, error) { return b, nil })
}

// TestHalf: the bound of half precision holds however it is rounded, for runs as long as it admits, and is near enough
// to see three bits less; a result in half precision is not within float32's.
func TestHalf(t *testing.T) {
	for _, op := range products {
		for _, mode := range []rounding{anyWay, upward, downward, inward} {
			t.Run(fmt.Sprintf("%T/%v", op, mode), func(t *testing.T) {
				t.Parallel()
				b := naive{unit: unit{times: 1, mode: mode}, halving: halving{11, compute.HalfRun}}
				tally, err := tryHalf(op, 5, &b)
				t.Logf("worst %.2f of the bound", tally.Worst)
				if err != nil {
					t.Error(err)
				}
			})
		}
		t.Run(fmt.Sprintf("%T/seen", op), func(t *testing.T) {
			t.Parallel()
			if _, err := tryHalf(op, 3, &naive{halving: halving{8, compute.HalfRun}}); !errors.Is(err, compute.ErrWrong) {
				t.Errorf("8 bits: %v", err)
			}
			if _, err := try(op, 3, &naive{halving: halving{11, compute.HalfRun}, always: true}); !errors.Is(err, compute.ErrWrong) {
				t.Errorf("not asked for: %v", err)
			}
		})
	}
}

// TestHalfLimits: what half precision cannot hold is not judged, and what it can is judged closely.
func TestHalfLimits(t *testing.T) {
	d := device(t)
	bound := func(l compute.Leeway, a, b []float32) compute.Val {
		c := compute.Contents{}
		in := func(shape []int, v []float32) *compute.Tensor {
			x := tensor(t, d, shape...)
			c[x] = v
			return x
		}
		g := compute.Gemm{C: tensor(t, d, 1, 1), A: in([]int{1, len(a)}, a), B: in([]int{len(b), 1}, b), Epilogue: compute.Epilogue{Alpha: 1}, Leeway: l}
		return compute.Define(g, c)(0, 0)
	}
	for _, test := range []struct {
		name string
		a, b []float32
		err  float64 // largest bound
	}{
		{"whole", []float32{2048, 1}, []float32{1, -2048}, math.Inf(1)}, // 4096 in all: a sum may stop at 2049
		{"whole and small", []float32{40, 8}, []float32{50, 6}, 0},
		{"an infinite factor", []float32{65520}, []float32{0.5}, math.Inf(1)},
		{"an infinite product", []float32{300}, []float32{300}, math.Inf(1)},
		{"a large one", []float32{200}, []float32{200.5}, 40100 * 5 * 0x1p-10},
		{"a small factor", []float32{0x1p-20}, []float32{1.5}, 0x1p-22},
		{"nothing left", []float32{0x1p-30}, []float32{1.5}, 0x1p-22},
	} {
		v := bound(compute.Half, test.a, test.b)
		if !(v.Err <= test.err) || math.IsInf(test.err, 1) && test.name != "whole" && v.Bounded() {
			t.Errorf("%s: %v, want a bound of %g at most", test.name, v, test.err)
		}
		if plain := bound(0, test.a, test.b); !(v.Err >= plain.Err) || !(plain.Err < 0.1) {
			t.Errorf("%s: a bound of %g, and without leeway %g", test.name, v.Err, plain.Err)
		}
	}
	x, y := tensor(t, d, 2, 2), tensor(t, d, 2, 2)
	d.Allow(1 << 7)
	err := d.Step(func(s *compute.Step) error {
		s.Do(compute.Gemm{C: tensor(t, d, 2, 2), A: x, B: y, Epilogue: compute.Epilogue{Alpha: 1}})
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "leeway") {
		t.Errorf("a leeway that is none: %v", err)
	}
}

// TestParseLeeway: names there and back.
func TestParseLeeway(t *testing.T) {
	for _, text := range append(compute.Leeways(), "") {
		if l, err := compute.ParseLeeway(text); err != nil || l.String() != text {
			t.Errorf("%q: %v, %v", text, l, err)
		}
	}
	if _, err := compute.ParseLeeway("half,quarter"); err == nil {
		t.Error("quarter is a leeway")
	}
}
