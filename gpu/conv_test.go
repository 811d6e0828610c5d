package gpu

import (
	"slices"
	"strings"
	"testing"

	"hebb/compute"
)

// addressed returns the first and the last number of the window at binding i that d reads or writes, by the geometry of
// an op on images, else by the start of the window's tensor. Positions with nothing but the border under the window
// count as if they read the first number.
func (d *dispatch) addressed(i int) (first, last int) {
	a := &d.args
	off, ld := int(a.Off[i/4][i%4]), int(a.Ld[i/4][i%4])
	if strings.HasPrefix(d.file, "winograd") {
		return off, off + d.reached(i)
	}
	has := func(name string) bool { return slices.Contains(d.list(), name) }
	back := d.file == "poolgrad"
	adjoint := back || has("ADJOINT")
	seen := i == 1 && (has("PATCHES_A") || d.file == "pool" || back) || i == 2 && (has("PATCHES_B") || back)
	if !seen && !(has("PHASES") && (i == 0 || i == 4)) && !(back && i == 0) {
		return off, off
	}
	run := int(a.N)
	if seen {
		run = int(a.Channels)
	}
	g := compute.Patches{H: int(a.Image[0]), W: int(a.Image[1]), P: int(a.Image[2]), Q: int(a.Image[3]),
		R: int(a.Slide[0]), S: int(a.Slide[1]), Slide: compute.Slide{Stride: int(a.Slide[2]), Pad: int(a.Slide[3])}}
	if has("ADJOINT") { // Y's positions, as read from X's pixels
		g.P, g.Q, g.H, g.W = g.H, g.W, g.P, g.Q
	}
	first, last = 1<<62, -1
	touch := func(n, y, x, high, wide int) {
		if y >= 0 && y < high && x >= 0 && x < wide {
			at := off + ((n*high+y)*wide+x)*ld
			first, last = min(first, at), max(last, at+run-1)
		}
	}
	d.walk(g, func(n, y, x int) {
		if !seen {
			touch(n, y, x, g.H, g.W)
			return
		}
		for r := range g.R {
			for s := range g.S {
				switch {
				case !adjoint:
					touch(n, y*g.Stride-g.Pad+r, x*g.Stride-g.Pad+s, g.H, g.W)
				case y < g.H && x < g.W && (y+g.Pad-r)%g.Stride == 0 && (x+g.Pad-s)%g.Stride == 0:
					touch(n, (y+g.Pad-r)/g.Stride, (x+g.Pad-s)/g.Stride, g.P, g.Q)
				}
			}
		}
	})
	if last < 0 {
		return 0, 0
	}
	return first, last
}

// walk calls f with the image, the row and the column of each of d's positions, or of its pixels where its output is
// pixels.
func (d *dispatch) walk(g compute.Patches, f func(n, y, x int)) {
	a := &d.args
	count, before := int(a.M), int(a.Row0)
	if slices.Contains(d.list(), "PATCHES_B") {
		count, before = int(a.K), int(a.Dep0)
	}
	for i := before; i < before+count; i++ {
		switch {
		case slices.Contains(d.list(), "ADJOINT"):
			s := g.Stride
			high, wide := (g.H+s-1)/s, (g.W+s-1)/s
			for z := range int(a.Batch) {
				f(i/wide/high, i/wide%high*s+z/s, i%wide*s+z%s)
			}
		case d.file == "poolgrad":
			f(i/g.W/g.H, i/g.W%g.H, i%g.W)
		default:
			f(i/g.Q/g.P, i/g.Q%g.P, i%g.Q)
		}
	}
}

