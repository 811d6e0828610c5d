package spiking

import (
	"fmt"
	"math"
	"strings"

	"hebb/compute"
	"hebb/nets"
)

// Compartments are the constants of cells with segregated dendrites (Guerguiev, Lillicrap, Richards 2017). A hidden cell
// has three compartments: basal dendrites with the potential B and the soma with C, in mV, and apical dendrites with A. An
// output cell has two, dendrites with B and a soma with C. With PSP the postsynaptic potentials of the synapses, 1/ms, W
// the weights from below, b the biases and Y the feedback from the outputs, in steps of 1 ms:
//
//	PSP(t) = Σ_{d = 1 … Kernel} κ(d)·spikes(t−d+1)       κ(d) = (exp(−d/Leak) − exp(−d/Rise))/(Leak − Rise)
//	B(t) = W·PSP(t) + b
//	A(t) = Y·PSP of the outputs, one step late
//	C ← C − g_L·C + g·(B − C)                            g_L = 1/Leak, g = Conductance, 1/ms
//	C ← C − g_L·C + g·(B − C) + g_E·(E−C) + g_I·(−E−C)   an output cell that is taught y*: g_E = y*, g_I = 1 − y*, E = Reversal
//	rate = MaxRate·σ(C), spikes ~ Poisson(rate)          spikes/ms; σ the sigmoid
//
// There is no current from the apical dendrites to the soma. So nothing runs round a loop in time: the potentials of a
// phase are a product of its spikes with the weights, and of that with a matrix over time for the kernel and the soma.
// At rest C = k·B with k = g/(g_L + g), and (g·B + E·(2y*−1))/(g_L + g + 1) in a taught output. A soma comes nearer to it
// by the factor 1 − g_L − g a step, which is 0.3, and −g_L − g where taught, −0.7. With the default constants the kernel
// sums to 0.51041 in its 10 ms, and to 0.997 without end: a spiking network works at half the drive of one of rates.
type Compartments struct {
	MaxRate     float32 `json:"max_rate" toml:"max_rate"`       // λ, spikes per ms
	Leak        float32 `json:"leak" toml:"leak"`               // τ_L, ms
	Conductance float32 `json:"conductance" toml:"conductance"` // g, from dendrites to the soma, 1/ms
	Reversal    float32 `json:"reversal" toml:"reversal"`       // E, mV; of inhibition −E
	Rise        float32 `json:"rise" toml:"rise" if:"spiking"`  // τ_s, ms
	Kernel      int     `json:"kernel" toml:"kernel" if:"spiking"`
}

// PaperCompartments are the constants of the paper.
var PaperCompartments = Compartments{MaxRate: 0.2, Leak: 10, Conductance: 0.6, Reversal: 8, Rise: 3, Kernel: 10}

// fastest is the largest rate, at which a step of 1 ms has more than 7 spikes less than once in 2²³ times: a formula has 7 inputs.
const fastest = 0.5

// slowest keeps what is divided by the square of MaxRate finite.
const slowest = 1e-6

// Check reports an invalid constant.
func (c Compartments) Check() error {
	switch {
	case !(c.MaxRate >= slowest && c.MaxRate <= fastest):
		return fmt.Errorf("max_rate %g spikes per ms, want %g to %g", c.MaxRate, slowest, fastest)
	case !(c.Leak >= 1 && c.Leak <= math.MaxFloat32):
		return fmt.Errorf("leak %g ms, want at least a step of 1 ms", c.Leak)
	case !(c.Conductance > 0 && c.settling() < 1):
		return fmt.Errorf("conductance %g per ms and a leak of %g ms, want it above 0 and conductance + 1/leak below 1: "+
			"in steps of 1 ms a soma that is taught would swing ever further", c.Conductance, c.Leak)
	case !(c.Reversal > 0 && c.Reversal <= math.MaxFloat32):
		return fmt.Errorf("reversal %g mV, want above 0", c.Reversal)
	case !(c.Rise > 0 && c.Rise <= math.MaxFloat32) || c.Rise == c.Leak:
		return fmt.Errorf("rise %g ms, want above 0 and other than the leak of %g ms", c.Rise, c.Leak)
	case c.Kernel < 1 || c.Kernel > mostPhase:
		return fmt.Errorf("kernel %d ms, want 1 to %d", c.Kernel, mostPhase)
	}
	return nil
}

