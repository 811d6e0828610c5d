package compute_test

import (
	"math"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
	"hebb/internal/must"
)

// converted returns x converted by Narrow or Widen, one number or word.
func converted(f func(dst, src []float32), x float32) float32 {
	y := []float32{0}
	f(y, []float32{x})
	return y[0]
}

// TestFloat16 goes through all halves: their values, and the rounding of float32s at them, between them and in the
// middle.
func TestFloat16(t *testing.T) {
	bits := func(x float32) uint16 { return uint16(math.Float32bits(converted(compute.Narrow, x))) }
	for i := range 1 << 16 {
		h := uint16(i)
		x, want := converted(compute.Widen, math.Float32frombits(uint32(h))), computetest.FromHalf(h)
		if want != want {
			if x == x || bits(x)&0x7e00 != 0x7e00 {
				t.Fatalf("%#04x is %g and then %#04x, want a NaN", h, x, bits(x))
			}
			continue
		}
		if math.Float32bits(x) != math.Float32bits(want) || bits(x) != h {
			t.Fatalf("%#04x is %g and then %#04x, want %g", h, x, bits(x), want)
		}
		if h&0x7fff >= 0x7c00 {
			continue
		}
		next := float64(computetest.FromHalf(h + 1)) // away from 0
		if h&0x7fff == 0x7bff {
			next = math.Copysign(65536, next) // which is infinite
		}
		middle := float32((float64(x) + next) / 2)
		for _, test := range []struct {
			x    float32
			want uint16
		}{
			{math.Nextafter32(x, float32(next)), h}, {math.Nextafter32(middle, x), h},
			{middle, h + h&1}, {math.Nextafter32(middle, float32(2*next)), h + 1},
		} {
			if got := bits(test.x); got != test.want {
				t.Fatalf("%g is %#04x, want %#04x", test.x, got, test.want)
			}
		}
	}
	words := []float32{7, 7, 7}
	compute.Narrow(words, []float32{1, 2, 3, 4, 5})
	x := make([]float32, 6)
	if compute.Widen(x, words); [6]float32(x) != [6]float32{1, 2, 3, 4, 5, 0} {
		t.Errorf("1 to 5 come out as %v", x)
	}
}

