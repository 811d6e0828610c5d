package computetest

import (
	"fmt"

	"hebb/compute"
)

// columns calls f with the sizes that Standardize is tried on, and what X holds.
func (c *chooser) columns(f func(rows, cols int, x samples)) {
	kinds := []samples{usual, shifted, constant, sparse}
	for i := range c.count(40, 500) {
		f(pick(c, 2, 2, 3, c.size(), c.size()), c.size(), kinds[i/2%4])
	}
	// Tall ones, which kernels fold in parts, and wide ones.
	for i := range 2 {
		f(1, 17, kinds[i])
		f(2503, 3, usual)
		f(2048, 16, usual)
		f(300, 12, shifted)
		f(5003, 5, sparse)
		f(3, 600, usual)
		f(257, 64, sparse)
	}
	if c.level == Full {
		for range 2 {
			f(70001, 3, sparse)
			f(32768, 64, usual)
			f(9, 5003, shifted)
			f(200, 257, shifted)
		}
	}
}

// samples says what the columns of X hold.
type samples int

const (
	usual    samples = iota
	shifted          // far from 0 beside their deviation, which a single pass over x and x² cannot see
	constant         // of no variance at all
	sparse           // zeros but for a few, so that a lost one is seen among thousands
)

func (s samples) String() string { return []string{"", " shifted", " constant", " sparse"}[s] }

func (s samples) of(m *maker, rows, cols int) *compute.Tensor {
	t := m.in(rows, cols)
	d := m.made[len(m.made)-1]
	x := d.x[d.lead:][:rows*cols]
	for i := range x {
		switch first := x[i%cols]; s {
		case shifted:
			x[i] = float32(100*(1+i%cols%7)) + x[i]/8
		case constant:
			x[i] = first
		case sparse:
			if r := i / cols; m.rnd.IntN(rows) > 8 && r != 0 && r != rows-1 {
				x[i] = 0
			}
		}
	}
	return t
}

// outShape gives the same rows the shape of images where it can.
func outShape(rows, cols int) []int {
	if rows%4 == 0 {
		return []int{2, rows / 4, 2, cols}
	}
	return []int{rows, cols}
}

func standardizeCases(c *chooser) {
	c.columns(func(rows, cols int, x samples) {
		act := pick(c, compute.Acts...)
		running := rows > 1 && c.bool()
		eps, momentum := pick[float32](c, 1e-5, 1e-5, 1e-3, 1), pick[float32](c, 0.1, 0.1, 0, 1)
		name := fmt.Sprintf("rows %d cols %d%v %v eps %g", rows, cols, x, act, eps)
		if running {
			name += fmt.Sprintf(" running %g", momentum)
		}
		c.add(name, func(m *maker) compute.Op {
			s := compute.Standardize{Y: m.out(false, outShape(rows, cols)...), X: x.of(m, rows, cols),
				Mean: m.out(false, cols), Var: m.out(false, 1, cols), Gain: m.in(cols), Bias: m.in(cols), Eps: eps, Act: act}
			if running {
				s.RunMean, s.RunVar, s.Momentum = m.in(cols), m.in(cols), momentum
			}
			return s
		})
	})
}

func standardizeGradCases(c *chooser) {
	c.columns(func(rows, cols int, x samples) {
		act, eps := pick(c, compute.Acts...), pick[float32](c, 1e-5, 1e-3, 1)
		c.add(fmt.Sprintf("rows %d cols %d%v %v eps %g", rows, cols, x, act, eps), func(m *maker) compute.Op {
			s := compute.StandardizeGrad{DX: m.out(false, outShape(rows, cols)...), DGain: m.out(false, cols), DBias: m.out(false, cols),
				DY: x.of(m, rows, cols), X: m.in(rows, cols), Mean: m.in(cols), Gain: m.in(cols), Eps: eps, Act: act}
			s.Var = m.fill(func() float32 { return max(m.value(8), 0) }, cols)
			if act != compute.Identity {
				s.Y = m.in(rows, cols)
			}
			return s
		})
	})
}
