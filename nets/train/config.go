// Package train makes runs: a system and a task, or a network, a rule and data, on a device, in a folder
// that says all that is needed to make the run again, and from which it goes on after any end.
package train

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/data"
	"hebb/nets/stack"
	"hebb/nets/tasks"
)

// A Config is all that decides a run, but for the device. The same Config gives the same bits on the
// same device.
type Config struct {
	Net        string  `toml:"net" json:"net"`         // see stack.Networks
	Rule       string  `toml:"rule" json:"rule"`       // see catalogue.Rule
	Data       string  `toml:"data" json:"data"`       // see data.Find
	Holdout    float64 `toml:"holdout" json:"holdout"` // share kept for testing, where the data have no test part
	Layout     string  `toml:"layout" json:"layout"`   // these five: see data.Options
	Resize     string  `toml:"resize" json:"resize"`
	CropCentre bool    `toml:"crop_centre" json:"crop_centre"`
	Alpha      string  `toml:"alpha" json:"alpha"`
	Canvas     int     `toml:"canvas" json:"canvas"`
	Limit      int     `toml:"limit" json:"limit"`           // train on so many examples, see data.Set.Few; 0: all
	TestLimit  int     `toml:"test_limit" json:"test_limit"` // test with so many examples; 0: all
	Normalise  string  `toml:"normalise" json:"normalise"`   // see data.Normalisations
	Crop       int     `toml:"crop" json:"crop"`             // pixels around an image before a random crop
	Flip       bool    `toml:"flip" json:"flip"`             // left and right, at random
	Cutout     int     `toml:"cutout" json:"cutout"`         // side of a square cut out
	Loss       string  `toml:"loss" json:"loss"`
	Allow      string  `toml:"allow" json:"allow"` // see compute.ParseLeeway
	Optimiser  string  `toml:"optimiser" json:"optimiser"`
	Rate       float64 `toml:"rate" json:"rate"`
	BiasRate   float64 `toml:"bias_rate" json:"bias_rate"`     // the gradients of biases are multiplied by it
	OutputRate float64 `toml:"output_rate" json:"output_rate"` // the rate of the output layer is multiplied by it; 0: 1
	Schedule   string  `toml:"schedule" json:"schedule"`
	Stale      int     `toml:"stale" json:"stale"` // steps before a block's output reaches the next, see stack.System
	Noise      float64 `toml:"noise" json:"noise"` // standard deviation of noise added to gradients
	Clip       float64 `toml:"clip" json:"clip"`   // largest norm of the gradients of an update; 0: any
	Batch      int     `toml:"batch" json:"batch"`
	Micro      int     `toml:"micro" json:"micro"` // parts of a batch, a power of two, see nets.Run
	Epochs     int     `toml:"epochs" json:"epochs"`
	Steps      int     `toml:"steps" json:"steps"` // 0: as the epochs say
	Seed       uint64  `toml:"seed" json:"seed"`
	Learners   int     `toml:"learners" json:"learners"`     // runs of the seeds Seed, Seed + 1, …, side by side or in turn
	System     string  `toml:"system" json:"system"`         // see catalogue.System; "": the network Net under Rule
	Task       string  `toml:"task" json:"task"`             // of a System, see catalogue.Task; "": the images of Data
	InOrder    bool    `toml:"in_order" json:"in_order"`     // examples in the order of the data, each epoch
	Angles     int     `toml:"angles" json:"angles"`         // compare deltas with backprop's on the first so many examples; 0: on the last batch
	LogEvery   int     `toml:"log_every" json:"log_every"`   // steps between two lines of metrics
	SaveEvery  int     `toml:"save_every" json:"save_every"` // steps between two checkpoints; 0: an epoch
	KeepBest   string  `toml:"keep_best" json:"keep_best"`   // see Bests
	KeepAll    bool    `toml:"keep_all" json:"keep_all"`     // keep all checkpoints, and not the last two alone
	Patience   int     `toml:"patience" json:"patience"`     // end after so many evaluations that were no better; 0: none
}

// Default trains a small network by any rule: rates at which backprop is fastest are too much for feedback weights that
// are still to find W.
var Default = Config{
	Net: "mlp:784-500-10", Rule: "bp", Data: "fashion-mnist", Normalise: "channel", Loss: "cross-entropy",
	Optimiser: "momentum", Rate: 0.01, BiasRate: 1, OutputRate: 1, Schedule: "constant", Batch: 128, Micro: 1, Epochs: 10, Seed: 1, Learners: 1, LogEvery: 50,
}

