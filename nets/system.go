package nets

import (
	"errors"
	"fmt"

	"hebb/compute"
)

// A System is a model with its learning rule. It processes one moment at a time. A Run makes a fresh one for each build.
type System interface {
	// Build allocates the tensors of the system in s, for moments that spec describes. It is called on two fresh systems:
	// first on a device that computes nothing, to learn how much memory is needed, then on the real one.
	Build(s *Store, spec Spec) error

	// Step returns the system's predictions for a moment and, if p.Learning, learns from it. Otherwise it changes no weights
	// and no tensor of [Store.Kept].
	Step(p *Pass, m Moment) (answer *compute.Tensor)
}

// A Task gives a system its inputs and labels or targets, and scores its answers.
type Task interface {
	// Build allocates the tensors of the task in s, if it has any, and describes its moments.
	Build(s *Store) (Spec, error)

	// Show returns moment p.Number. It depends on the seed, p.Number and the Store alone.
	Show(p *Pass) Moment

	// Judge scores the answer to a moment with [Pass.Count], and may reward it with [Pass.Reward].
	Judge(p *Pass, m Moment, answer *compute.Tensor)
}

// A Moment is one time step of a batch. A labelled batch is a trial of one moment, a batch of sequences a trial of many.
type Moment struct {
	// X is the inputs, learners × examples × numbers, or of 1 learner for all if it does not depend on the seed.
	X *compute.Tensor
	// Want is the targets, learners × examples × Spec.Out, or the class labels, learners × examples × 1; of 1 learner for all
	// as X. It is nil where there are none.
	Want *compute.Tensor
	// Mask is learners × examples × 1, 0 for examples that are not to be learned from or scored; nil is all ones.
	Mask *compute.Tensor
	// First and Last mark the first and the last moment of a trial, for all examples alike.
	First, Last bool
	// Begin, learners × examples × 1, or of 1 learner for all, is 1 for examples whose trial begins with this moment, where
	// trials begin at moments of their own, and else 0; nil means that First says it of all. See [Pass.Begin].
	Begin *compute.Tensor
	// Control is Spec.Controls numbers that the task sets in a system, alike for all learners: which of its parts are inhibited
	// in this moment, or learn.
	Control []float32
}

// Examples returns the number of examples of each learner.
func (m Moment) Examples() int { return m.X.Rows() }

// A Spec describes the moments that a task shows.
type Spec struct {
	In       Shape `json:"in"`       // of an example of X
	Out      int   `json:"out"`      // targets of an example, or the number of classes
	Classes  bool  `json:"classes"`  // Want is class labels, from 0
	Examples int   `json:"examples"` // of the largest batch, of each learner
	Batch    int   `json:"-"`        // examples of the largest batch of training, of each learner, set by the Run
	Trial    int   `json:"trial"`    // moments of the longest trial; 0: without end
	Epoch    int   `json:"epoch"`    // moments of an epoch, which is the length of an evaluation; 0: no epochs
	Total    int   `json:"total"`    // moments of the whole run, set by the Run

	// Controls is how many numbers of control a moment has, for systems that know what they mean.
	Controls int `json:"controls,omitempty"`

	// Third says that the last number of X is a third factor: it says when the input matters.
	Third bool `json:"third,omitempty"`
	// Same says that all moments of training show the same examples, so that a system can keep what it made of them.
	Same bool `json:"same,omitempty"`
	// Rewards says that the task wants nothing and rewards answers of Out numbers, see [Pass.Reward].
	Rewards bool `json:"rewards,omitempty"`
}

func (s Spec) check() error {
	switch {
	case s.In.Len() < 1 || s.Out < 0 || s.Examples < 1:
		return fmt.Errorf("nets: the task shows %d examples of %v and wants %d numbers, want at least 1, 1 and 0", s.Examples, s.In, s.Out)
	case s.Trial < 0 || s.Epoch < 0 || s.Controls < 0:
		return fmt.Errorf("nets: the task has trials of %d moments, epochs of %d and %d controls, want at least 0", s.Trial, s.Epoch, s.Controls)
	case s.Classes && s.Out < 1:
		return fmt.Errorf("nets: the task has %d classes, want at least 1", s.Out)
	}
	return nil
}

