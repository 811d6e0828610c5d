package computetest

import (
	"fmt"

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
	twin, r := n > 2 && c.bool(), c.relation(kernel, d)
	name := fmt.Sprintf("n=%d m=%d %v %v", n, m, r, center)
	if batch > 1 {
		name += fmt.Sprintf(" batch %d", batch)
	}
	c.add(name, func(mk *maker) compute.Op {
		g := compute.Gram{Kernel: kernel, Center: center, PerDim: r.perDim, X: mk.in(shape(batch, false, n, d)...)}
		cols := n
		if m > 0 {
			cols, g.Y = m, mk.in(shape(batch, false, m, d)...)
		}
		if twin {
			mk.made[0].twin(n, d)
		}
		if kernel == compute.Gaussian {
			g.Sigma = sigmas(r.widths, d, r.perDim)
		}
		g.K = mk.out(false, append([]int{r.widths}, shape(batch, false, n, cols)...)...)
		return g
	})
}