// A plan is a Config, read.
type plan struct {
	rule      stack.Rule
	optimiser nets.Optimiser
	schedule  nets.Schedule
	loss      nets.Loss
	leeway    compute.Leeway
}

// Check reports what cannot be, without a look at the data.
func (c Config) Check(names *catalogue.Catalogue) error {
	_, err := c.plan(names)
	return err
}

func (c Config) plan(names *catalogue.Catalogue) (p plan, err error) {
	if p.rule, err = names.Rule(c.Rule); err != nil {
		return p, err
	}
	if p.optimiser, err = names.Optimiser(c.Optimiser); err != nil {
		return p, err
	}
	if p.schedule, err = names.Schedule(c.Schedule); err != nil {
		return p, err
	}
	if p.loss, err = names.Loss(c.Loss); err != nil {
		return p, err
	}
	if p.leeway, err = compute.ParseLeeway(c.Allow); err != nil {
		return p, fmt.Errorf("allow: %w", err)
	}
	if err := c.numbers(); err != nil {
		return p, err
	}
	if c.System != "" {
		return p, c.checkSystem(names)
	}
	if c.Task != "" {
		return p, fmt.Errorf("the task %s without a system; a network learns from data", c.Task)
	}
	if err := c.least("loss "+c.Loss, p.loss.Least()); err != nil {
		return p, err
	}
	if local, ok := p.rule.(stack.Local); ok {
		if err := c.least("rule "+c.Rule, local.Least()); err != nil {
			return p, err
		}
	}
	if c.Stale > 0 {
		if err := stack.Stales(p.rule); err != nil {
			return p, err
		}
	}
	if err := c.divided(&stack.System{Rule: p.rule, Stale: c.Stale}); err != nil {
		return p, err
	}
	p.optimiser = nets.Noisy{Optimiser: nets.Clipped{Optimiser: p.optimiser, Norm: float32(c.Clip)}, SD: float32(c.Noise)}
	return p, nil
}

// least reports batches, or parts of them, of fewer examples than something learns from.
func (c Config) least(what string, n int) error {
	size := c.Batch / c.Micro // of the smallest part
	switch {
	case size >= n:
		return nil
	case c.Micro > 1:
		return fmt.Errorf("batches of %d in %d parts, the smallest of %d, and the %s learns from %d at least", c.Batch, c.Micro, size, what, n)
	}
	return fmt.Errorf("batches of %d, and the %s learns from %d at least", c.Batch, what, n)
}

// divided reports batches in parts for a system that learns from whole ones. Of a system with settings of its own only Build
// can say more.
func (c Config) divided(s nets.System) error {
	if c.Micro == 1 {
		return nil
	}
	err := errors.New("what it learns from parts of them cannot be added")
	switch d := s.(type) {
	case *stack.System:
		err = d.Divided()
	case nets.Divided:
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s in %d parts: %w: %w", cmp.Or(c.System, "the rule "+c.Rule), c.Micro, nets.ErrWhole, err)
	}
	return nil
}

// checkSystem reports a system or a task that cannot be.
func (c Config) checkSystem(names *catalogue.Catalogue) error {
	s, err := names.System(c.System)
	if err == nil {
		err = c.divided(s)
	}
	if err != nil {
		return err
	}
	if !c.ownTask() && c.encoder() == "" {
		return nil
	}
	_, err = names.Task(cmp.Or(c.encoder(), c.Task))
	if none := (catalogue.NameError{}); errors.As(err, &none) {
		none.Names = append(none.Names, SamplesTask, SequencesTask)
		return fmt.Errorf("%w, %s, %s", none, SamplesTask, SequencesTask)
	}
	return err
}

