package gpu

import "hebb/compute"

// A winograd is a convolution that may use Winograd's F(2×2, 3×3): see compute.Winograd and shaders/winograd.glsl. The
// 16 products of all its tiles are a batch of matrix products, of tiles × channels and channels × units.
type winograd struct {
	tiling
	out, in, aux *compute.Tensor // images
	w            *compute.Tensor
	pad          int  // rows and columns of zeros before the first of in's images
	back         bool // towards a convolution's input: weights are rotated, and their units are the terms
}

// A tiling is the sizes of a winograd. The zero tiling stands for none.
type tiling struct {
	images, tiles int // the number of tiles in an image
	from, to      int // input and output channels
	piece         int // images at a time
}

// tileMembers is the number of products of a tile, for one unit and channel.
const tileMembers = 16

// mostTransformed is the largest number of transformed pixels, or sums, kept at a time: 256 MiB.
const mostTransformed = 1 << 26

// transformable returns v if l admits it for images under a window of geometry g, and if its memory can be bound, cut
// into pieces of whole images where need be; or nil.
func (p *planner) transformable(v winograd, l compute.Leeway, g compute.Patches) *winograd {
	if !l.AllowsWinograd(g) || at(v.in).half || at(v.w).half { // the transforms read float32s
		return nil
	}
	n, high, wide := v.out.Shape()[0], v.out.Shape()[1], v.out.Shape()[2]
	v.tiling = tiling{images: n, tiles: (high + 1) / 2 * ((wide + 1) / 2), from: v.in.Cols(), to: v.out.Cols()}
	limit := p.maxBlock / 4
	room := limit - p.align - 4 // operands may start off a window's alignment
	most := min(room/(max(v.in.Len(), v.out.Len())/n), min(limit, mostTransformed)/(tileMembers*v.tiles*max(v.from, v.to)))
	if most == 0 || v.w.Len() > room || tileMembers*v.from*v.to > limit {
		return nil
	}
	v.piece = groups(int32(n), groups(int32(n), most)) // pieces of equal size
	return &v
}

// guessTiled returns all ways to run v's products, with the predicted time of the whole: the transforms' results move
// through memory, and each pass waits for the one before.
func (p *planner) guessTiled(v tiling) []guess {
	all := p.guess(tileMembers, int32(v.piece*v.tiles), int32(v.to), int32(v.from))
	pieces := float64(groups(int32(v.images), v.piece))
	moved := float64(tileMembers * (v.images*v.tiles*(v.from+v.to) + v.from*v.to))
	for i := range all {
		all[i].winograd = true
		all[i].time = pieces*(all[i].time+3*costPass) + costPartial*moved
	}
	return all
}

// slabs returns images, or weights, as n numbers for each step along rows, which are not cut.
func slabs(t *compute.Tensor, n int) operand {
	if t == nil {
		return none
	}
	o := line(t, axisRow, t.Len()).table(axisRow, n)
	o.ld = t.Cols()
	return o
}

// members returns o, in the backend's own memory, with its members alone.
func members(o operand) operand {
	n, ld := o.stride[axisMember], o.ld
	o = o.table(axisMember, n)
	o.ld = ld
	return o
}

// transformed plans w, the convolution w.fast, by transforms and their products by recipe r.
func (l *plan) transformed(w product, r recipe) {
	v, units, channels := w.fast, w.fast.w.Shape()[0], w.fast.w.Cols()
	p := product{file: "gemm", pass: "GEMM", alpha: 1, transB: !v.back, by: &r}
	unit, channel := axisCol, axisTerm
	if v.back {
		unit, channel = axisTerm, axisCol
	}
	p.b = l.own(scratchWeights, tileMembers, units, channels, unit, channel)
	d := l.piece("winogradweights", box{n: extent{1, tileMembers, units, channels, 1}}, members(p.b).written(), slabs(v.w, 9*channels))
	d.define(v.back, "TURNED")
	l.launchCells(d, d.vectors(d.args.N, 0))
	for at := 0; at < v.images; at += v.piece {
		b := box{at: extent{axisRow: at}, n: extent{1, tileMembers, min(v.piece, v.images-at), v.from, 1}}
		tiles := b.n[axisRow] * v.tiles
		p.size = extent{1, tileMembers, tiles, v.to, v.from}
		p.a = l.own(scratchImages, tileMembers, tiles, v.from, axisRow, axisTerm)
		p.out = l.own(scratchSums, tileMembers, tiles, v.to, axisRow, axisCol)
		d := l.piece("winogradimages", b, members(p.a).written(), slabs(v.in, v.in.Len()/v.images))
		v.show(&d, tiles)
		l.launchCells(d, d.vectors(d.args.N, 0))
		l.product(p)
		l.sumTiles(w, b, p.out, tiles)
	}
}

// sumTiles plans the transform of the products of a box of images.
func (l *plan) sumTiles(w product, b box, sums operand, tiles int) {
	v, image := w.fast, w.fast.out.Len()/w.fast.images
	b.n[axisCol] = v.to
	w.out, w.ins[1] = slabs(v.out, image), slabs(v.aux, image)
	d := l.piece("winogradsums", b, w.out.written(), members(sums), none, w.ins[0], w.ins[1])
	d.scalars(w, b)
	v.show(&d, tiles)
	d.define(true, w.finish...)
	l.launchCells(d, d.finishes(w))
}

// show sets the shaders' arguments of a piece of tiles tiles.
func (v *winograd) show(d *dispatch, tiles int) {
	in, out := v.in.Shape(), v.out.Shape()
	d.args.M = int32(tiles)
	d.args.Image = [4]int32{int32(in[1]), int32(in[2]), int32(out[1]), int32(out[2])}
	d.args.Slide[3] = int32(v.pad)
}

// launchCells appends d to the plan, with a thread for each cell of its rows and columns.
func (l *plan) launchCells(d dispatch, fours bool) {
	width := 1
	if fours && !l.naive() {
		d.define(true, "VEC")
		width = 4
	}
	x, y := d.rows(width)
	l.launch(d, x, y, 1)
}
