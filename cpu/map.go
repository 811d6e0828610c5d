package cpu

import "hebb/compute"

func pointwise(m compute.Map) {
	out := values(m.Out)
	e := newEvaluator(m.F, m.In, m.Out)
	e.chunks(len(out), func(c *core, lo, hi int) {
		c.eval(out[lo:hi], out[lo:hi], lo)
	})
}
