package reproduce

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/spiking"
	"hebb/nets/tasks"
)

// evidence has spiking networks accumulate evidence, by e-prop, by backprop through time, and by a reward.
var evidence = Experiment{
	Name:    "evidence",
	Systems: map[string]string{"symmetric feedback": symmetricRun, "random feedback": randomRun, "adaptive feedback": adaptiveRun, "BPTT through spikes": bpttRun, "actor and critic": rewardRun},
	About:   "spiking networks that accumulate evidence: e-prop with each feedback, backprop through time, controls, and learning from a reward alone",
	Source: "figures of the equations in float64 (C++), 5 seeds of symmetric feedback and 3 of the others, at the protocol of Bellec, Scherr, Subramoney, Hajek, Salaj, " +
		"Legenstein, Maass 2020, \"A solution to the learning dilemma for recurrent networks of spiking neurons\", and its authors' tutorial, with steps of 3 ms; " +
		"what has no published figure is hebb's own",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it", Takes: 20 * time.Minute, Parts: []Part{wholeCues(), wholeRewards()}},
		{Name: "small", About: "three short cues", Takes: time.Minute, Parts: []Part{fewCues(), fewRewards()}},
	},
}

// errorAt is the error after so many trials, each of a batch.
func errorAt(trial int) Quantity {
	return Quantity(fmt.Sprintf("share of wrong decisions, iteration %d", trial))
}

const (
	lateError   Quantity = "share of wrong decisions, mean of the last three"
	bestError   Quantity = "share of wrong decisions, least"
	criterionAt Quantity = "iteration of the criterion"
	lateRate    Quantity = "mean rate of the cells at the end, Hz"
)

// The criterion of the paper's code: at a tenth iteration, an error below 0.07 of a batch, and then of the test.
const solves, solvesEvery = 0.07, 10

// Names of the runs.
const (
	symmetricRun  = "symmetric feedback"
	randomRun     = "random feedback"
	slowRandomRun = "random feedback, rate 0.002"
	adaptiveRun   = "adaptive feedback"
	bpttRun       = "bptt"
	allLIFRun     = "no adaptive cells"
	readoutRun    = "readout alone"
	rewardRun     = "reward"
	shuffledRun   = "reward of another trial"
)

// published is the task at steps of 3 ms.
var published = tasks.Evidence{Step: 3, Cues: 7, Period: 150, Length: 100, Delay: 1050, Recall: 150, Rate: 40, Background: 10, Odds: 0.7, Group: 10, Batch: 64}

// A cueing is a network that learns the task for so many iterations, tested after each of every.
type cueing struct {
	task       tasks.Evidence
	lif, adapt int // cells
	rate       float64
	iterations int
	every      int
	set        func(e *spiking.EProp) // or nil
}

// cells are of the protocol.
func (c cueing) eprop() spiking.EProp {
	e := spiking.EProp{
		ALIF: spiking.ALIF{LIF: c.lif, Adaptive: c.adapt, Dt: float32(c.task.Step), Tau: 20, TauA: 2000, Adapt: 1.7, Threshold: 0.6,
			Refractory: 2, Reset: 1, Damping: 0.3},
		ReadoutTau: 20, FeedbackScale: 1, TargetRate: 10, RateCost: 1, Mean: true, Optimiser: nets.DefaultAdam,
	}
	if c.set != nil {
		c.set(&e)
	}
	return e
}

func (c cueing) system() nets.System {
	e := c.eprop()
	if c.task.Reward {
		e.RateCost /= 2 // whose errors are half as large: of two actions with even odds and V = ½ the gradient is ½ that of labels
		return &spiking.RewardEProp{EProp: e, Recall: float32(c.task.Recall), ValueCost: 0.1, Entropy: 0.25}
	}
	return &e
}

// run makes the iterations. Tests of a learner between those of every are looked at if its own batch is below the criterion.
func (c cueing) run(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
	task := func() nets.Task { t := c.task; return &t }
	s, err := nets.Run{System: c.system, Task: task, Test: task, Learners: seeds.N, Seed: seeds.First, Rate: c.rate}.Open(dev)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	f, solved := Figures{}, slices.Repeat(Values{float64(c.iterations + 1)}, seeds.N)
	for k := 1; k <= c.iterations; k++ {
		m, err := trial(ctx, s)
		if err != nil {
			return nil, err
		}
		batch := m.Get("error").Each
		good := func(l int) bool {
			return k%solvesEvery == 0 && solved[l] > float64(c.iterations) && batch[l] < solves
		}
		due := k%c.every == 0
		for l := range seeds.N {
			due = due || good(l)
		}
		if !due {
			continue
		}
		tested, err := s.Evaluate(ctx, nil)
		if err != nil {
			return nil, err
		}
		for l, x := range tested.Get("error").Each {
			if good(l) && x < solves {
				solved[l] = float64(k)
			}
			if k%c.every == 0 {
				f.add(errorAt(k), x)
			}
		}
		f[lateRate] = slices.Clone(tested.Get("rate").Each)
	}
	f[criterionAt] = solved
	c.summarise(f, seeds.N)
	return f, nil
}

