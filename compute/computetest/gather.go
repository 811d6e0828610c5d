package computetest

import (
	"fmt"
	"math"

	"hebb/compute"
)

func gatherCases(c *chooser) {
	cols := []int{1, 2, 3, 4, 5, 7, 8, 16, 31, 64, 65, 128, 257, 260}
	for i := range c.count(48, 500) {
		g := gathering{batch: pick(c, 1, 2, 3, 5), m: pick(c, 1, 2, 3, 5, 17, 64, 130), n: pick(c, 1, 2, 3, 4, 33, 100), cols: cols[i%len(cols)]}
		g.shareX, g.shareRows, g.stray = c.bool(), c.bool(), i%3 == 0
		c.gather(g)
	}
	for i := range 4 {
		c.gather(gathering{batch: 2, m: 300, n: 1003, cols: 12 + i, shareX: i%2 == 0, stray: true}) // more of X than of Out
		c.gather(gathering{batch: 3, m: 1003, n: 70, cols: 12 + i, shareRows: i%2 == 0})
	}
	if c.level == Full {
		for i := range 4 {
			c.gather(gathering{batch: 1, m: 128, n: 5003, cols: 784, stray: i%2 == 0})
			c.gather(gathering{batch: 64, m: 200, n: 200, cols: 33, shareX: i%2 == 0})
		}
	}
}

// A gathering is the shape of a Gather.
type gathering struct {
	batch, m, n, cols        int
	shareX, shareRows, stray bool
}

// strays returns invalid row numbers for any n below 2²⁴, and −0, which is valid.
func strays(n int) []float32 {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	return []float32{-1, float32(n), float32(n) + 7, 0.5, float32(n) - 0.5, -0.25, 1e10, 1 << 31, -1 << 31, 1 << 32, nan, inf, -inf,
		math.Float32frombits(1), math.Float32frombits(1<<31 | 5), float32(math.Copysign(0, -1))}
}

func (c *chooser) gather(g gathering) {
	name := fmt.Sprintf("batch=%d m=%d n=%d cols=%d", g.batch, g.m, g.n, g.cols)
	xs, members := g.batch, []int{g.batch, 1, g.m}
	if g.shareX {
		name, xs = name+" one X", 1
	}
	if g.shareRows {
		name, members = name+" one Rows", []int{g.m}
	} else if c.bool() {
		name, members = name+" Rows in a column", []int{g.batch, g.m, 1}
	}
	if g.stray {
		name += " stray numbers"
	}
	c.add(name, func(m *maker) compute.Op {
		none := strays(g.n)
		rows := m.fill(func() float32 {
			if g.stray && m.rnd.IntN(3) == 0 {
				return none[m.rnd.IntN(len(none))]
			}
			return float32(m.rnd.IntN(g.n))
		}, members...)
		return compute.Gather{Out: m.out(false, g.batch, g.m, g.cols), X: m.in(xs, g.n, g.cols), Rows: rows}
	})
}
