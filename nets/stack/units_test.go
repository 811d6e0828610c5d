package stack_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/stack"
)

// unitful lists units with their float64 form: y = f(h − d) and its slope, where h wins, or is drawn, as without d.
var unitful = map[string]struct {
	act   compute.Act
	layer stack.Spec
	f     func(x float64) float64
	slope func(x float64) float64
}{
	"identity": {act: compute.Identity, f: func(x float64) float64 { return x }, slope: func(float64) float64 { return 1 }},
	"relu":     {act: compute.ReLU, f: func(x float64) float64 { return math.Max(x, 0) }, slope: func(x float64) float64 { return step(x, 0) }},
	"leaky": {act: compute.LeakyReLU, f: func(x float64) float64 { return math.Max(x, float64(compute.LeakySlope)*x) },
		slope: func(x float64) float64 { return step(x, float64(compute.LeakySlope)) }},
	"tanh": {act: compute.Tanh, f: math.Tanh, slope: tanhSlope},
	"sigmoid": {act: compute.Sigmoid, f: func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
		slope: func(x float64) float64 { return 1 / (2 + 2*math.Cosh(x)) }},
	"selu": {act: compute.SELU, f: func(x float64) float64 {
		return float64(compute.SELUScale)*math.Max(x, 0) + float64(compute.SELULimit)*math.Expm1(math.Min(x, 0))
	}, slope: func(x float64) float64 {
		if x > 0 {
			return float64(compute.SELUScale)
		}
		return float64(compute.SELULimit) * math.Exp(x)
	}},
	"sign": {layer: stack.Sign{}, f: func(x float64) float64 { return step(x, 0) - step(-x, 0) },
		slope: func(x float64) float64 { return step(1-math.Abs(x), 0) }},
	"bernoulli": {layer: stack.Bernoulli{}, f: math.Tanh, slope: tanhSlope},
	"lwta":      {layer: stack.LWTA{Group: 2}, f: func(x float64) float64 { return x }, slope: func(float64) float64 { return 1 }},
}

// step returns 1 above 0, else low.
func step(x, low float64) float64 {
	if x > 0 {
		return 1
	}
	return low
}

func tanhSlope(x float64) float64 { return 1 / (math.Cosh(x) * math.Cosh(x)) }

// moves lists pre-activations and their movements: far, near, and so little that float32s of y hardly differ.
func moves() (h, d []float32) {
	rnd := rand.New(rand.NewPCG(3, 1))
	for _, size := range []float64{4, 0.25, 0x1p-12, 0x1p-30} {
		for range 16 {
			h = append(h, float32(2*rnd.NormFloat64()))
			d = append(d, float32(size*rnd.NormFloat64()))
		}
	}
	return h, d
}

// TestUnits: Change is f(h) − f(h − d), to the digits of d where it is small, and Slope is v∘f′(h − d), with the
// winners of the pass.
func TestUnits(t *testing.T) {
	h, d := moves()
	n := len(h)
	for name, u := range unitful {
		spec := stack.Stack{stack.Dense{Name: "a", Units: n, Act: u.act, NoBias: true}, stack.Dense{Name: "top", Units: 2}}
		if u.layer != nil {
			spec = slices.Insert(spec, 1, u.layer)
		}
		l := lab.Single(t)
		net := l.Net(t, spec, nets.Row(1), stack.Backprop{}, 1)
		links, err := net.Links()
		if err != nil {
			t.Fatal(err)
		}
		l.Write(t, net.Weights[0].W, h)
		got := map[string]*compute.Tensor{}
		l.Pass(t, net, []float32{1}, nil, func(p *stack.Pass, x *compute.Tensor) {
			net.Forward(p, x)
			by, v := p.Tensor(1, n), p.Tensor(1, n)
			p.Write(by, d)
			p.Write(v, h)
			for what, y := range map[string]*compute.Tensor{"change": links[0].Change(p, by), "slope": links[0].Slope(p, v, nil), "slope there": links[0].Slope(p, v, by)} {
				got[what] = l.New(t, 1, n)
				p.Do(compute.Copy{Dst: got[what], Src: y})
			}
		})
		for i := range h {
			x, by := float64(h[i]), float64(d[i])
			near := u.f(x) - u.f(x-by)
			if math.Abs(by) < 0x1p-20 && name != "selu" && math.Abs(x) > 0x1p-8 { // f(x) is known only to 1e-16
				near = u.slope(x) * by
				if name == "sign" {
					near = 0
				}
			}
			lost := 1.
			if name == "lwta" && !(h[i] > h[i^1] || h[i] == h[i^1] && i%2 == 0) {
				lost = 0
			}
			least := min(math.Abs(by), 1)
			if name == "selu" {
				least = 1
			}
			for what, w := range map[string]struct{ want, size float64 }{
				"change": {lost * near, least}, "slope": {lost * x * u.slope(x), math.Abs(x)}, "slope there": {lost * x * u.slope(x-by), math.Abs(x)},
			} {
				bound := 16 * 0x1p-23 * w.size * (1 + math.Abs(x) + math.Abs(by))
				if y := l.Values(t, got[what])[i]; !(math.Abs(y-w.want) <= bound) {
					t.Errorf("%s: %s of %g, moved by %g, is %g, want %g ± %.2g", name, what, x, by, y, w.want, bound)
				}
			}
		}
	}
}

// TestBernoulli: units are −1 or 1, with mean tanh(h), and differ in the next pass.
func TestBernoulli(t *testing.T) {
	const n = 4096
	l := lab.Exact(t)
	for _, h := range []float64{-0.5, 0, 1.25} {
		net := l.Net(t, stack.Stack{stack.Bernoulli{}, stack.Dense{Units: 1}}, nets.Row(n), stack.Backprop{}, 1)
		seen := func(number uint64) []float64 {
			l.Pass(t, net, slices.Repeat([]float32{float32(h)}, n), nil, func(p *stack.Pass, x *compute.Tensor) {
				p.Number = number
				net.Forward(p, x)
			})
			return slices.Clone(lab.Float64s(net.Weights[0].X))
		}
		first, second := seen(0), seen(1)
		mean, both := 0., 0.
		for i, y := range first {
			if y != 1 && y != -1 {
				t.Fatalf("a unit is %g, want -1 or 1", y)
			}
			mean += y / n
			both += y * second[i] / n
		}
		m := math.Tanh(h)
		for what, c := range map[string][2]float64{"mean": {mean, m}, "correlation with the next pass": {both, m * m}} {
			if !(math.Abs(c[0]-c[1]) <= 6*math.Sqrt((1-c[1]*c[1])/n)) {
				t.Errorf("%s of h = %g is %g, want about %g", fmt.Sprint(what), h, c[0], c[1])
			}
		}
	}
}
