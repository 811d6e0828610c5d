package reproduce

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/spiking"
	"hebb/nets/tasks"
)

// timeCode has networks that synaptic scaling trains to spike once in a trial: presynaptic-dependent scaling makes each cell do
// so, at a time of its own; plain scaling keeps the mean alone, by bursts of all cells every few tens of trials.
var timeCode = Experiment{
	Name:    "time-code",
	Systems: map[string]string{"scaling by presynaptic activity": isPresynaptic, "plain scaling": isPlain},
	About:   "a recurrent network comes to answer a kick by one spike of each cell, each at its own time; plain synaptic scaling bursts",
	Source: "a program in float64 (C++) of the same protocol, 10 seeds, 5 of other rates. The rule is that of Buonomano 2005, \"A learning rule for the " +
		"emergence of stable dynamics and timing in recurrent networks\"; the network's constants are ours",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it, 1000 trials and more", Takes: 2 * time.Minute, Parts: []Part{wholeTimeCode()}},
		{Name: "small", About: "a fifth of the cells, at five times the rate", Takes: 2 * time.Second, Parts: []Part{smallTimeCode()}},
	},
}

const (
	spikesOfCell  Quantity = "spikes of an excitatory cell in a trial"
	overTrials    Quantity = "their standard deviation over trials"
	exactlyOne    Quantity = "share of excitatory cells with one spike"
	silentCells   Quantity = "share of silent excitatory cells"
	offGoal       Quantity = "rms of A − 1"
	ofInhibitory  Quantity = "spikes of an inhibitory cell in a trial"
	fixedCells    Quantity = "cells beside those kicked that spike in most trials"
	latency5      Quantity = "5 % of them spike before, ms"
	latency95     Quantity = "95 % of them spike before, ms"
	latencyJitter Quantity = "correlation of latency and jitter"
)

// spikesIn is the mean number of spikes of excitatory cells in a trial.
func spikesIn(trial int) Quantity {
	return Quantity(fmt.Sprintf("spikes of a cell in trial %d", trial))
}

// A scaled is a network that is scaled for so many trials, of which the last are measured.
type scaled struct {
	name         string
	seeds        int
	trials, last int
	rate         float64
	cells        int
	kicked       int
	every        int // trials between points of the curve
	set          func(*spiking.Scaling)
}

const isPresynaptic, isPlain, isNoisy = "presynaptic", "plain", "presynaptic, noise 0.02"

func plain(s *spiking.Scaling) { s.Presynaptic = false }

func (r scaled) open(dev *compute.Device, seeds Seeds) (*nets.Session, error) {
	return nets.Run{
		System: func() nets.System {
			s := spiking.NewScaling()
			if r.set != nil {
				r.set(s)
			}
			return s
		},
		Task:     func() nets.Task { return &tasks.Kick{Cells: r.cells, Kicked: r.kicked} },
		Learners: seeds.N, Seed: seeds.First, Rate: r.rate,
	}.Open(dev)
}

// run makes the trials.
func (r scaled) run(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
	s, err := r.open(dev, seeds)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	f, sums := Figures{}, map[Quantity][]Values{} // of each seed, the trials that are measured
	first := make([][]Values, seeds.N)            // of each seed and cell, the latencies
	for l := range first {
		first[l] = make([]Values, r.cells)
	}
	for trial := 1; trial <= r.trials; trial++ {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := s.Step(ctx); err != nil {
			return nil, err
		}
		m, err := s.Metrics()
		if err != nil {
			return nil, err
		}
		if trial%r.every == 0 {
			f[spikesIn(trial)] = of(m, "spikes", itself)
		}
		if trial <= r.trials-r.last {
			continue
		}
		for q, name := range map[Quantity]string{spikesOfCell: "spikes", exactlyOne: "once", silentCells: "silent", offGoal: "off goal", ofInhibitory: "inhibitory spikes"} {
			sums[q] = append(sums[q], of(m, name, itself))
		}
		if err := r.latencies(s, first); err != nil {
			return nil, err
		}
	}
	for l := range seeds.N {
		for q, all := range sums {
			var each []float64
			for _, v := range all {
				each = append(each, v[l])
			}
			f.add(q, stat.Mean(each, nil))
			if q == spikesOfCell {
				f.add(overTrials, stat.PopStdDev(each, nil))
			}
		}
		r.times(f, first[l])
	}
	return f, nil
}

// latencies adds the latencies of a trial.
func (r scaled) latencies(s *nets.Session, first [][]Values) error {
	at, err := read(s, "excitatory.first")
	if err != nil {
		return err
	}
	set := spiking.NewScaling()
	for l := range first {
		for j := range first[l] {
			if t := at["excitatory.first"][l*r.cells+j]; int(t) < set.Steps {
				first[l][j] = append(first[l][j], float64(int(t)-set.KickAt))
			}
		}
	}
	return nil
}

// times adds what is known of the latencies of a seed: of cells that were not kicked and spiked in most of the trials.
func (r scaled) times(f Figures, first []Values) {
	var mean, jitter []float64
	for _, v := range first[r.kicked:] {
		if len(v) > r.last/2 {
			mean, jitter = append(mean, stat.Mean(v, nil)), append(jitter, stat.PopStdDev(v, nil))
		}
	}
	f.add(fixedCells, float64(len(mean)))
	if len(mean) < 2 {
		for _, q := range []Quantity{latency5, latency95, latencyJitter} {
			f.add(q, math.NaN())
		}
		return
	}
	f.add(latencyJitter, stat.Correlation(mean, jitter, nil))
	slices.Sort(mean)
	f.add(latency5, stat.Quantile(0.05, stat.Empirical, mean, nil))
	f.add(latency95, stat.Quantile(0.95, stat.Empirical, mean, nil))
}

