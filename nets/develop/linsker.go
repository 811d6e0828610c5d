package develop

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"hebb/compute"
	"hebb/nets"
)

// Linsker develops receptive fields in a layered network that nobody teaches (Linsker 1986, PNAS 83:7508, 8390, 8779). A cell
// has N synapses at random places of the layer below, normal around its own place with variance Radius²/2 along each axis, so
// that their density falls as exp(−r²/Radius²). With Q the covariance of the activities below at the places of synapses i and
// j, all weights of a cell change at once by Hebb's rule in the mean, and are clipped:
//
//	w_i ← clip(w_i + η·(k1 + Σ_j (Q_ij + k2)·w_j/N), −½, ½)
//
// η is the rate of the run, and w is uniform within ±½ at first. The rule descends E = −½·wᵀ(Q + k2·J)w/N − k1·Σw, J all
// ones, as long as η·|λ| < 2 for the least eigenvalue λ of (Q + k2·J)/N; from there on E rises, and the learner is given up
// with the numbers. Where no weight of a learner moves by Still in a step, it is finished.
//
// Cells have all pairs of K1 and K2, the first k1 with each k2, then the next. They share places, first weights and Q, since
// Σ_j (Q_ij + k2)·w_j = (Q·w)_i + k2·Σw: a step is one product of Q with the weights of all cells.
//
// Without Measured, Q is that of layer C on a layer B that is all positive with a Radius of 1, which is what white noise in
// layer A makes of layer B, and what the task shows is not looked at. d is the distance of two synapses, s is Width, a is Hat:
//
//	Q_ij = exp(−d²/2s²)                          with Hat 0
//	Q_ij = exp(−d²/2s²) − exp(−d²/2as²)/a        a Mexican hat, as of a layer of centre-surround cells
//
// With Measured, layer A is the sheet of white noise that the task shows, periodic, with cells Spacing apart, and B, C, … grow
// one after another, each on what the one below has learned. All cells of a layer but the last are copies of one, with
// BelowK1, BelowK2 and BelowRadius. A layer takes Measure moments to measure Q on what the layer below makes of the noise,
// scaled to a mean Q_ii of 1, and Steps moments of learning; the last one learns until the run ends. Places are in cells of A.
//
// The answer is the mean weight of each cell over ½, its response to activity that is 1 everywhere as a share of the most.
// Metrics: "mean", that of all cells, and "saturated", the share of weights at ±½. Cost of a step: 2·N²·cells flops.
type Linsker struct {
	Synapses int       `toml:"synapses"` // N
	K1       []float32 `toml:"k1"`
	K2       []float32 `toml:"k2"`
	Radius   float32   `toml:"radius"`
	Width    float32   `toml:"width" if:"!measured"`
	Hat      float32   `toml:"hat" if:"!measured"`
	Still    float32   `toml:"still"`
	Measured bool      `toml:"measured"`

	BelowK1     []float32 `toml:"below_k1" if:"measured"` // of layers B, C, … below the last
	BelowK2     []float32 `toml:"below_k2" if:"measured"`
	BelowRadius []float32 `toml:"below_radius" if:"measured"`
	Spacing     float32   `toml:"spacing" if:"measured"`
	Measure     int       `toml:"measure" if:"measured"`
	Steps       int       `toml:"steps" if:"measured"`

	layers       []layer
	q            *compute.Tensor // learners × N × N, of the layer that learns
	least        *compute.Tensor // learners × 1 × 1: −λ, or 0 where λ is above 0
	field        *compute.Tensor // learners × N × cells of A: the receptive fields of the cells at the synapses
	sheet        int             // cells of A along a side
	column, line *compute.Tensor // 1 × cells of A: where they are
}

// A layer is the cells of a layer that learn.
type layer struct {
	x, y   *compute.Tensor // learners × N × 1: places of the synapses
	w      *compute.Tensor // learners × N × cells
	k1, k2 *compute.Tensor // 1 × cells
	least  float32         // the least k2
}

