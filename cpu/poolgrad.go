package cpu

import "hebb/compute"

// A poolDelta runs a [compute.PoolGrad]: image by image, or some channels of an image, each position in turn adding its
// delta to the pixels it came from.
type poolDelta struct {
	compute.PoolGrad
	g         compute.Patches
	dx, dy, x []float32
}

func poolGrad(p compute.PoolGrad) {
	v := poolDelta{PoolGrad: p, g: p.Patches(), dx: values(p.DX), dy: values(p.DY)}
	if p.X != nil {
		v.x = values(p.X)
	}
	shape{1, channelsAtOnce}.tiles(1, v.g.N, v.g.C, func(t tile) { v.image(t.i, t.j, t.cols) })
}

// channelsAtOnce is the number of channels of an image that a core takes at a time.
var channelsAtOnce = 64

// image does the channels from c on of image n.
func (v *poolDelta) image(n, c, channels int) {
	g := &v.g
	for pixel := n * g.H * g.W; pixel < (n+1)*g.H*g.W; pixel++ {
		clear(v.dx[pixel*g.C+c:][:channels])
	}
	if v.Pooling == compute.MaxPool && byRows(g) {
		v.rows(n)
		return
	}
	s := borrow(2 * channels)
	defer giveBack(s)
	rest, top := (*s)[:channels], (*s)[channels:]
	for place := n * g.P * g.Q; place < (n+1)*g.P*g.Q; place++ {
		dy := v.dy[place*g.C+c:][:channels]
		if v.Pooling == compute.AveragePool {
			scale(rest, dy, 1/float32(g.R*g.S))
			sees(g, place, func(at int) {
				dst := v.dx[at+c:][:channels]
				add(dst, dst, rest)
			})
			continue
		}
		copy(rest, dy)
		v.largest(top, place, c)
		sees(g, place, func(at int) { give(v.dx[at+c:][:channels], rest, v.x[at+c:], top) })
	}
}

// rows does image n, whose windows lie apart, by rows of positions. It gives the bits of image.
func (v *poolDelta) rows(n int) {
	g := &v.g
	length := g.Q * g.C
	s := borrow((g.R*g.S + 3) * length)
	defer giveBack(s)
	part := func(i int) []float32 { return (*s)[i*length:][:length] }
	rest, top, taken := part(g.R*g.S), part(g.R*g.S+1), part(g.R*g.S+2)
	for row := n * g.P; row < (n+1)*g.P; row++ {
		copy(rest, v.dy[row*length:])
		largestOfRow(g, top, v.x, row, part)
		for i := range g.R * g.S {
			clear(taken)
			give(taken, rest, part(i), top)
			pixelsOfRow(g, i, row, func(pixel, at int) { copy(v.dx[pixel:][:g.C], taken[at:]) })
		}
	}
}

// largest sets top to the largest pixels under the window at a position, of the channels from c on.
func (v *poolDelta) largest(top []float32, place, c int) {
	first := true
	sees(&v.g, place, func(at int) {
		if x := v.x[at+c:][:len(top)]; first {
			copy(top, x)
			first = false
		} else {
			larger(top, top, x)
		}
	})
}
