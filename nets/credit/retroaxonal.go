package credit

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets"
)

// Retroaxonal learns by selection. By its hypothesis, a neuron keeps a change of its inputs if its outputs then grew
// stronger (Harris 2008, "Stability of the fittest: organizing learning through retroaxonal signals", Trends in
// Neurosciences 31). The hypothesis has no equations: these are ours. Neither an error nor a gradient reaches a hidden
// unit.
//
// With x an example, s_j and w_j the stable and the present input weights of hidden unit j, both of length 1, and z logits:
//
//	h_j = g_j·max(w_j·x − m_j, 0),  z = V·h + c
//	V ← (1 − η·Decay)·V − η·δ⊗h,  c ← c − η·δ        δ = softmax(z) − y*, averaged over a batch, y* the class as 0 and 1
//
// m_j is the mean of w_j·x and 1/g_j the standard deviation of max(w_j·x − m_j, 0) over the first Reference examples
// shown, so that strengths of different units compare. Both are measured anew whenever w_j changes (and on each batch
// until the reference is full). After Warmup batches come Periods periods of Length batches each. At the start of a
// period, Labile units drawn at random change, with ξ normal:
//
//	w_j = (s_j + Noise·ξ/√inputs)/|…|
//
// At its end r_j = Σ_k V_kj² − (the same at its start) comes back from the outputs. Some labile units keep their
// change, s_j ← w_j, and the others lose it, w_j ← s_j. Keep says which:
//
//	grown     r_j > 0: the hypothesis
//	shrunk    r_j ≤ 0: its opposite
//	shuffled  as many as grew, drawn at random among the labile (the control: the outputs learn the same)
//	all       all
//	none      no unit is ever labile: fixed random features
//
// For orthonormal features, squared error with a ridge λ and V at its optimum before and after, the loss falls by (1 +
// λ)/2·r_j exactly, and "keep what grew" is "keep what helped". In other cases it is a guess, and the experiment tries
// it.
//
// The metric "kept" is the share of labile units that kept their change.
type Retroaxonal struct {
	Units     int     `json:"units" toml:"units"`
	Labile    int     `json:"labile" toml:"labile"`
	Keep      string  `json:"keep" toml:"keep"`
	Noise     float32 `json:"noise" toml:"noise"`
	Warmup    int     `json:"warmup" toml:"warmup"`
	Length    int     `json:"length" toml:"length"`
	Periods   int     `json:"periods" toml:"periods"`
	Reference int     `json:"reference" toml:"reference"`
	Decay     float32 `json:"decay" toml:"decay"`

	w, v, c    *compute.Tensor // units × inputs, classes × units, classes
	stable     *compute.Tensor // units × inputs
	mean, gain *compute.Tensor // units
	labile     *compute.Tensor // units: 1 for labile ones
	strength   *compute.Tensor // units, Σ V² at the start of the period
	reference  *compute.Tensor // Reference × inputs, the first examples shown
	made       *int64          // batches it has learned from
	seen       *int64          // examples in reference
}

// Keeps lists the values of Keep.
var Keeps = []string{"grown", "shrunk", "shuffled", "all", "none"}

// Systems lists the systems of this package by name.
var Systems = []nets.NamedSystem{
	{Name: "retroaxonal", About: "hidden units keep changes for which their outputs grew (after Harris 2008)", System: func() nets.System {
		return &Retroaxonal{Units: 100, Labile: 20, Keep: "grown", Noise: 1, Warmup: 200, Length: 40, Periods: 100, Reference: 1000, Decay: 1e-3}
	}, Rate: 0.2},
}

// Check reports an invalid setting.
func (r *Retroaxonal) Check() error {
	switch {
	case r.Units < 1 || r.Labile < 1 || r.Labile > r.Units:
		return fmt.Errorf("%d labile units of %d, want at least 1 and at most all", r.Labile, r.Units)
	case !slices.Contains(Keeps, r.Keep):
		return fmt.Errorf("keep=%s, want one of %s", r.Keep, strings.Join(Keeps, ", "))
	case r.Warmup < 0 || r.Length < 1 || r.Periods < 0 || r.Reference < 2:
		return fmt.Errorf("warmup %d, length %d, periods %d and reference %d, want at least 0, 1, 0 and 2", r.Warmup, r.Length, r.Periods, r.Reference)
	case !(r.Noise > 0 && float.Finite(r.Noise)):
		return fmt.Errorf("noise %g, want a number above 0", r.Noise)
	}
	return float.AtLeast0("decay", r.Decay)
}

