package cpu

import "unsafe"

// A kernel computes products tile by tile: tileRows rows and a panel as wide as its width.
type kernel struct{ width int }

// tileRows is how many rows a kernel computes at a time, maxWidth how many columns at most.
const tileRows, maxWidth = 6, 32

// A strand is a part of the sums of a tile: a run of k numbers for each row, and the part of the panel that they
// are multiplied by, its rows from offset on.
type strand struct {
	rows   [tileRows]*float32
	offset int // in bytes
	k      int
}

// A packing is a matrix cut into panels, each of which lies row by row in one run. What the last has beyond
// the matrix's columns is anything: it makes columns that go nowhere.
type packing struct {
	kernel
	rows, cols int
	data       *[]float32 // borrowed
}

// pack packs m, in scratch that is to be given back.
func (k kernel) pack(m matrix) packing {
	p := packing{k, m.rows, m.cols, borrow(m.rows * blocks(m.cols, k.width) * k.width)}
	if m.rows == 0 {
		return p
	}
	parallel(p.panels(), func(i int) {
		panel, n := p.panel(i)
		k.fill(panel, m.part(0, i*k.width, m.rows, n))
	})
	return p
}

// fill makes a panel of m, which is no wider.
func (k kernel) fill(panel []float32, m matrix) {
	if m.transposed {
		transpose(matrix{m.rows, m.cols, k.width, false, panel}, m.t())
		return
	}
	for i := range m.rows {
		copy(panel[i*k.width:][:m.cols], m.row(i))
	}
}

// panels is how many there are.
func (p *packing) panels() int { return blocks(p.cols, p.width) }

// panel is the i-th, and how many of its columns count.
func (p *packing) panel(i int) (data []float32, cols int) {
	return (*p.data)[i*p.rows*p.width:][:p.rows*p.width], min(p.width, p.cols-i*p.width)
}

// A tileOut says where a tile goes: to a panel's columns of so many rows of a matrix. Two may be the same row, if they
// are made of the same strands.
type tileOut [tileRows]*float32

// tile is c ← alpha·(rows of s)·panel, or c plus that, for the i-th panel of p. The numbers of a row lie step
// bytes apart.
func (p *packing) tile(c *tileOut, i int, s []strand, step int, alpha float32, plus bool) {
	panel, cols := p.panel(i)
	p.kernel.tile(c, i*p.width, cols, s, step, panel, alpha, plus)
}

// tile is c ← alpha·(rows of s)·panel, or c plus that, c being the columns from the j-th on. The numbers of a row lie
// step bytes apart.
func (k kernel) tile(c *tileOut, j, cols int, s []strand, step int, panel []float32, alpha float32, plus bool) {
	held := 0 // what c holds does not count
	if plus {
		held = 1
	}
	if cols == k.width {
		k.run((*[tileRows]*float32)(c), 4*j, s, step, panel, alpha, held)
		return
	}
	var edge [tileRows][maxWidth]float32
	var whole [tileRows]*float32
	for i := range whole {
		whole[i] = &edge[i][0]
	}
	k.run(&whole, 0, s, step, panel, alpha, 0)
	for i, row := range c {
		if i > 0 && row == c[0] {
			continue
		}
		dst := unsafe.Slice(row, j+cols)[j:]
		if plus {
			add(dst, dst, edge[i][:cols])
		} else {
			copy(dst, edge[i][:cols])
		}
	}
}
