package spiking

import (
	"errors"
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Dendrites is learning with segregated dendrites (Guerguiev, Lillicrap, Richards 2017, eLife 6, "Towards deep learning with
// segregated dendrites"; the constants are their program's, github.com/jordan-g/Segregated-Dendrite-Deep-Learning). Feedback
// from the outputs arrives at apical dendrites, apart from what drives the cell, and the cell learns from how much they
// differ between a forward phase and a phase in which the outputs are taught. [Compartments] has the cells. Of layers
// m = 1 … M, the outputs being layer M, with means over the last steps of a phase, f forward and t taught, and k, λ, σ as there:
//
//	α_f = σ(mean A), α_t likewise                         plateau potentials of hidden cells, one for each phase
//	E_M = (mean rate_t − λ·σ(C_f))·k·λ·σ′(C_f)            C_f the mean of C in the forward phase
//	E_m = (α_t − α_f)·k·λ·σ′(C_f)                         Delta "apical"
//	E_m = W_{m+1}ᵀ·E_{m+1}∘k·λ·σ′(C_f)                    Delta "backprop", by the weights before the moment; "fixed": 0
//	W_m ← W_m + η·P·E_m⊗PSP_f,  b_m ← b_m + η·P·E_m       P = ErrorScale/λ, and ErrorScale/λ² of the outputs
//	Y_m ← Y_m + FeedbackRate·(λ·σ(C_f) − α_f)·σ′(A_f)⊗PSP of the outputs
//
// η is the rate of the run. A moment is an image with both of its phases. The paper learns an image at a time: of several
// examples in a moment the changes are averaged. The answer is C_f of the outputs or, where numbers from 0 to 1 are
// wanted, σ(C_f).
//
// Without Spiking the cells have rates, which are at rest in each phase: PSP is λ·x of the inputs and λ·σ(C) of cells.
// Spiking cells have phases of Phase ms and ⌊W⌋ more, W being drawn for each from Wald's law (the inverse Gaussian) of the
// mean WaldMean and the shape WaldScale; inputs from 0 to 1 spike at λ·x. Means are over the last Phase − Settle ms. Spikes
// of the last Kernel ms and potentials go on from phase to phase and from image to image. A test is a forward phase of
// TestPhase ms from silence, with means after Settle ms. The two phases of an image last Longest ms at most: with the default
// constants one image in 3000 would last longer.
//
// First weights are uniform within W_avg ± 3.465·W_sd, and biases within Bias ± 3.465·BiasSD, where with N inputs of the layer,
// ν = λ/4 and V = Potential, which is the mean of B that they aim at,
//
//	W_avg = (V − Bias)/(ν·N·V),  V₂ = PotentialSD² + V²
//	W_sd² = (V₂ + ν²·(N − N²)·W_avg²·V² − 2·N·ν·Bias·V·W_avg − Bias²)/(N·ν²·V₂) − W_avg²
//
// 3.465 is 2·√3, so standard deviations are twice what the names say, as in the authors' program. Y_m is drawn as W_{m+1} is.
//
// Cost of a moment: of each matrix a product and an update; spiking, a product of W with the spikes of Longest steps.
type Dendrites struct {
	Hidden  []int `json:"hidden" toml:"hidden"` // units of the hidden layers
	Spiking bool  `json:"spiking" toml:"spiking"`
	Compartments

	Delta        string  `json:"delta" toml:"delta"`                                   // of hidden layers: apical, backprop or fixed
	FeedbackRate float32 `json:"feedback_rate" toml:"feedback_rate" if:"delta=apical"` // η_b; 0: Y stays
	ErrorScale   float32 `json:"error_scale" toml:"error_scale"`                       // 20
	Phase        int     `json:"phase" toml:"phase" if:"spiking"`                      // ms
	Settle       int     `json:"settle" toml:"settle" if:"spiking"`                    // ms of a phase before its means
	WaldMean     float32 `json:"wald_mean" toml:"wald_mean" if:"spiking"`              // ms; 0: none
	WaldScale    float32 `json:"wald_scale" toml:"wald_scale" if:"wald_mean"`          // ms
	Longest      int     `json:"longest" toml:"longest" if:"spiking"`                  // ms of both phases
	TestPhase    int     `json:"test_phase" toml:"test_phase" if:"spiking"`            // ms
	Potential    float32 `json:"potential" toml:"potential"`                           // mV
	PotentialSD  float32 `json:"potential_sd" toml:"potential_sd"`                     // mV
	Bias         float32 `json:"bias" toml:"bias"`                                     // mV
	BiasSD       float32 `json:"bias_sd" toml:"bias_sd"`                               // mV

	layers  []dendriteLayer
	classes int
	chance  poisson
	train   *course // nil unless Spiking
	test    *course
	input   *compute.Tensor // spikes of the inputs in the last Kernel steps
}

// NewDendrites returns the system with the constants of the paper, of rates.
func NewDendrites(hidden ...int) *Dendrites {
	return &Dendrites{Hidden: hidden, Compartments: PaperCompartments, Delta: byPlateaus, ErrorScale: 20, Phase: 50, Settle: 30,
		WaldMean: 2, WaldScale: 1, Longest: 140, TestPhase: 250, Potential: 3, PotentialSD: 3, Bias: 0.8, BiasSD: 0.001}
}

// A dendriteLayer is a layer of cells.
type dendriteLayer struct {
	name    string
	n       int
	w, b    *compute.Tensor // units × inputs, units
	y       *compute.Tensor // units × outputs, of a hidden layer
	c, last *compute.Tensor // of spiking cells: C, and of hidden ones the spikes of the last Kernel steps
	spikes  *compute.Tensor // in the latest image, TestPhase × units
	soma    *compute.Tensor
}

// mostPhase is the longest phase, in ms: the matrices over time have as many rows and columns.
const mostPhase = 4096

// mostErrorScale keeps the rates of weights, ErrorScale/MaxRate², finite.
const mostErrorScale = 1e6

const byPlateaus, byBackprop, byNothing = "apical", "backprop", "fixed"

// Check reports an invalid setting.
func (r *Dendrites) Check() error {
	if err := r.Compartments.Check(); err != nil {
		return fmt.Errorf("dendrites: %w", err)
	}
	for _, n := range r.Hidden {
		if n < 1 {
			return fmt.Errorf("dendrites: hidden layers of %v units, want at least 1 each", r.Hidden)
		}
	}
	finite := func(x, least float32) bool { return x >= least && x <= math.MaxFloat32 }
	switch {
	case r.Delta != byPlateaus && r.Delta != byBackprop && r.Delta != byNothing:
		return fmt.Errorf("dendrites: delta %q, want %s, %s or %s", r.Delta, byPlateaus, byBackprop, byNothing)
	case !finite(r.FeedbackRate, 0):
		return fmt.Errorf("dendrites: feedback_rate %g, want at least 0", r.FeedbackRate)
	case !(r.ErrorScale > 0 && r.ErrorScale <= mostErrorScale):
		return fmt.Errorf("dendrites: error_scale %g, want above 0, at most %g", r.ErrorScale, mostErrorScale)
	case !(r.Potential > 0 && r.Potential <= math.MaxFloat32):
		return fmt.Errorf("dendrites: potential %g mV, want above 0", r.Potential)
	case !finite(r.PotentialSD, 0):
		return fmt.Errorf("dendrites: potential_sd %g mV, want at least 0", r.PotentialSD)
	case !finite(r.Bias, 0):
		return fmt.Errorf("dendrites: bias %g mV, want at least 0", r.Bias)
	case !finite(r.BiasSD, 0):
		return fmt.Errorf("dendrites: bias_sd %g mV, want at least 0", r.BiasSD)
	}
	return r.checkPhases()
}

func (r *Dendrites) checkPhases() error {
	switch {
	case r.Settle < r.Kernel || r.Settle > mostPhase:
		return fmt.Errorf("dendrites: settle %d ms, want at least the kernel of %d, so that the means of a phase have no spikes from before it", r.Settle, r.Kernel)
	case r.Phase <= r.Settle || r.Phase > mostPhase:
		return fmt.Errorf("dendrites: phase %d ms, want more than the %d before the means, at most %d", r.Phase, r.Settle, mostPhase)
	case r.TestPhase <= r.Settle || r.TestPhase > mostPhase:
		return fmt.Errorf("dendrites: test_phase %d ms, want more than the %d before the means, at most %d", r.TestPhase, r.Settle, mostPhase)
	case r.Longest < 2*r.Phase || r.Longest > mostPhase:
		return fmt.Errorf("dendrites: longest %d ms, want at least two phases of %d, at most %d", r.Longest, r.Phase, mostPhase)
	case !(r.WaldMean >= 0 && r.WaldMean <= mostPhase):
		return fmt.Errorf("dendrites: wald_mean %g ms, want 0 to %d", r.WaldMean, mostPhase)
	case !(r.WaldScale > 0 && r.WaldScale <= math.MaxFloat32) || r.WaldMean > 1e6*r.WaldScale:
		return fmt.Errorf("dendrites: wald_scale %g ms, want above 0 and at least a millionth of wald_mean", r.WaldScale)
	}
	return nil
}

// uniform is the law of first weights of a layer with n inputs.
func (r *Dendrites) uniform(n int) nets.Init {
	v, b, nu, in := float64(r.Potential), float64(r.Bias), float64(r.MaxRate)/4, float64(n)
	second := float64(r.PotentialSD)*float64(r.PotentialSD) + v*v
	mean := (v - b) / (nu * in * v)
	moment := (second + nu*nu*(in-in*in)*mean*mean*v*v - 2*in*nu*b*v*mean - b*b) / (in * nu * nu * second)
	return uniformAround(mean, math.Sqrt(max(0, moment-mean*mean))) // 0 without PotentialSD, but for rounding
}

// uniformAround is uniform with twice a standard deviation, as the authors have it.
func uniformAround(mean, sd float64) nets.Init {
	low, high := float32(mean-3.465*sd), float32(mean+3.465*sd)
	if low == high {
		return nets.Constant(low)
	}
	return nets.Drawn(compute.Uniform(low, high))
}

// Build asks for the weights w1, b1, w2, …, and the feedback y1, y2, … of hidden layers.
func (r *Dendrites) Build(s *nets.Store, spec nets.Spec) error {
	if spec.Out < 1 {
		return errors.New("dendrites: the task wants no numbers, want at least 1 to teach the outputs")
	}
	if spec.Classes {
		r.classes = spec.Out
	}
	below := spec.In.Len()
	for i, n := range append(append([]int(nil), r.Hidden...), spec.Out) {
		law := r.uniform(below)
		if hidden := i - 1; hidden >= 0 {
			r.layers[hidden].y = s.Kept(fmt.Sprint("y", i), law, below, spec.Out)
		}
		l := dendriteLayer{name: fmt.Sprint("hidden ", i+1), n: n, w: s.Weights(fmt.Sprint("w", i+1), law, n, below),
			b: s.Weights(fmt.Sprint("b", i+1), uniformAround(float64(r.Bias), float64(r.BiasSD)), n)}
		if i == len(r.Hidden) {
			l.name = "outputs"
		}
		r.layers, below = append(r.layers, l), n
	}
	if r.Spiking {
		r.buildSpikes(s, spec)
	}
	return nil
}

// buildSpikes asks for the state of spiking cells, and the matrices over time.
func (r *Dendrites) buildSpikes(s *nets.Store, spec nets.Spec) {
	r.input = s.State("inputs.last", nets.Zeros, r.Kernel*spec.In.Len())
	for i := range r.layers {
		l := &r.layers[i]
		state := func(what string, n int) *compute.Tensor {
			return s.State(fmt.Sprintf("layer%d.%s", i+1, what), nets.Zeros, n)
		}
		l.c = state("c", l.n)
		if i < len(r.Hidden) {
			l.last = state("last", r.Kernel*l.n)
		}
		l.spikes, l.soma = state("spikes", r.TestPhase*l.n), state("soma", r.TestPhase*l.n)
	}
	r.chance = newPoisson(r.MaxRate)
	r.train, r.test = newCourse(s, r.Compartments, r.Longest), newCourse(s, r.Compartments, r.TestPhase)
}

// Cells names what shows spiking cells in an image: in a test, and in training hidden cells in both phases and outputs in the
// first.
func (r *Dendrites) Cells() (all []nets.Cells) {
	for i, l := range r.layers {
		if l.spikes != nil {
			all = append(all, nets.Cells{Name: l.name, N: l.n, Steps: r.TestPhase, Step: 1,
				Spikes: fmt.Sprintf("layer%d.spikes", i+1), Membrane: fmt.Sprintf("layer%d.soma", i+1)})
		}
	}
	return all
}

// A trial is what an image leaves for learning: means of its phases, learners × examples × numbers.
type trial struct {
	psp        []*compute.Tensor // by layer: at its basal dendrites in the forward phase
	c          []*compute.Tensor // C_f
	rate       *compute.Tensor   // of taught outputs; nil where they were not taught
	up, taught *compute.Tensor   // PSP of the outputs at apical dendrites in either phase
}

var (
	outputError   = compute.Formula("(rate - most*sigmoid(c))*k*most*sigmoid(c)*(1 - sigmoid(c))", "rate", "c")
	apicalError   = compute.Formula("(taught - free)*k*most*sigmoid(c)*(1 - sigmoid(c))", "taught", "free", "c")
	backError     = compute.Formula("back*k*most*sigmoid(c)*(1 - sigmoid(c))", "back", "c")
	feedbackError = compute.Formula("(most*sigmoid(c) - alpha)*alpha*(1 - alpha)", "c", "alpha")
)

// Step shows an image, and teaches it if the pass learns.
func (r *Dendrites) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	learns := p.Learning && m.Want != nil
	t := r.trial(p, m, learns, learns)
	if learns {
		r.learn(p, m, t)
	}
	answer := t.c[len(t.c)-1]
	if r.classes == 0 {
		answer = p.Map(firingRate.With("most", 1), answer)
	}
	return answer
}

// trial shows an image, and teaches the outputs if it is to; keep has spiking cells go on from there.
func (r *Dendrites) trial(p *nets.Pass, m nets.Moment, taught, keep bool) trial {
	if r.Spiking {
		return r.spiking(p, m, taught, keep)
	}
	return r.atRest(p, m, taught)
}

// want returns y*, 1 for the class and else 0 with classes.
func (r *Dendrites) want(p *nets.Pass, m nets.Moment) *compute.Tensor {
	if r.classes > 0 {
		return p.OneHot(m, r.classes)
	}
	return p.All(m.Want)
}

// atRest has the phases of rates.
func (r *Dendrites) atRest(p *nets.Pass, m nets.Moment, taught bool) (t trial) {
	psp := p.Map(inputRate.With("most", r.MaxRate), m.X)
	var b *compute.Tensor
	for _, l := range r.layers {
		b = p.Tensor(p.Learners, m.Examples(), l.n)
		p.Do(compute.Gemm{C: b, A: psp, B: l.w, TransB: true, Epilogue: compute.Epilogue{Alpha: 1, Bias: l.b}})
		c := p.Map(r.Compartments.resting(), b)
		t.psp, t.c = append(t.psp, psp), append(t.c, c)
		psp = p.Map(r.rate(), c)
	}
	if taught {
		t.rate = p.Map(r.rate(), p.Map(r.taughtResting(), b, r.want(p, m)))
		t.up, t.taught = psp, t.rate
	}
	return t
}

// learn changes the weights, all by what they were.
func (r *Dendrites) learn(p *nets.Pass, m nets.Moment, t trial) {
	var errs, plateaus []*compute.Tensor
	switch r.Delta {
	case byPlateaus:
		errs, plateaus = r.apical(p, t)
	case byBackprop:
		errs = r.exact(p, t)
	default:
		errs = make([]*compute.Tensor, len(r.layers))
		errs[len(r.Hidden)] = r.output(p, t)
	}
	for i, l := range r.layers {
		if errs[i] == nil {
			continue
		}
		rate := float32(p.Rate) * r.ErrorScale / r.MaxRate
		if i == len(r.Hidden) {
			rate /= r.MaxRate
		}
		e := p.Masked(errs[i], m)
		p.Outer(l.w, e, t.psp[i], 1, rate)
		p.Do(compute.Reduce{Out: l.b, In: []*compute.Tensor{e}, Along: compute.AlongRows, Alpha: rate / float32(m.Examples()), Beta: 1})
		if l.y != nil && r.FeedbackRate > 0 && r.Delta == byPlateaus {
			p.Outer(l.y, p.Masked(p.Map(feedbackError.With("most", r.MaxRate), t.c[i], plateaus[i]), m), t.up, 1, r.FeedbackRate)
		}
	}
}

func (r *Dendrites) slope(f *compute.Func) *compute.Func {
	return f.With("k", float32(r.share())).With("most", r.MaxRate)
}

// output returns E_M.
func (r *Dendrites) output(p *nets.Pass, t trial) *compute.Tensor {
	return p.Map(r.slope(outputError), t.rate, t.c[len(r.Hidden)])
}

// apical returns E of all layers by plateau potentials, and α_f of hidden layers.
func (r *Dendrites) apical(p *nets.Pass, t trial) (errs, free []*compute.Tensor) {
	for i, l := range r.layers[:len(r.Hidden)] {
		f := p.Product(l.y, t.up, compute.Sigmoid)
		errs, free = append(errs, p.Map(r.slope(apicalError), p.Product(l.y, t.taught, compute.Sigmoid), f, t.c[i])), append(free, f)
	}
	return append(errs, r.output(p, t)), free
}

// exact returns E of all layers by backprop.
func (r *Dendrites) exact(p *nets.Pass, t trial) []*compute.Tensor {
	errs := make([]*compute.Tensor, len(r.layers))
	last := len(r.Hidden)
	errs[last] = r.output(p, t)
	for i := last - 1; i >= 0; i-- {
		errs[i] = p.Map(r.slope(backError), p.Back(r.layers[i+1].w, errs[i+1]), t.c[i])
	}
	return errs
}

// Compare compares E of each hidden layer by its plateau potentials, whatever Delta is, with backprop's: the angle of the
// deltas is the mean over the examples, since each is learned by itself. The angle of the weights is between Y of the last
// hidden layer and the transpose of W above it.
func (r *Dendrites) Compare(p *nets.Pass, m nets.Moment) func() []nets.Angle {
	last := len(r.Hidden)
	if m.Want == nil || last == 0 {
		return func() []nets.Angle { return nil }
	}
	t := r.trial(p, m, true, false)
	own, _ := r.apical(p, t)
	exact := r.exact(p, t)
	deltas, updates := make([]dots, last), make([]dots, last)
	for i, l := range r.layers[:last] {
		a, b := p.Masked(own[i], m), p.Masked(exact[i], m)
		deltas[i] = dotsOf(p, a, b, func(x, y *compute.Tensor) *compute.Tensor { return p.PerExample(pairProduct, x, y) })
		u, v := p.Like(l.w), p.Like(l.w)
		p.Outer(u, a, t.psp[i], 0, 1)
		p.Outer(v, b, t.psp[i], 0, 1)
		updates[i] = dotsOf(p, u, v, func(x, y *compute.Tensor) *compute.Tensor { return p.PerLearner(pairProduct, 1, x, y) })
	}
	w, y := make([]float32, r.layers[last].w.Len()), make([]float32, r.layers[last-1].y.Len())
	p.Read(r.layers[last].w, w)
	p.Read(r.layers[last-1].y, y)
	return func() []nets.Angle {
		all := make([][]nets.Angle, p.Learners)
		for l := range all {
			for i := range last {
				a := nets.Angle{Layer: fmt.Sprint("w", i+1), Weights: nets.Degrees(math.NaN())}
				a.Delta, a.NormDelta, a.NormBackprop = deltas[i].mean(l, m.Examples())
				a.Gradient, _, _ = updates[i].mean(l, 1)
				if n := len(w) / p.Learners; i == last-1 {
					a.Weights, a.NormW, a.NormB = transposed(w[l*n:][:n], y[l*n:][:n], r.Hidden[i])
				}
				all[l] = append(all[l], a)
			}
		}
		return nets.MeanAngles(all)
	}
}

// A dots has the inner products a·b, a·a and b·b of pairs of vectors.
type dots [3][]float32

func dotsOf(p *nets.Pass, a, b *compute.Tensor, dot func(a, b *compute.Tensor) *compute.Tensor) (d dots) {
	for i, pair := range [][2]*compute.Tensor{{a, b}, {a, a}, {b, b}} {
		x := dot(pair[0], pair[1])
		d[i] = make([]float32, x.Len())
		p.Read(x, d[i])
	}
	return d
}

// mean returns the mean angle of the n pairs of a learner, of which none is 0, and the norms of all a and all b.
func (d dots) mean(learner, n int) (angle nets.Degrees, a, b float64) {
	sum, count := 0.0, 0.0
	for i := learner * n; i < (learner+1)*n; i++ {
		ab, aa, bb := float64(d[0][i]), float64(d[1][i]), float64(d[2][i])
		a, b = a+aa, b+bb
		if aa > 0 && bb > 0 {
			sum, count = sum+float64(angleOf(ab, aa, bb)), count+1
		}
	}
	return nets.Degrees(sum / count), math.Sqrt(a), math.Sqrt(b)
}

// transposed returns the angle between w, outputs × units, and y, units × outputs, and their norms.
func transposed(w, y []float32, units int) (nets.Degrees, float64, float64) {
	var wy, ww, yy float64
	for i, a := range w {
		b := y[i%units*(len(w)/units)+i/units]
		wy, ww, yy = wy+float64(a)*float64(b), ww+float64(a)*float64(a), yy+float64(b)*float64(b)
	}
	return angleOf(wy, ww, yy), math.Sqrt(ww), math.Sqrt(yy)
}

// angleOf returns the angle between vectors a and b, given their inner products.
func angleOf(ab, aa, bb float64) nets.Degrees {
	return nets.Degrees(math.Acos(math.Max(-1, math.Min(1, ab/math.Sqrt(aa*bb)))) * 180 / math.Pi)
}

var pairProduct = compute.Formula("x*y", "x", "y")
