package reproduce

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/data"
	"hebb/nets/train"
)

// A Training makes a run as hebb train does, in a folder like its: the seeds are learners of one training, side by side where
// the system can be, and a training that was interrupted goes on to the same bits. It gives the quantities of this package
// that its metrics have, all other metrics of the last test by their names, and its exams.
type Training struct {
	Config train.Config // but for Seed and Learners
	From   string       // the run of the part, made before with as many seeds, from whose last weights it starts; "": none
	Exams  []Exam
}

// An Exam is a test accuracy, in %, of the trained network on images that are turned or shifted: the same images for every run and seed.
type Exam struct {
	Gives  Quantity
	Rotate data.Rotation
	Shift  data.Shift
}

// DataName returns the name of the data; "" of a task that has none.
func (t Training) DataName() string {
	if t.Config.Idle()["data"] != "" {
		return ""
	}
	return t.Config.Data
}

// Make trains, or goes on, and takes the exams.
func (t Training) Make(ctx context.Context, at Place, seeds Seeds) (res Result, err error) {
	c := t.Config
	c.Seed, c.Learners = seeds.First, seeds.N
	if path, ok := at.Data[c.Data]; ok {
		c.Data = path
	}
	if err := t.train(ctx, at, c); err != nil {
		return res, err
	}
	h, err := train.ReadHistory(at.Dir)
	if err = errors.Join(err, h.Damage); err != nil {
		return res, err
	}
	res = Result{Figures: measure(h.Lines, seeds.N), Made: h.Record.Started, Device: h.Record.Device, History: &h}
	for _, l := range h.Lines {
		res.Seconds = max(res.Seconds, l.Seconds)
	}
	return res, t.examine(ctx, at, c, res.Figures)
}

// train makes the training, or what is left of it.
func (t Training) train(ctx context.Context, at Place, c train.Config) error {
	run, err := t.begin(at, c)
	if err != nil {
		return err
	}
	defer run.Close()
	_, total := run.Steps()
	return run.Train(ctx, func(l train.Line) { at.Tell(l.Step, total, l) })
}

// begin prepares the training: from the start, or from where it is.
func (t Training) begin(at Place, c train.Config) (*train.Run, error) {
	was, err := train.RunConfig(at.Dir)
	switch {
	case err == nil && was.Differs(c) != "":
		return nil, fmt.Errorf("%s holds another run (%s): choose another folder", at.Dir, was.Differs(c))
	case err == nil:
		run, _, err := train.Resume(at.Device, at.Names, at.Dir, nil)
		return run, err
	case !errors.Is(err, train.ErrNoRun):
		return nil, err
	}
	rec := train.Record{Version: at.Version, Started: time.Now()}
	if t.From != "" {
		if rec.From, _, err = train.LastModel(filepath.Join(filepath.Dir(at.Dir), folder(t.From))); err != nil {
			return nil, err
		}
	}
	f, err := train.Take(at.Dir)
	if err != nil {
		return nil, err
	}
	run, _, err := train.Begin(at.Device, at.Names, f, c, rec)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return run, nil
}

// examine takes the exams of a network that has been trained.
func (t Training) examine(ctx context.Context, at Place, c train.Config, f Figures) error {
	if len(t.Exams) == 0 {
		return nil
	}
	model, step, err := train.LastModel(at.Dir)
	if err != nil {
		return err
	}
	for _, x := range t.Exams {
		v, err := train.Evaluate(ctx, at.Device, at.Names, train.Exam{Config: c, Model: model, Step: step, Part: "test", First: c.TestLimit, Shift: x.Shift, Rotate: x.Rotate, Turns: 1}, nil)
		if err != nil {
			return err
		}
		f[x.Gives] = each(v.Learners, "accuracy", v.Accuracy, c.Learners).percent()
	}
	return nil
}

// measure returns the figures of a training with n seeds, from the last of its metrics. The time is a seed's share.
func measure(lines []train.Line, n int) Figures {
	f := Figures{}
	for _, l := range lines {
		switch l.Kind {
		case "train":
			f[Seconds] = Values{l.Seconds / float64(n)}
		case "test":
			f[Loss] = each(l.Learners, "loss", l.Loss, n)
			f[Accuracy] = each(l.Learners, "accuracy", l.Accuracy, n).percent()
			f[Error] = make(Values, n)
			for k := range n {
				f[Error][k] = 100 - f[Accuracy][k]
			}
			for name, mean := range l.Metrics {
				f[Quantity(name)] = each(l.Learners, name, mean, n)
			}
		case "angles":
			f[Weights], f[Delta] = meanAngles(l.Layers, n)
			f.layers(l.Layers, n)
		}
	}
	return f
}

// layers sets the angles of each layer, for each of n learners.
func (f Figures) layers(all []nets.Angle, n int) {
	for _, a := range all {
		learners := a.Learners
		if n == 1 {
			learners = [][3]nets.Degrees{{a.Weights, a.Delta, a.Gradient}}
		}
		deltas, updates := Values{}, Values{}
		for _, one := range learners {
			deltas, updates = append(deltas, float64(one[1])), append(updates, float64(one[2]))
		}
		f[deltasOf(a.Layer)], f[updateOf(a.Layer)] = deltas, updates
	}
}

// each returns a metric of n learners: their mean, of one, or those that are written down.
func each(learners map[string][]float.OrNull, name string, mean float64, n int) Values {
	if n == 1 {
		return Values{mean}
	}
	v := Values(slices.Repeat([]float64{math.NaN()}, n))
	for k, x := range learners[name] {
		v[k] = float64(x)
	}
	return v
}

func (v Values) percent() Values {
	for k := range v {
		v[k] *= 100
	}
	return v
}

// meanAngles returns the mean angles over the layers, of each learner.
func meanAngles(layers []nets.Angle, n int) (weights, deltas Values) {
	for k := range n {
		own := slices.Clone(layers)
		for i, a := range layers {
			if n > 1 {
				own[i].Weights, own[i].Delta = a.Learners[k][0], a.Learners[k][1]
			}
		}
		w, d := train.MeanAngles(own)
		weights, deltas = append(weights, float64(w)), append(deltas, float64(d))
	}
	return weights, deltas
}
