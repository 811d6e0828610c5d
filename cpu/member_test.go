package cpu

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// Members makes the operands of an op on a batch, count members from the first on. What member z holds depends on
// z and on how many operands were made before, not on who else is there.
type members struct {
	s            *compute.Step
	first, count int
	made         uint64
}

// each is a tensor with a matrix of rows×cols for each member.
func (m *members) each(rows, cols int) *compute.Tensor { return m.drawn(m.first, m.count, rows, cols) }

// common is the matrix that serves all members.
func (m *members) common(rows, cols int) *compute.Tensor { return m.drawn(0, 1, rows, cols) }

// with is t with each number made another by f.
func (m *members) with(f compute.Expr, t *compute.Tensor) *compute.Tensor {
	m.s.Do(compute.Map{Out: t, F: compute.Pointwise(f)})
	return t
}

func (m *members) drawn(first, count, rows, cols int) *compute.Tensor {
	m.made++
	var state uint64
	x := make([]float32, count*rows*cols)
	for i := range x {
		if i%(rows*cols) == 0 {
			state = m.made<<32 + uint64(first+i/(rows*cols))
		}
		state = state*6364136223846793005 + 1442695040888963407 // Knuth's
		x[i] = float32(int32(state>>32)) * 0x1p-32
	}
	t := m.s.Tensor(count, rows, cols)
	m.s.Write(t, x)
	return t
}

// A memberOp is an op whose members have numbers of their own.
type memberOp struct {
	name  string
	work  int // of a member, about
	build func(m *members) compute.Op
}

// outputs are what op writes for count members from the first on.
func (o memberOp) outputs(t *testing.T, d *compute.Device, first, count int) (outs [][]float32) {
	t.Helper()
	must.Do(t, d.Step(func(s *compute.Step) error {
		op := o.build(&members{s: s, first: first, count: count})
		s.Do(op)
		written, _ := compute.Operands(op)
		for _, t := range written {
			x := make([]float32, t.Len())
			s.Read(t, x)
			outs = append(outs, x)
		}
		return nil
	}))
	return outs
}

// TestMembers: to the bit, a member of a batch has what the op gives it alone, however many there are.
func TestMembers(t *testing.T) {
	for v := scalar; v <= widest(); v++ {
		t.Run(v.String(), func(t *testing.T) {
			set(t, &vector, v)
			testMembers(t)
		})
	}
	t.Run("7 cores", func(t *testing.T) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(7))
		testMembers(t)
	})
}

func testMembers(t *testing.T) {
	b := must.Get(Open())(t)
	d := compute.New(b)
	defer d.Close()
	for _, o := range memberOps() {
		alone := map[int][][]float32{}
		for _, count := range []int{2, 3, 5, 16, 64, 1000} {
			if count <= 3 || count*o.work <= 1<<22 {
				o.compare(t, d, count, alone)
			}
		}
	}
}

// compare runs o on so many members, and some of these alone.
func (o memberOp) compare(t *testing.T, d *compute.Device, count int, alone map[int][][]float32) {
	for out, all := range o.outputs(t, d, 0, count) {
		size := len(all) / count
		for _, z := range []int{0, 1, count / 2, count - 1} {
			if alone[z] == nil {
				alone[z] = o.outputs(t, d, z, 1)
			}
			for i, want := range alone[z][out] {
				if got := all[z*size+i]; math.Float32bits(got) != math.Float32bits(want) {
					t.Errorf("%s: element %d of output %d of member %d of %d is %g, alone %g", o.name, i, out, z, count, got, want)
					break
				}
			}
		}
	}
}

