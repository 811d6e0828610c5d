package cpu

import "hebb/compute"

// A product computes a [compute.Gemm] by tiles of C; the core that multiplied a tile also applies its epilogue.
type product struct {
	compute.Gemm
	then           epilogue
	batch, m, n, k int
}

func newProduct(g compute.Gemm) (p product) {
	p.Gemm = g
	p.batch, p.m, p.n, p.k = g.Dims()
	p.then = epilogue{g.Epilogue, p.m, p.n}
	return p
}

func gemm(g compute.Gemm) {
	p := newProduct(g)
	if small(p.m, p.n, p.k) || p.Used != nil && p.byMembers() {
		p.eachAlone()
		return
	}
	if pieces := p.pieces(); pieces > 1 {
		q := p // p itself does not escape
		q.split(pieces)
		return
	}
	tiles := p.fit()
	m := p.multiplication()
	m.then = p.then
	m.multiply(tiles)
}

// fit returns the shape of the tiles of C. If one B serves the whole batch, all of A is one matrix, and all of C: where the
// bits are the same, fit turns p into that one product.
func (p *product) fit() shape {
	if p.batch > 1 && p.B.Batch() == 1 && !p.TransA && p.A.Batch() > 1 && steady() {
		p.m, p.batch = p.m*p.batch, 1
	}
	return products.fit(p.batch, p.m, p.n)
}

// multiplication returns p without its epilogue.
func (p *product) multiplication() multiplication {
	a, c := stacked(p.A), stacked(p.C)
	if p.batch == 1 && !p.TransA {
		a.rows = p.m
	}
	c.rows = p.m
	return multiplication{
		batch: p.batch, a: a.tIf(p.TransA), b: stacked(p.B).tIf(p.TransB), c: c,
		outcome: outcome{alpha: p.Alpha, keep: p.Beta},
	}
}

// pieceLength is the least number of terms for which a piece of a sum is worth a core of its own.
var pieceLength = 1024

// pieceFloats bounds the scratch for the pieces of a member.
const pieceFloats = 1 << 22

// crowd is the number of tiles and pieces that give all cores work. It is not the number of cores: where a sum is cut decides its
// last bits, and these are the same on any number of cores.
const crowd = 32

// pieces returns the number of pieces into which each sum is cut. A small C of long sums, such as the gradient of a
// layer's weights, has too few tiles for all cores. A member of a batch is cut as if it were alone.
func (p *product) pieces() int {
	size := p.m * p.n
	tiles := blocks(p.m, products.least.rows) * blocks(p.n, products.least.cols)
	return min(blocks(crowd, tiles), p.k/pieceLength, pieceFloats/size)
}

// split computes the pieces in parallel, for some members at a time, and adds them up in order.
func (p *product) split(pieces int) {
	size := p.m * p.n
	atOnce := min(p.batch, max(1, pieceFloats/(pieces*size)))
	parts := borrow(atOnce * pieces * size)
	defer giveBack(parts)
	m := p.multiplication()
	defer m.settle()()
	for z := 0; z < p.batch; z += atOnce {
		p.splitMembers(m, z, min(atOnce, p.batch-z), pieces, *parts)
	}
}

// splitMembers does members first … first+count of split.
func (p *product) splitMembers(m multiplication, first, count, pieces int, parts []float32) {
	size, length := p.m*p.n, blocks(p.k, pieces)
	shape{p.m, p.n}.tiles(count*pieces, p.m, p.n, func(t tile) {
		piece := t.z
		a, b := m.a.at(first+piece/pieces), m.b.at(first+piece/pieces)
		from := piece % pieces * length
		k := min(length, p.k-from)
		mul(p.Alpha, a.part(0, from, p.m, k), b.part(from, 0, k, p.n), 0, dense(p.m, p.n, parts[piece*size:]))
	})
	shape{1, p.n}.tiles(count, p.m, p.n, func(t tile) {
		z := first + t.z
		c := m.c.at(z).part(t.i, t.j, t.rows, t.cols)
		row := c.row(0)
		if p.Beta == 0 {
			clear(row)
		} else {
			engine.Sscal(p.n, p.Beta, row, 1)
		}
		for piece := range pieces {
			add(row, row, parts[(t.z*pieces+piece)*size+t.i*p.n:])
		}
		p.then.finish(c, z*p.m+t.i, t.j)
	})
}
