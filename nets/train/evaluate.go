package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/data"
	"hebb/nets/safetensors"
	"hebb/nets/stack"
	"hebb/nets/tasks"
)

// LastModel returns the weights that the last checkpoint of a run holds, and after how many steps it was made.
func LastModel(dir string) (path string, step int, err error) {
	all, err := Models(dir)
	if err != nil {
		return "", 0, err
	}
	if len(all) == 0 {
		return "", 0, fmt.Errorf("%s has no checkpoint yet", dir)
	}
	last := all[len(all)-1]
	return last.Path, last.Step, nil
}

// A Model is the weights of a checkpoint of a run.
type Model struct {
	Path string
	Step int // after which it was made
}

// Models returns the weights of all checkpoints that a run has, the last one last.
func Models(dir string) (models []Model, err error) {
	all, err := list(filepath.Join(dir, CheckpointsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, c := range all {
		models = append(models, Model{filepath.Join(c.path, ModelFile), c.step})
	}
	return models, nil
}

// An Exam says which trained network to evaluate, and on what.
type Exam struct {
	// Config is how the network was trained. Classes, sizes and normalisation are those that its model file says or, of an
	// older one, those of its Data.
	Config
	Record  Record       // of its run, if there is one, which knows where the data lay
	Model   string       // file of its weights: of a checkpoint, or of PyTorch
	Step    int          // after which they were saved; 0 where that is not known
	On      string       // data to evaluate on; "" is Config.Data
	Reading data.Options // how On is read, where that is not as Config says
	Part    string       // of them: "test" or "train"; of a recording of another task the task that is shown
	From    int          // of a recording: the first trial, from 0; the first moment, where trials have no end
	Table   bool         // say which classes are taken for which: a second pass over each batch
	First   int          // evaluate on so many examples, see [data.Set.Few]; 0: all
	Layer   string       // whose output See gets, see [stack.Net.Layers]
	Census  bool         // count what all layers do, see [Activity]
	// See, if there is one, gets what each network makes of each batch, learner by learner or batch by batch.
	See func(Sight) error

	Shift  data.Shift    // of every image
	Rotate data.Rotation // of every image
	Turns  uint64        // seed of what Rotate draws: the same images for every network
}

// An Evaluation is how a network does.
type Evaluation struct {
	Net    string `json:"net,omitempty"`
	System string `json:"system,omitempty"`
	Task   string `json:"task,omitempty"`
	Model  string `json:"model"`
	Step   int    `json:"step,omitempty"`
	Data   string `json:"data,omitempty"` // where they were found
	Part   string `json:"part"`
	Score
	TopFive   *float64                  `json:"top5,omitempty"`     // share of examples whose class is among the five largest outputs, of more than five
	Metrics   map[string]float64        `json:"metrics,omitempty"`  // of a system: all by name, means over the learners
	Learners  map[string][]float.OrNull `json:"learners,omitempty"` // of each learner, where there are several
	Shift     data.Shift                `json:"shift,omitzero"`
	Rotated   float64                   `json:"rotated,omitempty"`        // by so many degrees
	Within    float64                   `json:"rotated_within,omitempty"` // and by as many as this, at random
	Seconds   float64                   `json:"seconds"`
	Classes   []string                  `json:"classes,omitempty"`
	Confusion [][]int                   `json:"confusion,omitempty"` // examples by class, in rows, and by what they are taken for
	Layers    [][]Activity              `json:"layers,omitempty"`    // of each learner, in the order of the forward pass
	Note      string                    `json:"note,omitempty"`      // what the reader should know
	Notes     []string                  `json:"notes,omitempty"`     // of the data, see data.Set
}

// A Score is the mean loss and the share of hits over so many examples.
type Score = stack.Score

// Evaluate evaluates a network on dev. It calls tell, if there is one, after each batch with the examples done so
// far, of a total.
func Evaluate(ctx context.Context, dev *compute.Device, names *catalogue.Catalogue, e Exam, tell func(done, total int)) (Evaluation, error) {
	file, err := safetensors.Open(e.Model) // of a run that goes on, it may be removed meanwhile, and is still read
	if err != nil {
		return Evaluation{}, err
	}
	defer file.Close()
	if e.System != "" {
		return e.system(ctx, dev, names, file, tell)
	}
	if e.On == e.Data {
		e.On = ""
	}
	v := Evaluation{Net: e.Net, Model: e.Model, Step: e.Step, Part: e.Part, Shift: e.Shift, Rotated: e.Rotate.Degrees, Within: e.Rotate.Within}
	loss, err := names.Loss(e.Loss)
	if err != nil {
		return v, err
	}
	if !slices.Contains(data.Normalisations, e.Normalise) {
		return v, fmt.Errorf("normalise %q, want one of %s", e.Normalise, strings.Join(data.Normalisations, ", "))
	}
	normalise, on, err := e.sets(file, &v)
	if err != nil {
		return v, err
	}
	part, drawn := on.Few(on.Test, e.First) // of the part that sets has made the one to evaluate on
	if drawn {
		v.note("%s is in the order of its classes: the %d examples are drawn from all of them", v.Data, e.First)
	}
	_, o := e.loaders(normalise)
	o.Shift, o.Rotate, o.Seed = e.Shift, e.Rotate, e.Turns
	eye := &eye{exam: e, of: &v}
	watched := func() nets.Task { return &watched{Images: tasks.Images{Set: on, Part: part, Options: o}, eye: eye} }
	if e.Table || e.See != nil {
		v.Classes = on.ClassNames
	}
	if e.Table {
		v.Confusion = make([][]int, on.Classes)
		for i := range v.Confusion {
			v.Confusion[i] = make([]int, on.Classes)
		}
	}
	r, err := e.open(dev, names, loss, file, watched)
	if err != nil {
		return v, err
	}
	defer r.Close()
	if eye.nets, err = r.watchLayer(e.Layer); err != nil {
		return v, err
	}
	var activities func() [][]Activity
	if e.Census {
		activities = takeCensus(eye.nets, e.Learners)
	}
	start := time.Now()
	m, err := r.Session.Evaluate(ctx, func(done, total int) {
		if tell != nil {
			tell(done*part.N()/total, part.N())
		}
	})
	v.Seconds = time.Since(start).Seconds()
	if errors.Is(err, nets.ErrDiverged) {
		return v, fmt.Errorf("the mean loss of %s on %s is not finite", e.Model, v.Data)
	}
	if err == nil {
		v.Score, v.Learners = scoreOf(m), perLearner(m)
		if five := m.Get(topFive); five.Count > 0 {
			mean := five.Mean()
			v.TopFive = &mean
		}
		if e.Census {
			v.Layers = activities()
		}
	}
	return v, err
}

func scoreOf(m nets.Metrics) Score {
	loss := m.Get("loss")
	return Score{Loss: loss.Mean(), Accuracy: m.Get("accuracy").Mean(), Examples: int(loss.Count)}
}

// open builds the network that the file has the weights of, and loads them.
func (e Exam) open(dev *compute.Device, names *catalogue.Catalogue, loss nets.Loss, file *safetensors.File, task func() nets.Task) (*Run, error) {
	run := nets.Run{Learners: e.Learners, Seed: e.Seed, Task: task, Test: task, System: func() nets.System {
		return &stack.System{Net: names.Network(e.Net), Rule: stack.Backprop{}, Loss: loss, Optimiser: nets.SGD{}}
	}}
	s, err := run.Open(dev)
	if err != nil {
		return nil, err
	}
	r := &Run{Config: e.Config, Session: s}
	if err := errors.Join(s.Continue(e.Step, s.Counters()), r.loadModel(e.Model, file)); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	if err := s.Sound(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", e.Model, err), r.Close())
	}
	return r, nil
}

// An eye is what all watched tasks of an evaluation share.
type eye struct {
	exam Exam
	of   *Evaluation
	nets []*stack.Net // one, or one for each learner
}

// A watched task counts what the examples of each class are taken for, and tells what is seen.
type watched struct {
	tasks.Images
	*eye
}

func (w *watched) Judge(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	w.Images.Judge(p, m, answer)
	if answer.Cols() > 5 {
		countTopFive(p, m, answer)
	}
	if p.Device().Staged() {
		return
	}
	if w.exam.See != nil {
		p.Fail(w.see(p, m, answer))
	}
	if w.of.Confusion == nil {
		return
	}
	n := p.Learners * m.Examples() // of all learners, whether they are side by side or take turns
	best, taken, labels := p.Tensor(n), make([]float32, n), make([]float32, n)
	all := p.View(p.All(answer), 0, n, answer.Cols())
	p.Do(compute.Reduce{Out: best, In: []*compute.Tensor{all}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
	p.Read(best, taken)
	p.Read(p.Labels(m), labels)
	for i, c := range taken {
		w.of.Confusion[int(labels[i])][int(c)]++
	}
}

// sets reads the data to evaluate on, as a set whose test part is the one asked for and whose classes are numbered as the
// model numbers them, and says how they are normalised.
func (e Exam) sets(file *safetensors.File, v *Evaluation) (n data.Normalise, on *data.Set, err error) {
	o, err := originIn(e.Model, file)
	if err != nil {
		return n, nil, err
	}
	if o == nil {
		o = e.Record.Origin
	}
	var own *data.Set
	if e.On == "" || o == nil || o.Normalise != e.Normalise {
		own, v.Data, err = e.load(e.Record, "")
		switch other := (contentError{}); {
		case errors.As(err, &other):
			v.note("%v", err)
		case err != nil && (e.On == "" || !errors.Is(err, data.ErrNoData)):
			return n, nil, fmt.Errorf("data %s: %w", e.Data, err)
		}
	}
	if on = own; e.On != "" {
		if v.Data, err = data.Find(e.On); err == nil {
			on, err = data.Load(e.On, e.reading())
		}
		if err != nil {
			return n, nil, fmt.Errorf("data %s: %w", e.On, err)
		}
	}
	if own == nil {
		own = on
	}
	v.Notes = on.Notes
	if o == nil {
		switch o = originOf(e.Config, own); {
		case own == on && e.On != "":
			v.note("%s, which the network was trained on, is not here: classes and normalisation are those of %s", e.Data, e.On)
		case e.Record.Started.IsZero():
			v.note("%s does not say which classes it learned: they are those of %s, by number", e.Model, e.Data)
		}
	}
	if n = o.normalisation(); o.Normalise != e.Normalise {
		n = own.Normalisation(e.Normalise)
	}
	if is := shapeOf(on); is != o.Shape {
		return n, nil, ConfigError{fmt.Errorf("%s has examples of %v, want %v, which the network was trained on (%s)", v.Data, is, o.Shape, e.Data)}
	}
	if err := e.Shift.Check(on.Height, on.Width); err != nil {
		return n, nil, ConfigError{fmt.Errorf("%s: %w", v.Data, err)}
	}
	part, err := e.part(on, v.Data)
	if err != nil {
		return n, nil, err
	}
	part, note, err := o.match(on, part, v.Data)
	if note != "" {
		v.note("%s", note)
	}
	if err != nil {
		return n, nil, ConfigError{err}
	}
	return n, &data.Set{Height: on.Height, Width: on.Width, Channels: on.Channels, Classes: o.Classes, ClassNames: o.names(), Train: part, Test: part}, nil
}

// reading is how On is read.
func (e Exam) reading() data.Options {
	o, r := e.DataOptions(), e.Reading
	o.Layout, o.Resize, o.Alpha = cmp.Or(r.Layout, o.Layout), cmp.Or(r.Resize, o.Resize), cmp.Or(r.Alpha, o.Alpha)
	o.CropCentre, o.Canvas = o.CropCentre || r.CropCentre, cmp.Or(r.Canvas, o.Canvas)
	return o
}

// note adds a line that the reader should know.
func (v *Evaluation) note(format string, a ...any) {
	if v.Note != "" {
		v.Note += "; "
	}
	v.Note += fmt.Sprintf(format, a...)
}

func shapeOf(s *data.Set) nets.Shape {
	return nets.Shape{Height: s.Height, Width: s.Width, Channels: s.Channels}
}

func (e Exam) part(s *data.Set, path string) (*data.Split, error) {
	switch {
	case e.Part != "test" && e.Part != "train":
		return nil, ConfigError{fmt.Errorf("part %q, want test or train", e.Part)}
	case e.Part == "train" && e.On == "":
		few, _ := s.Few(s.Train, e.Limit)
		return few, nil
	case e.Part == "train":
		return s.Train, nil
	case s.Test == nil:
		return nil, ConfigError{fmt.Errorf("%s has no test part, and no share of it was held out", path)}
	}
	return s.Test, nil
}
