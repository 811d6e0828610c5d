package tasks

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/data"
)

// Samples is a task without labels: it shows rows in batches, each row once an epoch, in an order that depends on the learner's
// seed and the epoch alone. Rows left over after the last whole batch are not shown, since updates from small batches are
// noisy. The metric "variance" is the mean of ‖answer‖²; for projections on the first principal components it is the sum of
// their eigenvalues.
type Samples struct {
	Rows  []float32  // rows × In, with a mean of zero where a system asks for it: see [Centred]
	In    nets.Shape // of a row
	Batch int        `toml:"batch"`

	x      *compute.Tensor // 1 × rows × In
	orders []order         // of each learner
}

// An order is the permutation of the rows in an epoch.
type order struct {
	epoch uint64
	rows  []int
}

// of returns the permutation of n rows that a seed has in an epoch.
func (o *order) of(epoch, seed uint64, n int) []int {
	if o.rows == nil || o.epoch != epoch {
		*o = order{epoch, nets.Generator(seed, fmt.Sprint("order of epoch ", epoch)).Perm(n)}
	}
	return o.rows
}

// Check reports rows that do not match In, and an invalid Batch.
func (t *Samples) Check() error {
	d := t.In.Len()
	switch {
	case d < 1 || len(t.Rows) == 0 || len(t.Rows)%d != 0:
		return fmt.Errorf("%d numbers, want at least one row of %v", len(t.Rows), t.In)
	case t.Batch < 1 || t.Batch > len(t.Rows)/d:
		return fmt.Errorf("batches of %d rows, want 1 to %d, all there are", t.Batch, len(t.Rows)/d)
	}
	return nil
}

// Build copies the rows to the device.
func (t *Samples) Build(s *nets.Store) (nets.Spec, error) {
	n := len(t.Rows) / t.In.Len()
	t.x = s.Fixed(t.Rows, n, t.In.Len())
	t.orders = make([]order, s.Learners)
	return nets.Spec{In: t.In, Examples: t.Batch, Trial: 1, Epoch: n / t.Batch}, nil
}

// Show gathers a batch of each learner.
func (t *Samples) Show(p *nets.Pass) nets.Moment {
	batches := uint64(t.x.Rows() / t.Batch)
	epoch, first := p.Number/batches, int(p.Number%batches)*t.Batch
	numbers := make([]float32, 0, p.Learners*t.Batch)
	for l := range t.orders {
		for _, i := range t.orders[l].of(epoch, p.Seed+uint64(l), t.x.Rows())[first:][:t.Batch] {
			numbers = append(numbers, float32(i))
		}
	}
	rows, x := p.Tensor(p.Learners, 1, t.Batch), p.Tensor(p.Learners, t.Batch, t.x.Cols())
	p.Write(rows, numbers)
	p.Do(compute.Gather{Out: x, X: t.x, Rows: rows})
	return nets.Moment{X: x, First: true, Last: true}
}

var squared = compute.Formula("x*x", "x")

// Judge counts "variance".
func (t *Samples) Judge(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	countVariance(p, m, answer)
}

// Centred returns n training examples of a set (0: all), see [data.Set.Few], as rows, with bytes scaled to 0 to 1, minus
// the mean row. Without centring, the first principal component would be nearly the mean.
func Centred(set *data.Set, n int) []float32 {
	part, _ := set.Few(set.Train, n)
	if part.Pixels != nil {
		return centred(part.Pixels, set.Values(), 255)
	}
	return centred(part.Floats, set.Values(), 1)
}

// centred returns (x − mean)/unit, with a mean of each column of d.
func centred[T byte | float32](x []T, d int, unit float64) []float32 {
	mean := make([]float64, d)
	for i, v := range x {
		mean[i%d] += float64(v)
	}
	for j := range mean {
		mean[j] /= float64(len(x) / d)
	}
	rows := make([]float32, len(x))
	for i, v := range x {
		rows[i] = float32((float64(v) - mean[i%d]) / unit)
	}
	return rows
}
