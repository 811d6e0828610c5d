package dependence_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets/dependence"
	"hebb/nets/internal/lab"
)

// TestWrong: each mistake is refused, with what was found and where.
func TestWrong(t *testing.T) {
	dev := lab.CPU(t)
	good := normal(rand.New(rand.NewPCG(1, 2)), 5, 3)
	good.Name = "a.npy"
	with := func(i int, v float64) dependence.Samples {
		s := mapped(good, func(_ int, v float64) float64 { return v })
		s.Values[i] = v
		return s
	}
	rows := func(n int) dependence.Samples {
		return dependence.Samples{Rows: n, Dims: 1, Values: make([]float64, n)}
	}
	widths := func(σ ...float64) dependence.Kernel { return dependence.Kernel{Kind: compute.Gaussian, Sigma: σ} }
	for _, c := range []struct {
		x, y dependence.Samples
		o    dependence.Options
		want string
	}{
		{good, rows(6), dependence.Options{}, "a.npy has 5 rows and Y has 6, want as many"},
		{rows(3), rows(3), dependence.Options{}, "X has 3 rows, want at least 4"},
		{dependence.Samples{Rows: 5, Dims: 2, Values: make([]float64, 9)}, good, dependence.Options{}, "X has 9 values for 5×2"},
		{good, dependence.Samples{Rows: 5}, dependence.Options{}, "Y has 0 values for 5×0"},
		{with(7, math.NaN()), good, dependence.Options{}, "a.npy has NaN in row 2, column 1 (counted from 0)"},
		{good, with(14, math.Inf(-1)), dependence.Options{}, "a.npy has -Inf in row 4, column 2"},
		{good, with(0, 1e300), dependence.Options{}, "1e+300 in row 0, column 0"},
		{good, rows(5), dependence.Options{}, "Y: all rows are equal: HSIC is 0 and normalised HSIC is 0/0"},
		{good, good, dependence.Options{X: dependence.Kernel{Sigma: []float64{1}}}, "a width for the linear kernel"},
		{good, good, dependence.Options{X: dependence.Kernel{Kind: 9}}, "Kernel(9)"},
		{good, good, dependence.Options{Y: widths(1, -2)}, "width -2"},
		{good, good, dependence.Options{Y: widths(math.NaN())}, "width NaN"},
		{good, good, dependence.Options{Y: widths(1, 2, 3, 4, 5, 6, 7, 8, 9)}, "9 widths"},
		{good, good, dependence.Options{X: widths(1, 2), Y: widths(1, 2, 3)}, "2 widths for a.npy and 3 for a.npy"},
		{good, good, dependence.Options{X: widths(1e-30)}, "width 1e-30 for a.npy, whose values reach"},
		{good, good, dependence.Options{X: widths(1e30)}, "no float32 kernel tells them apart"},
		{good, good, dependence.Options{Permutations: -1}, "-1 permutations"},
	} {
		_, err := dependence.HSIC(t.Context(), dev, c.x, c.y, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
		if constant := strings.Contains(c.want, "0/0"); errors.Is(err, dependence.ErrConstant) != constant {
			t.Errorf("%v is of samples that do not differ: %v", err, !constant)
		}
	}
}
