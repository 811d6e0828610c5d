//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"hebb/compute"
)

// layers are convolutions larger than the suite's, with channels that are read four at a time: h×w×c images of a batch
// of 2, units, window, stride and pad.
var layers = [][]int{
	{10, 10, 32, 64, 3, 3, 1, 1}, // as in the body of a residual network
	{13, 11, 16, 36, 3, 3, 2, 1}, // where it halves
	{12, 12, 64, 8, 1, 1, 2, 0},  // its shortcut
	{6, 8, 32, 36, 3, 3, 1, 1},   // rows of places that are multiples of four
	{9, 16, 36, 16, 3, 3, 2, 1},  // the same, halved
	{19, 40, 4, 8, 5, 5, 3, 2},   // phases of different sizes
	{1, 703, 4, 12, 1, 7, 2, 0},  // a signal
}

// ofLayers returns op's type on each of the layers, on integers.
func ofLayers(op compute.Op) (steps []func(*compute.Step)) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, l := range layers {
		steps = append(steps, func(s *compute.Step) {
			slide := compute.Slide{Stride: l[6], Pad: l[7]}
			whole := func(shape ...int) *compute.Tensor { return wholes(s, rnd, 3, s.Tensor(shape...)) }
			x, w := whole(2, l[0], l[1], l[2]), whole(l[3], l[4], l[5], l[2])
			y := whole(2, slide.Places(l[0], l[4]), slide.Places(l[1], l[5]), l[3])
			e := compute.Epilogue{Alpha: 1, Beta: 2}
			switch op.(type) {
			case compute.Conv:
				s.Do(compute.Conv{Y: y, X: x, W: w, Slide: slide, Epilogue: e})
			case compute.ConvInput:
				s.Do(compute.ConvInput{X: x, Y: y, W: w, Slide: slide, Epilogue: e})
			case compute.Hebbian:
				s.Do(compute.Hebbian{W: w, Y: y, X: x, Rate: float32(y.Len() / l[3]), Patches: slide})
			}
		})
	}
	return steps
}

// TestLayers runs the layers on every tile, and within limits that cut images in pieces.
func TestLayers(t *testing.T) {
	opened(t).Close()
	small := func(b *backend) { b.maxBlock = 8 << 10 }
	for _, way := range []struct {
		name, rung string
		set        func(*backend)
	}{
		{"32x32", "32x32x32/4x4/1", func(*backend) {}},
		{"64x32", "64x32", func(*backend) {}},
		{"64x64 without stages", "64x64x16/8x8/0", func(*backend) {}},
		{"64x64 in two stages", "64x64x16/4x4/2", func(*backend) {}},
		{"128x64", "128x64", func(*backend) {}},
		{"256x128", "256x128", func(*backend) {}},
		{"split", "32x32x32/4x4/1", func(b *backend) { b.splits = 3 }},
		{"walk", "32x32x32/4x4/1", func(b *backend) { b.maxGroups = [3]int{1, 1, 1} }},
		{"windows", "32x32", small},
		{"naive windows", "naive", small},
		{"winograd", "64x32", func(b *backend) { b.winograd = true }},
		{"winograd in pieces", "32x32", func(b *backend) { b.winograd, b.maxBlock = true, 128<<10 }},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			for _, op := range []compute.Op{compute.Conv{}, compute.ConvInput{}, compute.Hebbian{}} {
				tally, err := verified(with(way.rung, way.set), ofLayers(op))
				if err != nil {
					t.Errorf("%v: %v", reflect.TypeOf(op), err)
				}
				if tally.Judged == 0 || tally.Unbounded > 0 || tally.Worst > 0 {
					t.Errorf("%v: %+v, want all of it judged exactly", reflect.TypeOf(op), tally)
				}
			}
		})
	}
}