// numbers reports a number that cannot be.
func (c Config) numbers() error {
	switch {
	case c.Batch < 1:
		return fmt.Errorf("batches of %d, want at least 1", c.Batch)
	case c.Micro < 1 || c.Micro&(c.Micro-1) != 0:
		return fmt.Errorf("micro %d: batches in so many parts, want a power of two: 1, 2, 4, 8, …", c.Micro)
	case !c.ownTask() && c.Batch < c.Micro:
		return fmt.Errorf("batches of %d in %d parts, want at least 1 example in each", c.Batch, c.Micro)
	case c.Epochs < 0 || c.Steps < 0 || c.Epochs == 0 && c.Steps == 0:
		return fmt.Errorf("%d epochs and %d steps, want at least 1 of either", c.Epochs, c.Steps)
	case !(c.Rate > 0 && c.Rate <= math.MaxFloat32):
		return fmt.Errorf("rate %g, want a number above 0, at most %.3g", c.Rate, math.MaxFloat32)
	case !(c.BiasRate > 0 && c.BiasRate <= math.MaxFloat32):
		return fmt.Errorf("bias rate %g, want a number above 0, at most %.3g", c.BiasRate, math.MaxFloat32)
	case !(c.OutputRate >= 0 && c.OutputRate <= math.MaxFloat32):
		return fmt.Errorf("output rate %g, want a number above 0, at most %.3g", c.OutputRate, math.MaxFloat32)
	case !(c.Clip >= 0 && c.Clip <= math.MaxFloat32):
		return fmt.Errorf("clip %g, want from 0, none, to %.3g", c.Clip, math.MaxFloat32)
	case !(c.Noise >= 0 && c.Noise <= math.MaxFloat32):
		return fmt.Errorf("noise %g, want from 0 to %.3g", c.Noise, math.MaxFloat32)
	case c.Stale < 0:
		return fmt.Errorf("stale %d, want a number of steps of at least 0", c.Stale)
	case c.Learners > 0 && c.Seed > math.MaxInt64-uint64(c.Learners):
		return fmt.Errorf("seed %d, want at most %d, which config files can hold", c.Seed, math.MaxInt64-c.Learners)
	case c.Learners < 1:
		return fmt.Errorf("%d learners, want at least 1", c.Learners)
	case c.Angles < 0:
		return fmt.Errorf("angles of %d examples, want at least 0", c.Angles)
	case c.Limit < 0 || c.TestLimit < 0:
		return fmt.Errorf("limit %d and test limit %d, want at least 0", c.Limit, c.TestLimit)
	case c.LogEvery < 1 || c.SaveEvery < 0:
		return fmt.Errorf("log every %d and save every %d, want at least 1 and 0", c.LogEvery, c.SaveEvery)
	case !slices.Contains(Bests, c.KeepBest):
		return fmt.Errorf("keep_best %q, want accuracy or loss", c.KeepBest)
	case c.Patience < 0:
		return fmt.Errorf("patience %d, want at least 0", c.Patience)
	case c.Patience > 0 && c.KeepBest == "":
		return fmt.Errorf("patience %d without keep_best, by which an evaluation is better", c.Patience)
	case !slices.Contains(data.Normalisations, c.Normalise):
		return fmt.Errorf("normalise %q, want one of %s", c.Normalise, strings.Join(data.Normalisations, ", "))
	case c.Crop < 0 || c.Cutout < 0:
		return fmt.Errorf("crop %d and cutout %d, want at least 0", c.Crop, c.Cutout)
	case !(0 <= c.Holdout && c.Holdout < 1):
		return fmt.Errorf("holdout %g, want a share within [0, 1)", c.Holdout)
	}
	return c.DataOptions().Check()
}

// DataOptions returns how the data are read.
func (c Config) DataOptions() data.Options {
	return data.Options{Holdout: c.Holdout, Layout: c.Layout, Resize: c.Resize, CropCentre: c.CropCentre, Alpha: c.Alpha, Canvas: c.Canvas,
		Sequences: c.shown().Task == SequencesTask}
}

// ownTask reports whether the task is one by its own name, and not the examples of Data.
func (c Config) ownTask() bool {
	of := c.shown().Task
	return of != "" && of != SamplesTask && of != SequencesTask
}

// shown returns c with the task that is encoded, if the task is [EncodedTask]: "" for the images of Data.
func (c Config) shown() Config {
	if name, set, _ := strings.Cut(c.Task, ":"); name == EncodedTask {
		c.Task = ""
		for _, s := range catalogue.Split(set) {
			if key, value, _ := strings.Cut(s, "="); strings.TrimSpace(key) == encodedKey {
				c.Task = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(value), "["), "]")
			}
		}
		if c.Task == ImagesTask {
			c.Task = ""
		}
	}
	return c
}

