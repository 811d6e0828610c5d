package computetest

import (
	"fmt"

	"hebb/compute"
)

// A folded is a formula to fold, with the inputs after the first: how they spread over its domain.
type folded struct {
	name   string
	f      *compute.Func
	spread []spread
}

var foldedFormulas = []folded{
	{"", nil, nil},
	{" of squares", compute.Pointwise(compute.Mul(compute.Var(0), compute.Var(0))), nil},
	{" of products by column", compute.Pointwise(compute.Mul(compute.Var(0), compute.Var(1))), []spread{{col: true}}},
	{" of differences", compute.Pointwise(compute.Abs(compute.Sub(compute.Var(0), compute.Var(1)))), []spread{dense}},
	{" of exponentials", compute.Pointwise(compute.Exp(compute.Max(compute.Min(compute.Var(0), compute.Const(8)), compute.Const(-8)))), nil},
}

func reduceCases(c *chooser) {
	folds := []compute.Fold{compute.FoldSum, compute.FoldMax, compute.FoldArgMax}
	alongs := []compute.Along{compute.AlongRows, compute.AlongCols, compute.AlongAll}
	for i := range c.count(36, 400) {
		c.reduce(folds[i/2%3], alongs[i/6%3], 0, pick(c, 1, 1, 2, 3), c.size(), c.size())
	}
	for i := range c.count(12, 200) {
		c.reduce(compute.FoldSum, alongs[i/2%3], 1+i/6%2, pick(c, 1, 1, 2), c.size(), c.size())
	}
	for range 2 {
		c.reduce(compute.FoldSum, compute.AlongCols, 4, 1, 65, 3)
		c.reduce(compute.FoldSum, compute.AlongCols, 4, 2, 33, 2)
		c.reduce(compute.FoldMax, compute.AlongCols, 3, 1, 17, 33)
		c.reduce(compute.FoldMax, compute.AlongRows, 3, 2, 31, 64)
		// Long folds, which kernels split.
		for _, fold := range folds {
			c.reduce(fold, compute.AlongAll, 0, 1, 7, 10007)
			c.reduce(fold, compute.AlongRows, 0, 1, 5003, 3)
			c.reduce(fold, compute.AlongCols, 0, 1, 3, 20011)
		}
	}
	for _, p := range []pixels{infinite, lowest} {
		for _, fold := range folds[1:] {
			for _, along := range alongs {
				c.reducePixels(fold, along, 0, p, 2, 9, 7)
				c.reducePixels(fold, along, 0, p, 1, 5, 8)
				c.reducePixels(fold, along, 0, p, 1, 5003, 3)
				c.reducePixels(fold, along, 0, p, 1, 3, 20011)
			}
		}
	}
	if c.level == Full {
		for range 2 {
			for _, fold := range folds {
				c.reduce(fold, compute.AlongAll, 0, 3, 1000, 333)
				c.reduce(fold, compute.AlongRows, 0, 1, 100003, 5)
				c.reduce(fold, compute.AlongRows, 0, 300, 9, 10)
				c.reduce(fold, compute.AlongCols, 0, 1, 70001, 10)
				c.reduce(fold, compute.AlongCols, 0, 2, 1, 200003)
			}
		}
	}
}

// reduce adds one case; of selects the formula to fold.
func (c *chooser) reduce(fold compute.Fold, along compute.Along, of, batch, rows, cols int) {
	c.reducePixels(fold, along, of, -1, batch, rows, cols)
}

// reducePixels is reduce of values of a kind.
func (c *chooser) reducePixels(fold compute.Fold, along compute.Along, of int, p pixels, batch, rows, cols int) {
	f := foldedFormulas[of]
	scaled := fold == compute.FoldSum && c.bool()
	if p < 0 {
		p = pick(c, mixed, mixed, mixed, negative, equal)
	}
	beta := pick[float32](c, 0, 0, 1, -2)
	name := fmt.Sprintf("%v along %v%s batch %d rows %d cols %d%v", fold, along, f.name, batch, rows, cols, p)
	if scaled {
		name += fmt.Sprintf(" beta %g", beta)
	}
	c.add(name, func(m *maker) compute.Op {
		r := compute.Reduce{In: []*compute.Tensor{p.of(m, shape(batch, false, rows, cols)...)}, F: f.f, Fold: fold, Along: along, Alpha: 1}
		for _, s := range f.spread {
			r.In = append(r.In, m.in(s.over(batch, rows, cols)...))
		}
		if scaled {
			r.Alpha, r.Beta = m.scalar(-3, 5.3), beta
		}
		out := []int{batch, 1, cols}
		switch along {
		case compute.AlongCols:
			out = []int{batch, rows}
		case compute.AlongAll:
			out = []int{1}
		}
		r.Out = m.out(r.Beta != 0, out...)
		return r
	})
}
