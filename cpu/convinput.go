package cpu

import "hebb/compute"

// An inputs runs a [compute.ConvInput]. The pixels of X whose row and column have the same remainders by the stride
// form a phase: they lie under the same part of the window, every stride-th row and column of it, and are a convolution
// of Y, by stride 1, with that part rotated.
type inputs struct {
	compute.ConvInput
	g     compute.Patches
	units int
	then  epilogue
}

func convInput(c compute.ConvInput) {
	v := inputs{ConvInput: c, g: c.Patches(), units: c.Y.Cols()}
	v.then = epilogue{c.Epilogue, v.g.N * v.g.H * v.g.W, v.g.C}
	for h := range min(v.g.Stride, v.g.H) {
		for w := range min(v.g.Stride, v.g.W) {
			v.phase(h, w)
		}
	}
	if v.g.Stride > min(v.g.R, v.g.S) {
		v.unseen()
	}
}

// unseen computes the pixels under no part of the window.
func (v *inputs) unseen() {
	g := &v.g
	chunks(g.N*g.H, 16, func(lo, hi int) {
		for row := lo; row < hi; row++ {
			if v.side(row%g.H%g.Stride, g.H, g.R).taps == 0 {
				v.blank(row*g.W, g.W)
				continue
			}
			for w := range g.W {
				if v.side(w%g.Stride, g.W, g.S).taps == 0 {
					v.blank(row*g.W+w, 1)
				}
			}
		}
	})
}

// blank computes pixels to which nothing is added.
func (v *inputs) blank(pixel, count int) {
	x := dense(count, v.g.C, values(v.X)[pixel*v.g.C:])
	switch v.Beta {
	case 0:
		clear(x.data)
	case 1:
	default:
		scale(x.data, x.data, v.Beta)
	}
	if !v.then.empty() {
		v.then.finish(x, pixel, 0)
	}
}

// A side is one dimension of a phase.
type side struct {
	pixels int // of the phase
	first  int // the first row or column of the window that covers any of it; then every stride-th
	taps   int // the number of these
	before int // how far the rotated window starts before the phase's first pixel
}

func (v *inputs) side(start, size, window int) side {
	stride := v.g.Stride
	s := side{pixels: blocks(size-start, stride), first: (start + v.g.Pad) % stride}
	if s.first < window {
		s.taps = blocks(window-s.first, stride)
	}
	s.before = s.taps - 1 - (start+v.g.Pad)/stride
	return s
}

// phase computes the pixels from row h and column w on, if they lie under any part of the window.
func (v *inputs) phase(h, w int) {
	g := &v.g
	down, across := v.side(h, g.H, g.R), v.side(w, g.W, g.S)
	if down.taps*across.taps == 0 {
		return
	}
	win := window{g.N, g.P, g.Q, v.units, down.taps, across.taps, down.pixels, across.pixels, 1, down.before, across.before}
	c := convolution{window: win, x: values(v.Y), units: g.C, y: values(v.X), then: v.then}
	c.weights = func(dst matrix, j int) { v.turn(dst, j, down, across) }
	c.to = pixels{g.H, g.W, h, w, g.Stride}
	c.run()
}

// turn fills in columns of a phase's weights, from the j-th on: its part of W, from the last row and column to the first,
// with each unit's weights of channels as a row.
func (v *inputs) turn(dst matrix, j int, down, across side) {
	w, g := values(v.W), &v.g
	for i := range down.taps {
		for l := range across.taps {
			r, s := down.first+(down.taps-1-i)*g.Stride, across.first+(across.taps-1-l)*g.Stride
			to := dst.part((i*across.taps+l)*v.units, 0, v.units, dst.cols)
			copyRows(to, matrix{v.units, dst.cols, g.R * g.S * g.C, false, w[(r*g.S+s)*g.C+j:]})
		}
	}
}
