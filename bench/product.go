package bench

import (
	"fmt"

	"hebb/compute"
)

// A product is C = A·B for a batch of matrices.
type product struct {
	batch, m, n, k int
	transA, transB bool
	shared         bool // one B serves all of the batch
	layer          bool // with a bias, and ReLU
	f16            bool // factors lie in memory as halves
}

func cube(batch, n int) product { return product{batch: batch, m: n, n: n, k: n} }

func (p product) build(s *compute.Step) compute.Op {
	factor := func(batch, rows, cols int, trans bool) *compute.Tensor {
		if trans {
			rows, cols = cols, rows
		}
		if p.f16 {
			return s.TensorOf(compute.Float16, batch, rows, cols)
		}
		return s.Tensor(batch, rows, cols)
	}
	ofB := p.batch
	if p.shared {
		ofB = 1
	}
	g := compute.Gemm{
		C: s.Tensor(p.batch, p.m, p.n), A: factor(p.batch, p.m, p.k, p.transA), B: factor(ofB, p.k, p.n, p.transB),
		TransA: p.transA, TransB: p.transB, Epilogue: compute.Epilogue{Alpha: 1},
	}
	if p.layer {
		g.Bias, g.Act = s.Tensor(p.n), compute.ReLU
	}
	return g
}

// name is the form of the product, its size, and whether it has more to it: "NT 64 × 256³ shared B".
func (p product) name() string {
	size := fmt.Sprintf("%d×%d×%d", p.m, p.n, p.k)
	if p.m == p.n && p.n == p.k {
		size = fmt.Sprintf("%d³", p.m)
	}
	name := form(p.transA, p.transB, p.f16) + " " + times(p.batch, size)
	if p.shared {
		name += " shared B"
	}
	if p.layer {
		name += " bias+relu"
	}
	return name
}

// form tells products of one size apart: "NT f16".
func form(transA, transB, f16 bool) string {
	letter := map[bool]string{false: "N", true: "T"}
	if f16 {
		return letter[transA] + letter[transB] + " f16"
	}
	return letter[transA] + letter[transB]
}

func products() []Case {
	var cases []Case
	add := func(quick bool, p product) {
		cases = append(cases, Case{Name: p.name(), Quick: quick, Build: p.build})
	}
	for _, n := range []int{32, 64, 128, 256, 512, 1024, 2048, 4096, 8192} {
		add(n == 32 || n == 256, cube(1, n))
	}
	for _, p := range []product{{transB: true}, {transA: true}, {transA: true, transB: true}, {layer: true}} {
		for _, n := range []int{256, 1024} {
			p.batch, p.m, p.n, p.k = 1, n, n, n
			add(n == 256, p)
		}
	}
	add(false, cube(4096, 32))
	add(true, cube(64, 64))
	add(false, cube(1024, 64))
	add(false, cube(256, 128))
	add(true, cube(8, 256))
	add(false, cube(64, 256))
	shared := cube(64, 256)
	shared.shared = true
	add(false, shared)
	add(false, product{batch: 1, m: 64, n: 64, k: 65536, transA: true}) // long sums, few results
	add(false, product{batch: 1, m: 4096, n: 4096, k: 64})              // short sums, many results
	few := product{batch: 1, m: 8, n: 4096, k: 4096, transB: true}      // as fast as memory is
	add(false, few)
	for _, p := range []product{cube(1, 256), cube(1, 4096), cube(1024, 64), few} {
		p.f16 = true
		add(p.m == 256, p)
	}
	return append(cases, resnet()...)
}

// resnet is the layers of a ResNet-18 for 32×32 images, 128 at a time, as products over image
// patches (He et al. 2016; the stem is 3×3 and there is no pooling after it, as is usual for small
// images). Layers of equal shape are listed once.
func resnet() []Case {
	const images = 128
	layers := []struct {
		name              string
		side, in, out, kk int // side of the output; kernel area
		quick             bool
	}{
		{"fc", 1, 512, 10, 1, true},
		{"stage4 1×1", 4, 256, 512, 1, true},
		{"stage3 1×1", 8, 128, 256, 1, false},
		{"stage2 1×1", 16, 64, 128, 1, false},
		{"stem 3×3", 32, 3, 64, 9, false},
		{"stage4 first 3×3", 4, 256, 512, 9, false},
		{"stage3 first 3×3", 8, 128, 256, 9, false},
		{"stage2 first 3×3", 16, 64, 128, 9, false},
		{"stage4 3×3", 4, 512, 512, 9, false},
		{"stage3 3×3", 8, 256, 256, 9, false},
		{"stage2 3×3", 16, 128, 128, 9, false},
		{"stage1 3×3", 32, 64, 64, 9, false},
	}
	var cases []Case
	for _, l := range layers {
		rows, k, n := images*l.side*l.side, l.in*l.kk, l.out
		for _, pass := range []struct {
			name string
			product
		}{
			{forward, product{batch: 1, m: rows, n: n, k: k}},
			{weightGradient, product{batch: 1, m: k, n: n, k: rows, transA: true}},
			{inputGradient, product{batch: 1, m: rows, n: k, k: n, transB: true}},
		} {
			if l.name == "stem 3×3" && pass.name == inputGradient {
				continue // nobody asks for the gradient of the image
			}
			name := fmt.Sprintf("resnet18 %s %s %d×%d×%d", l.name, pass.name, pass.m, pass.n, pass.k)
			cases = append(cases, Case{Name: name, Quick: l.quick, Build: pass.build})
		}
	}
	return cases
}
