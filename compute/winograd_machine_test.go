package compute_test

import (
	"hebb/compute"
	"hebb/compute/computetest"
)

// transforms are the matrices of Winograd's F(2×2, 3×3): Aᵀ·[(G·g·Gᵀ) ⊙ (Bᵀ·d·B)]·A.
type transforms struct {
	pixels  [][]float32 // Bᵀ
	weights [][]float32 // 2G, half of whose sums is taken
	sums    [][]float32 // Aᵀ
}

func lavinGray() *transforms {
	return &transforms{
		pixels:  [][]float32{{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}},
		weights: [][]float32{{2, 0, 0}, {1, 1, 1}, {1, -1, 1}, {0, 0, 2}},
		sums:    [][]float32{{1, 1, 1, 0}, {0, 1, -1, -1}},
	}
}

// A tiled machine convolves by transforms where there is leeway for it.
type tiled struct {
	*machine
	*transforms
}

func byTiles(f computetest.Float32, t *transforms) *machine {
	m := rounding(f)
	u := tiled{m, t}
	m.Instead = func(op compute.Op) bool {
		switch op := op.(type) {
		case compute.Conv:
			if op.Leeway.AllowsWinograd(op.Patches()) {
				u.conv(op)
				return true
			}
		case compute.ConvInput:
			if op.Leeway.AllowsWinograd(op.Patches()) {
				u.convInput(op)
				return true
			}
		}
		return false
	}
	return m
}

// square is scale²·m·x·mᵀ of a square x, by one dimension after the other, an addition at a time.
func (u tiled) square(m [][]float32, x []float32, scale float32) []float32 {
	for range 2 { // m·x, transposed
		n := len(m[0])
		across := len(x) / n
		y := make([]float32, across*len(m))
		for i := range y {
			col, row := i/len(m), i%len(m)
			for k, c := range m[row] {
				if c != 0 {
					y[i] = u.Add(y[i], c*u.Load(x[k*across+col]))
				}
			}
			if scale != 1 {
				y[i] = u.Mul(scale, y[i])
			}
		}
		x = y
	}
	return x
}

// winograd calls f with each sum of a convolution of n images, high×wide sums an image and unit, in tiles: pixel and
// weight are those under a tile, and under a tap of a window of 3×3, in a channel.
func (u tiled) winograd(n, high, wide, units, channels int,
	pixel func(n, h, w, ch int) float32, weight func(unit, r, s, ch int) float32, f func(n, h, w, unit int, sum float32)) {
	g := make([][]float32, units*channels)
	for i := range g {
		taps := make([]float32, 9)
		for t := range taps {
			taps[t] = weight(i/channels, t/3, t%3, i%channels)
		}
		g[i] = u.square(u.weights, taps, 0.5)
	}
	for tile := range n * ((high + 1) / 2) * ((wide + 1) / 2) {
		image, top, left := tile/((wide+1)/2)/((high+1)/2), tile/((wide+1)/2)%((high+1)/2)*2, tile%((wide+1)/2)*2
		sums := make([][]float32, units)
		for ch := range channels {
			d := make([]float32, 16)
			for i := range d {
				d[i] = pixel(image, top+i/4, left+i%4, ch)
			}
			d = u.square(u.pixels, d, 1)
			for unit := range units {
				if ch == 0 {
					sums[unit] = make([]float32, 16)
				}
				for i := range d {
					sums[unit][i] = u.FMA(g[unit*channels+ch][i], d[i], sums[unit][i])
				}
			}
		}
		for unit, m := range sums {
			for i, y := range u.square(u.sums, m, 1) {
				if h, w := top+i/2, left+i%2; h < high && w < wide {
					f(image, h, w, unit, y)
				}
			}
		}
	}
}

func (u tiled) conv(c compute.Conv) {
	g, k, acc := c.Patches(), c.Y.Cols(), make([]float32, c.Y.Len())
	u.winograd(g.N, g.P, g.Q, k, g.C,
		func(n, h, w, ch int) float32 {
			if h, w = h-g.Pad, w-g.Pad; h < 0 || h >= g.H || w < 0 || w >= g.W {
				return 0
			}
			return data(c.X)[((n*g.H+h)*g.W+w)*g.C+ch]
		},
		func(unit, r, s, ch int) float32 { return data(c.W)[((unit*3+r)*3+s)*g.C+ch] },
		func(n, h, w, unit int, sum float32) { acc[((n*g.P+h)*g.Q+w)*k+unit] = sum })
	for i, y := range data(c.Y) {
		data(c.Y)[i] = u.Finish(c.Epilogue, acc[i], y, i%k, i)
	}
}

func (u tiled) convInput(c compute.ConvInput) {
	g, k, acc := c.Patches(), c.Y.Cols(), make([]float32, c.X.Len())
	u.winograd(g.N, g.H, g.W, g.C, k,
		func(n, p, q, unit int) float32 { // the first position covers a pixel with its last tap
			if p, q = p-2+g.Pad, q-2+g.Pad; p < 0 || p >= g.P || q < 0 || q >= g.Q {
				return 0
			}
			return data(c.Y)[((n*g.P+p)*g.Q+q)*k+unit]
		},
		func(ch, r, s, unit int) float32 { return data(c.W)[((unit*3+2-r)*3+2-s)*g.C+ch] },
		func(n, h, w, ch int, sum float32) { acc[((n*g.H+h)*g.W+w)*g.C+ch] = sum })
	for i, x := range data(c.X) {
		data(c.X)[i] = u.Finish(c.Epilogue, acc[i], x, i%g.C, i)
	}
}
