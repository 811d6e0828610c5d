// Package components learns principal components by Hebbian rules. It is given a
// [compute.Device] and knows no backend.
package components

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"hebb/compute"
)

// Components learns the principal components of samples by a Hebbian [Rule], in batches.
//
// Step t of T has the rate η(t) = η₀ in the first half, then η₀/(1 + 50·(t/T − ½)), which ends at
// η₀/26: a large rate finds the components, a falling one averages the noise of the batches away.
// η₀ = Rate/λ₁, λ₁ being the largest eigenvalue of the covariance, since the first unit diverges
// where η·λ₁ is above 2 (and, by the noise of small batches, before). The weights start as random
// directions of length 1.
type Components struct {
	Rule   Rule    `json:"rule"`
	Units  int     `json:"units"`
	Batch  int     `json:"batch"`  // samples an update
	Epochs int     `json:"epochs"` // passes over the samples, each in a new order
	Rate   float64 `json:"rate"`   // η₀·λ₁
	Seed   uint64  `json:"seed"`
}

// DefaultComponents finds the first sixteen components of MNIST and Fashion-MNIST to |cos| > 0.99
// from each of the seeds 1, 2 and 3, in 9360 updates.
var DefaultComponents = Components{Rule: Sanger, Units: 16, Batch: 128, Epochs: 20, Rate: 1, Seed: 1}

// maxNorm is beyond what any rule holds for long: their fixed points have rows of length 1, and
// rows that grow at all grow by their cube.
const maxNorm = 1e3

// checkEvery is how many updates pass between two looks at the weights: a look waits for the
// device.
const checkEvery = 50

// Check reports a parameter that cannot be.
func (c Components) Check(s Samples) error {
	switch {
	case c.Units < 1 || c.Units > s.D:
		return fmt.Errorf("%d units, want 1 to %d, the length of a sample", c.Units, s.D)
	case c.Batch < 1 || c.Batch > s.N:
		return fmt.Errorf("batches of %d, want 1 to %d, the number of samples", c.Batch, s.N)
	case c.Epochs < 1:
		return fmt.Errorf("%d epochs, want at least 1", c.Epochs)
	case !(c.Rate > 0 && c.Rate <= math.MaxFloat32):
		return fmt.Errorf("rate %g, want a number above 0", c.Rate)
	case int(c.Rule) >= len(ruleNames):
		return fmt.Errorf("rule %v, want one of %v", c.Rule, ruleNames)
	}
	return nil
}

// Steps returns the number of updates on n samples. What an epoch leaves over after its last whole
// batch waits for the next order.
func (c Components) Steps(n int) int { return c.Epochs * (n / c.Batch) }

// rate is η(t) for the largest eigenvalue top.
func (c Components) rate(t, steps int, top float64) float64 {
	late := math.Max(0, float64(t)/float64(steps)-0.5)
	return c.Rate / top / (1 + 50*late)
}

// Train returns the weights, Units × D, learned from s on dev. It calls progress, if there is one,
// after each update; it stops when ctx ends and where the weights diverge, naming the step.
func (c Components) Train(ctx context.Context, dev *compute.Device, s Samples, top float64, progress func(step int)) ([]float32, error) {
	if err := c.Check(s); err != nil {
		return nil, err
	}
	if !(top > 0) {
		return nil, fmt.Errorf("the largest eigenvalue is %g, want more than 0: are all samples alike?", top)
	}
	var w []float32
	err := dev.Step(func(step *compute.Step) (err error) {
		w, err = c.train(ctx, step, s, top, progress)
		return err
	})
	return w, err
}

func (c Components) train(ctx context.Context, step *compute.Step, s Samples, top float64, progress func(int)) ([]float32, error) {
	rnd := rand.New(rand.NewPCG(c.Seed, 0))
	host := c.start(rnd, s.D)
	var (
		w     = step.Tensor(c.Units, s.D)
		x     = step.Tensor(c.Batch, s.D)
		y     = step.Tensor(c.Batch, c.Units)
		batch = make([]float32, c.Batch*s.D)
		steps = c.Steps(s.N)
		order []int
	)
	step.Write(w, host)
	for t := range steps {
		if len(order) < c.Batch {
			order = rnd.Perm(s.N)
		}
		for k, i := range order[:c.Batch] {
			copy(batch[k*s.D:], s.Row(i))
		}
		order = order[c.Batch:]

		step.Write(x, batch)
		step.Do(compute.Gemm{C: y, A: x, B: w, TransB: true, Epilogue: compute.Epilogue{Alpha: 1}})
		step.Do(c.Rule.update(w, y, x, c.rate(t, steps, top)))
		if c.Rule == Hebb {
			step.Read(w, host)
			normalise(host, s.D)
			step.Write(w, host)
		} else if t%checkEvery == checkEvery-1 || t == steps-1 {
			step.Read(w, host)
		}
		if err := step.Err(); err != nil {
			return nil, fmt.Errorf("step %d of %d: %w", t+1, steps, err)
		}
		if err := c.diverged(host, s.D); err != nil {
			return nil, fmt.Errorf("step %d of %d: %w", t+1, steps, err)
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("interrupted at step %d of %d: %w", t+1, steps, context.Cause(ctx))
		}
		if progress != nil {
			progress(t + 1)
		}
	}
	return host, nil
}

// start returns random directions.
func (c Components) start(rnd *rand.Rand, d int) []float32 {
	w := make([]float32, c.Units*d)
	for i := range w {
		w[i] = float32(rnd.NormFloat64())
	}
	normalise(w, d)
	return w
}

// diverged names the first row that is not finite or far too long.
func (c Components) diverged(w []float32, d int) error {
	for u := range c.Units {
		if n := norm(w[u*d:][:d]); !(n <= maxNorm) { // a NaN is not ≤
			return fmt.Errorf("the weights diverged: unit %d has length %.3g, want about 1; the rate %g is too large for batches of %d",
				u+1, n, c.Rate, c.Batch)
		}
	}
	return nil
}

// normalise gives each row of d weights the length 1; a row of zeros stays.
func normalise(w []float32, d int) {
	for ; len(w) > 0; w = w[d:] {
		if n := norm(w[:d]); n > 0 {
			for j := range d {
				w[j] = float32(float64(w[j]) / n)
			}
		}
	}
}

func norm(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}
