package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"hebb/compute"
)

// TestLayers tests layers of networks, larger than the suite's: many panels, tiles and pieces, and pixels outside all
// windows.
func TestLayers(t *testing.T) {
	for _, l := range []struct{ n, h, w, c, units, window, stride, pad int }{
		{7, 16, 16, 3, 64, 3, 1, 1},
		{13, 16, 14, 64, 70, 3, 1, 1},
		{6, 9, 9, 48, 33, 3, 2, 1},
		{12, 4, 4, 130, 100, 3, 1, 1},
		{3, 8, 8, 40, 80, 1, 2, 0},
		{3, 19, 19, 6, 40, 3, 2, 1},
		{2, 43, 43, 3, 24, 11, 4, 2},
		{2, 14, 14, 12, 70, 5, 1, 2},
		{2, 14, 14, 16, 16, 3, 1, 1},
		{2, 23, 21, 5, 40, 7, 2, 3},
		{1, 40, 40, 16, 16, 5, 1, 2},
		{9, 20, 22, 1, 40, 5, 1, 2},
		{3, 12, 11, 2, 33, 3, 1, 0},
		{30, 8, 8, 32, 64, 1, 1, 0},
		{1, 6, 6, 4097, 3, 3, 1, 1},
		{10, 15, 16, 64, 30, 3, 2, 1},
		{5, 17, 15, 32, 48, 5, 3, 0},
		{3, 20, 19, 24, 33, 3, 1, 5},
		{4, 9, 9, 64, 40, 3, 2, 1},
		{5, 34, 34, 31, 17, 32, 1, 0},
	} {
		t.Run(fmt.Sprint(l), func(t *testing.T) {
			b, err := Open()
			if err != nil {
				t.Fatal(err)
			}
			d := compute.New(compute.Verify(b, 300))
			slide := compute.Slide{Stride: l.stride, Pad: l.pad}
			p, q := slide.Places(l.h, l.window), slide.Places(l.w, l.window)
			err = d.Step(func(s *compute.Step) error {
				o := operands{s, rand.New(rand.NewPCG(5, 6))}
				x, y, w := o.in(l.n, l.h, l.w, l.c), o.in(l.n, p, q, l.units), o.in(l.units, l.window, l.window, l.c)
				s.Do(compute.Conv{Y: y, X: x, W: w, Slide: slide, Epilogue: compute.Epilogue{Alpha: 1, Act: compute.ReLU}})
				s.Do(compute.ConvInput{X: x, Y: y, W: w, Slide: slide, Epilogue: compute.Epilogue{Alpha: 1, Beta: 1}})
				s.Do(compute.Hebbian{W: w, Y: y, X: x, Rate: 1, Decay: 1, Patches: slide})
				s.Do(compute.Hebbian{W: w, Y: y, X: x, Rate: 1e-3, Decay: 0.1, Lo: -50, Hi: 60, Patches: slide})
				s.Do(compute.Hebbian{W: w, Y: y, X: x, G: y, Mask: compute.Lower, Rate: 1e-3, Patches: slide})
				s.Do(compute.Hebbian{W: w, Y: y, X: x, G: y, Mask: compute.Diagonal, Rate: 1e-3, Patches: slide})
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
