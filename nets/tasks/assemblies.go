package tasks

import (
	"fmt"
	"slices"

	"hebb/compute"
	"hebb/nets"
)

// Assemblies is the protocol of a content space and of variable spaces, in which assemblies of a space bind to those of the content
// space, for the system stdp (Müller, Papadimitriou, Maass, Legenstein 2020, eNeuro 7(3)). A pattern is Active of the inputs at On
// Hz and all others at Off; without one all have the mean of a pattern. Present and Create are moments, which the system has of 50 ms:
//
//	train    Shown times: a random pattern for Present moments, none for as long; the content space learns
//	test     each pattern for Present moments, then none for as long
//	create   each pattern, in each variable space: none for Present moments; the pattern for Create moments, with the variable space
//	         free; then the space is inhibited, and its excitability lost
//	recall   each pattern, Operation recall: none for Present moments, with the variable space inhibited and its excitability lost;
//	         store: the pattern for Present moments with the space free; none for Delay moments with all spaces inhibited; then
//	         the variable space free for 1 moment, and the content space too for 3
//	copy     each pattern, Operation copy: stored in the first variable space; all inhibited for 8 moments; the first free for
//	         1 moment, the content space too for 3, and the second too for 2; all inhibited for 8; then recalled from the second
//	compare  each pattern with itself and with the next, Operation compare: one is stored in the first variable space, the other
//	         in the second, each before a moment in which all are inhibited; then recalled from the second, and at once
//	         from the first
//
// Where it is not said otherwise, the content space is free and variable ones are inhibited. X is the rates of the inputs, and
// lines of control for the system: 1 if the content space learns; 1 if it is inhibited; for each variable space 1 if it
// is inhibited, and 1 in the moment when its excitability is lost. The answer is the spikes of each excitatory cell in the moment,
// first those of the content space.
//
// To compare, a system has a readout, which what was active before moves less. One more line of control is 1 in the first moment of
// the first recall, in which it forgets, and the last number of an answer is what moved it in the moment. If it is moved by less
// than Alike of the first recall in the second, the two are told to be the same.
//
// An assembly is the cells with more than Threshold spikes a moment in the last half of a test or of a creation, and in the last 2
// moments of a recall. Metrics, of each operation: "content cells" and "variable cells", the sizes of the assemblies of
// test and creation; "shared", the share of the test's assembly that is in the recalled one, and "excess", the number of other
// cells as a share of it; "success", 1 where shared is above 0.8 and excess at most 0.2; "readout", 1 where of all tests'
// assemblies this one has the most spikes a cell; "recovered", the share of the creation's assembly in the recall, of
// the variable space recalled from. Where pairs are compared, these are: "right", the share that is told
// right, "same right" and "different right"; and "same moves" and "different moves", how much the second recall moves the
// readout, as a share of the first. An epoch is a presentation, so that a test shows a random pattern, and then none.
type Assemblies struct {
	Inputs    int     `json:"inputs" toml:"inputs"`
	Patterns  int     `json:"patterns" toml:"patterns"`
	Active    int     `json:"active" toml:"active"` // inputs of a pattern
	On        float64 `json:"on" toml:"on"`         // Hz
	Off       float64 `json:"off" toml:"off"`       // Hz
	Content   int     `json:"content" toml:"content"`
	Variable  int     `json:"variable" toml:"variable"`
	Spaces    int     `json:"spaces" toml:"spaces"` // variable ones
	Operation string  `json:"operation" toml:"operation"`
	Shown     int     `json:"shown" toml:"shown"`
	Present   int     `json:"present" toml:"present"`
	Create    int     `json:"create" toml:"create"`
	Delay     int     `json:"delay" toml:"delay"`
	Threshold float64 `json:"threshold" toml:"threshold"`
	Alike     float64 `json:"alike" toml:"alike"`
	Unstored  bool    `json:"unstored" toml:"unstored"` // variable spaces stay inhibited in store: a control

	phases   []phase
	starts   []int
	rows     map[int]*compute.Tensor
	group    *compute.Tensor // of each input: its pattern
	pattern  *compute.Tensor // 1: a random pattern, as a share of Patterns
	of       []*compute.Tensor
	tested   []*compute.Tensor
	created  [][]*compute.Tensor // by space
	recalled *compute.Tensor
	again    *compute.Tensor // the second recall of a comparison
	readout  *compute.Tensor // 1: its place in an answer; nil: none
}

