package computetest

import (
	"fmt"

	"hebb/compute"
)

func kernelGradCases(c *chooser) {
	for i := range c.count(56, 500) {
		// Every other case, on integers, takes the kernel that keeps them integers.
		k, l := compute.Linear, compute.Linear
		if i%2 == 1 {
			k, l = allKernels[i/2%4/3], allKernels[i/8%3]
		}
		m, d, batch := c.kernelRows(), c.size(), pick(c, 1, 1, 2, 3)
		if c.level == Quick && m*d*batch > 5000 {
			d, batch = 1+d%20, 1
		}
		c.kernelGrad(batch, m, c.relation(k, d), c.relation(l, pick(c, 1, 2, 5, 17, 64)))
	}
	for _, m := range []int{1, 1, 2, 2, 2, 2} { // so few roundings that none can hide
		c.kernelGrad(1, m, relation{compute.Linear, 1, 1, false}, relation{compute.Linear, 1, 1, false})
	}
	c.largeKernels(allKernels[:2], c.kernelGrad)
}

// kernelGrad adds one case: some of the four parts of S, at least one.
func (c *chooser) kernelGrad(batch, m int, k, l relation) {
	l = c.beside(k, l)
	parts, square, twin := 1+c.rnd.IntN(15), c.rnd.IntN(4) == 0, c.bool()
	has := func(part int) bool { return parts>>part&1 == 1 }
	if m > 300 {
		parts &^= 8 // G alone is as large as the matrices that the op avoids
		parts |= 4
	}
	if square {
		l = k
	}
	name := fmt.Sprintf("m=%d %v", m, k)
	for part, of := range []string{" Self", fmt.Sprintf(" with %v", l), " R", " G"} {
		if has(part) {
			name += of
		}
	}
	if batch > 1 {
		name += fmt.Sprintf(" batch %d", batch)
	}
	c.add(name, func(mk *maker) compute.Op {
		g := compute.KernelGrad{K: k.of(mk, batch, m, twin), Alpha: mk.scalar(-1, 0.75)}
		g.DX = mk.out(false, g.K.X.Shape()...)
		if has(0) {
			g.Self = mk.scalar(2, -0.3)
		}
		if has(1) {
			g.Cross = mk.scalar(-3, 1.7)
			if g.L = g.K; !square {
				g.L = l.of(mk, batch, m, twin)
			}
		}
		if has(2) {
			g.R = mk.within(4, k.rowwise(batch, m)...)
		}
		if has(3) {
			g.G = mk.symmetric(k.widths*batch, m, k.widths, batch)
		}
		return g
	})
}

// symmetric returns n symmetric matrices of that many rows.
func (m *maker) symmetric(n, rows int, leading ...int) *compute.Tensor {
	t := m.within(4, append(leading, rows, rows)...)
	d := m.made[len(m.made)-1]
	for z := range n {
		x := d.x[d.lead+z*rows*rows:]
		for i := range rows {
			for j := range i {
				x[i*rows+j] = x[j*rows+i]
			}
		}
	}
	return t
}
