package compute_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
)

func open(hurt func(compute.Op, []float32)) func() (compute.Backend, error) {
	return func() (compute.Backend, error) { return &naive{hurt: hurt}, nil }
}

// TestNaive: the definitions agree with the formulas written down a second time.
func TestNaive(t *testing.T) { computetest.Run(t, open(nil)) }

// TestSuiteSees: spoiled outputs of every op are caught.
func TestSuiteSees(t *testing.T) {
	last := func(f func(x float32) float32) func(compute.Op, []float32) {
		return func(_ compute.Op, out []float32) { out[len(out)-1] = f(out[len(out)-1]) }
	}
	flip := 0
	for name, hurt := range map[string]func(compute.Op, []float32){
		"NaN":            last(func(float32) float32 { return float32(math.NaN()) }),
		"Inf":            last(func(float32) float32 { return float32(math.Inf(1)) }),
		"off by one":     last(func(x float32) float32 { return x + 1 }),
		"half precision": last(func(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1<<13 - 1)) }),
		"another result each time": last(func(x float32) float32 {
			flip++
			return math.Float32frombits(math.Float32bits(x) ^ uint32(flip&1))
		}),
		"beside the tensor": func(_ compute.Op, out []float32) { out[:len(out)+1][len(out)] = 0 },
	} {
		for _, op := range compute.Ops {
			if _, err := computetest.Try(op, open(hurt)); !errors.Is(err, compute.ErrWrong) {
				t.Errorf("%s in %T: %v", name, op, err)
			}
		}
	}
}

// TestBounds: the bounds hold on the worst device that GLSL allows, and are near enough to see one
// that is ten times worse.
func TestBounds(t *testing.T) {
	for _, times := range []float64{1, 10} {
		for _, op := range compute.Ops {
			if _, copies := op.(compute.Copy); copies {
				continue // there is nothing to round
			}
			t.Run(fmt.Sprintf("%T/%gx", op, times), func(t *testing.T) {
				t.Parallel()
				tally, err := computetest.Try(op, func() (compute.Backend, error) {
					return &naive{unit: unit{times: times}}, nil
				})
				t.Logf("worst %.2f of the bound, %v", tally.Worst, err)
				if times == 1 && err != nil || times > 1 && !errors.Is(err, compute.ErrWrong) {
					t.Error(err)
				}
			})
		}
	}
}