func memberOps() (ops []memberOp) {
	add := func(name string, work int, build func(m *members) compute.Op) {
		ops = append(ops, memberOp{name, work, build})
	}
	ops = append(ops, memberGemms()...)
	ops = append(ops, memberRules()...)
	ops = append(ops, memberSynapses()...)
	v0, v1 := compute.Var(0), compute.Var(1)
	f := compute.Pointwise(compute.Add(compute.Mul(v0, v0), compute.Exp(compute.Mul(v1, compute.Const(0.7)))))
	for _, n := range [][2]int{{1, 1}, {20, 1}, {700, 1}, {3, 5}, {5, 16}, {16, 200}, {7, 1500}, {3000, 33}, {2, 70000}} {
		rows, cols := n[0], n[1]
		work := 8 * rows * cols
		add(fmt.Sprintf("map %v", n), work, func(m *members) compute.Op {
			return compute.Map{Out: m.each(rows, cols), In: []*compute.Tensor{m.each(rows, cols), m.each(1, cols)}, F: f}
		})
		add(fmt.Sprintf("copy %v", n), work, func(m *members) compute.Op {
			return compute.Copy{Dst: m.each(rows, cols), Src: m.each(rows, cols)}
		})
		add(fmt.Sprintf("softmax %v", n), work, func(m *members) compute.Op {
			labels := m.with(compute.Select(compute.Old(), compute.Const(1), compute.Const(0)), m.each(rows, 1))
			return compute.SoftmaxLoss{Loss: m.each(rows, 1), Hit: m.each(rows, 1), Delta: m.each(rows, cols),
				Logits: m.each(rows, cols), Labels: labels, Scale: 0.3}
		})
		if rows < 2 {
			continue
		}
		column := func(m *members) *compute.Tensor { return m.each(1, cols) }
		add(fmt.Sprintf("standardize %v", n), work, func(m *members) compute.Op {
			return compute.Standardize{Y: m.each(rows, cols), Mean: column(m), Var: column(m), RunMean: column(m), RunVar: column(m),
				X: m.each(rows, cols), Gain: column(m), Bias: column(m), Eps: 0.1, Momentum: 0.3, Act: compute.Tanh}
		})
		add(fmt.Sprintf("gradient of standardize %v", n), work, func(m *members) compute.Op {
			variance := m.with(compute.Abs(compute.Old()), column(m))
			return compute.StandardizeGrad{DX: m.each(rows, cols), DGain: column(m), DBias: column(m), DY: m.each(rows, cols),
				X: m.each(rows, cols), Y: m.each(rows, cols), Mean: column(m), Var: variance, Gain: column(m), Eps: 0.1, Act: compute.ReLU}
		})
		for _, along := range []compute.Along{compute.AlongRows, compute.AlongCols} {
			out := func(m *members) *compute.Tensor {
				if along == compute.AlongRows {
					return m.each(1, cols)
				}
				return m.each(rows, 1)
			}
			add(fmt.Sprintf("sum along %v of %v", along, n), work, func(m *members) compute.Op {
				return compute.Reduce{Out: out(m), In: []*compute.Tensor{m.each(rows, cols)}, Along: along, Alpha: 0.7, Beta: 0.2}
			})
			add(fmt.Sprintf("sum of a formula along %v of %v", along, n), work, func(m *members) compute.Op {
				return compute.Reduce{Out: out(m), In: []*compute.Tensor{m.each(rows, cols), m.each(rows, 1)}, F: f, Along: along, Alpha: 1}
			})
			add(fmt.Sprintf("argmax along %v of %v", along, n), work, func(m *members) compute.Op {
				return compute.Reduce{Out: out(m), In: []*compute.Tensor{m.each(rows, cols)}, Fold: compute.FoldArgMax, Along: along, Alpha: 1}
			})
		}
	}
	return ops
}

// memberGemms are products with operands laid both ways, of a member each or of all.
func memberGemms() (ops []memberOp) {
	type tensors func(rows, cols int) *compute.Tensor
	lay := func(of tensors, rows, cols int, across bool) *compute.Tensor {
		if across {
			return of(cols, rows)
		}
		return of(rows, cols)
	}
	for _, n := range [][3]int{{1, 1, 1}, {1, 3, 5}, {7, 5, 3}, {30, 4, 70}, {30, 3, 71}, {5, 1, 333}, {16, 200, 20}, {200, 20, 16}, {7, 200, 20},
		{20, 36, 13}, {50, 2, 301}, {9, 8, 20}, {33, 9, 70}, {8, 17, 4100}, {5, 40, 17}, {65, 97, 31}, {128, 500, 784},
		{33, 9, 5000}, {7, 200, 5000}, {3, 2, 5001}, {1, 200, 200}} {
		rows, cols, k := n[0], n[1], n[2]
		step := 1
		if rows*cols*k > 1<<25 {
			step = 5
		}
		for ways := 0; ways < 16; ways += step {
			across := [2]bool{ways&1 != 0, ways&2 != 0}
			oneA, oneB := ways&4 != 0, ways&8 != 0
			ops = append(ops, memberOp{fmt.Sprintf("gemm %v, transposed %v, one A %v, one B %v", n, across, oneA, oneB), rows * cols * k, func(m *members) compute.Op {
				a, b := tensors(m.each), tensors(m.each)
				if oneA {
					a = m.common
				}
				if oneB {
					b = m.common
				}
				g := compute.Gemm{C: m.each(rows, cols), A: lay(a, rows, k, across[0]), B: lay(b, k, cols, across[1]),
					TransA: across[0], TransB: across[1], Epilogue: compute.Epilogue{Alpha: 0.7}}
				if oneA != oneB { // else there is nothing to do but the product
					g.Beta, g.Bias, g.Act = 0.3, m.each(1, cols), compute.Tanh
				}
				return g
			}})
		}
	}
	return ops
}

