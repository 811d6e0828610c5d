package compute_test

import (
	"fmt"
	"slices"
	"testing"

	"hebb/compute"
)

// TestSynapsesAskedWrongly is TestAskedWrongly for the ops on synapses.
func TestSynapsesAskedWrongly(t *testing.T) {
	d := device(t)
	x := func(shape ...int) *compute.Tensor { return tensor(t, d, shape...) }
	ins := func(ts ...*compute.Tensor) []*compute.Tensor { return ts }
	graph := compute.Synapses{To: x(1, 4, 3), Delay: x(1, 4, 3), From: x(1, 5, 2)}
	deliver := func(f func(d *compute.Deliver)) compute.Deliver {
		d := compute.Deliver{Out: x(6, 2, 3, 5), Spikes: x(2, 3, 4), W: x(2, 4, 3), Synapses: graph}
		f(&d)
		return d
	}
	plastic := func(f func(p *compute.Plastic)) compute.Plastic {
		p := compute.Plastic{W: x(2, 4, 3), Synapses: graph, Pre: ins(x(2, 1, 4)), Post: ins(x(6, 2, 5)), F: compute.Formula("old + pre*post", "pre", "post")}
		f(&p)
		return p
	}
	refused(t, d, []mistake{
		{"no targets", "operand To is nil", deliver(func(d *compute.Deliver) { d.To = nil })},
		{"no lists", "operand From is nil", deliver(func(d *compute.Deliver) { d.From = nil })},
		{"spikes", "Spikes is [2 3 5] for W[2 4 3], want 2 members of 4 columns", deliver(func(d *compute.Deliver) { d.Spikes = x(2, 3, 5) })},
		{"ring", "Out is [5 5], want slots of 2 members of 3 examples of 5 cells", deliver(func(d *compute.Deliver) { d.Out = x(5, 5) })},
		{"ring of no slot", "Out is [5], want slots", deliver(func(d *compute.Deliver) { d.Out = x(5) })},
		{"targets", "To is [4 2], want [2 4 3] as W, or one member of it", deliver(func(d *compute.Deliver) { d.To = x(4, 2) })},
		{"targets of others", "To is [3 4 3], want [2 4 3]", deliver(func(d *compute.Deliver) { d.To = x(3, 4, 3) })},
		{"delays", "Delay is [2 4 3], want [1 4 3] as To", deliver(func(d *compute.Deliver) { d.Delay = x(2, 4, 3) })},
		{"lists", "From is [4 2], want a batch of 1 as To[1 4 3], and 5 rows", deliver(func(d *compute.Deliver) { d.From = x(4, 2) })},
		{"two delays", "a fixed delay of 2, want 0 … 5, the slots being 6, or 0 with Delay", deliver(func(d *compute.Deliver) { d.Fixed = 2 })},
		{"long delay", "a fixed delay of 6, want 0 … 5", deliver(func(d *compute.Deliver) { d.Delay, d.Fixed = nil, 6 })},
		{"step", "Now is 6, want 0 … 5, the slots being 6", deliver(func(d *compute.Deliver) { d.Now = 6 })},
		{"step before", "Now is -1", plastic(func(p *compute.Plastic) { p.Now = -1 })},
		{"too many", "want at most 16777216 of either, which float32s tell apart",
			compute.Plastic{W: x(1<<12, 1<<12+1), Synapses: compute.Synapses{To: x(1<<12, 1<<12+1), From: x(1, 1)}, All: true, F: compute.Formula("old")}},
		{"no formula", "no formula", plastic(func(p *compute.Plastic) { p.F = nil })},
		{"formula's inputs", "the inputs are [x], and there are 2 tensors", plastic(func(p *compute.Plastic) { p.F = compute.Formula("x", "x") })},
		{"nobody to fire", "0 Pre and 0 Post, want 5 in all at most and, without All, one at least", plastic(func(p *compute.Plastic) { p.Pre, p.Post = nil, nil })},
		{"too many inputs", "4 Pre and 2 Post, want 5 in all", plastic(func(p *compute.Plastic) { p.Pre, p.Post = slices.Repeat(p.Pre, 4), slices.Repeat(p.Post, 2) })},
		{"pre", "Pre[0] is [1 4], want [2 1 4] for W[2 4 3]", plastic(func(p *compute.Plastic) { p.Pre = ins(x(1, 4)) })},
		{"post", "Post[1] is [5 2 5], want [6 2 5]: slots, members", plastic(func(p *compute.Plastic) {
			p.Post = append(p.Post, x(5, 2, 5))
			p.F = compute.Formula("a + b + c", "a", "b", "c")
		})},
		{"post of none", "Post[0] is [5], want [1 2 5]", plastic(func(p *compute.Plastic) { p.Post = ins(x(5)) })},
	})
}