// tests are the iterations after which there is a test.
func (c cueing) tests() (all []int) {
	for k := c.every; k <= c.iterations; k += c.every {
		all = append(all, k)
	}
	return all
}

// summarise adds the mean of the last three tests and the least of all, of each of n seeds.
func (c cueing) summarise(f Figures, n int) {
	tests := c.tests()
	for l := range n {
		sum, least := 0., 1.
		for i, k := range tests {
			x := f[errorAt(k)][l]
			least = min(least, x)
			if i >= len(tests)-3 {
				sum += x
			}
		}
		f.add(lateError, sum/float64(min(3, len(tests))))
		f.add(bestError, least)
	}
}

// trial makes the moments of a trial, and returns their metrics.
func trial(ctx context.Context, s *nets.Session) (nets.Metrics, error) {
	for range s.Spec.Trial {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := s.Step(ctx); err != nil {
			return nil, err
		}
	}
	return s.Metrics()
}

// of is the run, with what was published of it.
func (c cueing) of(name string, seeds int, known map[Quantity]float64) Run {
	r := Run{Name: name, Make: Program(c.run), Seeds: seeds}
	quantities := []Quantity{lateError, bestError, criterionAt, lateRate}
	for _, k := range c.tests() {
		quantities = append(quantities, errorAt(k))
	}
	for _, q := range quantities {
		f := none(q)
		if x, ok := known[q]; ok {
			f.Published = x
		}
		r.Figures = append(r.Figures, f)
	}
	return r
}

func curveOfErrors(c cueing) *Curve {
	curve := &Curve{X: "iteration, a batch of trials each", Y: "share of wrong decisions in 512 trials"}
	for _, k := range c.tests() {
		curve.Points = append(curve.Points, Point{float64(k), errorAt(k)})
	}
	return curve
}

func readoutAlone(e *spiking.EProp) { e.Learn = "readout" }
func randomly(e *spiking.EProp)     { e.Feedback = "random" }
func adaptively(e *spiking.EProp)   { e.Feedback, e.Decay = "adaptive", 0.01 }
func throughTime(e *spiking.EProp)  { e.Credit = "bptt" }

