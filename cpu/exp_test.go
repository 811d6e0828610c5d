package cpu

import (
	"flag"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
)

var exhaustive = flag.Bool("exhaustive", false, "go through every float32 where a sample is taken otherwise")

// TestExp holds exp to the bound of expGo's comment, and each kind of vector code to expGo's bits, over all
// float32s.
func TestExp(t *testing.T) {
	for v := min(scalar+1, widest()); v <= widest(); v++ {
		t.Run(v.String(), func(t *testing.T) {
			set(t, &vector, v)
			testExp(t)
		})
	}
}

func testExp(t *testing.T) {
	worst, at := sweep(t, "exp", exp, expGo, func(x, y float32) (kind int, e float64) {
		e, ok := expError(x, y)
		if !ok {
			return 0, math.Inf(1)
		}
		return 0, e
	})
	t.Logf("largest error %.4f·2⁻²³, at %g", worst[0], at[0])
	if worst[0] > 1 {
		t.Errorf("error at %g is %.3f·2⁻²³ of the result, want at most 1", at[0], worst[0])
	}
}

// sweep calls f with a sample of all float32s, by bits, or with all of them, and compares it with its Go twin. It returns
// the largest of the errors e of each kind, and where they are.
func sweep(t *testing.T, name string, f func(dst, x []float32), twin func(float32) float32,
	off func(x, y float32) (kind int, e float64)) (worst [2]float64, at [2]float32) {
	stride := uint64(101)
	switch {
	case *exhaustive:
		stride = 1
	case testing.Short():
		stride = 9973
	}
	const block = 1 << 12
	var mu sync.Mutex
	parallel(int((1<<32)/(block*stride))+1, func(i int) {
		var x, y [block]float32
		for j := range x {
			x[j] = math.Float32frombits(uint32((uint64(i)*block + uint64(j)) * stride))
		}
		f(y[:], x[:])
		var w [2]float64
		var a [2]float32
		for j, x := range x {
			if want := twin(x); !sameBits(want, y[j]) {
				t.Errorf("%s(%g) is %g as a vector and %g alone", name, x, y[j], want)
				return
			}
			if k, e := off(x, y[j]); e > w[k] {
				w[k], a[k] = e, x
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for k := range w {
			if w[k] > worst[k] {
				worst[k], at[k] = w[k], a[k]
			}
		}
	})
	return worst, at
}

// expError returns the error of y ≈ eˣ in units of 2⁻²³·eˣ, after the 2⁻¹⁵⁰ that are always allowed; ok is false where
// y is not even of the right kind.
func expError(x, y float32) (e float64, ok bool) {
	want := math.Exp(float64(x))
	switch {
	case x != x:
		return 0, y != y
	case want*(1-0x1p-24) > math.MaxFloat32:
		return 0, float64(y) > math.MaxFloat32
	case want > math.MaxFloat32*(1-0x1p-22) && float64(y) > math.MaxFloat32:
		return 0, true // rounding up may leave float32
	}
	d := math.Abs(float64(y) - want)
	return max(0, d-0x1p-150) / (0x1p-23 * want), y >= 0
}

// sameBits admits any NaN for a NaN.
func sameBits(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// TestEnds covers the arguments where the results of exp and log change kind.
func TestEnds(t *testing.T) {
	inf, nan, least := float32(math.Inf(1)), float32(math.NaN()), float32(math.SmallestNonzeroFloat32)
	minus0 := float32(math.Copysign(0, -1))
	for _, f := range []struct {
		name string
		f    func(dst, x []float32)
		want [][2]float32 // at an argument
	}{
		{"exp", exp, [][2]float32{{0, 1}, {minus0, 1}, {least, 1}, {-inf, 0}, {-math.MaxFloat32, 0}, {-104, 0}, {-103.5, least},
			{88.8, inf}, {89, inf}, {math.MaxFloat32, inf}, {inf, inf}}},
		{"log", log, [][2]float32{{1, 0}, {0, -inf}, {minus0, -inf}, {least, -inf}, {inf, inf}, {-inf, nan}, {-1, nan}, {nan, nan}, {-least, nan}}},
	} {
		for _, c := range f.want {
			at, want := c[0], c[1]
			x := make([]float32, 25) // sixteen and eight for the vectors, one beside them
			fill(x, at)
			f.f(x, x)
			if !sameBits(x[0], want) || !sameBits(x[16], want) || !sameBits(x[24], want) {
				t.Errorf("%s(%g) is %g and %g as a vector and %g alone, want %g", f.name, at, x[0], x[16], x[24], want)
			}
		}
	}
}

// TestGaussianBits compares the fused kernel with its Go twin, at lengths that leave every rest.
func TestGaussianBits(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		xy, yy := make([]float32, n), make([]float32, n)
		for j := range xy {
			xy[j], yy[j] = float32(r.NormFloat64()*100), float32(r.ExpFloat64()*50)
			if j%7 == 3 {
				xy[j] = float32(math.NaN())
			}
		}
		slow := make([]float32, n)
		set(t, &vector, scalar)
		gaussian(slow, xy, yy, 40, 0.3)
		for v := scalar + 1; v <= widest(); v++ {
			vector = v
			fast := make([]float32, n)
			gaussian(fast, xy, yy, 40, 0.3)
			for j := range fast {
				if !sameBits(fast[j], slow[j]) {
					t.Fatalf("%v: element %d of %d is %g as a vector and %g alone", v, j, n, fast[j], slow[j])
				}
			}
		}
	}
}

func TestTranspose(t *testing.T) {
	for rows := 1; rows < 20; rows++ {
		for cols := 1; cols < 20; cols++ {
			src, dst := matrix{rows, cols, 23, false, make([]float32, 23*20)}, make([]float32, 29*20)
			for i := range src.data {
				src.data[i] = float32(i)
			}
			transpose(matrix{cols, rows, 29, false, dst}, src)
			for i, v := range dst {
				want := float32(0)
				if c, r := i/29, i%29; c < cols && r < rows {
					want = src.data[r*23+c]
				}
				if v != want {
					t.Fatalf("%d×%d: %g at %d, want %g", rows, cols, v, i, want)
				}
			}
		}
	}
}

// set changes a setting for one test.
func set[T any](t *testing.T, p *T, v T) {
	old := *p
	t.Cleanup(func() { *p = old })
	*p = v
}
