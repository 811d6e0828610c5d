package spiking

import (
	"fmt"
	"math"
	"strings"

	"hebb/compute"
	"hebb/nets"
)

// Escape is stochastic cells with an escape rate: how often they spike is a function of the membrane potential (Gerstner,
// Kistler, Naud, Paninski 2014, "Neuronal Dynamics", chapter 9). In steps of dt ms, with a the sum of the weights that arrive,
// I a current, and s whether the cell spiked in the step before:
//
//	u ← e^(−dt/Tau)·(0 if s, else u) + (1 − e^(−dt/Tau))·(Bias + I) + Synaptic·a
//	q ← e^(−dt/Lasting)·(q + Gain·s)                  excitability, of cells that adapt
//	rate = Scale·(exp(u + min(q, Most)) − 1) Hz       or, Linear, Scale·u; at least 0
//	s = 1 with probability p = 1 − exp(−rate·dt/1000), if the cell is not refractory
//
// u has no unit, as it is an exponent. After a spike it begins at 0, and the cell does not spike for round(R/dt) steps, R having
// the Gamma law of the shape Shape and the mean Refractory. That is the time until event number Shape of a Poisson process. So a
// cell has no R but a number of events that are due, and one uniform number v a step is enough: a cell that is not refractory
// spikes where v < p; v/p, which is uniform then, tells how many events the next half step has, and the v of later steps how
// many these have.
type Escape struct {
	Tau, Bias, Synaptic float64
	Scale               float64 // Hz
	Linear              bool
	Gain, Most, Lasting float64 // Gain 0: cells do not adapt
	Refractory          float64 // ms
	Shape               int
}

// A population is a group of Escape cells of a network.
type population struct {
	Escape
	*train
	u, due, q *compute.Tensor // cells
	arriving  *ring           // Σ of weights, by the step in which they arrive

	forget                   float64 // 1 − e^(−dt/Tau)
	move, rate, excite, wait *compute.Func
}

var (
	moves   = compute.Formula("keep*where(spiked, 0, old) + pull + synaptic*arriving", "spiked", "arriving")
	excites = compute.Formula("keep*(old + gain*spiked)", "spiked")
	linear  = compute.Formula("1 - exp(-dt*max(0, scale*u))", "u")
	grows   = compute.Formula("1 - exp(-dt*max(0, scale*(exp(u) - 1)))", "u")
	excited = compute.Formula("1 - exp(-dt*max(0, scale*(exp(u + min(q, most)) - 1)))", "u", "q")
	fires   = compute.Formula("where(due, 0, where(p - v, 1, 0))", "due", "p", "v")
)

// newCells asks for the state of n cells at rest, at which weights arrive up to so many steps after a spike, in moments of so
// many steps of dt ms.
func (e Escape) newCells(s *nets.Store, name string, n int, dt float64, steps, delay int) *population {
	keep := math.Exp(-dt / e.Tau)
	c := &population{Escape: e, train: newTrain(s, name, n, steps), u: s.State(name+".u", nets.Zeros, n), due: s.State(name+".due", nets.Zeros, n),
		arriving: newRing(s, name+".arriving", n, delay+1, steps), forget: 1 - keep, rate: grows}
	c.move = moves.With("keep", float32(keep)).With("synaptic", float32(e.Synaptic))
	switch {
	case e.Linear:
		c.rate = linear
	case e.Gain > 0:
		c.q = s.State(name+".q", nets.Zeros, n)
		c.rate = excited.With("most", float32(e.Most))
		c.excite = excites.With("keep", float32(math.Exp(-dt/e.Lasting))).With("gain", float32(e.Gain))
	}
	c.rate = c.rate.With("dt", float32(dt/1000)).With("scale", float32(e.Scale))
	c.wait = waiting(e.Shape, dt/e.Refractory*float64(e.Shape))
	return c
}

// mostShape is the largest Shape, for which waiting has constants.
const mostShape = 5

// waiting is the formula of events that are due, with the mean number of events of a step: a step has as many as the
// probabilities of at most 0, 1, … events that a uniform number is above.
func waiting(shape int, mean float64) *compute.Func {
	var half, whole []string
	for k := range shape {
		half = append(half, fmt.Sprintf("where(v/max(p, least) - half%d, one, zero)", k))
		whole = append(whole, fmt.Sprintf("where(v - whole%d, one, zero)", k))
	}
	text := "where(spiked, shape - (%s), max(zero, old - (%s)))"
	f := compute.Formula(fmt.Sprintf(text, strings.Join(half, " + "), strings.Join(whole, " + ")), "spiked", "v", "p").
		With("shape", float32(shape)).With("one", 1).With("zero", 0).With("least", 1e-30)
	for k := range shape {
		f = f.With(fmt.Sprintf("half%d", k), float32(atMost(mean/2, k))).With(fmt.Sprintf("whole%d", k), float32(atMost(mean, k)))
	}
	return f
}

