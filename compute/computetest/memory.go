package computetest

import (
	"fmt"

	"hebb/compute"
)

func copyCases(c *chooser) {
	for _, n := range []int{1, 2, 3, 4, 5, 255, 256, 257, 1000, 1024, 4099, 70001} {
		for range 2 {
			c.add(fmt.Sprintf("n=%d", n), func(m *maker) compute.Op {
				return compute.Copy{Dst: m.out(false, n), Src: m.in(n)}
			})
		}
	}
	for _, n := range []int{1, 2, 3, 4, 5, 255, 256, 259, 1028, 4101, 70003} {
		for range 2 {
			c.add(fmt.Sprintf("n=%d to f16", n), func(m *maker) compute.Op {
				return compute.Copy{Dst: m.half(8, n), Src: m.in(n)}
			})
			c.add(fmt.Sprintf("n=%d of f16", n), func(m *maker) compute.Op {
				return compute.Copy{Dst: m.out(false, n), Src: m.half(8, n)}
			})
			c.add(fmt.Sprintf("n=%d f16 to f16", n), func(m *maker) compute.Op {
				return compute.Copy{Dst: m.half(8, n), Src: m.half(8, n)}
			})
		}
	}
	c.add("another shape", func(m *maker) compute.Op {
		return compute.Copy{Dst: m.out(false, 6, 35), Src: m.in(2, 3, 35)}
	})
	if c.level == Full {
		c.add("n=2000003", func(m *maker) compute.Op {
			return compute.Copy{Dst: m.out(false, 2000003), Src: m.in(2000003)}
		})
	}
}

func fmaCases(c *chooser) {
	for _, n := range []int{1, 3, 4, 31, 255, 256, 257, 2048, 5003} {
		for _, rounds := range []int{1, 2, 7, c.count(64, 1000)} {
			for range 2 {
				c.add(fmt.Sprintf("n=%d rounds=%d", n, rounds), func(m *maker) compute.Op {
					return compute.FMA{Out: m.out(false, n), X: m.in(n),
						A: m.scalar(1, -0.75), B: m.scalar(3, 0.3), Rounds: rounds}
				})
			}
		}
	}
}
