package cpu

import (
	"slices"
	"testing"
)

// TestGatherNumbers: numbers that stay in their places, from any number of a member on, are the same as others.
func TestGatherNumbers(t *testing.T) {
	x := []float32{10, 11, 12, 13, 14}
	for _, c := range []struct {
		at         int
		rows, want []float32
	}{
		{0, []float32{0, 1, 4, 3}, []float32{10, 11, 14, 13}},
		{2, []float32{2, 3, 0, 5}, []float32{12, 13, 10, 0}},
		{3, []float32{3, 4, 5, 6}, []float32{13, 14, 0, 0}},
		{4, []float32{0, 1, 0.5, -1}, []float32{10, 11, 0, 0}},
		{7, []float32{7, 8, 1, 2}, []float32{0, 0, 11, 12}},
	} {
		out := make([]float32, len(c.rows))
		if gatherNumbers(out, x, c.rows, c.at); !slices.Equal(out, c.want) {
			t.Errorf("rows %v from number %d on are %v, want %v", c.rows, c.at, out, c.want)
		}
	}
}
