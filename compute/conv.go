package compute

import "fmt"

// A Slide is the movement of a window over images: Stride is its step, Pad the rows and columns of zeros beyond every
// border.
type Slide struct{ Stride, Pad int }

// Places returns the number of positions of a window along one side of an image.
func (s Slide) Places(size, window int) int { return (size+2*s.Pad-window)/s.Stride + 1 }

func (s Slide) check() error {
	if s.Stride < 1 || s.Pad < 0 {
		return fmt.Errorf("Stride %d and Pad %d, want at least 1 and 0", s.Stride, s.Pad)
	}
	return nil
}

// A Patches is the geometry of a convolution: N images of H×W×C, a window of R×S that slides over them, and its P×Q
// positions.
type Patches struct {
	N, H, W, C, R, S, P, Q int
	Slide
}

// patches returns the geometry of images x and a window of r×s, and checks it against y's positions and its last
// dimension, k.
func patches(x, y *Tensor, r, s, k int, slide Slide) (Patches, error) {
	if err := slide.check(); err != nil {
		return Patches{}, err
	}
	if len(x.shape) != 4 || len(y.shape) != 4 {
		return Patches{}, fmt.Errorf("X%v and Y%v, want images × height × width × channels", x, y)
	}
	p := Patches{N: x.shape[0], H: x.shape[1], W: x.shape[2], C: x.shape[3], R: r, S: s, Slide: slide}
	if r > p.H+2*slide.Pad || s > p.W+2*slide.Pad {
		return p, fmt.Errorf("a window of %d×%d on images of %d×%d with Pad %d", r, s, p.H, p.W, slide.Pad)
	}
	p.P, p.Q = slide.Places(p.H, r), slide.Places(p.W, s)
	if y.shape[0] != p.N || y.shape[1] != p.P || y.shape[2] != p.Q || y.shape[3] != k {
		return p, fmt.Errorf("Y%v of X%v under a window of %d×%d, Stride %d, Pad %d, want [%d %d %d %d]",
			y, x, r, s, slide.Stride, slide.Pad, p.N, p.P, p.Q, k)
	}
	return p, nil
}

// pixel returns the index in X of the pixel under tap r, s of the window at position p, q of image n, in channel 0, or
// −1 beyond the border.
func (g Patches) pixel(n, p, q, r, s int) int {
	h, w := p*g.Stride-g.Pad+r, q*g.Stride-g.Pad+s
	if h < 0 || h >= g.H || w < 0 || w >= g.W {
		return -1
	}
	return ((n*g.H+h)*g.W + w) * g.C
}

// place returns the index of the window position whose tap r, s lies on pixel h, w of image n, or −1 if there is none.
func (g Patches) place(n, h, w, r, s int) int {
	h, w = h+g.Pad-r, w+g.Pad-s
	p, q := h/g.Stride, w/g.Stride
	if h < 0 || w < 0 || h%g.Stride != 0 || w%g.Stride != 0 || p >= g.P || q >= g.Q {
		return -1
	}
	return (n*g.P+p)*g.Q + q
}

// pairs counts the terms of all windows within the borders, for one channel of one image.
func (g Patches) pairs() int64 {
	inside := func(size, window, places int) (n int64) {
		for p := range places {
			at := p*g.Stride - g.Pad
			n += int64(max(0, min(size, at+window)-max(0, at)))
		}
		return n
	}
	return inside(g.H, g.R, g.P) * inside(g.W, g.S, g.Q)
}

// Conv is Y = epilogue(X ⋆ W), the convolution (strictly, the cross-correlation) of images:
//
//	acc[n,p,q,k] = Σ_{r,s,c} X[n, p·Stride−Pad+r, q·Stride−Pad+s, c] · W[k,r,s,c]
//
// where X is 0 beyond its borders. Images are N×H×W×C, so that activations are matrices of N·H·W rows and C columns and
// a convolution by a 1×1 window is a Gemm with TransB. The [Epilogue] is Gemm's, with a Bias of one value per channel.
// P = (H+2·Pad−R)/Stride + 1, rounded down, and Q likewise.
//
// The bound is γ of a product of length R·S·C: γ_{R·S·C+5}·Σ|terms|, plus the error of Leeway. Cost: 2 flops for each
// term within the borders.
type Conv struct {
	Y *Tensor // N × P × Q × K
	X *Tensor // N × H × W × C, of either Type
	W *Tensor // K × R × S × C, of either Type
	Slide
	Epilogue
	Leeway Leeway
}

func (c Conv) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, c.Y), c.ins(append(ins, c.X, c.W))
}

// Patches returns the geometry of the convolution.
func (c Conv) Patches() Patches {
	p, _ := window(c.X, c.Y, c.W, c.Slide)
	return p
}

// window returns the geometry of images x under weights w, checked against y.
func window(x, y, w *Tensor, slide Slide) (Patches, error) {
	if len(w.shape) != 4 || len(x.shape) == 4 && w.shape[3] != x.shape[3] {
		return Patches{}, fmt.Errorf("W%v for X%v, want units × height × width × channels, as many as X has", w, x)
	}
	return patches(x, y, w.shape[1], w.shape[2], w.shape[0], slide)
}

