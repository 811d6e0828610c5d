package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"hebb/compute"
)

// bench times one op on normally distributed operands and reports GFLOP/s.
func bench(b *testing.B, build func(s *compute.Step, in func(shape ...int) *compute.Tensor) compute.Op) {
	be, err := Open()
	if err != nil {
		b.Fatal(err)
	}
	d := compute.New(be)
	defer d.Close()
	rnd := rand.New(rand.NewPCG(1, 2))
	err = d.Step(func(s *compute.Step) error {
		op := build(s, func(shape ...int) *compute.Tensor {
			t := s.Tensor(shape...)
			x := make([]float32, t.Len())
			for i := range x {
				x[i] = float32(rnd.NormFloat64())
			}
			s.Write(t, x)
			return t
		})
		s.Do(op)
		for b.Loop() {
			s.Do(op)
		}
		cost := compute.CostOf(op)
		seconds := b.Elapsed().Seconds() / float64(b.N)
		b.ReportMetric(float64(cost.Flops)/seconds/1e9, "GFLOP/s")
		b.ReportMetric(float64(cost.Bytes)/seconds/1e9, "GB/s")
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

func BenchmarkGemm(b *testing.B) {
	for _, c := range []struct {
		name           string
		batch, m, n, k int
		ta, tb         bool
	}{
		{"64x256x256x256/NN", 64, 256, 256, 256, false, false},
		{"64x256x256x256/NT", 64, 256, 256, 256, false, true},
		{"64x256x256x256/TN", 64, 256, 256, 256, true, false},
		{"64x256x256x256/TT", 64, 256, 256, 256, true, true},
		{"1x2048x2048x256/NN", 1, 2048, 2048, 256, false, false},
		{"1x2048x2048x256/TN", 1, 2048, 2048, 256, true, false},
		{"1x64x576x65536/TN", 1, 64, 576, 65536, true, false},
		{"1x512x512x128/TN", 1, 512, 512, 128, true, false},
		{"1x1024x1024x1024/NN", 1, 1024, 1024, 1024, false, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			bench(b, func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
				g := compute.Gemm{C: s.Tensor(c.batch, c.m, c.n), A: in(c.batch, c.m, c.k), B: in(c.batch, c.k, c.n),
					TransA: c.ta, TransB: c.tb, Epilogue: compute.Epilogue{Alpha: 1}}
				if c.ta {
					g.A = s.View(g.A, 0, c.batch, c.k, c.m)
				}
				if c.tb {
					g.B = s.View(g.B, 0, c.batch, c.n, c.k)
				}
				return g
			})
		})
	}
}

// BenchmarkMembers is what many small networks of 20-200-7 units ask for, 16 examples at a time, each with weights of its
// own or all with the same.
func BenchmarkMembers(b *testing.B) {
	plain := compute.Epilogue{Alpha: 1}
	for _, c := range []struct {
		name  string
		build func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op
	}{
		{"1000x16x200x20", func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
			return compute.Gemm{C: s.Tensor(1000, 16, 200), A: in(1000, 16, 20), B: in(1000, 20, 200), Epilogue: plain}
		}},
		{"1000x16x200x20/layer", func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
			return compute.Gemm{C: s.Tensor(1000, 16, 200), A: in(1000, 16, 20), B: in(1000, 200, 20), TransB: true,
				Epilogue: compute.Epilogue{Alpha: 1, Bias: in(1000, 200), Act: compute.ReLU}}
		}},
		{"1000x16x200x20/oneB", func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
			return compute.Gemm{C: s.Tensor(1000, 16, 200), A: in(1000, 16, 20), B: in(20, 200), Epilogue: plain}
		}},
		{"1000x16x7x200", func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
			return compute.Gemm{C: s.Tensor(1000, 16, 7), A: in(1000, 16, 200), B: in(1000, 7, 200), TransB: true, Epilogue: plain}
		}},
		{"1000x16x3x201", func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
			return compute.Gemm{C: s.Tensor(1000, 16, 3), A: in(1000, 16, 201), B: in(1000, 3, 201), TransB: true, Epilogue: plain}
		}},
		{"16x7x200x5000", func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
			return compute.Gemm{C: s.Tensor(16, 7, 200), A: in(16, 5000, 7), B: in(16, 5000, 200), TransA: true, Epilogue: plain}
		}},
		{"16x128x500x784", func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
			return compute.Gemm{C: s.Tensor(16, 128, 500), A: in(16, 128, 784), B: in(16, 784, 500), Epilogue: plain}
		}},
		{"hebb", func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
			return compute.Hebbian{W: in(1000, 200, 20), Y: in(1000, 16, 200), X: in(1000, 16, 20), Rate: 1e-9}
		}},
		{"sanger", func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
			y := in(1000, 16, 20)
			return compute.Hebbian{W: in(1000, 20, 200), Y: y, X: in(1000, 16, 200), G: y, Mask: compute.Lower, Rate: 1e-9}
		}},
		{"rows", func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
			return compute.Reduce{Out: in(1000, 1, 200), In: []*compute.Tensor{in(1000, 16, 200)}, Alpha: 1}
		}},
		{"columns", func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
			f := compute.Pointwise(compute.Mul(compute.Var(0), compute.Var(0)))
			return compute.Reduce{Out: in(1000, 16, 1), In: []*compute.Tensor{in(1000, 16, 200)}, F: f, Along: compute.AlongCols, Alpha: 1}
		}},
	} {
		b.Run(c.name, func(b *testing.B) { bench(b, c.build) })
	}
}

