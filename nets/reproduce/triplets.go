package reproduce

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/spiking"
	"hebb/nets/tasks"
)

// triplets has changes of weights by pairs and triplets of spikes beside what was measured in tissue, and cells that
// find independent sources by the triplet rule.
var triplets = Experiment{
	Name:    "triplets",
	Systems: map[string]string{"triplet rule": "triplet rule"},
	About:   "changes of weights by pairs and triplets of spikes, and nonlinear Hebbian learning by the triplet rule: cells that find independent sources, and by the pair rule do not",
	Source: "changes measured in slices of visual cortex (Sjöström, Turrigiano, Nelson 2001) and in hippocampal cultures (Wang, Gerkin, Nauen, Bi 2005), within twice their standard errors, " +
		"to which Pfister, Gerstner 2006 fitted the rules; that such rules find features is the claim of Brito, Gerstner 2016, and the protocol with sources is hebb's own: its figures are of a program of the equations in C, 3 seeds",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it", Takes: 2 * time.Minute, Parts: []Part{
			pairings{0.1}.windows(), pairings{0.1}.frequencies(), pairings{0.1}.triplets(), spikingSources{10, 400, 100, 10, 100, true}.part(),
		}},
		{Name: "small", About: "pairs from 10 Hz on, and five sources in 60 moments, for a device in software", Takes: 10 * time.Second, Parts: []Part{
			pairings{10}.frequencies(), spikingSources{2, 60, 100, 5, 50, false}.part(),
		}},
	},
}

// pairings are protocols that repeat spikes, from a least frequency in Hz on.
type pairings struct{ least float64 }

// repetitions is how often spikes are repeated, as they were in tissue.
const repetitions = 60

// pairingStep is how long a step is, in ms: all protocols have their spikes at multiples of it, and exponential traces
// are exact.
const pairingStep = 5

// A protocol is spikes of two cells within each repetition, in ms.
type protocol struct {
	pre, post []float64
	hz        float64
}

// trains returns the times of all spikes, and of the end.
func (z pairings) trains(c protocol) (pre, post []float64, end float64) {
	const before = 200
	for k := range repetitions {
		at := math.Round(float64(k)*1000/c.hz) + before
		for _, t := range c.pre {
			pre = append(pre, at+t)
		}
		for _, t := range c.post {
			post = append(post, at+t)
		}
	}
	return pre, post, before + math.Round((repetitions-1)*1000/c.hz) + before
}

// changes returns the change of a weight of 1 by each of some protocols. Each is a learner of one synapse.
func (z pairings) changes(ctx context.Context, dev *compute.Device, window spiking.Window, all []protocol) ([]float64, error) {
	n, steps := len(all), 0
	for _, c := range all {
		_, _, end := z.trains(c)
		steps = max(steps, int(end/pairingStep)+1)
	}
	spikes := make([]float32, steps*2*n) // of each step those of all presynaptic cells, and of all postsynaptic ones
	for i, c := range all {
		pre, post, _ := z.trains(c)
		for k, train := range [][]float64{pre, post} {
			for _, t := range train {
				spikes[int(t/pairingStep)*2*n+k*n+i]++
			}
		}
	}
	var trains, w *compute.Tensor
	var pre, post *spiking.Side
	rule := spiking.STDP{Window: window}
	store, err := nets.Open(dev, n, 1, func(s *nets.Store) (err error) {
		trains, w = s.Fixed(spikes, steps, 2*n), s.Weights("w", nets.Constant(1), 1, 1)
		if pre, err = rule.Pre(s, "pre", pairingStep, 1, 1); err != nil {
			return err
		}
		post, err = rule.Post(s, "post", pairingStep, 1, 1)
		return err
	})
	if err != nil {
		return nil, err
	}
	for first := 0; first < steps && ctx.Err() == nil; first += 1000 {
		err := dev.Step(func(s *compute.Step) error {
			p := store.Pass(s)
			for t := first; t < min(steps, first+1000); t++ {
				pre.Spike(p, p.View(trains, t*2*n, n, 1, 1), t)
				post.Spike(p, p.View(trains, t*2*n+n, n, 1, 1), t)
				rule.Dense(p, w, pre, post, 1)
				pre.Add(p)
				post.Add(p)
			}
			return p.Failed()
		})
		if err != nil {
			return nil, err
		}
	}
	after, change := make([]float32, n), make([]float64, n)
	err = dev.Step(func(s *compute.Step) error { s.Read(w, after); return nil })
	for i, x := range after {
		change[i] = float64(x) - 1
	}
	return change, errors.Join(err, context.Cause(ctx))
}

// A pairedRule is a window by name.
type pairedRule struct {
	name   string
	window spiking.Window
}