// TestConvPlans: the dispatches of ops on images.
func TestConvPlans(t *testing.T) {
	tensor := tensors(t)
	x, y, w := tensor(8, 16, 16, 64), tensor(8, 16, 16, 128), tensor(128, 3, 3, 64)
	half, dot := tensor(8, 8, 8, 128), tensor(128, 1, 1, 64)
	one, same := compute.Slide{Stride: 1}, compute.Slide{Stride: 1, Pad: 1}
	plain := compute.Epilogue{Alpha: 1}
	for _, test := range []struct {
		name  string
		op    compute.Op
		file  string
		want  []string // defines
		m, n  int32
		batch int32
	}{
		{"convolution", compute.Conv{Y: y, X: x, W: w, Slide: same, Epilogue: plain}, "gemm", []string{"TRANS_B", "PATCHES_A"}, 2048, 128, 1},
		{"of a pixel", compute.Conv{Y: y, X: x, W: dot, Slide: one, Epilogue: plain}, "gemm", []string{"TRANS_B"}, 2048, 128, 1},
		{"adjoint", compute.ConvInput{X: x, Y: y, W: w, Slide: same, Epilogue: plain}, "gemm", []string{"PATCHES_A", "ADJOINT"}, 2048, 64, 1},
		{"of a pixel", compute.ConvInput{X: x, Y: y, W: dot, Slide: one, Epilogue: plain}, "gemm", nil, 2048, 64, 1},
		{"of a stride", compute.ConvInput{X: x, Y: half, W: w, Slide: compute.Slide{Stride: 2, Pad: 1}, Epilogue: plain},
			"gemm", []string{"ADJOINT", "PHASES", "PATCHES_A"}, 512, 64, 4},
		{"gradient", compute.Hebbian{W: w, Y: y, X: x, Rate: 2048, Decay: 1, Patches: same}, "hebbian", []string{"TRANS_A", "PATCHES_B"}, 128, 576, 1},
		{"of a pixel", compute.Hebbian{W: dot, Y: y, X: x, Rate: 2048, Decay: 1, Patches: one}, "hebbian", []string{"TRANS_A"}, 128, 64, 1},
	} {
		tile := slices.IndexFunc(tiles, func(t tile) bool { return t.name() == "64x64x16/8x8/1" })
		p := desk("64x64x16/8x8/1", func(p *planner) { p.splits = 1 })
		l := planOf(t, p, test.op)
		if len(l.dispatches) != 1 {
			t.Errorf("%T %s: %d dispatches, want 1", test.op, test.name, len(l.dispatches))
			continue
		}
		want := dispatch{kernel: kernel{file: test.file}}
		want.define(true, test.want...)
		want.tile(tiles[tile])
		want.define(true, "VEC")
		want.define(slices.Contains(test.want, "PATCHES_A"), "WHOLE")
		want.define(slices.Contains(test.want, "PATCHES_B"), "ROWS")
		d := l.dispatches[0]
		if d.kernel != want.kernel || d.args.M != test.m || d.args.N != test.n || d.args.Batch != test.batch {
			t.Errorf("%T %s: %v of %d members of %d×%d", test.op, test.name, d.kernel, d.args.Batch, d.args.M, d.args.N)
		}
	}
}

// TestPlacesOfPieces: the pieces of a convolution cover its positions once, one after the other, and each piece stays
// within its windows.
func TestPlacesOfPieces(t *testing.T) {
	p := &paper{planner: desk("32x32x32/4x4/1", func(p *planner) { p.maxBlock, p.align = 8<<10, 4 })}
	tensor := tensorsOn(t, compute.New(p))
	const n, size, c, k = 3, 12, 16, 24
	for _, slide := range []compute.Slide{{Stride: 1, Pad: 1}, {Stride: 2, Pad: 1}, {Stride: 3}, {Stride: 2, Pad: 3}} {
		places := slide.Places(size, 3)
		x, y, w := tensor(n, size, size, c), tensor(n, places, places, k), tensor(k, 3, 3, c)
		e := compute.Epilogue{Alpha: 1}
		for _, op := range []compute.Op{
			compute.Conv{Y: y, X: x, W: w, Slide: slide, Epilogue: e},
			compute.ConvInput{X: x, Y: y, W: w, Slide: slide, Epilogue: e},
			compute.Hebbian{W: w, Y: y, X: x, Rate: 1, Decay: 1, Patches: slide},
		} {
			l := planOf(t, p.planner, op)
			if len(l.dispatches) < 4 {
				t.Errorf("%T, %+v: %d dispatches, want it cut into more", op, slide, len(l.dispatches))
			}
			pairs := int64(0) // of a position or pixel and a column
			for _, d := range l.dispatches {
				if err := p.sound(l, &d); err != nil {
					t.Errorf("%T, %+v: %v", op, slide, err)
				}
				pairs += int64(d.args.M) * int64(d.args.N) * int64(d.args.K) * int64(d.args.Batch)
			}
			if want := products(op); pairs != want {
				t.Errorf("%T, %+v: %d products in %d dispatches, want %d", op, slide, pairs, len(l.dispatches), want)
			}
		}
	}
}

// products counts the products that the plan of a convolution computes, including those with the border, and for each
// phase as many as for the largest.
func products(op compute.Op) int64 {
	switch op := op.(type) {
	case compute.Conv:
		g := op.Patches()
		return int64(g.N*g.P*g.Q) * int64(op.W.Len())
	case compute.ConvInput:
		g, up := op.Patches(), func(n int) int { return (n + op.Stride - 1) / op.Stride }
		phases := op.Stride * op.Stride
		return int64(phases*g.N*up(g.H)*up(g.W)*up(g.R)*up(g.S)) * int64(op.Y.Cols()*g.C)
	case compute.Hebbian:
		return int64(op.W.Len()) * int64(op.Y.Len()/op.Y.Cols())
	}
	return -1
}