// BenchmarkLayer is a dense layer with each activation: what the epilogue costs.
func BenchmarkLayer(b *testing.B) {
	for _, act := range compute.Acts {
		b.Run(act.String(), func(b *testing.B) {
			bench(b, func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
				return compute.Gemm{C: s.Tensor(1024, 1024), A: in(1024, 512), B: in(1024, 512), TransB: true,
					Epilogue: compute.Epilogue{Alpha: 0.05, Bias: in(1024), Act: act}}
			})
		})
	}
}

// BenchmarkHebbian is 2048×2048 weights and 256 pairs; the product alone is Gemm/1x2048x2048x256/TN.
func BenchmarkHebbian(b *testing.B) {
	for _, c := range []struct {
		name string
		h    compute.Hebbian
	}{
		{"hebb", compute.Hebbian{}},
		{"decay", compute.Hebbian{Decay: 1e-4}},
		{"bounds", compute.Hebbian{Lo: -10, Hi: 10}},
		{"oja", compute.Hebbian{Mask: compute.Diagonal}},
		{"sanger", compute.Hebbian{Mask: compute.Lower}},
		{"subspace", compute.Hebbian{Mask: compute.Full}},
	} {
		b.Run(c.name, func(b *testing.B) {
			bench(b, func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
				h := c.h
				h.W, h.Y, h.X, h.Rate = in(2048, 2048), in(256, 2048), in(256, 2048), 1e-9
				if h.Mask != compute.None {
					h.G = h.Y
				}
				return h
			})
		})
	}
}

// BenchmarkConv is the layers of a ResNet-18 for images of 32×32, 64 at a time, forwards, back and their weights'
// gradients.
func BenchmarkConv(b *testing.B) {
	for _, l := range []struct{ c, units, size, window, stride, pad int }{
		{3, 64, 32, 3, 1, 1},
		{64, 64, 32, 3, 1, 1},
		{64, 128, 32, 3, 2, 1},
		{64, 128, 32, 1, 2, 0},
		{128, 128, 16, 3, 1, 1},
		{256, 256, 8, 3, 1, 1},
		{512, 512, 4, 3, 1, 1},
	} {
		slide := compute.Slide{Stride: l.stride, Pad: l.pad}
		places := slide.Places(l.size, l.window)
		for _, c := range []struct {
			name  string
			build func(x, y, w *compute.Tensor) compute.Op
		}{
			{"forward", func(x, y, w *compute.Tensor) compute.Op {
				return compute.Conv{Y: y, X: x, W: w, Slide: slide, Epilogue: compute.Epilogue{Alpha: 1}}
			}},
			{"input", func(x, y, w *compute.Tensor) compute.Op {
				return compute.ConvInput{X: x, Y: y, W: w, Slide: slide, Epilogue: compute.Epilogue{Alpha: 1}}
			}},
			{"weights", func(x, y, w *compute.Tensor) compute.Op {
				return compute.Hebbian{W: w, Y: y, X: x, Rate: 1, Decay: 1, Patches: slide}
			}},
		} {
			b.Run(fmt.Sprintf("%dx%dx%d-%d/%dx%d/%s", l.size, l.size, l.c, l.units, l.window, l.window, c.name), func(b *testing.B) {
				bench(b, func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
					return c.build(in(64, l.size, l.size, l.c), in(64, places, places, l.units), in(l.units, l.window, l.window, l.c))
				})
			})
		}
	}
}

