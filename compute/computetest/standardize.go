package computetest

import (
	"fmt"

	"hebb/compute"
)

// columns calls f with the sizes that Standardize is tried on, and what X holds.
func (c *chooser) columns(try func(members, rows, cols int, x samples)) {
	f := func(rows, cols int, x samples) { try(1, rows, cols, x) }
	kinds := []samples{usual, shifted, constant, sparse}
	for i := range c.count(40, 500) {
		f(pick(c, 2, 2, 3, c.size(), c.size()), c.size(), kinds[i/2%4])
	}
	// Tall ones, which kernels split, and wide ones.
	for i := range 2 {
		f(1, 17, kinds[i])
		f(2503, 3, usual)
		f(2048, 16, usual)
		f(300, 12, shifted)
		f(5003, 5, sparse)
		f(3, 600, usual)
		f(257, 64, sparse)
	}
	// Several members: of few rows and of many, which are folded in parts.
	for _, s := range [][3]int{{2, 1, 5}, {3, 5, 17}, {5, 2, 3}, {2, 64, 12}, {4, 700, 8}, {2, 2503, 3}, {3, 3, 600}} {
		try(s[0], s[1], s[2], usual)
		try(s[0], s[1], s[2], sparse)
	}
	if c.level == Full {
		for range 2 {
			try(100, 16, 40, usual)
			f(70001, 3, sparse)
			f(32768, 64, usual)
			f(9, 5003, shifted)
			f(200, 257, shifted)
		}
	}
}

// samples is the kind of the columns of X.
type samples int

const (
	usual    samples = iota
	shifted          // far from 0 beside their deviation, which a single pass over x and x² loses
	constant         // of zero variance
	sparse           // mostly zeros, so that a lost number shows among thousands
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

// vector is the shape of a number for each column of each member.
func vector(members, cols int) []int {
	if members == 1 {
		return []int{cols}
	}
	return []int{members, 1, cols}
}

// caseOf is the name of a case of Standardize or its gradient.
func caseOf(members, rows, cols int, x samples, act compute.Act, eps float32) string {
	name := fmt.Sprintf("rows %d cols %d%v %v eps %g", rows, cols, x, act, eps)
	if members > 1 {
		name += fmt.Sprintf(" members %d", members)
	}
	return name
}

// outShape gives the same rows the shape of images where it can.
func outShape(rows, cols int) []int {
	if rows%4 == 0 {
		return []int{2, rows / 4, 2, cols}
	}
	return []int{rows, cols}
}

func standardizeCases(c *chooser) {
	c.columns(func(members, rows, cols int, x samples) {
		act := pick(c, compute.Acts...)
		running := rows > 1 && c.bool()
		eps, momentum := pick[float32](c, 1e-5, 1e-5, 1e-3, 1), pick[float32](c, 0.1, 0.1, 0, 1)
		name := caseOf(members, rows, cols, x, act, eps)
		if running {
			name += fmt.Sprintf(" running %g", momentum)
		}
		c.add(name, func(m *maker) compute.Op {
			all, v := members*rows, vector(members, cols)
			s := compute.Standardize{Y: m.out(false, outShape(all, cols)...), X: x.of(m, all, cols),
				Mean: m.out(false, v...), Var: m.out(false, members, cols), Gain: m.in(v...), Bias: m.in(v...), Eps: eps, Act: act}
			if running {
				s.RunMean, s.RunVar, s.Momentum = m.in(v...), m.in(v...), momentum
			}
			return s
		})
	})
}

func standardizeGradCases(c *chooser) {
	c.columns(func(members, rows, cols int, x samples) {
		act, eps := pick(c, compute.Acts...), pick[float32](c, 1e-5, 1e-3, 1)
		c.add(caseOf(members, rows, cols, x, act, eps), func(m *maker) compute.Op {
			all, v := members*rows, vector(members, cols)
			s := compute.StandardizeGrad{DX: m.out(false, outShape(all, cols)...), DGain: m.out(false, v...), DBias: m.out(false, v...),
				DY: x.of(m, all, cols), X: m.in(all, cols), Mean: m.in(v...), Gain: m.in(v...), Eps: eps, Act: act}
			s.Var = m.fill(func() float32 { return max(m.value(8), 0) }, v...)
			if act != compute.Identity {
				s.Y = m.in(all, cols)
			}
			return s
		})
	})
}
