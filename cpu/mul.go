package cpu

import (
	"unsafe"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

var engine blas.Float32 = gonum.Implementation{}

func driver() string {
	s := "gonum" + version("gonum.org/v1/gonum") + ", pure Go"
	if vector > scalar {
		s += " and " + vector.String() + " kernels"
	}
	return s
}

// products sets the tiles of products.
var products = grain{shape{480, 768}, shape{24, 96}}

// chunk is the largest product given to gonum: one of three of its blocks of 64×64. For larger ones it starts
// goroutines and multiplies 64×64×64 at a time, for which its loops, over a row of 64, are too short: 14 GFLOP/s a core
// where 64×192 reaches 21.
var chunk = struct{ rows, cols, k int }{64, 192, 256}

// An outcome is what becomes of C in a product: C ← clip(keep·C + α·A·B), with bounds lo and hi unless both are 0. Where keep is 0, C
// is not read. If keeps is not nil, it is the factor of each row of C instead.
type outcome struct {
	alpha, keep float32
	keeps       []float32
	lo, hi      float32
}

func (o *outcome) bounded() bool { return o.lo != 0 || o.hi != 0 }

// scale multiplies C by its factors, unless these are 0 or 1, and returns the β that is left for the product: 0 or 1.
func (o *outcome) scale(c matrix) (beta float32) {
	for i := range c.rows {
		f := o.keep
		if o.keeps != nil {
			f = o.keeps[i]
		} else if f == 0 || f == 1 {
			return f
		}
		scale(c.row(i), c.row(i), f)
	}
	return 1
}

// clip puts the numbers of C within the bounds.
func (o *outcome) clip(c matrix) {
	if !o.bounded() {
		return
	}
	var lo, hi [256]float32
	fill(lo[:], o.lo)
	fill(hi[:], o.hi)
	for j := 0; j < c.cols; j += len(lo) {
		for i := range c.rows {
			part := c.row(i)[j:min(j+len(lo), c.cols)]
			larger(part, part, lo[:])
			smaller(part, part, hi[:])
		}
	}
}

// mul is C ← α·A·B + β·C on one core, C not being transposed. Where β is 0, C is not read.
func mul(alpha float32, a, b matrix, beta float32, c matrix) {
	outcome{alpha: alpha, keep: beta}.mul(a, b, c)
}

// mul is C ← clip(keep·C + α·A·B) on one core, C not being transposed. Where the processor has
// a [kernel] it is five times as fast as gonum, whose own vector code goes through a row of C at a time.
//
// gonum's Sgemm adds multiples of B's rows to C's (N·N, T·N), takes dot products of rows (N·T), or
// walks down B's columns (T·T), which is many times slower: there, and where rows are too short to
// add up and long enough to multiply, an operand is transposed first.
func (o outcome) mul(a, b, c matrix) {
	if k, ok := kernelFor(c.cols); ok {
		k.mul(o, a, b, c)
		return
	}
	beta := o.scale(c)
	wide := blocks(c.cols, blocks(c.cols, chunk.cols))
	for p := 0; p < a.cols; p += chunk.k {
		k := min(chunk.k, a.cols-p)
		for j := 0; j < c.cols; j += wide {
			cols := min(wide, c.cols-j)
			for i := 0; i < c.rows; i += chunk.rows {
				rows := min(chunk.rows, c.rows-i)
				block(o.alpha, a.part(i, p, rows, k), b.part(p, j, k, cols), beta, c.part(i, j, rows, cols))
			}
		}
		beta = 1
	}
	o.clip(c)
}

// steady reports whether mul makes each element the same bits in all tiles: a kernel adds up each sum by itself, in one order.
// How gonum does depends on the columns of a tile.
func steady() bool { return vector > scalar }

// settle moves each B to where one alone would lie, until done is called. Where mul is not steady and B is transposed,
// gonum takes dot products of rows, and each begins with what comes before the next multiple of 16 bytes.
func (m *multiplication) settle() (done func()) {
	const line = 4
	from := m.b
	if steady() || !from.transposed || (uintptr(unsafe.Pointer(&from.data[0]))/4|uintptr(from.step))%line == 0 {
		return func() {}
	}
	size, count := from.rows*from.cols, 1
	if from.step > 0 {
		count, m.b.step = m.batch, blocks(size, line)*line
	}
	s := borrow(count * blocks(size, line) * line)
	m.b.data = *s
	to := m.b
	chunks(count, max(1, 1<<16/size), func(lo, hi int) {
		for z := lo; z < hi; z++ {
			copy(to.at(z).data, from.at(z).data[:size])
		}
	})
	return func() { giveBack(s) }
}

// multiply computes m by tiles of s, on all cores unless there is little work.
func (m *multiplication) multiply(s shape) {
	defer m.settle()()
	if work := m.c.rows * m.c.cols * m.a.cols; m.batch*work > 2*alone {
		all := *m // m itself does not escape
		s.tiles(m.batch, m.c.rows, m.c.cols, all.tile)
		return
	}
	for k := range m.batch * blocks(m.c.rows, s.rows) * blocks(m.c.cols, s.cols) {
		m.tile(s.tile(k, m.c.rows, m.c.cols))
	}
}

// block is mul for products that gonum does in one go.
func block(alpha float32, a, b matrix, beta float32, c matrix) {
	if c.cols < 64 && a.cols >= 64 && !b.transposed {
		s := borrow(b.rows * b.cols)
		defer giveBack(s)
		b = repack(b, *s)
	}
	if a.transposed && b.transposed {
		s := borrow(a.rows * a.cols)
		defer giveBack(s)
		a = repack(a, *s)
	}
	if b.transposed && !a.transposed && (b.stride%lane != 0 || unaligned(b.data) != 0) {
		s := borrow(b.cols*blocks(b.rows, lane)*lane + lane)
		defer giveBack(s)
		b = aligned(b, *s)
	}
	sgemm(alpha, a, b, beta, c)
}

// lane is the number of floats that gonum's dot product takes at a time, from the first aligned one: its bits depend on
// the alignment of the second factor, and a member of a batch must have the bits that it has alone.
const lane = 4

// unaligned returns how many numbers of x precede the first aligned one.
func unaligned(x []float32) int {
	return int(-uintptr(unsafe.Pointer(unsafe.SliceData(x))) / 4 % lane)
}

// aligned returns m, which is transposed, with each of its rows in memory aligned, in s.
func aligned(m matrix, s []float32) matrix {
	d := matrix{m.rows, m.cols, blocks(m.rows, lane) * lane, true, s[unaligned(s):]}
	for i := range m.cols {
		copy(d.t().row(i), m.t().row(i))
	}
	return d
}

// repack returns m with its other dimension contiguous, in s.
func repack(m matrix, s []float32) matrix {
	if m.transposed {
		d := dense(m.rows, m.cols, s)
		transpose(d, m.t())
		return d
	}
	d := dense(m.cols, m.rows, s)
	transpose(d, m)
	return d.t()
}

// runLength is the number of terms of a sum added up at a time: the rows of a tile and a panel of that length stay in
// the first level of cache.
var runLength = 256

// An operand is read where it lies if its numbers for a panel are within near of each other, or if it would be packed for
// few rows or a panel alone; else the caches lose more than packing takes.
const near, lowRows = 1 << 16, 24

// page is a distance of floats at which all rows lie in the same lines of the first level of cache. Such rows are packed where
// many panels use them.
const page = 1 << 10

// mul is C ← clip(keep·C + α·A·B) on one core, C not being transposed. Panel after panel of B is multiplied by all rows of A;
// what does not lie well for that is packed.
func (k kernel) mul(o outcome, a, b, c matrix) {
	if c.cols <= k.height && c.rows >= 2*maxWidth && (a.transposed || c.cols <= 4) {
		o.turned(a, b, c)
		return
	}
	most := min(runLength, a.cols)
	aLies := k.columnsLie(most, a.stride, c.cols)
	if !a.transposed {
		aLies = a.stride%page != 0 || c.cols <= 8*k.width
	}
	bLies := !b.transposed && (most*b.stride <= near || a.rows <= lowRows)
	var packedA, packedB []float32
	if whole := bLies && c.cols%k.width == 0; !aLies || !whole {
		s := borrow(most*k.width + blocks(a.rows, k.height)*k.apart(most))
		defer giveBack(s)
		packedB, packedA = (*s)[:most*k.width], (*s)[most*k.width:]
	}
	all := make([]segment, 1)
	for p := 0; p < a.cols; p += runLength {
		n := min(runLength, a.cols-p)
		rows, then := k.runsOf(a.part(0, p, a.rows, n), aLies, packedA), o.piece(p == 0, p+n == a.cols)
		for j := 0; j < c.cols; j += k.width {
			to := c.part(0, j, c.rows, min(k.width, c.cols-j))
			panel, apart := b.part(p, j, n, to.cols), b.stride
			if !bLies || to.cols < k.width {
				k.fill(packedB[:n*k.width], panel)
				panel.data, apart = packedB[:n*k.width], k.width
			}
			all[0].k = n
			k.rows(then, &rows, all, panel.data, 4*apart, to)
		}
	}
}

// columnsLie reports whether columns of so many numbers, stride apart, are read where they lie as rows of tiles, for products of cols
// columns. Numbers that lie far apart are in few sets of the first level of cache, and have to come from the second for each panel.
func (k kernel) columnsLie(numbers, stride, cols int) bool {
	return cols <= k.width || numbers*stride <= near && cols <= 4*k.width
}

// piece returns the outcome of a part of all sums, which may be the first or the last.
func (o outcome) piece(first, last bool) outcome {
	if !first {
		o.keep, o.keeps = 1, nil
	}
	if !last {
		o.lo, o.hi = 0, 0
	}
	return o
}

// turned is mul of the same bits by way of Cᵀ ← α·Bᵀ·Aᵀ + Cᵀ: the few columns of C are rows of tiles, which may be few, and the
// panels are of Aᵀ, which lies as they want it where A is transposed.
func (o outcome) turned(a, b, c matrix) {
	s := borrow(c.rows * c.cols)
	defer giveBack(s)
	t := dense(c.cols, c.rows, *s)
	beta := o.scale(c)
	if beta != 0 {
		transpose(t, c)
	}
	mul(o.alpha, b.t(), a.t(), beta, t)
	transpose(c, t)
	o.clip(c)
}

// runs are the rows of a matrix in the form that tiles take.
type runs struct {
	data       []float32
	row, group int   // strides from row to row of a tile, and from tile to tile
	step       int   // the stride within a row
	next       ahead // prefetched by the tiles
	starts     []int // unless nil, where each row begins instead, in order
}

// runsOf returns the rows of a, in s if they do not lie well.
func (k kernel) runsOf(a matrix, lies bool, s []float32) runs {
	switch {
	case !a.transposed && lies:
		r := runs{data: a.data, row: a.stride, group: k.height * a.stride, step: 1}
		if a.stride == a.cols { // the tiles lie one after the other
			r.next = aheadOf(&a.data[0], r.group, len(a.data)-r.group)
		}
		return r
	case !a.transposed:
		apart := a.cols + cacheLine
		for i := range a.rows {
			copy(s[i*apart:], a.row(i))
		}
		return runs{data: s, row: apart, group: k.height * apart, step: 1}
	case lies:
		return runs{data: a.data, row: 1, group: k.height, step: a.stride}
	}
	k.byTiles(s, a.t(), k.apart(a.cols))
	return runs{data: s, row: 1, group: k.apart(a.cols), step: k.height}
}

// apart is the distance from tile to tile of packed rows of n numbers: a line more than they take, so that the tiles that are
// written side by side do not all lie in the same lines of the first level of cache.
func (k kernel) apart(n int) int { return (n + cacheLine) * k.height }

// byTiles copies as many columns of m at a time as tiles have rows, row by row, to runs that begin apart numbers from each other.
func (k kernel) byTiles(dst []float32, m matrix, apart int) {
	for j := k.tilesVector(dst, m, apart); j < m.cols; j += k.height {
		for i := range m.rows {
			copy(dst[j/k.height*apart+i*k.height:][:k.height], m.row(i)[j:])
		}
	}
}

// rows is C ← clip(keep·C + α·A·panel), for segments of A and of the panel. The rows of the panel lie apart bytes apart. Of what
// comes next it asks for as much as there is time for.
func (k kernel) rows(o outcome, a *runs, s []segment, panel []float32, apart int, c matrix) {
	in := tileIn{segments: s, step: 4 * a.step, columns: a.starts == nil && a.row == 1}
	steps := 0
	for i := range s {
		steps += s[i].k
	}
	to, endings := o.tileOut()
	for i, from := 0, 0; i < c.rows; i, from = i+k.height, from+a.group {
		in.count = min(k.height, c.rows-i)
		if a.starts == nil {
			for r := range in.count {
				in.rows[r] = &a.data[from+r*a.row]
			}
		} else {
			starts := a.starts[i:][:in.count]
			for r, at := range starts {
				in.rows[r] = &a.data[at]
			}
			in.columns = starts[in.count-1] == starts[0]+in.count-1
		}
		for r := range in.count {
			to.rows[r] = &c.data[(i+r)*c.stride]
		}
		if o.keeps != nil {
			copy(to.keep[:in.count], o.keeps[i:])
		}
		for r := in.count; r < k.height; r++ {
			in.rows[r], to.rows[r], to.keep[r] = in.rows[0], to.rows[0], to.keep[0]
		}
		in.next = a.next.take(steps)
		k.tile(&to, 0, c.cols, &in, panel, apart, o.alpha, endings)
	}
}

// tileOut returns o as tiles take it, but for their rows and the factors of these.
func (o *outcome) tileOut() (to tileOut, endings int) {
	to.lo, to.hi = o.lo, o.hi
	for r := range to.keep {
		to.keep[r] = o.keep
	}
	if o.keep != 0 || o.keeps != nil {
		endings |= keeps
	}
	if o.bounded() {
		endings |= clips
	}
	return to, endings
}