// BenchmarkMap is a step of stochastic gradient descent with momentum, with as many parameters as a ResNet-18: it is
// bound by memory.
func BenchmarkMap(b *testing.B) {
	f := compute.Pointwise(compute.Add(compute.Mul(compute.Const(0.9), compute.Old()),
		compute.Add(compute.Var(0), compute.Mul(compute.Const(1e-4), compute.Var(1)))))
	bench(b, func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
		return compute.Map{Out: in(11 << 20), In: []*compute.Tensor{in(11 << 20), in(11 << 20)}, F: f}
	})
}

// BenchmarkStandardize is the widest layer of that network, with ReLU, and its gradient.
func BenchmarkStandardize(b *testing.B) {
	b.Run("forward", func(b *testing.B) {
		bench(b, func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
			return compute.Standardize{Y: in(1<<16, 64), Mean: in(64), Var: in(64), X: in(1<<16, 64), Gain: in(64), Bias: in(64),
				Eps: 1e-5, Act: compute.ReLU}
		})
	})
	b.Run("gradient", func(b *testing.B) {
		bench(b, func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
			variance := in(64)
			fill(values(variance), 1)
			return compute.StandardizeGrad{DX: in(1<<16, 64), DGain: in(64), DBias: in(64), DY: in(1<<16, 64), X: in(1<<16, 64),
				Y: in(1<<16, 64), Mean: in(64), Var: variance, Gain: in(64), Eps: 1e-5, Act: compute.ReLU}
		})
	})
}

func BenchmarkGram(b *testing.B) {
	for _, c := range []struct {
		name string
		g    compute.Gram
		y    bool
	}{
		{"linear", compute.Gram{}, false},
		{"cosine", compute.Gram{Kernel: compute.Cosine}, false},
		{"gaussian", compute.Gram{Kernel: compute.Gaussian, Sigma: []float32{1}}, false},
		{"3widths", compute.Gram{Kernel: compute.Gaussian, Sigma: []float32{.5, 1, 2}}, false},
		{"xy", compute.Gram{Kernel: compute.Gaussian, Sigma: []float32{1}}, true},
		{"double", compute.Gram{Kernel: compute.Gaussian, Sigma: []float32{1}, Center: compute.Double}, false},
	} {
		b.Run(c.name, func(b *testing.B) {
			bench(b, func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
				g := c.g
				g.X, g.PerDim = in(4096, 512), g.Kernel == compute.Gaussian
				g.K = s.Tensor(max(1, len(g.Sigma)), 4096, 4096)
				if c.y {
					g.Y = in(4096, 512)
				}
				return g
			})
		})
	}
}

func BenchmarkCopy(b *testing.B) {
	bench(b, func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
		return compute.Copy{Dst: s.Tensor(1 << 24), Src: in(1 << 24)}
	})
}

func BenchmarkFMA(b *testing.B) {
	bench(b, func(s *compute.Step, in func(...int) *compute.Tensor) compute.Op {
		return compute.FMA{Out: s.Tensor(1 << 16), X: in(1 << 16), A: 0.5, B: 1, Rounds: 1024}
	})
}

// BenchmarkExp is one core's.
func BenchmarkExp(b *testing.B) {
	for _, n := range []int{16, 256, 4096} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x, y := make([]float32, n), make([]float32, n)
			for i := range x {
				x[i] = -float32(i%64) / 8
			}
			b.SetBytes(int64(4 * n))
			for b.Loop() {
				exp(y, x)
			}
		})
	}
}
