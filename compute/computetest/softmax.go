package computetest

import (
	"fmt"

	"hebb/compute"
)

func softmaxCases(c *chooser) {
	classes := []int{1, 2, 3, 4, 7, 10, 10, 16, 17, 31, 32, 33, 64, 65, 100, 127, 128, 129, 257}
	for range c.count(40, 500) {
		c.softmax(pick(c, 1, 2, 3, 4, 5, 17, 32, 33, 64, 65), pick(c, classes...))
	}
	for _, n := range []int{1, 2, 3} {
		for _, k := range []int{1000, 2503} {
			c.softmax(n, k)
		}
	}
	for range 4 {
		c.softmax(257, 10)
	}
	if c.level == Full {
		for range 4 {
			c.softmax(3, 40009)
			c.softmax(5003, 10)
			c.softmax(130, 1000)
		}
	}
}

func (c *chooser) softmax(n, classes int) {
	delta, stray := c.rnd.IntN(4) > 0, c.bool()
	p := pick(c, mixed, mixed, mixed, rectified, equal)
	far := pick[float32](c, 0, 0, 512, -512) // beyond the range of exp
	name := fmt.Sprintf("n=%d classes=%d%v", n, classes, p)
	if far != 0 {
		name += fmt.Sprintf(" around %g", far)
	}
	if stray {
		name += " stray labels"
	}
	if !delta {
		name += " without delta"
	}
	c.add(name, func(m *maker) compute.Op {
		s := compute.SoftmaxLoss{Loss: m.out(false, n), Hit: m.out(false, n), Scale: m.scalar(1, 1/float32(n))}
		s.Logits = p.of(m, n, classes)
		if far != 0 {
			d := m.made[len(m.made)-1]
			for i := range s.Logits.Len() {
				d.x[d.lead+i] += far
			}
		}
		s.Labels = m.fill(func() float32 {
			if stray && m.rnd.IntN(4) == 0 {
				return []float32{-1, float32(classes), float32(classes) + 7, 0.5, 1e10}[m.rnd.IntN(5)]
			}
			return float32(m.rnd.IntN(classes))
		}, n)
		if delta {
			s.Delta = m.out(false, n, classes)
		}
		return s
	})
}
