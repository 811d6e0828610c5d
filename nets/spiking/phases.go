package spiking

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// A clock picks steps of an image's phases, which end at times of their own in each example.
type clock struct {
	*nets.Pass
	*course
	forward, second, both *compute.Tensor // ms of the phases and of both, examples × 1 × 1; of a test of 1 example for all
	means                 int             // ms, the last of a phase
}

// clock draws the lengths of the phases.
func (r *Dendrites) clock(p *nets.Pass, examples int, taught bool) clock {
	c := clock{Pass: p, course: r.test, means: r.TestPhase - r.Settle}
	if !taught {
		c.forward = p.Tensor(1, 1, 1)
		p.Into(c.forward, lasting.With("x", float32(r.TestPhase)))
		return c
	}
	c.course, c.means = r.train, r.Phase-r.Settle
	longest := float32(r.Longest)
	c.forward = p.Map(firstPhase.With("most", longest-float32(r.Phase)), r.length(p, examples))
	c.second = p.Map(secondPhase.With("most", longest), r.length(p, examples), c.forward)
	c.both = p.Map(bothPhases, c.forward, c.second)
	return c
}

// Roots of the equation for a number of Wald's law by y, the square of a normal number (Michael, Schucany, Haas 1976): the
// larger is L, the smaller mu²/L, and either is taken with such a probability that the law comes out.
const largerRoot = "(mu + mu*mu*z*z/(2*shape) + mu/(2*shape)*sqrt(4*mu*shape*z*z + mu*mu*z*z*z*z))"

var (
	wald        = compute.Formula("where(mu/(mu + mu*mu/"+largerRoot+") - u, mu*mu/"+largerRoot+", "+largerRoot+")", "z", "u")
	reached     = compute.Formula("where(w - k - 1, 1, 0)", "w", "k")
	prolonged   = compute.Formula("phase + x", "x")
	firstPhase  = compute.Formula("min(x, most)", "x")
	secondPhase = compute.Formula("min(x, most - before)", "x", "before")
	bothPhases  = compute.Formula("x + y", "x", "y")
	lasting     = compute.Formula("x")
	carriedOver = compute.Formula("x", "x")
)

// length draws the length of a phase, ms, for each example.
func (r *Dendrites) length(p *nets.Pass, examples int) *compute.Tensor {
	n := p.Learners * examples
	t, most := p.Tensor(n, 1, 1), r.Longest-2*r.Phase
	if r.WaldMean == 0 || most == 0 {
		p.Into(t, lasting.With("x", float32(r.Phase)))
		return t
	}
	z, u := p.Tensor(n, 1, 1), p.Tensor(n, 1, 1)
	p.Random(z, compute.Normal(0, 1))
	p.Random(u, compute.Uniform(0, 1))
	w, steps := p.Map(wald.With("mu", r.WaldMean).With("shape", r.WaldScale), z, u), p.Tensor(n, 1, most)
	p.Into(steps, reached, w, p.Numbers(most))
	return p.Map(prolonged.With("phase", float32(r.Phase)), p.Fold(compute.FoldSum, steps))
}

var picked = compute.Formula("where(at + 0.5 - end - shift - row + width, where(end + shift + row - at - 0.5, each, 0), 0)", "at", "end", "row")

// pick returns a matrix, rows × steps, that takes means of width steps: row i the steps before end + shift + i.
func (c clock) pick(end *compute.Tensor, rows, shift, width int) *compute.Tensor {
	m := c.Tensor(end.Batch(), rows, c.steps)
	c.Into(m, picked.With("shift", float32(shift)).With("width", float32(width)).With("each", 1/float32(width)), c.times, end, c.View(c.delays, 0, rows, 1))
	return m
}

// learners views a tensor, examples × 1 × cells, as learners × examples × cells.
func (c clock) learners(x *compute.Tensor) *compute.Tensor {
	return c.View(x, 0, c.Learners, x.Len()/c.Learners/x.Cols(), x.Cols())
}

// A phaseSpace is memory for the steps of some examples, each tensor examples × steps × cells.
type phaseSpace struct {
	inputs              *compute.Tensor
	drive, soma, spikes []*compute.Tensor // by layer
}

// mostSpace is how many numbers the inputs of a learner take in the steps of a test, about.
const mostSpace = 1 << 21

func (r *Dendrites) space(p *nets.Pass, examples, steps, inputs int) (s phaseSpace) {
	n := p.Learners * examples
	s.inputs = p.Tensor(n, steps, inputs)
	for _, l := range r.layers {
		s.drive, s.soma, s.spikes = append(s.drive, p.Tensor(n, steps, l.n)), append(s.soma, p.Tensor(n, steps, l.n)), append(s.spikes, p.Tensor(n, steps, l.n))
	}
	return s
}

// of views the space for fewer examples.
func (s phaseSpace) of(p *nets.Pass, n int) phaseSpace {
	view := func(x *compute.Tensor) *compute.Tensor { return p.View(x, 0, n, x.Rows(), x.Cols()) }
	few := phaseSpace{inputs: view(s.inputs)}
	for i := range s.drive {
		few.drive, few.soma, few.spikes = append(few.drive, view(s.drive[i])), append(few.soma, view(s.soma[i])), append(few.spikes, view(s.spikes[i]))
	}
	return few
}

