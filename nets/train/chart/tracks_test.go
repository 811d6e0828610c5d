package chart

import (
	"bytes"
	"image/color"
	"math"
	"strings"
	"testing"
)

// TestTracks: each number has its place and its shade, rows from below, and lines have gaps where there is none and at marks;
// titles, axes and names are drawn.
func TestTracks(t *testing.T) {
	nan := float32(math.NaN())
	heat := Track{Title: "units", Y: "unit", Rows: [][]float32{{1, -1, 0}, {0, nan, -2}}, Dots: []float32{nan, 1, nan}}
	m := heat.bitmap(2)
	shade := func(x float64) color.Color { return color.RGBAModel.Convert(diverging(2)(x)) }
	high, wide := m.Rect.Dy()/2, m.Rect.Dx()/3
	for _, c := range []struct {
		row, at int
		want    color.Color
	}{{0, 0, shade(1)}, {0, 1, shade(-1)}, {0, 2, shade(0)}, {1, 0, shade(0)}, {1, 1, color.RGBA{255, 255, 255, 255}}, {1, 2, shade(-2)}} {
		for _, corner := range [][2]int{{0, 0}, {wide - 1, high - 1}} {
			if got := m.At(c.at*wide+corner[0], (1-c.row)*high+corner[1]); got != c.want {
				t.Errorf("row %d, column %d is %v, want %v", c.row, c.at, got, c.want)
			}
		}
	}
	many := Track{Title: "many", Rows: make([][]float32, 2*mostRows)}
	for i := range many.Rows {
		many.Rows[i] = []float32{float32(i%2) * -2}
	}
	if m := many.bitmap(2); many.each() != 2 || m.Rect.Dy() != mostRows || m.At(0, 7) != shade(-2) {
		t.Errorf("of every %d rows %v in %v", many.each(), m.At(0, 7), m.Rect)
	}
	lines := Track{Title: "answers", Lines: []Trace{{Name: "answer", Values: []float32{0, 1, nan, 3, 4, 5}}, {Name: "wanted", Values: []float32{1, 1, 1, 1, 1, 1}, Dashed: true}}}
	weights := Track{Title: "w", X: "column", Y: "row", Rows: [][]float32{{1, 2}}}
	over := Track{Title: "over", X: "step", Rows: [][]float32{{1, 2}}, At: []float64{40, 80}}
	all := Tracks{Title: "a run", X: "moment", Marks: []float64{3.5}, Tracks: []Track{lines, heat, weights, over}}
	words(t, all.Figure(), []string{"a run", "answers", "answer", "wanted", "units", "unit", "moment", "column", "row", "-2", "40", "80"}, []string{"NaN"})
	// A single moment has no moment 0.2.
	one := Tracks{X: "moment", Tracks: []Track{{Title: "answers", Lines: []Trace{{Values: []float32{7}}}}, {Title: "units", Rows: [][]float32{{1}}}}}
	words(t, one.Figure(), []string{"0", "7"}, []string{"0.2", "-0.2", "0.4"})
	segments := func(marks ...float64) int {
		var svg bytes.Buffer
		if err := (Tracks{Marks: marks, Tracks: []Track{lines}}).Figure().SVG(&svg); err != nil || strings.Contains(svg.String(), "NaN") {
			t.Error(err)
		}
		return strings.Count(svg.String(), "<path")
	}
	// A mark is a line, and cuts two.
	if bare, marked := segments(), segments(3.5); marked != bare+3 {
		t.Errorf("%d paths with a mark, want %d and three", marked, bare)
	}
}
