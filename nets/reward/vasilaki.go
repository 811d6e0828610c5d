// Package reward has networks of stochastic units that learn by Hebb's rule and a reward, the same for all synapses.
package reward

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"hebb/compute"
	"hebb/nets"
)

// Vasilaki is reward-modulated Hebbian learning of stochastic binary units (Vasilaki, Fusi, Wang, Senn 2009, Biological
// Cybernetics 100, "Learning flexible sensori-motor mappings in a complex network"). It was written after a description
// of the paper, whose text was not at hand: the normalised sum, pools and constants are an instance of hebb's own. A
// trial is one moment. With x the inputs of a layer, W its weights, units × inputs, from 0 to 1, and R the reward:
//
//	h_i = Σ_j (2·w_ij − 1)·x_j / Σ_j |x_j|
//	y_i = 1 with probability p_i = 1/(1 + exp(−h_i/T)), else 0
//	g_ij = η·q(R)·R·s_i·e_ij
//	w_ij ← w_ij + g_ij·(1 − w_ij) if g_ij > 0, else w_ij + g_ij·w_ij    soft bounds
//	w_ij ← w_ij + g_ij                                                 Hard
//
// clipped to [0, 1]. Hidden layers and outputs learn alike. There are Pool units for each number of the answer, which is
// the share of them that are active. q is AfterReward where R > 0, else AfterError. η is the rate of the run. T is
// Temperature. s_i stops learning: it is 0 where R > 0 and |h_i| > Kappa, for a unit that has decided, else 1. The
// eligibility e_ij is one of
//
//	running     x_j·y_i − E_ij, and then E_ij ← E_ij + (x_j·y_i − E_ij)/Window;  E is ¼ at first
//	expected    x_j·(y_i − p_i), whose mean product with R is T·x_j times the gradient of the mean of R by h_i
//	centred     x_j·(y_i − ½)
//	none        x_j·y_i, without the covariance
//
// First weights are uniform within 0.4 and 0.6. Of several examples, g is the mean over them, and E moves by the mean of
// x⊗y. Cost of a trial: 2·units·inputs flops for h, and for learning two passes over the weights, four where running.
type Vasilaki struct {
	Hidden      []int   `json:"hidden" toml:"hidden"`           // units of the layers below the outputs
	Pool        int     `json:"pool" toml:"pool"`               // units for each number of the answer
	Temperature float32 `json:"temperature" toml:"temperature"` // T
	AfterReward float32 `json:"after_reward" toml:"after_reward"`
	AfterError  float32 `json:"after_error" toml:"after_error"`
	Kappa       float32 `json:"kappa" toml:"kappa"` // 0: learning never stops
	Hard        bool    `json:"hard" toml:"hard"`

	Eligibility string  `json:"eligibility" toml:"eligibility"`
	Window      float32 `json:"window" toml:"window" if:"eligibility=running"` // in trials

	layers []layer
}

// A layer has its tensors, and the activities of the current moment.
type layer struct {
	units   int
	w       *compute.Tensor // units × inputs
	mean    *compute.Tensor // E, of the same shape; nil unless running
	x, h, y *compute.Tensor // examples × inputs, examples × units
}

const running = "running"

// eligibilities are f times the part of an eligibility that depends on the unit: e_ij = x_j·part, less E_ij if running.
var eligibilities = map[string]*compute.Func{
	running:    compute.Formula("f*y", "f", "y", "h"),
	"expected": compute.Formula("f*(y - sigmoid(h/temperature))", "f", "y", "h"),
	"centred":  compute.Formula("f*(y - 0.5)", "f", "y", "h"),
	"none":     compute.Formula("f*y", "f", "y", "h"),
}

// Systems are the systems of this package that text can name.
var Systems = []nets.NamedSystem{
	{Name: "vasilaki", About: "stochastic units that learn by a reward and Hebb's rule (Vasilaki, Fusi, Wang, Senn 2009)", Rate: 1, System: func() nets.System {
		return &Vasilaki{Pool: 10, Temperature: 0.05, AfterReward: 0.3, AfterError: 0.6, Kappa: 0.2, Eligibility: running, Window: 20}
	}},
}

// The least T: below it σ(h/T) is 0 or 1 but for sums nearer to 0 than float32 rounds them.
const leastTemperature = 1e-4

