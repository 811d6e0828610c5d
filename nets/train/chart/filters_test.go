package chart

import (
	"bytes"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"

	"hebb/internal/figure"
	"hebb/internal/must"
)

// words are an SVG, which must have these texts and no others that are not wanted.
func words(t *testing.T, f figure.Figure, want, not []string) {
	t.Helper()
	var svg, bitmap bytes.Buffer
	must.Do(t, f.SVG(&svg))
	for _, w := range want {
		if !strings.Contains(svg.String(), ">"+w+"<") {
			t.Errorf("the drawing lacks %q", w)
		}
	}
	for _, w := range not {
		if strings.Contains(svg.String(), ">"+w+"<") {
			t.Errorf("the drawing has %q", w)
		}
	}
	must.Do(t, f.PNG(&bitmap))
	if _, err := png.Decode(&bitmap); err != nil {
		t.Error(err)
	}
}

// TestFilters: each weight has its place and its shade, on one scale for all units, and the numbers say which unit it is of.
func TestFilters(t *testing.T) {
	f := Filters{Title: "conv1", Values: make([]float32, 5*6), Channels: 1, Height: 2, Width: 3}
	f.Values[0], f.Values[1], f.Values[4*6+5], f.Values[7] = 4, -4, 2, float32(math.NaN())
	s := f.layOut()
	at := func(s contactSheet, tile, row, col int) color.Color {
		cell := s.cell()
		x, y := s.gap+tile%s.across*cell.X+col*s.zoom, s.gap+tile/s.across*cell.Y+row*s.zoom
		return color.RGBAModel.Convert(s.bitmap().At(x+s.zoom/2, y+s.zoom/2))
	}
	shade := func(x float64) color.Color { return color.RGBAModel.Convert(diverging(1)(x)) }
	for _, c := range []struct {
		unit, row, col int
		want           color.Color
	}{{0, 0, 0, shade(1)}, {0, 0, 1, shade(-1)}, {0, 1, 2, shade(0)}, {4, 1, 2, shade(0.5)}, {1, 0, 1, color.RGBA{255, 255, 255, 255}}} {
		if got := at(s, c.unit, c.row, c.col); got != c.want {
			t.Errorf("unit %d, weight %d,%d is %v, want %v", c.unit, c.row, c.col, got, c.want)
		}
	}
	words(t, f.Figure(), []string{"conv1", "0", "1", "2", "3", "4", "-4"}, []string{"5"}) // three across, two down
	// Of two channels a unit is a line.
	f.Values, f.Channels = append(f.Values, make([]float32, 6)...), 2
	if s = f.layOut(); s.across != 2 || s.down != 3 || at(s, 4, 1, 2) != shade(0.5) {
		t.Errorf("%d across and %d down", s.across, s.down)
	}
	// A sheet that would be too large says what it leaves out.
	f = Filters{Title: "fc", Values: make([]float32, 5e6), Channels: 1, Height: 1, Width: 1}
	if s = f.layOut(); s.down*s.across >= 5e6 || !strings.Contains(s.head[1], "of 5000000 units") {
		t.Errorf("%d × %d, %q", s.across, s.down, s.head)
	}
	words(t, Filters{Title: "zeros", Values: make([]float32, 4), Channels: 1, Height: 2, Width: 2}.Figure(), []string{"zeros", "0"}, []string{"NaN"})
}

// TestConfusion: of a few classes all have names, and numbers where there are any; of many, every tenth or so has a name.
func TestConfusion(t *testing.T) {
	m := Confusion{Title: "net on data", Classes: []string{"cat", "dog"}, Counts: [][]int{{7, 3}, {0, 0}}}
	words(t, m.Figure(), []string{"net on data", "taken for", "class", "cat", "dog", "7", "3", "100 %"}, []string{"0", "NaN"})
	m = Confusion{Title: "many"}
	for i := range 100 {
		m.Classes = append(m.Classes, strings.Repeat("x", i+1))
		m.Counts = append(m.Counts, make([]int, 100))
		m.Counts[i][i] = 12345
	}
	words(t, m.Figure(), []string{"x", "xxx"}, []string{"xx", "12345"})
}
