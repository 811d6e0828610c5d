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

// halved returns a machine that rounds factors, products and sums to that many bits where it has [compute.Half], or
// always, 11 of them being half precision's, in runs of HalfRun products. Nothing else of it is in half precision.
func halved(f computetest.Float32, bits int, always bool) *machine {
	m := rounding(f)
	u := m.Arithmetic.(*computetest.Float32)
	m.Products = func(l compute.Leeway, a, b []float32) (s float32) {
		if l&compute.Half == 0 && !always {
			return m.Dot(a, b)
		}
		for k := 0; k < len(a); k += compute.HalfRun {
			part := 0.0
			for j := k; j < min(k+compute.HalfRun, len(a)); j++ {
				p := m.Half(float64(m.Load(a[j])), bits) * m.Half(float64(m.Load(b[j])), bits)
				if !u.Fuses() {
					p = m.Half(p, bits)
				}
				part = m.Half(part+p, bits)
			}
			s = m.Add(s, float32(part))
		}
		return s
	}
	return m
}

// products are the ops with half precision.
var products = []compute.Op{compute.Gemm{}, compute.Hebbian{}, compute.Conv{}, compute.ConvInput{}}

// tryHalf is try on a device that allows half precision.
func tryHalf(op compute.Op, n int, b compute.Backend) (compute.Tally, error) {
	return computetest.TryWithin(op, compute.Half, n, func() (compute.Backend, error) { return b, nil })
}

// TestHalf: the bound of half precision holds for any rounding, for the longest runs allowed, and is tight enough to
// catch a loss of three bits; a result in half precision is not within float32's.
func TestHalf(t *testing.T) {
	for _, op := range products {
		for _, mode := range modes {
			t.Run(fmt.Sprintf("%T/%v", op, mode), func(t *testing.T) {
				t.Parallel()
				tally, err := tryHalf(op, 5, halved(computetest.Float32{Times: 1, Mode: mode}, 11, false))
				t.Logf("worst %.2f of the bound", tally.Worst)
				if err != nil {
					t.Error(err)
				}
			})
		}
		t.Run(fmt.Sprintf("%T/seen", op), func(t *testing.T) {
			t.Parallel()
			if _, err := tryHalf(op, 3, halved(computetest.Float32{}, 8, false)); !errors.Is(err, compute.ErrWrong) {
				t.Errorf("8 bits: %v", err)
			}
			if _, err := try(op, 3, halved(computetest.Float32{}, 11, true)); !errors.Is(err, compute.ErrWrong) {
				t.Errorf("not asked for: %v", err)
			}
		})
	}
}

// TestHalfLimits: results beyond half precision are not checked, and all others are checked closely.
func TestHalfLimits(t *testing.T) {
	o := newOperands(t)
	d := o.d
	bound := func(l compute.Leeway, a, b []float32) compute.Val {
		g := compute.Gemm{C: tensor(t, d, 1, 1), A: o.of([]int{1, len(a)}, a...), B: o.of([]int{len(b), 1}, b...), Epilogue: compute.Epilogue{Alpha: 1}, Leeway: l}
		return compute.Define(g, o.c)(0, 0)
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
