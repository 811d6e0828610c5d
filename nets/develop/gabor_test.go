package develop

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestGabors: patches of the dictionary, of any phase, contrast and mean, are found again; horizontal stripes are at 0°,
// those that rise to the right at 45°; and random fields are like none.
func TestGabors(t *testing.T) {
	const side = 12
	rnd := rand.New(rand.NewPCG(4, 4))
	known := []Gabor{
		{Orientation: 90, Frequency: 0.2, Sigma: 1.5, Aspect: 1.8, X: 2, Y: -1},
		{Orientation: 22.5, Frequency: 0.15, Sigma: 2.2, Aspect: 1, X: 0, Y: 3},
		{Orientation: 157.5, Frequency: 0.25, Sigma: 3.2, Aspect: 1.8, X: -5, Y: 5},
	}
	var fields []float64
	for _, g := range known {
		even, odd := make([]float64, side*side), make([]float64, side*side)
		g.draw(side, (g.Orientation-90)*math.Pi/180, even, odd)
		phase := rnd.Float64()
		for i := range even {
			fields = append(fields, 3+0.2*(even[i]*math.Cos(phase)+odd[i]*math.Sin(phase)))
		}
	}
	for i := range side * side {
		row := float64(i / side)
		fields = append(fields, math.Cos(2*math.Pi*0.2*row)*math.Exp(-(row-5.5)*(row-5.5)/20))
	}
	for i := range side * side { // rising to the right, at the top right
		x, y := float64(i%side)-8.5, float64(i/side)-2.5
		fields = append(fields, math.Cos(2*math.Pi*0.2*(x+y)/math.Sqrt2)*math.Exp(-(x*x+y*y)/(2*1.5*1.5)))
	}
	for range 20 * side * side {
		fields = append(fields, rnd.NormFloat64())
	}
	all, err := Gabors(fields, side)
	if err != nil || len(all) != 25 {
		t.Fatal(len(all), err)
	}
	for k, want := range known {
		got := all[k]
		if got.R2 = 0; got != want || !(math.Abs(all[k].R2-1) <= 1e-9) {
			t.Errorf("%+v is found as %+v", want, all[k])
		}
	}
	if g := all[3]; g.Orientation != 0 || g.Frequency != 0.2 {
		t.Errorf("horizontal stripes of 0.2 cycles a pixel are %+v", g)
	}
	if g := all[4]; g.Orientation != 45 || g.X != 3 || g.Y != 3 {
		t.Errorf("stripes that rise to the right, 3 pixels right and 3 up, are %+v", g)
	}
	var r2 []float64
	for _, g := range all[5:] {
		r2 = append(r2, g.R2)
	}
	if slices.Sort(r2); !(r2[10] > 0.06 && r2[10] < 0.14) {
		t.Errorf("random fields have a median R² of %.3f, want about 0.1", r2[10])
	}
	for want, x := range map[string][]float64{
		"field 2 is the same":                        append(slices.Clone(fields[:side*side]), make([]float64, side*side)...),
		"want fields of 12 × 12":                     fields[1:],
		"field 1 is the same all over or not finite": slices.Repeat([]float64{math.NaN()}, side*side),
	} {
		if _, err := Gabors(x, side); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
