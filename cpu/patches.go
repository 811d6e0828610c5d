package cpu

import "hebb/compute"

// A patchUpdate runs a [compute.Hebbian] over patches: with r = Rate/n and T = Mask(YᵀG),
//
//	W ← (1−λ)·W + r·(YᵀX − T·W)
//
// There are far more positions than units, so T is formed. Pieces of the positions make their parts of YᵀX and of YᵀG
// side by side, and these are added up in order. A piece that is all, of Mask None, is added to W itself.
type patchUpdate struct {
	update
	window
	x       []float32
	y, g, w matrix
	pieces  int
	each    int      // positions of a piece
	sums    []matrix // of each piece: YᵀX
	squares []matrix // of each piece: YᵀG, or its diagonal as a row
	then    outcome  // of the sums
}

func hebbianOfPatches(h compute.Hebbian) {
	u := patchUpdate{window: windowOf(h.Geometry()), x: values(h.X)}
	u.Hebbian, u.keep = h, 1-h.Decay
	u.batch, u.units, u.inputs, u.n = h.Dims()
	u.rate = h.Rate / float32(u.n)
	u.y, u.w = dense(u.n, u.units, values(h.Y)), dense(u.units, u.inputs, values(h.W))
	u.cut()
	if u.pieces == 1 && h.Mask == compute.None {
		u.sums, u.then = []matrix{u.w}, u.outcome(0)
		u.sum()
		return
	}
	u.then = outcome{alpha: 1}
	rows := map[compute.Mask]int{compute.None: 0, compute.Diagonal: 1, compute.Lower: u.units, compute.Full: u.units}[h.Mask]
	s := borrow(u.pieces * u.units * (u.inputs + rows))
	defer giveBack(s)
	for i := range u.pieces {
		part := (*s)[i*u.units*(u.inputs+rows):]
		u.sums = append(u.sums, dense(u.units, u.inputs, part))
		u.squares = append(u.squares, dense(rows, u.units, part[u.units*u.inputs:]))
	}
	u.sum()
	if h.Mask != compute.None {
		u.g = dense(u.n, u.units, values(h.G))
	}
	switch h.Mask {
	case compute.Diagonal:
		u.explainAlone()
	case compute.Lower, compute.Full:
		u.explain()
	}
	chunks(u.units*u.inputs, 1<<14, u.finish)
}

// cut chooses the pieces: long enough that adding up their sums is little work beside computing them.
func (u *patchUpdate) cut() {
	most := max(1, pieceFloats/(u.units*u.inputs))
	tiles := blocks(u.units, 4*maxHeight) * blocks(u.inputs, 4*maxWidth)
	u.pieces = max(1, min(blocks(crowd, tiles), most, u.n/pieceLength))
	u.each = blocks(u.n, u.pieces)
	u.pieces = blocks(u.n, u.each)
}

// placesOf returns the range of positions of a piece.
func (u *patchUpdate) placesOf(piece int) (lo, hi int) {
	return piece * u.each, min(u.n, (piece+1)*u.each)
}

// sum computes YᵀX of every piece.
func (u *patchUpdate) sum() {
	k, ok := kernelFor(u.c)
	whole := ok && u.c%k.width == 0 // panels are channels of one pixel
	switch {
	case !ok:
		products.tiles(u.pieces, u.units, u.inputs, u.lowered)
	case u.c < fewChannels, !whole && u.c < 2*fewChannels:
		k, _ = kernelFor(u.units)
		products.tiles(u.pieces, u.inputs, u.units, func(t tile) { u.turned(k, t) })
	default:
		if !whole {
			k, _ = kernelFor(u.inputs)
		}
		tiles := products.fit(u.pieces, u.units, u.inputs)
		tiles.cols = blocks(tiles.cols, k.width) * k.width
		tiles.tiles(u.pieces, u.units, u.inputs, func(t tile) { u.direct(k, t) })
	}
}

// fewChannels is the number of channels below which panels are of units, as pixels would have to be copied for panels; up to
// twice as many, panels are of units unless a pixel's channels fill them.
var fewChannels = 32

// turned computes a tile of the transpose of a piece's sums by the kernel: the inputs are its rows, the units its columns. Of
// some positions at a time, the pixels under their windows are copied once; units are read in place unless panels are partial.
func (u *patchUpdate) turned(k kernel, t tile) {
	lo, hi := u.placesOf(t.z)
	each := min(hi-lo, placesAtOnce, u.q*max(1, patchFloats/(u.r*u.across())))
	s := borrow(each*k.width + t.rows*t.cols + u.opened(each))
	defer giveBack(s)
	packed, sums, lines := (*s)[:each*k.width], dense(t.rows, t.cols, (*s)[each*k.width:]), (*s)[each*k.width+t.rows*t.cols:]
	clear(lines)
	c, then := u.sums[t.z].part(t.j, t.i, t.cols, t.rows), u.then
	if then.keep = then.scale(c); then.keep != 0 {
		transpose(sums, c)
	}
	rows := runs{data: lines, step: u.stride * u.c, starts: make([]int, t.rows)}
	for i := range rows.starts {
		rows.starts[i] = u.inLines(t.i + i)
	}
	yLies, apart := t.cols%k.width == 0, u.units
	if !yLies {
		apart = k.width
	}
	var segments []segment
	for at := lo; at < hi; at += each {
		n := min(each, hi-at)
		more := min(each, hi-at-n)
		then := then.piece(at == lo, more == 0)
		if t.cols == u.units {
			rows.next = aheadOf(&u.y.row(at)[0], n*u.units, more*u.units)
		}
		segments = u.open(lines, u.x, segments[:0], at, n, 4*apart)
		for j := 0; j < t.cols; j += k.width {
			to := sums.part(0, j, t.rows, min(k.width, t.cols-j))
			panel := u.y.part(at, t.j+j, n, to.cols)
			if !yLies {
				k.fill(packed, panel)
				panel.data = packed
			}
			k.rows(then, &rows, segments, panel.data, 4*apart, to)
		}
	}
	transpose(c, sums)
}