// DefaultAssemblies is the protocol with few presentations.
var DefaultAssemblies = Assemblies{Inputs: 200, Patterns: 5, Active: 25, On: 100, Off: 0.1, Content: 1000, Variable: 2000, Spaces: 1, Operation: "recall",
	Shown: 50, Present: 4, Create: 20, Delay: 20, Threshold: 2.5, Alike: 0.6}

// A phase is some moments of one kind.
type phase struct {
	name    string
	moments int
	shows   int // a pattern; or none, or random
	learn   bool
	free    []bool // spaces
	fresh   []bool // spaces: the first moment loses the excitability
	count   *compute.Tensor
	last    int  // moments that are counted
	from    int  // the space that the pattern is recalled from; 0: this is no recall
	about   int  // the pattern of a recall
	readout bool // there is one
	recover bool // the readout forgets
	pair    bool // this is the second recall of a comparison
	same    bool // of a pattern with itself

	x *compute.Tensor // rates
}

const none, anyPattern = -1, -2

// Check reports a setting that cannot be.
func (t *Assemblies) Check() error {
	for _, n := range []struct {
		name        string
		x           float64
		least, most float64
	}{
		{"inputs", float64(t.Inputs), 1, 1 << 20}, {"patterns", float64(t.Patterns), 2, 1000}, {"active", float64(t.Active), 1, 1 << 20},
		{"on", t.On, 0, 1e4}, {"off", t.Off, 0, 1e4}, {"content", float64(t.Content), 1, 1 << 20}, {"variable", float64(t.Variable), 1, 1 << 20},
		{"spaces", float64(t.Spaces), 1, 16}, {"shown", float64(t.Shown), 0, 1e6}, {"present", float64(t.Present), 2, 1e6}, {"create", float64(t.Create), 2, 1e6},
		{"delay", float64(t.Delay), 1, 1e6}, {"threshold", t.Threshold, 0, 1e4}, {"alike", t.Alike, 0, 1e4},
	} {
		if !(n.x >= n.least && n.x <= n.most) {
			return fmt.Errorf("assemblies: %s %g, want %g to %g", n.name, n.x, n.least, n.most)
		}
	}
	switch {
	case t.Patterns*t.Active > t.Inputs:
		return fmt.Errorf("assemblies: %d patterns of %d active inputs, and %d inputs, want as many at least as all patterns have", t.Patterns, t.Active, t.Inputs)
	case !slices.Contains([]string{"recall", "copy", "compare"}, t.Operation):
		return fmt.Errorf("assemblies: operation %q, want recall, copy or compare", t.Operation)
	case t.Operation != "recall" && t.Spaces < 2:
		return fmt.Errorf("assemblies: operation %s with %d variable space, want 2 spaces", t.Operation, t.Spaces)
	}
	return nil
}