// spiking has the phases of spiking cells: with keep from where the last moment ended, and else from silence, of some examples
// after others in the same memory.
func (r *Dendrites) spiking(p *nets.Pass, m nets.Moment, taught, keep bool) trial {
	r.inRange(p, m)
	n, steps, want := m.Examples(), r.TestPhase, (*compute.Tensor)(nil)
	if taught {
		steps, want = r.Longest, r.want(p, m)
	}
	each := n
	if !keep {
		each = min(n, max(1, mostSpace/(steps*m.X.Cols())))
	}
	s := r.space(p, each, steps, m.X.Cols())
	var parts []trial
	for lo := 0; lo < n; lo += each {
		k := min(each, n-lo)
		x, y := examplesOf(p, m.X, lo, k), want
		if taught {
			y = examplesOf(p, want, lo, k)
		}
		parts = append(parts, r.phases(p, x, y, s.of(p, p.Learners*k), keep, lo == 0))
	}
	return joined(p, parts, n)
}

// examplesOf returns k examples of each learner from example lo on.
func examplesOf(p *nets.Pass, x *compute.Tensor, lo, k int) *compute.Tensor {
	n, cols := x.Rows(), x.Cols()
	if x.Batch() == 1 || k == n {
		return p.All(p.View(x, lo*cols, x.Batch(), k, cols))
	}
	y := p.Tensor(p.Learners, k, cols)
	for l := range p.Learners {
		p.Into(p.View(y, l*k*cols, k, cols), carriedOver, p.View(x, (l*n+lo)*cols, k, cols))
	}
	return y
}

// joined puts the examples of parts together.
func joined(p *nets.Pass, parts []trial, n int) trial {
	if len(parts) == 1 {
		return parts[0]
	}
	return parts[0].each(func(i int, x *compute.Tensor) *compute.Tensor {
		y, lo := p.Tensor(p.Learners, n, x.Cols()), 0
		for _, t := range parts {
			t.each(func(j int, x *compute.Tensor) *compute.Tensor {
				if j == i {
					k, cols := x.Rows(), x.Cols()
					for l := range p.Learners {
						p.Into(p.View(y, (l*n+lo)*cols, k, cols), carriedOver, p.View(x, l*k*cols, k, cols))
					}
					lo += k
				}
				return x
			})
		}
		return y
	})
}

// each returns the trial with f of each of its tensors.
func (t trial) each(f func(i int, x *compute.Tensor) *compute.Tensor) (u trial) {
	i := -1
	of := func(x *compute.Tensor) *compute.Tensor {
		if i++; x == nil {
			return nil
		}
		return f(i, x)
	}
	for _, x := range t.psp {
		u.psp = append(u.psp, of(x))
	}
	for _, x := range t.c {
		u.c = append(u.c, of(x))
	}
	u.rate, u.up, u.taught = of(t.rate), of(t.up), of(t.taught)
	return u
}

// phases has the phases of some examples; want is nil in a test, which has the forward phase alone. The steps of both phases
// lie one after the other for inputs and hidden cells, which are not taught; of the taught outputs, a step of the second phase
// is moved to the first steps.
func (r *Dendrites) phases(p *nets.Pass, x, want *compute.Tensor, s phaseSpace, keep, first bool) (t trial) {
	c, n := r.clock(p, x.Rows(), want != nil), s.inputs.Batch()
	mean := c.pick(c.forward, 1, 0, c.means)
	var psp *compute.Tensor
	if want != nil {
		psp = overTime(p, mean, c.psp)
	}
	r.chance.spikeInputs(p, s.inputs, x)
	below, before := s.inputs, r.input
	for i, l := range r.layers {
		b := p.Tensor(p.Learners, x.Rows(), l.n)
		p.Into(b, carriedOver, l.b)
		d := dendrite{drive: s.drive[i], b: p.View(b, 0, n, 1, l.n)}
		driveInto(p, d.drive, l.w, below)
		if want != nil {
			t.psp = append(t.psp, c.learners(overTime(p, psp, below)))
		}
		if keep {
			d.past, d.first = p.Tensor(n, r.Kernel, l.n), c.forAll(l.c, 1)
			driveInto(p, d.past, l.w, c.forAll(before, r.Kernel))
			c.goOn(before, c.pick(c.both, r.Kernel, 1-r.Kernel, 1), below)
		}
		c.somas(p, s.soma[i], d)
		t.c = append(t.c, c.learners(overTime(p, mean, s.soma[i])))
		r.chance.spike(p, s.spikes[i], s.soma[i])
		if (p.Recorded || keep) && first {
			r.record(c, i, s)
		}
		switch {
		case i < len(r.Hidden) && keep:
			c.goOn(l.c, c.pick(c.both, 1, 0, 1), s.soma[i])
		case i == len(r.Hidden) && want != nil:
			r.teach(c, &t, d, s, p.View(want, 0, n, 1, l.n), keep)
		}
		below, before = s.spikes[i], l.last
	}
	return t
}

