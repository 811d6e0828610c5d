package computetest

import (
	"fmt"
	"math"

	"hebb/compute"
)

func gramCases(c *chooser) {
	for i := range c.count(120, 600) {
		kernel := []compute.Kernel{compute.Gaussian, compute.Gaussian, compute.Cosine, compute.Linear}[i/2%4]
		center := []compute.Center{compute.Raw, compute.Double, compute.Grand, compute.Raw}[i/8%4]
		c.gram(pick(c, 1, 1, 2, 3), c.size(), pick(c, 0, c.size()), c.size(), kernel, center)
	}
	for _, kernel := range []compute.Kernel{compute.Linear, compute.Cosine, compute.Gaussian} {
		c.gram(1, 65, 0, 700, kernel, compute.Raw)
		c.gram(1, 128, 0, 16, kernel, compute.Raw)
		c.gram(1, 64, 32, 16, kernel, compute.Raw)
		c.gram(1, 129, 0, 33, kernel, compute.Double)
		c.gram(1, 130, 67, 5, kernel, compute.Double)
	}
	if c.level == Full {
		for _, kernel := range []compute.Kernel{compute.Linear, compute.Cosine, compute.Gaussian} {
			c.gram(1, 300, 0, 64, kernel, compute.Raw)
			c.gram(1, 257, 0, 20, kernel, compute.Double)
			c.gram(1, 270, 131, 20, kernel, compute.Grand)
			c.gram(1, 9, 5, 4096, kernel, compute.Raw)
			c.gram(90, 5, 0, 3, kernel, compute.Double)
		}
	}
}

// gram adds one case; m = 0 is X with itself.
func (c *chooser) gram(batch, n, m, d int, kernel compute.Kernel, center compute.Center) {
	widths, perDim, twin := 0, false, n > 2 && c.bool()
	if kernel == compute.Gaussian {
		widths, perDim = pick(c, 1, 1, 2, 3, compute.MaxWidths), c.bool()
	}
	name := fmt.Sprintf("%v n=%d m=%d d=%d %v", kernel, n, m, d, center)
	if m == 0 {
		name = fmt.Sprintf("%v n=%d d=%d %v", kernel, n, d, center)
	}
	if batch > 1 {
		name += fmt.Sprintf(" batch %d", batch)
	}
	if widths > 1 {
		name += fmt.Sprintf(" %d widths", widths)
	}
	if perDim {
		name += " per dim"
	}
	c.add(name, func(mk *maker) compute.Op {
		g := compute.Gram{Kernel: kernel, Center: center, PerDim: perDim, X: mk.in(shape(batch, false, n, d)...)}
		cols := n
		if m > 0 {
			cols, g.Y = m, mk.in(shape(batch, false, m, d)...)
		}
		if twin {
			mk.repeatRow(n, d)
		}
		for w := range widths {
			// A distance is about √(2d)·5 in these inputs.
			sigma := 5 * math.Exp2(float64(w%3-1)) * (1 + float64(w)/16)
			if !perDim {
				sigma *= math.Sqrt(float64(d))
			}
			g.Sigma = append(g.Sigma, float32(sigma))
		}
		g.K = mk.out(false, append([]int{max(1, widths)}, shape(batch, false, n, cols)...)...)
		return g
	})
}

// repeatRow makes the last row of the first input the same as its first, whose distance is 0, and
// a row of zeros of its second.
func (m *maker) repeatRow(n, d int) {
	x := m.made[0].x[m.made[0].lead:]
	copy(x[(n-1)*d:n*d], x[:d])
	clear(x[d : 2*d])
}
