package gpu

import (
	"fmt"

	"hebb/compute"
)

// An axis is a direction in which an op may be cut into pieces.
type axis int

const (
	axisWidth  axis = iota // widths of a Gram
	axisMember             // matrices of a batch
	axisRow                // rows of the result
	axisCol                // columns of the result
	axisTerm               // terms of a sum
	axes
)

// extent is a number of steps along each axis.
type extent [axes]int

// maxWindow, in bytes, keeps every index into a window, and the margin of a tile at the edges, within a GLSL int.
const maxWindow = 1<<31 - 1<<16

// A box is the part of an op in one piece: along each axis, its start and its length.
type box struct{ at, n extent }

// memory is a tensor's buffer or, counted from 1, one of the backend's own.
type memory struct {
	buf     compute.Buffer
	scratch int
}

// An operand maps an op's axes to memory: the element at step s along each axis is number off + Σ s·stride. Cutting
// into pieces needs no more.
type operand struct {
	mem    memory
	off    int
	stride extent
	ld     int // the stride that the shader calls its row, if it has rows
	write  bool
	single bool // read one number at a time, whatever the others are
	half   bool // of halves, two to a word

	// A step may touch reach numbers beyond its first. Of images under a window only numbers in [lo, hi) exist, and
	// along some axes the shader does the addressing, from the start of an image.
	reach, lo, hi int
	inner         [axes]bool
}

// none is a binding point that stays empty.
var none operand

// at returns the operand that starts at t.
func at(t *compute.Tensor) operand {
	return operand{mem: memory{buf: t.Buffer()}, off: t.Offset(), half: t.Type() == compute.Float16}
}

// perWord returns the number of o's elements in a word of memory.
func (o operand) perWord() int {
	if o.half {
		return 2
	}
	return 1
}

// grid returns t as a batch of matrices, whose rows and columns lie along the given axes. A batch of 1 serves all
// members.
func grid(t *compute.Tensor, row, col axis) operand {
	if t == nil {
		return none
	}
	o := at(t)
	o.ld = t.Cols()
	o.stride[row], o.stride[col] = t.Cols(), 1
	if t.Batch() > 1 {
		o.stride[axisMember] = t.Rows() * t.Cols()
	}
	return o
}

// line returns t as n numbers along an axis, the same for every member or, if it is longer, n for each.
func line(t *compute.Tensor, along axis, n int) operand {
	if t == nil {
		return none
	}
	o := at(t)
	o.stride[along] = 1
	if t.Len() > n {
		o.stride[axisMember] = n
	}
	return o
}

func (o operand) written() operand {
	o.write = true
	return o
}

func (o operand) singly() operand {
	o.single = true
	return o
}

// span returns the end, counted from the start, of the part of o in a box of this extent.
func (o operand) span(n extent) int {
	last := o.reach
	for a, s := range o.stride {
		last += (n[a] - 1) * s
	}
	return last + 1
}

// most returns the largest length of such a part.
func (o operand) most(n extent) int {
	if o.hi > 0 {
		return min(o.span(n), o.hi-o.lo)
	}
	return o.span(n)
}

// start returns the index of the first element of o in a box that starts there.
func (o operand) start(at extent) int {
	first := o.off
	for a, s := range o.stride {
		first += at[a] * s
	}
	return first
}

// pieces cuts an op of the given size into boxes, each so small that all its operands fit
// their binding points. Terms are innermost, so that the pieces of one sum follow each other.
func (p *planner) pieces(size extent, ops ...operand) ([]box, error) {
	step, err := p.fit(size, ops)
	if err != nil {
		return nil, err
	}
	return size.boxes(step), nil
}

// boxes cuts an extent into steps.
func (size extent) boxes(step extent) []box {
	boxes := []box{{}}
	for a := range axes {
		var next []box
		for _, b := range boxes {
			for at := 0; at < size[a]; at += step[a] {
				b.at[a], b.n[a] = at, min(step[a], size[a]-at)
				next = append(next, b)
			}
		}
		boxes = next
	}
	return boxes
}

// fit returns the size of a piece: the whole, halved along whichever axis reaches farthest through the memory of an
// operand that does not fit yet.
func (p *planner) fit(size extent, ops []operand) (extent, error) {
	n := size
	for _, o := range ops {
		for o.most(n)+p.slack(o, size, n) > p.maxBlock/4*o.perWord() {
			far := axis(0)
			for a := range axes {
				if (n[a]-1)*o.stride[a] > (n[far]-1)*o.stride[far] {
					far = a
				}
			}
			if n[far] == 1 {
				return n, fmt.Errorf("gpu: a storage block of %d bytes is too small for any piece of this op", p.maxBlock)
			}
			n[far] = half(n[far])
		}
	}
	return n, nil
}

// slack returns by how many numbers a window may be larger than its contents: it starts at a multiple of the alignment
// and is made of whole vec4s. The whole of an aligned operand has no slack at its start.
func (p *planner) slack(o operand, size, n extent) int {
	align, whole := p.align*o.perWord(), 4*o.perWord()
	if n == size && max(o.off, o.lo)%align == 0 {
		return -o.most(n) & (whole - 1)
	}
	return align + whole - 2
}

// half returns about half of n > 1, and a multiple of 4 or of 128, if n allows, so that pieces are aligned and made of
// whole tiles.
func half(n int) int {
	h := (n + 1) / 2
	for _, whole := range []int{128, 4} {
		if h > 2*whole {
			return (h + whole - 1) / whole * whole
		}
	}
	return h
}

// window returns the part of o within b as a bind, and the index in it where that part starts.
func (p *planner) window(o operand, b box) (bind, int) {
	first := o.start(b.at)
	start, end := first, first+o.span(b.n)
	if o.hi > 0 { // at least one number, even if the window covers only the border
		start = min(max(start, o.lo), o.hi-1)
		end = max(start+1, min(end, o.hi))
		first = o.lo
		for a, s := range o.stride {
			if !o.inner[a] {
				first += b.at[a] * s
			}
		}
	}
	per := o.perWord()
	from := start / (p.align * per) * p.align // words
	to := (end + 4*per - 1) / (4 * per) * 4
	return bind{o.mem, from, to - from, o.write}, first - from*per
}
