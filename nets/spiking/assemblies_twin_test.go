package spiking_test

import (
	"math"
	"math/rand/v2"
	"slices"
)

// A twin is the network of Assemblies in float64, in the way of a simulator of lists: a synapse is visited when one of its cells
// spikes. It spikes by a generator of its own, or as it is told.
type twin struct {
	dt    float64
	step  int
	rnd   *rand.Rand
	cells []*twinCells
	all   []*twinSynapses
}

// twinCells are inputs or cells of a space.
type twinCells struct {
	n                         int
	input, excitatory, adapts bool
	inhibited                 bool
	u, q, refractory, rate    []float64
	most                      float64 // the largest |u| and what arrives
	arriving                  [][]float64
	past                      [][]int // who spiked, by steps
	spiked                    []int
	counts                    []int
	given                     func(step int) []int // who spikes; nil: by chance
}

// A twinRule is η, A, τ₊, τ₋ or 0, and top.
type twinRule struct{ eta, least, plus, minus, top float64 }

type place struct{ i, k int }

// twinSynapses are of one group of cells on another. Those with a rule have traces.
type twinSynapses struct {
	pre, post   *twinCells
	to, delay   [][]int
	w           [][]float64
	from        [][][]place // by postsynaptic cell and delay
	rule        *twinRule
	learns      bool
	plus, minus []float64
	before      [][]float64 // K₋ by steps
	events      [][]int     // changes of each weight
	largest     float64     // the largest K
}

const twinSlots = 32

func (t *twin) group(n int, excitatory, input bool) *twinCells {
	c := &twinCells{n: n, excitatory: excitatory, input: input, u: make([]float64, n), q: make([]float64, n), refractory: make([]float64, n), rate: make([]float64, n),
		arriving: zeros(twinSlots, n), past: make([][]int, twinSlots), counts: make([]int, n)}
	t.cells = append(t.cells, c)
	return c
}

func zeros(rows, cols int) [][]float64 {
	m := make([][]float64, rows)
	for i := range m {
		m[i] = make([]float64, cols)
	}
	return m
}

// synapses asks each returns whether there is one from i to j, with its delay in steps and its weight.
func (t *twin) synapses(pre, post *twinCells, rule *twinRule, each func(i, j int) (is bool, delay int, w float64)) *twinSynapses {
	y := &twinSynapses{pre: pre, post: post, rule: rule, plus: make([]float64, pre.n), minus: make([]float64, post.n), before: zeros(twinSlots, post.n), from: make([][][]place, post.n)}
	for j := range y.from {
		y.from[j] = make([][]place, twinSlots)
	}
	y.to, y.delay, y.w, y.events = make([][]int, pre.n), make([][]int, pre.n), make([][]float64, pre.n), make([][]int, pre.n)
	for i := range pre.n {
		for j := range post.n {
			if is, d, w := each(i, j); is {
				y.from[j][d] = append(y.from[j][d], place{i, len(y.to[i])})
				y.to[i], y.delay[i], y.w[i], y.events[i] = append(y.to[i], j), append(y.delay[i], d), append(y.w[i], w), append(y.events[i], 0)
			}
		}
	}
	t.all = append(t.all, y)
	return y
}

// random draws synapses with a probability, a delay from least to most ms and a weight from low to high.
func (t *twin) random(pre, post *twinCells, rule *twinRule, probability, least, most, low, high float64) *twinSynapses {
	return t.synapses(pre, post, rule, func(int, int) (bool, int, float64) {
		if probability < 1 && t.rnd.Float64() >= probability {
			return false, 0, 0
		}
		return true, max(1, int(math.Round((least+(most-least)*t.rnd.Float64())/t.dt))), low + (high-low)*t.rnd.Float64()
	})
}

// advance makes a step.
func (t *twin) advance() {
	now := t.step % twinSlots
	for _, c := range t.cells {
		c.spiked = nil
		c.advance(t, now)
		c.past[now] = c.spiked
	}
	for _, y := range t.all {
		if y.rule != nil {
			y.change(t, now)
		}
		for _, i := range y.pre.spiked {
			for k, j := range y.to[i] {
				y.post.arriving[(now+y.delay[i][k])%twinSlots][j] += y.w[i][k]
			}
		}
	}
	t.step++
}