// Build lays out the protocol.
func (t *Assemblies) Build(s *nets.Store) (nets.Spec, error) {
	readouts := 0
	if t.Operation == "compare" {
		readouts = 1
	}
	cells := t.Content + t.Spaces*t.Variable + readouts
	group, at := make([]float32, t.Inputs), 0
	for i := range group {
		if group[i] = float32(i / t.Active); i >= t.Patterns*t.Active {
			group[i] = -2
		}
	}
	t.group, t.pattern = s.Fixed(group, len(group)), s.State("pattern", nets.Zeros, 1)
	for k := range 1 + t.Spaces {
		n, mask := t.Variable, make([]float32, cells)
		if k == 0 {
			n = t.Content
		}
		for i := range n {
			mask[at+i] = 1
		}
		at += n
		t.of = append(t.of, s.Fixed(mask, cells))
	}
	for k := range t.Patterns {
		t.tested = append(t.tested, s.State(fmt.Sprint("tested", k), nets.Zeros, cells))
	}
	for v := range t.Spaces {
		t.created = append(t.created, nil)
		for k := range t.Patterns {
			t.created[v] = append(t.created[v], s.State(fmt.Sprint("created", v, ".", k), nets.Zeros, cells))
		}
	}
	t.recalled = s.State("recalled", nets.Zeros, cells)
	if readouts > 0 {
		mask := make([]float32, cells)
		mask[cells-1] = 1
		t.readout, t.again = s.Fixed(mask, cells), s.State("again", nets.Zeros, cells)
	}
	t.protocol()
	t.starts, t.rows = []int{0}, map[int]*compute.Tensor{}
	for i := range t.phases {
		p := &t.phases[i]
		t.starts = append(t.starts, t.starts[i]+p.moments)
		p.x, p.readout = t.rates(s, p.shows), readouts > 0
	}
	return nets.Spec{In: nets.Row(t.Inputs), Out: cells, Examples: 1, Epoch: 2 * t.Present, Controls: 3 + 2*t.Spaces + readouts}, nil
}

// Moments returns how long the protocol is.
func (t Assemblies) Moments() (n int) {
	t.phases, t.tested, t.created = nil, make([]*compute.Tensor, t.Patterns), make([][]*compute.Tensor, t.Spaces)
	for v := range t.created {
		t.created[v] = make([]*compute.Tensor, t.Patterns)
	}
	t.protocol()
	for _, p := range t.phases {
		n += p.moments
	}
	return n
}

// protocol lists the phases.
func (t *Assemblies) protocol() {
	spaces := func(free ...int) []bool {
		is := make([]bool, 1+t.Spaces)
		for _, k := range free {
			is[k] = true
		}
		return is
	}
	add := func(p phase) { t.phases = append(t.phases, p) }
	for range t.Shown {
		add(phase{name: "train", moments: t.Present, shows: anyPattern, learn: true, free: spaces(0)})
		add(phase{name: "train", moments: t.Present, shows: none, learn: true, free: spaces(0)})
	}
	for k := range t.Patterns {
		add(phase{name: "test", moments: t.Present, shows: k, free: spaces(0), count: t.tested[k], last: t.Present / 2})
		add(phase{name: "test", moments: t.Present, shows: none, free: spaces(0)})
	}
	for v := range t.Spaces {
		for k := range t.Patterns {
			add(phase{name: "create", moments: t.Present, shows: none, free: spaces(0), fresh: spaces(1 + v)})
			add(phase{name: "create", moments: t.Create, shows: k, free: spaces(0, 1+v), count: t.created[v][k], last: t.Create / 2})
		}
	}
	all := spaces()
	for i := range all[1:] {
		all[i+1] = true
	}
	stores := func(v int) []bool {
		if t.Unstored {
			return spaces(0)
		}
		return spaces(0, v)
	}
	if t.Operation == "compare" {
		for k := range 2 * t.Patterns {
			first, second := k/2, (k+1)/2%t.Patterns
			add(phase{name: "clear", moments: t.Present, shows: none, free: spaces(0), fresh: all})
			add(phase{name: "store", moments: t.Present, shows: first, free: stores(1)})
			add(phase{name: "delay", moments: 1, shows: none, free: spaces()})
			add(phase{name: "store", moments: t.Present, shows: second, free: stores(2)})
			add(phase{name: "delay", moments: 1, shows: none, free: spaces()})
			add(phase{name: "recall", moments: 1, shows: none, free: spaces(2), recover: true})
			add(phase{name: "recall", moments: 3, shows: none, free: spaces(0, 2), count: t.recalled, last: 3})
			add(phase{name: "recall", moments: 1, shows: none, free: spaces(1)})
			add(phase{name: "recall", moments: 3, shows: none, free: spaces(0, 1), count: t.again, last: 3, pair: true, same: first == second})
		}
		return
	}
	for k := range t.Patterns {
		add(phase{name: "clear", moments: t.Present, shows: none, free: spaces(0), fresh: all})
		add(phase{name: "store", moments: t.Present, shows: k, free: stores(1)})
		if t.Operation == "copy" {
			add(phase{name: "delay", moments: 8, shows: none, free: spaces()})
			add(phase{name: "copy", moments: 1, shows: none, free: spaces(1)})
			add(phase{name: "copy", moments: 3, shows: none, free: spaces(0, 1)})
			add(phase{name: "copy", moments: 2, shows: none, free: spaces(0, 1, 2)})
			add(phase{name: "delay", moments: 8, shows: none, free: spaces()})
			add(phase{name: "recall", moments: 1, shows: none, free: spaces(2)})
			add(phase{name: "recall", moments: 3, shows: none, free: spaces(0, 2), count: t.recalled, last: 2, from: 2, about: k})
			continue
		}
		add(phase{name: "delay", moments: t.Delay, shows: none, free: spaces()})
		add(phase{name: "recall", moments: 1, shows: none, free: spaces(1)})
		add(phase{name: "recall", moments: 3, shows: none, free: spaces(0, 1), count: t.recalled, last: 2, from: 1, about: k})
	}
}