// Build allocates the weights and the reference.
func (r *Retroaxonal) Build(s *nets.Store, spec nets.Spec) error {
	inputs := spec.In.Len()
	if !spec.Classes {
		return fmt.Errorf("retroaxonal: the task wants numbers, want a task of classes")
	}
	r.w = s.Weights("w", nets.Zeros, r.Units, inputs)
	r.v, r.c = s.Weights("v", nets.Zeros, spec.Out, r.Units), s.Weights("c", nets.Zeros, spec.Out)
	r.stable = s.Kept("stable", nets.Directions(inputs), r.Units, inputs)
	r.mean, r.gain = s.Kept("mean", nets.Zeros, r.Units), s.Kept("gain", nets.Zeros, r.Units)
	r.labile, r.strength = s.Kept("labile", nets.Zeros, r.Units), s.Kept("strength", nets.Zeros, r.Units)
	s.Aside(r.stable, r.labile, r.strength)
	r.reference = s.Kept("reference", nets.Zeros, r.Reference, inputs)
	s.Aside(r.reference)
	r.made, r.seen = s.Counter("batches"), s.Counter("reference.examples")
	return nil
}

// Start sets the present weights to the stable ones.
func (r *Retroaxonal) Start(p *nets.Pass) { p.Do(compute.Copy{Dst: r.w, Src: r.stable}) }

var (
	rectified = compute.Formula("max(u - mean, 0)", "u", "mean")
	scaled    = compute.Formula("gain*max(u - mean, 0)", "u", "mean", "gain")
	squares   = compute.Formula("x*x", "x")
	deviates  = compute.Formula("(h - mean)*(h - mean)", "h", "mean")
	inverted  = compute.Formula("where(variance, 1/sqrt(variance), 0)", "variance")
	plus      = compute.Formula("z + c", "z", "c")
	jittered  = compute.Formula("s + scale*n", "s", "n")
	mixed     = compute.Formula("where(labile, w/sqrt(square), s)", "w", "square", "labile", "s")
	chosen    = compute.Formula("where(keep, w, old)", "keep", "w")
	below     = compute.Formula("where(b - a, 1, 0)", "a", "b")
	among     = compute.Formula("where(count - 0.5 - rank, 1, 0)", "rank", "count") // of whole numbers
	labileKey = compute.Formula("where(labile, u, 2)", "labile", "u")
	grew      = compute.Formula("where(labile, where(now - before, 1, 0), 0)", "labile", "now", "before")
	without   = compute.Formula("a - b", "a", "b")
	both      = compute.Formula("a*b", "a", "b")
)

// Step answers with the logits. If it learns, it trains the outputs and goes through its periods.
func (r *Retroaxonal) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	if p.Learning {
		r.begin(p, m)
	}
	h := p.Map(scaled, p.Product(r.w, m.X, compute.Identity), r.mean, r.gain)
	z := p.Map(plus, p.Product(r.v, h, compute.Identity), r.c)
	if m.Want == nil {
		return z
	}
	n, rows := m.Examples(), z.Len()/z.Cols()
	delta, loss := p.Like(z), p.Tensor(rows)
	flat := func(t *compute.Tensor) *compute.Tensor { return p.View(t, 0, rows, z.Cols()) }
	p.Do(compute.SoftmaxLoss{Loss: loss, Hit: p.Tensor(rows), Delta: flat(delta), Logits: flat(z), Labels: p.Labels(m), Scale: 1})
	p.Count("loss", p.Masked(p.View(loss, 0, p.Learners, n, 1), m), n)
	if !p.Learning {
		return z
	}
	rate := float32(p.Rate)
	delta = p.Masked(delta, m)
	p.Outer(r.v, delta, h, 1-rate*r.Decay, -rate)
	p.Do(compute.Reduce{Out: r.c, In: []*compute.Tensor{delta}, Along: compute.AlongRows, Alpha: -rate / float32(n), Beta: 1})
	r.end(p)
	*r.made++
	return z
}

// within returns the period and the number of batches made in it; the period is −1 before the first and after the last.
func (r *Retroaxonal) within(made int64) (period, batch int) {
	since := int(made) - r.Warmup
	if r.Keep == "none" || since < 0 || since >= r.Periods*r.Length {
		return -1, 0
	}
	return since / r.Length, since % r.Length
}

