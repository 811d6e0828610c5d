package cpu

import (
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

func BenchmarkSmall(b *testing.B) {
	be, _ := Open()
	dev := compute.New(be)
	defer dev.Close()
	t := func(shape ...int) *compute.Tensor { x, _ := dev.Tensor(shape...); return x }
	const L = 16
	x, w, y, g := t(L, 1, 50), t(L, 50, 50), t(L, 1, 50), t(L, 50, 1)
	one := compute.Epilogue{Alpha: 1}
	tanh := compute.Epilogue{Alpha: 1, Beta: 1, Act: compute.Tanh}
	sub := compute.Formula("keep*old - rate*g", "g").With("keep", 1).With("rate", 0.001)
	for _, c := range []struct {
		name string
		op   compute.Op
	}{
		{"gemmT", compute.Gemm{C: y, A: x, B: w, TransB: true, Epilogue: tanh}},
		{"gemm", compute.Gemm{C: y, A: x, B: w, Epilogue: one}},
		{"gemmT1", compute.Gemm{C: t(L, 1, 1), A: x, B: t(L, 1, 50), TransB: true, Epilogue: one}},
		{"gemmTin", compute.Gemm{C: y, A: t(1, 1, 1), B: g, TransB: true, Epilogue: one}},
		{"hebb", compute.Hebbian{W: w, Y: y, X: x, Rate: 0.1, Decay: 0.1}},
		{"hebb1", compute.Hebbian{W: t(L, 50, 1), Y: y, X: t(L, 1, 1), Rate: 0.1, Decay: 0.1}},
		{"map", compute.Map{Out: w, In: []*compute.Tensor{t(L, 50, 50)}, F: sub}},
		{"mapcol", compute.Map{Out: w, In: []*compute.Tensor{t(L, 50, 50), g}, F: compute.Formula("l*p", "p", "l")}},
		{"mapvec", compute.Map{Out: y, In: []*compute.Tensor{x}, F: compute.Formula("1-p*p", "p")}},
		{"map1", compute.Map{Out: t(L, 1, 1), In: []*compute.Tensor{t(L, 1, 1)}, F: compute.Formula("1-p*p", "p")}},
		{"reducerows", compute.Reduce{Out: w, In: []*compute.Tensor{t(L, 1, 2500)}, Along: compute.AlongRows, Alpha: 1}},
		{"reducecols", compute.Reduce{Out: t(L), In: []*compute.Tensor{t(L, 1)}, Along: compute.AlongCols, Alpha: 1}},
		{"random", compute.Random{Out: w, Law: compute.Normal(0, 1), Seeds: L}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			must.Do(b, dev.Step(func(s *compute.Step) error {
				for b.Loop() {
					s.Do(c.op)
				}
				return nil
			}))
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/L, "ns/member")
		})
	}
}