// DefaultLinsker is a cell of layer C with an excitatory centre and an inhibitory surround.
var DefaultLinsker = Linsker{Synapses: 600, K1: []float32{0.45}, K2: []float32{-3}, Radius: 1.7320508, Width: 1, Still: 1e-9,
	BelowK1: []float32{0.3}, BelowK2: []float32{0}, BelowRadius: []float32{1}, Spacing: 0.5, Measure: 1000, Steps: 100}

const most = 0.5 // the largest weight

// Check reports a setting that cannot be.
func (l *Linsker) Check() error {
	below := len(l.BelowK1)
	switch {
	case l.Synapses < 2:
		return fmt.Errorf("linsker: %d synapses, want at least 2", l.Synapses)
	case len(l.K1) == 0 || len(l.K2) == 0:
		return fmt.Errorf("linsker: k1 %v and k2 %v, want a number of each at least", l.K1, l.K2)
	case !(l.Hat == 0 || l.Hat > 1 && l.Hat <= math.MaxFloat32):
		return fmt.Errorf("linsker: hat %g, want 0 or a number above 1", l.Hat)
	case l.Measured && (len(l.BelowK2) != below || len(l.BelowRadius) != below):
		return fmt.Errorf("linsker: below_k1 %v, below_k2 %v and below_radius %v, want as many of each", l.BelowK1, l.BelowK2, l.BelowRadius)
	case l.Measure < 1 || l.Steps < 1:
		return fmt.Errorf("linsker: measure %d and steps %d, want at least 1", l.Measure, l.Steps)
	}
	for _, k := range []struct {
		name string
		of   []float32
	}{{"k1", l.K1}, {"k2", l.K2}, {"below_k1", l.BelowK1}, {"below_k2", l.BelowK2}} {
		if slices.ContainsFunc(k.of, func(x float32) bool { return !(math.Abs(float64(x)) <= 1e6) }) {
			return fmt.Errorf("linsker: %s %v, want numbers within ±1e6", k.name, k.of)
		}
	}
	for _, r := range append([]positive{{"radius", l.Radius}, {"width", l.Width}, {"spacing", l.Spacing}, {"still", l.Still}}, of("below_radius", l.BelowRadius)...) {
		if !(r.x > 0 && r.x <= 1e6) {
			return fmt.Errorf("linsker: %s %g, want a number above 0 and at most 1e6", r.name, r.x)
		}
	}
	return nil
}

// A positive is a setting that has to be above 0.
type positive struct {
	name string
	x    float32
}

func of(name string, all []float32) (settings []positive) {
	for _, x := range all {
		settings = append(settings, positive{name, x})
	}
	return settings
}

// Build allocates places, weights and Q.
func (l *Linsker) Build(s *nets.Store, spec nets.Spec) error {
	if spec.Out > 0 {
		return fmt.Errorf("linsker: the task wants answers, and fields develop without; want a task without, as white-noise")
	}
	n := l.Synapses
	if l.Measured {
		if err := l.buildSheet(s, spec.In); err != nil {
			return err
		}
		for i, k1 := range l.BelowK1 {
			l.layers = append(l.layers, l.layer(s, i, l.BelowRadius[i], []float32{k1}, []float32{l.BelowK2[i]}))
		}
	}
	var k1, k2 []float32
	for _, a := range l.K1 {
		for _, b := range l.K2 {
			k1, k2 = append(k1, a), append(k2, b)
		}
	}
	last := len(l.layers)
	if !l.Measured {
		last = 1
	}
	l.layers = append(l.layers, l.layer(s, last, l.Radius, k1, k2))
	l.q, l.least = s.Kept("q", nets.Zeros, n, n), s.Kept("least", nets.Zeros, 1)
	s.Aside(l.q, l.least)
	return nil
}

