package adapt

import (
	"errors"
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// Particles is a learner that tells volatility from stochasticity (Piray and Daw 2021, Nature Communications 12:6587): a
// Rao-Blackwellised particle filter. Each example is an agent. At each moment it sees a number o, a hidden state x plus
// noise, and estimates x. It knows neither v, the variance of the state's steps (the volatility), nor u, the variance of the
// noise (the stochasticity, or unpredictability). Each particle guesses both: z is its guess of 1/v, and y of 1/u. Guesses
// drift, and a Kalman filter of mean m and variance w follows x by them. With weights W of N particles, which add up to 1:
//
//	z ← z·e/η,  e ~ Beta(η/(2(1−η)), ½),  η = 1 − LambdaV        e/η has mean 1 and variance (1−η)/(η·(ν+1)), ν = 1/(2(1−η))
//	y ← y·e/η,  the same with η = 1 − LambdaU
//	vol = 1/Σ W·z,  unp = 1/Σ W·y                                before the observation; harmonic means
//	W ← W·Normal(o; m, w + 1/z + 1/y), to a sum of 1
//	if 1/Σ W² < N/2:  parents by systematic resampling;  W ← 1/N;  z, y, m and w are the parents'
//	k = (w + 1/z)/(w + 1/z + 1/y)                                Kalman gain
//	m ← m + k·(o − m),  w ← (1 − k)·(w + 1/z)
//	lr = Σ W·k,  answer = Σ W·m                                  the learning rate; the estimate of x
//
// First values are z = 1/V0, y = 1/U0, m = 0, w = W0 and W = 1/N. What is seen as more volatile is learned from faster, and
// what is seen as noisier, slower. LambdaV or LambdaU of 0 is a lesion: the agent takes the volatility for V0, or the
// stochasticity for U0, and so takes all that it sees for the other. With both at 0 it is a Kalman filter. With Unpermuted
// m and w stay where they are when z and y are resampled, as in the authors' program in MATLAB; the one in Python
// permutes them too, and the results are alike.
//
// Weights are kept as logarithms, of which the largest is taken off before exp. What is masked is not seen: particles drift,
// w grows by 1/z, and W and m stay. A trial starts anew from first values. Nothing is learned beyond a trial, so a test does
// as training does, and the rate of the run has no effect. An agent whose particles are all dead, because a number is not
// finite, ends its learner. Cost of a moment: about 50 flops and three random numbers a particle, in some 25 ops.
//
// Metrics: "lr", "vol" and "unp", means over the agents.
type Particles struct {
	Particles  int     `json:"particles" toml:"particles"` // of each agent, N
	LambdaV    float64 `json:"lambda_v" toml:"lambda_v"`   // drift of the volatility; 0: it is V0
	LambdaU    float64 `json:"lambda_u" toml:"lambda_u"`   // drift of the stochasticity; 0: it is U0
	V0         float64 `json:"v0" toml:"v0"`
	U0         float64 `json:"u0" toml:"u0"`
	W0         float64 `json:"w0" toml:"w0"`
	Unpermuted bool    `json:"unpermuted" toml:"unpermuted"`

	z, y, m, w *compute.Tensor // examples × N
	weights    *compute.Tensor // examples × N: W
	logs       *compute.Tensor // examples × N: ln W, and a number that all particles of an agent share
	lr         *compute.Tensor // examples × 1: of the last moment, as are the others
	vol, unp   *compute.Tensor
	examples   int // of the largest batch
}

// DefaultParticles has the parameters of Piray and Daw.
var DefaultParticles = Particles{Particles: 100, LambdaV: 0.1, LambdaU: 0.1, V0: 1, U0: 2, W0: 100}

// Check reports an invalid setting.
func (f *Particles) Check() error {
	if f.Particles < 1 || f.Particles > compute.MostParticles {
		return fmt.Errorf("particles: %d particles, want 1 to %d", f.Particles, compute.MostParticles)
	}
	for _, s := range []struct {
		name  string
		value float64
	}{{"lambda_v", f.LambdaV}, {"lambda_u", f.LambdaU}} {
		if !(s.value == 0 || s.value >= 1e-6 && s.value < 0.5) {
			return fmt.Errorf("particles: %s %g, want 0, which is a lesion, or 1e-6 to below 0.5", s.name, s.value)
		}
	}
	for _, s := range []struct {
		name  string
		value float64
	}{{"v0", f.V0}, {"u0", f.U0}, {"w0", f.W0}} {
		if !(s.value >= 1e-12 && s.value <= 1e12) {
			return fmt.Errorf("particles: %s %g, want a variance of 1e-12 to 1e12", s.name, s.value)
		}
	}
	return nil
}

// Build asks for the particles of each example.
func (f *Particles) Build(s *nets.Store, spec nets.Spec) error {
	switch {
	case spec.In.Len() != 1:
		return fmt.Errorf("particles: the task shows examples of %v, want one number of each at a moment, as walk shows", spec.In)
	case spec.Classes || spec.Out > 1:
		return fmt.Errorf("particles: the task wants %d numbers or classes of an example, want one number, the hidden state, or none", spec.Out)
	case spec.Trial == 1:
		return errors.New("particles: the task's trials are single moments, and what is learned from is a series; want trials of several")
	}
	f.examples = spec.Examples
	of := func(name string, first float64) *compute.Tensor {
		return s.State(name, nets.Constant(float32(first)), spec.Examples, f.Particles)
	}
	f.z, f.y, f.m, f.w = of("z", 1/f.V0), of("y", 1/f.U0), of("m", 0), of("w", f.W0)
	f.weights, f.logs = of("weights", 1/float64(f.Particles)), of("logs", 0)
	one := func(name string) *compute.Tensor { return s.State(name, nets.Zeros, spec.Examples, 1) }
	f.lr, f.vol, f.unp = one("lr"), one("vol"), one("unp")
	return nil
}

// Explain says which agent's particles are dead, and since when.
func (f *Particles) Explain(_ string, code float32) error {
	agent, moment := (int(code)-1)%f.examples, (int(code)-1)/f.examples
	when := fmt.Sprintf("at moment %d", moment)
	if moment == f.latest() {
		when += " or later"
	}
	return fmt.Errorf("all particles of agent %d are dead %s: no weight is a number above 0; "+
		"want observations that are finite, and first variances that are not far off theirs", agent, when)
}

// latest is the largest number of a moment that a fault's code, a whole number below 2²⁴, has room for.
func (f *Particles) latest() int { return (1<<24-1)/f.examples - 1 }

// An agents is the particles in a moment.
type agents struct {
	*nets.Pass
	*Particles
	o, mask                   *compute.Tensor // observations; mask is nil for all ones
	z, y, m, w, weights, logs *compute.Tensor // rows of the tensors of Particles, for the examples of the moment
	survival, all, squares    *compute.Tensor // e, in proportion to W; Σ e and Σ e²
}

var (
	constantly = compute.Formula("c")
	inverted   = compute.Formula("1/c")
	begins     = compute.Formula("where(begin, c, old)", "begin", "c")
	drifts     = compute.Formula("old*e*inverse", "e")
	inverse    = compute.Formula("1/x", "x")
	// the logarithm of a Gauss density but for ln √2π, which all particles share
	likely     = compute.Formula("old - 0.5*(log(w + 1/z + 1/y) + (o - m)*(o - m)/(w + 1/z + 1/y))", "z", "y", "m", "w", "o")
	likelySeen = compute.Formula("old - 0.5*mask*(log(w + 1/z + 1/y) + (o - m)*(o - m)/(w + 1/z + 1/y))", "z", "y", "m", "w", "o", "mask")
	less       = compute.Formula("old - top", "top")
	weight     = compute.Formula("exp(x)", "x")
	square     = compute.Formula("x*x", "x")
	// where(1/Σ W² < N/2, …), W = e/Σ e
	survives = compute.Formula("where(half*squares - all*all, e, 1)", "e", "all", "squares")
	forgets  = compute.Formula("where(half*squares - all*all, 0, old)", "all", "squares")
	weighs   = compute.Formula("where(half*squares - all*all, 1/n, e/all)", "e", "all", "squares")
	// of Kalman's filter
	gain      = compute.Formula("(w + 1/z)/(w + 1/z + 1/y)", "z", "y", "w")
	gainSeen  = compute.Formula("mask*(w + 1/z)/(w + 1/z + 1/y)", "z", "y", "w", "mask")
	moves     = compute.Formula("old + k*(o - old)", "k", "o")
	narrows   = compute.Formula("(1 - k)*(old + 1/z)", "k", "z")
	deadSince = compute.Formula("where(all, 0, code + agent)", "all", "agent")
	first     = compute.Formula("where(old, old, code)", "code")
)

// Step observes a moment and answers with the estimates.
func (f *Particles) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	each := func(t *compute.Tensor) *compute.Tensor { return p.View(t, 0, p.Learners, m.Examples(), t.Cols()) }
	a := &agents{Pass: p, Particles: f, o: m.X, mask: m.Mask, z: each(f.z), y: each(f.y), m: each(f.m), w: each(f.w),
		weights: each(f.weights), logs: each(f.logs)}
	a.begin(m)
	a.drift(a.z, f.LambdaV)
	a.drift(a.y, f.LambdaU)
	lr, vol, unp := each(f.lr), each(f.vol), each(f.unp)
	p.Into(vol, inverse, a.mean(a.z))
	p.Into(unp, inverse, a.mean(a.y))
	a.weigh()
	a.report()
	a.resample()
	p.Do(compute.Copy{Dst: lr, Src: a.mean(a.filter())})
	p.CountOf(m, "lr", lr)
	p.CountOf(m, "vol", p.Masked(vol, m))
	p.CountOf(m, "unp", p.Masked(unp, m))
	return a.mean(a.m)
}

