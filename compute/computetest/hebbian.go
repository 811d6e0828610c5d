package computetest

import (
	"fmt"
	"math"

	"hebb/compute"
)

func hebbianCases(c *chooser) {
	masks := []compute.Mask{compute.None, compute.Diagonal, compute.Lower, compute.Full}
	turn := 0
	c.views(30, 300, func(v view) {
		c.hebbianOfImages(v, masks[turn/2%4])
		turn++
	})
	for i := range c.count(120, 700) {
		c.hebbian(pick(c, 1, 1, 2, 3), c.size(), c.size(), c.size(), masks[i/2%4])
	}
	// Kernels split batches much longer than the weights are wide; and the other way round.
	for i, mask := range masks {
		c.hebbian(1, 17, 30, 2048+455*(i%2), mask)
		c.hebbian(2, 64, 64, 64, mask)
		c.hebbian(1, 129, 260, 3, mask)
	}
	for _, s := range [][4]int{{1, 1, 1, 1}, {1, 17, 33, 5}, {2, 64, 65, 130}, {1, 10, 28, 2048}} {
		c.gradient(s[0], s[1], s[2], s[3])
		c.gradient(s[0], s[1], s[2], s[3]) // on integers and on reals
	}
	// Factors of half precision.
	for turn, s := range [][4]int{{1, 33, 36, 17}, {2, 32, 64, 40}, {1, 5, 9, 2048}} {
		for range 2 {
			c.gradient(s[0], s[1], s[2], s[3])
			c.narrow(narrowed(turn))
			c.hebbian(s[0], s[1], s[2], s[3], compute.None)
			c.narrow(narrowed(turn + 1))
			c.hebbian(s[0], s[1], s[2], s[3], masks[1+turn])
			c.narrow(first)
		}
	}
	for turn, v := range narrowViews() {
		c.hebbianOfImages(v, masks[turn%2*2])
		c.narrow(first | second*factors(1-turn%2))
	}
	// One Y, X or G for all networks of a batch, and rates of their own.
	for i, mask := range masks {
		for turn, s := range [][4]int{{3, 17, 33, 5}, {3, 64, 64, 66}, {5, 4, 8, 130}} {
			c.networks(s[0], s[1], s[2], s[3], mask, 1<<((turn+i)%3), true)
			c.networks(s[0], s[1], s[2], s[3], mask, 7&^(1<<((turn+i)%3)), turn == 0)
		}
	}
	c.networks(2, 40, 36, 2048, compute.None, 1, true) // whose sums kernels split
	c.networks(2, 40, 36, 2048, compute.Full, 6, true)
	if c.level == Full {
		for _, mask := range masks {
			c.hebbian(1, 9, 5, 20011, mask)
			c.hebbian(1, 257, 300, 64, mask)
			c.hebbian(100, 3, 4, 5, mask)
		}
	}
}

func (c *chooser) hebbian(batch, units, inputs, n int, mask compute.Mask) {
	own, shared := c.bool(), c.bool()
	decay, bound := c.bool(), c.rnd.IntN(4)
	rate := pick[float32](c, 1, 2, -1)
	name := fmt.Sprintf("units=%d inputs=%d n=%d mask %v", units, inputs, n, mask)
	if batch > 1 {
		name += fmt.Sprintf(" batch %d", batch)
	}
	if mask != compute.None && own {
		name += " of Y"
	}
	if decay {
		name += " decay"
	}
	if bound > 0 {
		name += " bounds"
	}
	c.add(name, func(m *maker) compute.Op {
		h := compute.Hebbian{Mask: mask, Rate: m.scalar(rate*float32(n), rate/8)}
		h.W = m.within(3, shape(batch, false, units, inputs)...)
		h.Y = m.factor(second, 3, shape(batch, false, n, units)...)
		bx := batch
		if shared {
			bx = 1
		}
		h.X = m.factor(first, 8, shape(bx, false, n, inputs)...)
		m.rule(&h, own, decay, bound, shape(batch, false, n, units)...)
		return h
	})
}

// networks adds an update in which one Y (1), X (2) or G (4) serves all networks.
func (c *chooser) networks(batch, units, inputs, n int, mask compute.Mask, one int, rates bool) {
	of := func(bit int) int {
		if one&bit != 0 {
			return 1
		}
		return batch
	}
	name := fmt.Sprintf("batch %d of units=%d inputs=%d n=%d mask %v, batches of Y %d, X %d", batch, units, inputs, n, mask, of(1), of(2))
	if mask != compute.None {
		name += fmt.Sprintf(", G %d", of(4))
	}
	if rates {
		name += " rates"
	}
	c.add(name, func(m *maker) compute.Op {
		h := compute.Hebbian{Mask: mask, Rate: m.scalar(float32(n), 0.125), Decay: m.scalar(2, 0.0625)}
		h.W, h.Y, h.X = m.within(3, batch, units, inputs), m.within(3, of(1), n, units), m.within(8, of(2), n, inputs)
		if mask != compute.None {
			h.G = m.within(3, of(4), n, units)
		}
		if rates {
			h.Rates = m.within(3, batch, 1, 1)
		}
		if rates && mask == compute.None { // a gradient
			h.W, h.Decay = m.out(false, batch, units, inputs), 1
		}
		return h
	})
}

// rule fills in G, of the given shape or Y itself, the decay and the bounds.
func (m *maker) rule(h *compute.Hebbian, own, decay bool, bound int, g ...int) {
	if h.Mask != compute.None {
		if h.G = h.Y; !own {
			h.G = m.within(3, g...)
		}
	}
	if decay {
		h.Decay = m.scalar(2, 0.0625)
	}
	switch bound {
	case 1:
		h.Lo, h.Hi = -1, 1
	case 2:
		h.Lo, h.Hi = 0, float32(math.Inf(1))
	case 3:
		h.Lo, h.Hi = -40.5, 20
	}
}

// gradient adds an update that forgets the old weights, which may then be anything.
func (c *chooser) gradient(batch, units, inputs, n int) {
	name := fmt.Sprintf("gradient units=%d inputs=%d n=%d batch %d", units, inputs, n, batch)
	c.add(name, func(m *maker) compute.Op {
		return compute.Hebbian{W: m.out(false, batch, units, inputs),
			Y: m.factor(second, 8, batch, n, units), X: m.factor(first, 8, batch, n, inputs),
			Rate: float32(n), Decay: 1}
	})
}

// hebbianOfImages adds an update by the patches of images; every other one without a mask is a gradient.
func (c *chooser) hebbianOfImages(v view, mask compute.Mask) {
	own, gradient, decay, bound := c.bool(), mask == compute.None && c.bool(), c.bool(), c.rnd.IntN(4)
	n := v.N * v.P * v.Q
	name := fmt.Sprintf("%v mask %v", v, mask)
	switch {
	case gradient:
		name += " gradient"
	case mask != compute.None && own:
		name += " of Y"
	}
	c.add(name, func(m *maker) compute.Op {
		h := compute.Hebbian{Mask: mask, Rate: m.scalar(float32(n), 0.125), Patches: v.Slide}
		h.W = m.out(!gradient, v.w()...)
		h.Y, h.X = m.factor(second, 3, v.y()...), m.factor(first, 3, v.x()...)
		if bound == 3 {
			h.Rates = m.within(3, 1)
		}
		if m.rule(&h, own, decay, bound, v.y()...); gradient {
			h.Rate, h.Decay = float32(n), 1
		}
		return h
	})
}