// TestFloat16Tensor: half of the memory, and no two views share a word of it.
func TestFloat16Tensor(t *testing.T) {
	d := device(t)
	x, err := d.TensorOf(compute.Float16, 3, 5)
	if err != nil {
		t.Fatal(err)
	}
	if words := cap(data(x)); words != 8 || x.Type() != compute.Float16 || x.String() != "[3 5]f16" {
		t.Errorf("%v of %vs in %d words", x, x.Type(), words)
	}
	for _, test := range []struct {
		off, n int
		ok     bool
	}{{0, 15, true}, {4, 6, true}, {4, 11, true}, {4, 5, false}, {3, 2, false}, {14, 1, true}, {14, 2, false}} {
		v, err := x.View(test.off, test.n)
		if (err == nil) != test.ok || err == nil && v.Type() != compute.Float16 {
			t.Errorf("view of %d at %d: %v", test.n, test.off, err)
		}
	}
	err = d.Step(func(s *compute.Step) error {
		s.Write(x, []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 1.0 / 3})
		s.Write(s.View(x, 4, 2), []float32{-1, 70000})
		got := make([]float32, 15)
		if s.Read(x, got); got[3] != 4 || got[4] != -1 || !math.IsInf(float64(got[5]), 1) || got[6] != 7 || got[14] != 0.33325195 {
			t.Errorf("read back as %v", got)
		}
		scratch := s.TensorOf(compute.Float16, 10)
		if cap(data(scratch)) != 5 {
			t.Errorf("10 halves in %d words", cap(data(scratch)))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := d.TensorOf(2, 3); err == nil || !strings.Contains(err.Error(), "Type(2)") {
		t.Errorf("a type that is none: %v", err)
	}
}

// TestFloat16Places: halves are taken where an op has factors, and nowhere else.
func TestFloat16Places(t *testing.T) {
	d := device(t)
	half := func(shape ...int) *compute.Tensor {
		x := must.Get(d.TensorOf(compute.Float16, shape...))(t)
		return x
	}
	x := func(shape ...int) *compute.Tensor { return tensor(t, d, shape...) }
	one := compute.Epilogue{Alpha: 1}
	square := half(4, 4)
	for _, test := range []struct {
		name string
		op   compute.Op
		ok   bool
	}{
		{"factors", compute.Gemm{C: x(4, 4), A: half(4, 4), B: half(4, 4), Epilogue: one}, true},
		{"one tensor for both", compute.Gemm{C: x(4, 4), A: square, B: square, Epilogue: one}, true},
		{"result", compute.Gemm{C: half(4, 4), A: x(4, 4), B: x(4, 4), Epilogue: one}, false},
		{"bias", compute.Gemm{C: x(4, 4), A: x(4, 4), B: x(4, 4), Epilogue: compute.Epilogue{Alpha: 1, Bias: half(4)}}, false},
		{"a factor that is also the bias", compute.Gemm{C: x(1, 1), A: square, B: x(4, 4),
			Epilogue: compute.Epilogue{Alpha: 1, Aux: square, Grad: compute.Tanh}}, false},
		{"gradient", compute.Hebbian{W: x(3, 4), Y: half(2, 3), X: half(2, 4), Rate: 1}, true},
		{"gated", compute.Hebbian{W: x(3, 4), Y: half(2, 3), X: x(2, 4), G: x(2, 3), Mask: compute.Full, Rate: 1}, false},
		{"gates", compute.Hebbian{W: x(3, 4), Y: x(2, 3), X: half(2, 4), G: half(2, 3), Mask: compute.Full, Rate: 1}, false},
		{"inputs of a gated one", compute.Hebbian{W: x(3, 4), Y: x(2, 3), X: half(2, 4), G: x(2, 3), Mask: compute.Full, Rate: 1}, true},
		{"images", compute.Conv{Y: x(1, 3, 3, 2), X: half(1, 3, 3, 4), W: half(2, 1, 1, 4), Slide: compute.Slide{Stride: 1}, Epilogue: one}, true},
		{"places", compute.ConvInput{X: x(1, 3, 3, 4), Y: half(1, 3, 3, 2), W: half(2, 1, 1, 4), Slide: compute.Slide{Stride: 1}, Epilogue: one}, true},
		{"copy", compute.Copy{Dst: half(4), Src: x(4)}, true},
		{"map", compute.Map{Out: x(4), In: []*compute.Tensor{half(4)}, F: compute.Pointwise(compute.Var(0))}, false},
		{"gram", compute.Gram{K: x(3, 3), X: half(3, 2)}, false},
	} {
		err := d.Step(func(s *compute.Step) error { s.Do(test.op); return nil })
		if (err == nil) != test.ok || err != nil && !strings.Contains(err.Error(), "of float16s in a place that takes float32s") {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// halfMutants are a rounding to fewer bits, and numbers that change places.
func halfMutants() []mutant {
	spoil := func(name string, f func(i int, bits uint32) uint32) mutant {
		return mutant{name, compute.Copy{}, spoilt(func(c compute.Copy) {
			for i, w := range data(c.Dst) {
				if c.Dst.Type() == compute.Float16 {
					data(c.Dst)[i] = math.Float32frombits(f(i, math.Float32bits(w)))
				}
			}
		})}
	}
	return []mutant{
		spoil("9 bits", func(_ int, bits uint32) uint32 { return bits &^ 0x00030003 }),
		spoil("exchanged", func(i int, bits uint32) uint32 {
			if i == 0 {
				return bits<<16 | bits>>16
			}
			return bits
		}),
		spoil("no subnormals", func(_ int, bits uint32) uint32 {
			if bits&0x7c00 == 0 {
				return bits &^ 0xffff
			}
			return bits
		}),
	}
}