// lowered computes a tile of a piece's sums by storing the patches of a block of positions.
func (u *patchUpdate) lowered(t tile) {
	lo, hi := u.placesOf(t.z)
	each := min(hi-lo, max(16, patchFloats/t.cols))
	s := borrow(each * t.cols)
	defer giveBack(s)
	for at := lo; at < hi; at += each {
		x := dense(min(each, hi-at), t.cols, *s)
		u.columns(x, u.x, at, t.j)
		then := u.then.piece(at == lo, at+each >= hi)
		then.mul(u.y.part(at, t.i, x.rows, t.rows).t(), x, u.sums[t.z].part(t.i, t.j, t.rows, t.cols))
	}
}

// placesAtOnce is the number of positions that the kernel adds up at a time: a panel of that many stays in the first
// level of cache.
var placesAtOnce = 256

// oneSet is the distance at which numbers share a set of the first level of cache, which holds a dozen of them.
const oneSet = 1 << 10

// xLies reports whether pixels are read where they lie as panels: if a panel is channels of one pixel, the cache can hold it,
// and no pixels are left out, unless several places in the window see the others.
func (u *patchUpdate) xLies(k kernel) bool {
	return u.c%k.width == 0 && (u.stride == 1 && u.c < oneSet || u.r*u.s > 1 && u.stride*u.c < oneSet/2)
}

// direct computes a tile of a piece's sums by the kernel: the units are its rows, the inputs its columns. Pixels are read in
// place where that gains, units if few panels would gain by packing. What the next positions take is asked for.
func (u *patchUpdate) direct(k kernel, t tile) {
	lo, hi := u.placesOf(t.z)
	each := min(hi-lo, placesAtOnce)
	s := borrow(each*k.width + blocks(t.rows, k.height)*k.apart(each))
	defer giveBack(s)
	panel, apart := (*s)[:each*k.width], 4*k.width
	xLies, yLies := u.xLies(k), k.columnsLie(each, u.units, t.cols)
	if xLies {
		panel, apart = u.x, 4*u.stride*u.c
	}
	var segments []segment
	for at := lo; at < hi; at += each {
		n := min(each, hi-at)
		more := min(each, hi-at-n)
		then := u.then.piece(at == lo, more == 0)
		y := k.runsOf(u.y.part(at, t.i, n, t.rows).t(), yLies, (*s)[each*k.width:])
		if t.rows == u.units {
			y.next = aheadOf(&u.y.row(at)[0], n*u.units, more*u.units)
		}
		pixels := u.fresh(u.x, at+n, more)
		for j := t.j; j < t.j+t.cols; j += k.width {
			if y.next.lines == 0 {
				y.next, pixels.lines = pixels, 0
			}
			to := u.sums[t.z].part(t.i, j, t.rows, min(k.width, t.j+t.cols-j))
			if xLies {
				segments = u.seen(segments[:0], at, n, j, 4*y.step, apart)
			} else {
				u.columns(matrix{n, to.cols, k.width, false, panel}, u.x, at, j)
				segments = append(segments[:0], segment{k: n})
			}
			k.rows(then, &y, segments, panel, apart, to)
		}
	}
}

// explainAlone is explain of the diagonal of T, which alone is formed.
func (u *patchUpdate) explainAlone() {
	parallel(u.pieces, func(i int) {
		lo, hi := u.placesOf(i)
		d := u.squares[i].row(0)
		clear(d)
		s := borrow(u.units)
		defer giveBack(s)
		for b := lo; b < hi; b++ {
			times(*s, u.y.row(b), u.g.row(b))
			add(d, d, *s)
		}
	})
	t := u.squares[0].row(0)
	for _, more := range u.squares[1:] {
		add(t, t, more.row(0))
	}
	chunks(u.units, max(1, 1<<14/u.inputs), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			plus(u.sums[0].row(i), u.w.row(i), -t[i])
		}
	})
}

// explain subtracts T·W from the first piece's sums.
func (u *patchUpdate) explain() {
	parallel(u.pieces, func(i int) {
		lo, hi := u.placesOf(i)
		mul(1, u.y.part(lo, 0, hi-lo, u.units).t(), u.g.part(lo, 0, hi-lo, u.units), 0, u.squares[i])
	})
	t := u.squares[0]
	for _, more := range u.squares[1:] {
		add(t.data, t.data, more.data)
	}
	for i := range u.units {
		for j := range u.units {
			if !u.Mask.Keeps(i, j) {
				t.row(i)[j] = 0
			}
		}
	}
	products.tiles(1, u.units, u.inputs, func(b tile) {
		mul(-1, t.part(b.i, 0, b.rows, u.units), u.w.part(0, b.j, u.units, b.cols), 1, u.sums[0].part(b.i, b.j, b.rows, b.cols))
	})
}

// finish computes new weights, from the lo-th on, from the sums.
func (u *patchUpdate) finish(lo, hi int) {
	sum, w := u.sums[0].data[lo:hi], u.w.data[lo:hi]
	for _, more := range u.sums[1:] {
		add(sum, sum, more.data[lo:hi])
	}
	o := u.outcome(0)
	if u.Keeps() {
		for j := range w {
			w[j] = float32(o.keep*w[j]) + float32(o.alpha*sum[j])
		}
	} else {
		for j := range w {
			w[j] = o.alpha * sum[j]
		}
	}
	o.clip(dense(1, hi-lo, w))
}
