package dependence_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets/dependence"
	"hebb/nets/internal/lab"
)

// TestNormalisedHSIC compares with numpy in float64. R = I − c·(K̃ + c·I)⁻¹ with c = ε·m has no eigenvalue beyond [0, 1), and moves by
// no more than ‖ΔK̃‖/c; the inverse's own error is one of √m·u·‖K̃ + c·I‖, as rounding errors that are
// independent add up (Higham and Mary 2019).
func TestNormalisedHSIC(t *testing.T) {
	dev := checked(t)
	for _, v := range vectors(t) {
		x, y := saved(t, v.Name+"_x"), saved(t, v.Name+"_y")
		o := dependence.Options{X: kernel(v.X, v.SigmaX), Y: kernel(v.Y, v.SigmaY)}
		m := float64(x.Rows)
		for i, eps := range []float64{0x1p-6, dependence.DefaultEps} {
			c := eps * m
			got, err := dependence.NormalisedHSIC(t.Context(), dev, x, y, o, eps)
			if err != nil || len(got) != 1 {
				t.Errorf("%v: %v %v", v, got, err)
				continue
			}
			k, l := doubtOf(x, o.X, v.HSICX), doubtOf(y, o.Y, v.HSICY)
			moved := func(d doubt) float64 { return (m*d.entry + math.Sqrt(m)*ulp*(d.norm+c)) / c }
			rest := func(d doubt) float64 { return math.Min(math.Sqrt(m), d.norm/c) } // ‖R‖
			bound := moved(k)*rest(l) + moved(l)*rest(k) + moved(k)*moved(l)
			if !(math.Abs(got[0]-v.NHSIC[i]) <= bound) {
				t.Errorf("%v: %g for ε = %g, want %g ± %.2g", v, got[0], eps, v.NHSIC[i], bound)
			}
			if i == 0 && bound > 0.02+0.1*v.NHSIC[i] {
				t.Errorf("%v: bounded by %g only, of %g", v, bound, v.NHSIC[i])
			}
		}
	}
}

// TestNormalisedWidths: each width is measured as if it were alone, and of itself m samples that are far apart have m − 1
// directions.
func TestNormalisedWidths(t *testing.T) {
	dev, rnd := checked(t), rand.New(rand.NewPCG(3, 1))
	x, y := normal(rnd, 30, 4), normal(rnd, 30, 2)
	few := func(σ ...float64) dependence.Kernel { return dependence.Kernel{Kind: compute.Gaussian, Sigma: σ} }
	measure := func(x, y dependence.Samples, kx, ky dependence.Kernel) []float64 {
		t.Helper()
		all := must.Get(dependence.NormalisedHSIC(t.Context(), dev, x, y, dependence.Options{X: kx, Y: ky}, 0x1p-7))(t)
		return all
	}
	all := measure(x, y, few(1, 2, 4), few(0.5))
	for w, σ := range []float64{1, 2, 4} {
		if one := measure(x, y, few(σ), few(0.5)); len(all) != 3 || one[0] != all[w] {
			t.Errorf("σ = %g: %v alone, %v among others", σ, one, all)
		}
	}
	for w, v := range measure(y, x, few(0.5), few(1, 2, 4)) {
		if !(math.Abs(v-all[w]) <= 30*ulp*all[w]) {
			t.Errorf("exchanged, %v, want %v", v, all[w])
		}
	}
	if got := measure(x, y, dependence.Kernel{Kind: compute.Gaussian, Sigma: []float64{2}, PerDim: true}, few(0.5)); got[0] != all[2] {
		t.Errorf("per dimension %v, want %v", got, all[2])
	}
	// K̃ = H, and R = H/(1 + 30·2⁻⁷).
	if got, want := measure(x, x, few(0.001), few(0.001))[0], 29/math.Pow(1+30*0x1p-7, 2); !(math.Abs(got-want) <= 30*30*ulp) {
		t.Errorf("%v, want %g", got, want)
	}
}

func TestNormalisedWrong(t *testing.T) {
	dev := lab.CPU(t)
	long := normal(rand.New(rand.NewPCG(1, 1)), 4097, 1)
	short := normal(rand.New(rand.NewPCG(1, 1)), 10, 1)
	for _, c := range []struct {
		x    dependence.Samples
		eps  float64
		want string
	}{
		{long, 1e-5, "X has 4097 rows, want at most 4096"},
		{short, 0, "ε is 0"},
		{short, math.NaN(), "ε is NaN"},
		{short, 1e-12, "want a larger ε than 1e-12"},
	} {
		_, err := dependence.NormalisedHSIC(t.Context(), dev, c.x, c.x, dependence.Options{}, c.eps)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}
