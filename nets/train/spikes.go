package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/safetensors"
)

// SpikeTrains are the spikes of the cells of one learner over trials, example by example.
type SpikeTrains struct {
	Learner  int
	Examples int
	Trials   int
	Of       string       // what was shown, if not the test from its beginning
	Groups   []SpikeGroup // the first is "input" where what is shown, step by step, are spikes
}

// A SpikeGroup is the spikes of a group of cells. A step is a time step of DT ms; trials follow each other.
type SpikeGroup struct {
	Name      string
	N         int       // cells
	DT        float64   // ms
	Trial     int       // steps of a trial
	Steps     int       // of all trials
	Trains    [][][]int // of each example and cell the steps of its spikes, ascending
	Membrane  [][]float32
	Threshold [][]float32 // both of one example: of each cell a number for each step; nil where there are none
}

// InputGroup is the name of the group of what is shown.
const InputGroup = "input"

// ErrNoSpikes is wrapped by the error of a system that has no spiking cells.
var ErrNoSpikes = errors.New("no spikes")

// CellsOf returns the groups of spiking cells of a run, or an error that wraps [ErrNoSpikes].
func CellsOf(s *nets.Session, name string) (all []nets.Cells, err error) {
	if spiker, ok := s.Systems()[0].(nets.Spiker); ok {
		for _, c := range spiker.Cells() {
			if c.Spikes != "" {
				all = append(all, c)
			}
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: the cells of %s do not spike, or it does not say what they do (nets.Spiker)", ErrNoSpikes, name)
	}
	for _, c := range all {
		if c.N < 1 || c.Steps < 1 || !(c.Step > 0) {
			return nil, fmt.Errorf("%s: the group %q is %d cells in %d steps of %g ms, want at least 1, at least 1, and above 0", name, c.Name, c.N, c.Steps, c.Step)
		}
	}
	return all, nil
}

// RecordSpikes records the spikes of a learner on so many trials, or moments where trials have no end, of the system that the
// exam is of, and of one example what its membranes and thresholds do.
func (e Exam) RecordSpikes(ctx context.Context, dev *compute.Device, names *catalogue.Catalogue, trials, learner, example int) (all SpikeTrains, err error) {
	if e.System == "" {
		return all, ConfigError{fmt.Errorf("%w: a network of layers has no cells that spike", ErrNoSpikes)}
	}
	file, err := safetensors.Open(e.Model)
	if err != nil {
		return all, err
	}
	defer file.Close()
	r, err := e.openShown(dev, names, file, &Evaluation{})
	if err != nil {
		return all, err
	}
	defer r.Close()
	show, spec, of, err := e.showing(r.Session, trials)
	if err != nil {
		return all, err
	}
	cells, err := CellsOf(r.Session, e.System)
	if err != nil {
		return all, ConfigError{err}
	}
	to := newSpikeTap(cells, learner, example, show.Moments)
	if show.Tensors, to.Of = to.names, of; spec.Trial > 0 {
		to.Trials = trials
	}
	err = r.Session.Record(ctx, show, func(m nets.Recorded) error {
		l := learner - m.First
		if l < 0 || l >= m.Learners {
			return nil
		}
		tensors, n, err := to.of(m, l, r.Session.Spec.Examples)
		if err != nil {
			return err
		}
		if example < 0 || example >= n {
			return ConfigError{fmt.Errorf("example %d, want 0 to %d: of a batch there are spikes of %d", example, n-1, n)}
		}
		cols := len(m.X) / (m.Learners * m.Examples)
		to.add(m.X[l*m.Examples*cols:][:n*cols], tensors, n)
		return nil
	})
	return to.done(), err
}

// A spikeTap collects the spikes of a learner, moment by moment.
type spikeTap struct {
	SpikeTrains
	cells   []nets.Cells
	example int
	moments int
	names   []string // of tensors
	each    []int    // numbers of an example in each
	at      [][3]int // of each group the places in names of spikes, membrane and threshold; −1: none
	step    []int    // of each group the steps so far
	inputs  bool     // what is shown are spikes so far
}

// newSpikeTap prepares for so many moments of a learner.
func newSpikeTap(cells []nets.Cells, learner, example, moments int) *spikeTap {
	t := &spikeTap{SpikeTrains: SpikeTrains{Learner: learner, Trials: 1}, cells: cells, example: example, moments: moments, inputs: cells[0].Steps == 1}
	for _, c := range cells {
		at := [3]int{-1, -1, -1}
		for i, name := range []string{c.Spikes, c.Membrane, c.Threshold} {
			if name != "" {
				at[i], t.names, t.each = len(t.names), append(t.names, name), append(t.each, c.Steps*c.N)
			}
		}
		t.at = append(t.at, at)
	}
	t.step = make([]int, len(cells)+1)
	return t
}

// of returns the tensors of a learner of a moment, and how many examples they are of: those of the moment, which come first
// where there is room for most, or fewer if a system keeps the spikes of fewer.
func (t *spikeTap) of(m nets.Recorded, l, most int) (tensors [][]float32, examples int, err error) {
	examples = m.Examples
	for i, x := range m.Tensors {
		each := len(x) / m.Learners
		rows := each / t.each[i]
		if rows*t.each[i] != each || rows == 0 {
			return nil, 0, fmt.Errorf("%s is %d numbers, want examples × %d, the cells of all steps of a moment", t.names[i], each, t.each[i])
		}
		if rows == most {
			each = t.each[i] * m.Examples
		}
		examples = min(examples, rows)
		tensors = append(tensors, x[l*each:][:each])
	}
	return tensors, examples, nil
}

// begin makes room.
func (t *spikeTap) begin(inputs, examples int) {
	t.Examples = examples
	group := func(c nets.Cells) SpikeGroup {
		g := SpikeGroup{Name: c.Name, N: c.N, DT: c.Step, Steps: t.moments * c.Steps, Trial: t.moments * c.Steps / t.Trials, Trains: make([][][]int, examples)}
		for i := range g.Trains {
			g.Trains[i] = make([][]int, g.N)
		}
		return g
	}
	t.Groups = append(t.Groups, group(nets.Cells{Name: InputGroup, N: inputs, Steps: 1, Step: t.cells[0].Step}))
	for i, c := range t.cells {
		g := group(c)
		for k, to := range []*[][]float32{&g.Membrane, &g.Threshold} {
			if t.at[i][k+1] >= 0 {
				*to = make([][]float32, c.N)
			}
		}
		t.Groups = append(t.Groups, g)
	}
}

// add takes a moment: what is shown, examples × numbers, and the tensors of the learner, of as many examples.
func (t *spikeTap) add(x []float32, tensors [][]float32, examples int) {
	if t.Groups == nil {
		t.begin(len(x)/examples, examples)
	}
	examples = min(examples, t.Examples)
	t.inputs = t.inputs && !slices.ContainsFunc(x, func(v float32) bool { return v != 0 && v != 1 })
	if t.inputs {
		t.Groups[0].add(x, t.step[0], 1, examples)
	}
	t.step[0]++
	for i, c := range t.cells {
		g := &t.Groups[i+1]
		g.add(tensors[t.at[i][0]], t.step[i+1], c.Steps, examples)
		for k, to := range [][][]float32{g.Membrane, g.Threshold} {
			if to == nil || t.example >= examples {
				continue
			}
			of := tensors[t.at[i][k+1]][t.example*c.Steps*c.N:]
			for s := range c.Steps {
				for cell := range c.N {
					to[cell] = append(to[cell], of[s*c.N+cell])
				}
			}
		}
		t.step[i+1] += c.Steps
	}
}

// add takes spikes, examples × steps × cells, from a step on.
func (g *SpikeGroup) add(x []float32, from, steps, examples int) {
	for i, v := range x[:examples*steps*g.N] {
		if v != 0 {
			at := &g.Trains[i/(steps*g.N)][i%g.N]
			*at = append(*at, from+i/g.N%steps)
		}
	}
}

// done returns what was collected.
func (t *spikeTap) done() SpikeTrains {
	all := t.SpikeTrains
	if len(all.Groups) > 0 && (!t.inputs || all.Groups[0].N == 0) {
		all.Groups = all.Groups[1:]
	}
	return all
}

// A SpikeCount is what a group of cells did, over all examples and trials.
type SpikeCount struct {
	Group    string       `json:"group"`
	Cells    int          `json:"cells"`
	Min      float64      `json:"rate_min"` // Hz, over cells, as the next three
	Median   float64      `json:"rate_median"`
	Max      float64      `json:"rate_max"`
	Mean     float64      `json:"rate_mean"`
	CV       float.OrNull `json:"isi_cv"`   // standard deviation of the intervals between spikes over their mean, a mean over cells with two or more
	Silent   []int        `json:"silent"`   // cells that never spike
	Bursting []int        `json:"bursting"` // cells of which half of the spikes or more are in bursts
	Rates    []float64    `json:"-"`        // of each cell
}

// Count counts the spikes of a group. A burst is three spikes or more, each within so many ms of the one before.
func (g SpikeGroup) Count(burst float64) SpikeCount {
	c := SpikeCount{Group: g.Name, Cells: g.N, Rates: make([]float64, g.N), CV: float.OrNull(math.NaN()), Silent: []int{}, Bursting: []int{}}
	seconds := float64(len(g.Trains)*g.Steps) * g.DT / 1000
	cv, irregular := 0.0, 0.0
	for cell := range g.N {
		spikes, inBursts := 0, 0
		var intervals []float64
		for _, trains := range g.Trains {
			spikes += len(trains[cell])
			for trial := range g.trials(trains[cell]) {
				inBursts += bursts(trial, burst/g.DT)
				for i := 1; i < len(trial); i++ {
					intervals = append(intervals, float64(trial[i]-trial[i-1]))
				}
			}
		}
		if c.Rates[cell] = float64(spikes) / seconds; spikes == 0 {
			c.Silent = append(c.Silent, cell)
		} else if 2*inBursts >= spikes {
			c.Bursting = append(c.Bursting, cell)
		}
		if len(intervals) > 1 {
			cv, irregular = cv+variation(intervals), irregular+1
		}
	}
	if irregular > 0 {
		c.CV = float.OrNull(cv / irregular)
	}
	sorted := slices.Sorted(slices.Values(c.Rates))
	c.Min, c.Max = sorted[0], sorted[g.N-1]
	c.Median = (sorted[(g.N-1)/2] + sorted[g.N/2]) / 2
	for _, r := range sorted {
		c.Mean += r / float64(g.N)
	}
	return c
}

// trials yields the spikes of each trial.
func (g SpikeGroup) trials(train []int) func(func([]int) bool) {
	return func(yield func([]int) bool) {
		for len(train) > 0 {
			end := slices.IndexFunc(train, func(s int) bool { return s/g.Trial != train[0]/g.Trial })
			if end < 0 {
				end = len(train)
			}
			if !yield(train[:end]) {
				return
			}
			train = train[end:]
		}
	}
}

// bursts counts the spikes of a train that are in bursts, with at most so many steps from one to the next.
func bursts(train []int, within float64) (n int) {
	for first, i := 0, 1; i <= len(train); i++ {
		if i < len(train) && float64(train[i]-train[i-1]) <= within {
			continue
		}
		if i-first >= 3 {
			n += i - first
		}
		first = i
	}
	return n
}

// variation is the coefficient of variation.
func variation(x []float64) float64 {
	mean, squares := 0.0, 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		squares += (v - mean) * (v - mean) / float64(len(x))
	}
	return math.Sqrt(squares) / mean
}