// memberRules are updates with all masks.
func memberRules() (ops []memberOp) {
	for _, n := range [][3]int{{1, 1, 1}, {5, 7, 3}, {4, 3, 70}, {20, 200, 16}, {200, 20, 16}, {130, 300, 30}, {20, 3, 5000}, {270, 290, 11}} {
		units, inputs, pairs := n[0], n[1], n[2]
		for mask := compute.None; mask <= compute.Full; mask++ {
			for one := range 4 { // operand, or none, that serves all members
				ops = append(ops, memberOp{fmt.Sprintf("hebbian %v, %v, one %d", mask, n, one), 2 * units * inputs * pairs, func(m *members) compute.Op {
					of := func(operand, cols int) *compute.Tensor {
						if operand == one {
							return m.common(pairs, cols)
						}
						return m.each(pairs, cols)
					}
					h := compute.Hebbian{W: m.each(units, inputs), Y: of(1, units), X: of(2, inputs), Mask: mask, Rate: 0.3, Decay: 0.1}
					if mask != compute.None {
						h.G = of(3, units)
					}
					if one > 0 {
						h.Rates = m.each(1, 1)
					}
					return h
				}})
			}
		}
	}
	return ops
}

// memberSynapses are of graphs that all members share.
func memberSynapses() (ops []memberOp) {
	f := compute.Formula("0.9*old + 0.1*pre*y - 0.2*post", "pre", "post", "y")
	for _, n := range [][3]int{{1, 1, 1}, {5, 3, 4}, {600, 60, 400}} {
		pre, fan, post := n[0], n[1], n[2]
		graph := func(m *members) compute.Synapses {
			to, from, lists := make([]float32, pre*fan), make([]float32, 0, pre*fan*8), make([][]float32, post)
			for place := range to {
				j := place * 7919 % post
				to[place], lists[j] = float32(j), append(lists[j], float32(place))
			}
			most := 0
			for _, l := range lists {
				most = max(most, len(l))
			}
			for _, l := range lists {
				from = append(append(from, l...), slices.Repeat([]float32{-1}, most-len(l))...)
			}
			s := compute.Synapses{To: m.s.Tensor(1, pre, fan), From: m.s.Tensor(1, post, most)}
			m.s.Write(s.To, to)
			m.s.Write(s.From, from)
			return s
		}
		spikes := func(m *members, cells int) *compute.Tensor { // of one cell in eight
			return m.with(compute.Max(compute.Sub(compute.Old(), compute.Const(0.375)), compute.Const(0)), m.each(1, cells))
		}
		ops = append(ops, memberOp{fmt.Sprintf("deliver %v", n), 8 * pre * fan, func(m *members) compute.Op {
			return compute.Deliver{Out: m.each(1, post), Spikes: spikes(m, pre), W: m.each(pre, fan), Synapses: graph(m)}
		}})
		for _, all := range []bool{false, true} {
			ops = append(ops, memberOp{fmt.Sprintf("plastic %v, all %v", n, all), 8 * pre * fan, func(m *members) compute.Op {
				return compute.Plastic{W: m.each(pre, fan), Synapses: graph(m), Pre: []*compute.Tensor{spikes(m, pre)},
					Post: []*compute.Tensor{spikes(m, post), m.each(1, post)}, All: all, F: f}
			}})
		}
	}
	return ops
}
