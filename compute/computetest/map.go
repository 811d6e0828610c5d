package computetest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"hebb/compute"
)

// A spread lists those of batch, rows and columns along which a tensor varies.
type spread struct{ batch, row, col bool }

var dense = spread{true, true, true}

// over returns the shape of a tensor spread over a domain, with no more dimensions than it needs.
func (s spread) over(batch, rows, cols int) []int {
	size := func(own bool, n int) int {
		if own {
			return n
		}
		return 1
	}
	dims := []int{size(s.batch, batch), size(s.row, rows), size(s.col, cols)}
	for len(dims) > 1 && dims[0] == 1 {
		dims = dims[1:]
	}
	return dims
}

func (s spread) String() string {
	name := ""
	for i, own := range []bool{s.batch, s.row, s.col} {
		if own {
			name += string("brc"[i])
		}
	}
	return name
}

// formulas holds formulas of training, with all primitives among them.
var formulas = func() map[string]compute.Expr {
	x, y, old := compute.Var(0), compute.Var(1), compute.Old()
	num, add, sub, mul, div := compute.Const, compute.Add, compute.Sub, compute.Mul, compute.Div
	return map[string]compute.Expr{
		"constant": num(-2.5),
		"shift":    add(mul(x, y), compute.Var(2)), // gain and bias, in evaluation
		"momentum": add(mul(num(0.5), old), sub(x, mul(num(2), y))),
		"adam":     div(x, add(compute.Sqrt(y), num(0.5))),
		"acts": compute.Sum(compute.Activate(compute.Tanh, x), compute.Activate(compute.Sigmoid, y),
			compute.Through(compute.ReLU, y, x)),
		"rectifiers": compute.Sum(compute.Activate(compute.LeakyReLU, x), compute.Activate(compute.SELU, y),
			compute.Through(compute.LeakyReLU, y, x), compute.Through(compute.SELU, x, y)),
		"entropy": mul(x, compute.Log(add(num(0.5), mul(x, x)))),
		"clip":    compute.Min(compute.Max(x, num(-2)), compute.Select(y, num(3), compute.Sign(x))),
		"seven": compute.Sum(x, compute.Scale(2, y), mul(compute.Var(2), compute.Var(3)), compute.Neg(compute.Var(4)),
			compute.Abs(compute.Var(5)), compute.Max(compute.Var(6), old)),
		"unread": add(compute.Var(2), compute.Exp(compute.Neg(compute.Abs(x)))), // Var(1) is unread
	}
}()

func mapCases(c *chooser) {
	names := make([]string, 0, len(formulas))
	for name := range formulas {
		names = append(names, name)
	}
	slices.Sort(names)
	for i := range c.count(36, 500) {
		name := names[i/2%len(names)]
		c.pointwise(name, compute.Pointwise(formulas[name]))
	}
	// Random formulas. Each is a shader to compile, so that several cases share one.
	for i := range c.count(4, 60) {
		f := compute.Pointwise(RandomExpr(c.rnd, 1+i%4, 12+6*i%30))
		for range c.count(5, 6) {
			c.pointwise(fmt.Sprintf("random formula %d of %d steps", i, len(f.Code)), f)
		}
	}
	for _, name := range []string{"momentum", "shift"} {
		for range 2 {
			c.mapOver(name, compute.Pointwise(formulas[name]), 1, 1, c.count(70001, 1000003), nil)
		}
	}
	// The same instructions of one input and of two, the second unread: programs that must not be confused.
	for _, in := range [][]string{{"x"}, {"x", "y"}} {
		c.pointwise(fmt.Sprintf("%d inputs, one read", len(in)), compute.Formula("keep*old + exp(-x*x)*x", in...).With("keep", 0.5))
	}
}

// pointwise adds a case of f over a random domain, each input spread in its own way.
func (c *chooser) pointwise(name string, f *compute.Func) {
	batch, rows, cols := pick(c, 1, 1, 2, 3), c.size(), c.size()
	var spreads []spread
	for range f.Vars {
		s := dense
		if c.bool() {
			s = spread{c.bool(), c.bool(), c.bool()}
		}
		spreads = append(spreads, s)
	}
	c.mapOver(name, f, batch, rows, cols, spreads)
}

// mapOver adds one case; inputs are dense unless spreads says otherwise.
func (c *chooser) mapOver(name string, f *compute.Func, batch, rows, cols int, spreads []spread) {
	flat := c.rnd.IntN(3) == 0 // the first input has another shape
	c.add(fmt.Sprintf("%s over %d×%d×%d spread %v", name, batch, rows, cols, spreads), func(m *maker) compute.Op {
		p := compute.Map{F: f, Out: m.out(f.Old, shape(batch, false, rows, cols)...)}
		for i := range f.Vars {
			s := dense
			if spreads != nil {
				s = spreads[i]
			}
			dims := s.over(batch, rows, cols)
			if i == 0 && s == dense && flat {
				dims = []int{batch * rows * cols}
			}
			p.In = append(p.In, m.in(dims...))
		}
		return p
	})
}

// RandomExpr returns a formula of the given number of inputs, made of that many steps, each of earlier ones. It avoids
// operations without a float32 bound (a divisor of 0, the exponential of a large number).
func RandomExpr(rnd *rand.Rand, inputs, steps int) compute.Expr {
	num := func(x float32) compute.Expr { return compute.Const(x) }
	var pool []compute.Expr
	for i := range inputs {
		pool = append(pool, compute.Var(i))
	}
	pool = append(pool, compute.Old(), num(float32(rnd.IntN(9)-4)))
	recent := func() compute.Expr { return pool[max(rnd.IntN(len(pool)), rnd.IntN(len(pool)))] }
	tame := func() compute.Expr { return compute.Max(compute.Min(recent(), num(4)), num(-4)) } // products stay small
	consts := 1
	for range steps {
		var e compute.Expr
		k := rnd.IntN(12)
		if consts > compute.MaxConsts-5 && k > 5 {
			k -= 6
		}
		switch k {
		case 0:
			e = compute.Add(recent(), recent())
		case 1:
			e = compute.Sub(recent(), recent())
		case 2:
			e = compute.Neg(recent())
		case 3:
			e = compute.Max(recent(), recent())
		case 4:
			e = compute.Min(recent(), recent())
		case 5:
			e = compute.Select(recent(), recent(), recent())
		case 6:
			e, consts = compute.Mul(tame(), recent()), consts+2
		case 7:
			e, consts = compute.Div(recent(), compute.Max(compute.Abs(recent()), num(0.75))), consts+1
		case 8:
			e, consts = compute.Exp(tame()), consts+2
		case 9:
			e, consts = compute.Log(compute.Add(num(0.25), compute.Abs(recent()))), consts+1
		case 10:
			e, consts = compute.Sqrt(compute.Add(num(0.25), recent())), consts+1
		case 11:
			e, consts = compute.Scale(float32(rnd.IntN(17)-8)/4, recent()), consts+1
		}
		pool = append(pool, e)
	}
	return compute.Add(pool[len(pool)-1], compute.Var(inputs-1))
}
