package reproduce

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/perturb"
	"hebb/nets/recurrent"
	"hebb/nets/tasks"
)

// online compares the rules of recurrent networks: their result in a task, and their cost. A search of the same size
// chooses each rule's rate, on different seeds from the result's.
var online = Experiment{
	Name:    "online",
	Systems: map[string]string{"BPTT": "bptt", "TBPTT": "tbptt:span=10", "RTRL": "rtrl", "UORO": "uoro", "KF-RTRL": "kfrtrl"},
	About:   "the rules of recurrent networks on tasks of memory: what each reaches, and what it costs in time and memory",
	Source:  "a comparison of hebb's own; what a constant answer or chance reaches, as the tasks define it",
	Scales: []Scale{
		{Name: "cpu", About: "all rules on six tasks", Takes: 30 * time.Minute, Parts: parts(24, 5, lessons)},
		{Name: "small", About: "two tasks of a few moments, 8 units", Takes: 15 * time.Second, Parts: parts(8, 2, shortLessons)},
	},
}

// A lesson is a task, the length of its training, and the reading of its test.
type lesson struct {
	name      string
	task      func() nets.Task
	metric    string  // of the test
	chance    float64 // the result of a constant answer or of chance; above it errors are worse and shares are better
	criterion float64 // the criterion for solved
	classes   bool
	moments   int
	bptt      expectation
}

// An expectation is what bptt should reach in a lesson. Some lessons are too short for it to reach anything.
type expectation int

const (
	nothing expectation = iota
	ahead               // of the readout alone
	solved              // and meets the criterion
)

var lessons = []lesson{
	{"sines", func() nets.Task { return &tasks.Sines{Period: 20, Outputs: 1, Cue: 5} }, "error", 0.5, 0.05, false, 20000, solved},
	{"addition-20", func() nets.Task { return &tasks.Addition{Length: 20, Batch: 16} }, "error", 1. / 6, 1. / 60, false, 20000, solved},
	{"copy-20", func() nets.Task { return &tasks.Copy{Length: 20, Items: 3, Symbols: 4, Batch: 16} }, "accuracy", 0.25, 0.95, true, 20000, ahead},
	{"anbn-16", func() nets.Task { return &tasks.AnBn{Most: 16, Pause: 0.5, Length: 80, Batch: 16} }, "strings", 1. / 16, 0.9, true, 12000, nothing},
	{"addition-50", func() nets.Task { return &tasks.Addition{Length: 50, Batch: 16} }, "error", 1. / 6, 1. / 60, false, 20000, nothing},
	{"copy-50", func() nets.Task { return &tasks.Copy{Length: 50, Items: 3, Symbols: 4, Batch: 16} }, "accuracy", 0.25, 0.95, true, 20000, ahead},
}

var shortLessons = []lesson{
	{"sines", func() nets.Task { return &tasks.Sines{Period: 5, Outputs: 1, Cue: 2} }, "error", 0.5, 0.05, false, 2000, solved},
	{"copy-10", func() nets.Task { return &tasks.Copy{Length: 10, Items: 2, Symbols: 2, Batch: 8} }, "accuracy", 0.5, 0.95, true, 2000, ahead},
}

// An onlineRule is a rule of the comparison, and the rates in its search.
type onlineRule struct {
	name   string
	system func(units int, classes bool) nets.System
	rates  []float64
}

var rates = []float64{1e-3, 3e-3, 1e-2, 3e-2}

// onlineRules are all of nets/recurrent, with Adam, and the rules of nets/perturb that suit a recurrent network, with
// plain steps.
var onlineRules = []onlineRule{
	{"bptt", gradients(func(l recurrent.Leaky, g recurrent.Learning) nets.System {
		return &recurrent.BPTT{Leaky: l, Learning: g}
	}), rates},
	{"tbptt:span=10", gradients(func(l recurrent.Leaky, g recurrent.Learning) nets.System {
		return &recurrent.TBPTT{Leaky: l, Span: 10, Learning: g}
	}), rates},
	{"rtrl", gradients(func(l recurrent.Leaky, g recurrent.Learning) nets.System {
		return &recurrent.RTRL{Leaky: l, Learning: g}
	}), rates},
	{"uoro", gradients(func(l recurrent.Leaky, g recurrent.Learning) nets.System {
		return &recurrent.UORO{Leaky: l, Learning: g}
	}), rates},
	{"kfrtrl", gradients(func(l recurrent.Leaky, g recurrent.Learning) nets.System {
		return &recurrent.KFRTRL{Leaky: l, Learning: g}
	}), rates},
	{"rflo", gradients(func(l recurrent.Leaky, g recurrent.Learning) nets.System {
		return &recurrent.RFLO{Leaky: l, Learning: g}
	}), rates},
	{"np", perturbed(func(w perturb.Weight) nets.System { return (*perturb.Node)(&w) }), []float64{3e-3, 1e-2, 3e-2, 1e-1}},
	{"wp", perturbed(func(w perturb.Weight) nets.System { return &w }), []float64{3e-3, 1e-2, 3e-2, 1e-1}},
	{"readout", gradients(func(l recurrent.Leaky, g recurrent.Learning) nets.System {
		return &recurrent.Readout{Leaky: l, Optimiser: g.Optimiser}
	}), rates},
}