// TestSynapseDefinitions compares the definitions of the ops on synapses with numbers worked by hand.
func TestSynapseDefinitions(t *testing.T) {
	o := newOperands(t)
	x := o.of
	// Cell 0 on 0 at once and on 1 after two steps; cell 1 on 1 after one step.
	two := compute.Synapses{To: x([]int{2, 2}, 0, 1, 1, -1), Delay: x([]int{2, 2}, 0, 2, 1, 0), From: x([]int{2, 2}, 0, -1, 2, 1)}
	pair := compute.Synapses{To: x([]int{2, 1}, 0, 0), From: x([]int{1, 2}, 0, 1), Fixed: 1}
	weights := func() *compute.Tensor { return x([]int{2, 2}, 10, 20, 30, 40) }
	known := func(v ...float32) *compute.Tensor { return x([]int{3, 1, 2}, v...) }
	plastic := compute.Plastic{W: weights(), Synapses: two, Pre: []*compute.Tensor{x([]int{2}, 1, 0), x([]int{2}, 0.5, 2)},
		Post: []*compute.Tensor{known(0, 0, 0, 1, 0, 1), known(1, 2, 3, 4, 5, 6)}, Now: 2, F: compute.Formula("old + post*x - pre*y", "pre", "x", "post", "y")}
	all := plastic
	all.All, all.W, all.Now = true, weights(), 0
	for _, test := range []struct {
		name string
		op   compute.Op
		want []float64
	}{
		{"delays", compute.Deliver{Out: x([]int{3, 1, 1, 2}, 1, 2, 3, 4, 5, 6), Spikes: x([]int{2}, 1, 2), W: weights(), Synapses: two, Now: 2},
			[]float64{1, 62, 3, 24, 15, 6}},
		{"members and examples", compute.Deliver{Out: x([]int{2, 2, 2, 1}, 0, 0, 0, 0, 0, 0, 0, 0), Spikes: x([]int{2, 2, 2}, 1, 0, 0, 1, 1, 1, 0, 0),
			W: x([]int{2, 2, 1}, 1, 2, 3, 4), Synapses: pair, Now: 1}, []float64{1, 2, 7, 0, 0, 0, 0, 0}},
		{"where either has fired", plastic, []float64{10 - 5, 20 - 2, 30 + 2, 40}},
		{"all", all, []float64{10 - 1, 20 - 4 + 0.5, 30 + 2, 40}}, // delay 0: row 0; 2: row 1; 1: row 2
	} {
		o.defined(test.name, test.op, 0, test.want, 1e-4)
	}
	costs(t, []costed{
		{compute.Deliver{Out: x([]int{3, 1, 1, 2}, 0, 0, 0, 0, 0, 0), Spikes: x([]int{2}, 0, 0), W: weights(), Synapses: two},
			compute.Cost{Flops: 2 * 4, Bytes: 4 * (12 + 2 + 4*4)}},
		{plastic, compute.Cost{Flops: 4 * 4, Bytes: 4 * (8 + 2*2 + 2*6 + 3*4)}},
	})
}

// Cell 0 reaches cell 1 one step after its spike, and cell 2 two steps after it.
func ExampleDeliver() {
	on(func(s *compute.Step) error {
		graph := compute.Synapses{To: put(s, []int{1, 2}, 1, 2), Delay: put(s, []int{1, 2}, 1, 2), From: put(s, []int{3, 1}, -1, 0, 1)}
		ring := put(s, []int{3, 1, 1, 3}, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		s.Do(compute.Deliver{Out: ring, Spikes: put(s, []int{1, 1}, 1), W: put(s, []int{1, 2}, 0.5, 0.25), Synapses: graph, Now: 0})
		for step := range 3 {
			fmt.Println(get(s, s.View(ring, 3*step, 3)))
		}
		return s.Err()
	})
	// Output:
	// [0 0 0]
	// [0 0.5 0]
	// [0 0 0.25]
}

// Plasticity of pairs: cell 0 fires after its partner, and cell 1 fired before it.
func ExamplePlastic() {
	rule := compute.Formula("old + 0.1*post*x - 0.1*pre*y", "pre", "x", "post", "y")
	on(func(s *compute.Step) error {
		graph := compute.Synapses{To: put(s, []int{2, 1}, 0, 0), From: put(s, []int{1, 2}, 0, 1)}
		w := put(s, []int{2, 1}, 1, 1)
		learn := func(pre, x, post, y *compute.Tensor) {
			s.Do(compute.Plastic{W: w, Synapses: graph, Pre: []*compute.Tensor{pre, x}, Post: []*compute.Tensor{post, y}, F: rule})
		}
		learn(put(s, []int{2}, 1, 0), put(s, []int{2}, 0, 1), put(s, []int{1}, 0), put(s, []int{1}, 0.5))
		learn(put(s, []int{2}, 0, 0), put(s, []int{2}, 0, 1), put(s, []int{1}, 1), put(s, []int{1}, 0.5))
		fmt.Println(get(s, w))
		return s.Err()
	})
	// Output: [0.95 1.1]
}
