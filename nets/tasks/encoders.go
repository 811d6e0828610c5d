package tasks

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"hebb/compute"
	"hebb/nets"
)

// Encoded shows the examples of another task as spikes: each number of an example is an input cell, which spikes or not in
// each time step. A moment of the other task, such as a batch of images, lasts MS milliseconds, N = MS/DT steps of DT, and
// each step is a moment. With x a number, v = max(0, min(1, x/High)) its strength and k = 0 … N−1 the step:
//
//	encoder=poisson   spikes by chance, P = v·Rate·DT/1000 in each step                       Rate in Hz, P at most 1
//	encoder=rate      regular spikes: a ← a + v·Rate·DT/1000, and where a ≥ 1 a spike and a ← a − 1; a is ½ before step 0,
//	                  so that their number is the whole number nearest to v·Rate·MS/1000
//	encoder=latency   one spike, the earlier the larger v, in the step k·DT ≤ t < (k + 1)·DT, if t < MS:
//	                    curve=linear        t = (1 − v)·MS, and so none for 0
//	                    curve=logarithmic   t = Tau·ln(v/(v − Threshold)), none for v ≤ Threshold: when a leaky integrator
//	                                        of time constant Tau that v drives passes Threshold
//
// Times within a thousandth of a step of the next one count as there, so that rounding decides nothing. Numbers below 0 are
// silent; with OnOff each number has two cells, ON of x and, behind it, OFF of −x. Images are 0 … 1 with normalise=none.
//
// What the task wants is wanted in the last Want ms of a moment (0: throughout), and the task scores the mean answer over
// these steps, once, after the last of them. So a trial is N times as many moments, and an epoch too. The answers of
// a task that wants nothing are scored as they are after the last step.
//
// Linear latencies: Thorpe, Delorme and Van Rullen 2001 (Neural Networks 14:715); logarithmic ones are the first-spike times
// of Zenke and Ganguli 2018 (Neural Computation 30:1514) and many since.
type Encoded struct {
	Of        nets.Task `json:"-" toml:"of"`            // what is shown; in a program, a new one for each Encoded
	Encoder   string    `json:"encoder" toml:"encoder"` // poisson, rate or latency
	Rate      float64   `json:"rate" toml:"rate" if:"encoder=poisson|encoder=rate"`
	MS        float64   `json:"ms" toml:"ms"`
	DT        float64   `json:"dt" toml:"dt"`
	Want      float64   `json:"want" toml:"want"`
	High      float64   `json:"high" toml:"high"`
	OnOff     bool      `json:"on_off" toml:"on_off"`
	Curve     string    `json:"curve" toml:"curve" if:"encoder=latency"`
	Tau       float64   `json:"tau" toml:"tau" if:"encoder=latency&curve=logarithmic"`
	Threshold float64   `json:"threshold" toml:"threshold" if:"encoder=latency&curve=logarithmic"`

	spec              nets.Spec       // of the task that is encoded
	drive, phase      *compute.Tensor // learners × examples × cells: a probability, a step or an increment; a
	want, mask, total *compute.Tensor // of the moment; the sum of its answers
	now               *int64          // examples of the moment and, in the low bits, what it is
}

// What a moment of the encoded task is.
const (
	wanting = 1 << iota
	masking
	beginning
	ending
	flagBits = iota
)

var encoders = []string{"poisson", "rate", "latency"}
var curves = []string{"linear", "logarithmic"}