// rates returns the rates of the inputs while a pattern is on, or none; of a random one, of those that are not on.
func (t *Assemblies) rates(s *nets.Store, shows int) *compute.Tensor {
	if t.rows[shows] == nil {
		mean := (float64(t.Active)*t.On + float64(t.Inputs-t.Active)*t.Off) / float64(t.Inputs)
		x := make([]float32, t.Inputs)
		for i := range x {
			switch {
			case shows == none:
				x[i] = float32(mean)
			case shows >= 0 && i/t.Active == shows:
				x[i] = float32(t.On)
			default:
				x[i] = float32(t.Off)
			}
		}
		t.rows[shows] = s.Fixed(x, len(x))
	}
	return t.rows[shows]
}

// controls returns what the first moment of a phase sets, or another one.
func (p phase) controls(first bool) []float32 {
	is := map[bool]float32{true: 1}
	all := []float32{is[p.learn]}
	for k, free := range p.free {
		all = append(all, is[!free], is[first && p.fresh != nil && p.fresh[k]])
	}
	if p.readout {
		all = append(all, is[first && p.recover])
	}
	return all
}

// at returns the phase of a moment, and the moment's number in it; after the end the last moment again.
func (t *Assemblies) at(number uint64) (phase, int) {
	n := min(int(number), t.starts[len(t.starts)-1]-1)
	i, found := slices.BinarySearch(t.starts, n)
	if !found {
		i--
	}
	return t.phases[i], n - t.starts[i]
}

var (
	randomly = compute.Formula("where(0 - (u*patterns - group), x, where(1 - (u*patterns - group), on, x))", "x", "group", "u")

	isIn     = compute.Formula("where(n - least, of, 0)", "n", "of")
	isInBoth = compute.Formula("where(n - least, where(m - most, of, 0), 0)", "n", "m", "of")
	spikesIn = compute.Formula("where(n - least, of*m, 0)", "n", "m", "of")
	ratio    = compute.Formula("x/max(n, 1)", "x", "n")
	less     = compute.Formula("x - y", "x", "y")
	isLike   = compute.Formula("where(shared - 0.8*size, where(other - 0.2*size, 0, 1), 0)", "shared", "other", "size")
	isAbove  = compute.Formula("where(x - y, 1, 0)", "x", "y")
	larger   = compute.Formula("max(x, y)", "x", "y")
	sumOf    = compute.Formula("old + x", "x")

	inReadout     = compute.Formula("x*of", "x", "of")
	toldSame      = compute.Formula("where(alike*first - second, 1, 0)", "first", "second")
	toldDifferent = compute.Formula("where(alike*first - second, 0, 1)", "first", "second")
	moves         = compute.Formula("second/max(first, 1e-6)", "first", "second")
)