func (c Conv) check() error { return c.checkTo(c.Y) }

// checkTo checks a convolution or its adjoint, whose result is the images out.
func (c Conv) checkTo(out *Tensor) error {
	if _, err := window(c.X, c.Y, c.W, c.Slide); err != nil {
		return err
	}
	if err := c.Leeway.check(); err != nil {
		return err
	}
	if c.Bias != nil && c.Bias.Len() != out.Cols() {
		return fmt.Errorf("Bias is %v, want [%d]", c.Bias, out.Cols())
	}
	return c.Epilogue.check(out.Batch(), out.Rows(), out.Cols())
}

func (c Conv) define(before Contents) func(out, i int) Val {
	g, x, w := c.Patches(), before[c.X], before[c.W]
	k := c.Y.Cols()
	return func(_, i int) Val {
		n, p, q, u := i/k/g.Q/g.P, i/k/g.Q%g.P, i/k%g.Q, i%k
		t := sum{whole: true, n: g.R * g.S * g.C}
		for r := range g.R {
			for s := range g.S {
				at := g.pixel(n, p, q, r, s)
				for ch := 0; at >= 0 && ch < g.C; ch++ {
					t.addTerm(float64(x[at+ch]), float64(w[((u*g.R+r)*g.S+s)*g.C+ch]))
				}
			}
		}
		t = t.within(c.Leeway)
		if c.Leeway.AllowsWinograd(g) {
			t = t.byWinograd(g.C, p, q, func(r, s, ch int) (pixel, weight float32) {
				if at := g.pixel(n, p, q, r, s); at >= 0 {
					pixel = x[at+ch]
				}
				return pixel, w[((u*3+r)*3+s)*g.C+ch]
			})
		}
		return c.Epilogue.at(before, c.Y, t, i)
	}
}

func (c Conv) cost() Cost { return c.costTo(c.Y) }

// costTo returns the cost of a convolution or its adjoint, whose result is the images out.
func (c Conv) costTo(out *Tensor) Cost {
	traffic := bytes(c.Y, c.X, c.W) + bytes(c.ins(nil)...)
	if c.Beta != 0 {
		traffic += bytes(out)
	}
	g := c.Patches()
	return Cost{2 * g.pairs() * int64(g.N) * int64(g.C) * int64(c.Y.Cols()), traffic}
}

// ConvInput is X = epilogue(acc), the adjoint of [Conv] towards its input:
//
//	acc[n,h,w,c] = Σ Y[n,p,q,k] · W[k,r,s,c], over the k, p, q, r, s with h = p·Stride−Pad+r, w = q·Stride−Pad+s
//
// With the weights W of a layer this is backprop's pass of a delta Y; any other weights of that shape cost the same.
// Grad and Aux pass the result through the activation below; Beta 1 adds it to the contents of X, where paths join.
//
// The bound is γ of a product of length R·S·K, plus the error of Leeway; the cost is Conv's.
type ConvInput struct {
	X *Tensor // N × H × W × C
	Y *Tensor // N × P × Q × K, of either Type
	W *Tensor // K × R × S × C, of either Type
	Slide
	Epilogue
	Leeway Leeway
}

func (c ConvInput) operands(outs, ins []*Tensor) ([]*Tensor, []*Tensor) {
	return append(outs, c.X), c.ins(append(ins, c.Y, c.W))
}

// Patches returns the geometry of the convolution.
func (c ConvInput) Patches() Patches { return c.adjoint().Patches() }

// adjoint returns the convolution of the same images and weights.
func (c ConvInput) adjoint() Conv {
	return Conv{Y: c.Y, X: c.X, W: c.W, Slide: c.Slide, Epilogue: c.Epilogue, Leeway: c.Leeway}
}

func (c ConvInput) check() error { return c.adjoint().checkTo(c.X) }

func (c ConvInput) define(before Contents) func(out, i int) Val {
	g, y, wt := c.Patches(), before[c.Y], before[c.W]
	k := c.Y.Cols()
	return func(_, i int) Val {
		n, h, w, ch := i/g.C/g.W/g.H, i/g.C/g.W%g.H, i/g.C%g.W, i%g.C
		t := sum{whole: true, n: g.R * g.S * k}
		for r := range g.R {
			for s := range g.S {
				at := g.place(n, h, w, r, s)
				for u := 0; at >= 0 && u < k; u++ {
					t.addTerm(float64(y[at*k+u]), float64(wt[((u*g.R+r)*g.S+s)*g.C+ch]))
				}
			}
		}
		t = t.within(c.Leeway)
		if c.Leeway.AllowsWinograd(g) { // Y under the rotated window
			t = t.byWinograd(k, h, w, func(r, s, u int) (place, weight float32) {
				if at := g.place(n, h, w, 2-r, 2-s); at >= 0 {
					place = y[at*k+u]
				}
				return place, wt[((u*3+2-r)*3+2-s)*g.C+ch]
			})
		}
		return c.Epilogue.at(before, c.X, t, i)
	}
}

func (c ConvInput) cost() Cost { return c.adjoint().costTo(c.X) }