// Check reports an invalid setting.
func (e *Encoded) Check() error {
	positive := func(x float64) bool { return 0 < x && x <= math.MaxFloat32 }
	steps := e.MS / e.DT
	switch {
	case !slices.Contains(encoders, e.Encoder):
		return fmt.Errorf("encoded: encoder %q, want one of %q", e.Encoder, encoders)
	case !slices.Contains(curves, e.Curve):
		return fmt.Errorf("encoded: curve %q, want one of %q", e.Curve, curves)
	case !positive(e.DT) || !positive(e.MS) || steps < 1 || steps > 1<<20 || math.Abs(steps-math.Round(steps)) > 1e-6*steps:
		return fmt.Errorf("encoded: ms=%g in steps of dt=%g ms, want a whole number of steps above 0, at most %d", e.MS, e.DT, 1<<20)
	case !positive(e.Rate) || e.Encoder != "latency" && e.Rate*e.DT > 1000:
		return fmt.Errorf("encoded: rate=%g Hz in steps of %g ms is %g spikes a step, want above 0 and at most 1", e.Rate, e.DT, e.Rate*e.DT/1000)
	case !(e.Want == 0 || e.DT <= e.Want && e.Want <= e.MS):
		return fmt.Errorf("encoded: want=%g ms, want 0, throughout, or from a step, %g, to ms, %g", e.Want, e.DT, e.MS)
	case !positive(e.High):
		return fmt.Errorf("encoded: high=%g, want the number above 0 that drives a cell fully", e.High)
	case !positive(e.Tau):
		return fmt.Errorf("encoded: tau=%g ms, want above 0", e.Tau)
	case !(0 < e.Threshold && e.Threshold < 1):
		return fmt.Errorf("encoded: threshold=%g, want within (0, 1)", e.Threshold)
	}
	if _, ok := e.Of.(*Encoded); ok {
		return errors.New("encoded: the task to encode is encoded itself, want one that is not spikes yet")
	}
	if c, ok := e.Of.(nets.Checker); ok {
		return c.Check()
	}
	return nil
}

// Milliseconds returns how long a moment is.
func (e *Encoded) Milliseconds() float64 { return e.DT }

// Steps returns how many moments one of the encoded task lasts.
func (e *Encoded) Steps() int { return int(math.Round(e.MS / e.DT)) }

// sides is the number of cells for each number.
func (e *Encoded) sides() int {
	if e.OnOff {
		return 2
	}
	return 1
}

// Build asks for the tensors of the task and for the example that is being shown.
func (e *Encoded) Build(s *nets.Store) (spec nets.Spec, err error) {
	if e.Of == nil {
		return spec, errors.New("encoded: want a task to encode, as in encoded:of=xor, or data")
	}
	if spec, err = e.Of.Build(s); err != nil {
		return spec, err
	}
	if spec.Third {
		return spec, errors.New("encoded: the task has a third factor among its numbers, which is no cell")
	}
	e.spec = spec
	spec.In.Channels *= e.sides()
	n, wide := spec.Examples, spec.In.Len()
	e.drive = s.State("drive", nets.Zeros, n, wide)
	if e.Encoder == "rate" {
		e.phase = s.State("phase", nets.Zeros, n, wide)
	}
	e.now = s.Counter("moment")
	if e.mask = s.State("mask", nets.Zeros, n, 1); spec.Out > 0 && !spec.Rewards {
		e.want, e.total = s.State("want", nets.Zeros, n, e.wanted()), s.State("total", nets.Zeros, n, spec.Out)
	}
	spec.Same, spec.Trial, spec.Epoch = false, spec.Trial*e.Steps(), spec.Epoch*e.Steps()
	return spec, nil
}

// wanted is the number of numbers that are wanted of an example.
func (e *Encoded) wanted() int {
	if e.spec.Classes {
		return 1
	}
	return e.spec.Out
}

// step returns the step of moment p.Number.
func (e *Encoded) step(p *nets.Pass) int { return int(p.Number % uint64(e.Steps())) }

// is reports whether the moment of the encoded task has a flag. Where nothing was shown, as when kernels are compiled ahead,
// it wants something, and is the first and the last of a trial.
func (e *Encoded) is(flag int64) bool { return *e.now == 0 && flag != masking || *e.now&flag != 0 }

// examples is the number of examples of the moment.
func (e *Encoded) examples() int {
	if *e.now == 0 {
		return e.spec.Examples
	}
	return int(*e.now >> flagBits)
}

// inside calls f with the number of the moment of the encoded task.
func (e *Encoded) inside(p *nets.Pass, f func()) {
	number := p.Number
	p.Number /= uint64(e.Steps())
	f()
	p.Number = number
}

// encoding marks the moments from which spikes are drawn, so that the encoded task draws other numbers.
const encoding = 1 << 43

var (
	strength  = compute.Formula("max(0, min(1, x/high))", "x")
	bothSides = compute.Formula("max(0, min(1, where(side - 0.5, -x, x)/high))", "x", "side")

	scaledBy   = compute.Formula("gain*old")
	linearTime = compute.Formula("(1 - old)*steps + 1e-3")
	logTime    = compute.Formula("where(old - threshold, tau*log(old/max(old - threshold, 1e-30)) + 1e-3, 2e9)")
	halfway    = compute.Formula("0.5")

	byChance = compute.Formula("where(drive - old, 1, 0)", "drive")
	inStep   = compute.Formula("where(k - t, 0, where(k + 1 - t, 1, 0))", "t")
	isFull   = compute.Formula("where(1 - a - drive, 0, 1)", "a", "drive")
	emptied  = compute.Formula("old + drive - spike", "drive", "spike")
)