// figure is a run with its figures.
func (r scaled) figure(figures ...Figure) Run {
	return Run{Name: r.name, Make: Program(r.run), Seeds: r.seeds, Figures: figures}
}

// timeCoded are the figures of a network that has learned: the mean number of spikes is 1 ± 0.005 and so on.
func timeCoded(sd, correlation float64) []Figure {
	return []Figure{{What: spikesOfCell, Published: 1, Within: 0.005}, {What: overTrials, Published: sd, Within: 0.01 - sd}, {What: exactlyOne, Published: 1, Within: 0.005},
		none(silentCells), none(offGoal), {What: ofInhibitory, Published: 2, Within: 0.01}, {What: fixedCells, Published: 388, Within: 0.5}, none(latency5), none(latency95),
		{What: latencyJitter, Published: correlation}}
}

func wholeTimeCode() Part {
	whole := func(name string, seeds, trials int, rate float64, set func(*spiking.Scaling)) scaled {
		return scaled{name, seeds, trials, 200, rate, 400, 12, 10, set}
	}
	bursts := func(spikes, sd, within, once, off float64) []Figure {
		return []Figure{{What: spikesOfCell, Published: spikes}, {What: overTrials, Published: sd, Within: within}, {What: exactlyOne, Published: once, Within: 0.1 - once},
			none(silentCells), {What: offGoal, Published: off}, none(ofInhibitory), none(fixedCells)}
	}
	plainFigures := bursts(0.994, 2.54, 0.34, 0.036, 0.15)
	plainFigures[3].Published = 0.84
	presynaptic, noisy := timeCoded(0.0003, 0.38), timeCoded(0.0009, 0.55)
	presynaptic[7].Published, presynaptic[8].Published, presynaptic[8].Within = 2, 16.9, 1.5
	noiseTo := func(s *spiking.Scaling) { s.Noise = 0.02 }
	p := Part{Name: "rules", About: "400 excitatory cells, 12 of them kicked, and 100 inhibitory ones; 1000 trials of 100 ms, plain at a rate of 0.002 3000; figures of the last 200, latencies after the kick",
		Runs: []Run{
			whole(isPresynaptic, 10, 1000, 0.02, nil).figure(presynaptic...),
			whole(isPlain, 10, 1000, 0.02, plain).figure(plainFigures...),
			whole(isNoisy, 10, 1000, 0.02, noiseTo).figure(noisy...),
			whole("presynaptic, rate 0.05", 5, 1000, 0.05, nil).figure(timeCoded(0, unknown)...),
			whole("presynaptic, rate 0.1", 5, 1000, 0.1, nil).figure(timeCoded(0.0002, unknown)...),
			whole("plain, rate 0.002", 5, 3000, 0.002, plain).figure(bursts(1.018, 2.49, 0.4, 0.037, 0.61)...),
		},
		Curve: &Curve{X: "trial", Y: "spikes of an excitatory cell"},
		Check: []Claim{
			{"by the presynaptic rule the mean of each seed is 1 ± 0.005, its standard deviation over trials below 0.01, and 0.995 of the cells spike once", func(rows Rows) bool {
				return rows.all(isPresynaptic, spikesOfCell, func(x float64) bool { return math.Abs(x-1) <= 0.005 }) &&
					rows.all(isPresynaptic, overTrials, func(x float64) bool { return x < 0.01 }) &&
					rows.all(isPresynaptic, exactlyOne, func(x float64) bool { return x >= 0.995 })
			}},
			{"by the plain rule fewer than a tenth of the cells spike once, in every seed, and the mean over trials has a standard deviation of 2.2 to 2.9, over the seeds", func(rows Rows) bool {
				sd := rows.Mean(isPlain, overTrials)
				return rows.all(isPlain, exactlyOne, func(x float64) bool { return x < 0.1 }) && 2.2 <= sd && sd <= 2.9
			}},
			{"later spikes have more jitter: a correlation above 0.2 over the seeds, and above it in each with more noise", func(rows Rows) bool {
				return rows.Mean(isPresynaptic, latencyJitter) > 0.2 && rows.all(isNoisy, latencyJitter, func(x float64) bool { return x > 0.2 })
			}},
		}}
	for t := 10; t <= 1000; t += 10 {
		p.Curve.Points = append(p.Curve.Points, Point{float64(t), spikesIn(t)})
	}
	return p
}

func smallTimeCode() Part {
	few := func(name string, set func(*spiking.Scaling)) scaled {
		return scaled{name, 2, 250, 40, 0.1, 80, 8, 1000, func(s *spiking.Scaling) {
			s.Inhibitory, s.EE, s.EI, s.IE, s.Steps = 20, 0.16, 0.4, 0.4, 60
			if set != nil {
				set(s)
			}
		}}
	}
	return Part{Name: "rules", About: "80 excitatory cells, 8 of them kicked, and 20 inhibitory ones; 250 trials of 60 ms; figures of the last 40",
		Runs: []Run{few(isPresynaptic, nil).figure(none(spikesOfCell), none(overTrials), none(exactlyOne)), few(isPlain, plain).figure(none(spikesOfCell), none(overTrials), none(exactlyOne))},
		Check: []Claim{{"by the presynaptic rule 0.95 of the cells spike once and the mean stays, in every seed, and by the plain one it has bursts", func(rows Rows) bool {
			return rows.all(isPresynaptic, exactlyOne, func(x float64) bool { return x >= 0.95 }) &&
				rows.all(isPresynaptic, overTrials, func(x float64) bool { return x < 0.05 }) && rows.all(isPlain, overTrials, func(x float64) bool { return x > 0.5 })
		}}}}
}
