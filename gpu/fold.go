package gpu

import "hebb/compute"

// A fold reduces many terms to each of its results: the common part of compute.Reduce, Standardize and StandardizeGrad.
// Results lie along the rows' axis.
type fold struct {
	kind    string // as in shaders/fold.glsl
	formula *compute.Func
	size    extent
	columns bool // the terms lie from row to row of memory, else along a row
	all     bool // all results become one

	in, out  [bindings]operand        // by binding point: inputs of the fold; the end's inputs and outputs
	complete func(d *dispatch, b box) // adds the arguments of the op's own end
}

// parts is the number of floats in a partial result.
var parts = map[string]int{"SUM": 1, "MAX": 1, "ARGMAX": 2, "MOMENTS": 3, "GRADS": 2}

// fold plans f piece by piece. Where the terms are cut, by the device's limits or so that all processors have work, a
// second dispatch merges the slices' results in order.
func (l *plan) fold(f fold) {
	room := operand{mem: memory{scratch: scratchPartial + 1}} // for two slices at least
	room.stride[axisMember], room.stride[axisRow] = 2*parts[f.kind]*f.size[axisRow], 2*parts[f.kind]
	ops := append(append([]operand{room}, f.in[:]...), f.out[:]...)
	boxes := l.cut(f.size, ops...)
	for i, b := range boxes {
		first, last := b.at[axisTerm] == 0, b.at[axisTerm]+b.n[axisTerm] == f.size[axisTerm]
		if f.all {
			first, last = i == 0, i == len(boxes)-1
		}
		d, width := l.folding(f, b, f.in)
		slices := l.slices(f, &d.args, width)
		if slices == 1 && first && last && !(f.all && d.args.Batch*d.args.M > 1) {
			l.foldAtOnce(f, b)
			continue
		}
		d.args.Slot = 1
		d.args.Slice = int32(groups(d.args.K, 4*slices) * 4)
		d.args.Splits = int32(groups(d.args.K, int(d.args.Slice)))
		d.binds[0] = l.slots(f, &d.args, 0)
		l.launchFold(f, d, width)
		l.gather(f, b, d.args, first, last)
	}
}

func (l *plan) foldAtOnce(f fold, b box) {
	ops := f.in
	for i, o := range f.out {
		if o != none {
			ops[i] = o
		}
	}
	d, width := l.folding(f, b, ops)
	l.launchFold(f, d, width)
}

// folding starts the dispatch of one piece: its shape determines how many neighbours a thread takes at once, and how
// many of a group's 256 threads are neighbours in memory.
func (l *plan) folding(f fold, b box, ops [bindings]operand) (d dispatch, width int) {
	d = l.piece("reduce", b, ops[:]...)
	f.complete(&d, b)
	d.define(true, f.kind)
	d.define(f.columns, "COLUMNS")
	if f.formula != nil {
		d.formula(f.formula)
	}
	along, n, from := axisTerm, d.args.K, 1 // results are written one by one
	if f.columns {
		along, n, from = axisRow, d.args.M, 0
	}
	d.spread(along, ops[:])
	if l.naive() {
		d.define(true, "NAIVE")
		return d, 1
	}
	width = l.width(&d, d.vectors(n, from))
	if d.args.Lanes = int32(crew(groups(n, width))); f.columns {
		d.args.Lanes = int32(power(groups(n, width), 64/width))
	}
	return d, width
}

// crew returns the number of threads of a group that share a row of cells, as neighbours: a long row gives each four.
func crew(cells int) int {
	if cells > 4*32 {
		return power((cells+3)/4, 256)
	}
	return power(cells, 32)
}

// share returns the number of results that a group makes at a time, and of threads that make each.
func (l *plan) share(f fold, a *args, width int) (results, threads int) {
	switch {
	case l.naive():
		return 256, 1
	case f.columns:
		return int(a.Lanes) * width, 256 / int(a.Lanes)
	}
	return 256 / int(a.Lanes), int(a.Lanes)
}

func (l *plan) launchFold(f fold, d dispatch, width int) {
	results, _ := l.share(f, &d.args, width)
	l.launch(d, groups(d.args.M, results), int(d.args.Splits), int(d.args.Batch))
}

// fullGroups is the number of groups of 256 threads that keep a processor busy.
const fullGroups = 4

// rounds is the largest number of rounds of a loop: Mesa's llvmpipe leaves a shader's loops after 65535, silently.
const rounds = 1 << 14

// slices returns the number of slices of the terms: enough to fill the processors, but each long enough that a thread
// reads at least 8 times.
func (l *plan) slices(f fold, a *args, width int) int {
	results, threads := l.share(f, a, width)
	made := groups(a.M, results) * int(a.Batch)
	each := 8 * threads
	if !f.columns {
		each *= width
	}
	n := min(fullGroups*l.processors/made, int(a.K)/each)
	if l.naive() {
		n = groups(a.K, rounds)
	}
	if l.splits > 0 {
		n = l.splits
	}
	most := l.maxBlock/(4*parts[f.kind]*int(a.Batch)*int(a.M)) - 1
	return max(1, min(n, most))
}

// slots makes room for the slices' results, and a slot before them, and sets the shader's arguments.
func (l *plan) slots(f fold, a *args, at int) bind {
	n := int(a.Splits+1) * parts[f.kind] * int(a.Batch*a.M)
	l.scratch[scratchPartial] = max(l.scratch[scratchPartial], n)
	a.Skip[at/4][at%4] = a.M
	return bind{memory{scratch: scratchPartial + 1}, 0, (n + 3) / 4 * 4, true}
}

// gather plans the merging of the slices of a dispatch with arguments a.
func (l *plan) gather(f fold, b box, a args, first, last bool) {
	out := f.out
	if !last {
		out = [bindings]operand{}
	}
	d := l.piece("gather", b, out[:]...)
	f.complete(&d, b)
	d.define(true, f.kind)
	d.args.Splits, d.args.Slot, d.args.Dep0 = a.Splits, 1, 0
	d.binds[1] = l.slots(f, &d.args, 1)
	d.args.K = a.Splits
	if f.all { // the results of each slice are more terms
		d.args.Slot, d.args.K = a.Batch*a.M, a.Splits*a.Batch*a.M
		d.args.M, d.args.Batch, d.args.Skip[0][1] = 1, 1, 1
	}
	if !first {
		d.args.Dep0 = 1
	}
	lanes := power(int(d.args.M), max(8, 256/power(int(d.args.K), 32))) // few where many threads can share a result
	d.args.Lanes = int32(lanes)
	l.launch(d, groups(d.args.M, lanes), 1, int(d.args.Batch))
}