// PSTH returns the rate in Hz of a mean cell over the time of a trial, in bins of so many steps, over all examples and
// trials; the last bin may be shorter.
func (g SpikeGroup) PSTH(bin int) []float64 {
	rates := make([]float64, (g.Trial-1)/bin+1)
	for _, cells := range g.Trains {
		for _, train := range cells {
			for _, s := range train {
				rates[s%g.Trial/bin]++
			}
		}
	}
	for i := range rates {
		steps := min(bin, g.Trial-i*bin)
		rates[i] /= float64(len(g.Trains)*g.N*(g.Steps/g.Trial)*steps) * g.DT / 1000
	}
	return rates
}

// SpikeOrders are the orders of cells: by number, by the first spike of an example, or by rate, the highest first.
var SpikeOrders = []string{"number", "first", "rate"}

// Order returns the cells in one of SpikeOrders; equal ones stay in the order of their numbers. By first spike or rate it
// returns those alone that spike in the example, unless none does.
func (g SpikeGroup) Order(by string, example int) []int {
	order, key := make([]int, g.N), make([]int, g.N)
	for cell := range order {
		order[cell] = cell
		switch train := g.Trains[example][cell]; {
		case by == "first" && len(train) == 0:
			key[cell] = g.Steps
		case by == "first":
			key[cell] = train[0]
		case by == "rate":
			for _, trains := range g.Trains {
				key[cell] -= len(trains[cell])
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return key[a] - key[b] })
	if by == SpikeOrders[0] {
		return order
	}
	active := slices.DeleteFunc(slices.Clone(order), func(cell int) bool { return len(g.Trains[example][cell]) == 0 })
	if len(active) == 0 {
		return order
	}
	return active
}

// Evenly returns at most n of the cells, evenly apart.
func Evenly(cells []int, n int) []int {
	if len(cells) <= n {
		return cells
	}
	few := make([]int, n)
	for i := range few {
		few[i] = cells[i*len(cells)/n]
	}
	return few
}
