package cpu

import "hebb/compute"

// pool takes one row of positions at a time.
func pool(p compute.Pool) {
	g := p.Patches()
	x, y := values(p.X), values(p.Y)
	chunks(g.N*g.P, max(1, 1<<14/(g.Q*g.C)), func(lo, hi int) {
		if p.Pooling == compute.MaxPool && byRows(&g) {
			s := borrow(g.Q * g.C)
			defer giveBack(s)
			for row := lo; row < hi; row++ {
				largestOfRow(&g, y[row*g.Q*g.C:][:g.Q*g.C], x, row, func(int) []float32 { return *s })
			}
			return
		}
		for place := lo * g.Q; place < hi*g.Q; place++ {
			dst, first := y[place*g.C:][:g.C], true
			sees(&g, place, func(at int) {
				switch seen := x[at:][:g.C]; {
				case first:
					copy(dst, seen)
				case p.Pooling == compute.MaxPool:
					larger(dst, dst, seen)
				default:
					add(dst, dst, seen)
				}
				first = false
			})
			if p.Pooling == compute.AveragePool {
				scale(dst, dst, 1/float32(g.R*g.S))
			}
		}
	})
}

// byRows reports whether a row of positions is done at a time: windows lie apart and inside the image, and their pixels have so
// few channels that vectors are better filled with those of a row.
func byRows(g *compute.Patches) bool {
	return g.Pad == 0 && g.Stride >= max(g.R, g.S) && g.C <= channelsAtOnce/2
}

// largestOfRow sets top to the largest pixels under the windows of a row of positions, which counts through all images. What the
// i-th pixels of the windows are is left in seen(i).
func largestOfRow(g *compute.Patches, top, x []float32, row int, seen func(i int) []float32) {
	for i := range g.R * g.S {
		to := seen(i)
		pixelsOfRow(g, i, row, func(pixel, at int) { copy(to[at:][:g.C], x[pixel:]) })
		if i == 0 {
			copy(top, to)
		} else {
			larger(top, top, to)
		}
	}
}

// pixelsOfRow calls f with the indices, in X and in a row of Y, of the i-th pixel under each window of a row of positions.
func pixelsOfRow(g *compute.Patches, i, row int, f func(pixel, at int)) {
	pixel := ((row/g.P*g.H+row%g.P*g.Stride+i/g.S)*g.W + i%g.S) * g.C
	for q := range g.Q {
		f(pixel+q*g.Stride*g.C, q*g.C)
	}
}

// sees calls f with the index in X of each pixel under the window at a position, row by row.
func sees(g *compute.Patches, place int, f func(at int)) {
	n, h, w := place/g.Q/g.P, place/g.Q%g.P*g.Stride-g.Pad, place%g.Q*g.Stride-g.Pad
	for i := max(h, 0); i < min(h+g.R, g.H); i++ {
		for j := max(w, 0); j < min(w+g.S, g.W); j++ {
			f(((n*g.H+i)*g.W + j) * g.C)
		}
	}
}
