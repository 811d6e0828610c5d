package develop

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// Covariance learns the first principal component of inputs that need not have mean 0, with every unit, by Hebb's rule on
// what is above the running means x̄ of the inputs and ȳ of the answers, which begin at 0. Weights are scaled to length 1
// after each update, as in [Hebb]; without that they would grow as exp(λ₁·t).
//
//	y   = W·x
//	x̄   ← x̄ + ρ·mean of (x − x̄),   ȳ ← ȳ + ρ·mean of (y − ȳ)      over the examples of a moment
//	w_u ← v/‖v‖,   v = w_u + η·mean of (y_u − ȳ_u)·(x − x̄)
//
// Where the means are right v − w_u is η·C·w_u, in the mean, with C the covariance of the inputs. With ρ = 1 they are the
// means of the moment. The metric "growth" is as in [Hebb].
//
// Source: Sejnowski 1977, Journal of Mathematical Biology 4; in networks that develop, Linsker 1986, PNAS 83:7508.
type Covariance struct {
	Units    int     `toml:"units"`
	MeanRate float32 `toml:"mean_rate"` // ρ

	w            *compute.Tensor // learners × units × inputs
	meanX, meanY *compute.Tensor // learners × 1 × inputs and learners × 1 × units
}

// Check reports a number of units below 1, and a rate of the means that is not above 0 and at most 1.
func (c *Covariance) Check() error {
	if !(c.MeanRate > 0 && c.MeanRate <= 1) {
		return fmt.Errorf("mean_rate %g, want a number above 0 and at most 1", c.MeanRate)
	}
	return checkUnits(c.Units)
}

// Build allocates the weights and the means.
func (c *Covariance) Build(store *nets.Store, spec nets.Spec) (err error) {
	if c.w, err = directions(store, c.Units, spec); err != nil {
		return err
	}
	c.meanX, c.meanY = store.Kept("mean_x", nets.Zeros, spec.In.Len()), store.Kept("mean_y", nets.Zeros, c.Units)
	store.Aside(c.meanX, c.meanY)
	store.Averaged(c.meanX, c.meanY)
	return nil
}

// Divided reports nothing: weights and means move by means over the examples. Each part learns from what is above the running
// means as its own examples alone move them.
func (*Covariance) Divided() error { return nil }

// Step returns y and learns.
func (c *Covariance) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := p.Product(c.w, m.X, compute.Identity)
	if p.Learning {
		x := c.follow(p, m, c.meanX, p.All(m.X))
		dy := c.follow(p, m, c.meanY, y)
		p.Outer(c.w, dy, x, 1, float32(p.Rate))
		p.Whole(func(p *nets.Pass) { scaleToLength1(p, c.w) })
	}
	return p.Masked(y, m)
}

var (
	less = compute.Formula("x - mean", "x", "mean")
	plus = compute.Formula("old + x", "x")
)

// follow moves a running mean towards x, and returns what x is above it: 0 for examples that the moment masks.
func (c *Covariance) follow(p *nets.Pass, m nets.Moment, mean, x *compute.Tensor) *compute.Tensor {
	step := p.Like(mean)
	p.PerColumn(step, nil, c.MeanRate/float32(m.Examples()), p.Masked(p.Map(less, x, mean), m))
	p.Into(mean, plus, step)
	return p.Masked(p.Map(less, x, mean), m)
}

// Agreement compares each unit with the first eigenvector.
func (c *Covariance) Agreement(p *PCA, w []float32) (Agreement, error) { return p.Leading(w) }