// begin gives first values to the agents whose trial begins.
func (a *agents) begin(m nets.Moment) {
	if m.Begin == nil && !m.First {
		return
	}
	for _, s := range []struct {
		t     *compute.Tensor
		first *compute.Func
		c     float64
	}{{a.z, inverted, a.V0}, {a.y, inverted, a.U0}, {a.m, constantly, 0}, {a.w, constantly, a.W0},
		{a.weights, inverted, float64(a.Particles.Particles)}, {a.logs, constantly, 0}} {
		first := s.first.With("c", float32(s.c)) // 1/c is computed on the device, which may have float64s
		if m.Begin == nil {
			a.Into(s.t, first)
			continue
		}
		c := a.Tensor(1, 1, 1)
		a.Into(c, first)
		a.Into(s.t, begins, m.Begin, c)
	}
}

// drift lets guesses drift by so much, unless that is 0.
func (a *agents) drift(t *compute.Tensor, lambda float64) {
	if lambda == 0 {
		return
	}
	e := a.Like(t)
	a.Random(e, compute.Beta(float32((1-lambda)/(2*lambda)), 0.5))
	a.Into(t, drifts.With("inverse", float32(1/(1-lambda))), e)
}

// mean returns Σ W·x of each agent.
func (a *agents) mean(x *compute.Tensor) *compute.Tensor { return a.PerExample(product, a.weights, x) }

