package gpu

import "hebb/compute"

// A fold makes each of its results of many terms: what compute.Reduce, Standardize and StandardizeGrad
// have in common. Results lie along the rows' axis.
type fold struct {
	kind    string // as in shaders/fold.glsl
	formula *compute.Func
	size    extent
	columns bool // the terms lie from row to row of memory, else along a row
	all     bool // all results become one

	in, out  [bindings]operand        // by binding point: what is folded; what the end writes and reads
	complete func(d *dispatch, b box) // adds what the op's own end needs
}

// parts is how many numbers an unfinished result is.
var parts = map[string]int{"SUM": 1, "MAX": 1, "ARGMAX": 2, "MOMENTS": 3, "GRADS": 2}

// fold plans f piece by piece. Where the terms are cut, by the device's limits or so that all processors have work,
// a second dispatch merges what came of the slices, in their order.
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

// folding starts the dispatch of one piece: how many neighbours a thread takes at once, and of the 256 threads
// of a group how many are neighbours in memory, follow from its shape.
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
	width = 1
	if d.vectors(n, from) {
		d.define(true, "VEC")
		width = 4
	}
	if d.args.Lanes = int32(crew(groups(n, width))); f.columns {
		d.args.Lanes = int32(power(groups(n, width), 64/width))
	}
	return d, width
}

// crew is how many threads of a group share a row of so many cells, as neighbours: a long row gives each four.
func crew(cells int) int {
	if cells > 4*32 {
		return power((cells+3)/4, 256)
	}
	return power(cells, 32)
}

// share is how many results a group makes at a time, and how many threads make each.
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

// fullGroups is how many groups of 256 threads a processor is given, so that it is never without work.
const fullGroups = 4

// rounds is how many rounds a loop is asked for at most: Mesa's llvmpipe leaves a shader's loops after 65535,
// and says nothing.
const rounds = 1 << 14

// slices is into how many slices the terms are cut: so many that the processors are full, but none so
// short that a thread reads fewer than 8 times.
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

// slots makes room for what the slices become, and a slot before them, and describes it to the shader.
func (l *plan) slots(f fold, a *args, at int) bind {
	n := int(a.Splits+1) * parts[f.kind] * int(a.Batch*a.M)
	l.scratch[scratchPartial] = max(l.scratch[scratchPartial], n)
	a.Skip[at/4][at%4] = a.M
	return bind{memory{scratch: scratchPartial + 1}, 0, (n + 3) / 4 * 4, true}
}

// gather plans the merging of the slices that a dispatch with arguments a has made.
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
