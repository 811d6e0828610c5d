package dependence

import (
	"fmt"
	"math"

	"hebb/compute"
)

// A side is one of the two samples on the device. Its columns are centred, which changes neither distances nor a centred linear
// kernel, and divided by unit; for the cosine, its rows have length 1 instead.
type side struct {
	Samples
	Kernel
	unit float64   // a power of 2
	mean []float64 // of each column
	norm []float64 // of each row; of the cosine alone
	sim  compute.Similarity
	rows [][]float64     // for each width, the mean of each row of the kernel matrix as it is, not centred
	a    *compute.Tensor // widths × Rows: centring offsets, see [compute.KernelSums]; nil if they are 0
}

// newSide copies s to the device, with the offsets that centre its kernel.
func newSide(st *compute.Step, s Samples, k Kernel) (*side, error) {
	p, err := place(st, s, k)
	if err != nil {
		return nil, err
	}
	p.rowMeans(st)
	p.uploadMeans(st, nil)
	return p, st.Err()
}

// place copies s to the device. A Gaussian k has at least one width.
func place(st *compute.Step, s Samples, k Kernel) (*side, error) {
	p := &side{Samples: s, Kernel: k, unit: 1}
	if k.Kind == compute.Cosine {
		p.norm = norms(s)
	} else {
		p.mean, p.unit = centre(s)
	}
	p.sim = compute.Similarity{X: st.Tensor(s.Rows, s.Dims), Kernel: k.Kind, PerDim: k.PerDim}
	for _, σ := range k.Sigma {
		scaled := float32(σ / p.unit)
		if f := 1 / (2 * float64(scaled) * float64(scaled)); !(f >= 0x1p-100 && f <= 0x1p100) {
			return nil, fmt.Errorf("width %g for %s, whose values reach %.3g from their mean: no float32 kernel tells them apart",
				σ, s.Name, p.reach())
		}
		p.sim.Sigma = append(p.sim.Sigma, scaled)
	}
	p.upload(st, nil)
	return p, st.Err()
}

// scale is the ratio of the kernel matrix to the one on the device.
func (p *side) scale() float64 {
	if p.Kind == compute.Linear {
		return p.unit * p.unit
	}
	return 1
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

// centre returns the means of the columns, and the power of 2 next to the largest distance from them.
func centre(s Samples) (mean []float64, unit float64) {
	mean = make([]float64, s.Dims)
	for i := range s.Rows {
		for j, v := range s.row(i) {
			mean[j] += v
		}
	}
	for j := range mean {
		mean[j] /= float64(s.Rows)
	}
	p := side{Samples: s, mean: mean}
	_, exp := math.Frexp(p.reach())
	return mean, math.Ldexp(1, exp)
}

// norms are the lengths of the rows.
func norms(s Samples) []float64 {
	all := make([]float64, s.Rows)
	for i := range all {
		sum := 0.0
		for _, v := range s.row(i) {
			sum += v * v
		}
		all[i] = math.Sqrt(sum)
	}
	return all
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
		switch {
		case p.norm == nil:
			dst[j] = float32((v - p.mean[j]) / p.unit)
		case p.norm[i] > 0:
			dst[j] = float32(v / p.norm[i])
		default:
			dst[j] = 0
		}
	}
}

// rowMeans computes rows; for the linear kernel they are x·mean.
func (p *side) rowMeans(st *compute.Step) {
	m := p.Rows
	p.rows = make([][]float64, p.widths())
	if p.Kind == compute.Linear {
		p.rows[0] = make([]float64, m)
		for i := range m {
			for j, v := range p.row(i) {
				p.rows[0][i] += v * p.mean[j]
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