func (c *twinCells) advance(t *twin, now int) {
	keep, forget, drive := math.Exp(-t.dt/10), math.Exp(-t.dt/5000), 0.
	if c.excitatory {
		drive = 0.1
	}
	if c.inhibited {
		drive -= 2
	}
	var given []int
	if c.given != nil {
		given = c.given(t.step)
	}
	for i := range c.u {
		if !c.input {
			c.most = max(c.most, math.Abs(c.u[i])+0.03*math.Abs(c.arriving[now][i]))
			c.u[i] = keep*c.u[i] + (1-keep)*drive + 0.03*c.arriving[now][i]
			c.arriving[now][i] = 0
			c.q[i] *= forget
		}
		if c.given != nil && !slices.Contains(given, i) || c.given == nil && !c.fires(t, i) {
			continue
		}
		c.spiked = append(c.spiked, i)
		c.counts[i]++
		c.u[i] = 0
		if c.adapts {
			c.q[i] += 0.02
		}
	}
}

// fires draws whether cell i spikes, and for how long not again.
func (c *twinCells) fires(t *twin, i int) bool {
	if c.input {
		return t.rnd.Float64() < c.rate[i]*t.dt/1000
	}
	if c.refractory[i] >= 0.5 {
		c.refractory[i]--
		return false
	}
	rate := 10 * c.u[i]
	if c.excitatory {
		rate = 1000 * math.Expm1(c.u[i]+min(c.q[i], 0.5))
	}
	if rate <= 0 || t.rnd.Float64() >= -math.Expm1(-rate*t.dt/1000) {
		return false
	}
	gamma := 0. // of the shape 4 and the mean 3.5 ms
	for range 4 {
		gamma -= 3.5 / 4 * math.Log(1-t.rnd.Float64())
	}
	c.refractory[i] = gamma / t.dt
	return true
}

// change is a step of learning: first what postsynaptic spikes do that arrive now, then presynaptic ones.
func (y *twinSynapses) change(t *twin, now int) {
	r := y.rule
	decay(y.plus, t.dt/r.plus)
	if r.minus > 0 {
		decay(y.minus, t.dt/r.minus)
	}
	copy(y.before[now], y.minus)
	for d := 1; d < twinSlots && y.learns; d++ {
		for _, j := range y.post.past[(now-d+twinSlots)%twinSlots] {
			for _, at := range y.from[j][d] {
				y.w[at.i][at.k] = min(r.top, y.w[at.i][at.k]+r.eta*(y.plus[at.i]-r.least))
				y.events[at.i][at.k]++
			}
		}
	}
	for _, i := range y.pre.spiked {
		for k, j := range y.to[i] {
			if !y.learns {
				break
			}
			add := -r.least
			if r.minus > 0 {
				add += y.before[(now-y.delay[i][k]+twinSlots)%twinSlots][j]
			}
			y.w[i][k] = max(0, y.w[i][k]+r.eta*add)
			y.events[i][k]++
		}
		y.plus[i]++
		y.largest = max(y.largest, y.plus[i])
	}
	for _, j := range y.post.spiked {
		y.minus[j]++
		y.largest = max(y.largest, y.minus[j])
	}
}

func decay(x []float64, by float64) {
	by = math.Exp(-by)
	for i := range x {
		x[i] *= by
	}
}

// A twinSpace is the cells of a space and the synapses within.
type twinSpace struct {
	e, i *twinCells
	ee   *twinSynapses
}

func (s *twinSpace) inhibit(is bool) { s.e.inhibited, s.i.inhibited = is, is }

// A twinNetwork is the content space with its inputs, and a variable space.
type twinNetwork struct {
	twin
	x          *twinCells
	c, v       *twinSpace
	xc, cv, vc *twinSynapses
}

var twinXC, twinCC, twinVV, twinCV, twinVC = &twinRule{0.01, 0.4, 25, 0, 0.8}, &twinRule{0.0025, 0.5, 25, 25, 0.6}, &twinRule{0.0054135, 0.51823, 33.106, 45.423, 1.04061},
	&twinRule{0.0031222, 0.28320, 19.616, 0, 1.24902}, &twinRule{0.0060511, 0.44844, 28.353, 0, 0.869}

