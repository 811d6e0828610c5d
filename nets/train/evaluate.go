package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hebb/compute"
	"hebb/nets/stack"
	"hebb/nets/data"
)

// LastModel returns the weights that the last checkpoint of a run holds, and after how many steps it was made.
func LastModel(dir string) (path string, step int, err error) {
	all, err := list(filepath.Join(dir, checkpoints))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", 0, err
	}
	if len(all) == 0 {
		return "", 0, fmt.Errorf("%s has no checkpoint yet", dir)
	}
	last := all[len(all)-1]
	return filepath.Join(last.path, ModelFile), last.step, nil
}

// An Exam says which trained network to evaluate, and on what.
type Exam struct {
	// Config is how the network was trained. The classes, the sizes and the normalisation of its Data are those that
	// the network was made for.
	Config
	Model string // file of its weights: of a checkpoint, or of PyTorch
	Step  int    // after which they were saved; 0 where that is not known
	On    string // data to evaluate on; "" is Config.Data
	Part  string // of them: "test" or "train"
	Table bool   // say which classes are taken for which: a second pass over each batch

	Rotate data.Rotation // of every image
	Turns  uint64        // seed of what Rotate draws: the same images for every network
}

// An Evaluation is how a network does.
type Evaluation struct {
	Net   string `json:"net"`
	Model string `json:"model"`
	Step  int    `json:"step,omitempty"`
	Data  string `json:"data"` // where they were found
	Part  string `json:"part"`
	stack.Score
	Rotated   float64  `json:"rotated,omitempty"`        // by so many degrees
	Within    float64  `json:"rotated_within,omitempty"` // and by as many as this, at random
	Seconds   float64  `json:"seconds"`
	Classes   []string `json:"classes,omitempty"`
	Confusion [][]int  `json:"confusion,omitempty"` // examples by class, in rows, and by what they are taken for
	Note      string   `json:"note,omitempty"`      // what the reader should know
}

// Evaluate evaluates a network on dev. It calls tell, if there is one, after each batch with the examples done so
// far, of a total.
func Evaluate(ctx context.Context, dev *compute.Device, e Exam, tell func(done, total int)) (Evaluation, error) {
	if e.On == e.Data {
		e.On = ""
	}
	v := Evaluation{Net: e.Net, Model: e.Model, Step: e.Step, Part: e.Part, Rotated: e.Rotate.Degrees, Within: e.Rotate.Within}
	loss, err := Loss(e.Loss)
	if err != nil {
		return v, err
	}
	if !slices.Contains(data.Normalisations, e.Normalise) {
		return v, fmt.Errorf("normalise %q, want one of %s", e.Normalise, strings.Join(data.Normalisations, ", "))
	}
	own, on, err := e.sets(&v)
	if err != nil {
		return v, err
	}
	part, err := e.part(on, v.Data)
	if err != nil {
		return v, err
	}
	t, err := e.trainer(dev, own, loss)
	if err != nil {
		return v, err
	}
	_, o := e.loaders(own)
	o.Rotate, o.Seed = e.Rotate, e.Turns
	l, err := data.NewLoader(on, part, o)
	if err != nil {
		return v, err
	}
	defer l.Close()
	if e.Table {
		v.Classes = classNames(on)
		v.Confusion = make([][]int, on.Classes)
		for i := range v.Confusion {
			v.Confusion[i] = make([]int, on.Classes)
		}
	}
	start, done := time.Now(), 0
	v.Score, err = t.Evaluate(func() (x, labels []float32, err error) {
		b, err := l.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil, nil, nil
		}
		if err == nil && e.Table {
			err = v.confuse(t.Net, b)
		}
		if err != nil {
			return nil, nil, err
		}
		if done += len(b.Y); tell != nil {
			tell(done, part.N())
		}
		return b.X, b.Y, nil
	})
	v.Seconds = time.Since(start).Seconds()
	if errors.Is(err, stack.ErrDiverged) {
		return v, fmt.Errorf("the mean loss of %s on %s is %g", e.Model, v.Data, v.Loss)
	}
	return v, err
}

// sets reads the data that the network was made for and those to evaluate it on. Where the former are not here, the
// latter stand in for them, and v says so.
func (e Exam) sets(v *Evaluation) (own, on *data.Set, err error) {
	own, v.Data, err = e.load()
	switch {
	case err != nil && (e.On == "" || !errors.Is(err, data.ErrNoData)):
		return nil, nil, fmt.Errorf("data %s: %w", e.Data, err)
	case e.On == "":
		return own, own, nil
	}
	o := data.Options{Holdout: e.Holdout}
	if err == nil {
		o.Classes = own.Classes
	} else {
		v.Note = fmt.Sprintf("%s, which the network was trained on, is not here: classes and normalisation are those of %s", e.Data, e.On)
	}
	if v.Data, err = data.Find(e.On); err == nil {
		on, err = data.Load(e.On, o)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("data %s: %w", e.On, err)
	}
	if own == nil {
		own = on
	}
	if is, want := shapeOf(on), shapeOf(own); is != want {
		return nil, nil, fmt.Errorf("%s has examples of %v, want %v, which the network was trained on (%s)", e.On, is, want, e.Data)
	}
	return own, on, nil
}

func shapeOf(s *data.Set) stack.Shape {
	return stack.Shape{Height: s.Height, Width: s.Width, Channels: s.Channels}
}

func (e Exam) part(s *data.Set, path string) (*data.Split, error) {
	switch {
	case e.Part != "test" && e.Part != "train":
		return nil, fmt.Errorf("part %q, want test or train", e.Part)
	case e.Part == "train" && e.On == "":
		return limited(s.Train, e.Limit, s.Values()), nil
	case e.Part == "train":
		return s.Train, nil
	case s.Test == nil:
		return nil, fmt.Errorf("%s has no test part, and no share of it was held out", path)
	}
	return s.Test, nil
}

// trainer is one that has the weights, and no state to go on with.
func (e Exam) trainer(dev *compute.Device, made *data.Set, loss stack.Loss) (*stack.Trainer, error) {
	in := shapeOf(made)
	spec, err := stack.Parse(e.Net, in, made.Classes)
	if err != nil {
		return nil, err
	}
	net, err := stack.New(dev, spec, in, stack.Backprop{}, e.Seed)
	if err != nil {
		return nil, err
	}
	t, err := stack.NewTrainer(net, stack.SGD{}, loss) // first: a loss may have a state in the network
	if err != nil {
		return nil, err
	}
	if err := LoadModel(net, e.Model); err != nil {
		return nil, err
	}
	t.Continue(uint64(e.Step))
	if err := t.Sound(); err != nil {
		return nil, fmt.Errorf("%s: %w", e.Model, err)
	}
	return t, nil
}

// confuse counts what the examples of a batch are taken for.
func (v *Evaluation) confuse(net *stack.Net, b *data.Batch) error {
	taken, err := net.Predict(b.X)
	if err != nil {
		return err
	}
	for i, c := range taken {
		v.Confusion[int(b.Y[i])][c]++
	}
	return nil
}

// classNames are the names of the classes, or else their numbers.
func classNames(s *data.Set) []string {
	if s.ClassNames != nil {
		return s.ClassNames
	}
	names := make([]string, s.Classes)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	return names
}
