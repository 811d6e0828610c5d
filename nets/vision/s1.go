package vision

import (
	"fmt"
	"math"
	"math/rand/v2"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/stack"
)

// S1 is simple cells: at every place the absolute responses of Gabor filters of some Sizes, n×n pixels, at Orientations
// that divide half a turn. The filter of θ is
//
//	u = x·cos θ + y·sin θ,   v = y·cos θ − x·sin θ,   x and y from −(n−1)/2 to (n−1)/2, right and down
//	g = exp(−(u² + 0.3²·v²)/(2·(0.36·n)²))·cos(2π·u/(0.8·n))   where x² + y² ≤ (n/2)², else 0
//
// less its mean over that disc, divided by its norm. Beyond the borders of an image all is 0. Of several colour channels
// S1 sees the mean. Channel o·len(Sizes) + k of its output, of as many places as the image, has orientation o and size k.
// Serre et al. 2007 have the proportions, with an aspect ratio of 0.3.
type S1 struct {
	Name         string
	Orientations int
	Sizes        []int // odd
}

const mostFilter = 255

func (s S1) Label() string { return s.Name }

type s1 struct {
	filters *compute.Tensor // channels × n × n × colours, n the largest size, smaller ones in the middle
	slide   compute.Slide
	out     nets.Shape
}

// Build makes the filters.
func (s S1) Build(b *stack.Builder, name string, in nets.Shape) (stack.Layer, nets.Shape, error) {
	if s.Orientations < 1 || len(s.Sizes) == 0 {
		return nil, in, fmt.Errorf("vision: %s has %d orientations and %d sizes of filters, want at least 1", name, s.Orientations, len(s.Sizes))
	}
	largest := 0
	for _, n := range s.Sizes {
		if n < 3 || n%2 == 0 || n > mostFilter {
			return nil, in, fmt.Errorf("vision: %s has filters of %d×%d, want odd sizes from 3 to %d", name, n, n, mostFilter)
		}
		largest = max(largest, n)
	}
	if in.Height < largest || in.Width < largest {
		return nil, in, fmt.Errorf("vision: %s has filters of %d×%d, and its input is %v: want images at least as large", name, largest, largest, in)
	}
	b.SingleLearner("%s is a convolution", name)
	channels := s.Orientations * len(s.Sizes)
	l := &s1{slide: compute.Slide{Stride: 1, Pad: largest / 2}, out: nets.Shape{Height: in.Height, Width: in.Width, Channels: channels}}
	return l, l.out, b.Add(stack.Constants, stack.Parameter{
		Shape: []int{channels, largest, largest, in.Channels}, Value: &l.filters,
		Fill: func(_ *rand.Rand, x []float32) { s.fill(x, largest, in.Channels) },
	})
}

// fill sets the filters, each in the middle of side×side pixels of some colours: one convolution of them all is faster
// than one of each size.
func (s S1) fill(x []float32, side, colours int) {
	for o := range s.Orientations {
		for k, n := range s.Sizes {
			filter, margin := x[(o*len(s.Sizes)+k)*side*side*colours:], (side-n)/2
			for i, v := range Gabor(n, math.Pi*float64(o)/float64(s.Orientations)) {
				at := ((margin+i/n)*side + margin + i%n) * colours
				for c := range colours {
					filter[at+c] = float32(v / float64(colours))
				}
			}
		}
	}
}

// Gabor returns the filter of [S1] of size n at an angle, row by row.
func Gabor(n int, angle float64) []float64 {
	sin, cos := math.Sincos(angle)
	g := make([]float64, n*n)
	half, size := float64(n-1)/2, float64(n)
	inside := func(i int) (x, y float64, ok bool) {
		x, y = float64(i%n)-half, float64(i/n)-half
		return x, y, x*x+y*y <= size*size/4
	}
	mean, count := 0.0, 0.0
	for i := range g {
		if x, y, ok := inside(i); ok {
			u, v := x*cos+y*sin, y*cos-x*sin
			g[i] = math.Exp(-(u*u+0.09*v*v)/(2*0.36*0.36*size*size)) * math.Cos(2*math.Pi*u/(0.8*size))
			mean, count = mean+g[i], count+1
		}
	}
	norm := 0.0
	for i := range g {
		if _, _, ok := inside(i); ok {
			g[i] -= mean / count
			norm += g[i] * g[i]
		}
	}
	for i := range g {
		g[i] /= math.Sqrt(norm)
	}
	return g
}

var absolute = compute.Formula("abs(old)")

// Forward returns the absolute responses.
func (l *s1) Forward(p *stack.Pass, x *compute.Tensor) *compute.Tensor {
	y := p.Tensor(l.out.Image(p.Examples)...)
	p.Do(compute.Conv{Y: y, X: x, W: l.filters, Slide: l.slide, Epilogue: stack.Plain})
	p.Into(y, absolute)
	return y
}

// Backward sends nothing down, since nothing below learns.
func (*s1) Backward(*stack.Pass, *compute.Tensor) *compute.Tensor { return nil }