// Encoding returns the name of the task that is encoded, with its settings, and the encoder; of another task its own name and
// nil.
func (c Config) Encoding(names *catalogue.Catalogue) (task string, e *tasks.Encoded) {
	t, _ := names.Task(cmp.Or(c.encoder(), c.Task)) // Check says the error
	e, _ = t.(*tasks.Encoded)
	return c.shown().Task, e
}

// encodedKey is the setting of an encoder that says what is encoded.
const encodedKey = "of"

// encoder returns the text of an encoder without the name of what it encodes, if that is a task of Data; else "".
func (c Config) encoder() string {
	name, set, _ := strings.Cut(c.Task, ":")
	if name != EncodedTask || c.ownTask() {
		return ""
	}
	return name + ":" + strings.Join(slices.DeleteFunc(catalogue.Split(set), func(s string) bool {
		key, _, _ := strings.Cut(s, "=")
		return strings.TrimSpace(key) == encodedKey
	}), ",")
}

// encoded encodes the tasks of a run on Data, if there is an encoder.
func (c Config) encoded(names *catalogue.Catalogue, r nets.Run) nets.Run {
	text := c.encoder()
	if text == "" {
		return r
	}
	wrap := func(task func() nets.Task) func() nets.Task {
		if task == nil {
			return nil
		}
		return func() nets.Task {
			t, _ := names.Task(text) // of which Check has seen the error
			t.(*tasks.Encoded).Of = task()
			return t
		}
	}
	r.Task, r.Test, r.Probe = wrap(r.Task), wrap(r.Test), nil
	return r
}

// whole is c with what a file of an older hebb does not say, and what a run has no use for.
func (c Config) whole() Config {
	if c.OutputRate == 0 {
		c.OutputRate = 1
	}
	if c.Learners == 0 {
		c.Learners = 1
	}
	if c.Micro == 0 {
		c.Micro = 1
	}
	return c.settled()
}

// load reads the data of a run that a record may tell of: at a place or, where that is "", at the first place that holds what
// the run learned from. If all hold something else, it returns what one of them holds and a contentError.
func (c Config) load(rec Record, at string) (set *data.Set, path string, err error) {
	places := []string{at}
	if at == "" {
		places = c.places(rec)
	}
	for _, place := range places {
		s, there, e := c.read(place, rec)
		if e == nil {
			return s, there, nil
		}
		if err == nil || errors.Is(err, data.ErrNoData) && !errors.Is(e, data.ErrNoData) {
			set, path, err = s, there, e
		}
	}
	return set, path, err
}

// read reads data at a place, and compares them with those of the record.
func (c Config) read(place string, rec Record) (*data.Set, string, error) {
	path, err := data.Find(place)
	if err != nil {
		return nil, "", err
	}
	set, err := data.Load(place, c.DataOptions()) // by its name: named data are whole
	if err != nil || rec.Origin == nil {
		return set, path, err
	}
	if sum := set.Checksum(); sum != rec.Origin.Checksum {
		return set, path, contentError{path, sum, rec.Origin.Checksum, cmp.Or(rec.DataPath, c.Data)}
	}
	return set, path, nil
}

// places are where the data may be: those that have a name, where they lie now; others where they lay, and then as the Config
// says, from the present folder.
func (c Config) places(rec Record) []string {
	if !filepath.IsAbs(rec.DataPath) || rec.DataPath == c.Data {
		return []string{c.Data}
	}
	if slices.Contains(data.Names(), c.Data) {
		return []string{c.Data, rec.DataPath}
	}
	return []string{rec.DataPath, c.Data}
}

// Tasks of Data, which have no settings of their own.
const (
	// SamplesTask is the task of the images of Data without their labels, less their mean: rows for systems that organise
	// themselves.
	SamplesTask = "samples"
	// SequencesTask is the task of Data that are sequences, see [data.Load], a moment at a time.
	SequencesTask = "sequences"
	// ImagesTask is the task of the images of Data with their labels; "" means it too.
	ImagesTask = "images"
	// PatchesTask is [tasks.Patches], with settings, of the photographs in the folder Data.
	PatchesTask = "patches"
	// EncodedTask is [tasks.Encoded], with settings, of another task, or of Data.
	EncodedTask = "encoded"
)

// Photographed reports whether the task is of photographs.
func (c Config) Photographed() bool {
	name, _, _ := strings.Cut(c.shown().Task, ":")
	return name == PatchesTask
}