// gradients gives a rule the network of the comparison, and Adam.
func gradients(system func(recurrent.Leaky, recurrent.Learning) nets.System) func(int, bool) nets.System {
	return func(units int, _ bool) nets.System {
		return system(recurrent.Leaky{Units: units, Tau: 2, Gain: 1}, recurrent.Learning{Optimiser: nets.DefaultAdam})
	}
}

// perturbed gives a rule the same network. With classes the slope along the noise is a difference of two losses.
func perturbed(system func(perturb.Weight) nets.System) func(int, bool) nets.System {
	return func(units int, classes bool) nets.System {
		return system(perturb.Weight{Hidden: []int{units}, Sigma: 1e-3, Exact: !classes, Recurrent: true, Tau: 2, Gain: 1})
	}
}

const (
	chosenRate Quantity = "rate, of the search"

	// searchSeeds is the number of seeds in the search, and searchFirst their distance from the result's.
	searchSeeds, searchFirst = 2, 1000
)

func (l lesson) result() Quantity { return Quantity("test: " + l.metric) }

func (l lesson) found(rate float64) Quantity {
	return Quantity(fmt.Sprintf("test after half as long at the rate %g: %s", rate, l.metric))
}

// solves reports whether a result is as good as the criterion.
func (l lesson) solves(x float64) bool { return l.better(x, l.criterion) || x == l.criterion }

func (l lesson) better(x, than float64) bool {
	if l.criterion < l.chance {
		return x < than
	}
	return x > than
}

// parts has a part for each task: for each rule, a run of its search and one of its result.
func parts(units, seeds int, lessons []lesson) (all []Part) {
	for _, l := range lessons {
		p := Part{Name: l.name, About: fmt.Sprintf("%d leaky units, τ = 2, %d moments; a rate is chosen by %d other seeds of half as long", units, l.moments, searchSeeds)}
		for _, r := range onlineRules {
			s := onlineSearch{l, r, units}
			search, result := Run{Name: s.name(), Seeds: searchSeeds, Make: Program(s.run)}, Run{Name: r.name, Seeds: seeds, Make: chosen{s}}
			for _, rate := range r.rates {
				search.Figures = append(search.Figures, Figure{What: l.found(rate), Published: l.chance, From: "chance"})
			}
			result.Figures = []Figure{{What: l.result(), Published: l.chance, From: "chance"}, none(chosenRate)}
			p.Runs = append(p.Runs, search, result)
		}
		p.Check = l.claims()
		all = append(all, p)
	}
	return append(all, costs(units, seeds, lessons))
}

// costs has the cost of a moment for each rule in each task.
func costs(units, seeds int, lessons []lesson) Part {
	p := Part{Name: "cost", About: fmt.Sprintf("%d leaky units; time and memory of a learner, of %d side by side", units, seeds)}
	for _, r := range onlineRules {
		run := Run{Name: r.name, Seeds: seeds, Make: Program(func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
			f := Figures{}
			for _, l := range lessons {
				if err := (onlineSearch{l, r, units}).cost(ctx, dev, seeds, f); err != nil {
					return nil, err
				}
			}
			return f, nil
		})}
		for _, l := range lessons {
			run.Figures = append(run.Figures, none(l.time()), none(l.memory()))
		}
		p.Runs = append(p.Runs, run)
	}
	p.Check = []Claim{{"rtrl keeps more in memory than any other rule, in every task", func(rows Rows) bool {
		ok := len(rows) > 0
		for _, l := range lessons {
			for _, r := range onlineRules {
				ok = ok && (r.name == "rtrl" || rows.Mean(r.name, l.memory()) < rows.Mean("rtrl", l.memory()))
			}
		}
		return ok
	}}}
	return p
}

func (l lesson) time() Quantity   { return Quantity("time of a moment of " + l.name + ", µs") }
func (l lesson) memory() Quantity { return Quantity("states and traces of " + l.name + ", bytes") }

