package gpu

import (
	"cmp"
	"fmt"

	"hebb/compute"
)

// A product is the common part of Gemm, Hebbian and Gram: sums of products, and the op's own finish of each.
type product struct {
	file    string   // the shader
	pass    string   // the define that gives sum.comp the same finish
	defines []string // of the sums and finish
	finish  []string // of finish alone
	size    extent

	alpha, beta, lo, hi float32
	factor              []float32 // by width
	act, grad           compute.Act
	kind                compute.Kernel
	first               int // of a kernel matrix with a diagonal, the number of rows before the result's

	out    operand    // binding 0
	a, b   operand    // 1, 2
	ins    [2]operand // 3, 4: what finish reads
	mirror operand    // 6: out, seen with rows and columns exchanged
	rates  operand    // 7: a number for each member

	transA, transB bool
	symmetric      bool
	half           bool // factors may be in half precision

	images *images // one of the factors is images under a window

	fast *winograd // the transforms that it may use instead
	by   *recipe   // how to run it; nil: the measured or predicted best
}

const (
	bindPartial = 5
	bindMirror  = 6
	bindRates   = 7
)

// product plans w piece by piece. Where even one member's operands do not fit, the terms too are cut, and partial sums
// wait in memory for the next pieces.
func (l *plan) product(w product) {
	w.half = w.half && len(l.halves) > 0 && !l.naive()
	boxes := l.boxes(w)
	if w.fast != nil && len(boxes) > 0 && (!l.naive() || l.winograd) {
		d := l.pieceOf(w, w.file, boxes[0], w.a, w.b)
		r := l.recipe(&d, w)
		if r.winograd {
			l.transformed(w, r)
			return
		}
		w.by = &r
	}
	for _, b := range boxes {
		if w.symmetric && b.at[axisCol]+b.n[axisCol] <= b.at[axisRow] {
			continue // the mirror image of another piece
		}
		first, last := true, true
		for _, a := range w.terms() {
			first = first && b.at[a] == 0
			last = last && b.at[a]+b.n[a] == w.size[a]
		}
		l.part(w, b, first, last)
	}
}

// tiling returns that of w's transforms, if it may use them.
func (w *product) tiling() tiling {
	if w.fast == nil {
		return tiling{}
	}
	return w.fast.tiling
}

func (l *plan) boxes(w product) []box {
	if w.images != nil {
		return l.cutPlaces(w)
	}
	return l.cut(w.size, w.out, w.a, w.b, w.ins[0], w.ins[1], w.mirror, w.rates)
}

// terms returns the axes along which products are added up.
func (w *product) terms() []axis {
	if w.images != nil {
		return w.images.terms
	}
	return []axis{axisTerm}
}

// pieceOf is [planner.piece] for all binding points but that of the partial sums.
func (l *plan) pieceOf(w product, file string, b box, a, other operand) dispatch {
	d := l.piece(file, b, w.out.written(), a, other, w.ins[0], w.ins[1], none, w.mirror.written(), w.rates)
	d.scalars(w, b)
	if w.images != nil {
		w.images.show(&d, b)
	}
	return d
}

// part plans one piece, which has the first, the last, or neither of the terms.
func (l *plan) part(w product, b box, first, last bool) {
	d := l.pieceOf(w, w.file, b, w.a, w.b)
	t, splits := l.shape(&d, w)
	if !first || !last {
		splits = 1
	}
	d.args.Slice = int32(groups(d.args.K, splits*t.bk) * t.bk)
	d.args.Splits = int32(groups(d.args.K, int(d.args.Slice)))
	partial := d.args.Splits > 1 || !last
	if partial || !first {
		d.binds[bindPartial] = l.partial(&d.args, partial)
	}
	d.define(partial, "PARTIAL")
	d.define(!first, "FROM")
	d.define(true, w.defines...)
	if partial { // the rest is for whoever finishes
		for _, i := range []int{0, 3, 4, bindMirror, bindRates} {
			d.binds[i] = bind{}
		}
	} else {
		d.define(true, w.finish...)
	}
	l.layout(&d, w, t)
	l.launch(d, groups(d.args.M, t.bm)*groups(d.args.N, t.bn), int(d.args.Splits), int(d.args.Batch))
	if d.args.Splits > 1 {
		l.sum(w, b, d)
	}
}

