package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"hebb/compute"
	"hebb/internal/count"
	"hebb/internal/memory"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/safetensors"
)

// A Recording is what a system of a run did on trials of a task, without learning from them.
type Recording struct {
	Spec      nets.Spec
	Learners  int
	Moments   int
	Examples  int      // of the largest batch
	Begins    []bool   // whether a trial begins, of each moment
	Inputs    Recorded // learners × moments × examples × numbers, as the next three
	Answers   Recorded
	Wanted    Recorded // NaN where nothing is wanted, and of examples that are masked; class numbers of classes
	Tensors   []Recorded
	Evaluated Evaluation // what it was of
	Of        string     // what was shown, if not the test from its beginning
}

// A Recorded is an array of a [Recording].
type Recorded struct {
	Name   string
	Shape  []int // of a learner and, over time, a moment; its first axis is the examples if Each
	Each   bool  // has an axis of examples
	Over   bool  // has an axis of moments: weights, which do not change, have none
	Values []float32
}

// At returns the numbers of a learner at a moment, which is of no account of what does not change.
func (r Recorded) At(learner, moment, moments int) []float32 {
	n := product(r.Shape)
	if r.Over {
		return r.Values[(learner*moments+moment)*n:][:n]
	}
	return r.Values[learner*n:][:n]
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// ErrTensor is wrapped by the error of a name that no tensor of a system has.
var ErrTensor = errors.New("no such tensor")

// A recorder fills a Recording.
type recorder struct {
	*Recording
	named []nets.Named // of Tensors
}

// RecordTrials records so many trials of the system that the exam is of, its activities and the tensors of these names: State
// over the moments, weights as they are. Activities are State tensors that are examples × units, with a name of one part.
func (e Exam) RecordTrials(ctx context.Context, dev *compute.Device, names *catalogue.Catalogue, trials int, tensors []string) (rec Recording, err error) {
	v := Evaluation{System: e.System, Task: e.Task, Model: e.Model, Step: e.Step, Part: e.Part}
	if e.System == "" {
		return rec, ConfigError{errors.New("a recording is of a system and its moments, and a network has none: want features, predict or weights")}
	}
	file, err := safetensors.Open(e.Model)
	if err != nil {
		return rec, err
	}
	defer file.Close()
	r, err := e.openShown(dev, names, file, &v)
	if err != nil {
		return rec, err
	}
	defer r.Close()
	show, spec, of, err := e.showing(r.Session, trials)
	if err != nil {
		return rec, err
	}
	rec = Recording{Spec: spec, Learners: r.Session.Learners, Moments: show.Moments, Evaluated: v, Of: of}
	to := recorder{Recording: &rec}
	if err := to.choose(r.Session, tensors); err != nil {
		return rec, err
	}
	for _, n := range to.named {
		show.Tensors = append(show.Tensors, n.Name)
	}
	return rec, r.Session.Record(ctx, show, to.add)
}

// showing returns what a recording of so many trials shows, and says what that is, if not the test from its beginning: the
// training task, if the exam asks for it or there is no test, or a later trial.
func (e Exam) showing(s *nets.Session, trials int) (show nets.Showing, spec nets.Spec, of string, err error) {
	task, part := s.Test, "a test"
	switch {
	case s.Test == nil:
		of = "the training task, since it has no test"
	case e.Part == "train" && e.Task != SequencesTask: // whose training part is the test of the session
		of = "the training task"
	}
	if show.Training = of != ""; show.Training {
		task, part = s.Task, "the training"
	}
	if spec, err = described(s, task); err != nil {
		return show, spec, of, err
	}
	moments := spec.Epoch
	if show.Training {
		moments = s.Total()
	}
	trial, unit, each := max(1, spec.Trial), "trial", ""
	if spec.Trial == 0 {
		unit = "moment"
	} else if spec.Trial > 1 {
		each = " of " + count.Of(trial, "moment")
	}
	all := moments / trial
	if e.From < 0 || e.From >= all && e.From > 0 {
		return show, spec, of, ConfigError{fmt.Errorf("a recording from %s %d on, want 0 to %d, those of %s", unit, e.From, all-1, part)}
	}
	if trials < 1 || trials > all-e.From {
		return show, spec, of, ConfigError{fmt.Errorf("%s%s, want 1 to %d, those of %s", count.Of(trials, unit), each, all-e.From, part)}
	}
	if e.From > 0 {
		of = fmt.Sprintf("%s, from %s %d on", cmp.Or(of, "the test"), unit, e.From)
	}
	show.From, show.Moments = e.From*trial, trials*trial
	return show, spec, of, nil
}

// tested describes the moments of the test task.
func tested(s *nets.Session) (nets.Spec, error) { return described(s, s.Test) }

func described(s *nets.Session, task func() nets.Task) (spec nets.Spec, err error) {
	_, err = nets.Open(compute.New(&compute.Stage{Of: s.Device().Info()}), 1, s.Seed, func(store *nets.Store) error {
		spec, err = task().Build(store)
		return err
	})
	return spec, err
}

// choose finds the tensors to record: those with a name, and activities.
func (r *recorder) choose(s *nets.Session, wanted []string) error {
	var all []string
	of := map[string]nets.Named{}
	for _, n := range s.Tensors() {
		if strings.HasPrefix(n.Name, "task.") {
			continue
		}
		all, of[n.Name] = append(all, n.Name), n
		if a := r.array(n, s.Spec.Examples); n.Role == nets.State && a.Each && len(a.Shape) == 2 && !strings.Contains(n.Name, ".") && !slices.Contains(wanted, n.Name) {
			r.named = append(r.named, n)
		}
	}
	for _, name := range wanted {
		n, ok := of[name]
		if !ok {
			return ConfigError{fmt.Errorf("%w: %s, want one of %s", ErrTensor, name, strings.Join(all, ", "))}
		}
		r.named = append(r.named, n)
	}
	r.Examples = s.Spec.Examples // of training too; less where the test has fewer, which the first moment says
	for _, n := range r.named {
		r.Tensors = append(r.Tensors, r.array(n, s.Spec.Examples))
	}
	return nil
}

// array describes how a tensor is recorded. State of so many examples, or of several rows for each, has them as its first axis.
func (r *recorder) array(n nets.Named, examples int) Recorded {
	a := Recorded{Name: n.Name, Shape: slices.Clone(n.Shape), Over: n.Role == nets.State}
	if first := n.Shape[0]; a.Over && len(n.Shape) > 1 && first%examples == 0 {
		a.Each = true
		if a.Shape[0] = examples; first > examples {
			a.Shape = slices.Insert(a.Shape, 1, first/examples)
		}
	}
	return a
}

// available is memory.Available.
var available = memory.Available

// begin makes room, when the first moment says how many examples there are.
func (r *recorder) begin(m nets.Recorded) error {
	r.Examples, r.Begins = m.Examples, make([]bool, r.Moments)
	out := r.Spec.Out
	if r.Spec.Classes {
		out = 1
	}
	r.Inputs = Recorded{Name: "x", Shape: []int{m.Examples, r.Spec.In.Len()}, Each: true, Over: true}
	answers := len(m.Answer) / (m.Learners * m.Examples) // which need not be what is wanted
	r.Answers = Recorded{Name: "answer", Shape: []int{m.Examples, answers}, Each: true, Over: true}
	r.Wanted = Recorded{Name: "wanted", Shape: []int{m.Examples, out}, Each: true, Over: true}
	sizes, all := make([]int, len(r.arrays())), 0
	for i, a := range r.arrays() {
		if a.Each {
			a.Shape[0] = m.Examples
		}
		if sizes[i] = r.Learners * product(a.Shape); a.Over {
			sizes[i] *= r.Moments
		}
		all += sizes[i]
	}
	if free, ok := available(); ok && 4*int64(all) > int64(free)/2 {
		return fmt.Errorf("%w: the recording is %d MiB, and %d are free; want fewer trials or tensors", nets.ErrMemory, 4*all>>20, free>>20)
	}
	for i, a := range r.arrays() {
		a.Values = make([]float32, sizes[i])
		for k := range a.Values {
			a.Values[k] = float32(math.NaN())
		}
	}
	return nil
}

// arrays are all of the recording.
func (r *Recording) arrays() []*Recorded {
	all := []*Recorded{&r.Inputs, &r.Answers, &r.Wanted}
	for i := range r.Tensors {
		all = append(all, &r.Tensors[i])
	}
	return all
}

// Arrays returns all arrays of the recording that have numbers.
func (r *Recording) Arrays() (all []Recorded) {
	for _, a := range r.arrays() {
		if len(a.Values) > 0 {
			all = append(all, *a)
		}
	}
	return all
}

// add takes a moment of some learners.
func (r *recorder) add(m nets.Recorded) error {
	if r.Begins == nil {
		if err := r.begin(m); err != nil {
			return err
		}
	}
	r.Begins[m.Moment] = m.Begins
	wanted := slices.Clone(m.Want)
	for i := range wanted {
		if cols := len(wanted) / (m.Learners * m.Examples); m.Mask != nil && m.Mask[i/cols] == 0 {
			wanted[i] = float32(math.NaN())
		}
	}
	for i, values := range append([][]float32{m.X, m.Answer, wanted}, m.Tensors...) {
		a := r.arrays()[i]
		n, each := product(a.Shape), product(a.Shape)
		if a.Each {
			each = n / a.Shape[0] * m.Examples // of a last batch, which may be smaller
		}
		for l := 0; l < m.Learners && len(values) > 0; l++ {
			copy(a.At(m.First+l, m.Moment, r.Moments)[:each], values[l*each:])
		}
	}
	return nil
}

// A Prediction is the answer to an example of sequences at a moment at which it wants something: a class number or numbers.
type Prediction struct {
	Example, Moment int
	Want, Answer    []float32
}

// Predict returns what the system of a learner predicts for the sequences that the exam is of, in their order.
func (e Exam) Predict(ctx context.Context, dev *compute.Device, names *catalogue.Catalogue, learner int) (all []Prediction, v Evaluation, err error) {
	v = Evaluation{System: e.System, Task: e.Task, Model: e.Model, Step: e.Step, Part: e.Part}
	file, err := safetensors.Open(e.Model)
	if err != nil {
		return nil, v, err
	}
	defer file.Close()
	r, err := e.openSystem(dev, names, file, &v)
	if err != nil {
		return nil, v, err
	}
	defer r.Close()
	spec, err := tested(r.Session)
	if err != nil {
		return nil, v, err
	}
	err = r.Session.Record(ctx, nets.Showing{Moments: spec.Epoch}, func(m nets.Recorded) error {
		l := learner - m.First
		if m.Want == nil || l < 0 || l >= m.Learners {
			return nil
		}
		for i := range m.Examples {
			row := l*m.Examples + i
			of := func(x []float32) []float32 {
				n := len(x) / (m.Learners * m.Examples)
				return x[row*n:][:n]
			}
			if m.Mask == nil || m.Mask[row] == 1 {
				all = append(all, Prediction{m.Moment/spec.Trial*spec.Examples + i, m.Moment % spec.Trial, of(m.Want), of(m.Answer)})
			}
		}
		return nil
	})
	slices.SortStableFunc(all, func(a, b Prediction) int { return a.Example - b.Example })
	return all, v, err
}
