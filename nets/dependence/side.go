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
	*share
	exp  int       // columns are divided by 2^exp
	mean []float64 // of each column
	rest []float64 // what rounding left of it
	sim  compute.Similarity
	rows [][]float64     // for each width, the mean of each row here of the kernel matrix; of a linear one less that of all
	a    *compute.Tensor // of each block, widths × rows: centring offsets, see [compute.KernelSums]; nil if they are 0
}

// newSide copies s to the device, with the offsets that centre its kernel.
func (h *share) newSide(ctx context.Context, dev *compute.Device, st *compute.Step, s Samples, k Kernel) (*side, error) {
	p, err := h.place(st, s, k)
	if err = h.agree(cmp.Or(err, cause(ctx))); err != nil {
		return nil, err
	}
	if err := p.rowMeans(ctx, dev, st); err != nil {
		return nil, err
	}
	p.uploadMeans(st, nil)
	return p, h.agree(st.Err())
}

// place copies s to the device. A Gaussian k has at least one width.
func (h *share) place(st *compute.Step, s Samples, k Kernel) (*side, error) {
	p := &side{Samples: s, Kernel: k, share: h}
	p.sim = compute.Similarity{X: st.Tensor(max(1, h.here()), s.Dims), Kernel: k.Kind, PerDim: k.PerDim}
	if k.Kind == compute.Cosine {
		var zeros float64
		p.Values, zeros = directions(s)
		if h.most(zeros) > 0 {
			p.Values = s.Values
		} else {
			p.sim.Kernel = compute.Linear
		}
	}
	if p.sim.Kernel == compute.Cosine {
		p.mean, p.rest = make([]float64, s.Dims), make([]float64, s.Dims)
	} else {
		p.mean, p.rest, p.exp = h.centre(p.Samples)
	}
	if h.err != nil {
		return nil, h.err
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
func (p *side) reach() float64 { return p.share.reach(p.Samples, p.mean) }

func (h *share) reach(s Samples, mean []float64) float64 {
	far := 0.0
	for i, v := range s.Values {
		far = max(far, math.Abs(v-mean[i%s.Dims]))
	}
	return h.most(far)
}

// centre returns the means of the columns in two parts, and the exponent of the power of 2 next to the largest distance
// from them. Where values are far from 0 and close together, differences from the first part are exact, and the second is
// their mean: it takes out what one number cannot hold of a mean.
func (h *share) centre(s Samples) (mean, rest []float64, exp int) {
	mean = h.sums(s.Dims, func(to []float64, i int) {
		for j, v := range s.row(i) {
			to[j] += v
		}
	})
	for j := range mean {
		mean[j] /= float64(s.Rows)
	}
	rest = h.sums(s.Dims, func(to []float64, i int) {
		for j, v := range s.row(i) {
			to[j] += v - mean[j]
		}
	})
	for j := range rest {
		rest[j] /= float64(s.Rows)
	}
	_, exp = math.Frexp(h.reach(s, mean))
	return mean, rest, exp
}

// directions returns the rows at length 1, and whether (1 or 0) there are some that have none. Lengths are taken in units of
// the largest value, which neither overflows nor vanishes when it is squared.
func directions(s Samples) (all []float64, zeros float64) {
	all = make([]float64, len(s.Values))
	for i := range len(s.Values) / s.Dims {
		row, big, sum := all[i*s.Dims:][:s.Dims], 0.0, 0.0
		for _, v := range s.row(i) {
			big = max(big, math.Abs(v))
		}
		if big == 0 {
			zeros = 1
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

// upload writes the rows here to the device, in the given order if there is one.
func (p *side) upload(st *compute.Step, order []int) {
	per := max(1, (1<<18)/p.Dims)
	buf := make([]float32, min(per, p.here())*p.Dims)
	for lo := 0; lo < p.here(); lo += per {
		n := min(per, p.here()-lo)
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
func (p *side) rowMeans(ctx context.Context, dev *compute.Device, st *compute.Step) error {
	n := p.here()
	p.rows = make([][]float64, p.widths())
	for w := range p.rows {
		p.rows[w] = make([]float64, n)
	}
	if p.sim.Kernel == compute.Linear {
		for i := range n {
			for j, v := range p.row(i) {
				p.rows[0][i] += math.Ldexp(v-p.mean[j]-p.rest[j], -p.exp) * math.Ldexp(p.mean[j]+p.rest[j], -p.exp)
			}
		}
		return nil
	}
	if err := p.rowSums(ctx, dev, st); err != nil {
		return err
	}
	for _, rows := range p.rows {
		for i := range rows {
			rows[i] /= float64(p.m)
		}
	}
	p.a = st.Tensor(p.widths(), max(1, n))
	return nil
}

// rowSums computes rows as sums over all columns.
func (p *side) rowSums(ctx context.Context, dev *compute.Device, st *compute.Step) error {
	if p.world != nil {
		return p.tiledSums(ctx, dev)
	}
	sum := st.Tensor(p.widths(), p.m)
	st.Do(compute.KernelSums{Sum: sum, K: p.sim})
	for i, v := range read(st, sum) {
		p.rows[i/p.m][i%p.m] = float64(v)
	}
	return nil
}

// offsets returns the centring offset of width w and row i here: the row's mean minus half of the mean of all.
func (p *side) offsets() func(w, i int) float32 {
	half := make([]float64, p.widths())
	for w, rows := range p.rows {
		half[w] = p.average(rows) / 2
	}
	return func(w, i int) float32 { return float32(p.rows[w][i] - half[w]) }
}

// uploadMeans writes the centring offsets of the rows, in the given order if there is one.
func (p *side) uploadMeans(st *compute.Step, order []int) {
	if p.a == nil {
		return
	}
	offset := p.offsets()
	p.writeOffsets(st, func(w, i int) float32 { return offset(w, at(order, i)) })
}

func (p *side) writeOffsets(st *compute.Step, offset func(w, i int) float32) {
	all := make([]float32, 0, p.a.Len())
	p.each(func(lo, hi int) {
		for w := range p.widths() {
			for i := lo; i < hi; i++ {
				all = append(all, offset(w, i))
			}
		}
	})
	if len(all) > 0 {
		st.Write(p.a, all)
	}
}

// permute puts the rows into another order, on the device alone.
func (p *side) permute(st *compute.Step, order []int) error {
	if p.world != nil {
		return p.redeal(st, order)
	}
	p.upload(st, order)
	p.uploadMeans(st, order)
	return nil
}

// between is the mean entry of the kernel matrix off its diagonal of ones.
func (p *side) between(w int) float64 {
	m := float64(p.Rows)
	return max(0, (p.average(p.rows[w])*m-1)/(m-1))
}
