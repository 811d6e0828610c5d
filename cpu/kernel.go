package cpu

import "unsafe"

// A kernel computes products tile by tile: so many rows, or fewer, and a panel as wide as its width.
type kernel struct{ width, height int }

// maxHeight and maxWidth are the most rows and columns that a kernel computes at a time.
const maxHeight, maxWidth = 12, 32

// A segment is a part of the sums of a tile: a run of k numbers for each row, and the part of the panel to multiply them
// by, its rows from offset on.
type segment struct {
	rows   [maxHeight]*float32 // those that a tile does not have repeat the first
	offset int                 // in bytes
	k      int
}

// A packing is a matrix cut into panels, each stored row by row in one run. The last one's columns beyond the matrix
// hold anything: their results are discarded.
type packing struct {
	kernel
	rows, cols int
	data       *[]float32 // borrowed
}

// pack packs m, in scratch that the caller gives back.
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

// fill packs a panel of m, which is no wider.
func (k kernel) fill(panel []float32, m matrix) {
	if m.transposed {
		transpose(matrix{m.rows, m.cols, k.width, false, panel}, m.t())
		return
	}
	if m.cols == maxWidth { // most panels, and a copy that calls nothing
		for i := range m.rows {
			*(*[maxWidth]float32)(panel[i*maxWidth:]) = *(*[maxWidth]float32)(m.row(i))
		}
		return
	}
	for i := range m.rows {
		copy(panel[i*k.width:][:m.cols], m.row(i))
	}
}

// panels returns the number of panels.
func (p *packing) panels() int { return blocks(p.cols, p.width) }

// panel returns the i-th panel and the number of its valid columns.
func (p *packing) panel(i int) (data []float32, cols int) {
	return (*p.data)[i*p.rows*p.width:][:p.rows*p.width], min(p.width, p.cols-i*p.width)
}

// A tileOut is the destination of a tile: pointers to rows of a matrix, at a panel's columns. Two may be the same row,
// if they are made of the same segments.
type tileOut [maxHeight]*float32

// tile is c ← alpha·(rows of s)·panel or, with plus, c plus that, for the i-th panel of p. The numbers of a row lie
// step bytes apart.
func (p *packing) tile(c *tileOut, rows, i int, s []segment, step int, alpha float32, plus bool) {
	panel, cols := p.panel(i)
	p.kernel.tile(c, rows, i*p.width, cols, s, step, panel, 4*p.width, alpha, plus)
}

// tile is c ← alpha·(rows of s)·panel or, with plus, c plus that, c being so many rows and columns from the j-th on. The
// numbers of a row lie step bytes apart, the rows of the panel apart bytes.
func (k kernel) tile(c *tileOut, rows, j, cols int, s []segment, step int, panel []float32, apart int, alpha float32, plus bool) {
	held := 0 // the old contents of c do not count
	if plus {
		held = 1
	}
	if cols == k.width || k.masks() {
		k.run((*[maxHeight]*float32)(c), 4*j, rows, cols, s, step, panel, apart, alpha, held)
		return
	}
	var edge [maxHeight][maxWidth]float32
	var whole [maxHeight]*float32
	for i := range whole {
		whole[i] = &edge[i][0]
	}
	k.run(&whole, 0, rows, k.width, s, step, panel, apart, alpha, 0)
	for i, row := range c[:rows] {
		dst := unsafe.Slice(row, j+cols)[j:]
		if plus {
			add(dst, dst, edge[i][:cols])
		} else {
			copy(dst, edge[i][:cols])
		}
	}
}
