package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/data"
	"hebb/nets/spread"
	"hebb/nets/stack"
)

// A Run is a training under way.
type Run struct {
	Config  Config
	Set     *data.Set // nil of a task that has none
	Path    string    // where the data were found
	Origin  *Origin   // what the data are; nil of a task that has none
	Notes   []string  // for the user: what is not as might be thought
	Session *nets.Session
	Folder  *Folder // nil: nothing is kept

	spent time.Duration // training before it was resumed
	loss  *lossWatch    // nil until there is a line
	best  best
	told  map[int]bool // learners with a reported loss
	tell  func(Line)   // of Train; nil: nobody asks
	ended string       // see Line.Ended

	spikes *spikeWatch // nil: nobody watches
}

// New prepares a run from the start on dev.
func New(dev *compute.Device, names *catalogue.Catalogue, c Config) (*Run, error) {
	return prepare(nil, dev, names, c, Record{}, "", 0)
}

// prepare prepares a run of the processes of a world, from data that are those of its record, if it has one; at says where they
// are, if they have moved. The run goes on after a step. All processes have an error that one has, and the first of those that
// are not as rank 0 is one.
func prepare(w spread.World, dev *compute.Device, names *catalogue.Catalogue, c Config, rec Record, at string, step int) (*Run, error) {
	r := &Run{Config: c.settled(), best: best{by: c.KeepBest}, told: map[int]bool{}}
	p, c, err := r.study(dev, names, rec, at)
	if err = spread.Agree(w, err); err != nil {
		return nil, err
	}
	if err = spread.Alike(w, r.facts(dev.Info(), step)); err != nil {
		return nil, ConfigError{err}
	}
	if err = spread.Agree(w, r.build(w, dev, names, c, p)); err != nil && r.Session != nil {
		err = errors.Join(err, r.Session.Close())
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// study reads the config and the data. It returns the config with the place of the data.
func (r *Run) study(dev *compute.Device, names *catalogue.Catalogue, rec Record, at string) (p plan, c Config, err error) {
	c = r.Config
	if p, err = c.plan(names); err != nil {
		return p, c, ConfigError{err}
	}
	dev.Allow(p.leeway)
	if c = c.located(rec, at); c.Photographed() {
		r.Path = c.Data
	}
	if !c.ownTask() {
		if r.Set, r.Path, err = c.load(rec, at); err != nil {
			return p, c, fmt.Errorf("data %s: %w", c.Data, err)
		}
		if r.Origin = rec.Origin; r.Origin == nil {
			r.Origin = originOf(c, r.Set)
		}
		if err := c.barren(r.Set); err != nil {
			return p, c, ConfigError{err}
		}
	}
	if c.System == "" { // a network that does not fit the data, before anything is built
		in := nets.Shape{Height: r.Set.Height, Width: r.Set.Width, Channels: r.Set.Channels}
		if _, err := names.Network(c.Net)(in, r.Set.Classes); err != nil {
			return p, c, ConfigError{err}
		}
	}
	if r.Set != nil && c.Batch > r.Examples() {
		return p, c, ConfigError{c.unbatched(dev, names, p, r)}
	}
	return p, c, nil
}

// build opens the session of the run.
func (r *Run) build(w spread.World, dev *compute.Device, names *catalogue.Catalogue, c Config, p plan) error {
	run := c.run(names, p, r.Set, r.Origin.normalisation())
	run.World = w
	if c.KeepBest != "" && run.Test == nil {
		return ConfigError{fmt.Errorf("the best %s is that on the test part of the data, and there is no test part", c.KeepBest)}
	}
	if r.Set != nil && r.Set.Sequences != nil && r.Set.Sequences.Numbers > 0 && c.KeepBest == "accuracy" {
		return ConfigError{fmt.Errorf("the best accuracy is one of classes, and the sequences %s: want keep_best loss", r.Set.Sequences.Form(r.Set.Channels))}
	}
	spec, err := tried(run, dev)
	switch {
	case err != nil && c.Micro > 1: // which another task or system may well not mend
		err = fmt.Errorf("%s in %d parts: %w", cmp.Or(c.System, "the rule "+c.Rule), c.Micro, err)
	case err != nil && c.System != "":
		err = c.misfit(err, dev, names, p, r.Set)
	}
	if err != nil {
		return ConfigError{err}
	}
	if spec.Epoch == 0 {
		run.Test = nil // which would have no end
	}
	run.Rehearse(dev)
	if r.Session, err = run.Open(dev); err != nil {
		return err
	}
	if r.Session.Total() == 0 {
		return ConfigError{fmt.Errorf("the task %s has no epochs: how many steps?", c.Task)}
	}
	if t, ok := run.Task().(nets.Timed); ok {
		if cells, err := CellsOf(r.Session, c.System); err == nil && math.Abs(cells[0].Step*float64(cells[0].Steps)-t.Milliseconds()) > 1e-6*t.Milliseconds() {
			r.Notes = append(r.Notes, fmt.Sprintf("a moment is %g ms to the task, and %g ms to the cells of %s: want the same of both",
				t.Milliseconds(), cells[0].Step*float64(cells[0].Steps), c.System))
		}
	}
	if s, ok := r.Session.Systems()[0].(*stack.System); ok && s.Late() >= uint64(r.Session.Total()) {
		r.Notes = append(r.Notes, fmt.Sprintf("stale %d: the last block to learn would begin after %d steps, and the run has %d: it does not learn",
			c.Stale, s.Late(), r.Session.Total()))
	}
	if rule, ok := p.rule.(stack.Layerwise); ok {
		net := r.Session.Systems()[0].(*stack.System).Network()
		if turns, total := rule.Lasts(net), r.Session.Total(); turns >= total {
			r.Notes = append(r.Notes, fmt.Sprintf("the layers learn for %d steps, one after another, and the run has %d: the output layer does not learn", turns, total))
		}
	}
	return nil
}

// unbatched reports data without a batch of the given size or, first, data that do not suit the system at all.
func (c Config) unbatched(dev *compute.Device, names *catalogue.Catalogue, p plan, r *Run) error {
	why := fmt.Errorf("batches of %d, want 1 to %d, the number of examples", c.Batch, r.Examples())
	c.Batch = r.Examples()
	if _, err := tried(c.run(names, p, r.Set, r.Origin.normalisation()), dev); err != nil && c.System != "" {
		return c.misfit(err, dev, names, p, r.Set)
	}
	return why
}

// barren reports data that nothing can be learned from.
func (c Config) barren(set *data.Set) error {
	q := set.Sequences
	if c.shown().Task != SamplesTask && (q == nil || *q == data.Sequences{}) && alike(set.Train.Labels, 1) {
		return fmt.Errorf("data %s: all %d training examples are of one class, and there is nothing to tell apart", c.Data, set.Train.N())
	}
	if d := set.Values(); q == nil && (alike(set.Train.Pixels, d) || alike(set.Train.Floats, d)) { // of sequences that are alike a pattern may be wanted
		return fmt.Errorf("data %s: all %d training examples are alike, and there is nothing to learn from them", c.Data, set.Train.N())
	}
	return nil
}

// alike reports that there are several rows of d values, all the same.
func alike[T comparable](x []T, d int) bool {
	for i := d; i < len(x); i += d {
		if !slices.Equal(x[i:i+d], x[:d]) {
			return false
		}
	}
	return len(x) > d
}

// tried makes the first step of an epoch and the last where nothing is computed, and describes the task: it reports a system
// that does not fit it.
func tried(run nets.Run, dev *compute.Device) (nets.Spec, error) {
	run.Test = nil
	if run.World != nil {
		run.World = spread.Unanswered(run.World)
	}
	s, err := run.Open(compute.New(&compute.Stage{Of: dev.Info()}))
	if err != nil {
		return nets.Spec{}, err
	}
	for _, done := range []int{0, max(s.Spec.Epoch, 1) - 1} {
		if err = errors.Join(err, s.Continue(done, s.Counters())); err == nil {
			err = s.Step(context.Background())
		}
	}
	return s.Spec, errors.Join(err, s.Close())
}

// A ConfigError is a setting that cannot be, or does not fit the data.
type ConfigError struct{ error }

func (e ConfigError) Unwrap() error { return e.error }

// Close ends what reads data, and gives the folder up. The device is the caller's.
func (r *Run) Close() error {
	err := r.Session.Close()
	if r.Folder != nil {
		err = errors.Join(err, r.Folder.Close())
	}
	return err
}

// Network returns the network that is trained, that of the first learner; nil of other systems.
func (r *Run) Network() *stack.Net {
	if n, ok := r.Session.Systems()[0].(interface{ Network() *stack.Net }); ok {
		return n.Network()
	}
	return nil
}

// Steps returns how many steps have been made, and how many there are to be.
func (r *Run) Steps() (done, total int) { return r.Session.Number(), r.Session.Total() }

// PerEpoch returns how many steps make an epoch; 0 where there are none.
func (r *Run) PerEpoch() int { return r.Session.Spec.Epoch }

// Examples returns how many examples of the data are trained on.
func (r *Run) Examples() int {
	if n := r.Set.Train.N(); r.Config.Limit == 0 || n < r.Config.Limit {
		return n
	}
	return r.Config.Limit
}

// PerStep returns how many examples a step shows to each learner.
func (r *Run) PerStep() int {
	if r.Set != nil {
		return r.Config.Batch
	}
	return r.Session.Spec.Examples
}

// A Line of metrics: one JSON object in metrics.jsonl. Of several learners, numbers are means over those that go on.
type Line struct {
	Kind            string                    `json:"kind"` // "train", "test", "angles" or "lost"
	Step            int                       `json:"step"`
	Epoch           float64                   `json:"epoch"`
	Loss            float64                   `json:"loss,omitempty"`
	Accuracy        float64                   `json:"accuracy,omitempty"`
	Metrics         map[string]float64        `json:"metrics,omitempty"`  // all others, by name
	Learners        map[string][]float.OrNull `json:"learners,omitempty"` // all metrics of each learner, where there are several; null of one that is lost
	Examples        int                       `json:"examples,omitempty"` // of each learner
	Rate            float64                   `json:"rate,omitempty"`
	ImagesPerSecond float64                   `json:"images_per_second,omitempty"` // examples, of all learners
	Seconds         float64                   `json:"seconds,omitempty"`           // of training in all, evaluation and saving not counted
	Layers          []nets.Angle              `json:"layers,omitempty"`
	Lost            map[int]string            `json:"lost,omitempty"`    // why learners are lost from this step on, where others go on
	Warning         string                    `json:"warning,omitempty"` // of a loss that is absurd: more than a million times the first
	Ended           string                    `json:"ended,omitempty"`   // why nothing follows: all learners are finished or lost
}

// A Value is a metric of a line: the mean over the learners, and the values of all where there are several.
type Value struct {
	Name string
	Mean float64
	Each []float.OrNull
}

// All returns the metrics of the line: the loss and the accuracy, if they were measured, and all others by name.
func (l Line) All() (all []Value) {
	if l.Loss != 0 {
		all = append(all, Value{"loss", l.Loss, l.Learners["loss"]})
	}
	if l.Accuracy != 0 {
		all = append(all, Value{"accuracy", l.Accuracy, l.Learners["accuracy"]})
	}
	for _, name := range slices.Sorted(maps.Keys(l.Metrics)) {
		all = append(all, Value{name, l.Metrics[name], l.Learners[name]})
	}
	return all
}

// Train goes on to the end of the run, see [Run.Early]. It calls tell with each line of metrics. When ctx ends it saves what
// there is and returns the reason; a run that diverges ends with nets.ErrDiverged, and its last good
// checkpoint is kept.
func (r *Run) Train(ctx context.Context, tell func(Line)) error {
	r.tell = tell
	return r.named(r.train(ctx))
}

func (r *Run) train(ctx context.Context) error {
	clock := newClock(r.spent)
	var due due
	back, ask, wholly := retreat{never: r.together()}, true, ctx
	if r.together() { // what one process breaks off the others would wait for
		wholly = context.WithoutCancel(ctx)
	}
	for {
		done, total := r.Steps()
		if done >= total || r.early() {
			return nil
		}
		if r.Session.Between() && (ask || r.inStep()) {
			why, err := r.stopping(ctx)
			if err != nil {
				return err
			}
			if why != nil {
				return r.interrupted(why, "", clock)
			}
			ask = false
		}
		rate := r.Session.RateNow()
		of, err := back.before(ctx, r.Session)
		if err != nil {
			return err
		}
		if err := r.Session.Step(of); err != nil {
			if of.Err() == nil || !errors.Is(err, context.Cause(of)) {
				return err
			}
			if err := r.Session.Restore(back.to); err != nil {
				return err
			}
			return r.interrupted(context.Cause(ctx), ", without what was under way after it", clock)
		}
		back.after(r.Session)
		if r.spikes != nil {
			if err := r.spikes.after(r.Session); err != nil {
				return err
			}
		}
		due.after(r)
		if r.Session.Between() || done+1 == total {
			if err := r.after(wholly, due, rate, clock); err != nil {
				if why := context.Cause(wholly); why != nil && errors.Is(err, why) {
					err = fmt.Errorf("stopped after step %d of %d, before it was evaluated and saved: %w", done+1, total, err)
				}
				return err
			}
			ask, due = ask || due != none, none
		}
	}
}

// A due is what a step is to be followed by, once no trial is under way.
type due struct{ log, save, epoch bool }

var none due

func (d *due) after(r *Run) {
	done, total := r.Steps()
	every := func(n int) bool { return n > 0 && done%n == 0 }
	epoch := r.PerEpoch()
	if r.Config.ownTask() { // whose epochs are a trial or two
		epoch = r.Config.LogEvery
	}
	d.epoch = d.epoch || every(epoch) || done == total
	d.save = d.save || every(r.Config.SaveEvery)
	d.log = d.log || every(r.Config.LogEvery)
}

// after is what a step is followed by: metrics, evaluation, a checkpoint.
func (r *Run) after(ctx context.Context, d due, rate float64, clock *clock) error {
	if d == none {
		return nil
	}
	if err := r.log(rate, clock); err != nil {
		return err
	}
	if d.epoch = d.epoch || r.ended != ""; !d.epoch && !d.save {
		return nil
	}
	clock.pause()
	defer clock.resume()
	if d.epoch {
		if err := r.judge(ctx); err != nil {
			return err
		}
	} else if _, err := r.Session.Try(context.WithoutCancel(ctx)); err != nil { // the loss so far belongs to the weights before
		return err
	}
	return r.Save()
}

// log writes a line on the steps since the last.
func (r *Run) log(rate float64, clock *clock) error {
	m, err := r.Session.Metrics()
	if err != nil {
		return err
	}
	l := r.line("train", m)
	l.Rate = rate
	l.ImagesPerSecond, l.Seconds = clock.lap(l.Examples * r.Session.Learners)
	if r.Session.Ended() {
		r.ended = Endings(r.Session)
		l.Ended = r.ended
	}
	return errors.Join(r.agreed(r.watch(&l)), r.write(l))
}

func (r *Run) line(kind string, all nets.Metrics) Line {
	done, _ := r.Steps()
	l := Line{Kind: kind, Step: done, Epoch: r.Session.EpochsMade()}
	for _, m := range all {
		l.Examples = max(l.Examples, int(m.Count))
		mean := m.Mean()
		switch {
		case mean != mean: // all examples were masked
		case m.Name == "loss":
			l.Loss = mean
		case m.Name == "accuracy":
			l.Accuracy = mean
		default:
			if l.Metrics == nil {
				l.Metrics = map[string]float64{}
			}
			l.Metrics[m.Name] = mean
		}
	}
	l.Learners = perLearner(all)
	return l
}

// perLearner are the metrics of each learner; nil where there is one.
func perLearner(all nets.Metrics) (learners map[string][]float.OrNull) {
	for _, m := range all {
		if len(m.Each) < 2 {
			continue
		}
		if learners == nil {
			learners = map[string][]float.OrNull{}
		}
		for _, x := range m.Each {
			learners[m.Name] = append(learners[m.Name], float.OrNull(x))
		}
	}
	return learners
}

// write reports a line and appends it to the metrics, after the news of learners lost before it.
func (r *Run) write(l Line) error {
	if err := r.tellLost(); err != nil {
		return err
	}
	return r.append(l)
}

func (r *Run) append(l Line) error {
	if r.tell != nil {
		r.tell(l)
	}
	if r.Folder == nil {
		return nil
	}
	return r.agreed(r.Folder.append(l))
}

// tellLost writes a line on the learners lost since the last such line, if there are any.
func (r *Run) tellLost() error {
	l := r.line("lost", nil)
	l.Lost = map[int]string{}
	for learner, why := range r.Session.Lost() {
		if !r.told[learner] {
			r.told[learner], l.Lost[learner] = true, why.Error()
		}
	}
	if len(l.Lost) == 0 {
		return nil
	}
	return r.append(l)
}

// judge compares the system with backprop on a batch, if it can, and evaluates on the test part.
func (r *Run) judge(ctx context.Context) error {
	angles, err := r.Session.Compare(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	if angles != nil {
		l := r.line("angles", nil)
		l.Layers = angles
		if err := r.write(l); err != nil {
			return err
		}
	}
	if r.Session.Test == nil {
		return nil
	}
	m, err := r.Session.Evaluate(ctx, nil)
	if err != nil {
		return err
	}
	l := r.line("test", m)
	r.best.see(l)
	return r.write(l)
}

// interrupted saves the state; the text but says what is not saved.
func (r *Run) interrupted(cause error, but string, clock *clock) error {
	done, total := r.Steps()
	why := fmt.Errorf("stopped after step %d of %d%s: %w", done, total, but, cause)
	m, err := r.Session.Metrics()
	if l := r.line("train", m); err == nil && l.Examples > 0 {
		l.ImagesPerSecond, l.Seconds = clock.lap(l.Examples * r.Session.Learners)
		err = r.write(l)
	}
	if err == nil {
		err = r.Save()
	}
	if err != nil {
		return errors.Join(why, err)
	}
	return r.agreed(why)
}

// MeanAngles is the mean, over the layers that it concerns, of the angles of weights and of deltas: all layers
// with feedback weights; all layers but the last. It is NaN where there are none.
func MeanAngles(layers []nets.Angle) (weights, deltas nets.Degrees) {
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
	sum nets.Degrees
	n   int
}

func (m *mean) add(a nets.Degrees) {
	if a == a {
		m.sum += a
		m.n++
	}
}

func (m *mean) value() nets.Degrees { return m.sum / nets.Degrees(m.n) } // NaN of none

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
