package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"hebb/compute"
	"hebb/nets/stack"
	"hebb/nets/data"
)

// A Run is a training under way.
type Run struct {
	Config  Config
	Set     *data.Set
	Path    string // where the data were found
	Net     *stack.Net
	Trainer *stack.Trainer
	Folder  *Folder // nil: nothing is kept

	plan     plan
	loader   *data.Loader
	testing  data.LoaderOptions
	shown    *data.Batch // what angles are measured on; nil: the last batch
	perEpoch int
	total    int
	spent    time.Duration // training before it was resumed
}

// New prepares a run from the start on dev.
func New(dev *compute.Device, c Config) (r *Run, err error) {
	r = &Run{Config: c}
	if r.plan, err = c.plan(); err != nil {
		return nil, ConfigError{err}
	}
	dev.Allow(r.plan.leeway)
	if r.Set, r.Path, err = c.load(); err != nil {
		return nil, fmt.Errorf("data %s: %w", c.Data, err)
	}
	part := limited(r.Set.Train, c.Limit, r.Set.Values())
	if c.Batch > part.N() {
		return nil, ConfigError{fmt.Errorf("batches of %d, want 1 to %d, the number of examples", c.Batch, part.N())}
	}
	in := stack.Shape{Height: r.Set.Height, Width: r.Set.Width, Channels: r.Set.Channels}
	spec, err := stack.Parse(c.Net, in, r.Set.Classes)
	if err != nil {
		return nil, ConfigError{err}
	}
	var training data.LoaderOptions
	training, r.testing = c.loaders(r.Set)
	dev.Rehearse(func(d *compute.Device) error { // whose failure would come again
		return r.rehearse(d, spec, in)
	})
	if r.Trainer, err = r.trainer(dev, spec, in); err != nil {
		return nil, err
	}
	r.Net = r.Trainer.Net
	if r.loader, err = data.NewLoader(r.Set, part, training); err != nil {
		return nil, err
	}
	if r.shown, err = show(r.Set, min(c.Angles, part.N()), r.testing); err != nil {
		return nil, err
	}
	r.perEpoch = r.loader.Batches()
	if r.total = c.Steps; r.total == 0 {
		r.total = c.Epochs * r.perEpoch
	}
	return r, nil
}

// trainer makes the network on dev.
func (r *Run) trainer(dev *compute.Device, spec stack.Spec, in stack.Shape) (*stack.Trainer, error) {
	c := r.Config
	net, err := stack.New(dev, spec, in, r.plan.rule, c.Seed)
	if err != nil {
		return nil, err
	}
	net.BiasRate, net.OutputRate = float32(c.BiasRate), float32(c.OutputRate)
	t, err := stack.NewTrainer(net, r.plan.optimiser, r.plan.loss)
	if err == nil {
		t.Noise = float32(c.Noise)
	}
	return t, err
}

// rehearse does once what is done over and over: a step, and what an epoch ends with.
func (r *Run) rehearse(dev *compute.Device, spec stack.Spec, in stack.Shape) error {
	t, err := r.trainer(dev, spec, in)
	if err != nil {
		return err
	}
	blank := func(n int) (x, y []float32) { return make([]float32, n*in.Len()), make([]float32, n) }
	x, y := blank(r.Config.Batch)
	if err := t.Step(x, y, 1); err != nil {
		return err
	}
	if n := min(r.Config.Angles, r.Set.Train.N()); n > 0 {
		x, y = blank(n)
	}
	if _, err := t.Angles(x, y); err != nil {
		return err
	}
	var judged []int // batches
	if r.Config.SaveEvery > 0 {
		judged = append(judged, r.Config.Batch)
	}
	if r.Set.Test != nil {
		n := limited(r.Set.Test, r.Config.TestLimit, r.Set.Values()).N()
		judged = append(judged, min(n, r.testing.Batch), n%r.testing.Batch)
	}
	for _, n := range judged {
		x, y := blank(n)
		if _, err := t.Try(x, y); err != nil {
			return err
		}
	}
	return nil
}

