package gpu

import "hebb/compute"

// lessSums is DX + P·X less the sums of P's rows times the rows of X.
var lessSums = compute.Pointwise(compute.Sub(compute.Old(), compute.Mul(compute.Var(0), compute.Var(1))))

// pullTiles plans g as p, or nothing if a binding is too small for it. P is symmetric, so of each band only the square
// at the diagonal and all right of it is made: it is multiplied by the rows of X across and, transposed, by those down.
// So half of P is written once and read twice, and no kernel is written at all.
func (l *plan) pullTiles(g compute.KernelGrad, p *pairing) bool {
	widths, batch, m, d := g.Dims()
	p.ins[5], p.ins[6] = p.vector(g.R, widths), p.vector(g.G, 1)
	if g.G != nil {
		p.ins[6].ld, p.ins[6].reach = m, (widths*batch-batch+1)*m*m-m
		p.ins[6].stride[axisMember] = m * m
	}
	bands, ok := l.corners(p)
	if !ok || !l.whole(p) {
		return false
	}
	if g.L.X != nil {
		p.defines = append(p.defines, "CROSS")
	}
	p.defines = append(p.defines, "OUTS 1")
	l.norms(p)
	for _, b := range bands {
		l.corner(g, p, b)
	}
	if g.K.Kernel == compute.Gaussian {
		sums := l.ownLine(scratchRows, batch, m, axisRow)
		sums.ld = 1
		l.apply(lessSums, extent{1, batch, m, d, 1},
			[]operand{grid(g.DX, axisRow, axisCol), grid(g.K.X, axisRow, axisCol), sums})
	}
	return true
}

// corners returns the bands of P: of some members the whole or, of one, some rows from their square on rightwards, so
// that they become higher from the first to the last. ok is false if even a row of tiles is larger than a binding.
func (l *plan) corners(p *pairing) (all []band, ok bool) {
	most := l.room(p.k)
	if each := p.m * fours(p.m); each <= most {
		members := min(p.batch, most/each)
		for z := 0; z < p.batch; z += members {
			all = append(all, band{z, min(members, p.batch-z), 0, p.m})
		}
	} else {
		for z := range p.batch {
			for i := 0; i < p.m; i += all[len(all)-1].rows {
				rows := max(1, most/fours(p.m-i)/p.bm) * p.bm
				all = append(all, band{z, 1, i, min(rows, p.m-i)})
			}
		}
	}
	for _, b := range all {
		if c := p.corner(b); 4*b.members*max(c.floats(), c.sums()) > l.maxBlock {
			return nil, false
		}
	}
	return all, true
}

// fours rounds n up to whole vec4s.
func fours(n int) int { return (n + 3) / 4 * 4 }

// A corner is the layout of a band of P: rows × cols numbers, of high × wide tiles, in rows of ld; and the sums of the
// band's rows in each tile across, high·side for each, and then the sums of the columns beyond the band in each tile
// down.
type corner struct{ rows, cols, ld, high, wide, side int }

func (p *pairing) corner(b band) corner {
	tiles := func(n int) int { return (n + p.bm - 1) / p.bm }
	cols := p.m - b.i
	return corner{b.rows, cols, fours(cols), tiles(b.rows), tiles(cols), p.bm}
}

func (c corner) floats() int { return c.rows * c.ld }
func (c corner) across() int { return c.wide * c.high * c.side }
func (c corner) sums() int   { return c.across() + c.high*(c.wide-c.high)*c.side }

// corner plans a band of P, and its terms of DX and of the sums of P's rows.
func (l *plan) corner(g compute.KernelGrad, p *pairing, b band) {
	c := p.corner(b)
	l.scratch[scratchP] = max(l.scratch[scratchP], b.members*c.floats())
	of := operand{mem: memory{scratch: scratchP + 1}, ld: c.ld, reach: c.floats() - 1}
	of.stride[axisMember] = c.floats()
	sums := none
	if g.K.Kernel == compute.Gaussian {
		l.scratch[scratchTiles] = max(l.scratch[scratchTiles], b.members*c.sums())
		sums = operand{mem: memory{scratch: scratchTiles + 1}, ld: c.high * c.side, reach: c.sums() - 1}
		sums.stride[axisMember] = c.sums()
	}
	d := l.pass(p, "kernelgrad", b, of, sums)
	d.args.N, d.args.Lanes = int32(b.rows), int32(c.wide)
	d.args.Alpha, d.args.Beta = g.Self, g.Cross
	l.launch(d, c.high*c.wide, 1, b.members)
	if sums != none {
		l.sumCorner(p, b, sums)
	}
	l.pullCorner(g, b, of, c)
}

// sumCorner adds the sums of a band's tiles to the sums of P's rows.
func (l *plan) sumCorner(p *pairing, b band, of operand) {
	c := p.corner(b)
	add := func(from, ld, tiles, row, rows int) {
		f := fold{kind: "SUM", formula: itself, size: extent{1, b.members, rows, 1, tiles}, columns: true}
		f.in[1] = operand{mem: of.mem, off: from, ld: ld, stride: extent{axisMember: c.sums(), axisTerm: ld, axisRow: 1}}
		f.out[0] = l.ownLine(scratchRows, p.batch, p.m, axisRow).from(b.z, row).written()
		f.complete = func(d *dispatch, _ box) { d.args.Alpha, d.args.Beta = 1, b.later() }
		l.fold(f)
	}
	add(0, of.ld, c.wide, b.i, b.rows)
	if c.rows < c.cols {
		add(c.across(), (c.wide-c.high)*c.side, c.high, b.i+b.rows, c.cols-c.rows)
	}
}

// later returns Beta for sums that earlier bands of the same members began: 1 if there are any, else 0.
func (b band) later() float32 {
	if b.i > 0 {
		return 1
	}
	return 0
}

// pullCorner adds a band of P times X, and the part beyond its square, transposed, times X, to DX.
func (l *plan) pullCorner(g compute.KernelGrad, b band, of operand, c corner) {
	d := g.DX.Cols()
	x := right(g.K.X, false)
	w := product{
		file: "gemm", pass: "GEMM", alpha: 1, beta: b.later(),
		size: extent{1, b.members, c.rows, d, c.cols},
		out:  grid(g.DX, axisRow, axisCol).from(b.z, b.i),
		a:    operand{mem: of.mem, ld: c.ld, stride: extent{axisMember: c.floats(), axisRow: c.ld, axisTerm: 1}},
		b:    x,
	}
	w.b.off = x.start(extent{axisMember: b.z, axisTerm: b.i})
	l.product(w)
	if c.rows == c.cols {
		return
	}
	w.size, w.transA = extent{1, 1, c.cols - c.rows, d, c.rows}, true
	w.out = grid(g.DX, axisRow, axisCol).from(b.z, b.i+b.rows)
	w.a.off, w.a.stride = c.rows, extent{axisRow: 1, axisTerm: c.ld}
	l.product(w)
}
