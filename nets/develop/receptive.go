package develop

import (
	"fmt"
	"math"
	"slices"
)

// An Arbor is the places of a cell's synapses, to describe weights by.
type Arbor struct {
	x, y, r      []float64
	inner, outer []int     // the quarter of the synapses nearest to the cell, and the quarter farthest away
	cosine, sine []float64 // of k·r, waves × synapses
	synapses     int
}

// Spatial frequencies, in radians per radius of layer B's arbor, and angles of the waves of [Arbor.Describe].
const (
	frequencies = 19
	angles      = 24
)

func frequency(k int) float64 { return 0.4 + 0.2*float64(k) }
func angle(a int) float64     { return math.Pi * float64(a) / angles }

// NewArbor returns the arbor of synapses at places x and y, in units of so many radii of layer B's arbor.
func NewArbor(x, y []float32, unit float32) (*Arbor, error) {
	n := len(x)
	if n < 4 || len(y) != n {
		return nil, fmt.Errorf("develop: places of %d and %d numbers, want as many of each, at least 4", n, len(y))
	}
	a := &Arbor{synapses: n}
	order := make([]int, n)
	for i := range x {
		a.x, a.y, order[i] = append(a.x, float64(unit*x[i])), append(a.y, float64(unit*y[i])), i
		a.r = append(a.r, math.Hypot(a.x[i], a.y[i]))
	}
	slices.SortFunc(order, func(i, j int) int {
		switch {
		case a.r[i] < a.r[j]:
			return -1
		case a.r[i] > a.r[j]:
			return 1
		}
		return i - j
	})
	a.inner, a.outer = order[:n/4], order[n-n/4:]
	for k := range frequencies {
		for t := range angles {
			sin, cos := math.Sincos(angle(t))
			for i := range n {
				s, c := math.Sincos(frequency(k) * (a.x[i]*cos + a.y[i]*sin))
				a.cosine, a.sine = append(a.cosine, c), append(a.sine, s)
			}
		}
	}
	return a, nil
}

// Cells returns the weights of each cell, of a matrix of n synapses × cells.
func Cells(w []float32, n int) [][]float32 {
	all := make([][]float32, len(w)/n)
	for i, x := range w {
		all[i%len(all)] = append(all[i%len(all)], x)
	}
	return all
}

// A Description describes the weights of a cell over its arbor. With P(k, θ) = |Σ_j w_j·exp(i·k·r_j)|² the power of a wave of
// the spatial frequency k across the angle θ, and k* the frequency of the largest mean power over angles:
type Description struct {
	Mean      float64 // of the weights over ½
	Centre    float64 // the same of the quarter of the synapses nearest to the cell
	Surround  float64 // the same of the quarter farthest away
	Bilobed   float64 // |Σ w·r·exp(iθ)| / Σ |w|·r, with r and θ the place of a synapse
	OSI       float64 // orientation selectivity: |Σ_θ P(k*, θ)·exp(2iθ)| / Σ_θ P(k*, θ)
	Peak      float64 // the largest P(k*, θ) / (N·Σ w²): of random signs it is about 0.01
	Saturated float64 // the share of weights at ±½
}

// Describe describes weights, one for each synapse.
func (a *Arbor) Describe(w []float32) (d Description) {
	n := float64(a.synapses)
	var alongX, alongY, all, square float64
	for i, v := range w {
		v := float64(v)
		d.Mean += v / most / n
		if math.Abs(v) >= most {
			d.Saturated += 1 / n
		}
		alongX, alongY, all, square = alongX+v*a.x[i], alongY+v*a.y[i], all+math.Abs(v)*a.r[i], square+v*v
	}
	d.Bilobed = math.Hypot(alongX, alongY) / max(all, math.SmallestNonzeroFloat64)
	d.Centre, d.Surround = meanOf(w, a.inner), meanOf(w, a.outer)
	d.OSI, d.Peak = a.orientation(w)
	d.Peak /= max(n*square, math.SmallestNonzeroFloat64)
	return d
}

// meanOf returns the mean of some weights over ½.
func meanOf(w []float32, of []int) (mean float64) {
	for _, i := range of {
		mean += float64(w[i]) / most / float64(len(of))
	}
	return mean
}

// orientation returns the selectivity at the best frequency, and the largest power there.
func (a *Arbor) orientation(w []float32) (osi, peak float64) {
	best := 0.
	for k := range frequencies {
		var sum, along, across, top float64
		for t := range angles {
			p := a.power(w, k*angles+t)
			sin, cos := math.Sincos(2 * angle(t))
			sum, along, across, top = sum+p, along+p*cos, across+p*sin, max(top, p)
		}
		if sum > best {
			best, osi, peak = sum, math.Hypot(along, across)/sum, top
		}
	}
	return osi, peak
}

// power returns |Σ w·exp(i·k·r)|² of a wave.
func (a *Arbor) power(w []float32, wave int) float64 {
	cosine, sine := a.cosine[wave*a.synapses:][:a.synapses], a.sine[wave*a.synapses:][:a.synapses]
	re, im := 0., 0.
	for i, v := range w {
		re, im = re+float64(v)*cosine[i], im+float64(v)*sine[i]
	}
	return re*re + im*im
}

// Kinds of cells.
const (
	AllPositive = "all+"
	AllNegative = "all-"
	Bilobed     = "bilobed"
	OnCentre    = "ON"
	OffCentre   = "OFF"
	OtherKind   = "other"
)

// Kind names what the weights look like.
func (d Description) Kind() string {
	switch {
	case d.Mean > 0.95:
		return AllPositive
	case d.Mean < -0.95:
		return AllNegative
	case d.Bilobed > 0.35:
		return Bilobed
	case d.Centre > 0.8 && d.Surround < -0.2:
		return OnCentre
	case d.Centre < -0.8 && d.Surround > 0.2:
		return OffCentre
	}
	return OtherKind
}

// Oriented reports whether a wave across one angle stands out, by more than random signs have: OSI alone proves nothing, since
// the largest of weak powers has a direction too.
func (d Description) Oriented() bool { return d.Peak > 0.1 && d.OSI > 0.3 }
