package reproduce

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/recurrent"
	"hebb/nets/tasks"
)

// rflo makes a period of a sum of sines by rflo, by bptt and by the readout alone. Rates are 0.03/T of the loss e²/2 over T
// = 100 moments, weights change when a trial ends; losses are of e²/2, and those of single trials have peaks, so that
// figures are medians of the 200 trials before.
var rflo = Experiment{
	Name:    "rflo",
	Systems: map[string]string{"RFLO": "rflo", "BPTT": "bptt"},
	About:   "random feedback local online learning of a sum of sines, beside backprop through time and a readout alone; and of patterns, strung",
	Source:  "figures of the equations in float64 (numpy), of the task of Murray 2019, \"Local online learning in recurrent networks with random feedback\"; ten seeds",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it, 5000 trials; sequences", Takes: 15 * time.Minute, Parts: []Part{
			waves(10, 5000), stringing{sequence, 50, 120_000, 30_000, 0}.part(5), stringing{longSequence, 50, 120_000, 30_000, 0}.part(3),
		}},
		{Name: "small", About: "300 trials of two seeds; a short sequence", Takes: 20 * time.Second, Parts: []Part{waves(2, 300), stringing{shortSequence, 30, 12_000, 3000, 0}.part(2)}},
	},
}

// At a number of trials: log10 of the loss, or the cosine of the feedback and the readout.
func lossAt(trial int) Quantity    { return Quantity(fmt.Sprintf("log10 of the loss, trial %d", trial)) }
func alignedAt(trial int) Quantity { return Quantity(fmt.Sprintf("alignment, trial %d", trial)) }

const byRFLO, byBPTT, byReadout = "rflo", "bptt", "readout alone"

// waves compares the three. What is published of early trials is a mean of 20 trials.
func waves(seeds, trials int) Part {
	published := map[string][]Figure{
		byRFLO: {
			{What: lossAt(100), Published: math.Log10(8.3e-2)}, {What: lossAt(300), Published: math.Log10(2.5e-2)},
			{What: lossAt(1000), Published: -1.85, Within: 0.15}, {What: lossAt(2000), Published: math.Log10(1.06e-2)},
			{What: lossAt(3000), Published: -2.08, Within: 0.35}, {What: lossAt(5000), Published: math.Log10(3.96e-3)},
			{What: alignedAt(0), Published: 0}, {What: alignedAt(100), Published: 0.558}, {What: alignedAt(1000), Published: 0.715, Within: 0.085},
			{What: alignedAt(3000), Published: 0.761}, {What: alignedAt(5000), Published: 0.806},
		},
		byBPTT: {
			{What: lossAt(100), Published: math.Log10(9.4e-2)}, {What: lossAt(300), Published: math.Log10(4.0e-2)},
			{What: lossAt(1000), Published: -1.89, Within: 0.15}, {What: lossAt(2000), Published: math.Log10(8.26e-3)},
			{What: lossAt(3000), Published: -2.24, Within: 0.2}, {What: lossAt(5000), Published: math.Log10(3.01e-3)},
			{What: alignedAt(1000), Published: 0.035},
		},
		byReadout: {{What: lossAt(1000), Published: math.Log10(4.15e-2)}, {What: lossAt(2000), Published: unknown}},
	}
	p := Part{Name: "wave", About: fmt.Sprintf("50 leaky units, τ = 10, one output and no input, %d trials of 99 moments", trials)}
	for _, name := range []string{byRFLO, byBPTT, byReadout} {
		w := wave{name, trials}
		if name == byReadout {
			w.trials = min(trials, 2000)
		}
		r := Run{Name: name, Make: Program(w.run), Seeds: seeds}
		for _, f := range published[name] {
			if w.gives()[f.What] {
				r.Figures = append(r.Figures, f)
			}
		}
		if len(r.Figures) > 0 {
			p.Runs = append(p.Runs, r)
		}
	}
	early := func(rows Rows) bool {
		return rows.Mean(byRFLO, lossAt(100)) < rows.Mean(byBPTT, lossAt(100)) && rows.Mean(byRFLO, lossAt(300)) < rows.Mean(byBPTT, lossAt(300))
	}
	p.Check = []Claim{{"rflo is ahead of bptt at trials 100 and 300, in the mean over the seeds", early}}
	if trials >= 5000 {
		p.Check = append(p.Check, wholeWaves...)
	}
	return p
}

