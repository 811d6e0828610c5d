package stack_test

import (
	"math"

	"hebb/compute"
)

// inverse is 1/√(v + eps).
func (m *machine) inverse(v float64, eps float32) float64 {
	return m.ulps(1/math.Sqrt(v+float64(eps)), 6)
}

func (m *machine) standardize(s compute.Standardize) {
	rows, cols := s.Dims()
	n := float64(rows)
	x, y := float64s(s.X), float64s(s.Y)
	for j := range cols {
		all := sum{n: rows + 2}
		for i := j; i < len(x); i += cols {
			all.term(1/n, x[i])
		}
		mean, variance := m.total(all), 0.0
		for i := j; i < len(x); i += cols {
			variance += (x[i] - all.x) * (x[i] - all.x) / n
		}
		// compute.Standardize has the worst case, n for √n.
		off := math.Sqrt(n) * all.abs
		variance = math.Max(0, m.stray(variance, math.Sqrt(n+8)*variance+4*off*math.Sqrt(variance)+4*m.u*off*off))
		float64s(s.Mean)[j], float64s(s.Var)[j] = mean, variance
		if s.RunMean != nil {
			mean, keep, part := &float64s(s.RunMean)[j], m.sub(1, float64(s.Momentum)), float64(s.Momentum)
			*mean = m.add(m.mul(keep, *mean), m.mul(part, float64s(s.Mean)[j]))
			v := &float64s(s.RunVar)[j]
			*v = m.add(m.mul(keep, *v), m.mul(m.mul(part, m.div(n, n-1)), variance))
		}
		inverse := m.inverse(variance, s.Eps)
		for i := j; i < len(x); i += cols {
			z := m.mul(m.mul(m.sub(x[i], mean), inverse), float64s(s.Gain)[j])
			y[i] = m.act(s.Act, m.ulps(m.add(z, float64s(s.Bias)[j]), 4))
		}
	}
}

func (m *machine) standardizeGrad(s compute.StandardizeGrad) {
	rows, cols := s.Dims()
	x, dx := float64s(s.X), float64s(s.DX)
	e, xhat := make([]float64, len(x)), make([]float64, len(x))
	for j := range cols {
		inverse := m.inverse(float64s(s.Var)[j], s.Eps)
		bias, gain := sum{n: rows + 2}, sum{n: rows + 2}
		for i := j; i < len(x); i += cols {
			if e[i] = float64s(s.DY)[i]; s.Act != compute.Identity {
				e[i] = m.through(s.Act, e[i], float64s(s.Y)[i])
			}
			xhat[i] = m.ulps(m.mul(m.sub(x[i], float64s(s.Mean)[j]), inverse), 2)
			bias.term(1, e[i])
			gain.term(e[i], xhat[i])
		}
		db, dg := m.total(bias), m.total(gain)
		float64s(s.DBias)[j], float64s(s.DGain)[j] = db, dg
		scale := m.mul(float64s(s.Gain)[j], inverse)
		for i := j; i < len(x); i += cols {
			t := sum{n: 12}
			t.term(1, e[i])
			t.term(-1/float64(rows), db)
			t.term(-dg/float64(rows), xhat[i])
			dx[i] = m.total(t.times(scale))
		}
	}
}

// windows goes through the windows of a pooling, each with the pixels that it sees, of channel 0.
func windows(g compute.Patches, f func(place int, seen []int)) {
	for place := range g.N * g.P * g.Q {
		var seen []int
		for r := range g.R {
			for c := range g.S {
				h, w := place/g.Q%g.P*g.Stride-g.Pad+r, place%g.Q*g.Stride-g.Pad+c
				if 0 <= h && h < g.H && 0 <= w && w < g.W {
					seen = append(seen, ((place/g.Q/g.P*g.H+h)*g.W+w)*g.C)
				}
			}
		}
		f(place, seen)
	}
}

// firstLargest is the first of the pixels whose number in a channel is the largest.
func firstLargest(x []float64, seen []int, channel int) int {
	best := seen[0]
	for _, at := range seen {
		if x[at+channel] > x[best+channel] {
			best = at
		}
	}
	return best + channel
}

func (m *machine) pool(p compute.Pool) {
	g, x, y := p.Patches(), float64s(p.X), float64s(p.Y)
	windows(g, func(place int, seen []int) {
		for c := range g.C {
			if p.Pooling == compute.MaxPool {
				y[place*g.C+c] = x[firstLargest(x, seen, c)]
				continue
			}
			s := sum{n: len(seen) + 3}
			for _, at := range seen {
				s.term(1/float64(g.R*g.S), x[at+c])
			}
			y[place*g.C+c] = m.total(s)
		}
	})
}

func (m *machine) poolGrad(p compute.PoolGrad) {
	g, dy := p.Patches(), float64s(p.DY)
	sums := make([]sum, p.DX.Len())
	windows(g, func(place int, seen []int) {
		for c := range g.C {
			if p.Pooling == compute.MaxPool {
				sums[firstLargest(float64s(p.X), seen, c)].term(1, dy[place*g.C+c])
				continue
			}
			for _, at := range seen {
				sums[at+c].term(1/float64(g.R*g.S), dy[place*g.C+c])
			}
		}
	})
	for i, s := range sums {
		s.n = g.R*g.S + 3
		float64s(p.DX)[i] = m.total(s)
	}
}