// Show returns a step of an example.
func (e *Encoded) Show(p *nets.Pass) (m nets.Moment) {
	k := e.step(p)
	if k == 0 {
		e.inside(p, func() { m = e.Of.Show(p) })
		if p.Failed() != nil {
			return m
		}
		e.take(p, m)
	}
	n := e.examples()
	of := func(t *compute.Tensor) *compute.Tensor { return p.View(t, 0, p.Learners, n, t.Cols()) }
	m = nets.Moment{X: p.Tensor(p.Learners, n, e.drive.Cols()), Begin: m.Begin, First: k == 0 && e.is(beginning), Last: k == e.Steps()-1 && e.is(ending)}
	switch e.Encoder {
	case "poisson":
		number := p.Number
		p.Number |= encoding
		p.Random(m.X, compute.Uniform(0, 1))
		p.Number = number
		p.Into(m.X, byChance, of(e.drive))
	case "rate":
		p.Into(m.X, isFull, of(e.phase), of(e.drive))
		p.Into(of(e.phase), emptied, of(e.drive), m.X)
	case "latency":
		p.Into(m.X, inStep.With("k", float32(k)), of(e.drive))
	}
	if e.want != nil && e.is(wanting) && k >= e.Steps()-e.wantedSteps() {
		m.Want = of(e.want)
	}
	if e.is(masking) {
		m.Mask = of(e.mask)
	}
	return m
}

// wantedSteps is the number of steps of a moment in which something is wanted.
func (e *Encoded) wantedSteps() int {
	if e.Want == 0 {
		return e.Steps()
	}
	return int(math.Round(e.Want / e.DT))
}

// take keeps a moment of the encoded task, and what drives the cells while it lasts.
func (e *Encoded) take(p *nets.Pass, m nets.Moment) {
	n := m.Examples()
	*e.now = int64(n) << flagBits
	for i, is := range []bool{m.Want != nil, m.Mask != nil, m.First, m.Last} { // in the order of the flags
		if is {
			*e.now |= 1 << i
		}
	}
	of := func(t *compute.Tensor) *compute.Tensor { return p.View(t, 0, p.Learners, n, t.Cols()) }
	drive, high := of(e.drive), float32(e.High)
	if e.OnOff {
		x := p.View(m.X, 0, m.X.Batch(), n*m.X.Cols(), 1)
		p.Into(p.View(drive, 0, p.Learners, n*m.X.Cols(), 2), bothSides.With("high", high), x, p.View(p.Numbers(2), 0, 1, 1, 2))
	} else {
		p.Into(drive, strength.With("high", high), m.X)
	}
	switch {
	case e.Encoder != "latency":
		p.Into(drive, scaledBy.With("gain", float32(e.Rate*e.DT/1000)))
	case e.Curve == "linear":
		p.Into(drive, linearTime.With("steps", float32(e.Steps())))
	default:
		p.Into(drive, logTime.With("tau", float32(e.Tau/e.DT)).With("threshold", float32(e.Threshold)))
	}
	if e.phase != nil {
		p.Into(of(e.phase), halfway)
	}
	if m.Want != nil && e.want != nil {
		p.Into(of(e.want), same, m.Want)
	}
	if m.Mask != nil {
		p.Into(of(e.mask), same, m.Mask)
	}
}

var timesShare = compute.Formula("share*y", "y")

// Judge adds up the answers to a moment, and scores their mean after its last step.
func (e *Encoded) Judge(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	left := e.Steps() - e.step(p)
	if m.Want != nil {
		total := p.View(e.total, 0, p.Learners, m.Examples(), e.spec.Out)
		if left == e.wantedSteps() {
			p.Into(total, same, answer)
		} else {
			p.Into(total, plus, answer)
		}
		if left == 1 {
			answer = p.Map(timesShare.With("share", 1/float32(e.wantedSteps())), total)
		}
	}
	if left == 1 {
		m.First = e.is(beginning)
		e.inside(p, func() { e.Of.Judge(p, m, answer) })
	}
}

// Close closes the encoded task.
func (e *Encoded) Close() error {
	if c, ok := e.Of.(nets.Closer); ok {
		return c.Close()
	}
	return nil
}