var wholeWaves = []Claim{
	{"at trial 3000 rflo's loss is less than 2.5 times bptt's, in the geometric mean", func(rows Rows) bool {
		return rows.Mean(byRFLO, lossAt(3000))-rows.Mean(byBPTT, lossAt(3000)) < math.Log10(2.5)
	}},
	{"at trial 1000 the readout alone has more than twice rflo's loss, in the geometric mean", func(rows Rows) bool {
		return rows.Mean(byReadout, lossAt(1000))-rows.Mean(byRFLO, lossAt(1000)) > math.Log10(2)
	}},
	{"rflo's readout turns towards its feedback in every seed, and bptt's has nothing to do with it", func(rows Rows) bool {
		return rows.all(byRFLO, alignedAt(1000), func(x float64) bool { return x > 0.5 }) && math.Abs(rows.Mean(byBPTT, alignedAt(1000))) < 0.2
	}},
}

// A wave is a run of so many trials.
type wave struct {
	rule   string
	trials int
}

// checkpoints are the trials at which losses and alignments are measured.
var checkpoints = []int{0, 100, 300, 1000, 2000, 3000, 5000}

func (w wave) gives() map[Quantity]bool {
	q := map[Quantity]bool{}
	for _, at := range checkpoints {
		if at <= w.trials {
			q[lossAt(at)], q[alignedAt(at)] = at > 0, true
		}
	}
	return q
}

func (w wave) system() nets.System {
	leaky := recurrent.Leaky{Units: 50, Tau: 10, Gain: 1.5, Start: 0.1}
	switch w.rule {
	case byBPTT:
		return &recurrent.BPTT{Leaky: leaky}
	case byReadout:
		stay := nets.Scaled{Optimiser: nets.SGD{}, Names: "recurrent"}
		return &recurrent.RFLO{Leaky: leaky, When: "trial", Learning: recurrent.Learning{Optimiser: stay}}
	}
	return &recurrent.RFLO{Leaky: leaky, When: "trial"}
}

func (w wave) open(dev *compute.Device, seeds Seeds) (*nets.Session, error) {
	const period, eta = 100, 0.03
	s, err := nets.Run{System: w.system, Task: func() nets.Task { return &tasks.Wave{Period: period} }, Learners: seeds.N, Seed: seeds.First,
		Rate: eta / period / 2}.Open(dev)
	if err != nil {
		return nil, err
	}
	return s, small(s, seeds, 0.1)
}

// small sets the readout to even numbers within ±most/√units.
func small(s *nets.Session, seeds Seeds, most float64) error {
	for _, n := range s.Tensors() {
		if n.Name != "out" {
			continue
		}
		x := make([]float32, n.Value.Len())
		each := n.Value.Len() / seeds.N
		for l := range seeds.N {
			rnd := nets.Generator(seeds.First+uint64(l), "small")
			for i := range each {
				x[l*each+i] = float32(most * even(rnd) / math.Sqrt(float64(each)))
			}
		}
		return s.Write([]nets.Named{n}, [][]float32{x})
	}
	return fmt.Errorf("there is no readout among %d tensors", len(s.Tensors()))
}

// run makes the trials.
func (w wave) run(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
	first, err := wave{byRFLO, 0}.open(dev, seeds) // whose feedback is all that is wanted of it
	if err != nil {
		return nil, err
	}
	defer first.Close()
	feedback, err := read(first, "feedback")
	if err != nil {
		return nil, err
	}
	s, err := w.open(dev, seeds)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	f, losses := Figures{}, make([]Values, seeds.N) // losses of each trial
	for trial := range w.trials + 1 {
		if slices.Contains(checkpoints, trial) {
			if err := w.measure(s, f, trial, losses, feedback["feedback"]); err != nil {
				return nil, err
			}
		}
		for range s.Spec.Trial {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if err := s.Step(ctx); err != nil {
				return nil, err
			}
		}
		m, err := s.Metrics()
		if err != nil {
			return nil, err
		}
		for l, x := range m.Get("loss").Each {
			losses[l] = append(losses[l], x/2)
		}
	}
	return f, nil
}

// measure adds figures of a trial: the median loss of the 200 trials before it, or the mean of 20 before the 1000th.
func (w wave) measure(s *nets.Session, f Figures, trial int, losses []Values, feedback []float32) error {
	now, err := read(s, "out")
	if err != nil {
		return err
	}
	each := len(feedback) / len(losses)
	for l, all := range losses {
		var dot, a, b float64
		for i := range each {
			x, y := float64(now["out"][l*each+i]), float64(feedback[l*each+i])
			dot, a, b = dot+x*y, a+x*x, b+y*y
		}
		f[alignedAt(trial)] = append(f[alignedAt(trial)], dot/math.Sqrt(a*b))
		switch {
		case trial >= 1000:
			last := slices.Sorted(slices.Values(all[len(all)-200:]))
			f[lossAt(trial)] = append(f[lossAt(trial)], math.Log10((last[99]+last[100])/2))
		case trial > 0:
			f[lossAt(trial)] = append(f[lossAt(trial)], math.Log10(all[len(all)-20:].Mean()))
		}
	}
	return nil
}
