package gpu

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/shaders"
)

// A near is the result of float32 arithmetic, with a bound of its error, whichever way a device rounds (GLSL 4.60,
// §4.7.1).
type near struct{ x, err float64 }

const unit = 0x1p-23

func (a near) round() near { return near{a.x, a.err + unit*(math.Abs(a.x)+a.err)} }
func (a near) add(b near) near {
	return near{a.x + b.x, a.err + b.err}.round()
}
func (a near) mul(b near) near {
	return near{a.x * b.x, math.Abs(a.x)*b.err + math.Abs(b.x)*a.err + a.err*b.err}.round()
}

// horner is the shader's polynomial: its constants, read from the text itself, from the first on.
type horner []near

// polynomial reads, from random.comp, the statements on v within a function, which are powers of x.
func polynomial(t *testing.T, function, v, x string) (h horner) {
	t.Helper()
	text := must.Get(shaders.Source("random"))(t)
	_, text, _ = strings.Cut(text, function)
	text, _, _ = strings.Cut(text, "\n}")
	for _, m := range regexp.MustCompile(`\b`+v+` = (?:`+v+` \* `+x+` ([+-]) )?(-?[0-9][0-9.e-]*);`).FindAllStringSubmatch(text, -1) {
		c := must.Get(strconv.ParseFloat(m[2], 32))(t)
		if m[1] == "-" {
			c = -c
		}
		h = append(h, near{x: c})
	}
	return h
}

func (h horner) at(x near) near {
	v := h[0]
	for _, c := range h[1:] {
		v = v.mul(x).add(c)
	}
	return v
}

// TestFarPieces: the pieces of a tensor of more than 2³⁴ numbers begin at their own blocks of the generator, in two words.
func TestFarPieces(t *testing.T) {
	x := tensorsOn(t, compute.New(&compute.Stage{}))(1<<34 + 1<<30)
	at, far := 0, 0
	for i, d := range planOf(t, desk("", nil), compute.Random{Out: x, Law: compute.Uniform(0, 1)}).dispatches {
		a := d.args
		if got := int(uint32(a.Row0))<<32 + int(uint32(a.Col0)); got != at/4 {
			t.Errorf("piece %d begins at block %d, want %d", i, got, at/4)
		}
		if at += int(a.N); a.Row0 == 1 {
			far++
		}
	}
	if at != x.Len() || far == 0 {
		t.Errorf("the pieces are %d numbers of %d, %d of them beyond 2³² blocks", at, x.Len(), far)
	}
}

// TestLogarithm: for any rounding, the shader's logarithm is so good for each of its 2²⁴ arguments that the radius of a
// normal number, with its root and the product, keeps the 8 ulp of compute.Random.
func TestLogarithm(t *testing.T) {
	t.Parallel()
	p := polynomial(t, "float logarithm", "p", "f")
	if len(p) != 9 {
		t.Fatalf("the polynomial has %d constants, want 9: %v", len(p), p)
	}
	low, high := near{x: float64(float32(-2.12194440e-4))}, near{x: float64(float32(0.693359375))}
	worst, at := 0.0, 0
	for k := 1; k <= 1<<24; k++ {
		m, e := math.Frexp(float64(k)) // m within [½, 1)
		if e -= 24; m < math.Float64frombits(0x3FE6A09E60000000) {
			m, e = 2*m, e-1
		}
		f := near{x: m - 1} // exact
		z := f.mul(f)
		y := f.mul(z).mul(p.at(f)).add(near{x: float64(e)}.mul(low)).add(near{-0.5 * z.x, 0.5 * z.err})
		l := f.add(y).add(near{x: float64(e) * high.x}) // an exact product: both are short
		want := math.Log(float64(k) / (1 << 24))
		miss := math.Abs(l.x-want) + l.err
		if want == 0 {
			if miss != 0 {
				t.Fatalf("ln 1 is off by %g", miss)
			}
			continue
		}
		if miss /= -want * unit; miss > worst {
			worst, at = miss, k
		}
	}
	t.Logf("ln is within %.2f ulp, the worst at %d/2²⁴", worst, at)
	if radius := worst/2 + 5 + 1; !(radius*(1+1e-5) <= 8) {
		t.Errorf("the radius may be off by %.2f ulp, want at most 8", radius)
	}
}

// TestCircle: for any rounding, the shader's cosine and sine are within 2⁻²¹ for all angles.
func TestCircle(t *testing.T) {
	t.Parallel()
	s, c := polynomial(t, "vec2 circle", "s", "z"), polynomial(t, "vec2 circle", "c", "z")
	if len(s) != 5 || len(c) != 6 {
		t.Fatalf("the polynomials have %d and %d constants, want 5 and 6", len(s), len(c))
	}
	worst := 0.0
	for k := 0; k <= 1<<21; k++ { // half a quarter; the rest are its mirror images
		x := near{x: float64(k) / (1 << 22)} // exact
		z := x.mul(x)
		sin, cos := s.at(z).mul(x), c.at(z)
		wantSin, wantCos := math.Sincos(x.x * math.Pi / 2)
		worst = max(worst, math.Abs(sin.x-wantSin)+sin.err, math.Abs(cos.x-wantCos)+cos.err)
	}
	t.Logf("within %.2f·2⁻²³", worst/unit)
	if !(worst <= 0x1p-21) {
		t.Errorf("off by %g, want at most 2⁻²¹", worst)
	}
}