// buildSheet allocates what layer A takes.
func (l *Linsker) buildSheet(s *nets.Store, in nets.Shape) error {
	l.sheet = in.Height
	widest := slices.Max(append(slices.Clone(l.BelowRadius), l.Radius))
	if least := int(math.Ceil(6 * float64(widest/l.Spacing))); in.Height != in.Width || in.Channels != 1 || l.sheet < least {
		return fmt.Errorf("linsker: the task shows %v, and layer A is a square sheet of at least %d×%d cells, six times the largest radius, %g, "+
			"with cells %g apart; want a task as white-noise:side=%d", in, least, least, widest, l.Spacing, least)
	}
	cells := l.sheet * l.sheet
	column, line := make([]float32, cells), make([]float32, cells)
	for a := range cells {
		column[a], line[a] = float32(a%l.sheet), float32(a/l.sheet)
	}
	l.column, l.line = s.Fixed(column, cells), s.Fixed(line, cells)
	l.field = s.Kept("field", nets.Zeros, l.Synapses, cells)
	s.Aside(l.field)
	return nil
}

// layer allocates layer i, from 0 for B.
func (l *Linsker) layer(s *nets.Store, i int, radius float32, k1, k2 []float32) layer {
	name, n, cells := string(rune('b'+i)), l.Synapses, len(k1)
	places := nets.Normal(float64(radius) / math.Sqrt2)
	if l.Measured { // whole cells of A, less than half a sheet away
		sd := float64(radius/l.Spacing) / math.Sqrt2
		places = nets.Filled(func(r *rand.Rand, x []float32) {
			for i := range x {
				far := float64(l.sheet/2 - 1)
				x[i] = float32(max(-far, min(far, math.Round(sd*r.NormFloat64()))))
			}
		})
	}
	uniform := nets.Filled(func(r *rand.Rand, w []float32) {
		for ; len(w) > 0; w = w[cells:] {
			x := r.Float32() - most
			for c := range cells {
				w[c] = x
			}
		}
	})
	return layer{
		x: s.Kept(name+".x", places, n, 1), y: s.Kept(name+".y", places, n, 1),
		w:  s.Weights(name+".weight", uniform, n, cells),
		k1: s.Fixed(k1, cells), k2: s.Fixed(k2, cells), least: slices.Min(k2),
	}
}

// now returns the layer that a moment of training is for, and the moments since its steps began, below 0 while Q is measured.
func (l *Linsker) now(number uint64) (y layer, since int) {
	last := len(l.layers) - 1
	if !l.Measured {
		return l.layers[last], int(number)
	}
	each := uint64(l.Measure + l.Steps)
	i := min(number/each, uint64(last))
	return l.layers[i], int(number-i*each) - l.Measure
}

var saturated = compute.Formula("where(0.5 - abs(w), 0, 1)", "w")

// Step makes a step of the layer whose turn it is.
func (l *Linsker) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	last := l.layers[len(l.layers)-1]
	if p.Learning {
		y, since := l.now(p.Number)
		switch {
		case since < 0:
			l.measure(p, m, y, since+l.Measure)
		case since == 0:
			if l.Measured {
				l.scale(p)
			} else {
				l.closedForm(p, y)
			}
			l.findLeast(p, y)
		}
		if since >= 0 {
			l.learn(p, y, since%looks == 0, y == last)
		}
	}
	cells := last.w.Cols()
	mean := p.Tensor(p.Learners, 1, cells)
	p.PerColumn(mean, nil, 1/(most*float32(l.Synapses)), last.w)
	if p.Number%looks == 0 {
		p.Count("mean", mean, cells)
		p.Count("saturated", p.PerLearner(saturated, 1/float32(l.Synapses), last.w), cells)
	}
	answer := p.Tensor(p.Learners, m.Examples(), cells)
	p.Into(answer, copied, mean)
	return answer
}

// looks is how many steps there are between two looks at whether weights move, at stability and at the metrics.
const looks = 10

