package compute_test

import (
	"fmt"
	"slices"

	"hebb/compute"
)

// coded is a formula some of whose instructions are others.
func coded(f *compute.Func, change func(i int, c *compute.Instr)) *compute.Func {
	if f == nil {
		return nil
	}
	g := *f
	g.Code = slices.Clone(f.Code)
	for i := range g.Code {
		change(i, &g.Code[i])
	}
	return &g
}

// chosenAtZero is f with its choices made where c ≥ 0: where not −c > 0.
func chosenAtZero(f *compute.Func) *compute.Func {
	g, at := *f, make([]int, len(f.Code))
	g.Code = nil
	for i, c := range f.Code {
		for k := range c.Do.Arity() {
			c.Args[k] = at[c.Args[k]]
		}
		if c.Do == compute.PrimSelect {
			g.Code = append(g.Code, compute.Instr{Do: compute.PrimNeg, Args: [3]int{c.Args[0]}})
			c.Args = [3]int{len(g.Code) - 1, c.Args[2], c.Args[1]}
		}
		g.Code, at[i] = append(g.Code, c), len(g.Code)
	}
	return &g
}

func mapMutants() (all []mutant) {
	code := func(name string, change func(i int, c *compute.Instr)) {
		all = append(all, bend(name, func(m *compute.Map) { m.F = coded(m.F, change) }))
	}
	for from, to := range map[compute.Prim]compute.Prim{
		compute.PrimMax: compute.PrimMin, compute.PrimMin: compute.PrimMax, compute.PrimAdd: compute.PrimSub,
		compute.PrimSub: compute.PrimAdd, compute.PrimMul: compute.PrimDiv, compute.PrimDiv: compute.PrimMul,
		compute.PrimExp: compute.PrimNeg, compute.PrimLog: compute.PrimSqrt, compute.PrimSqrt: compute.PrimNeg,
	} {
		code(fmt.Sprintf("%v for %v", to, from), func(_ int, c *compute.Instr) {
			if c.Do == from {
				c.Do = to
			}
		})
	}
	code("nothing negated", func(_ int, c *compute.Instr) {
		if c.Do == compute.PrimNeg {
			c.Do, c.Args[1] = compute.PrimMax, c.Args[0]
		}
	})
	code("the other choice", func(_ int, c *compute.Instr) {
		if c.Do == compute.PrimSelect {
			c.Args[1], c.Args[2] = c.Args[2], c.Args[1]
		}
	})
	code("the last constant first", func(_ int, c *compute.Instr) {
		if c.Do == compute.PrimConst && c.Num > 0 {
			c.Num--
		}
	})
	add := func(name string, f func(m *compute.Map)) { all = append(all, bend(name, f)) }
	add("a choice at 0", func(m *compute.Map) { m.F = chosenAtZero(m.F) })
	add("inputs exchanged", func(m *compute.Map) {
		if len(m.In) > 1 && m.In[0].Len() == m.In[1].Len() {
			m.In = append([]*compute.Tensor{m.In[1], m.In[0]}, m.In[2:]...)
		}
	})
	reshaped := func(name string, shape func(t, over *compute.Tensor) []int) {
		add(name, func(m *compute.Map) {
			m.In = slices.Clone(m.In)
			for i, t := range m.In {
				if s := shape(t, m.Out); s != nil && t.Len() < m.Out.Len() {
					m.In[i], _ = t.View(0, s...)
				}
			}
		})
	}
	reshaped("one number for all rows", func(t, over *compute.Tensor) []int {
		if t.Rows() > 1 && t.Cols() == 1 && t.Batch() == 1 {
			return []int{1}
		}
		return nil
	})
	reshaped("one number for all columns", func(t, over *compute.Tensor) []int {
		if t.Cols() > 1 && t.Rows() == 1 && t.Batch() == 1 {
			return []int{1}
		}
		return nil
	})
	reshaped("the first member for all", func(t, over *compute.Tensor) []int {
		return []int{t.Rows(), t.Cols()}
	})
	reshaped("the first row for all", func(t, over *compute.Tensor) []int {
		if t.Rows() > 1 && t.Cols() == over.Cols() {
			return []int{1, t.Cols()}
		}
		return nil
	})
	add("old taken for 0", func(m *compute.Map) {
		if m.F.Old {
			clear(data(m.Out))
		}
	})
	return all
}

func reduceMutants() []mutant {
	// lost leaves value k of each result's terms out of a sum.
	lost := func(least int, k func(n int) int) func(r compute.Reduce) {
		return func(r compute.Reduce) {
			_, n, step := r.Dims()
			for o := range data(r.Out) {
				if r.F == nil && r.Fold == compute.FoldSum && n >= least {
					data(r.Out)[o] -= r.Alpha * data(r.In[0])[r.First(o)+k(n)*step]
				}
			}
		}
	}
	return []mutant{
		spoil("the last lost", lost(2, func(n int) int { return n - 1 })),
		spoil("one lost among thousands", lost(4096, func(n int) int { return n / 2 })),
		spoil("one twice at the seam", func(r compute.Reduce) {
			if _, n, _ := r.Dims(); n > 256 && r.F == nil && r.Fold == compute.FoldSum && r.Along == compute.AlongAll {
				data(r.Out)[0] += r.Alpha * data(r.In[0])[256]
			}
		}),
		spoil("the largest begins at 0", func(r compute.Reduce) {
			for o, y := range data(r.Out) {
				if r.Fold == compute.FoldMax {
					data(r.Out)[o] = max(y, 0)
				}
			}
		}),
		spoil("the last of the largest", func(r compute.Reduce) {
			_, n, step := r.Dims()
			for o, best := range data(r.Out) {
				for k := range n {
					if x := data(r.In[0])[r.First(o):]; r.Fold == compute.FoldArgMax && x[k*step] == x[int(best)*step] {
						data(r.Out)[o] = float32(k)
					}
				}
			}
		}),
		bend("max for sum", func(r *compute.Reduce) { r.Fold = max(r.Fold, compute.FoldMax) }),
		bend("sum for max", func(r *compute.Reduce) { r.Fold = mistaken(r.Fold, compute.FoldMax, compute.FoldSum) }),
		bend("no formula", func(r *compute.Reduce) { r.F = nil }),
		bend("no Alpha", func(r *compute.Reduce) { r.Alpha = 1 }),
		bend("no Beta", func(r *compute.Reduce) { r.Beta = 0 }),
		bend("min for max in the formula", func(r *compute.Reduce) {
			r.F = coded(r.F, func(_ int, c *compute.Instr) {
				if c.Do == compute.PrimMax {
					c.Do = compute.PrimMin
				}
			})
		}),
	}
}