// Check reports an invalid setting.
func (r *Vasilaki) Check() error {
	for _, n := range r.Hidden {
		if n < 1 {
			return fmt.Errorf("vasilaki: hidden layers of %v units, want at least 1 each", r.Hidden)
		}
	}
	within := func(x, least, most float32) bool { return x >= least && x <= most }
	switch {
	case r.Pool < 1:
		return fmt.Errorf("vasilaki: pool %d, want at least 1", r.Pool)
	case !within(r.Temperature, leastTemperature, math.MaxFloat32):
		return fmt.Errorf("vasilaki: temperature %g, want at least %g", r.Temperature, float32(leastTemperature))
	case !within(r.AfterReward, 0, math.MaxFloat32):
		return fmt.Errorf("vasilaki: after_reward %g, want at least 0", r.AfterReward)
	case !within(r.AfterError, 0, math.MaxFloat32):
		return fmt.Errorf("vasilaki: after_error %g, want at least 0", r.AfterError)
	case !within(r.Kappa, 0, 1):
		return fmt.Errorf("vasilaki: kappa %g, want 0, which stops nothing, or at most 1, the largest |h|", r.Kappa)
	case eligibilities[r.Eligibility] == nil:
		return fmt.Errorf("vasilaki: eligibility %q, want running, expected, centred or none", r.Eligibility)
	case r.Eligibility == running && !within(r.Window, 1, math.MaxFloat32) || !within(r.Window, 0, math.MaxFloat32):
		return fmt.Errorf("vasilaki: window %g, want at least 1 trial", r.Window)
	}
	return nil
}

// Build asks for the weights of each layer, called "1", "2" and so on, and for E, called "1.mean" and so on.
func (r *Vasilaki) Build(s *nets.Store, spec nets.Spec) error {
	switch {
	case !spec.Rewards:
		return errors.New("vasilaki: learns from rewards, and the task gives none; want one that does, such as reversal")
	case spec.Trial != 1:
		return fmt.Errorf("vasilaki: learns from the reward of a moment, and trials of the task have %d; want trials of 1 moment", spec.Trial)
	case spec.Out < 1:
		return errors.New("vasilaki: the task takes no numbers as an answer, want at least 1")
	}
	in := spec.In.Len()
	for i, units := range slices.Concat(r.Hidden, []int{spec.Out * r.Pool}) {
		l, name := layer{units: units}, fmt.Sprint(i+1)
		l.w = s.Weights(name, nets.Drawn(compute.Uniform(0.4, 0.6)), units, in)
		if r.Eligibility == running {
			l.mean = s.Kept(name+".mean", nets.Constant(0.25), units, in)
			s.Aside(l.mean)
		}
		r.layers, in = append(r.layers, l), units
	}
	return nil
}

var (
	size   = compute.Formula("abs(x)", "x")
	summed = compute.Formula("where(size, (2*wx - sum)/max(size, 1e-30), 0)", "wx", "sum", "size")
	fires  = compute.Formula("where(sigmoid(h/temperature) - chance, 1, 0)", "h", "chance")
	factor = compute.Formula("where(r, plus*where(abs(h) - kappa, 0, r), minus*r)", "h", "r")
	less   = compute.Formula("old - f*mean", "f", "mean")
	soft   = compute.Formula("min(1, max(0, old + where(g, g*(1 - old), g*old)))", "g")
	hard   = compute.Formula("min(1, max(0, old + g))", "g")
)

// Step draws the activities of all layers, and answers with the shares of active units.
func (r *Vasilaki) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	if m.Mask != nil {
		p.Fail(errors.New("vasilaki: the task masks examples, want all of them rewarded"))
	}
	x := p.All(m.X)
	for i := range r.layers {
		l := &r.layers[i]
		l.x, l.h = x, p.Map(summed, p.Product(l.w, x, compute.Identity), p.PerExample(nil, x), p.PerExample(size, x))
		chance := p.Like(l.h)
		p.Random(chance, compute.Uniform(0, 1))
		l.y = p.Map(fires.With("temperature", r.Temperature), l.h, chance)
		x = l.y
	}
	n := m.Examples()
	pools := p.View(x, 0, x.Len()/r.Pool, r.Pool)
	return p.View(p.PerRow(nil, 1/float32(r.Pool), pools), 0, p.Learners, n, x.Cols()/r.Pool)
}

// Reward changes the weights by the reward for the answer to this moment.
func (r *Vasilaki) Reward(p *nets.Pass, reward *compute.Tensor) {
	if !p.Learning {
		return
	}
	kappa, bounds := r.Kappa, soft
	if kappa == 0 {
		kappa = 2 // |h| is at most 1
	}
	if r.Hard {
		bounds = hard
	}
	by := factor.With("plus", float32(p.Rate)*r.AfterReward).With("minus", float32(p.Rate)*r.AfterError).With("kappa", kappa)
	part := eligibilities[r.Eligibility]
	if r.Eligibility == "expected" {
		part = part.With("temperature", r.Temperature)
	}
	for _, l := range r.layers {
		f := p.Map(by, l.h, reward)
		g := p.Like(l.w)
		p.Outer(g, p.Map(part, f, l.y, l.h), l.x, 0, 1)
		if l.mean != nil {
			p.Into(g, less, perUnit(p, f), l.mean)
			p.Outer(l.mean, l.y, l.x, 1-1/r.Window, 1/r.Window)
		}
		p.Into(l.w, bounds, g)
	}
}

// perUnit returns the mean of f, learners × examples × units, over the examples: learners × units × 1.
func perUnit(p *nets.Pass, f *compute.Tensor) *compute.Tensor {
	mean := p.Tensor(p.Learners, 1, f.Cols())
	p.PerColumn(mean, nil, 1/float32(f.Rows()), f)
	return p.View(mean, 0, p.Learners, f.Cols(), 1)
}
