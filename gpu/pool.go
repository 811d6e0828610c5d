package gpu

import "hebb/compute"

// which is one more kind of pooling: the index of the first of the largest pixels in a window.
const which compute.Pooling = 2

func (l *plan) pool(p compute.Pool) {
	g := p.Patches()
	l.windows(g, p.Pooling, pixels(p.Y, placeRows, 1), p.X)
}

// windows plans a pooling of x at each position of the window; y is the output.
func (l *plan) windows(g compute.Patches, kind compute.Pooling, y operand, x *compute.Tensor) {
	y.reach = g.C - 1
	ops := []operand{y.written(), under(x, g, placeRows)}
	for _, b := range l.cutImages(extent{g.N, g.P, g.Q, 1, 1}, placeRows, ops...) {
		d := l.piece("pool", b, ops...)
		d.args.M, d.args.Row0 = int32(b.n[0]*b.n[1]*b.n[2]), int32(b.at[1]*g.Q+b.at[2])
		d.args.Skip[0][1] = int32(g.H * g.W * g.C)
		l.launchImages(d, g, kind)
	}
}

// poolGrad plans, for a maximum, the choice of a pixel in each window, and then for each pixel the sum over the windows
// that chose it. A piece has whole images, or some strides of rows of one.
func (l *plan) poolGrad(p compute.PoolGrad) {
	g := p.Patches()
	s := g.Stride
	// The windows that may cover the pixels from s·i to s·i + s − 1 are those from i + first to i + last.
	first, last := floor(g.Pad-g.R+1, s), (s-1+g.Pad)/s
	ops := []operand{
		pixels(p.DX, placeRows, s).touching(p.DX, placeRows, 0, 0, s-1, g.W-1, g.C).written(),
		pixels(p.DY, placeRows, 1).touching(p.DY, placeRows, first, 0, last, g.Q-1, g.C),
		none,
	}
	if p.Pooling == compute.MaxPool {
		l.windows(g, which, l.like(p.DY, pixels(p.DY, placeRows, 1)), p.X)
		ops[2] = l.like(p.DY, ops[1])
	}
	for _, b := range l.cutImages(extent{g.N, (g.H + s - 1) / s, 1, 1, 1}, placeRows, ops...) {
		d := l.piece("poolgrad", b, ops...)
		top := b.at[1] * s
		high := min(g.H, top+b.n[1]*s) - top
		d.args.M, d.args.Row0 = int32(b.n[0]*high*g.W), int32(top*g.W)
		places := int32(g.P * g.Q * g.C)
		d.args.Skip[0] = [4]int32{int32(g.H * g.W * g.C), places, places}
		l.launchImages(d, g, p.Pooling)
	}
}

// like returns o, an operand of t, moved to the backend's own memory.
func (l *plan) like(t *compute.Tensor, o operand) operand {
	l.scratch[scratch1] = max(l.scratch[scratch1], t.Len())
	o.mem = memory{scratch: scratch1 + 1}
	o.off -= t.Offset()
	if o.hi > 0 {
		o.lo, o.hi = 0, t.Len()
	}
	return o
}

func (l *plan) launchImages(d dispatch, g compute.Patches, kind compute.Pooling) {
	d.args.geometry(g)
	d.args.N, d.args.Kind, d.args.Alpha, d.args.Batch = int32(g.C), int32(kind), 1, 1
	if kind == compute.AveragePool {
		d.args.Alpha = float32(1 / float64(g.R*g.S))
	}
	x, y := d.rows(l.width(&d, d.vectors(d.args.N, 0)))
	l.launch(d, x, y, 1)
}
