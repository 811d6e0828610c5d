package dependence

import (
	"cmp"
	"context"
	"math"

	"hebb/compute"
)

// A side is one of the two samples on the device. Its columns are centred, which changes neither distances nor a centred
// linear kernel, and divided by a power of 2. The cosine kernel is the linear one of rows of length 1: what they have in
// common goes out in float64, since of kernels that are all near 1 float32 would leave little. Only where a row is all
// zeros, whose cosine with itself is 1 by convention, is it computed as it stands; there other rows differ from that one by
// 1.
type side struct {
	Samples
	Kernel
	exp  int       // columns are divided by 2^exp
	mean []float64 // of each column
	rest []float64 // what rounding left of it
	sim  compute.Similarity
	rows [][]float64     // for each width, the mean of each row of the kernel matrix; of a linear one less that of all
	a    *compute.Tensor // widths × Rows: centring offsets, see [compute.KernelSums]; nil if they are 0
}

// newSide copies s to the device, with the offsets that centre its kernel.
func newSide(ctx context.Context, st *compute.Step, s Samples, k Kernel) (*side, error) {
	p, err := place(st, s, k)
	if err = cmp.Or(err, cause(ctx)); err != nil {
		return nil, err
	}
	p.rowMeans(st)
	p.uploadMeans(st, nil)
	return p, st.Err()
}

// place copies s to the device. A Gaussian k has at least one width.
func place(st *compute.Step, s Samples, k Kernel) (*side, error) {
	p := &side{Samples: s, Kernel: k}
	p.sim = compute.Similarity{X: st.Tensor(s.Rows, s.Dims), Kernel: k.Kind, PerDim: k.PerDim}
	if k.Kind == compute.Cosine {
		var zeros bool
		if p.Values, zeros = directions(s); !zeros {
			p.sim.Kernel = compute.Linear
		}
	}
	if p.sim.Kernel == compute.Cosine {
		p.mean, p.rest = make([]float64, s.Dims), make([]float64, s.Dims)
	} else {
		p.mean, p.rest, p.exp = centre(p.Samples)
	}
	if k.Kind == compute.Cosine && p.sim.Kernel == compute.Linear && p.reach() <= 4*p.directionError() {
		return nil, inputf("%s: %w", s.Name, ErrParallel)
	}
	for _, σ := range k.Sigma {
		scaled := float32(math.Ldexp(σ, -p.exp))
		if f := 1 / (2 * float64(scaled) * float64(scaled)); !(f >= 0x1p-100 && f <= 0x1p100) {
			return nil, inputf("width %g for %s, whose values reach %.3g from their mean: no float32 kernel tells them apart",
				σ, s.Name, p.reach())
		}
		p.sim.Sigma = append(p.sim.Sigma, scaled)
	}
	p.upload(st, nil)
	return p, st.Err()
}

// directionError bounds the rounding of an entry of a row of length 1: that of a sum of squares, its root and a quotient.
func (p *side) directionError() float64 { return (float64(p.Dims)/2 + 4) * 0x1p-53 }

// scale is the exponent of 2 by which the kernel matrix is larger than the one on the device.
func (p *side) scale() int {
	if p.sim.Kernel == compute.Linear {
		return 2 * p.exp
	}
	return 0
}

func (p *side) widths() int { return max(1, len(p.Sigma)) }

// reach is the largest distance of a value from the mean of its column.
func (p *side) reach() float64 {
	far := 0.0
	for i, v := range p.Values {
		far = max(far, math.Abs(v-p.mean[i%p.Dims]))
	}
	return far
}

// centre returns the means of the columns in two parts, and the exponent of the power of 2 next to the largest distance
// from them. Where values are far from 0 and close together, differences from the first part are exact, and the second is
// their mean: it takes out what one number cannot hold of a mean.
func centre(s Samples) (mean, rest []float64, exp int) {
	mean, rest = make([]float64, s.Dims), make([]float64, s.Dims)
	for i := range s.Rows {
		for j, v := range s.row(i) {
			mean[j] += v
		}
	}
	for j := range mean {
		mean[j] /= float64(s.Rows)
	}
	for i := range s.Rows {
		for j, v := range s.row(i) {
			rest[j] += v - mean[j]
		}
	}
	for j := range rest {
		rest[j] /= float64(s.Rows)
	}
	p := side{Samples: s, mean: mean}
	_, exp = math.Frexp(p.reach())
	return mean, rest, exp
}

