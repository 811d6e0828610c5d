package chart

import (
	"image/color"
	"testing"
)

// TestFields: each synapse has its place and its shade in the field of its cell; cells, columns and lines have their words.
func TestFields(t *testing.T) {
	f := Arbors{Title: "c.weight", Unit: "radii", X: []float32{-2, 2, 0}, Y: []float32{2, -2, 0}, Across: 2,
		Values: [][]float32{{1, -1, 0}, {0, 0, 0}, {-0.5, 0, 1}, {1, 1, 1}}, Words: []string{"ON", "OFF", "bilobed", "all+"},
		Columns: []string{"0.1", "0.45"}, Lines: []string{"-1", "-3"}, ColumnsName: "k1", LinesName: "k2"}
	words(t, f.Figure(), []string{"c.weight", "ON", "OFF", "bilobed", "all+", "k1 0.1", "0.45", "k2 -1", "-3", "1", "-1",
		"a dot for each synapse, where it is; a field is 4 radii across"}, []string{"0.1", "k2 -3"})
	m := f.bitmap()
	for _, c := range []struct {
		cell, right, down int // of the field's middle
		weight            float64
	}{{0, -1, -1, 1}, {0, 1, 1, -1}, {2, -1, -1, -0.5}, {2, 0, 0, 1}, {3, 1, 1, 1}} {
		at, side := f.corner(c.cell), f.side()
		x, y := at.X+side/2+c.right*(side/2-6), at.Y+side/2+c.down*(side/2-6)
		if got, want := m.At(x, y), color.RGBAModel.Convert(diverging(1)(c.weight)); got != want {
			t.Errorf("cell %d has %v at %d, %d, want %v", c.cell, got, c.right, c.down, want)
		}
	}
	if f.Across = 0; f.across() != 2 {
		t.Errorf("four cells stand %d in a line", f.across())
	}
}
