package cpu

import (
	"slices"
	"sync"
)

// A direct is a convolution by a [kernel] that reads the images in place: as many positions as its tiles have rows make
// a bunch, and their pixels in one row of the window a segment. A bunch is either one position in several images, which
// all have the same part of the window inside, so that nothing is multiplied by the zeros beyond the borders; or
// consecutive positions.
type direct struct {
	*convolution
	packing
	across bool      // a bunch is one position in several images
	zeros  []float32 // a pixel beyond the borders
}

// direct runs v.
func (v *convolution) direct(k kernel) {
	d := direct{convolution: v}
	d.packing = k.pack(v.weights)
	defer giveBack(d.data)
	zeros := borrow(d.c)
	defer giveBack(zeros)
	clear(*zeros)
	d.zeros = *zeros
	d.across = v.images%k.height == 0 || v.images >= 24
	each := fair(d.bunches(), bunchesAtOnce)
	shape{each, 1}.tiles(1, d.bunches(), 1, d.tile)
}

// bunchesAtOnce is the number of bunches that a core takes at a time.
var bunchesAtOnce = 16

func (d *direct) bunches() int {
	if d.across {
		return blocks(d.images, d.height) * d.p * d.q
	}
	return blocks(d.places(), d.height)
}

// A bunch is the input of a tile.
type bunch struct {
	segments []segment
	pixels   [maxHeight]int // the output pixels of its rows
	count    int            // the number of rows; the others repeat the first
	to       tileOut
}

// A workspace is the bunches that a core has taken, and their segments.
type workspace struct {
	bunches  []bunch
	segments []segment
}

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

func (d *direct) tile(t tile) {
	s := workspaces.Get().(*workspace)
	defer workspaces.Put(s)
	s.bunches = slices.Grow(s.bunches[:0], t.rows)[:t.rows]
	s.segments = slices.Grow(s.segments[:0], t.rows*d.r*d.s) // bunches refer to it, so it must not move
	for i := range s.bunches {
		s.segments = d.bunch(&s.bunches[i], t.i+i, s.segments)
	}
	for j := range d.panels() {
		for i := range s.bunches {
			b := &s.bunches[i]
			d.packing.tile(&b.to, b.count, j, b.segments, 4, d.then.Alpha, d.then.Beta != 0)
		}
	}
	for i := range s.bunches {
		b := &s.bunches[i]
		for _, pixel := range b.pixels[:b.count] {
			if !d.then.empty() {
				d.then.finish(dense(1, d.cols, d.y[pixel*d.cols:]), pixel, 0)
			}
		}
	}
}

// A sight is the part of the window inside the image at a position: its columns from lo up to hi, and the pixel at its
// row 0 and column 0, which may lie beyond the border.
type sight struct {
	image, row, column int
	lo, hi             int
}

func (d *direct) sight(n, p, q int) sight {
	column := q*d.stride - d.left
	return sight{n, p*d.stride - d.top, column, max(0, -column), min(d.s, d.w-column)}
}

// bunch fills in b, bunch number number, and appends its segments to those given.
func (d *direct) bunch(b *bunch, number int, segments []segment) []segment {
	var seen [maxHeight]sight
	same := true
	b.count = 0
	for i := range d.height {
		n, p, q := d.member(number, i)
		if n >= d.images {
			seen[i], b.to[i] = seen[0], b.to[0]
			continue
		}
		pixel := d.to.of(n, p, q)
		row := d.y[pixel*d.cols:][:d.cols]
		if beta := d.then.Beta; beta != 0 && beta != 1 {
			scale(row, row, beta)
		}
		b.pixels[i], b.to[i] = pixel, &row[0]
		b.count++
		at := &seen[i]
		*at = d.sight(n, p, q)
		same = same && at.lo == seen[0].lo && at.hi == seen[0].hi && at.row == seen[0].row
	}
	first := len(segments)
	for r := range d.r {
		if same {
			segments = d.segment(segments, &seen, r, seen[0].lo, seen[0].hi)
			continue
		}
		for s := range d.s {
			segments = d.segment(segments, &seen, r, s, s+1)
		}
	}
	b.segments = segments[first:]
	return segments
}

// member returns the i-th position of a bunch; its image is beyond the last if there is none.
func (d *direct) member(number, i int) (n, p, q int) {
	if !d.across {
		return d.place(number*d.height + i)
	}
	place := number % (d.p * d.q)
	return number/(d.p*d.q)*d.height + i, place / d.q, place % d.q
}

// segment appends the positions' pixels in row r and columns lo … hi of the window, unless there are none.
func (d *direct) segment(segments []segment, seen *[maxHeight]sight, r, lo, hi int) []segment {
	s := segment{offset: 4 * (r*d.s + lo) * d.c * d.width, k: (hi - lo) * d.c}
	any := false
	for i := range d.height {
		at := &seen[i]
		s.rows[i] = &d.zeros[0]
		if h := at.row + r; h >= 0 && h < d.h && lo >= at.lo && hi <= at.hi && lo < hi {
			any = true
			s.rows[i] = &d.x[((at.image*d.h+h)*d.w+at.column+lo)*d.c]
		}
	}
	if any {
		segments = append(segments, s)
	}
	return segments
}
