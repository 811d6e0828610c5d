package compute

import "math"

// AllowsWinograd reports whether a convolution of geometry g may be evaluated by Winograd's transforms: l has [Winograd],
// the window is 3×3 and the stride 1.
func (l Leeway) AllowsWinograd(g Patches) bool {
	return l&Winograd != 0 && g.R == 3 && g.S == 3 && g.Stride == 1
}

// The terms of a [Winograd] sum in one dimension, without signs. Of the two neighbours y_e = Σ_r g_r·d_{e+r} the first
// is m₀ + m₁ + m₂,
//
//	m₀ = (d₀ − d₂)·g₀    m₁ = (d₁ + d₂)·(g₀+g₁+g₂)/2    m₂ = (d₂ − d₁)·(g₀−g₁+g₂)/2
//
// where m₁ and m₂ have the same bounds, and the second, m₁ − m₂ − (d₁−d₃)·g₂, is its mirror image. So the tables hold
// m₀, and m₁ and m₂ together, by the pixels and by the taps of the window.
var (
	winogradPixels = [2][3]float64{{1, 0, 1}, {0, 1, 1}}
	winogradTaps   = [2][3]float64{{1, 0, 0}, {1, 1, 1}}
)

// byWinograd returns s, a sum over a window of 3×3 at [row, col], with the error of evaluating it by [Winograd]'s
// transforms instead; pair returns the pixel and the weight at [r, c] of the window, in one of its channels. Each term
// goes through at most channels + 10 roundings: 2 of V, 4 of U, the product, channels − 1 additions, and 4 of AᵀMA, so
// that
//
//	|error| ≤ γ_{channels+10}·Σ|Aᵀ|·((|G|·|g|·|Gᵀ|) ⊙ (|Bᵀ|·|d|·|B|))·|A|
//
// plus underflow. The part beyond the bound of s is added to it. Integers, of which U has quarters, stay exact where
// four times the sum is an integer that float32 holds.
func (s sum) byWinograd(channels, row, col int, pair func(r, c, ch int) (pixel, weight float32)) sum {
	var wide, sizes float64 // the right-hand side, and Σ 1 + |U| + |V|
	for ch := range channels {
		var d, g [9]float64
		for i := range 9 {
			r, c := i/3, i%3
			x, w := pair(r, c, ch)
			if row%2 == 1 {
				r = 2 - r
			}
			if col%2 == 1 {
				c = 2 - c
			}
			d[r*3+c], g[r*3+c] = math.Abs(float64(x)), math.Abs(float64(w))
		}
		for m := range 4 {
			var u, v float64
			for i := range 9 {
				u += winogradTaps[m/2][i/3] * winogradTaps[m%2][i%3] * g[i]
				v += winogradPixels[m/2][i/3] * winogradPixels[m%2][i%3] * d[i]
			}
			wide += u * v
			sizes += 1 + u + v
		}
	}
	if s.whole && 4*wide <= 1<<24 {
		return s
	}
	// Underflow costs U and V less than 16·tiny each, however ½ is multiplied in; a product stands for up to four.
	err := math.Max(0, gamma(channels+10)*wide-gamma(s.n)*s.abs) + 4*16*tiny*sizes
	if !(math.Max(wide, sizes) <= math.MaxFloat32/2) {
		s.abs = math.Inf(1) // val then has no bound
	}
	s.abs += err
	s.under += err
	s.whole = false
	return s
}
