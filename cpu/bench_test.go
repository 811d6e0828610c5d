package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// bench times one op on normally distributed operands and reports GFLOP/s. The ops that hebb bench times are not timed here.
func bench(b *testing.B, build func(s *compute.Step, in func(shape ...int) *compute.Tensor) compute.Op) {
	be := must.Get(Open())(b)
	d := compute.New(be)
	defer d.Close()
	rnd := rand.New(rand.NewPCG(1, 2))
	must.Do(b, d.Step(func(s *compute.Step) error {
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
	}))
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