const (
	tripletRule = "triplet rule"
	nearestRule = "triplet rule of nearest spikes"
	pairRule    = "pair rule"
)

func changeAt(lag float64) Quantity {
	return Quantity(fmt.Sprintf("change of the weight at a lag of %g ms", lag))
}
func changeBy(hz float64) Quantity { return Quantity(fmt.Sprintf("change of the weight at %g Hz", hz)) }
func changeOf(c [2]float64) Quantity {
	return Quantity(fmt.Sprintf("change of the weight, (%g, %g) ms", c[0], c[1]))
}

// run is one rule on some protocols, which figures belong to.
func (z pairings) run(name string, rule spiking.Window, all []protocol, figures []Figure) Run {
	return Run{Name: name, Figures: figures, Make: Program(func(ctx context.Context, dev *compute.Device, _ Seeds) (Figures, error) {
		x, err := z.changes(ctx, dev, rule, all)
		f := Figures{}
		for i := range x {
			f.add(figures[i].What, x[i])
		}
		return f, err
	})}
}

// windows is pairs with many lags, once a second.
func (z pairings) windows() Part {
	p := Part{Name: "windows", About: fmt.Sprintf("changes of a weight of 1 by %d pairs of spikes, one a second, beside sums over all pairs and triplets in float64", repetitions),
		Curve: &Curve{X: "t_post − t_pre, ms", Y: "change of the weight"}}
	lags := []float64{-80, -40, -20, -10, -5, 5, 10, 20, 40, 80}
	for _, lag := range lags {
		p.Curve.Points = append(p.Curve.Points, Point{lag, changeAt(lag)})
	}
	for _, rule := range []pairedRule{{pairRule, spiking.Song}, {"triplet rule, visual cortex", spiking.Visual}, {"triplet rule, hippocampus", spiking.Hippocampal}} {
		var all []protocol
		var figures []Figure
		for _, lag := range lags {
			c := protocol{[]float64{0}, []float64{lag}, 1}
			pre, post, _ := z.trains(c)
			all = append(all, c)
			figures = append(figures, Figure{What: changeAt(lag), Published: rule.window.Sum(pre, post), Within: 2e-5, From: "theory"})
		}
		p.Runs = append(p.Runs, z.run(rule.name, rule.window, all, figures))
	}
	return p
}

// What was measured in slices of visual cortex, and standard errors: by frequency, with the postsynaptic spike 10 ms
// after the presynaptic one and before it.
var (
	pairingRates  = []float64{0.1, 10, 20, 40, 50}
	slices10      = []float64{-0.04, 0.14, 0.29, 0.53, 0.56}
	slicesSE      = []float64{0.05, 0.1, 0.14, 0.11, 0.26}
	slicesMinus   = []float64{-0.29, -0.41, -0.34, 0.56, 0.75}
	slicesMinusSE = []float64{0.08, 0.11, 0.1, 0.32, 0.19}
)

func lagged(rule string, lag float64) string { return fmt.Sprintf("%s, %+g ms", rule, lag) }

// frequencies is pairs at a lag of 10 or −10 ms, repeated faster and faster.
func (z pairings) frequencies() Part {
	p := Part{Name: "frequencies", About: fmt.Sprintf("changes of a weight of 1 by pairs of spikes 10 ms apart, repeated %d times; the rules with the parameters of visual cortex, and the pair rule of Song, Miller and Abbott", repetitions),
		Curve: &Curve{X: "repetitions, Hz", Y: "change of the weight", Panels: true}}
	rules := []pairedRule{{tripletRule, spiking.Visual}, {nearestRule, spiking.VisualNearest}, {pairRule, spiking.Song}}
	for _, hz := range pairingRates {
		if hz >= z.least {
			p.Curve.Points = append(p.Curve.Points, Point{hz, changeBy(hz)})
		}
	}
	for _, rule := range rules {
		for _, side := range []struct {
			lag          float64
			measured, se []float64
		}{{10, slices10, slicesSE}, {-10, slicesMinus, slicesMinusSE}} {
			var all []protocol
			var figures []Figure
			for i, hz := range pairingRates {
				if hz < z.least {
					continue
				}
				all = append(all, protocol{[]float64{0}, []float64{side.lag}, hz})
				f := Figure{What: changeBy(hz), Published: side.measured[i], Within: round(2 * side.se[i])}
				if rule.name == pairRule { // which is known to fail
					f.Within = 0
				}
				figures = append(figures, f)
			}
			p.Runs = append(p.Runs, z.run(lagged(rule.name, side.lag), rule.window, all, figures))
		}
	}
	at := func(rows Rows, rule string, lag, hz float64) float64 {
		return rows.Mean(lagged(rule, lag), changeBy(hz))
	}
	both := func(holds func(rows Rows, rule string) bool) func(Rows) bool {
		return func(rows Rows) bool { return holds(rows, tripletRule) && holds(rows, nearestRule) }
	}
	p.Check = []Claim{
		{"by the triplet rules a spike 10 ms too late weakens at 10 and 20 Hz, by 0.2 or more, and strengthens at 50 Hz, by 0.3 or more", both(func(rows Rows, rule string) bool {
			return at(rows, rule, -10, 10) < -0.2 && at(rows, rule, -10, 20) < -0.2 && at(rows, rule, -10, 50) > 0.3
		})},
		{"and one in time strengthens the more the higher the frequency", both(func(rows Rows, rule string) bool {
			return at(rows, rule, 10, 10) < at(rows, rule, 10, 20) && at(rows, rule, 10, 20) < at(rows, rule, 10, 40) && at(rows, rule, 10, 40) < at(rows, rule, 10, 50)
		})},
		{"by the pair rule it strengthens the less, and at 50 Hz nothing strengthens", func(rows Rows) bool {
			return at(rows, pairRule, 10, 10) > at(rows, pairRule, 10, 40) && at(rows, pairRule, 10, 50) < 0.01 && at(rows, pairRule, -10, 50) < 0.01
		}},
	}
	return p
}