// newTwin makes spaces of a share of 1000 and 2000 excitatory cells.
func newTwin(seed uint64, dt, share float64) *twinNetwork {
	t := &twinNetwork{twin: twin{dt: dt, rnd: rand.New(rand.NewPCG(seed, 1))}}
	t.x = t.group(200, false, true)
	space := func(n float64, rule *twinRule, low, high float64) *twinSpace {
		s := &twinSpace{e: t.group(int(n*share), true, false), i: t.group(int(n*share)/4, false, false)}
		s.ee = t.random(s.e, s.e, rule, 0.1/share, 1, 1, low, high)
		t.random(s.e, s.i, nil, 0.575, 0.5, 0.5, 17.391/share, 17.391/share)
		t.random(s.i, s.e, nil, 0.6, 0.5, 0.5, -0.3333/share, -0.3333/share)
		t.random(s.i, s.i, nil, 0.55, 1, 1, -16.667/share, -16.667/share)
		return s
	}
	t.c, t.v = space(1000, twinCC, 0, 0.01), space(2000, twinVV, 0.42055, 0.91010)
	t.v.e.adapts = true
	t.xc = t.random(t.x, t.c.e, twinXC, 1, 1, 10, 0, 0.8)
	t.cv = t.random(t.c.e, t.v.e, twinCV, 0.1/share, 1, 10, 0.48377, 0.85674)
	t.vc = t.random(t.v.e, t.c.e, twinVC, 0.1/share, 1, 10, 0.19214, 0.38446)
	return t
}

// show shows a pattern, or below 0 none, with the spaces free or not, for so long; it counts spikes in the last part.
func (t *twinNetwork) show(k int, freeC, freeV bool, ms, counted float64) {
	for i := range t.x.rate {
		switch {
		case k < 0:
			t.x.rate[i] = 12.5875
		case i/25 == k:
			t.x.rate[i] = 100
		default:
			t.x.rate[i] = 0.1
		}
	}
	t.c.inhibit(!freeC)
	t.v.inhibit(!freeV)
	t.v.ee.learns, t.cv.learns, t.vc.learns = freeV, freeC && freeV, freeC && freeV
	n, last := int(math.Round(ms/t.dt)), int(math.Round(counted/t.dt))
	for k := range n {
		if k == n-last {
			for _, c := range t.cells {
				clear(c.counts)
			}
		}
		t.advance()
	}
}

// assembly is the cells that spiked at more than 50 Hz in so many ms.
func (c *twinCells) assembly(ms float64) (all []int) {
	for i, n := range c.counts {
		if float64(n) > 50*ms/1000 {
			all = append(all, i)
		}
	}
	return all
}

// protocol stores and recalls patterns. It returns the sizes of the assemblies of test and creation, and the cells that
// each recall shares with the test's, and those that it has besides.
func (t *twinNetwork) protocol(patterns, shown int) (content, variable, shared, excess []int) {
	t.xc.learns, t.c.ee.learns = true, true
	for range shown {
		t.show(t.rnd.IntN(patterns), true, false, 200, 0)
		t.show(-1, true, false, 200, 0)
	}
	t.xc.learns, t.c.ee.learns = false, false
	var tests [][]int
	for k := range patterns {
		t.show(k, true, false, 200, 100)
		tests = append(tests, t.c.e.assembly(100))
		content = append(content, len(tests[k]))
		t.show(-1, true, false, 200, 0)
	}
	for k := range patterns {
		t.show(-1, true, false, 200, 0)
		t.show(k, true, true, 1000, 500)
		variable = append(variable, len(t.v.e.assembly(500)))
		clear(t.v.e.q)
	}
	for k := range patterns {
		clear(t.v.e.q)
		t.show(-1, true, false, 200, 0)
		t.show(k, true, true, 200, 0)
		t.show(-1, false, false, 1000, 0)
		t.show(-1, false, true, 50, 0)
		t.show(-1, true, true, 150, 100)
		both, others := 0, 0
		for _, i := range t.c.e.assembly(100) {
			if slices.Contains(tests[k], i) {
				both++
			} else {
				others++
			}
		}
		shared, excess = append(shared, both), append(excess, others)
	}
	return content, variable, shared, excess
}
