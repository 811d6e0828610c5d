package cpu

import "hebb/compute"

// A window slides over images: from position to position by stride, starting top rows above and left columns beside
// each image (or, if negative, inside it), with zeros beyond the borders.
type window struct {
	images, h, w, c int // the images
	r, s            int // its size
	p, q            int // its positions in an image
	stride          int
	top, left       int
}

// windowOf returns the window of a convolution.
func windowOf(g compute.Patches) window {
	return window{g.N, g.H, g.W, g.C, g.R, g.S, g.P, g.Q, g.Stride, g.Pad, g.Pad}
}

// places returns the number of positions in all images.
func (w *window) places() int { return w.images * w.p * w.q }

// place returns the image, row and column of the i-th of all positions.
func (w *window) place(i int) (n, p, q int) { return i / w.q / w.p, i / w.q % w.p, i % w.q }

// length returns the number of values in a patch.
func (w *window) length() int { return w.r * w.s * w.c }

// plain reports whether the patches are the pixels themselves, in order.
func (w *window) plain() bool {
	return w.r == 1 && w.s == 1 && w.stride == 1 && w.top == 0 && w.left == 0 && w.p == w.h && w.q == w.w
}

// patches returns the patches of images x at the positions from lo up to hi: a matrix with a row for each position, in
// s unless the images are that matrix already.
func (w *window) patches(x []float32, lo, hi int, s []float32) matrix {
	n := w.length()
	if w.plain() {
		return dense(hi-lo, n, x[lo*n:])
	}
	m := dense(hi-lo, n, s)
	w.columns(m, x, lo, 0)
	return m
}

// columns fills m with columns of the patches at the positions from lo on, the first being the j-th.
func (w *window) columns(m matrix, x []float32, lo, j int) {
	line := w.s * w.c // a patch's values in one row of pixels are contiguous
	for at := 0; at < m.cols; {
		r, from := (j+at)/line, (j+at)%line
		n := min(line-from, m.cols-at)
		for i := 0; i < m.rows; {
			image, p, q := w.place(lo + i)
			count := min(w.q-q, m.rows-i)
			w.line(m.part(i, at, count, n), x, image, p*w.stride-w.top+r, (q*w.stride-w.left)*w.c+from)
			i += count
		}
		at += n
	}
}

// seen appends to s the n positions from the lo-th on, run by run, at which the j-th input of a patch is inside its image.
// A position's terms are step bytes after those of the one before, its pixel in the images apart bytes.
func (w *window) seen(s []segment, lo, n, j, step, apart int) []segment {
	r, col, channel := j/(w.s*w.c), j/w.c%w.s, j%w.c
	from, to := max(0, blocks(w.left-col, w.stride)), min(w.q, blocks(w.w+w.left-col, w.stride)) // columns of positions
	for i := 0; i < n; {
		image, p, q := w.place(lo + i)
		run := min(w.q-q, n-i)
		first, last := max(q, from), min(q+run, to)
		if h := p*w.stride - w.top + r; h >= 0 && h < w.h && first < last {
			pixel := (image*w.h+h)*w.w + first*w.stride - w.left + col
			next := segment{step * (i + first - q), 4 * (pixel*w.c + channel), last - first}
			if at := len(s) - 1; at >= 0 && next.at == s[at].at+s[at].k*step && next.offset == s[at].offset+s[at].k*apart {
				s[at].k += next.k
			} else {
				s = append(s, next)
			}
		}
		i += run
	}
	return s
}

// across returns how many numbers of a row of pixels, and zeros beside it, are under the windows of a row of positions.
func (w *window) across() int { return ((w.q-1)*w.stride + w.s) * w.c }

// opened returns how many numbers open writes at most for n positions.
func (w *window) opened(n int) int { return (blocks(n-1, w.q) + 1) * w.r * w.across() }

// inLines returns where the j-th input of the first position is in what open writes.
func (w *window) inLines(j int) int { return j/(w.s*w.c)*w.across() + j%(w.s*w.c) }

// fresh returns, of the pixels that n positions from the lo-th on see, those that none before them sees.
func (w *window) fresh(x []float32, lo, n int) ahead {
	above := func(i int) int {
		image, p, _ := w.place(i)
		return (image*w.h + min(w.h, max(0, (p-1)*w.stride-w.top+w.r))) * w.w * w.c
	}
	return aheadOf(&x[0], above(lo), max(0, above(lo+n)-above(lo)))
}

// open copies the rows of pixels under the windows of the n positions from the lo-th on to lines, one after the other, with zeros
// above and below the images; those beside them are there already. The numbers that an input takes at a row of positions lie
// there as many pixels apart as the stride. For each such row a segment is appended to s; of the panel that it is multiplied by,
// a position's numbers lie apart bytes after the last one's.
func (w *window) open(lines, x []float32, s []segment, lo, n, apart int) []segment {
	length, rows := w.across(), 0
	from := min(length, w.left*w.c)
	to := min(length, from+w.w*w.c)
	for i := 0; i < n; {
		image, p, q := w.place(lo + i)
		shared := 0 // with the positions before
		if i > 0 && p > 0 {
			shared = max(0, w.r-w.stride)
		}
		for r := shared; r < w.r; r++ {
			line := lines[rows*length:][from:to]
			if h := p*w.stride - w.top + r; h < 0 || h >= w.h {
				clear(line)
			} else {
				copy(line, x[(image*w.h+h)*w.w*w.c:])
			}
			rows++
		}
		run := min(w.q-q, n-i)
		s = append(s, segment{4 * ((rows-w.r)*length + q*w.stride*w.c), i * apart, run})
		i += run
	}
	return s
}

// line fills m with runs of row h of the pixels of an image: the first starts at index from of the row, the others
// follow by the stride.
func (w *window) line(m matrix, x []float32, image, h, from int) {
	if h < 0 || h >= w.h {
		for i := range m.rows {
			clear(m.row(i))
		}
		return
	}
	pixels, step := x[(image*w.h+h)*w.w*w.c:][:w.w*w.c], w.stride*w.c
	first, end := min(m.rows, max(0, blocks(-from, step))), 0 // the runs inside the borders
	if room := len(pixels) - m.cols - from; room >= 0 {
		end = min(m.rows, room/step+1)
	}
	end = max(first, end)
	for i := range first {
		copyInside(m.row(i), pixels, from+i*step)
	}
	for i := end; i < m.rows; i++ {
		copyInside(m.row(i), pixels, from+i*step)
	}
	if first < end {
		copyRows(m.part(first, 0, end-first, m.cols), matrix{end - first, m.cols, step, false, pixels[from+first*step:]})
	}
}

// copyInside copies src from index from on to dst, and zeros beyond its ends.
func copyInside(dst, src []float32, from int) {
	if from >= 0 && from+len(dst) <= len(src) {
		copy(dst, src[from:])
		return
	}
	before := min(max(-from, 0), len(dst))
	clear(dst[:before])
	n := 0
	if at := from + before; before < len(dst) && at < len(src) {
		n = copy(dst[before:], src[at:])
	}
	clear(dst[before+n:])
}