// Triplets of spikes that were tried in hippocampal cultures: t_post − t_pre of the first two spikes, and of the last
// two.
var (
	prePostPre  = [][2]float64{{5, -5}, {10, -10}, {15, -5}, {5, -15}}
	postPrePost = [][2]float64{{-5, 5}, {-10, 10}, {-5, 15}, {-15, 5}}
	cultures    = []float64{-0.01, 0.03, 0.01, 0.24, 0.33, 0.34, 0.22, 0.29}
)

// triplets is three spikes, once a second.
func (z pairings) triplets() Part {
	p := Part{Name: "triplets", About: fmt.Sprintf("changes of a weight of 1 by %d triplets of spikes, one a second: pre, post, pre and post, pre, post; the first number is t_post − t_pre of the first two, the second of the last two", repetitions)}
	var all []protocol
	var figures []Figure
	for i, c := range slices.Concat(prePostPre, postPrePost) {
		one := protocol{[]float64{-c[0], -c[1]}, []float64{0}, 1}
		if c[0] < 0 {
			one = protocol{[]float64{0}, []float64{c[0], c[1]}, 1}
		}
		all, figures = append(all, one), append(figures, Figure{What: changeOf(c), Published: cultures[i]})
	}
	rules := []pairedRule{{tripletRule, spiking.Hippocampal}, {nearestRule, spiking.HippocampalNearest}, {pairRule, spiking.Song}}
	for _, rule := range rules {
		p.Runs = append(p.Runs, z.run(rule.name, rule.window, all, figures))
	}
	gap := func(rows Rows, rule string, i int) float64 {
		return rows.Mean(rule, changeOf(postPrePost[i])) - rows.Mean(rule, changeOf(prePostPre[i]))
	}
	p.Check = []Claim{
		{"post, pre, post strengthens more than pre, post, pre of the same lags, by 0.15 or more at 5 and at 10 ms, by the triplet rules", func(rows Rows) bool {
			return min(gap(rows, tripletRule, 0), gap(rows, tripletRule, 1), gap(rows, nearestRule, 0), gap(rows, nearestRule, 1)) > 0.15
		}},
		{"to the pair rule they are the same, to 0.0001", func(rows Rows) bool {
			return math.Abs(gap(rows, pairRule, 0)) < 1e-4 && math.Abs(gap(rows, pairRule, 1)) < 1e-4
		}},
	}
	return p
}

// spikingSources is how many moments of how many examples of so many sources, each shown for so many ms.
type spikingSources struct {
	seeds, moments, batch, sources int
	shown                          float32
	whole                          bool // all controls, and claims of every cell
}

const (
	pairGains  = "control: pair rule, potentiation outweighs"
	pairLoses  = "control: pair rule, depression outweighs"
	unlearned  = "control: random"
	cellsRate  = Quantity("rate of the cells, Hz")
	findsAbove = 0.95
)