// located returns c with Data the folder of photographs at a place or, where that is "", where a record has them.
func (c Config) located(rec Record, at string) Config {
	if c.Photographed() {
		c.Data = cmp.Or(at, rec.DataPath, c.Data)
	}
	return c
}

// task returns a new task of its own name.
func (c Config) task(names *catalogue.Catalogue) nets.Task {
	t, _ := names.Task(c.Task) // of which Check has seen the error
	of := t
	if e, ok := t.(*tasks.Encoded); ok {
		of = e.Of
	}
	if p, ok := of.(*tasks.Patches); ok {
		p.Folder = c.Data
	}
	return t
}

// run is what nets makes of the Config; the examples are those of set, if there is one.
func (c Config) run(names *catalogue.Catalogue, p plan, set *data.Set, n data.Normalise) nets.Run {
	r := nets.Run{Learners: c.Learners, Seed: c.Seed, Rate: c.Rate, Schedule: p.schedule, Moments: c.Steps, Epochs: c.Epochs, Micro: c.Micro}
	if c.System != "" {
		r.System = func() nets.System { s, _ := names.System(c.System); return s } // of which Check has seen the error
	} else {
		r.System = func() nets.System {
			return &stack.System{Net: names.Network(c.Net), Rule: p.rule, Loss: p.loss, Optimiser: p.optimiser,
				BiasRate: float32(c.BiasRate), OutputRate: c.OutputRate, Stale: c.Stale}
		}
	}
	if set == nil {
		r.Task = func() nets.Task { return c.task(names) }
		r.Test = r.Task
		return r
	}
	switch c.shown().Task {
	case SamplesTask:
		rows, in := tasks.Centred(set, c.Limit), nets.Row(set.Values())
		r.Task = func() nets.Task { return &tasks.Samples{Rows: rows, In: in, Batch: c.Batch} }
	case SequencesTask:
		r = c.sequences(r, set, n)
	default:
		r = c.images(r, set, n)
	}
	return c.encoded(names, r)
}

// images adds the tasks of a set of images with labels.
func (c Config) images(r nets.Run, set *data.Set, n data.Normalise) nets.Run {
	train, test := c.loaders(n)
	if c.encoder() != "" {
		test.Batch = max(c.Batch, leastTestBatch)
	}
	part, _ := set.Few(set.Train, c.Limit)
	r.Task = func() nets.Task { return &tasks.Images{Set: set, Part: part, Options: train} }
	if set.Test != nil {
		r.Test = func() nets.Task {
			part, _ := set.Few(set.Test, c.TestLimit)
			return &tasks.Images{Set: set, Part: part, Options: test}
		}
	}
	if n := min(c.Angles, part.N()); n > 0 {
		o := test
		o.Batch = n
		r.Probe = func() nets.Task {
			few, _ := set.Few(part, n)
			return &tasks.Images{Set: set, Part: few, Options: o}
		}
	}
	return r
}

// sequences adds the tasks of a set of sequences.
func (c Config) sequences(r nets.Run, set *data.Set, n data.Normalise) nets.Run {
	task := func(part *data.Split, limit, batch int, shuffle bool) func() nets.Task {
		few, _ := set.Few(part, limit)
		series := tasks.NewSeries(set, few, n)
		return func() nets.Task { return &tasks.Sequences{Series: series, Batch: batch, Shuffle: shuffle} }
	}
	r.Task = task(set.Train, c.Limit, c.Batch, !c.InOrder)
	if set.Test != nil {
		r.Test = task(set.Test, c.TestLimit, max(c.Batch, leastTestBatch), false)
	}
	return r
}

// leastTestBatch is how many sequences, or images as spikes, are evaluated at once where fewer are learned from: as few as a system with traces of
// every synapse of every example can have.
const leastTestBatch = 64

// loaders are how the training and the test part are read.
func (c Config) loaders(n data.Normalise) (train, test data.LoaderOptions) {
	train = data.LoaderOptions{
		Batch: c.Batch, Seed: c.Seed, Shuffle: !c.InOrder, DropLast: true, Normalise: n,
		Augment: data.Augment{Pad: c.Crop, Flip: c.Flip, Cutout: c.Cutout},
	}
	test = data.LoaderOptions{Batch: testBatch, Epochs: 1, Normalise: n}
	return train, test
}

// testBatch is how many examples are evaluated at once.
const testBatch = 500
