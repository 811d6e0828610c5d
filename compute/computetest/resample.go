package computetest

import (
	"fmt"
	"math"

	"hebb/compute"
)

func resampleCases(c *chooser) {
	lengths := []int{1, 2, 3, 5, 16, 100, 255, 256, 257, 513, 700}
	for i := range c.count(4*len(lengths), 20*len(lengths)) {
		c.resample([]int{1, 2, 3, 7}[i%4], lengths[i%len(lengths)], i%3 == 0)
	}
	c.resample(67, 33, false)
	c.resample(300, 100, true)
	for range 3 {
		c.resample(2, 2500, false) // half precision has no odd number as large
	}
	if c.level == Full {
		c.resample(2, 4096, false)
		c.resample(4099, 8, true)
	}
}

// resample adds a case; stray weights are negative, NaN and of rows without any or with an infinite one.
func (c *chooser) resample(rows, n int, stray bool) {
	name := fmt.Sprintf("rows=%d n=%d", rows, n)
	if stray {
		name += " stray weights"
	}
	c.add(name, func(m *maker) compute.Op {
		nan, inf := float32(math.NaN()), float32(math.Inf(1))
		k, kind := 0, 0
		weight := func() float32 {
			if k%n == 0 {
				kind = m.rnd.IntN(30)
			}
			k++
			switch {
			case stray && kind == 0:
				return []float32{0, nan, -1}[m.rnd.IntN(3)]
			case stray && kind == 1 && k%n == 0:
				return inf
			case stray && m.rnd.IntN(5) == 0:
				return []float32{-2, nan, -inf}[m.rnd.IntN(3)]
			case kind == 2:
				return 3 // equal weights
			case kind == 3 && m.rnd.IntN(10) > 0:
				return 0 // few have any
			case kind == 4:
				return float32(math.Exp(-20 * m.rnd.Float64()))
			case kind == 5:
				return 1e-33 * m.rnd.Float32()
			case kind == 6 && n <= 100:
				return 1e-44 * m.rnd.Float32() // which may count as 0, so that nothing is judged
			case m.plain:
				return float32(m.rnd.IntN(4))
			}
			return m.rnd.Float32()
		}
		edges := []float32{0, 1 - 0x1p-24, 1, 2, -1, nan, 0.5, 0x1p-30}
		start := func() float32 {
			if m.rnd.IntN(3) == 0 {
				return edges[m.rnd.IntN(len(edges))]
			}
			return m.rnd.Float32()
		}
		return compute.Resample{Out: m.out(false, rows, n), Weights: m.fill(weight, rows, n), Start: m.fill(start, rows)}
	})
}

// resample counts the edges that do not lie behind a particle's place.
func (m *Machine[F]) resample(r compute.Resample) {
	rows, n := r.Dims()
	steps := float64(int(1) << 23)
	for size := 1; size < n; size *= 2 {
		steps /= 2
	}
	for z := range rows {
		out, w := Values[F](r.Out)[z*n:][:n], Values[F](r.Weights)[z*n:][:n]
		edges, c := make([]F, n), F(0)
		for j, x := range w {
			if x > 0 {
				c = m.Add(c, x)
			}
			edges[j] = m.Mul(F(n), c)
		}
		u := float64(Values[F](r.Start)[z])
		if u = math.Floor(u*steps) / steps; !(u >= 0) {
			u = 0
		} else if u >= 1 {
			u = 1 - 1/steps
		}
		for i := range out {
			place, before := m.Mul(F(float64(i)+u), c), 0
			for _, e := range edges[:n-1] {
				if e <= place {
					before++
				}
			}
			if out[i] = F(before); !(c >= 0x1p-126) || float64(edges[n-1]) > math.MaxFloat32 {
				out[i] = -1
			}
		}
	}
}