// part learns from mixtures of ten sources by 20 cells on their own.
func (z spikingSources) part() Part {
	p := Part{Name: "sources", About: fmt.Sprintf("%d Laplacian sources, mixed and whitened, each example shown for %g ms by spikes, 20 cells on their own, %d moments of %d examples at a rate that falls from 0.2 to 0.004", z.sources, z.shown, z.moments, z.batch)}
	add := func(name string, a2Plus, a3Plus float32, moments int, median, within, share, off float64) {
		if !z.whole {
			median, within, share, off = math.NaN(), 0, math.NaN(), 0
		}
		system := spiking.DefaultTriplet
		system.A2Plus, system.A3Plus, system.Shown = a2Plus, a3Plus, z.shown
		r := Run{Name: name, Seeds: z.seeds, Make: z.learn(system, moments), Figures: []Figure{
			{What: nearestSource, Published: median, Within: within}, none(farthest), {What: recovered, Published: share, Within: off}}}
		if moments > 0 {
			r.Figures = append(r.Figures, none(cellsRate))
		}
		p.Runs = append(p.Runs, r)
	}
	window := spiking.DefaultTriplet.Window
	add(tripletRule, 0, window.A3Plus, z.moments, 0.993, 0.006, 1, fewUnits)
	add(pairGains, 0.028, 0, z.moments, 0.55, 0.1, 0, fewUnits)
	if !z.whole {
		p.Check = []Claim{{"the median |cos| of cells with the nearest source is above 0.93 in every seed, and below 0.87 in every seed of the control", func(rows Rows) bool {
			return rows.all(tripletRule, nearestSource, func(x float64) bool { return x > 0.93 }) && rows.all(pairGains, nearestSource, func(x float64) bool { return x < 0.87 })
		}}}
		return p
	}
	add(pairLoses, 0.007, 0, z.moments, 0.58, 0.15, 0, fewUnits)
	add(unlearned, 0, window.A3Plus, 0, 0.60, 0.15, 0, fewUnits)
	controls := func(rows Rows, q Quantity, holds func(x float64) bool) bool {
		return rows.all(pairGains, q, holds) && rows.all(pairLoses, q, holds) && rows.all(unlearned, q, holds)
	}
	p.Check = []Claim{
		{"every cell of the triplet rule finds a source in every seed, with |cos| above 0.95", func(rows Rows) bool {
			return rows.all(tripletRule, farthest, func(x float64) bool { return x > findsAbove })
		}},
		{"at most one cell in a hundred of a control finds one, and the median |cos| is below 0.75 in every seed", func(rows Rows) bool {
			few := rows.Mean(pairGains, recovered) <= 0.01 && rows.Mean(pairLoses, recovered) <= 0.01 && rows.Mean(unlearned, recovered) <= 0.01
			return few && controls(rows, nearestSource, func(x float64) bool { return x < 0.75 })
		}},
	}
	return p
}

// learn shows moments, and compares each cell's ON minus OFF with the sources' directions.
func (z spikingSources) learn(system spiking.Triplet, moments int) Program {
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		run := nets.Run{
			System:   func() nets.System { s := system; return &s },
			Task:     func() nets.Task { return &tasks.Sources{Sources: z.sources, Rows: 20000, Batch: z.batch} },
			Learners: seeds.N, Seed: seeds.First, Rate: 0.2, Schedule: fading, Moments: max(1, moments),
		}
		s, err := run.Open(dev)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		f := Figures{}
		if moments > 0 {
			m, err := lastTenth(ctx, s, moments)
			if err != nil {
				return nil, err
			}
			f[cellsRate] = m.Get("rate").Each
		}
		learned, err := read(s, "weight", "task.directions")
		if err != nil {
			return nil, err
		}
		for l := range seeds.N {
			f.addSources(fieldsOfPairs(vectors(learned["weight"], l, seeds.N, 2*z.sources)), vectors(learned["task.directions"], l, seeds.N, z.sources))
		}
		return f, s.Sound()
	}
}

// lastTenth makes moments, and returns the metrics of the last tenth.
func lastTenth(ctx context.Context, s *nets.Session, moments int) (nets.Metrics, error) {
	if err := steps(ctx, s, moments-moments/10); err != nil {
		return nil, err
	}
	if _, err := s.Metrics(); err != nil {
		return nil, err
	}
	if err := steps(ctx, s, moments/10); err != nil {
		return nil, err
	}
	return s.Metrics()
}

// fieldsOfPairs is the weights of ON less those of OFF.
func fieldsOfPairs(weights [][]float64) (fields [][]float64) {
	for _, w := range weights {
		var field []float64
		for j := 0; j < len(w); j += 2 {
			field = append(field, w[j]-w[j+1])
		}
		fields = append(fields, field)
	}
	return fields
}

// addSources adds how near each unit is to a source.
func (f Figures) addSources(units, directions [][]float64) {
	var best Values
	for _, w := range units {
		most := 0.0
		for _, v := range directions {
			most = math.Max(most, cosine(w, v))
		}
		best = append(best, most)
	}
	f.add(nearestSource, best.Median())
	f.add(farthest, slices.Min(best))
	f.add(recovered, float64(best.Count(func(x float64) bool { return x > findsAbove }))/float64(len(best)))
}