// show returns the first n examples to train on, as they are in evaluation; nil for none.
func show(set *data.Set, n int, o data.LoaderOptions) (*data.Batch, error) {
	if n == 0 {
		return nil, nil
	}
	o.Batch = n
	l, err := data.NewLoader(set, limited(set.Train, n, set.Values()), o)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	b, err := l.Next(context.Background())
	if err != nil {
		return nil, err
	}
	return &data.Batch{X: slices.Clone(b.X), Y: slices.Clone(b.Y)}, nil
}

// A ConfigError is a setting that cannot be, or does not fit the data.
type ConfigError struct{ error }

func (e ConfigError) Unwrap() error { return e.error }

// limited is the first n examples of a part, or all.
func limited(s *data.Split, n, values int) *data.Split {
	if n == 0 || n >= s.N() {
		return s
	}
	l := &data.Split{Labels: s.Labels[:n]}
	if s.Pixels != nil {
		l.Pixels = s.Pixels[:n*values]
	} else {
		l.Floats = s.Floats[:n*values]
	}
	return l
}

// Close ends what reads data. The device is the caller's.
func (r *Run) Close() error { return r.loader.Close() }

// Steps returns how many steps have been made, and how many there are to be.
func (r *Run) Steps() (done, total int) { return int(r.Trainer.Steps()), r.total }

// PerEpoch returns how many steps make an epoch.
func (r *Run) PerEpoch() int { return r.perEpoch }

// A Line of metrics: one JSON object in metrics.jsonl.
type Line struct {
	Kind            string       `json:"kind"` // "train", "test" or "angles"
	Step            int          `json:"step"`
	Epoch           float64      `json:"epoch"`
	Loss            float64      `json:"loss,omitempty"`
	Accuracy        float64      `json:"accuracy,omitempty"`
	Examples        int          `json:"examples,omitempty"`
	Rate            float64      `json:"rate,omitempty"`
	ImagesPerSecond float64      `json:"images_per_second,omitempty"`
	Seconds         float64      `json:"seconds,omitempty"` // of training in all, evaluation and saving not counted
	Layers          []stack.Angle `json:"layers,omitempty"`
}

// Train goes on to the end of the run. It calls tell with each line of metrics. When ctx ends it saves what
// there is and returns the reason; a run that diverges ends with stack.ErrDiverged, and its last good
// checkpoint is kept.
func (r *Run) Train(ctx context.Context, tell func(Line)) error {
	clock := newClock(r.spent)
	for {
		done, total := r.Steps()
		if done >= total {
			return nil
		}
		if ctx.Err() != nil {
			return r.interrupted(ctx, clock, tell)
		}
		b, err := r.loader.Next(ctx)
		if err != nil {
			if ctx.Err() != nil {
				continue
			}
			return err
		}
		epoch := float64(done) / float64(r.perEpoch)
		rate := r.Config.Rate * r.plan.schedule.Rate(epoch, float64(total)/float64(r.perEpoch))
		if err := r.Trainer.Step(b.X, b.Y, rate); err != nil {
			return fmt.Errorf("step %d: %w", done+1, err)
		}
		if err := r.after(ctx, b, rate, clock, tell); err != nil {
			return err
		}
	}
}

// after is what a step is followed by: metrics, evaluation, a checkpoint.
func (r *Run) after(ctx context.Context, b *data.Batch, rate float64, clock *clock, tell func(Line)) error {
	done, total := r.Steps()
	epochEnds := done%r.perEpoch == 0 || done == total
	saves := r.Config.SaveEvery > 0 && done%r.Config.SaveEvery == 0
	if !epochEnds && !saves && done%r.Config.LogEvery != 0 {
		return nil
	}
	if err := r.log(b, rate, clock, tell); err != nil || !epochEnds && !saves {
		return err
	}
	clock.pause()
	defer clock.resume()
	if epochEnds {
		if err := r.judge(ctx, b, tell); err != nil {
			return r.why(err, b)
		}
	} else if _, err := r.Trainer.Try(b.X, b.Y); err != nil { // the loss so far is that of the weights before
		return r.why(err, b)
	}
	return r.Save()
}

// log writes a line on the steps since the last.
func (r *Run) log(b *data.Batch, rate float64, clock *clock, tell func(Line)) error {
	score, err := r.Trainer.Score()
	if err != nil {
		return r.why(err, b)
	}
	l := r.line("train", score)
	l.Rate = rate
	l.ImagesPerSecond, l.Seconds = clock.lap(score.Examples)
	return r.write(l, tell)
}

