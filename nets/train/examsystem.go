package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/data"
	"hebb/nets/safetensors"
	"hebb/nets/tasks"
)

// system evaluates a system on its own task, or on a part of sequences.
func (e Exam) system(ctx context.Context, dev *compute.Device, names *catalogue.Catalogue, file *safetensors.File, tell func(done, total int)) (v Evaluation, err error) {
	v = Evaluation{System: e.System, Task: e.Task, Model: e.Model, Step: e.Step, Part: e.Part}
	if e.Table || e.See != nil || e.Rotate != (data.Rotation{}) || e.Shift != (data.Shift{}) {
		return v, ConfigError{errors.New("shifts, turns, a table of classes and what is made of each example are for networks")}
	}
	r, err := e.openSystem(dev, names, file, &v)
	if err != nil {
		return v, err
	}
	defer r.Close()
	start := time.Now()
	m, err := r.Session.Evaluate(ctx, tell)
	if err != nil {
		return v, err
	}
	v.Seconds = time.Since(start).Seconds()
	l := r.line("test", m)
	v.Learners, v.Metrics, v.Examples = l.Learners, map[string]float64{}, cmp.Or(v.Examples, l.Examples)
	for _, x := range l.All() {
		v.Metrics[x.Name] = x.Mean
	}
	return v, nil
}

// openSystem builds the system that the file has the weights of, with the test task that the exam asks for, and loads them.
func (e Exam) openSystem(dev *compute.Device, names *catalogue.Catalogue, file *safetensors.File, v *Evaluation) (*Run, error) {
	if e.Task != SequencesTask && e.Part != "test" {
		return nil, e.ofItsOwn()
	}
	r, err := e.openShown(dev, names, file, v)
	if err == nil && r.Session.Test == nil {
		err = errors.Join(ConfigError{fmt.Errorf("the task %s has no test", cmp.Or(e.Task, e.Data))}, r.Close())
	}
	return r, err
}

func (e Exam) ofItsOwn() error {
	return ConfigError{fmt.Errorf("the system %s is tested on its own task: other data, parts and limits are for networks and sequences", e.System)}
}

// openShown is openSystem for a recording, which may be of training, and has to be where there is no test.
func (e Exam) openShown(dev *compute.Device, names *catalogue.Catalogue, file *safetensors.File, v *Evaluation) (r *Run, err error) {
	names = names.Lenient()
	if e.Task == SequencesTask {
		r, err = e.openSequences(dev, names, file, v)
	} else {
		if e.On != "" || e.First > 0 && e.Task != "" {
			return nil, e.ofItsOwn()
		}
		e.TestLimit = cmp.Or(e.First, e.TestLimit)
		r, err = prepare(nil, dev, names, e.Config, e.Record, "", 0)
	}
	if err != nil {
		return nil, err
	}
	if err = errors.Join(r.loadModel(e.Model, file), r.Session.Sound()); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// openSequences builds the system on the sequences that the exam asks for.
func (e Exam) openSequences(dev *compute.Device, names *catalogue.Catalogue, file *safetensors.File, v *Evaluation) (*Run, error) {
	p, err := e.Config.plan(names)
	if err != nil {
		return nil, ConfigError{err}
	}
	o, err := originIn(e.Model, file)
	if err != nil {
		return nil, err
	}
	if o = cmp.Or(o, e.Record.Origin); o == nil || o.Sequences == nil {
		return nil, ConfigError{fmt.Errorf("%s does not say which sequences it learned from", e.Model)}
	}
	var set *data.Set
	if e.On == "" {
		set, v.Data, err = e.load(e.Record, "")
	} else if v.Data, err = data.Find(e.On); err == nil {
		set, err = data.Load(e.On, e.reading())
	}
	if other := (contentError{}); errors.As(err, &other) {
		v.note("%v", err)
	} else if err != nil {
		return nil, fmt.Errorf("data %s: %w", cmp.Or(e.On, e.Data), err)
	}
	v.Notes = set.Notes
	if err := o.takes(set, v.Data); err != nil {
		return nil, ConfigError{err}
	}
	set.Classes = o.Classes
	part, err := e.part(set, v.Data)
	if err != nil {
		return nil, err
	}
	few, _ := set.Few(part, e.First)
	v.Examples = few.N()
	series := tasks.NewSeries(set, few, o.normalisation())
	run := e.Config.run(names, p, nil, data.Normalise{})
	run.Task = func() nets.Task { return &tasks.Sequences{Series: series, Batch: max(e.Batch, leastTestBatch)} }
	run.Test = run.Task
	s, err := run.Open(dev)
	if err != nil {
		return nil, err
	}
	return &Run{Config: e.Config, Set: set, Path: v.Data, Origin: o, Session: s}, s.Continue(e.Step, s.Counters())
}

// takes reports sequences that are not of the kind that the model learned from.
func (o *Origin) takes(s *data.Set, where string) error {
	if *s.Sequences != *o.Sequences || s.Channels != o.Shape.Channels {
		return fmt.Errorf("the sequences in %s %s, and the model learned from sequences that %s", where, s.Sequences.Form(s.Channels), o.Sequences.Form(o.Shape.Channels))
	}
	if s.Sequences.Numbers == 0 && s.Classes > o.Classes {
		return fmt.Errorf("%s has %w: %d of them, and the model knows %d", where, errClasses, s.Classes, o.Classes)
	}
	return nil
}
