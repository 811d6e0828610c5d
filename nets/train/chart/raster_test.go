package chart

import (
	"image/color"
	"math"
	"slices"
	"testing"

	"hebb/nets/train"
)

// TestRaster: a spike has its place, cells from below in their order; groups, axes, trials, rates, membranes and thresholds are
// drawn.
func TestRaster(t *testing.T) {
	e := train.SpikeGroup{Name: "excitatory", N: 3, DT: 0.5, Trial: 4, Steps: 8, Trains: [][][]int{{{0, 5}, {}, {7}}},
		Membrane: [][]float32{{0, 1, 2, 3, 4, 5, 6, 7}, {}, {}}, Threshold: [][]float32{{9, 9, 9, 9, 9, 9, 9, 9}, {}, {}}}
	i := train.SpikeGroup{Name: "inhibitory", N: 1, DT: 1, Trial: 2, Steps: 4, Trains: [][][]int{{{}}}}
	group := RasterGroup{SpikeGroup: e, Cells: []int{2, 0}, Sort: "rate", Bin: 2, Traces: []int{0}}
	m := group.bitmap(color.RGBA{9, 9, 9, 255})
	wide, high := m.Rect.Dx()/8, m.Rect.Dy()/2
	for row, cell := range group.Cells {
		for s := range e.Steps {
			want := color.RGBA{255, 255, 255, 255}
			if slices.Contains(e.Trains[0][cell], s) {
				want = color.RGBA{9, 9, 9, 255}
			}
			if got := m.RGBAAt(s*wide+wide/2, (1-row)*high); got != want {
				t.Errorf("step %d of cell %d is %v, want %v", s, cell, got, want)
			}
		}
	}
	long := RasterGroup{SpikeGroup: train.SpikeGroup{N: 1, DT: 1, Trial: 3 * mostColumns, Steps: 3 * mostColumns, Trains: [][][]int{{{3*mostColumns - 1}}}}, Cells: []int{0}}
	if m := long.bitmap(color.RGBA{A: 255}); m.Rect.Dx() != mostColumns || m.RGBAAt(mostColumns-1, 0) != (color.RGBA{A: 255}) {
		t.Errorf("of many steps: %v", m.Rect)
	}
	r := Raster{Title: "a run", Groups: []RasterGroup{group, {SpikeGroup: i, Cells: []int{0}, Sort: "number", Bin: 1}}}
	words(t, r.Figure(), []string{"a run", "excitatory: 2 of 3 cells, by rate", "cells", "inhibitory: 1 cell", "cell", "time in ms", "time in a trial in ms", "Hz",
		"excitatory, cell 0", "membrane", "threshold", "spikes"}, []string{"inhibitory, cell 0", "NaN"})
	few := linearTicks{most: 3}
	if n := len(few.Ticks(0, 100)); n > 4 || n < 2 {
		t.Errorf("%d ticks where there is room for three", n)
	}
}

// TestHistogram: numbers are in their bins, what is 0 or not finite is counted apart.
func TestHistogram(t *testing.T) {
	h := NewHistogram("w", []float32{-1, -0.75, 0, 0.1, 1, 1, 0, float32(math.NaN())}, 4)
	if !slices.Equal(h.Counts, []int{2, 0, 1, 2}) || h.Low != -1 || h.High != 1 || h.Note() != "5, and 2 of 0, and 1 not finite" {
		t.Errorf("%+v: %s", h, h.Note())
	}
	one := NewHistogram("b", []float32{3, 3}, 4)
	none := NewHistogram("z", []float32{0, 0}, 4)
	if !slices.Equal(one.Counts, []int{2}) || one.Low != 3 || !slices.Equal(none.Counts, []int{0}) || none.Low != 0 {
		t.Errorf("of one value %+v, of none %+v", one, none)
	}
	words(t, Histograms{Title: "a run", Of: []Histogram{h, one, none}}.Figure(), []string{"a run", "w: 5, and 2 of 0, and 1 not finite", "b: 2", "value", "weights"}, []string{"NaN"})
	words(t, Histograms{Of: []Histogram{h}}.Figure(), []string{"value"}, nil)
}
