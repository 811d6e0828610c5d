package chart

import (
	"image/color"
	"testing"

	"hebb/nets/train"
)

// TestPlane: an answer has its place, and its shade on the scale of the wanted values, with the first row on top; axes
// and colours have their numbers.
func TestPlane(t *testing.T) {
	p := Plane{Title: "spirals", Plane: train.Plane{Low: [2]float64{-2, -3}, High: [2]float64{2, 3}, Side: 2, Answers: []float32{1, 0, 0.5, 9},
		Points: [][2]float32{{0, 0}}, Wanted: []float32{0}}}
	p.Points, p.Wanted = append(p.Points, [2]float32{1.9, 2.9}), append(p.Wanted, 1)
	words(t, p.Figure(), []string{"spirals", "-2", "2", "-3", "3", "0", "0.5", "1"}, []string{"9"})
	m, shade := p.bitmap(p.shade()), diverging(1)
	for i, want := range []float64{1, -1, 0, 1} {
		x, y := i%2, i/2
		if got := m.At(x, y); got != color.RGBAModel.Convert(shade(want)) {
			t.Errorf("the answer in row %d and column %d is %v, want %v", y, x, got, shade(want))
		}
	}
}
