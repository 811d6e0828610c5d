package compute

import "fmt"

// A Pooling is the reduction of the pixels in a window to one.
type Pooling uint8

const (
	MaxPool     Pooling = iota // the largest; beyond the border nothing counts
	AveragePool                // their sum divided by the size of the window, zeros beyond the border counted
)

var poolNames = []string{"max", "average"}

func (p Pooling) String() string {
	if int(p) < len(poolNames) {
		return poolNames[p]
	}
	return fmt.Sprintf("Pooling(%d)", p)
}

// Pool is Y[n,p,q,c] = the largest, or the average, of X[n,·,·,c] in a window of Height×Width at its position p, q (see
// [Conv]). A window as large as the image is global pooling.
//
// The largest is exact; an average of n is within γ_{n+5}·Σ|x|/n. Cost: a flop per pixel of a window.
type Pool struct {
	Y             *Tensor // N × P × Q × C
	X             *Tensor // N × H × W × C
	Pooling       Pooling
	Height, Width int
	Slide
}

func (p Pool) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, p.Y), append(ins, p.X)
}

// Patches returns the geometry of the pooling.
func (p Pool) Patches() Patches {
	g, _ := patches(p.X, p.Y, p.Height, p.Width, p.X.Cols(), p.Slide)
	return g
}

func (p Pool) check() error { return checkPool(p.X, p.Y, p.Pooling, p.Height, p.Width, p.Slide) }

func checkPool(x, y *Tensor, kind Pooling, height, width int, slide Slide) error {
	switch {
	case int(kind) >= len(poolNames):
		return fmt.Errorf("Pooling %v, want one of %v", kind, poolNames)
	case height < 1 || width < 1:
		return fmt.Errorf("a window of %d×%d, want at least 1×1", height, width)
	case 2*slide.Pad > min(height, width):
		return fmt.Errorf("Pad %d of a window of %d×%d, want at most half of it", slide.Pad, height, width)
	}
	_, err := patches(x, y, height, width, x.Cols(), slide)
	return err
}

func (p Pool) define(before Contents) func(out, i int) Val {
	g, x := p.Patches(), before[p.X]
	return func(_, i int) Val {
		var seen []int
		g.sees(i/g.C, func(at int) { seen = append(seen, at+i%g.C) })
		if p.Pooling == MaxPool {
			return largest(len(seen), func(k int) Val { return leaf(x[seen[k]]) })
		}
		s := sum{whole: true, n: len(seen)}
		for _, at := range seen {
			s.addTerm(1, float64(x[at]))
		}
		return s.mean(g.R * g.S).val()
	}
}

// sees calls f with the pixels in the window at a position, which counts through all images, row by row.
func (g Patches) sees(place int, f func(at int)) {
	for r := range g.R {
		for s := range g.S {
			if at := g.pixel(place/g.Q/g.P, place/g.Q%g.P, place%g.Q, r, s); at >= 0 {
				f(at)
			}
		}
	}
}

func (p Pool) cost() Cost {
	g := p.Patches()
	return Cost{g.pairs() * int64(g.N) * int64(g.C), 4 * int64(p.X.n+p.Y.n)}
}

// PoolGrad takes a delta through [Pool]: DX is the sum, over the windows that cover a pixel, of DY where the pixel is
// the first of the largest in the window, row by row; of an average, of DY/(Height·Width).
//
// The bound is γ_{n+5}·Σ|terms| for the n windows that may cover a pixel. Cost: as of Pool.
type PoolGrad struct {
	DX            *Tensor // N × H × W × C
	DY            *Tensor // N × P × Q × C
	X             *Tensor // as DX; nil exactly if Pooling is AveragePool
	Pooling       Pooling
	Height, Width int
	Slide
}

func (p PoolGrad) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, p.DX), present(append(ins, p.DY), p.X)
}

// Patches returns the geometry of the pooling.
func (p PoolGrad) Patches() Patches {
	g, _ := patches(p.DX, p.DY, p.Height, p.Width, p.DX.Cols(), p.Slide)
	return g
}

func (p PoolGrad) check() error {
	switch {
	case (p.X != nil) != (p.Pooling == MaxPool):
		return fmt.Errorf("%v pooling and X is %v, want X for max alone", p.Pooling, p.X)
	case p.X != nil && fmt.Sprint(p.X) != fmt.Sprint(p.DX):
		return fmt.Errorf("X is %v, want %v as DX", p.X, p.DX)
	}
	return checkPool(p.DX, p.DY, p.Pooling, p.Height, p.Width, p.Slide)
}

func (p PoolGrad) define(before Contents) func(out, i int) Val {
	g, dy, x := p.Patches(), before[p.DY], before[p.X]
	chosen := map[int]Val{} // by position and channel: the index in X of the first of the largest
	choose := func(place, c int) Val {
		v, ok := chosen[place*g.C+c]
		if !ok {
			var seen []int
			g.sees(place, func(at int) { seen = append(seen, at+c) })
			if v = firstLargest(len(seen), func(k int) Val { return leaf(x[seen[k]]) }); v.Bounded() {
				v.X = float64(seen[int(v.X)])
			}
			chosen[place*g.C+c] = v
		}
		return v
	}
	return func(_, i int) Val {
		s := sum{whole: true, n: g.R * g.S}
		open := false
		g.seenFrom(i/g.C, func(place int) {
			d := float64(dy[place*g.C+i%g.C])
			if p.Pooling == AveragePool {
				s.addTerm(1, d)
				return
			}
			switch v := choose(place, i%g.C); {
			case !v.Bounded():
				open = true
			case v.X == float64(i):
				s.addTerm(1, d)
			}
		})
		if open {
			return unbounded
		}
		if p.Pooling == AveragePool {
			s = s.mean(g.R * g.S)
		}
		return s.val()
	}
}

// seenFrom calls f with the positions of the windows that cover a pixel, which counts through all images.
func (g Patches) seenFrom(pixel int, f func(place int)) {
	n, h, w := pixel/g.W/g.H, pixel/g.W%g.H, pixel%g.W
	for r := range g.R {
		for s := range g.S {
			ph, qw := h+g.Pad-r, w+g.Pad-s
			if p, q := ph/g.Stride, qw/g.Stride; ph >= 0 && qw >= 0 && ph%g.Stride == 0 && qw%g.Stride == 0 && p < g.P && q < g.Q {
				f((n*g.P+p)*g.Q + q)
			}
		}
	}
}

func (p PoolGrad) cost() Cost {
	g := p.Patches()
	bytes := int64(p.DX.n + p.DY.n)
	if p.X != nil {
		bytes += int64(p.X.n)
	}
	return Cost{g.pairs() * int64(g.N) * int64(g.C), 4 * bytes}
}