// settling is g_L + g, 1/ms.
func (c Compartments) settling() float64 { return 1/float64(c.Leak) + float64(c.Conductance) }

// share is k.
func (c Compartments) share() float64 { return float64(c.Conductance) / c.settling() }

// kappa is κ(d), 1/ms.
func (c Compartments) kappa(d int) float64 {
	leak, rise := float64(c.Leak), float64(c.Rise)
	return (math.Exp(-float64(d)/leak) - math.Exp(-float64(d)/rise)) / (leak - rise)
}

// area is the sum of the kernel.
func (c Compartments) area() (sum float64) {
	for d := 1; d <= c.Kernel; d++ {
		sum += c.kappa(d)
	}
	return sum
}

// resting is C of a soma at rest, rate its rate, and taughtResting C of a taught output at rest, by B and y*.
func (c Compartments) resting() *compute.Func { return restingSoma.With("k", float32(c.share())) }
func (c Compartments) rate() *compute.Func    { return firingRate.With("most", c.MaxRate) }
func (c Compartments) taughtResting() *compute.Func {
	all := c.settling() + 1
	return taughtSoma.With("k", float32(float64(c.Conductance)/all)).With("e", float32(float64(c.Reversal)/all))
}

var (
	restingSoma = compute.Formula("k*b", "b")
	taughtSoma  = compute.Formula("k*b + e*(2*want - 1)", "b", "want")
	firingRate  = compute.Formula("most*sigmoid(c)", "c")
)

// A poisson draws numbers of spikes in a step: k or fewer have the probability P_k(m) = exp(−m)·Σ_{i ≤ k} mⁱ/i! at the mean
// m, and a number u that is uniform within 0 and 1 makes as many as there are P_k below it.
type poisson struct {
	below         []*compute.Func // P_k by x, m = most·x
	inputs, somas *compute.Func   // the number by P_k, and by C; u is the old one
}

// newPoisson leaves out numbers that come less than once in 2²³ steps at the largest rate.
func newPoisson(most float32) (p poisson) {
	rare, term := 1-math.Exp(-float64(most)), math.Exp(-float64(most))
	sum, last := "one", "one"
	var names, inputs, somas []string
	for k := 1; k == 1 || rare > 0x1p-23; k++ {
		name := fmt.Sprint("p", k)
		names, inputs = append(names, name), append(inputs, fmt.Sprintf("where(old - %s, one, none)", name))
		somas = append(somas, fmt.Sprintf("where(old - exp(-m)*(%s), one, none)", sum))
		below := compute.Formula("exp(-most*x)*("+strings.ReplaceAll(sum, "m", "most*x")+")", "x")
		p.below = append(p.below, factorials(below, k).With("most", most))
		last += fmt.Sprintf("*m*over%d", k)
		sum += " + " + last
		term *= float64(most) / float64(k)
		rare -= term
	}
	p.inputs = compute.Formula(strings.Join(inputs, " + "), names...).With("one", 1).With("none", 0)
	p.somas = compute.Formula(strings.ReplaceAll(strings.Join(somas, " + "), "m", "most*sigmoid(c)"), "c")
	p.somas = factorials(p.somas, len(names)).With("none", 0).With("most", most)
	return p
}

// factorials gives the constants of the first k terms of a series their values.
func factorials(f *compute.Func, k int) *compute.Func {
	f = f.With("one", 1)
	for i := 1; i < k; i++ {
		f = f.With(fmt.Sprint("over", i), 1/float32(i))
	}
	return f
}