// why adds to the news that a run diverged where it did.
func (r *Run) why(err error, b *data.Batch) error {
	if errors.Is(err, stack.ErrDiverged) {
		return errors.Join(err, r.Trainer.Diagnose(b.X, b.Y))
	}
	return err
}

func (r *Run) line(kind string, s stack.Score) Line {
	done, _ := r.Steps()
	return Line{Kind: kind, Step: done, Epoch: float64(done) / float64(r.perEpoch), Loss: s.Loss, Accuracy: s.Accuracy, Examples: s.Examples}
}

func (r *Run) write(l Line, tell func(Line)) error {
	if tell != nil {
		tell(l)
	}
	if r.Folder == nil {
		return nil
	}
	return r.Folder.append(l)
}

// judge evaluates on the test part, and compares the rule with backprop on a batch.
func (r *Run) judge(ctx context.Context, b *data.Batch, tell func(Line)) error {
	if r.shown != nil {
		b = r.shown
	}
	angles, err := r.Trainer.Angles(b.X, b.Y)
	if err != nil {
		return err
	}
	l := r.line("angles", stack.Score{})
	l.Layers = angles
	if err := r.write(l, tell); err != nil {
		return err
	}
	if r.Set.Test == nil {
		return nil
	}
	score, err := r.Evaluate(ctx)
	if err != nil {
		return err
	}
	return r.write(r.line("test", score), tell)
}

// Evaluate returns the score on the test part.
func (r *Run) Evaluate(ctx context.Context) (stack.Score, error) {
	if r.Set.Test == nil {
		return stack.Score{}, fmt.Errorf("%s has no test part; want a holdout", r.Path)
	}
	l, err := data.NewLoader(r.Set, limited(r.Set.Test, r.Config.TestLimit, r.Set.Values()), r.testing)
	if err != nil {
		return stack.Score{}, err
	}
	defer l.Close()
	return r.Trainer.Evaluate(func() (x, labels []float32, err error) {
		b, err := l.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil, nil, nil
		}
		if err != nil {
			return nil, nil, err
		}
		return b.X, b.Y, nil
	})
}

// interrupted saves what there is.
func (r *Run) interrupted(ctx context.Context, clock *clock, tell func(Line)) error {
	done, total := r.Steps()
	why := fmt.Errorf("stopped after step %d of %d: %w", done, total, context.Cause(ctx))
	score, err := r.Trainer.Score()
	if err == nil && score.Examples > 0 {
		l := r.line("train", score)
		l.ImagesPerSecond, l.Seconds = clock.lap(score.Examples)
		err = r.write(l, tell)
	}
	if err == nil {
		err = r.Save()
	}
	return errors.Join(why, err)
}

// MeanAngles is the mean, over the layers that it concerns, of the angles of weights and of deltas: all layers
// with feedback weights; all layers but the last. It is NaN where there are none.
func MeanAngles(layers []stack.Angle) (weights, deltas stack.Degrees) {
	var w, d mean
	for i, l := range layers {
		w.add(l.Weights)
		if i < len(layers)-1 {
			d.add(l.Delta)
		}
	}
	return w.value(), d.value()
}

type mean struct {
	sum stack.Degrees
	n   int
}

func (m *mean) add(a stack.Degrees) {
	if a == a {
		m.sum += a
		m.n++
	}
}

func (m *mean) value() stack.Degrees { return m.sum / stack.Degrees(m.n) } // NaN of none

// A clock counts the time of training alone.
type clock struct {
	start, lapped time.Time
	before        time.Duration
}

func newClock(before time.Duration) *clock {
	now := time.Now()
	return &clock{start: now, lapped: now, before: before}
}

func (c *clock) lap(examples int) (perSecond, seconds float64) {
	now := time.Now()
	if d := now.Sub(c.lapped).Seconds(); d > 0 {
		perSecond = float64(examples) / d
	}
	c.lapped = now
	return perSecond, (c.before + now.Sub(c.start)).Seconds()
}

func (c *clock) pause() { c.before += time.Since(c.start) }
func (c *clock) resume() {
	c.start = time.Now()
	c.lapped = c.start
}
