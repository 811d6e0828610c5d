package cpu

import (
	"runtime"

	"hebb/compute"
)

// A product is a [compute.Gemm] as it is computed: tile by tile of C, each finished by the core
// that multiplied it.
type product struct {
	compute.Gemm
	then           epilogue
	batch, m, n, k int
}

func gemm(g compute.Gemm) {
	p := product{Gemm: g}
	p.batch, p.m, p.n, p.k = g.Dims()
	p.then = epilogue{g.Epilogue, p.m, p.n}
	if p.batch > 1 && g.B.Batch() == 1 && !g.TransA && g.A.Batch() == p.batch {
		p.m, p.batch = p.m*p.batch, 1 // the rows of all A are the rows of one matrix, as are those of C
	}
	if pieces := p.pieces(); pieces > 1 {
		p.split(pieces)
		return
	}
	m := p.multiplication()
	var finish func(tile)
	if !p.then.empty() {
		finish = func(t tile) { p.then.finish(m.c.block(t), t.z*p.m+t.i, t.j) }
	}
	m.multiply(products.fit(p.batch, p.m, p.n), nil, finish)
}

// multiplication is p without what comes then.
func (p *product) multiplication() multiplication {
	a, c := stacked(p.A), stacked(p.C)
	if p.batch == 1 && !p.TransA {
		a.rows = p.m
	}
	c.rows = p.m
	return multiplication{p.batch, p.Alpha, a.tIf(p.TransA), stacked(p.B).tIf(p.TransB), p.Beta, c}
}

// pieceLength is the shortest piece of a sum that is worth a core of its own.
var pieceLength = 1024

// pieceFloats is the most scratch for the pieces.
const pieceFloats = 1 << 22

// pieces is into how many the sums are cut. A small C of long sums, as the gradient of a layer's
// weights is, has too few tiles for all cores.
func (p *product) pieces() int {
	size := p.batch * p.m * p.n
	tiles := p.batch * blocks(p.m, products.least.rows) * blocks(p.n, products.least.cols)
	return min(blocks(2*runtime.GOMAXPROCS(0), tiles), p.k/pieceLength, pieceFloats/size)
}

// split computes the pieces side by side and adds them up in their order.
func (p *product) split(pieces int) {
	size := p.m * p.n
	parts := borrow(pieces * p.batch * size)
	defer giveBack(parts)
	length := blocks(p.k, pieces)
	m := p.multiplication()
	shape{p.m, p.n}.tiles(p.batch*pieces, p.m, p.n, func(t tile) {
		piece := t.z
		a, b := m.a.at(piece/pieces), m.b.at(piece/pieces)
		from := piece % pieces * length
		k := min(length, p.k-from)
		mul(p.Alpha, a.part(0, from, p.m, k), b.part(from, 0, k, p.n), 0, dense(p.m, p.n, (*parts)[piece*size:]))
	})
	shape{1, p.n}.tiles(p.batch, p.m, p.n, func(t tile) {
		c := m.c.block(t)
		row := c.row(0)
		if p.Beta == 0 {
			clear(row)
		} else {
			engine.Sscal(p.n, p.Beta, row, 1)
		}
		for piece := range pieces {
			add(row, row, (*parts)[(t.z*pieces+piece)*size+t.i*p.n:])
		}
		p.then.finish(c, t.z*p.m+t.i, t.j)
	})
}