// seen returns one of two formulas, and its inputs: of guesses and, where some agents are masked, of the mask too.
func (a *agents) seen(all, masked *compute.Func, in ...*compute.Tensor) (*compute.Func, []*compute.Tensor) {
	if a.mask == nil {
		return all, in
	}
	return masked, append(in, a.mask)
}

// weigh multiplies the weights by the likelihoods of the observations, up to a factor that the particles of an agent share.
func (a *agents) weigh() {
	f, in := a.seen(likely, likelySeen, a.z, a.y, a.m, a.w, a.o)
	a.Into(a.logs, f, in...)
	a.Into(a.logs, less, a.Fold(compute.FoldMax, a.logs))
	a.survival = a.Map(weight, a.logs)
	a.all, a.squares = a.PerExample(nil, a.survival), a.PerExample(square, a.survival)
}

// report reports agents without a living particle.
func (a *agents) report() {
	at := a.Fault("particles")
	if at == nil {
		return
	}
	n, code := a.all.Rows(), float32(min(int(a.Number), a.latest())*a.examples+1)
	dead := a.Map(deadSince.With("code", code), a.all, a.View(a.Numbers(n), 0, n, 1))
	a.Into(at, first, a.View(a.Fold(compute.FoldMax, a.View(dead, 0, a.Learners, 1, n)), 0, a.Learners))
}

// resample normalises the weights, and resamples the particles of agents with few effective ones.
func (a *agents) resample() {
	n, rows := a.Particles.Particles, a.all.Len()
	in := []*compute.Tensor{a.survival, a.all, a.squares}
	half := func(f *compute.Func) *compute.Func { return f.With("half", float32(n)/2) }
	start, parents := a.Like(a.all), a.Like(a.z)
	a.Random(start, compute.Uniform(0, 1))
	a.Do(compute.Resample{Out: parents, Weights: a.Map(half(survives), in...), Start: start}) // equal weights keep all in their places
	a.Into(a.logs, half(forgets), in[1:]...)
	a.Into(a.weights, half(weighs).With("n", float32(n)), in...)
	for _, s := range []struct {
		t    *compute.Tensor
		done bool
	}{{a.z, a.LambdaV > 0}, {a.y, a.LambdaU > 0}, {a.m, !a.Unpermuted}, {a.w, !a.Unpermuted}} {
		if !s.done { // guesses that do not drift are all alike
			continue
		}
		out := a.Like(s.t)
		a.Do(compute.Gather{Out: a.View(out, 0, rows, n, 1), X: a.View(s.t, 0, rows, n, 1), Rows: a.View(parents, 0, rows, 1, n)})
		a.Do(compute.Copy{Dst: s.t, Src: out})
	}
}

// filter updates means and variances by Kalman's filter, and returns its gains.
func (a *agents) filter() (k *compute.Tensor) {
	f, in := a.seen(gain, gainSeen, a.z, a.y, a.w)
	k = a.Map(f, in...)
	a.Into(a.m, moves, k, a.o)
	a.Into(a.w, narrows, k, a.z)
	return k
}