// A course has the matrices over time of a number of steps: rows are when a potential is, columns when a spike was. Columns
// of the past are the last Kernel steps before the first.
type course struct {
	steps          int
	psp, pspPast   *compute.Tensor // κ, steps × steps and steps × Kernel: PSP by spikes, and so B − b by W·spikes
	soma, somaPast *compute.Tensor // C by W·spikes
	taught         *compute.Tensor // C of a taught output by B − b
	first, bias    *compute.Tensor // steps × 1: C by its first value, and by b
	taughtFirst    *compute.Tensor // the same of a taught output, by its first value and by b + E·(2y*−1)/g
	taughtBias     *compute.Tensor
	times          *compute.Tensor // 0, 1, …, steps − 1
	delays         *compute.Tensor // the same, steps × 1
}

// newCourse makes the matrices in float64.
func newCourse(s *nets.Store, c Compartments, steps int) *course {
	t := &course{steps: steps}
	psp := lower(steps, func(n int) float64 {
		if n < c.Kernel {
			return c.kappa(n + 1)
		}
		return 0
	})
	past := make([]float64, steps*c.Kernel)
	for i := range steps {
		for k := i; k < c.Kernel; k++ { // a spike that was Kernel − k steps before the first
			if d := i + c.Kernel - k + 1; d <= c.Kernel {
				past[i*c.Kernel+k] = c.kappa(d)
			}
		}
	}
	free, taught := 1-c.settling(), -c.settling()
	scan := lower(steps, func(n int) float64 { return float64(c.Conductance) * math.Pow(free, float64(n)) })
	t.psp, t.pspPast = fixedMatrix(s, psp, steps), fixedMatrix(s, past, steps)
	t.soma, t.somaPast = fixedMatrix(s, lowerTimes(scan, psp, steps), steps), fixedMatrix(s, lowerTimes(scan, past, steps), steps)
	t.taught = fixedMatrix(s, lower(steps, func(n int) float64 { return float64(c.Conductance) * math.Pow(taught, float64(n)) }), steps)
	of := func(f func(n float64) float64) []float64 {
		x := make([]float64, steps)
		for i := range x {
			x[i] = f(float64(i + 1))
		}
		return x
	}
	first := func(factor float64) *compute.Tensor {
		return fixedMatrix(s, of(func(n float64) float64 { return math.Pow(factor, n) }), steps)
	}
	bias := func(factor float64) *compute.Tensor {
		return fixedMatrix(s, of(func(n float64) float64 { return float64(c.Conductance) * (1 - math.Pow(factor, n)) / (1 - factor) }), steps)
	}
	t.first, t.bias, t.taughtFirst, t.taughtBias = first(free), bias(free), first(taught), bias(taught)
	count := of(func(n float64) float64 { return n - 1 })
	t.times, t.delays = fixedMatrix(s, count, 1), fixedMatrix(s, count, steps)
	return t
}

// lower is a matrix of the response h to something so many steps ago.
func lower(n int, h func(int) float64) []float64 {
	x := make([]float64, n*n)
	for i := range n {
		for j := range i + 1 {
			x[i*n+j] = h(i - j)
		}
	}
	return x
}

// times is the product of a lower triangular matrix of n rows with another of n rows.
func lowerTimes(a, b []float64, n int) []float64 {
	cols := len(b) / n
	x := make([]float64, len(b))
	for i := range n {
		for j := range i + 1 {
			for k := range cols {
				x[i*cols+k] += a[i*n+j] * b[j*cols+k]
			}
		}
	}
	return x
}

// fixedMatrix is a constant matrix of so many rows.
func fixedMatrix(s *nets.Store, x []float64, rows int) *compute.Tensor {
	short := make([]float32, len(x))
	for i, v := range x {
		short[i] = float32(v)
	}
	return s.Fixed(short, rows, len(x)/rows)
}

