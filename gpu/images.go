package gpu

import "hebb/compute"

// images makes a product a convolution: one of its factors is images under a window that slides over them, see
// shaders/patches.glsl. The positions of the window are the rows of a Conv's result, or the terms of a Hebbian; of a
// ConvInput, the pixels are the rows.
//
// The op chooses the meaning of a box's axes, but for their order, since terms come last. Positions take three: from
// image to image, down and across an image.
type images struct {
	places  axis     // the first of their three
	perRow  int      // positions across an image
	terms   []axis   // along which products are added up
	seen    int      // the binding point of the images
	defines []string // of the product alone
	args    func(a *args, b box)
	room    operand // the extent of partial sums, where that is more than the result
}

// Axes where positions are rows, and where they are terms. Columns and terms of the former are axisCol and axisTerm.
const (
	placeRows  = axisWidth
	placeTerms = axisRow
	axisUnit   = axisWidth
)

// cutPlaces is [plan.cut] for a convolution.
func (l *plan) cutPlaces(w product) []box {
	return l.cutImages(w.size, w.images.places, w.out, w.a, w.b, w.ins[0], w.ins[1], w.rates, w.images.room)
}

// cutImages is [plan.cut] for an op on images, of which three axes from one on go from image to image, down and across.
// A piece is contiguous: whole images, whole rows of one image, or a part of one row.
func (l *plan) cutImages(size extent, image axis, ops ...operand) []box {
	if l.err != nil {
		return nil
	}
	step, err := l.fit(size, ops)
	if l.err = err; err != nil {
		return nil
	}
	if down, across := image+1, image+2; step[across] < size[across] {
		step[image], step[down] = 1, 1
	} else if step[down] < size[down] {
		step[image] = 1
	}
	return size.boxes(step)
}

// count returns the number of positions in a box, and of those of its first image before them.
func (i *images) count(b box) (all, before int32) {
	n, at := b.n[i.places:], b.at[i.places:]
	return int32(n[0] * n[1] * n[2]), int32(at[1]*i.perRow + at[2])
}

// show sets the arguments of d, which does the part b of a product.
func (i *images) show(d *dispatch, b box) {
	a := &d.args
	a.Batch, a.Wide, a.Widths, a.Row0, a.Col0, a.Dep0, a.Skip = 1, 0, 1, 0, 0, 0, [2][4]int32{}
	i.args(a, b)
	a.Slice = a.K
}

// shortcut returns the defines of shortcuts valid on a tile: a slice of terms is of one tap, of a window that has a bit
// for each, or four positions are neighbours in a row.
func (i *images) shortcut(a *args, t tile) []string {
	switch {
	case i == nil:
	case i.seen == 1 && int(a.Channels)%t.bk == 0 && a.Slide[0]*a.Slide[1] <= 32 && a.Slide[1] < 32:
		return []string{"WHOLE"}
	case i.seen == 2 && a.Image[3]%4 == 0 && a.Dep0%4 == 0:
		return []string{"ROWS"}
	}
	return nil
}

// geometry sets the shader's arguments of g.
func (a *args) geometry(g compute.Patches) {
	a.Image = [4]int32{int32(g.H), int32(g.W), int32(g.P), int32(g.Q)}
	a.Slide = [4]int32{int32(g.R), int32(g.S), int32(g.Stride), int32(g.Pad)}
	a.Channels = int32(g.C)
}

// pixels returns images t with pieces along three axes from one on: images, and their rows and columns in steps of
// every.
func pixels(t *compute.Tensor, from axis, every int) operand {
	if t == nil {
		return none
	}
	high, wide, channels := t.Shape()[1], t.Shape()[2], t.Cols()
	o := at(t)
	o.ld = channels
	o.stride[from], o.stride[from+1], o.stride[from+2] = high*wide*channels, every*wide*channels, every*channels
	return o
}

// touching returns o with each step of it touching the rows and columns from top and left to bottom and right of its
// place, where these exist, and the shader addressing within them.
func (o operand) touching(t *compute.Tensor, from axis, top, left, bottom, right, channels int) operand {
	wide := t.Shape()[2]
	o.lo, o.hi = t.Offset(), t.Offset()+t.Len()
	o.off += (top*wide + left) * t.Cols()
	o.reach = ((bottom-top)*wide+right-left)*t.Cols() + channels - 1
	o.inner[from+1], o.inner[from+2] = true, true
	return o
}

// under returns images x as read under g's window at every position.
func under(x *compute.Tensor, g compute.Patches, places axis) operand {
	return pixels(x, places, g.Stride).touching(x, places, -g.Pad, -g.Pad, g.R-1-g.Pad, g.S-1-g.Pad, g.C)
}

// by returns o with its columns along an axis.
func (o operand) by(col axis) operand {
	if o != none {
		o.stride[col] = 1
	}
	return o
}

// deep returns o with n columns that are not cut.
func (o operand) deep(n int) operand {
	if o != none {
		o.reach = n - 1
	}
	return o
}

// table returns o as rows of n numbers, which are not cut, along an axis.
func (o operand) table(along axis, n int) operand {
	if o != none {
		o.stride = extent{}
		o.stride[along], o.reach, o.ld = n, n-1, n
	}
	return o
}

// pixelwise reports whether g's window is one pixel with stride 1: patches are the images themselves.
func pixelwise(g compute.Patches) bool {
	return g.R == 1 && g.S == 1 && g.Slide == compute.Slide{Stride: 1}
}

// matrix returns t as one matrix of n columns.
func (l *plan) matrix(t *compute.Tensor, n int) *compute.Tensor {
	if t == nil || l.err != nil {
		return t
	}
	v, err := t.View(0, t.Len()/n, n)
	l.err = err
	return v
}