// wholeCues is the protocol.
func wholeCues() Part {
	c := cueing{task: published, lif: 50, adapt: 50, rate: 0.005, iterations: 300, every: 50}
	with := func(set func(*spiking.EProp)) cueing { d := c; d.set = set; return d }
	slow, short, lif := with(randomly), with(readoutAlone), c
	slow.rate, short.iterations = 0.002, 150
	lif.lif, lif.adapt, lif.iterations = 100, 0, 150
	errors := func(at ...float64) map[Quantity]float64 {
		known := map[Quantity]float64{}
		for i, x := range at {
			if x > 0 {
				known[errorAt(50*(i+1))] = x
			}
		}
		return known
	}
	and := func(known map[Quantity]float64, late, best, solved float64) map[Quantity]float64 {
		known[lateError], known[bestError] = late, best
		if solved > 0 {
			known[criterionAt] = solved
		}
		return known
	}
	return Part{Name: "evidence",
		About: "seven cues of 100 ms and 1.05 s until they are asked for; 100 cells, 50 of them adaptive, batches of 64 trials, Adam at 0.005; tests of 512 trials. " +
			"The criterion is an error below 0.07 of a batch, looked at every tenth iteration, and then of the test; 301: never",
		Runs: []Run{
			c.of(symmetricRun, 5, and(errors(0.198, 0.111, 0.093, 0.075, 0.065, 0.064), 0.0676, 0.054, 176)),
			with(randomly).of(randomRun, 3, and(errors(0.276, 0.214, 0.149, 0.156, 0.099, 0.160), 0.138, 0.079, 0)),
			slow.of(slowRandomRun, 3, errors(0, 0.268, 0, 0.177, 0.118, 0.092)),
			with(adaptively).of(adaptiveRun, 3, nil),
			with(throughTime).of(bpttRun, 3, nil),
			lif.of(allLIFRun, 3, errors(0.517, 0.512, 0.504)),
			short.of(readoutRun, 3, errors(0, 0, 0.401)),
		},
		Check: []Claim{
			{"with symmetric feedback the error of iterations 200, 250 and 300 is below 0.085, in the mean", func(rows Rows) bool {
				return rows.Mean(symmetricRun, lateError) < 0.085
			}},
			{"with symmetric feedback at least 4 of 5 seeds meet the criterion within 300 iterations", func(rows Rows) bool {
				v := rows.Of(symmetricRun, criterionAt)
				return len(v) > 0 && 5*v.Count(func(x float64) bool { return x <= 300 }) >= 4*len(v)
			}},
			{"with random feedback the least error is below 0.13, in the mean", func(rows Rows) bool { return rows.Mean(randomRun, bestError) < 0.13 }},
			{"with random feedback at the rate 0.002 the error of iteration 300 is below 0.16, in the mean", func(rows Rows) bool {
				return rows.Mean(slowRandomRun, errorAt(300)) < 0.16
			}},
			{"without adaptive cells the error of iteration 150 is chance, 0.45 to 0.55 in the mean", func(rows Rows) bool {
				x := rows.Mean(allLIFRun, errorAt(150))
				return 0.45 <= x && x <= 0.55
			}},
			{"with a readout alone the error of iteration 150 is above 0.25, in the mean", func(rows Rows) bool { return rows.Mean(readoutRun, errorAt(150)) > 0.25 }},
			{"bptt's error of iterations 200, 250 and 300 is below that of e-prop with symmetric feedback, in the mean", func(rows Rows) bool {
				return rows.Mean(bpttRun, lateError) < rows.Mean(symmetricRun, lateError)
			}},
		},
		Curve: curveOfErrors(c),
	}
}

// rewards is a part of learning from rewards: in all seeds the late error is below one bound, and above the other if shuffled.
func rewards(c cueing, seeds int, learned float64) Part {
	c.task = rewarded(c.task)
	shuffled := c
	shuffled.task.Shuffled = true
	return Part{Name: "reward",
		About: "nothing is wanted: a decision that is drawn is rewarded with 1 or 0 at the end of its trial; an actor and a critic, tested by the more likely decision",
		Runs:  []Run{c.of(rewardRun, seeds, nil), shuffled.of(shuffledRun, seeds, nil)},
		Check: []Claim{
			{fmt.Sprintf("with the reward of its trial every seed has a mean error of the last tests below %g", learned), func(rows Rows) bool {
				return rows.all(rewardRun, lateError, func(x float64) bool { return x < learned })
			}},
			{"with the reward of another trial the mean error of the last tests is chance, 0.35 to 0.65", func(rows Rows) bool {
				x := rows.Mean(shuffledRun, lateError)
				return 0.35 <= x && x <= 0.65
			}},
		},
		Curve: curveOfErrors(c),
	}
}

// rewarded is a task that wants nothing, and rewards.
func rewarded(t tasks.Evidence) tasks.Evidence {
	t.Reward = true
	return t
}

func wholeRewards() Part {
	return rewards(cueing{task: published, lif: 50, adapt: 50, rate: 0.005, iterations: 300, every: 50}, 3, 0.3)
}

// few is a short task.
var few = tasks.Evidence{Step: 3, Cues: 3, Period: 30, Length: 24, Delay: 30, Recall: 30, Rate: 150, Background: 10, Odds: 0.7, Group: 5, Batch: 128}

// fewCells learn it.
var fewCells = cueing{task: few, lif: 20, adapt: 20, rate: 0.02, iterations: 12, every: 6}

// fewCues has networks that learn it, and controls.
func fewCues() Part {
	c := fewCells
	alone := c
	alone.set = readoutAlone
	return Part{Name: "evidence", About: "three cues of 24 ms, asked for 30 ms after the last, 40 cells, batches of 128 trials",
		Runs: []Run{c.of(symmetricRun, 2, nil), alone.of(readoutRun, 2, nil)},
		Check: []Claim{
			{"e-prop makes less than half the errors of a readout alone, in the mean", func(rows Rows) bool {
				return rows.Mean(symmetricRun, lateError) < rows.Mean(readoutRun, lateError)/2
			}},
		},
		Curve: curveOfErrors(c),
	}
}

func fewRewards() Part { return rewards(fewCells, 2, 0.2) }