// begin fills the reference and, at the start of a period, makes units labile.
func (r *Retroaxonal) begin(p *nets.Pass, m nets.Moment) {
	if int(*r.seen) < r.Reference {
		r.fill(p, p.All(m.X))
	}
	if period, batch := r.within(*r.made); period < 0 || batch > 0 {
		return
	}
	u := p.Tensor(p.Learners, 1, r.Units)
	p.Random(u, compute.Uniform(0, 1))
	labile := p.View(r.labile, 0, p.Learners, 1, r.Units)
	count := p.Tensor(1)
	p.Write(count, []float32{float32(r.Labile)})
	p.Into(labile, among, r.ranks(p, u), count)
	noise := p.Like(r.w)
	p.Random(noise, compute.Normal(0, 1))
	moved := p.Map(jittered.With("scale", r.Noise/float32(math.Sqrt(float64(r.w.Cols())))), r.stable, noise)
	p.Into(r.w, mixed, moved, p.PerExample(squares, moved), p.View(r.labile, 0, p.Learners, r.Units, 1), r.stable)
	r.measure(p)
	r.strengths(p, r.strength)
}

// end ends a period: labile units keep their change or lose it.
func (r *Retroaxonal) end(p *nets.Pass) {
	if period, batch := r.within(*r.made); period < 0 || batch+1 < r.Length {
		return
	}
	keep := r.keeps(p)
	p.Count("kept", keep, r.Labile)
	p.Into(r.stable, chosen, p.View(keep, 0, p.Learners, r.Units, 1), r.w)
	p.Do(compute.Copy{Dst: r.w, Src: r.stable})
	r.measure(p)
	p.Clear(r.labile)
}

// keeps returns 1 for the units that keep their change, learners × 1 × units.
func (r *Retroaxonal) keeps(p *nets.Pass) *compute.Tensor {
	row := func(t *compute.Tensor) *compute.Tensor { return p.View(t, 0, p.Learners, 1, r.Units) }
	labile, now := row(r.labile), p.Tensor(p.Learners, 1, r.Units)
	r.strengths(p, now)
	grown := p.Map(grew, labile, now, row(r.strength))
	switch r.Keep {
	case "all":
		return labile
	case "shrunk":
		return p.Map(without, labile, grown)
	case "shuffled":
		u := p.Like(labile)
		p.Random(u, compute.Uniform(0, 1))
		rank := r.ranks(p, p.Map(labileKey, labile, u))
		return p.Map(both, labile, p.Map(among, rank, p.Fold(compute.FoldSum, grown)))
	}
	return grown
}

// ranks returns, for each number in u, how many of its learner's numbers are smaller; u is learners × 1 × units.
func (r *Retroaxonal) ranks(p *nets.Pass, u *compute.Tensor) *compute.Tensor {
	less := p.Tensor(p.Learners, r.Units, r.Units)
	p.Into(less, below, p.View(u, 0, p.Learners, r.Units, 1), u)
	rank := p.Like(u)
	p.Do(compute.Reduce{Out: p.View(rank, 0, p.Learners, 1, r.Units), In: []*compute.Tensor{less}, Along: compute.AlongRows, Alpha: 1})
	return rank
}

// strengths sets out to Σ_k V_kj² for each unit.
func (r *Retroaxonal) strengths(p *nets.Pass, out *compute.Tensor) {
	p.Do(compute.Reduce{Out: p.View(out, 0, p.Learners, 1, r.Units), In: []*compute.Tensor{r.v}, F: squares, Along: compute.AlongRows, Alpha: 1})
}

// fill adds a batch's examples to the reference. Until it is full, means and gains come from the batch.
func (r *Retroaxonal) fill(p *nets.Pass, x *compute.Tensor) {
	n, inputs := min(x.Rows(), r.Reference-int(*r.seen)), x.Cols()
	for l := range p.Learners {
		to := p.View(r.reference, (l*r.Reference+int(*r.seen))*inputs, n, inputs)
		p.Do(compute.Copy{Dst: to, Src: p.View(x, l*x.Rows()*inputs, n, inputs)})
	}
	*r.seen += int64(n)
	r.measureOn(p, x)
}

// measure sets means and gains from the reference, if it is full.
func (r *Retroaxonal) measure(p *nets.Pass) {
	if int(*r.seen) == r.Reference {
		r.measureOn(p, r.reference)
	}
}

// measureOn sets means and gains from examples x.
func (r *Retroaxonal) measureOn(p *nets.Pass, x *compute.Tensor) {
	average := func(out *compute.Tensor, f *compute.Func, in ...*compute.Tensor) {
		out = p.View(out, 0, p.Learners, 1, r.Units)
		p.Do(compute.Reduce{Out: out, In: in, F: f, Along: compute.AlongRows, Alpha: 1 / float32(x.Rows())})
	}
	u := p.Product(r.w, x, compute.Identity)
	average(r.mean, nil, u)
	h := p.Map(rectified, u, r.mean)
	middle, variance := p.Tensor(p.Learners, 1, r.Units), p.Tensor(p.Learners, 1, r.Units)
	average(middle, nil, h)
	average(variance, deviates, h, middle)
	p.Into(p.View(r.gain, 0, p.Learners, 1, r.Units), inverted, variance)
}
