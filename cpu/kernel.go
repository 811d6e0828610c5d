package cpu

import "unsafe"

// A kernel computes products tile by tile: so many rows, or fewer, and a panel as wide as its width.
type kernel struct{ width, height int }

// maxHeight and maxWidth are the most rows and columns that a kernel computes at a time.
const maxHeight, maxWidth = 12, 32

// A tileIn is the rows of a tile: pointers to their starts, and the segments that are summed, with numbers step bytes
// apart. Rows beyond count stand for the first. Next is prefetched meanwhile, by kernels that can.
type tileIn struct {
	rows     [maxHeight]*float32
	count    int
	columns  bool // each row begins with the number after the one before's: they are columns of a matrix
	segments []segment
	step     int
	next     ahead
}

// An ahead is a number of cache lines to prefetch, from the address at on. To prefetch memory that is not there does no harm.
type ahead struct {
	at    uintptr
	lines int
}

// aheadOf is the lines of count numbers that begin n after p.
func aheadOf(p *float32, n, count int) ahead {
	return ahead{uintptr(unsafe.Pointer(p)) + uintptr(4*n), blocks(count, cacheLine)}
}

// take removes the first n lines, if there are as many.
func (a *ahead) take(n int) ahead {
	part := ahead{a.at, min(n, a.lines)}
	a.at += uintptr(4 * cacheLine * part.lines)
	a.lines -= part.lines
	return part
}

// A segment is a part of the sums of a tile: a run of k numbers of each row, from at bytes after its start on, and the
// part of the panel to multiply them by, its rows from offset bytes on.
type segment struct{ at, offset, k int }

// A packing is a matrix cut into panels, each stored row by row in one run. The last one's columns beyond the matrix
// hold anything: their results are discarded.
type packing struct {
	kernel
	rows, cols int
	data       *[]float32 // borrowed
}

// pack packs a matrix of which fill gives columns, in scratch that the caller gives back.
func (k kernel) pack(rows, cols int, fill func(dst matrix, j int)) packing {
	p := packing{k, rows, cols, borrow(rows * blocks(cols, k.width) * k.width)}
	parallel(p.panels(), func(i int) {
		panel, n := p.panel(i)
		fill(matrix{rows, n, k.width, false, panel}, i*k.width)
	})
	return p
}

// fill packs a panel of m, which is no wider.
func (k kernel) fill(panel []float32, m matrix) {
	if m.transposed {
		transpose(matrix{m.rows, m.cols, k.width, false, panel}, m.t())
		return
	}
	copyRows(matrix{m.rows, m.cols, k.width, false, panel}, m)
}

// panels returns the number of panels.
func (p *packing) panels() int { return blocks(p.cols, p.width) }

// panel returns the i-th panel and the number of its valid columns.
func (p *packing) panel(i int) (data []float32, cols int) {
	return (*p.data)[i*p.rows*p.width:][:p.rows*p.width], min(p.width, p.cols-i*p.width)
}

// A tileOut is the destination of a tile: pointers to rows of a matrix, at a panel's columns, and what becomes of them. Rows
// beyond the count of its tileIn stand for the first.
type tileOut struct {
	rows   [maxHeight]*float32
	keep   [maxHeight]float32 // factors of the rows' old numbers, for keeps
	lo, hi float32            // bounds of the results, for clips
}

// Endings say which parts of c ← clip(keep·c + α·in·panel) are done.
const (
	keeps = 1 << iota // the old numbers are added, times keep
	clips             // the results are put between lo and hi
)

// tile does the i-th panel of p.
func (p *packing) tile(c *tileOut, i int, in *tileIn, alpha float32, endings int) {
	panel, cols := p.panel(i)
	p.kernel.tile(c, i*p.width, cols, in, panel, 4*p.width, alpha, endings)
}

// tile is c ← clip(keep·c + alpha·in·panel), or what endings leave of that, c being the columns from the j-th on. The
// rows of the panel lie apart bytes apart.
func (k kernel) tile(c *tileOut, j, cols int, in *tileIn, panel []float32, apart int, alpha float32, endings int) {
	if cols == k.width || k.masks() {
		k.run(c, 4*j, cols, in, panel, apart, alpha, endings)
		return
	}
	var edge [maxHeight][maxWidth]float32
	all := *c
	for i := range all.rows {
		all.rows[i] = &edge[i][0]
	}
	if endings&keeps != 0 {
		for i, row := range c.rows[:in.count] {
			copy(edge[i][:cols], unsafe.Slice(row, j+cols)[j:])
		}
	}
	k.run(&all, 0, k.width, in, panel, apart, alpha, endings)
	for i, row := range c.rows[:in.count] {
		copy(unsafe.Slice(row, j+cols)[j:], edge[i][:cols])
	}
}
