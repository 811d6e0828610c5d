package stack

import (
	"fmt"
	"math/rand/v2"

	"hebb/compute"
	"hebb/nets"
)

// Reflect adds a border of Pad pixels to an image, and mirrors the image in it; the pixels of the edge are not repeated (PyTorch's
// padding_mode "reflect").
type Reflect struct {
	Name string
	Pad  int
}

func (r Reflect) Label() string { return r.Name }

// A mirror is a Reflect on a device. With D and A the matrices, of 0 and 1, that mirror rows and columns, y = D·x·Aᵀ.
type mirror struct {
	in, out      nets.Shape
	pixels       *compute.Tensor // of each pixel of y, the pixel of x
	down, across *compute.Tensor // D and A
}

func (r Reflect) Build(b *Builder, name string, in nets.Shape) (Layer, nets.Shape, error) {
	if most := min(in.Height, in.Width) - 1; r.Pad < 1 || r.Pad > most {
		return nil, in, fmt.Errorf("nets: %s adds a border of %d pixels to %v, want 1 to %d, one less than the shorter side", name, r.Pad, in, most)
	}
	b.SingleLearner("%s mirrors images", name)
	out := nets.Shape{Height: in.Height + 2*r.Pad, Width: in.Width + 2*r.Pad, Channels: in.Channels}
	l := &mirror{in: in, out: out}
	for _, c := range []struct {
		of    []int
		to    **compute.Tensor
		value func(i, j int) float32
	}{
		{[]int{out.Height * out.Width}, &l.pixels, func(_, j int) float32 {
			return float32(mirrored(j/out.Width-r.Pad, in.Height)*in.Width + mirrored(j%out.Width-r.Pad, in.Width))
		}},
		{[]int{out.Height, in.Height}, &l.down, func(i, j int) float32 { return one(mirrored(i-r.Pad, in.Height) == j) }},
		{[]int{out.Width, in.Width}, &l.across, func(i, j int) float32 { return one(mirrored(i-r.Pad, in.Width) == j) }},
	} {
		cols := c.of[len(c.of)-1]
		err := b.Add(Constants, Parameter{Shape: c.of, Value: c.to, Fill: func(_ *rand.Rand, x []float32) {
			for i := range x {
				x[i] = c.value(i/cols, i%cols)
			}
		}})
		if err != nil {
			return nil, in, err
		}
	}
	return l, out, nil
}

// mirrored is the place within [0, n) of which i, up to n−1 beyond either end, is the mirror image.
func mirrored(i, n int) int {
	if i < 0 {
		return -i
	}
	return min(i, 2*(n-1)-i)
}

func one(yes bool) float32 {
	if yes {
		return 1
	}
	return 0
}

func (m *mirror) Forward(p *Pass, x *compute.Tensor) *compute.Tensor {
	n, in, out := p.Examples, m.in, m.out
	y := p.Tensor(out.Image(n)...)
	p.Do(compute.Gather{Out: p.View(y, 0, n, out.Height*out.Width, out.Channels), X: p.View(x, 0, n, in.Height*in.Width, in.Channels), Rows: m.pixels})
	return y
}

// Backward returns Dᵀ·dy·A.
func (m *mirror) Backward(p *Pass, dy *compute.Tensor) *compute.Tensor {
	n, in, out := p.Examples, m.in, m.out
	rows := p.Tensor(n, in.Height, out.Width*out.Channels)
	p.Do(compute.Gemm{C: rows, A: m.down, TransA: true, B: p.View(dy, 0, n, out.Height, out.Width*out.Channels), Epilogue: Plain})
	dx := p.Tensor(in.Image(n)...)
	p.Do(compute.Gemm{C: p.View(dx, 0, n*in.Height, in.Width, in.Channels), A: m.across, TransA: true,
		B: p.View(rows, 0, n*in.Height, out.Width, out.Channels), Epilogue: Plain})
	return dx
}