// directions returns the rows at length 1, and whether there are some that have none. Lengths are taken in units of the
// largest value, which neither overflows nor vanishes when it is squared.
func directions(s Samples) (all []float64, zeros bool) {
	all = make([]float64, len(s.Values))
	for i := range s.Rows {
		row, big, sum := all[i*s.Dims:][:s.Dims], 0.0, 0.0
		for _, v := range s.row(i) {
			big = max(big, math.Abs(v))
		}
		if big == 0 {
			zeros = true
			continue
		}
		_, exp := math.Frexp(big)
		for j, v := range s.row(i) {
			row[j] = math.Ldexp(v, -exp)
			sum += row[j] * row[j]
		}
		for j, v := range row {
			row[j] = v / math.Sqrt(sum)
		}
	}
	return all, zeros
}

// upload writes the rows to the device, in the given order if there is one.
func (p *side) upload(st *compute.Step, order []int) {
	per := max(1, (1<<18)/p.Dims)
	buf := make([]float32, min(per, p.Rows)*p.Dims)
	for lo := 0; lo < p.Rows; lo += per {
		n := min(per, p.Rows-lo)
		for i := range n {
			p.scaled(buf[i*p.Dims:][:p.Dims], at(order, lo+i))
		}
		st.Write(st.View(p.sim.X, lo*p.Dims, n, p.Dims), buf[:n*p.Dims])
	}
}

// at is the i-th of order, or i where there is none.
func at(order []int, i int) int {
	if order == nil {
		return i
	}
	return order[i]
}

// scaled is row i as the device has it.
func (p *side) scaled(dst []float32, i int) {
	for j, v := range p.row(i) {
		dst[j] = float32(math.Ldexp(v-p.mean[j]-p.rest[j], -p.exp))
	}
}

// rowMeans computes rows; for the linear kernel they are x·mean, of centred x.
func (p *side) rowMeans(st *compute.Step) {
	m := p.Rows
	p.rows = make([][]float64, p.widths())
	if p.sim.Kernel == compute.Linear {
		p.rows[0] = make([]float64, m)
		for i := range m {
			for j, v := range p.row(i) {
				p.rows[0][i] += math.Ldexp(v-p.mean[j]-p.rest[j], -p.exp) * math.Ldexp(p.mean[j]+p.rest[j], -p.exp)
			}
		}
		return
	}
	sum := st.Tensor(p.widths(), m)
	st.Do(compute.KernelSums{Sum: sum, K: p.sim})
	all := read(st, sum)
	for w := range p.rows {
		p.rows[w] = make([]float64, m)
		for i, v := range all[w*m:][:m] {
			p.rows[w][i] = float64(v) / float64(m)
		}
	}
	p.a = st.Tensor(p.widths(), m)
}

// uploadMeans writes the centring offsets: each row's mean minus half of the mean of all.
func (p *side) uploadMeans(st *compute.Step, order []int) {
	if p.a == nil {
		return
	}
	all := make([]float32, 0, p.a.Len())
	for _, rows := range p.rows {
		half := average(rows) / 2
		for i := range rows {
			all = append(all, float32(rows[at(order, i)]-half))
		}
	}
	st.Write(p.a, all)
}

// permute puts the rows into another order, on the device alone.
func (p *side) permute(st *compute.Step, order []int) {
	p.upload(st, order)
	p.uploadMeans(st, order)
}

// between is the mean entry of the kernel matrix off its diagonal of ones.
func (p *side) between(w int) float64 {
	m := float64(p.Rows)
	return max(0, (average(p.rows[w])*m-1)/(m-1))
}

func average(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
