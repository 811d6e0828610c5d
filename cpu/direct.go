package cpu

import (
	"runtime"
	"slices"
	"sync"
)

// A direct is a convolution by a [kernel] that reads the images in place. As many positions as a tile has rows, in any
// images, at which the same part of the window is inside make a bunch. So nothing is multiplied by the zeros beyond the
// borders, and all bunches of a view have the same segments: their pixels in a row of the window.
type direct struct {
	*convolution
	packing
	views   []view
	bunches int
}

// direct runs v.
func (v *convolution) direct(k kernel) {
	d := direct{convolution: v}
	d.packing = k.pack(v.length(), v.units, v.weights)
	defer giveBack(d.data)
	d.look()
	d.share(runtime.GOMAXPROCS(0)).tiles(1, d.panels(), d.bunches, d.tile)
}

// share returns how many panels and how many bunches a core takes at a time. Where the images are few beside the weights, these are
// the panels that the core has packed, and all bunches in turns; else all panels, most of them from other cores' caches, and some
// bunches.
func (d *direct) share(cores int) shape {
	panels, seen := d.panels(), d.images*d.c*min(d.h*d.w, d.p*d.q*d.r*d.s)
	if panels >= cores && seen < fewImages*d.rows*d.cols {
		return shape{blocks(panels, cores), blocks(d.bunches, blocks(d.bunches, bunchesAtOnce))}
	}
	return shape{panels, blocks(d.bunches, blocks(d.bunches, bunchesAtOnce*cores)*cores)} // as many turns for each core
}

// fewImages is how many numbers of the images there may be for a weight, for cores to share out the panels.
var fewImages = 4

// bunchesAtOnce is the number of bunches that a core takes at a time.
var bunchesAtOnce = 16

// A sight is successive positions along one side of an image, at which the same rows or columns of the window, from lo up
// to hi, are inside.
type sight struct{ first, count, lo, hi int }

// sights returns all positions along a side of size pixels, the first of which has so much of the window before it.
func sights(positions, stride, before, size, window int) (all []sight) {
	for i := range positions {
		at := i*stride - before
		lo, hi := max(0, -at), min(window, size-at)
		if lo >= hi {
			lo, hi = 0, 0
		}
		if n := len(all); n > 0 && all[n-1].lo == lo && all[n-1].hi == hi {
			all[n-1].count++
		} else {
			all = append(all, sight{i, 1, lo, hi})
		}
	}
	return all
}

// A view is the positions of all images in one sight down and one across.
type view struct {
	down, across sight
	segments     []segment
	bunch        int // the number of its first one
}

// look finds the views.
func (d *direct) look() {
	across := sights(d.q, d.stride, d.left, d.w, d.s)
	for _, down := range sights(d.p, d.stride, d.top, d.h, d.r) {
		for _, across := range across {
			v := view{down: down, across: across, bunch: d.bunches}
			for r := down.lo; r < down.hi && across.lo < across.hi; r++ {
				v.segments = append(v.segments, segment{
					at:     4 * (r - down.lo) * d.w * d.c,
					offset: 4 * (r*d.s + across.lo) * d.c * d.width,
					k:      (across.hi - across.lo) * d.c,
				})
			}
			d.views = append(d.views, v)
			d.bunches += blocks(d.images*down.count*across.count, d.height)
		}
	}
}

// A bunch is the input of a tile and its destination.
type bunch struct {
	in     tileIn
	to     tileOut
	pixels [maxHeight]int // the output pixels of its rows
}

var bunches = sync.Pool{New: func() any { return new([]bunch) }}

// tile does bunches, the columns of t, for panels, its rows.
func (d *direct) tile(t tile) {
	s := bunches.Get().(*[]bunch)
	defer bunches.Put(s)
	*s = slices.Grow((*s)[:0], t.cols)[:t.cols]
	at := 0
	for i := range *s {
		for at+1 < len(d.views) && d.views[at+1].bunch <= t.j+i {
			at++
		}
		d.bunch(&(*s)[i], &d.views[at], t.j+i-d.views[at].bunch)
	}
	endings := 0
	if d.then.Beta != 0 {
		endings = keeps
	}
	for j := t.i; j < t.i+t.rows; j++ {
		for i := range *s {
			b := &(*s)[i]
			d.packing.tile(&b.to, j, &b.in, d.then.Alpha, endings)
			b.in.next.lines = 0 // they are near by now
		}
	}
	if d.then.empty() {
		return
	}
	for i := range *s {
		(*s)[i].finish(d, t.i*d.width, min(d.cols, (t.i+t.rows)*d.width))
	}
}

// bunch fills in b, the bunch of a view with that number.
func (d *direct) bunch(b *bunch, v *view, number int) {
	down, across := &v.down, &v.across
	i := number * d.height
	n, p, q := i/across.count/down.count, i/across.count%down.count, i%across.count
	b.in.count = min(d.height, d.images*down.count*across.count-i)
	b.in.segments, b.in.step = v.segments, 4
	for i := 0; i < b.in.count; {
		pixel := d.to.of(n, down.first+p, across.first+q)
		at, apart := 0, 0 // in the images; with nothing of them under the window, anywhere
		if len(v.segments) > 0 {
			h, w := (down.first+p)*d.stride-d.top+down.lo, (across.first+q)*d.stride-d.left+across.lo
			at, apart = ((n*d.h+h)*d.w+w)*d.c, d.stride*d.c
		}
		for end := min(b.in.count, i+across.count-q); i < end; i++ {
			b.pixels[i], b.to.rows[i], b.to.keep[i], b.in.rows[i] = pixel, &d.y[pixel*d.cols], d.then.Beta, &d.x[at]
			pixel += d.to.step
			at += apart
		}
		if q, p = 0, p+1; p == down.count {
			p, n = 0, n+1
		}
	}
	more := d.height * d.stride * d.c // numbers that the next bunch adds to the last row of the window
	b.in.next = aheadOf(b.in.rows[0], (down.hi-down.lo-1)*d.w*d.c+more, more)
	for i := b.in.count; i < d.height; i++ {
		b.to.rows[i], b.to.keep[i], b.in.rows[i] = b.to.rows[0], b.to.keep[0], b.in.rows[0]
	}
}

// finish applies d's epilogue to units lo … hi of each run of b's pixels.
func (b *bunch) finish(d *direct, lo, hi int) {
	for i := 0; i < b.in.count; {
		from, first := b.pixels[i], i
		for i++; i < b.in.count && b.pixels[i] == from+i-first; i++ {
		}
		d.then.finish(dense(i-first, d.cols, d.y[from*d.cols:]).part(0, lo, i-first, hi-lo), from, lo)
	}
}
