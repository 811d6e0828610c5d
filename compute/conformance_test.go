package compute_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
)

var modes = []computetest.Rounding{computetest.AnyWay, computetest.Upward, computetest.Downward, computetest.Inward}

// TestSuiteSees: the suite catches spoiled outputs of every op.
func TestSuiteSees(t *testing.T) {
	last := func(f func(x float32) float32) func(compute.Op, []float32) {
		return func(_ compute.Op, out []float32) { out[len(out)-1] = f(out[len(out)-1]) }
	}
	flip := 0
	for name, f := range map[string]func(compute.Op, []float32){
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
			if _, err := try(op, 1, hurt(f)); !errors.Is(err, compute.ErrWrong) {
				t.Errorf("%s in %T: %v", name, op, err)
			}
		}
	}
}

// TestBounds: the bounds hold on the worst device that GLSL allows, however it rounds, and are tight enough to catch
// one that is ten times worse.
func TestBounds(t *testing.T) {
	for _, u := range []computetest.Float32{{Times: 1}, {Times: 1, Mode: computetest.Upward}, {Times: 1, Mode: computetest.Downward}, {Times: 1, Mode: computetest.Inward}, {Times: 10}} {
		for _, op := range compute.Ops {
			switch op.(type) {
			case compute.Copy, compute.Gather:
				continue // there is nothing to round
			}
			t.Run(fmt.Sprintf("%T/%gx/%v", op, u.Times, u.Mode), func(t *testing.T) {
				t.Parallel()
				every := 1
				switch op.(type) {
				case compute.Gemm, compute.Hebbian, compute.Gram, compute.KernelSums, compute.KernelGrad, compute.Inverse:
					if u.Mode != computetest.AnyWay {
						every = 7 // they take long
					}
				}
				tally, err := try(op, every, rounding(u))
				t.Logf("worst %.2f of the bound, %v", tally.Worst, err)
				if u.Times == 1 && err != nil || u.Times > 1 && !errors.Is(err, compute.ErrWrong) {
					t.Error(err)
				}
			})
		}
	}
}

// try tries every n-th case of op's type on b until one fails.
func try(op compute.Op, n int, b compute.Backend) (tally compute.Tally, err error) {
	cases, err := computetest.CasesOf(op, computetest.Quick)
	if err != nil {
		return tally, err
	}
	for i := 0; i < len(cases); i += n {
		res, err := cases[i].Check(0, compute.New(b))
		if tally.Add(res.Tallies[0]); err != nil {
			return tally, err
		}
	}
	return tally, nil
}

// TestMerging: variances may be merged from chunks of any length, however they are rounded.
func TestMerging(t *testing.T) {
	for _, chunk := range []int{1, 2, 7, 16, 64} {
		for _, mode := range modes {
			m := rounding(computetest.Float32{Times: 1, Mode: mode})
			m.Chunk = chunk
			tally, err := try(compute.Standardize{}, 1, m)
			if err != nil {
				t.Errorf("chunks of %d, rounding %v: %v", chunk, mode, err)
			}
			t.Logf("chunks of %d, rounding %v: worst %.2f of the bound", chunk, mode, tally.Worst)
		}
	}
}
