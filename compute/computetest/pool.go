package computetest

import (
	"fmt"
	"math"

	"hebb/compute"
)

// pools calls f with the windows on which pooling is tested, and with pixels after a ReLU or all the same, so that most
// windows have several of the largest.
func (c *chooser) pools(f func(v view, kind compute.Pooling, pixel pixels)) {
	some := func(v view, kind compute.Pooling) { f(v, kind, pick(c, mixed, mixed, rectified, negative, equal)) }
	kinds := []compute.Pooling{compute.MaxPool, compute.AveragePool}
	for i := range c.count(36, 500) {
		some(c.pool(), kinds[i/2%2])
	}
	for _, kind := range kinds {
		for _, v := range []view{
			looking(2, 8, 8, 4, 4, 2, 2, 2, 0),
			looking(1, 9, 9, 5, 5, 3, 3, 2, 1),
			looking(1, 7, 7, 16, 16, 7, 7, 1, 0), // global
			looking(1, 5, 6, 3, 3, 3, 3, 1, 1),   // each pixel under nine windows
			looking(2, 10, 7, 3, 3, 2, 1, 3, 0),  // pixels outside all windows
		} {
			some(v, kind)
			some(v, kind) // on integers and on reals
		}
		for range c.count(0, 2) {
			some(looking(3, 32, 32, 64, 64, 3, 3, 2, 1), kind)
			some(looking(5, 8, 8, 129, 129, 8, 8, 1, 0), kind)
			some(looking(1, 1, 5003, 2, 2, 1, 4, 3, 0), kind)
		}
	}
}

// pool returns a random window for pooling.
func (c *chooser) pool() view {
	for {
		side := func() int { return pick(c, 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17) }
		r, s := pick(c, 1, 2, 2, 3, 3, 4, 5, 7), pick(c, 1, 2, 2, 3, 3, 4, 5, 7)
		ch := pick(c, 1, 2, 3, 4, 5, 8, 12, 17, 33)
		v := looking(pick(c, 1, 1, 2, 3), side(), side(), ch, ch, r, s, pick(c, 1, 2, 2, 3), c.rnd.IntN(min(r, s)/2+1))
		if r <= v.H+2*v.Pad && s <= v.W+2*v.Pad {
			return v
		}
	}
}

// pixels is the kind of the images' contents.
type pixels int

const (
	mixed     pixels = iota
	rectified        // no number below 0
	negative         // no number above
	equal
	infinite // most of them −Inf, some +Inf: to compare, not to compute with
	lowest   // all of them −Inf
)

func (p pixels) String() string {
	return []string{"", " rectified", " negative", " equal", " infinite", " lowest"}[p]
}

func (p pixels) of(m *maker, shape ...int) *compute.Tensor {
	same := m.scalar(-3, -0.7)
	return m.fill(func() float32 {
		switch p {
		case rectified:
			return max(m.value(8), 0)
		case negative:
			return min(-m.value(8), m.value(8)) - 1
		case equal:
			return same
		case lowest:
			return float32(math.Inf(-1))
		case infinite:
			if r := m.rnd.IntN(20); r > 1 {
				return float32(math.Inf(-1))
			} else if r > 0 {
				return float32(math.Inf(1))
			}
		}
		return m.value(8)
	}, shape...)
}

func (v view) pooling(kind compute.Pooling, p pixels) string {
	return fmt.Sprintf("%v of %d×%d×%d×%d by %d×%d stride %d pad %d%v", kind, v.N, v.H, v.W, v.C, v.R, v.S, v.Stride, v.Pad, p)
}

func poolCases(c *chooser) {
	c.pools(func(v view, kind compute.Pooling, p pixels) {
		c.add(v.pooling(kind, p), func(m *maker) compute.Op {
			return compute.Pool{Y: m.out(false, v.y()...), X: p.of(m, v.x()...), Pooling: kind, Height: v.R, Width: v.S, Slide: v.Slide}
		})
	})
}

func poolGradCases(c *chooser) {
	c.pools(func(v view, kind compute.Pooling, p pixels) {
		c.add(v.pooling(kind, p), func(m *maker) compute.Op {
			g := compute.PoolGrad{DX: m.out(false, v.x()...), DY: m.in(v.y()...), Pooling: kind, Height: v.R, Width: v.S, Slide: v.Slide}
			if kind == compute.MaxPool {
				g.X = p.of(m, v.x()...)
			}
			return g
		})
	})
}