var (
	copied  = compute.Formula("x", "x")
	drift   = compute.Formula("rate*(k1 + k2*mean)", "mean", "k1", "k2")
	clipped = compute.Formula("max(-0.5, min(old + step, 0.5))", "step")
	moved   = compute.Formula("abs(max(-0.5, min(w + step, 0.5)) - w)", "w", "step")
	still   = compute.Formula("where(still - moved, 1, 0)", "moved")
	stable  = compute.Formula("where(2 - rate*least, old, rate*least)", "least")
)

// learn changes the weights of a layer.
func (l *Linsker) learn(p *nets.Pass, y layer, look, last bool) {
	rate, n := float32(p.Rate), float32(l.Synapses)
	mean := p.Tensor(p.Learners, 1, y.w.Cols())
	p.PerColumn(mean, nil, 1/n, y.w)
	step := p.Like(y.w)
	p.Do(compute.Gemm{C: step, A: l.q, B: y.w, Epilogue: compute.Epilogue{Alpha: rate / n, Bias: p.Map(drift.With("rate", rate), mean, y.k1, y.k2)}})
	if look {
		if f := p.Fault("stability"); f != nil {
			p.Into(f, stable.With("rate", rate), p.View(l.least, 0, p.Learners))
		}
		if f := p.Fault("still"); f != nil && last {
			most, each := p.Tensor(p.Learners), y.w.Len()/p.Learners
			p.Do(compute.Reduce{Out: most, In: []*compute.Tensor{p.View(y.w, 0, p.Learners, each), p.View(step, 0, p.Learners, each)},
				F: moved, Fold: compute.FoldMax, Along: compute.AlongCols, Alpha: 1})
			p.Into(f, still.With("still", l.Still), most)
		}
	}
	p.Into(y.w, clipped, step)
}

// Explain says what a fault means.
func (l *Linsker) Explain(name string, code float32) error {
	if name == "still" {
		return fmt.Errorf("%w: no weight moves by %g or more in a step", nets.ErrFinished, l.Still)
	}
	return fmt.Errorf("the energy −½·wᵀ(Q + k2·J)w/N − k1·Σw would rise: the rate times |λ|, λ the least eigenvalue of (Q + k2·J)/N, is %.4g, "+
		"want less than 2: less than %.3g of the rate, or a k2 nearer to 0", code, 2/code)
}

var (
	distance2 = "(x - u)*(x - u) + (y - v)*(y - v)"
	gaussian  = compute.Formula("exp(narrow*("+distance2+"))", "x", "y", "u", "v")
	hat       = compute.Formula("exp(narrow*("+distance2+")) - share*exp(wide*("+distance2+"))", "x", "y", "u", "v")
)

// closedForm sets Q to the covariance on a layer B that is all positive, or to a Mexican hat.
func (l *Linsker) closedForm(p *nets.Pass, y layer) {
	narrow := -1 / (2 * l.Width * l.Width)
	f := gaussian
	if l.Hat != 0 {
		f = hat.With("share", 1/l.Hat).With("wide", narrow/l.Hat)
	}
	row := func(t *compute.Tensor) *compute.Tensor { return p.View(t, 0, p.Learners, 1, l.Synapses) }
	p.Into(l.q, f.With("narrow", narrow), y.x, y.y, row(y.x), row(y.y))
}

var (
	squared  = compute.Formula("x*x", "x")
	diagonal = compute.Formula("where(abs(i - j), 0, q)", "q", "i", "j")
	overMean = compute.Formula("old/max(mean, 1e-30)", "mean")
	shifted  = compute.Formula("(frobenius + above)*v - (u + kappa*sum)*share", "v", "u", "sum", "frobenius")
	rooted   = compute.Formula("sqrt(x)", "x")
	quotient = compute.Formula("v*(u + kappa*sum)*share", "v", "u", "sum")
	ofNone   = compute.Formula("max(-x, 0)", "x")
)

