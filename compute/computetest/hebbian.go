package computetest

import (
	"fmt"
	"math"

	"hebb/compute"
)

func hebbianCases(c *chooser) {
	masks := []compute.Mask{compute.None, compute.Diagonal, compute.Lower, compute.Full}
	for i := range c.count(120, 700) {
		c.hebbian(pick(c, 1, 1, 2, 3), c.size(), c.size(), c.size(), masks[i/2%4])
	}
	// A batch much longer than the weights are wide is what kernels split; and the other way round.
	for i, mask := range masks {
		c.hebbian(1, 17, 30, 2048+455*(i%2), mask)
		c.hebbian(2, 64, 64, 64, mask)
		c.hebbian(1, 129, 260, 3, mask)
	}
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
		h.Y = m.within(3, shape(batch, false, n, units)...)
		bx := batch
		if shared {
			bx = 1
		}
		h.X = m.in(shape(bx, false, n, inputs)...)
		if mask != compute.None {
			if h.G = h.Y; !own {
				h.G = m.within(3, shape(batch, false, n, units)...)
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
		return h
	})
}
