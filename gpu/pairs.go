package gpu

import (
	"math"
	"strconv"

	"hebb/compute"
)

// pairTiles are the shapes of the shaders that keep kernels between rows in registers (shaders/pairs.glsl): square, of
// two stages. A thread of 8×8 sums has registers for one product; with a second one, L's, 8×4 take as many.
var pairTiles = []tile{
	{128, 128, 8, 8, 8, 2, 0.80},
	{64, 64, 16, 8, 4, 2, 0.60},
	{64, 64, 16, 4, 4, 2, 0.50},
	{32, 32, 32, 4, 4, 2, 0.35},
}

// crowded is the assumed part of its share that a tile of 8×8 sums a thread keeps with two products: the missing
// registers spill to memory.
const crowded = 0.5

// usablePairs returns the pair tiles that fit a device, or only those that rung names. There may be none.
func usablePairs(rung string, shared, threads int) (fit []tile) {
	for _, t := range pairTiles {
		if t.shared() <= shared && t.threads() <= threads && (rung == "" || t.is(rung)) {
			fit = append(fit, t)
		}
	}
	return fit
}

// A pairing is a pass over kernels between all rows of X and, maybe, of a second X.
type pairing struct {
	tile
	k, l     compute.Similarity // l without X: none
	batch, m int
	sources  int               // products: 1 or 2
	bare     bool              // no product of K.X is needed
	factors  []float32         // of K and of L, and scales
	ins      [bindings]operand // inputs
	defines  []string          // the op's own
}

// pairing returns the pass for k and, if it has an X, second, or nil where nothing can be kept in registers: on the
// naive rung, without a tile, with more factors than there are arguments.
func (l *plan) pairing(k, second compute.Similarity, bare bool, scales ...float32) (*pairing, bool) {
	p := &pairing{k: k, l: second, batch: k.X.Batch(), m: k.X.Rows(), sources: 1}
	twins := k.X == second.X && k.Kernel == second.Kernel // the same products
	if second.X != nil && !twins {
		p.sources = 2
	}
	p.bare = bare && !twins
	p.factors = append(append(factorsOf(k), factorsOf(second)...), scales...)
	if l.naive() || l.byBands || len(l.pairTiles) == 0 || len(p.factors) > 4*len(args{}.Factor) {
		return nil, false
	}
	p.choose(l.planner)
	if p.ins[1] = allRows(k.X); p.sources == 2 {
		p.ins[2] = allRows(second.X)
	}
	return p, true
}

// allRows returns t with all rows bound.
func allRows(t *compute.Tensor) operand {
	o := grid(t, axisRow, axisTerm)
	o.stride[axisTerm], o.reach = 0, t.Cols()-1
	return o
}

// vector returns t, a number for each of widths widths, each member and row, as bound to shaders: whole, for any
// members.
func (p *pairing) vector(t *compute.Tensor, widths int) operand {
	if t == nil {
		return none
	}
	o := operand{mem: memory{buf: t.Buffer()}, off: t.Offset(), reach: (widths - 1) * p.batch * p.m}
	o.stride[axisMember], o.stride[axisRow] = p.m, 1
	return o
}

// factorsOf returns 1/(2σ²) for each width; of a kernel without widths, a number that is not read.
func factorsOf(s compute.Similarity) []float32 {
	f := make([]float32, s.Widths())
	for w := range s.Sigma {
		f[w] = float32(s.Factor(w))
	}
	return f
}

// choose sets the tile of the least time that [planner.predict] has for the tiles on and right of the diagonal.
func (p *pairing) choose(in *planner) {
	terms := p.k.X.Cols()
	if p.sources == 2 {
		terms += p.l.X.Cols()
	}
	best := math.Inf(1)
	for _, t := range in.pairTiles {
		side := (p.m + t.bm - 1) / t.bm
		asIs := t
		if p.sources == 2 && t.tm*t.tn > 32 {
			t.share *= crowded
		}
		if time := in.predict(recipe{tile: t, splits: 1}, float64(p.batch*side*(side+1)/2), 0, int32(terms)); time < best {
			best, p.tile = time, asIs
		}
	}
}

// norms plans the squared norms that p needs.
func (l *plan) norms(p *pairing) {
	of := func(s compute.Similarity, to int) operand {
		if s.Kernel == compute.Linear {
			return none
		}
		l.squares(s.X, to)
		return l.ownLine(to, p.batch, p.m, axisRow)
	}
	if !p.bare {
		p.ins[3] = of(p.k, scratch1)
	}
	if p.sources == 2 {
		p.ins[4] = of(p.l, scratch2)
	}
}

// whole reports whether all inputs of p can be bound at once.
func (l *plan) whole(p *pairing) bool {
	all := box{n: extent{p.k.Widths(), p.batch, p.m, 1, 1}}
	for _, o := range p.ins {
		if o != none {
			if w, _ := l.window(o, all); 4*w.n > l.maxBlock {
				return false
			}
		}
	}
	return true
}

// pass starts a dispatch of p that writes to out and t, for b's members.
func (l *plan) pass(p *pairing, file string, b band, out, t operand) dispatch {
	var ops [bindings]operand
	for i, o := range p.ins {
		ops[i] = o.from(b.z, 0)
	}
	if ops[0] = out.written(); t != none {
		ops[7] = t.written()
	}
	d := l.piece(file, box{n: extent{p.k.Widths(), b.members, p.m, 1, 1}}, ops[:]...)
	a := &d.args
	a.M, a.K, a.Slice, a.Rounds, a.Row0 = int32(p.m), int32(p.k.X.Cols()), 0, int32(p.l.Widths()), int32(b.i)
	a.Wide = int32(p.batch) // vectors and G have that many members, b some of them
	a.Kind, a.Grad = int32(p.k.Kernel), int32(p.l.Kernel)
	if p.bare {
		a.K = 0
	}
	for i, f := range p.factors {
		a.Factor[i/4][i%4] = f
	}
	d.tile(p.tile)
	d.define(true, "SOURCES "+strconv.Itoa(p.sources))
	d.define(d.aligned(1, a.K), "VEC0")
	if p.sources == 2 {
		a.Slice = int32(p.l.X.Cols())
		d.define(d.aligned(2, a.Slice), "VEC1")
		d.define(p.l.Widths() == 1, "ONCE")
	}
	d.define(true, p.defines...)
	return d
}
