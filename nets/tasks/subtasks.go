package tasks

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Subtasks is the low-dimensional linear task on which perturbation rules are compared (Züge, Klos, Memmesheimer 2023,
// Phys. Rev. X 13, 021006): a trial uses few of many inputs, and the wanted outputs are linear in them, but for a part
// that cannot be learned.
//
//	x_t,i = √(Length·Inputs/Trial)·b_i(t) for Trial inputs i, drawn for each learner and trial from the first Task; else 0
//	b_i(t) = √(2/Length)·cos(π·i·(t + ½)/Length), b_0 = √(1/Length): orthonormal over t = 0 … Length−1
//	y*_t,k = Weight·Σ_i x_t,i + √(2·Floor·Length/Outputs)·b_Task(t), the same for each output k
//
// So an active input has the mean square Inputs/Trial, no two overlap, and ½·Σ_k (y_k − y*_k)², averaged over t, is
// Floor at best. Package perturb says how fast perturbation rules get there, see perturb.Linear.
//
// A trial is one moment with Length examples, or with InTime Length moments with one. An epoch is a trial. It tests itself.
//
// With Rewarded the task does not show its error: it wants nothing, and rewards the last moment of a trial with −½·Σ_k
// (y_k − y*_k)², averaged over t. Each draw is shown in two trials, so that a learner can compare their rewards.
//
// Metrics: "error", the mean of (y − y*)² over outputs and t.
type Subtasks struct {
	Outputs int     `json:"outputs" toml:"outputs"`
	Inputs  int     `json:"inputs" toml:"inputs"`
	Length  int     `json:"length" toml:"length"`   // of a trial
	Task    int     `json:"task" toml:"task"`       // inputs that any trial has
	Trial   int     `json:"trial" toml:"trial"`     // inputs that one trial has
	Floor   float32 `json:"floor" toml:"floor"`     // half the squared error that remains
	Weight  float32 `json:"weight" toml:"weight"`   // of each input in what is wanted
	InTime  bool    `json:"in_time" toml:"in_time"` // the examples of a trial come one after the other

	Rewarded bool `json:"rewarded" toml:"rewarded"` // no error, but a reward when a trial ends

	basis, rest *compute.Tensor // 1 × Length × Inputs, 1 × Length × 1
	active      *compute.Tensor // learners × 1 × Inputs, 1 or 0
	hidden      *compute.Tensor // the right outputs at a moment, if Rewarded
	earned      *compute.Tensor // learners × 1: the reward of a trial's moments so far, if Rewarded
}

// Check reports a setting that cannot be.
func (s *Subtasks) Check() error {
	finite := func(x float32) bool { return 0 <= x && x < math.MaxFloat32 }
	switch {
	case s.Outputs < 1 || s.Inputs < 1 || s.Length < 1 || s.Task < 1 || s.Trial < 1:
		return fmt.Errorf("subtasks: %d outputs, %d inputs, a length of %d, %d inputs in the task and %d in a trial, want at least 1 of each",
			s.Outputs, s.Inputs, s.Length, s.Task, s.Trial)
	case s.Trial > s.Task:
		return fmt.Errorf("subtasks: %d inputs in a trial and %d in the task, want at most as many", s.Trial, s.Task)
	case s.Task > s.Inputs:
		return fmt.Errorf("subtasks: %d inputs in the task and %d inputs, want at most as many", s.Task, s.Inputs)
	case s.Task > s.Length || s.Task == s.Length && s.Floor > 0:
		return fmt.Errorf("subtasks: %d inputs in the task, which do not overlap, and a length of %d, want at least as long, and longer for a floor above 0",
			s.Task, s.Length)
	case !finite(s.Floor) || !finite(s.Weight):
		return fmt.Errorf("subtasks: floor %g and weight %g, want finite numbers from 0", s.Floor, s.Weight)
	}
	return nil
}

// strength is the mean square of an active input.
func (s *Subtasks) strength() float64 { return float64(s.Inputs) / float64(s.Trial) }

// Build writes the inputs as they are where active.
func (s *Subtasks) Build(store *nets.Store) (nets.Spec, error) {
	n := float64(s.Length)
	b := func(i, t int) float64 {
		norm := math.Sqrt(2 / n)
		if i == 0 {
			norm = math.Sqrt(1 / n)
		}
		return norm * math.Cos(math.Pi*float64(i)*(float64(t)+0.5)/n)
	}
	s.basis = store.FixedBy(func(x []float32) {
		for t := range s.Length {
			for i := range s.Task {
				x[t*s.Inputs+i] = float32(math.Sqrt(n*s.strength()) * b(i, t))
			}
		}
	}, s.Length, s.Inputs)
	s.rest = store.FixedBy(func(rest []float32) {
		for t := range rest {
			rest[t] = float32(math.Sqrt(2*float64(s.Floor)*n/float64(s.Outputs)) * b(s.Task, t))
		}
	}, s.Length, 1)
	s.active = nets.At(store.Scratch(1, s.Inputs), 0)
	if s.Rewarded { // a run may be cut between the two trials of a draw
		s.active, s.earned = store.State("active", nets.Zeros, s.Inputs), store.State("earned", nets.Zeros, 1)
	}
	spec := nets.Spec{In: nets.Row(s.Inputs), Out: s.Outputs, Examples: s.Length, Trial: 1, Epoch: 1, Rewards: s.Rewarded}
	if s.InTime {
		spec.Examples, spec.Trial, spec.Epoch = 1, s.Length, s.Length
	}
	return spec, nil
}

var (
	linear = compute.Formula("weight*x + rest", "x", "rest")

	// A key is from 0 on, −½ of an input that no trial has, and −1 of one that this trial has.
	key    = compute.Formula("where(task - 0.5 - i, old, -0.5)", "i")
	chosen = compute.Formula("where(0.5 - abs(i - best), -1, old)", "i", "best")
	had    = compute.Formula("where(-0.75 - key, 1, 0)", "key")
)

// Show returns a trial or, InTime, a moment of it.
func (s *Subtasks) Show(p *nets.Pass) nets.Moment {
	t, rows, trial := 0, s.Length, p.Number
	if s.InTime {
		t, rows, trial = int(p.Number%uint64(s.Length)), 1, p.Number/uint64(s.Length)
	}
	if t == 0 && !(s.Rewarded && trial%2 == 1) {
		s.choose(p)
	}
	m := nets.Moment{X: p.Tensor(p.Learners, rows, s.Inputs), Want: p.Tensor(p.Learners, rows, s.Outputs), First: t == 0, Last: t == s.Length-rows}
	p.Into(m.X, product, p.View(s.basis, t*s.Inputs, 1, rows, s.Inputs), s.active)
	p.Into(m.Want, linear.With("weight", s.Weight), p.PerExample(nil, m.X), p.View(s.rest, t, 1, rows, 1))
	if s.Rewarded {
		s.hidden, m.Want = m.Want, nil
	}
	return m
}

// choose draws the inputs of a trial: those with the largest of random keys.
func (s *Subtasks) choose(p *nets.Pass) {
	keys, best := p.Tensor(p.Learners, 1, s.Inputs), p.Tensor(p.Learners, 1, 1)
	numbers := p.View(p.Numbers(s.Inputs), 0, 1, 1, s.Inputs)
	p.Random(keys, compute.Uniform(0, 1))
	p.Into(keys, key.With("task", float32(s.Task)), numbers)
	for range s.Trial {
		p.Do(compute.Reduce{Out: best, In: []*compute.Tensor{keys}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
		p.Into(keys, chosen, numbers, best)
	}
	p.Into(s.active, had, keys)
}

var earn = compute.Formula("keep*old - share*e", "e")

// Judge counts the error and, if Rewarded, rewards the trial.
func (s *Subtasks) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	if !s.Rewarded {
		countError(p, m, y)
		return
	}
	m.Want = s.hidden
	countError(p, m, y)
	keep := float32(1)
	if m.First {
		keep = 0
	}
	p.Into(s.earned, earn.With("keep", keep).With("share", 0.5/float32(s.Length)), p.PerLearner(squaredError, 1, y, m.Want))
	if m.Last {
		reward := p.Tensor(p.Learners, y.Rows(), 1) // the same for all examples; it is their mean
		p.Into(reward, same, s.earned)
		p.Reward(reward)
	}
}