// fits reports a moment that does not match the Spec.
func (s Spec) fits(m Moment, learners int) error {
	if m.X == nil {
		return errors.New("nets: the task showed a moment without X")
	}
	wide := func(name string, t *compute.Tensor, cols int) error {
		if t == nil {
			return nil
		}
		if b := t.Batch(); (b != learners && b != 1) || t.Rows() != m.X.Rows() || t.Cols() != cols {
			return fmt.Errorf("nets: the task showed %s%v, want [%d %d %d], learners × examples × numbers, or 1 learner for all",
				name, t, learners, m.X.Rows(), cols)
		}
		return nil
	}
	if err := wide("X", m.X, s.In.Len()); err != nil {
		return err
	}
	out := s.Out
	if s.Classes {
		out = 1
	}
	if err := errors.Join(wide("Want", m.Want, out), wide("Mask", m.Mask, 1), wide("Begin", m.Begin, 1)); err != nil {
		return err
	}
	if len(m.Control) != s.Controls {
		return fmt.Errorf("nets: the task showed %d controls, and its Spec promised %d", len(m.Control), s.Controls)
	}
	if n := m.Examples(); n > s.Examples {
		return fmt.Errorf("nets: the task showed %d examples, and its Spec promised at most %d", n, s.Examples)
	}
	return nil
}

// Optional interfaces of a System or a Task, whose methods a Run calls.
type (
	// A Starter is a System whose initial values need ops: Start is called after Build, before the first moment.
	Starter interface{ Start(p *Pass) }

	// A Settler is a System with a Settle method, which runs before each evaluation and checkpoint. It may read from the
	// device.
	Settler interface{ Settle(p *Pass) error }

	// A Betweener is a System with host work between trials, such as adding units: Between runs after the last moment of each
	// trial that is learned from, or after each such moment where trials have no end, before any evaluation or checkpoint. It
	// may read from the device, which waits for it, and write to weights. A system that grows has room for the most units and
	// a Kept mask, learners × 1 × units, of those there are, so that each learner grows when it has to.
	Betweener interface{ Between(p *Pass) error }

	// A Rewarded is a System that learns from rewards, learners × examples × 1: [Pass.Reward] calls it, within the moment.
	Rewarded interface {
		Reward(p *Pass, reward *compute.Tensor)
	}

	// An Explainer is a System that describes a fault code, see [Pass.Fault].
	Explainer interface {
		Explain(name string, code float32) error
	}

	// A Diagnoser is a System that finds the first activity with NaN or Inf when a moment is shown again. The function that it
	// returns is called after the ops have run.
	Diagnoser interface {
		Diagnose(p *Pass, m Moment) (found func() error)
	}

	// A Comparer is a System that compares its deltas and feedback weights with backprop's, layer by layer, on a moment that it
	// does not learn from. The function that it returns is called after the ops have run.
	Comparer interface {
		Compare(p *Pass, m Moment) (angles func() []Angle)
	}

	// A Spiker is a System of cells that spike: it names the tensors that show what they do, for rasters and traces.
	Spiker interface{ Cells() []Cells }

	// A Checker is a System or a Task that reports invalid settings before Build.
	Checker interface{ Check() error }

	// A Closer is a Task that holds resources, such as files or goroutines.
	Closer interface{ Close() error }
)

// Cells are a group of spiking cells, with the names of State tensors that hold, after a moment, what the cells did in it:
// examples × cells, or examples × (steps·cells) where a moment has several time steps; the examples may be the first alone. A
// name is "" where there is none.
type Cells struct {
	Name      string  // "excitatory"
	N         int     // cells
	Steps     int     // time steps of a moment
	Step      float64 // ms
	Spikes    string  // 1 for a spike, else 0
	Membrane  string  // in the unit of Threshold
	Threshold string
}

// ErrAlone is wrapped, with the reason, by the error of a System's Build that supports one learner only. The learners of such
// a system take turns, each with a System, a Task and a Store of its own. Build returns it where s.Learners is above 1.
var ErrAlone = errors.New("learners take turns")

// A FewError reports a batch, or a part of one, that has fewer examples than a system can learn from.
type FewError struct {
	Examples, Least int
	By              string // what wants more: "rule", "loss" or a layer
}

func (e FewError) Error() string {
	return fmt.Sprintf("nets: a batch of %d examples, and this %s learns from %d at least", e.Examples, e.By, e.Least)
}

// Timed is a [Task] whose moments last so many ms, which are to be as many to the cells of a [Spiker].
type Timed interface{ Milliseconds() float64 }

// ErrMemory is wrapped where a run would need more memory than is free.
var ErrMemory = compute.ErrMemory

// ErrDiverged is wrapped where a loss or weights have NaN or Inf.
var ErrDiverged = errors.New("training diverged")

// ErrFinished is wrapped by an [Explainer]'s error if the code means that a learner has come to its end with nothing
// wrong. The learner is not lost, and a run ends when all of its learners are finished or lost, see [Session.Ended].
var ErrFinished = errors.New("finished")

// ErrFault is wrapped where a system reported a fault from the device, see [Pass.Fault].
var ErrFault = errors.New("cannot go on")