// Show returns the rates of the inputs and the lines of control.
func (t *Assemblies) Show(p *nets.Pass) nets.Moment {
	now, k := t.at(p.Number)
	m := nets.Moment{X: now.x, Control: now.controls(k == 0), First: p.Number == 0}
	if now.shows == anyPattern {
		if k == 0 {
			p.Random(t.pattern, compute.Uniform(0, 1))
		}
		x := p.Tensor(p.Learners, 1, m.X.Cols())
		p.Into(x, randomly.With("patterns", float32(t.Patterns)).With("on", float32(t.On)), m.X, t.group, t.pattern)
		m.X = x
	}
	return m
}

// Judge counts spikes where an assembly is looked for, and judges a recall when it ends.
func (t *Assemblies) Judge(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	if cells := t.recalled.Cols(); answer == nil || answer.Cols() != cells {
		p.Fail(fmt.Errorf("assemblies: the system answers %v, want the spikes of %d cells", answer, cells))
		return
	}
	now, k := t.at(p.Number)
	if now.count == nil || k < now.moments-now.last {
		return
	}
	if k == now.moments-now.last {
		p.Clear(now.count)
	}
	p.Into(now.count, sumOf, answer)
	switch over := k == now.moments-1 && int(p.Number) < t.starts[len(t.starts)-1]; {
	case over && now.from > 0:
		t.judge(p, now)
	case over && now.pair:
		t.compare(p, now.same)
	}
}

// judge compares the cells of a recall with those of test and creation.
func (t *Assemblies) judge(p *nets.Pass, now phase) {
	c, v := t.of[0], t.of[now.from]
	test, made := t.tested[now.about], t.created[now.from-1][now.about]
	inTest, inMade, inRecall := t.least(t.Present/2), t.least(t.Create/2), t.least(now.last)
	size := p.PerLearner(isIn.With("least", inTest), 1, test, c)
	variable := p.PerLearner(isIn.With("least", inMade), 1, made, v)
	shared := p.PerLearner(isInBoth.With("least", inTest).With("most", inRecall), 1, test, t.recalled, c)
	other := p.Map(less, p.PerLearner(isIn.With("least", inRecall), 1, t.recalled, c), shared)
	again := p.PerLearner(isInBoth.With("least", inMade).With("most", inRecall), 1, made, t.recalled, v)
	p.Count("success", p.Map(isLike, shared, other, size), 1)
	p.Count("shared", p.Map(ratio, shared, size), 1)
	p.Count("excess", p.Map(ratio, other, size), 1)
	p.Count("content cells", size, 1)
	p.Count("variable cells", variable, 1)
	p.Count("recovered", p.Map(ratio, again, variable), 1)
	var this, best *compute.Tensor
	for k, test := range t.tested {
		x := p.Map(ratio, p.PerLearner(spikesIn.With("least", inTest), 1, test, t.recalled, c), p.PerLearner(isIn.With("least", inTest), 1, test, c))
		switch {
		case k == now.about:
			this = x
		case best == nil:
			best = x
		default:
			best = p.Map(larger, best, x)
		}
	}
	p.Count("readout", p.Map(isAbove, this, best), 1)
}

// compare tells from what moved the readout whether two recalls are the same.
func (t *Assemblies) compare(p *nets.Pass, same bool) {
	first, second := p.PerLearner(inReadout, 1, t.recalled, t.readout), p.PerLearner(inReadout, 1, t.again, t.readout)
	is, told := "different", toldDifferent
	if same {
		is, told = "same", toldSame
	}
	right := p.Map(told.With("alike", float32(t.Alike)), first, second)
	p.Count("right", right, 1)
	p.Count(is+" right", right, 1)
	p.Count(is+" moves", p.Map(moves, first, second), 1)
}

// least is the number of spikes above which a cell belongs to an assembly that is looked for in so many moments.
func (t *Assemblies) least(moments int) float32 { return float32(t.Threshold * float64(moments)) }