// cost adds the memory, and the time of a moment: the lowest of some trials' means, because other work on the machine
// disturbs it least.
func (s onlineSearch) cost(ctx context.Context, dev *compute.Device, seeds Seeds, f Figures) error {
	session, err := s.open(dev, seeds, s.rule.rates[0], s.moments)
	if err != nil {
		return err
	}
	defer session.Close()
	least, start := math.Inf(1), time.Now()
	for trial := 0; trial < 8 || time.Since(start) < time.Second/5; trial++ {
		began := time.Now()
		for range session.Spec.Trial {
			if err := session.Step(ctx); err != nil {
				return err
			}
		}
		if _, err := session.Metrics(); err != nil { // it waits for all
			return err
		}
		least = min(least, time.Since(began).Seconds()/float64(session.Spec.Trial*seeds.N))
	}
	f[s.time()] = slices.Repeat(Values{1e6 * least}, seeds.N)
	f[s.memory()] = slices.Repeat(Values{float64(session.TraceBytes())}, seeds.N)
	return nil
}

// claims of a task are about medians: one outlying seed does not move them.
func (l lesson) claims() []Claim {
	median := func(rows Rows, rule string) float64 { return rows.Of(rule, l.result()).Median() }
	says := fmt.Sprintf("%s of %.3g", l.metric, l.criterion)
	claims := []Claim{
		{"the readout alone has no seed with the " + says, func(rows Rows) bool {
			return rows.all("readout", l.result(), func(x float64) bool { return !l.solves(x) })
		}},
	}
	if l.bptt >= ahead {
		claims = append(claims, Claim{"bptt is better than the readout alone, in the median", func(rows Rows) bool {
			return l.better(median(rows, "bptt"), median(rows, "readout"))
		}})
	}
	if l.bptt == solved {
		claims = append(claims, Claim{"bptt has the " + says + " in the median", func(rows Rows) bool { return l.solves(median(rows, "bptt")) }})
	}
	return claims
}

// An onlineSearch is the search for a rule's rate in a task.
type onlineSearch struct {
	lesson
	rule  onlineRule
	units int
}

func (s onlineSearch) name() string { return s.rule.name + ", search" }

// run learns at each rate, for half as long.
func (s onlineSearch) run(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
	f := Figures{}
	for _, rate := range s.rule.rates {
		one, err := s.learn(ctx, dev, Seeds{seeds.First + searchFirst, seeds.N}, rate, s.moments/2)
		if err != nil {
			return nil, err
		}
		f[s.found(rate)] = one[s.result()]
	}
	return f, nil
}

// best returns the rate with the best median; the lowest among equals.
func (s onlineSearch) best(f Figures) float64 {
	best := s.rule.rates[0]
	for _, rate := range s.rule.rates {
		if s.better(f[s.found(rate)].Median(), f[s.found(best)].Median()) {
			best = rate
		}
	}
	return best
}

// chosen makes the run of a rule at the rate chosen by its search, in the folder beside it.
type chosen struct{ onlineSearch }

// Make learns, unless it is done already.
func (c chosen) Make(ctx context.Context, at Place, seeds Seeds) (Result, error) {
	beside := at
	beside.Dir = filepath.Join(filepath.Dir(at.Dir), folder(c.name()))
	search, err := beside.kept(Seeds{seeds.First, math.MaxInt})
	if err == nil && search.Seeds.N == 0 {
		err = fmt.Errorf("%s has no search by this version from seed %d on", beside.Dir, seeds.First)
	}
	if err != nil {
		return Result{}, err
	}
	rate := c.best(search.Figures)
	return Program(func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		f, err := c.learn(ctx, dev, seeds, rate, c.moments)
		if err == nil {
			f[chosenRate] = slices.Repeat(Values{rate}, seeds.N)
		}
		return f, err
	}).Make(ctx, at, seeds)
}

func (s onlineSearch) open(dev *compute.Device, seeds Seeds, rate float64, moments int) (*nets.Session, error) {
	return nets.Run{System: func() nets.System { return s.rule.system(s.units, s.classes) }, Task: s.task, Test: s.task,
		Learners: seeds.N, Seed: seeds.First, Rate: rate, Schedule: nets.Schedule{Kind: "cosine"}, Moments: moments}.Open(dev)
}

// learn trains all seeds side by side and tests them. A seed that diverges has learned nothing and counts as chance.
func (s onlineSearch) learn(ctx context.Context, dev *compute.Device, seeds Seeds, rate float64, moments int) (Figures, error) {
	session, err := s.open(dev, seeds, rate, moments)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	for n := 1; n <= moments && err == nil; n++ {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err = session.Step(ctx); err == nil && (n%(moments/20+1) == 0 || n == moments) {
			_, err = session.Metrics() // and so says whether all have diverged
		}
	}
	reached := slices.Repeat(Values{s.chance}, seeds.N)
	if err == nil {
		var m nets.Metrics
		m, err = session.Evaluate(ctx, nil)
		for i, x := range m.Get(s.metric).Each {
			if x == x {
				reached[i] = x
			}
		}
	}
	if err != nil && !errors.Is(err, nets.ErrDiverged) {
		return nil, err
	}
	return Figures{s.result(): reached}, nil
}