// shape returns the tile, and the number of slices of the terms.
func (l *plan) shape(d *dispatch, w product) (t tile, splits int) {
	a := &d.args
	if l.naive() {
		t, splits = tile{bm: 16, bn: 16, bk: 1}, 1 // as in naive.glsl
	} else {
		r := l.recipe(d, w)
		t, splits = r.tile, r.splits
	}
	if l.splits > 0 {
		splits = l.splits
	}
	most := l.maxBlock / (4 * int(a.Batch) * int(a.M) * int(a.N))
	return t, max(1, min(splits, most))
}

// partial makes room for the partial sums of a piece, one matrix a slice and member, and sets the shader's arguments.
func (l *plan) partial(a *args, write bool) bind {
	n := int(a.Splits) * int(a.Batch) * int(a.M) * int(a.N)
	l.scratch[scratchPartial] = max(l.scratch[scratchPartial], n)
	a.Ld[bindPartial/4][bindPartial%4], a.Skip[bindPartial/4][bindPartial%4] = a.N, a.M*a.N
	return bind{memory{scratch: scratchPartial + 1}, 0, (n + 3) / 4 * 4, write}
}

// sum plans the second pass of a product d whose terms were cut into slices.
func (l *plan) sum(w product, b box, d dispatch) {
	s := l.pieceOf(w, "sum", b, none, none)
	s.args.Splits = d.args.Splits
	s.binds[bindPartial] = l.partial(&s.args, false)
	s.define(true, w.pass)
	s.define(w.symmetric, "SYMMETRIC")
	s.define(true, w.defines...)
	s.define(true, w.finish...)
	cols := 64
	if !w.symmetric && s.finishes(w) {
		s.define(true, "VEC")
		cols *= 4
	}
	l.launch(s, groups(s.args.N, cols), groups(s.args.M, 4), int(s.args.Batch))
}

func (d *dispatch) scalars(w product, b box) {
	a := &d.args
	a.Alpha, a.Beta, a.Lo, a.Hi = w.alpha, w.beta, w.lo, w.hi
	a.Act, a.Grad, a.Kind, a.Slot = int32(w.act), int32(w.grad), int32(w.kind), int32(w.first)
	for i := range min(len(w.factor), b.n[axisWidth]) {
		a.Factor[i/4][i%4] = w.factor[b.at[axisWidth]+i]
	}
}

// layout sets the shader's defines: the tile, transpositions, and where it may take four numbers at a time.
func (l *plan) layout(d *dispatch, w product, t tile) {
	d.define(w.symmetric, "SYMMETRIC")
	d.define(w.transA, "TRANS_A")
	d.define(w.transB, "TRANS_B")
	d.define(w.a.half, "A_F16")
	d.define(w.b.half, "B_F16")
	if w.images != nil {
		d.define(true, w.images.defines...)
	}
	if l.naive() {
		d.define(true, "NAIVE")
		return
	}
	d.tile(t)
	if w.half {
		d.define(true, fmt.Sprintf("HALF %d", min(t.bk, cmp.Or(l.halfRun, compute.HalfRun))))
		d.define(true, l.halves...)
	}
	if d.fours(w) {
		d.define(true, "VEC")
		d.define(w.images != nil, w.images.shortcut(&d.args, t)...)
	}
}

// fours reports whether factors and results can be taken four neighbours at a time.
func (d *dispatch) fours(w product) bool {
	along := func(trans bool, yes, no int32) int32 {
		if trans {
			return yes
		}
		return no
	}
	a := &d.args
	runs := [2]int32{along(w.transA, a.M, a.K), along(w.transB, a.K, a.N)}
	if w.images != nil {
		runs[w.images.seen-1] = a.Channels
	}
	return d.aligned(1, runs[0]) && d.aligned(2, runs[1]) && d.finishes(w)
}

// finishes reports whether the finish of a sum can take four neighbours at a time.
func (d *dispatch) finishes(w product) bool {
	a := &d.args
	if w.symmetric && (a.M%4 != 0 || a.Row0%4 != 0 || a.Col0%4 != 0 || a.Wide%4 != 0) {
		return false
	}
	for i, o := range []operand{w.out, none, none, w.ins[0], w.ins[1], none, w.mirror} {
		if o != none && !o.single && !d.aligned(i, a.N) {
			return false
		}
	}
	return a.Wide%4 == 0
}
