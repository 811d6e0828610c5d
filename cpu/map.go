package cpu

import "hebb/compute"

func pointwise(m compute.Map) {
	e := newEvaluator(m.F, m.In, m.Out)
	e.write(values(m.Out))
	e.done()
}