// overTime returns m·x: m is rows × steps, of each example or for all, and x examples × steps × cells.
func overTime(p *nets.Pass, m, x *compute.Tensor) *compute.Tensor {
	y := p.Tensor(max(m.Batch(), x.Batch()), m.Rows(), x.Cols())
	overTimeInto(p, y, m, x, 0)
	return y
}

// overTimeInto sets y to m·x + keep·y.
func overTimeInto(p *nets.Pass, y, m, x *compute.Tensor, keep float32) {
	p.Do(compute.Gemm{C: y, A: m, B: x, Epilogue: compute.Epilogue{Alpha: 1, Beta: keep}})
}

// driveInto sets y, examples × steps × cells, to W·x of each example and step.
func driveInto(p *nets.Pass, y, w, x *compute.Tensor) {
	rows := x.Len() / p.Learners / x.Cols()
	p.Do(compute.Gemm{C: p.View(y, 0, p.Learners, rows, w.Rows()), A: p.View(x, 0, p.Learners, rows, x.Cols()), B: w, TransB: true,
		Epilogue: compute.Epilogue{Alpha: 1}})
}

// A dendrite is what drives somas.
type dendrite struct {
	drive *compute.Tensor // W·spikes, examples × steps × cells
	past  *compute.Tensor // the same of the Kernel steps before; nil: there were no spikes
	b     *compute.Tensor // examples × 1 × cells
	first *compute.Tensor // C before the first step, examples × 1 × cells; nil, as past: 0
}

var (
	started = compute.Formula("start*first + bias*b", "start", "first", "bias", "b")
	silent  = compute.Formula("bias*b", "bias", "b")
	taught  = compute.Formula("start*first + bias*(b + e*(2*want - 1))", "start", "first", "bias", "b", "want")
)

// somas sets c to C in each step, examples × steps × cells.
func (t *course) somas(p *nets.Pass, c *compute.Tensor, d dendrite) {
	if d.past == nil {
		p.Into(c, silent, t.bias, d.b)
		overTimeInto(p, c, t.soma, d.drive, 1)
		return
	}
	p.Into(c, started, t.first, d.first, t.bias, d.b)
	overTimeInto(p, c, t.soma, d.drive, 1)
	overTimeInto(p, c, t.somaPast, d.past, 1)
}

// potentials returns B − b in each step.
func (t *course) potentials(p *nets.Pass, d dendrite) *compute.Tensor {
	b := overTime(p, t.psp, d.drive)
	if d.past != nil {
		overTimeInto(p, b, t.pspPast, d.past, 1)
	}
	return b
}

// taughtSomas returns C of taught outputs by B − b, and first, C before.
func (t *course) taughtSomas(p *nets.Pass, cells Compartments, potentials, first, b, want *compute.Tensor) *compute.Tensor {
	c := p.Like(potentials)
	p.Into(c, taught.With("e", cells.Reversal/cells.Conductance), t.taughtFirst, first, t.taughtBias, b, want)
	overTimeInto(p, c, t.taught, potentials, 1)
	return c
}

// spike sets s to the spikes of somas.
func (c poisson) spike(p *nets.Pass, s, soma *compute.Tensor) {
	p.Random(s, compute.Uniform(0, 1))
	p.Into(s, c.somas, soma)
}

// spikeInputs sets s, examples × steps × numbers, to the spikes of inputs, learners × examples × numbers from 0 to 1.
func (c poisson) spikeInputs(p *nets.Pass, s, x *compute.Tensor) {
	var below []*compute.Tensor
	for _, f := range c.below {
		below = append(below, p.Map(f, p.View(x, 0, s.Batch(), 1, x.Cols())))
	}
	p.Random(s, compute.Uniform(0, 1))
	p.Into(s, c.inputs, below...)
}

var inputRate = compute.Formula("most*x", "x")