// teach has the second phase of the outputs, by what drives them in both.
func (r *Dendrites) teach(c clock, t *trial, d dendrite, s phaseSpace, want *compute.Tensor, keep bool) {
	p, top := c.Pass, len(r.Hidden)
	late := func(end *compute.Tensor) *compute.Tensor { return overTime(p, c.pick(end, 1, -1, c.means), c.psp) }
	t.up = c.learners(overTime(p, late(c.forward), s.spikes[top]))
	before := overTime(p, c.pick(c.forward, 1, 0, 1), s.soma[top])
	potentials := overTime(p, c.pick(c.forward, c.steps, 1, 1), c.potentials(p, d))
	soma := c.taughtSomas(p, r.Compartments, potentials, before, d.b, want)
	t.rate = c.learners(overTime(p, c.pick(c.second, 1, 0, c.means), p.Map(r.rate(), soma)))
	r.chance.spike(p, s.spikes[top], soma)
	t.taught = c.learners(overTime(p, late(c.second), s.spikes[top]))
	if keep {
		c.goOn(r.layers[top].c, c.pick(c.second, 1, 0, 1), soma)
		r.countRates(p, *t)
	}
}

// forAll returns what the learners' state, rows × cells, is for each example.
func (c clock) forAll(state *compute.Tensor, rows int) *compute.Tensor {
	all, n := state, c.forward.Len()
	if n > c.Learners {
		all = c.Tensor(c.Learners, n/c.Learners, state.Cols())
		c.Into(all, carriedOver, state)
	}
	return c.View(all, 0, n, rows, state.Cols()/rows)
}

// goOn sets the learners' state, rows × cells, to m·x of the last example.
func (c clock) goOn(state, m, x *compute.Tensor) {
	if n := x.Batch(); n == c.Learners {
		overTimeInto(c.Pass, c.View(state, 0, n, m.Rows(), x.Cols()), m, x, 0)
		return
	}
	all := overTime(c.Pass, m, x)
	k := all.Batch() / c.Learners
	last := c.Tensor(1, 1, k)
	c.Into(last, latest.With("n", float32(k)), c.Numbers(k))
	overTimeInto(c.Pass, state, last, c.View(all, 0, c.Learners, k, state.Cols()), 0)
}

var latest = compute.Formula("where(k + 1.5 - n, 1, 0)", "k")

// countRates counts the mean rates of the inputs and of the cells of each layer.
func (r *Dendrites) countRates(p *nets.Pass, t trial) {
	for i, psp := range append(t.psp[:len(t.psp):len(t.psp)], t.up) {
		name := "inputs"
		if i > 0 {
			name = r.layers[i-1].name
		}
		scale := 1000 / (r.area() * float64(psp.Cols()))
		p.Count("rate of "+name+", Hz", p.PerLearner(nil, float32(scale), psp), psp.Rows())
	}
}

var until = compute.Formula("where(end - at - 0.5, x, 0)", "x", "at", "end")

// record keeps what cells of the first example do, up to the end of a test or of both phases; outputs up to the second.
func (r *Dendrites) record(c clock, layer int, s phaseSpace) {
	p, l, n := c.Pass, r.layers[layer], s.inputs.Batch()/c.Learners
	rows, end := min(c.steps, r.TestPhase), c.forward
	if c.both != nil && layer < len(r.Hidden) {
		end = c.both
	}
	for _, pair := range [][2]*compute.Tensor{{l.spikes, s.spikes[layer]}, {l.soma, s.soma[layer]}} {
		to, x := pair[0], pair[1]
		for k := range p.Learners {
			p.Into(p.View(to, k*r.TestPhase*l.n, rows, l.n), until, p.View(x, k*n*c.steps*l.n, rows, l.n), p.View(c.delays, 0, rows, 1),
				p.View(end, k*n%end.Len(), 1, 1))
		}
	}
}

const outOfRange = "inputs"

var (
	outside   = compute.Formula("max(x - 1, -x)", "x")
	rangeCode = compute.Formula("max(old, where(most - 0.000001, most, 0))", "most")
)

// inRange reports an input that is no rate.
func (r *Dendrites) inRange(p *nets.Pass, m nets.Moment) {
	at := p.Fault(outOfRange)
	if at == nil {
		return
	}
	x, most := p.All(m.X), p.Like(at)
	p.Do(compute.Reduce{Out: most, In: []*compute.Tensor{p.View(x, 0, p.Learners, x.Len()/p.Learners)}, F: outside, Fold: compute.FoldMax, Along: compute.AlongCols, Alpha: 1})
	p.Into(at, rangeCode, most)
}

// Explain describes an input that is no rate.
func (r *Dendrites) Explain(name string, code float32) error {
	if name != outOfRange {
		return nil
	}
	return fmt.Errorf("dendrites: an input is %.3g below 0 or above 1, want spiking inputs within 0 and 1; with images: --normalise none", code)
}
