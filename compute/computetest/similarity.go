package computetest

import (
	"fmt"
	"math"

	"hebb/compute"
)

var allKernels = []compute.Kernel{compute.Gaussian, compute.Linear, compute.Cosine}

// A relation is a similarity of rows of length d, without its rows.
type relation struct {
	kernel compute.Kernel
	d      int
	widths int // of the Gaussian
	perDim bool
}

func (c *chooser) relation(kernel compute.Kernel, d int) relation {
	r := relation{kernel: kernel, d: d, widths: 1}
	if kernel == compute.Gaussian {
		r.widths, r.perDim = pick(c, 1, 1, 2, 3, compute.MaxWidths), c.bool()
	}
	return r
}

func (r relation) String() string {
	s := fmt.Sprintf("%v d=%d", r.kernel, r.d)
	if r.widths > 1 {
		s += fmt.Sprintf(" %d widths", r.widths)
	}
	if r.perDim {
		s += " per dim"
	}
	return s
}

// of makes the similarity; with twin the last row equals the first, and the second is zeros.
func (r relation) of(m *maker, batch, rows int, twin bool) compute.Similarity {
	s := compute.Similarity{X: m.within(4, shape(batch, false, rows, r.d)...), Kernel: r.kernel, PerDim: r.perDim}
	if twin && rows > 2 {
		m.made[len(m.made)-1].twin(rows, r.d)
	}
	switch r.kernel {
	case compute.Gaussian:
		s.Sigma = sigmas(r.widths, r.d, r.perDim)
	case compute.Cosine:
		m.normal()
	}
	return s
}

// normal replaces subnormals in the last input by zeros: one unbounded norm is enough to make any sum unbounded.
func (m *maker) normal() {
	d := m.made[len(m.made)-1]
	for i, x := range d.x[d.lead:][:d.t.Len()] {
		if math.Abs(float64(x)) < 0x1p-30 {
			d.x[d.lead+i] = 0
		}
	}
}

// sigmas returns widths about the distance of two inputs, √(2d)·5.
func sigmas(widths, d int, perDim bool) (sigma []float32) {
	for w := range widths {
		s := 5 * math.Exp2(float64(w%3-1)) * (1 + float64(w)/16)
		if !perDim {
			s *= math.Sqrt(float64(d))
		}
		sigma = append(sigma, float32(s))
	}
	return sigma
}

// rowwise is the shape of a number for each width, member and row.
func (r relation) rowwise(batch, rows int) []int { return []int{r.widths, batch, rows} }

// beside returns l as the second similarity of an op that takes two: with several widths only where k has as many.
func (c *chooser) beside(k, l relation) relation {
	if l.kernel == compute.Gaussian && k.kernel == compute.Gaussian && c.bool() {
		l.widths = k.widths
	} else {
		l.widths = 1
	}
	return l
}

// largeKernels calls add with the largest cases of an op that takes two similarities, the first of one of kernels.
func (c *chooser) largeKernels(kernels []compute.Kernel, add func(batch, m int, k, l relation)) {
	for range 2 { // several of the largest tiles
		add(1, 600, relation{compute.Linear, 3, 1, false}, relation{compute.Linear, 5, 1, false})
	}
	for i, m := range []int{255, 256, 257, 385} { // about two and three of the largest square tiles
		k := []relation{{compute.Linear, 8, 1, false}, {compute.Gaussian, 9, 2, true}}[i%2]
		add(1+i/2, m, k, relation{k.kernel, 4, 1, k.perDim})
	}
	if c.level == Full {
		for i := range 6 {
			first, second := kernels[i%len(kernels)], allKernels[i/2%3]
			add(1, 2100+i, c.relation(first, 7), c.relation(second, 3))
			add(40, 17, c.relation(first, 31), c.relation(second, 33))
			add(1, 65, c.relation(first, 3000), c.relation(second, 10))
		}
	}
}

// kernelRows returns a number of rows: sizes that straddle the tiles.
func (c *chooser) kernelRows() int { return pick(c, append(sizes, 191, 192, 193)...) }