// scale divides Q by the mean of its diagonal.
func (l *Linsker) scale(p *nets.Pass) {
	n := l.Synapses
	i := p.Numbers(n)
	each := p.Tensor(p.Learners, n, 1)
	p.Do(compute.Reduce{Out: each, In: []*compute.Tensor{l.q, p.View(i, 0, n, 1), i}, F: diagonal, Along: compute.AlongCols, Alpha: 1})
	p.Into(l.q, overMean, p.PerLearner(nil, 1/float32(n), each))
}

// findLeast sets least to −λ, λ the least eigenvalue of M = (Q + k2·J)/N for the least k2, by powers of c − M from a vector of
// ones: c = ‖Q‖/N + max(k2, 0) ≥ M's largest eigenvalue. As a Rayleigh quotient of M it is never above the true one.
func (l *Linsker) findLeast(p *nets.Pass, y layer) {
	n := l.Synapses
	share, above := 1/float32(n), max(y.least, 0)
	frobenius := p.Map(rooted, p.PerLearner(squared, share*share, l.q))
	v := p.Tensor(p.Learners, 1, n)
	p.Into(v, constant.With("c", float32(1/math.Sqrt(float64(n)))))
	times := func() (u, sum *compute.Tensor) { return p.Back(l.q, v), p.PerExample(nil, v) }
	for range 60 {
		u, sum := times()
		next := p.Map(shifted.With("above", above).With("kappa", y.least).With("share", share), v, u, sum, frobenius)
		unit, _ := p.NormaliseRows(p.View(next, 0, p.Learners, n))
		v = p.View(unit, 0, p.Learners, 1, n)
	}
	u, sum := times()
	quotients := p.Map(quotient.With("kappa", y.least).With("share", share), v, u, sum)
	p.Into(l.least, ofNone, p.PerLearner(nil, 1, quotients))
}

var (
	constant = compute.Formula("c")
	centre   = compute.Formula("where(i - 0.5, 0, 1)", "i")
	// d within the sheet, of −side to 2·side
	place = compute.Formula(`side*(line - y + where(line - y + 0.5, where(line - y - side + 0.5, -side, 0), side)) +
		column - x + where(column - x + 0.5, where(column - x - side + 0.5, -side, 0), side)`, "column", "line", "x", "y")
)

// measure adds to Q what a moment of noise makes of the layer below, at moment k of measuring.
func (l *Linsker) measure(p *nets.Pass, m nets.Moment, y layer, k int) {
	keep := float32(1)
	if k == 0 {
		l.look(p, y)
		keep = 0
	}
	activity := p.Masked(p.Product(l.field, m.X, compute.Identity), m)
	p.Outer(l.q, activity, activity, keep, 1/float32(l.Measure))
}

// look sets field for a layer: over layer A, the receptive field of the cell below is Σ_j w_j·(the field at its synapse j), or
// for layer B a cell of A itself, and at each synapse of the layer stands a copy of it.
func (l *Linsker) look(p *nets.Pass, y layer) {
	n, cells := l.Synapses, l.sheet*l.sheet
	var kernel *compute.Tensor
	if i := slices.Index(l.layers, y); i > 0 {
		kernel = p.Back(l.field, p.View(l.layers[i-1].w, 0, p.Learners, 1, n))
	} else {
		kernel = p.Tensor(p.Learners, 1, cells)
		p.Into(kernel, centre, p.Numbers(cells))
	}
	from := p.Tensor(p.Learners, n, cells)
	p.Into(from, place.With("side", float32(l.sheet)), l.column, l.line, y.x, y.y)
	p.Do(compute.Gather{Out: p.View(l.field, 0, p.Learners, n*cells, 1), X: p.View(kernel, 0, p.Learners, cells, 1), Rows: p.View(from, 0, p.Learners, 1, n*cells)})
}