// atMost returns the probability of at most k events of a Poisson law.
func atMost(mean float64, k int) float64 {
	sum, term := 0., math.Exp(-mean)
	for i := range k + 1 {
		sum += term
		term *= mean / float64(i+1)
	}
	return sum
}

// advance makes step k of a moment, with a current.
func (c *population) advance(p *nets.Pass, k int, current float64) {
	before, spiked, v, chance := c.row(p, k-1), c.row(p, k), p.Like(c.u), p.Like(c.u)
	arriving := c.arriving.row(p, k)
	p.Into(c.u, c.move.With("pull", float32(c.forget*(c.Bias+current))), before, arriving)
	p.Clear(arriving)
	if c.q != nil {
		p.Into(c.q, c.excite, before)
		p.Into(chance, c.rate, c.u, c.q)
	} else {
		p.Into(chance, c.rate, c.u)
	}
	p.Random(v, compute.Uniform(0, 1))
	p.Into(spiked, fires, c.due, chance, v)
	p.Into(c.due, c.wait, spiked, v, chance)
}

// A train is the spikes of a group of cells in a moment: 1 in a step in which a cell spiked, else 0.
type train struct {
	name     string
	n, steps int
	rows     *compute.Tensor // steps × learners × cells
	spikes   *compute.Tensor // the same, when the moment is over: steps × cells
	last     *compute.Tensor // of the last step of the moment before: cells
	order    *compute.Tensor // of rows in spikes
}

func newTrain(s *nets.Store, name string, n, steps int) *train {
	t := &train{name: name, n: n, steps: steps, rows: s.Scratch(steps, n), spikes: s.State(name+".spikes", nets.Zeros, steps, n), last: s.State(name+".last", nets.Zeros, n)}
	order := make([]float32, 0, steps*s.Learners)
	for l := range s.Learners {
		for k := range steps {
			order = append(order, float32(k*s.Learners+l))
		}
	}
	t.order = s.Fixed(order, len(order))
	return t
}

// row returns the spikes of step k of the moment, from −1.
func (t *train) row(p *nets.Pass, k int) *compute.Tensor {
	if k < 0 {
		return t.last
	}
	return p.View(t.rows, k*p.Learners*t.n, p.Learners, 1, t.n)
}

// end keeps the spikes of a moment.
func (t *train) end(p *nets.Pass) {
	n := p.Learners * t.steps
	p.Do(compute.Gather{Out: p.View(t.spikes, 0, 1, n, t.n), X: p.View(t.rows, 0, 1, n, t.n), Rows: t.order})
	p.Do(compute.Copy{Dst: t.last, Src: t.row(p, t.steps-1)})
}

// A ring is a row of numbers of cells for each of the steps that are next, or were last. Within a moment it is slots ×
// learners × cells, row r being of the steps k with k mod slots = r; from moment to moment learners × slots × cells is kept.
type ring struct {
	slots, n   int
	rows, kept *compute.Tensor
	in, out    *compute.Tensor // orders of rows
}

func newRing(s *nets.Store, name string, n, slots, steps int) *ring {
	r := &ring{slots: slots, n: n, rows: s.Scratch(slots, n), kept: s.State(name, nets.Zeros, slots, n)}
	all := s.Learners * slots
	in, out := make([]float32, all), make([]float32, all)
	for l := range s.Learners {
		for k := range slots {
			in[k*s.Learners+l] = float32(l*slots + k)
			out[l*slots+k] = float32((k+steps)%slots*s.Learners + l)
		}
	}
	r.in, r.out = s.Fixed(in, all), s.Fixed(out, all)
	return r
}

// begin and end are called before the first step of a moment and after its last.
func (r *ring) begin(p *nets.Pass) { r.move(p, r.rows, r.kept, r.in) }
func (r *ring) end(p *nets.Pass)   { r.move(p, r.kept, r.rows, r.out) }

func (r *ring) move(p *nets.Pass, to, from, order *compute.Tensor) {
	n := p.Learners * r.slots
	p.Do(compute.Gather{Out: p.View(to, 0, 1, n, r.n), X: p.View(from, 0, 1, n, r.n), Rows: order})
}

// row returns the row of step k.
func (r *ring) row(p *nets.Pass, k int) *compute.Tensor {
	return p.View(r.rows, k%r.slots*p.Learners*r.n, p.Learners, 1, r.n)
}
