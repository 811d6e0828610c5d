package develop

import (
	"image/color"
	"testing"
)

// TestDrawFilters: five filters of 2×3 stand in a grid of 3×2; the largest weight is red, the largest
// negative one blue, zero white, and a filter of zeros is white all over.
func TestDrawFilters(t *testing.T) {
	w := make([]float32, 5*6)
	w[0], w[1] = 4, -4
	w[4*6+5] = -0.001 // on its own scale
	m := DrawFilters(w, 2, 3)
	const zoom, gap = 60, 60 // 900/(3·(3+2))
	if s := m.Bounds().Size(); s.X != 3*(3*zoom+gap)+gap || s.Y != 2*(2*zoom+gap)+gap {
		t.Fatalf("the sheet has %v pixels", s)
	}
	at := func(unit, row, col int) color.Color {
		return m.At(gap+unit%3*(3*zoom+gap)+col*zoom+zoom/2, gap+unit/3*(2*zoom+gap)+row*zoom+zoom/2)
	}
	white := color.RGBA{247, 247, 247, 255}
	for _, c := range []struct {
		unit, row, col int
		want           color.RGBA
	}{
		{0, 0, 0, red[2]}, {0, 0, 1, blue[2]}, {0, 1, 2, white}, {2, 0, 0, white}, {4, 1, 2, blue[2]}, {4, 0, 0, white},
	} {
		if got := at(c.unit, c.row, c.col); got != color.Color(c.want) {
			t.Errorf("unit %d, pixel %d,%d is %v, want %v", c.unit, c.row, c.col, got, c.want)
		}
	}
	if got := m.At(1, 1); got != color.Color(color.RGBA{70, 70, 70, 255}) {
		t.Errorf("the gap is %v", got)
	}
}

func TestDivergingIsMonotone(t *testing.T) {
	for x := 0.0; x < 1; x += 0.01 {
		a, b := diverging(x), diverging(x+0.01)
		if b.G > a.G || diverging(-x-0.01).R > diverging(-x).R {
			t.Errorf("at %.2f a stronger weight is paler: %v, %v", x, a, b)
		}
	}
}
