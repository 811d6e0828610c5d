package computetest

import (
	"fmt"
	"strings"

	"hebb/compute"
)

func gemmCases(c *chooser) {
	for range c.count(150, 1200) {
		c.gemm(pick(c, 1, 1, 1, 2, 3), c.size(), c.size(), c.size(), c.bool(), c.bool())
	}
	// Every form at sizes that leave a remainder in each dimension of each tile, and that leave none.
	for _, s := range [][3]int{{129, 65, 33}, {128, 64, 32}, {1, 1, 1}} {
		for form := range 4 {
			c.gemm(1, s[0], s[1], s[2], form&1 != 0, form&2 != 0)
		}
	}
	// Long sums, which kernels may split among groups: tall-skinny, as weight gradients are.
	for _, k := range []int{2048, 2503} {
		c.gemm(1, 33, 17, k, true, false)
		c.gemm(1, 64, 64, k, false, true)
		c.gemm(2, 5, 40, k, true, true)
	}
	for form := range 4 {
		c.used(form&1 != 0, form&2 != 0)
	}
	// Factors of half precision, in each form: of four cases in a row the first two are aligned.
	const both = first | second
	for form, sets := range [][]factors{{both, both, first, second}, {first, second, both, both}, {second, both, first, both}, {both, first, second, both}} {
		for _, set := range sets {
			c.gemm(pick(c, 1, 1, 2), 36, 32, 40, form&1 != 0, form&2 != 0)
			c.narrow(set)
		}
	}
	for turn, s := range [][3]int{{33, 34, 36}, {17, 9, 15}, {1, 128, 129}, {64, 1, 2048}} {
		for form := turn % 2; form < 4; form += 2 {
			c.gemm(pick(c, 1, 1, 2), s[0], s[1], s[2], form&1 != 0, form&2 != 0)
			c.narrow(narrowed(turn + form/2))
		}
	}
	if c.level == Full {
		for range 200 {
			c.gemm(pick(c, 1, 1, 1, 2, 3), c.size(), c.size(), c.size(), c.bool(), c.bool())
			c.narrow(narrowed(c.rnd.IntN(3)))
		}
		for _, k := range []int{4096, 10007, 65537} {
			for form := range 4 {
				c.gemm(1, 17, 9, k, form&1 != 0, form&2 != 0)
			}
		}
		for _, s := range [][3]int{{1, 1000, 64}, {1000, 1, 64}, {257, 263, 127}, {256, 256, 256}, {2003, 3, 5}} {
			c.gemm(1, s[0], s[1], s[2], c.bool(), c.bool())
		}
		c.gemm(70, 5, 7, 9, false, false)
		c.gemm(300, 3, 2, 4, true, true)
	}
}

// gemm adds one case. In a batch, A or B may be shared.
func (c *chooser) gemm(batch, m, n, k int, ta, tb bool) {
	ba, bb := pick(c, 1, batch), pick(c, 1, batch)
	e := c.epilogue(batch, m, n)
	name := fmt.Sprintf("m=%d n=%d k=%d %s·%s", m, n, k, form(ta), form(tb))
	if batch > 1 {
		name += fmt.Sprintf(" batch %d of %d·%d", batch, ba, bb)
	}
	c.add(name+e.name, func(mk *maker) compute.Op {
		a, b := mk.factor(first, 8, shape(ba, ta, m, k)...), mk.factor(second, 8, shape(bb, tb, k, n)...)
		ep := e.make(mk)
		return compute.Gemm{C: mk.out(ep.Beta != 0, shape(batch, false, m, n)...), A: a, B: b, TransA: ta, TransB: tb, Epilogue: ep}
	})
}

// used adds a batch that uses none, some and all of the rows of B; the others are zeros.
func (c *chooser) used(ta, tb bool) {
	const m, n, k = 9, 21, 13
	e := c.epilogue(3, m, n)
	c.add("rows in use "+form(ta)+"·"+form(tb)+e.name, func(mk *maker) compute.Op {
		rows, cols := shape(3, tb, k, n)[1], shape(3, tb, k, n)[2]
		used, i := []int{0, rows / 2, rows}, -1
		b := mk.fill(func() float32 {
			if i++; i/cols%rows >= used[i/(rows*cols)] {
				return 0
			}
			return mk.value(8)
		}, 3, rows, cols)
		z := -1
		counts := mk.fill(func() float32 { z++; return float32(used[z]) }, 3, 1, 1)
		ep := e.make(mk)
		return compute.Gemm{C: mk.out(ep.Beta != 0, 3, m, n), A: mk.within(8, shape(3, ta, m, k)...), B: b, TransA: ta, TransB: tb, Epilogue: ep, Used: counts}
	})
}

// An epilogue is a choice of [compute.Epilogue].
type epilogue struct {
	name string
	make func(m *maker) compute.Epilogue
}

func (c *chooser) epilogue(batch, m, n int) epilogue {
	return c.epilogueOf(batch, shape(batch, false, m, n)...)
}

// epilogueOf returns a random one for outputs of the given dimensions; a bias is one row, or one for each member.
func (c *chooser) epilogueOf(members int, dims ...int) epilogue {
	n := dims[len(dims)-1]
	scaled, bias, perMember, aux := c.bool(), c.bool(), c.bool(), c.rnd.IntN(3) == 0
	beta := pick[float32](c, 0, 1, 2)
	act, grad := pick(c, compute.Acts...), pick(c, compute.Acts[1:]...)
	var name strings.Builder
	if scaled {
		fmt.Fprintf(&name, " beta %g", beta)
	}
	if bias {
		name.WriteString(" bias")
	}
	if act != compute.Identity {
		fmt.Fprintf(&name, " %v", act)
	}
	if aux {
		fmt.Fprintf(&name, " grad %v", grad)
	}
	return epilogue{name.String(), func(mk *maker) compute.Epilogue {
		e := compute.Epilogue{Alpha: 1, Act: act}
		if scaled {
			e.Alpha, e.Beta = mk.scalar(-2, -0.375), beta*mk.scalar(1, 0.9)
		}
		if bias && perMember {
			e.Bias = mk.in(members, n)
		} else if bias {
			e.Bias = mk.in(n)
		}
		if aux {
			e.Grad, e.Aux = grad, mk.in(dims...)
		}
		return e
	}}
}

// shape returns r×c, or c×r if t, with a batch dimension unless batch is 1.
func shape(batch int, t bool, r, c int) []int {
	if t {
		r, c = c, r
	}
	if batch == 1 {
		return []int{r, c}
	}
	return []int{batch, r, c}
}

func form(t bool) string {
	if t {
		return "T"
	}
	return "N"
}
