package reproduce

import (
	"math"
	"testing"

	"hebb/internal/must"
)

// TestSoftHebbArms: features are of filters that have learned or, of random filters, have not; the readout tells digits by
// either, and by the pixels.
func TestSoftHebbArms(t *testing.T) {
	r := runner(t)
	r.Data = map[string]string{"mnist": digits(t)}
	p := soft{"mnist", 6, 400, 100, 8}
	rows := must.Get(r.Make(t.Context(), Part{Name: "digits", Runs: []Run{
		p.run(softCompetition, 2, competition(false)), p.run(hardCompetition, 1, competition(true)), p.run(randomFilters, 1, competition(false)), p.run(barePixels, 1, nil),
	}}))(t)
	for run, norm := range map[string][2]float64{softCompetition: {1, 15}, hardCompetition: {0.9, 15}, randomFilters: {20, 30}, barePixels: {}} {
		if x := rows.Mean(run, Accuracy); !(x > 20) {
			t.Errorf("%s: accuracy %g %%, want more than 20", run, x)
		}
		if x := rows.Mean(run, meanNorm); run != barePixels && !(norm[0] <= x && x <= norm[1]) {
			t.Errorf("%s: filters of a mean norm of %g, want one within %v", run, x, norm)
		}
	}
	p.images = 401
	if _, err := p.run(barePixels, 1, nil).Make.Make(t.Context(), Place{Device: must.Get(openCPU())(t), Dir: t.TempDir(), Data: r.Data}, Seeds{1, 1}); err == nil {
		t.Error("401 images of 400 are accepted")
	}
}

// TestNorms: the mean norm of filters, and how many are nearly 1.
func TestNorms(t *testing.T) {
	f := map[Quantity]float64{}
	measureNorms([]float32{3, 4, 0.6, 0.8, 0, 1.06}, 2, f)
	if math.Abs(f[meanNorm]-7.06/3) > 1e-7 || f[nearOne] != 1 {
		t.Errorf("%v, want a mean norm of %g, and one filter near 1", f, 7.06/3)
	}
}
