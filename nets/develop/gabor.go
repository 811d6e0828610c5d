package develop

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// LikeGabor is the R² above which a field counts as like a Gabor patch.
const LikeGabor = 0.6

// A Gabor describes a field, a square of pixels, by the patch of a grating under a Gaussian that is most like it.
type Gabor struct {
	R2          float64 `json:"r2"`          // share of the field that it explains, from 0 to 1
	Orientation float64 `json:"orientation"` // of the stripes, in degrees from horizontal, anticlockwise, from 0 to below 180
	Frequency   float64 `json:"frequency"`   // of the grating, in cycles a pixel
	Sigma       float64 `json:"sigma"`       // of the Gaussian across the stripes, in pixels
	Aspect      float64 `json:"aspect"`      // its σ along the stripes, as a multiple
	X           float64 `json:"x"`           // its middle, in pixels from that of the field: to the right
	Y           float64 `json:"y"`           // and upwards
}

// The values of the dictionary of Gabor patches. Its middles are whole pixels from that of the field, one pixel less than
// half of its side in each direction.
var (
	gaborOrientations = 8 // multiples of 22.5°
	gaborFrequencies  = []float64{0.06, 0.1, 0.15, 0.2, 0.25, 0.32}
	gaborSigmas       = []float64{1, 1.5, 2.2, 3.2}
	gaborAspects      = []float64{1, 1.8}
)

// Gabors returns, for each field, a row of side × side pixels from the top left, the best of a dictionary of Gabor patches.
// A patch is a pair of gratings, a cosine c and a sine s of any common phase, under a Gaussian,
//
//	exp(−(a² + (b/aspect)²)/2σ²)·cos(2π·f·a),   … sin(2π·f·a)
//
// with a across the stripes and b along them, from its middle. Both have mean 0, length 1 and are orthogonal, and with the
// field w too of mean 0 and length 1
//
//	R² = max over the dictionary of (w·c)² + (w·s)²
//
// A random field of 144 pixels has an R² of about 0.1, or 0.17 without its finest components. A ramp of grey is like a
// patch of low frequency: R² alone does not tell a localised field from it, and Frequency does. Cost: two products of
// fields and dictionary, which for 12 × 12 pixels is 46464 pairs. A field that is the same all over, or not finite, is an
// error.
func Gabors(fields []float64, side int) ([]Gabor, error) {
	pixels := side * side
	if side < 4 || len(fields)%pixels != 0 || len(fields) == 0 {
		return nil, fmt.Errorf("develop: %d numbers, want fields of %d × %d pixels, at least 4 × 4", len(fields), side, side)
	}
	n := len(fields) / pixels
	w := mat.NewDense(n, pixels, append([]float64(nil), fields...))
	for u := range n {
		if !unitContrast(w.RawRowView(u)) {
			return nil, fmt.Errorf("develop: field %d is the same all over or not finite, want a pattern", u+1)
		}
	}
	best := make([]Gabor, n)
	reach := max(1, side/2-1)
	for o := range gaborOrientations {
		for _, f := range gaborFrequencies {
			for _, sigma := range gaborSigmas {
				for _, aspect := range gaborAspects {
					g := Gabor{Orientation: math.Mod(float64(o)*180/float64(gaborOrientations)+90, 180), Frequency: f, Sigma: sigma, Aspect: aspect}
					compareGabors(w, g, side, reach, float64(o)*math.Pi/float64(gaborOrientations), best)
				}
			}
		}
	}
	return best, nil
}

// compareGabors compares the fields with patches like g at all middles, and keeps what is better.
func compareGabors(w *mat.Dense, g Gabor, side, reach int, across float64, best []Gabor) {
	wide := 2*reach + 1
	even, odd := mat.NewDense(wide*wide, side*side, nil), mat.NewDense(wide*wide, side*side, nil)
	for k := range wide * wide {
		g.X, g.Y = float64(k%wide-reach), float64(k/wide-reach)
		g.draw(side, across, even.RawRowView(k), odd.RawRowView(k))
	}
	var c, s mat.Dense
	c.Mul(w, even.T())
	s.Mul(w, odd.T())
	for u := range best {
		cs, ss := c.RawRowView(u), s.RawRowView(u)
		for k := range cs {
			if r2 := cs[k]*cs[k] + ss[k]*ss[k]; r2 > best[u].R2 {
				best[u] = g
				best[u].R2, best[u].X, best[u].Y = r2, float64(k%wide-reach), float64(k/wide-reach)
			}
		}
	}
}

// draw draws both gratings of a patch, with stripes across a direction in radians. Gratings that vanish stay 0.
func (g Gabor) draw(side int, across float64, even, odd []float64) {
	cos, sin := math.Cos(across), math.Sin(across)
	middle := float64(side-1) / 2
	for i := range even {
		x, y := float64(i%side)-middle-g.X, middle-float64(i/side)-g.Y
		a, b := x*cos+y*sin, (y*cos-x*sin)/g.Aspect
		under := math.Exp(-(a*a + b*b) / (2 * g.Sigma * g.Sigma))
		odd[i], even[i] = math.Sincos(2 * math.Pi * g.Frequency * a)
		even[i] *= under
		odd[i] *= under
	}
	unitContrast(even)
	if !unitContrast(odd) {
		return
	}
	along := 0.0
	for i := range odd {
		along += odd[i] * even[i]
	}
	for i := range odd {
		odd[i] -= along * even[i]
	}
	unitContrast(odd)
}

// unitContrast gives x the mean 0 and the length 1; it clears an x that is the same all over or not finite, and returns
// false.
func unitContrast(x []float64) bool {
	mean, top, squares := 0.0, 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
		top = math.Max(top, math.Abs(v))
	}
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	length := math.Sqrt(squares)
	if !(length > 1e-9*top && length <= math.MaxFloat64) {
		clear(x)
		return false
	}
	for i := range x {
		x[i] = (x[i] - mean) / length
	}
	return true
}
