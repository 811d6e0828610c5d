package computetest

import (
	"fmt"

	"hebb/compute"
)

func kernelSumsCases(c *chooser) {
	for i := range c.count(56, 500) {
		// Every other case, on integers, takes the kernel that keeps them integers.
		k, l := compute.Linear, compute.Linear
		if i%2 == 1 {
			k, l = []compute.Kernel{compute.Gaussian, compute.Cosine, compute.Gaussian, compute.Linear}[i/2%4], allKernels[i/2%3]
		}
		c.kernelSums(pick(c, 1, 1, 2, 3), c.kernelRows(), c.relation(k, pick(c, sizes[:len(sizes)-c.count(6, 0)]...)), c.relation(l, pick(c, 1, 2, 5, 17, 64)))
	}
	c.largeKernels(allKernels, c.kernelSums)
}

// kernelSums adds one case of each form of the op.
func (c *chooser) kernelSums(batch, m int, k, l relation) {
	l = c.beside(k, l)
	form := pick(c, "sum", "dot", "dot", "both", "both", "square")
	a, b, twin := c.bool(), c.bool() && form != "sum", c.bool()
	name := fmt.Sprintf("%s m=%d %v", form, m, k)
	switch form {
	case "sum":
	case "square":
		l = k
	default:
		name += fmt.Sprintf(" with %v", l)
	}
	if batch > 1 {
		name += fmt.Sprintf(" batch %d", batch)
	}
	if a {
		name += " A"
	}
	if b {
		name += " B"
	}
	c.add(name, func(mk *maker) compute.Op {
		o := compute.KernelSums{K: k.of(mk, batch, m, twin)}
		if form != "dot" {
			o.Sum = mk.out(false, k.rowwise(batch, m)...)
		}
		if form != "sum" {
			o.Dot = mk.out(false, k.rowwise(batch, m)...)
			if o.L = o.K; form != "square" {
				o.L = l.of(mk, batch, m, twin)
			}
		}
		if a {
			o.A = mk.within(2, k.rowwise(batch, m)...)
		}
		if b {
			o.B = mk.within(2, l.rowwise(batch, m)...)
		}
		return o
	})
}
