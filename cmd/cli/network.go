package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"gonum.org/v1/gonum/stat"

	"hebb/backend"
	"hebb/compute"
	"hebb/internal/count"
	"hebb/internal/float"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/data"
	"hebb/nets/spread"
	"hebb/nets/stack"
	"hebb/nets/train"
)

// A networkRun is one run of hebb train on a network, as asked for.
type networkRun struct {
	backendFlags
	componentFlags
	train.Config
	on      string
	trace   string
	watch   bool
	config  string
	out     string
	resume  string
	from    string
	verify  bool
	sampled int
	profile string
	flags   *pflag.FlagSet
	folder  *train.Folder // of a new run; nil until it is taken
	timeout time.Duration
	world   spread.World // nil: this process alone
}

func (r *networkRun) add(f *pflag.FlagSet) {
	f.StringVar(&r.Net, "net", r.Net, "network")
	f.StringVar(&r.Rule, "rule", r.Rule, "rule of credit assignment, or a Hebbian rule")
	f.StringVar(&r.Data, "data", r.Data, "data set: a name ("+strings.Join(data.Names(), ", ")+"), a folder or an NPZ file; of --task patches a folder of photographs")
	f.Float64Var(&r.Holdout, "holdout", r.Holdout, "share of each class kept for testing where the data have no test part")
	addReading(f, &r.Layout, &r.Resize, &r.Alpha, &r.CropCentre, &r.Canvas)
	f.IntVar(&r.Limit, "limit", r.Limit, "train on the first `N` examples, drawn evenly from all classes where data are in their order (0: all)")
	f.IntVar(&r.TestLimit, "test-limit", r.TestLimit, "test with the first `N` examples, likewise (0: all)")
	f.StringVar(&r.Normalise, "normalise", r.Normalise, said(`"channel": mean 0 and variance 1; "signed": −1 to 1; "none": 0 to 1`, "channel, and of sequences none"))
	f.IntVar(&r.Crop, "crop", r.Crop, "random crops, after padding by so many pixels")
	f.BoolVar(&r.Flip, "flip", r.Flip, "mirror left and right at random")
	f.IntVar(&r.Cutout, "cutout", r.Cutout, "side of a square cut out at random")
	f.StringVar(&r.Loss, "loss", r.Loss, "what to make small: "+lossNames())
	f.StringVar(&r.Allow, "allow", r.Allow, allowUsage)
	f.StringVar(&r.Optimiser, "optimiser", r.Optimiser, "how gradients change weights")
	f.Float64Var(&r.Config.Rate, "lr", r.Config.Rate, said("learning rate", "0.01, of a system the one that hebb list shows, and with --rule sanger and its kin see --rate"))
	f.Float64Var(&r.BiasRate, "bias-rate", r.BiasRate, "what the gradients of biases are multiplied by")
	f.Float64Var(&r.OutputRate, "output-rate", r.OutputRate, "what the rate of the output layer is multiplied by")
	f.StringVar(&r.Schedule, "schedule", r.Schedule, said("what becomes of the rate", "constant, and inverse with --rule sanger and its kin"))
	f.IntVar(&r.Stale, "stale", r.Stale, "updates before what a layer puts out reaches the next, as in a pipeline of machines; bp's gradients come late by twice that for each layer above")
	f.Float64Var(&r.Clip, "clip", r.Clip, "largest norm of the gradients of an update, over all weights of a learner (0: any)")
	f.Float64Var(&r.Noise, "noise", r.Noise, "standard deviation of noise added to every gradient")
	f.IntVar(&r.Batch, "batch", r.Batch, "examples an update")
	f.IntVar(&r.Micro, "micro", r.Micro, "parts of a batch, a power of two, that gradients are of; several processes share them, and the bits depend on how many parts there are alone")
	f.IntVar(&r.Epochs, "epochs", r.Epochs, said("passes over the examples", "10, of a task the length that hebb list shows, and 20 with --rule sanger and its kin"))
	f.IntVar(&r.Steps, "steps", r.Steps, "updates (0: as the epochs say)")
	f.IntVar(&r.Learners, "learners", r.Learners, "learn from so many seeds, the first of them --seed, side by side where that can be")
	f.Uint64Var(&r.Seed, "seed", r.Seed, "seed of the first weights, of the order, of augmentation and dropout")
	f.BoolVar(&r.InOrder, "in-order", r.InOrder, "take the examples in the order of the data")
	f.IntVar(&r.Angles, "angles", r.Angles, "compare deltas with backprop's on the first `N` examples (0: on the last batch)")
	f.IntVar(&r.LogEvery, "log-every", r.LogEvery, said("updates between two lines of metrics", "50, of sequences 50 times their moments, a twentieth of a task's own length, and 468 with --rule sanger and its kin"))
	f.IntVar(&r.SaveEvery, "save-every", r.SaveEvery, "updates between two checkpoints (0: an epoch)")
	f.BoolVar(&r.KeepAll, "keep-all", r.KeepAll, "keep all checkpoints, and not the last two alone: hebb weights --over-training draws them")
	f.StringVar(&r.KeepBest, "keep-best", r.KeepBest, "keep the checkpoint that is best on the test part too, by `accuracy` or loss")
	f.IntVar(&r.Patience, "patience", r.Patience, "with --keep-best: end after `N` evaluations that were no better (0: at the last step)")
	f.StringVar(&r.config, "config", "", "take the settings from `FILE.toml`; flags win")
	f.StringVar(&r.from, "from", "", "start from the weights in `FILE.safetensors`, of hebb or of PyTorch, or from those of a run's folder")
	f.StringVar(&r.resume, "resume", "", "go on with the run in `DIR`; --epochs and --steps may make it longer, --data says where the same data are now")
	f.Var(oneOf(&r.on, "auto", backend.Names...), "backend", "where to compute")
	f.StringVar(&r.out, "out", "", "folder for the run (default runs/TIME-RULE-BACKEND)")
	f.IntVar(&r.sampled, "verify", 0, "check `N` elements of every op against its definition (0: all; slow)")
	f.StringVar(&r.profile, "profile", "", profileUsage)
	f.DurationVar(&r.timeout, timeoutFlag, timeout, timeoutUsage)
	f.StringVar(&r.trace, "trace", "", "write a line for every op into `FILE`: its shapes, its cost, how long the call took")
	f.BoolVar(&r.watch, "watch", false, "of a system that spikes: show the spikes of the first learner meanwhile, on a terminal")
	f.StringVar(&r.Task, "task", r.Task, "what a system learns from, see hebb list (default: the examples of --data, sequences or "+imagesTask+")")
	for _, name := range []string{"lr", "epochs", "schedule", "log-every", "normalise"} { // whose defaults depend on the system and its task
		f.Lookup(name).DefValue = map[bool]string{true: "", false: "0"}[name == "schedule" || name == "normalise"]
	}
}

// said returns the usage of a flag whose default depends on other flags.
func said(usage, byDefault string) string { return usage + " (default: " + byDefault + ")" }

// flagNames are the flags by the key of the setting, where the two differ.
var flagNames = map[string]string{"rate": "lr"}

// Values of settings that nobody has said anything of.
const (
	noRate   = -math.MaxFloat64
	noEpochs = math.MinInt
)

// settings returns the config: the defaults, those that suit a system and its task among them, the file over them, and the flags
// that were given over both.
func (r *networkRun) settings() (train.Config, error) {
	silent := train.Default
	silent.Rate, silent.Epochs, silent.Data = noRate, noEpochs, ""
	said, err := r.over(silent)
	if err != nil {
		return said, err
	}
	if said.Task == train.SequencesTask && said.Data == "" {
		return said, usagef("--task %s without --data: want an NPZ file of sequences", said.Task)
	}
	said.Data = cmp.Or(said.Data, train.Default.Data)
	c, err := r.over(suited(said))
	if err != nil {
		return c, err
	}
	asked := c.Task
	c, _ = seen(c)
	if err := r.useless(c); err != nil {
		return c, err
	}
	if c.System == "" && asked == "" {
		if err := refusePadding(c.Data, "a network would learn from the padding too: want a SYSTEM, as in hebb train rflo, or --task "+imagesTask); err != nil {
			return c, err
		}
	}
	_, err = names.Rule(c.Rule)
	if none := (catalogue.NameError{}); errors.As(err, &none) {
		none.Names = append(none.Names, componentRules...)
		err = fmt.Errorf("%w; or, to learn components, %s", none, strings.Join(componentRules, ", "))
		if r.flags.Changed("rule") {
			return c, usagef("--rule: %w", err)
		}
		return c, usagef("%s: rule: %w", r.config, err)
	}
	return c, r.check(c)
}

// check reports settings that cannot be, with the file that they are from.
func (r *networkRun) check(c train.Config) error {
	err := c.Check(names)
	if err == nil {
		return nil
	}
	if r.config == "" {
		return usageError{err}
	}
	alone, unread := train.ReadConfig(r.config, train.Default)
	if of := alone.Check(names); unread == nil && of != nil && of.Error() == err.Error() {
		return usagef("%s: %w", r.config, err)
	}
	return usagef("%w, in the settings of flags over those of %s", err, r.config)
}

// over returns c with what the file and the flags say.
func (r *networkRun) over(c train.Config) (train.Config, error) {
	if r.config != "" {
		var err error
		if c, err = train.ReadConfig(r.config, c); err != nil {
			return c, usageError{err}
		}
	}
	r.override(&c, func(string) bool { return true })
	if r.System != "" {
		c.System = r.System
	}
	return c, nil
}

// imagesTask is what --task calls the images of --data with their labels, where a file could be sequences too.
const imagesTask = train.ImagesTask

// seen sets the task of c by its data, unless it has one: the task sequences if the data look like sequences, and moments is
// their length, or else the task without a name, images.
func seen(c train.Config) (of train.Config, moments int) {
	if c.System != "" && (c.Task == "" || c.Task == train.SequencesTask) {
		if moments, _ = data.Moments(c.Data); moments > 0 {
			c.Task = train.SequencesTask
		}
	}
	if c.Task == imagesTask {
		c.Task = ""
	}
	return c, moments
}

// refusePadding reports padded sequences given in place of images, and why that matters.
func refusePadding(name, why string) error {
	if _, padded := data.Moments(name); padded {
		return usagef("%s has lengths or a mask, and so sequences: %s", name, why)
	}
	return nil
}

// suited returns the defaults with the rate and the length of a run that suit a system and its task, where nothing was said of
// them.
func suited(said train.Config) train.Config {
	c := train.Default
	task, _, _ := strings.Cut(said.Task, ":")
	if s := namedSystem(said.System); said.Rate == noRate {
		c.Rate = cmp.Or(s.Rates[task], s.Rate, c.Rate)
	}
	task, encoder := said.Encoding(names)
	task, _, _ = strings.Cut(task, ":")
	steps := 0
	if encoder != nil {
		steps = encoder.Steps()
	}
	i := slices.IndexFunc(names.Tasks, func(t nets.NamedTask) bool { return t.Name == task })
	if i >= 0 && said.Epochs == noEpochs && said.Steps == 0 && names.Tasks[i].Moments > 0 {
		c.Steps = names.Tasks[i].Moments * max(1, steps)
		c.LogEvery = max(1, c.Steps/20)
	} else if steps > 0 {
		c.LogEvery, c.Normalise = c.LogEvery*steps, "none"
	}
	if _, moments := seen(said); moments > 0 {
		c.LogEvery, c.Normalise = c.LogEvery*moments, "none"
	}
	return c
}

// namedSystem returns the system that a text "name:settings" names, or the zero value.
func namedSystem(text string) (s nets.NamedSystem) {
	name, _, _ := strings.Cut(text, ":")
	if i := slices.IndexFunc(names.Systems, func(s nets.NamedSystem) bool { return s.Name == name }); i >= 0 {
		s = names.Systems[i]
	}
	return s
}

// useless reports the flags that a run has no use for.
func (r *networkRun) useless(c train.Config) error {
	idle := c.Idle()
	for _, key := range slices.Sorted(maps.Keys(idle)) {
		if flag := flagOf(key); r.flags.Changed(flag) {
			return usagef("--%s %s", flag, idle[key])
		}
	}
	if c.System == "" {
		return nil
	}
	if r.from != "" {
		return usagef("--from is for networks, and %s begins with weights of its own", c.System)
	}
	for _, flag := range []string{"lr", "schedule"} {
		if r.flags.Changed(flag) && namedSystem(c.System).NoRate {
			return usagef("--%s is for systems that have a learning rate, and %s learns without", flag, c.System)
		}
	}
	if s, err := names.System(c.System); err == nil && r.flags.Changed("angles") {
		if _, ok := s.(nets.Comparer); !ok {
			return usagef("--angles is for what can compare its deltas with backprop's, and %s cannot", c.System)
		}
	}
	return nil
}

// override copies the settings whose flags were given.
func (r *networkRun) override(c *train.Config, may func(flag string) bool) {
	from, to := reflect.ValueOf(r.Config), reflect.ValueOf(c).Elem()
	for i := range from.NumField() {
		if flag := flagOf(from.Type().Field(i).Tag.Get("toml")); r.flags.Changed(flag) && may(flag) {
			to.Field(i).Set(from.Field(i))
		}
	}
	if r.flags.Changed("epochs") && !r.flags.Changed("steps") && may("steps") {
		c.Steps = 0 // or the epochs would have no say
	}
}

// flagOf is the flag of a setting.
func flagOf(key string) string {
	if flag, ok := flagNames[key]; ok {
		return flag
	}
	return strings.ReplaceAll(key, "_", "-")
}

// run makes the run, with the processes that a launcher has started beside this one, if there are any.
func (r *networkRun) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	what := strings.TrimSpace("train " + r.System)
	switch {
	case r.resume != "":
		what += " --resume"
	case r.out != "":
		what += " --out"
	}
	if r.world, err = join(ctx, r.timeout, asked(what, r.flags), stderr); err != nil {
		return err
	}
	if r.world == nil {
		return r.whole(ctx, stdout, stderr)
	}
	out, notes := stdout, stderr
	if r.world.Rank() > 0 { // which rank 0 has to say
		out, notes, r.profile, r.trace, r.watch = io.Discard, io.Discard, "", "", false
	}
	return leave(ctx, r.world, stderr, r.whole(ctx, out, notes))
}

// whole makes the run, or this process's part in it.
func (r *networkRun) whole(ctx context.Context, stdout, stderr io.Writer) error {
	simple := r.System == "" && slices.Contains(componentRules, r.Config.Rule)
	if err := spread.Agree(r.world, r.asked(simple)); err != nil {
		return err
	}
	if r.out != "" && r.resume == "" { // before there is any work
		if err := r.takeFor(func() error { return r.take(r.out) }); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		defer r.folder.Close()
	}
	o, err := r.outset(ctx, simple, stdout)
	defer o.close()
	if err = spread.Agree(r.world, err); err != nil {
		return err
	}
	work, rec, err := r.ready(o.dev, o.config)
	if err != nil {
		return err
	}
	defer work.Close()
	sayLeeway(o.dev.Allowed(), stderr, o.dev.Info())
	sayNotes(work.Set, stderr)
	for _, n := range work.Notes {
		fmt.Fprintln(stderr, "hebb:", n)
	}
	r.describe(stdout, work, rec, o.notes)
	err = r.make(ctx, work, stdout, stderr)
	if o.verifier != nil {
		rec.Verified = &o.verifier.Tally
		printVerified(stdout, o.verifier.Tally)
		err = errors.Join(err, work.Folder.WriteRecord(rec))
	}
	if err != nil && r.resume == "" {
		err = errors.Join(err, work.Folder.Discard())
	}
	if _, gone := os.Stat(work.Folder.Dir); gone == nil {
		fmt.Fprintf(stdout, "run       %s\n", work.Folder.Dir)
	}
	return errors.Join(err, o.prof.finish(stdout))
}

// An outset is what a run begins with.
type outset struct {
	config   train.Config
	dev      *compute.Device
	verifier *compute.Verifier // or nil
	notes    []string
	prof     *profiling
	trace    *tracing
}

// outset reads the settings and the flags of a run, and opens its device.
func (r *networkRun) outset(ctx context.Context, simple bool, stdout io.Writer) (o outset, err error) {
	if o.prof, err = newProfiling(r.profile); err != nil {
		return o, err
	}
	if o.config, err = r.chosen(ctx, simple, stdout); err != nil {
		return o, err
	}
	if o.trace, err = openTrace(r.trace); err != nil {
		return o, err
	}
	o.dev, o.verifier, o.notes, err = r.openVerified(r.on, r.verify, r.sampled, o.prof, o.trace)
	return o, err
}

func (o outset) close() {
	if o.dev != nil {
		o.dev.Close()
	}
	o.trace.Close()
	o.prof.drop()
}

// sayNotes prints the notes of a data set; set may be nil.
func sayNotes(set *data.Set, stderr io.Writer) {
	if set != nil {
		for _, n := range set.Notes {
			fmt.Fprintln(stderr, "hebb: data:", n)
		}
	}
}

// asked reports flags that cannot be, before there is any work; simple says that the rule learns components.
func (r *networkRun) asked(simple bool) error {
	if r.sampled < 0 {
		return usagef("--verify %d, want at least 0", r.sampled)
	}
	for _, name := range []string{"units", "rate", "force"} {
		if r.flags.Changed(name) && !simple {
			return usagef("--%s is for the rules sanger, subspace, oja and hebb, as in --rule sanger, not for %s: see hebb list",
				name, cmp.Or(r.System, r.Config.Rule))
		}
	}
	if r.world != nil && r.tuning == "full" {
		return usagef("--tuning full with several processes, which would each choose kernels of their own: run hebb tune before, on every host")
	}
	return r.reachable(r.on)
}

// chosen returns the config of a new run, or nothing for one that goes on.
func (r *networkRun) chosen(ctx context.Context, simple bool, stdout io.Writer) (c train.Config, err error) {
	switch {
	case r.resume != "":
		return c, r.onlyResume()
	case simple:
		c, err = r.components(ctx, stdout)
	default:
		c, err = r.settings()
	}
	if _, idle := c.Idle()["data"]; err != nil || idle {
		return c, err
	}
	find := data.Find
	if c.Photographed() {
		find = func(dir string) (string, error) {
			_, err := data.Photographs(dir, nil)
			return dir, err
		}
	}
	if _, err := find(c.Data); err != nil {
		return c, usageError{err}
	}
	return c, nil
}

// ready prepares the run and its folder, or says why that cannot be.
func (r *networkRun) ready(dev *compute.Device, c train.Config) (work *train.Run, rec train.Record, err error) {
	err = guarded(r.who(c), func() (err error) {
		work, rec, err = r.prepare(dev, c)
		return err
	})
	if err != nil {
		return nil, rec, foreign(err, r.resume)
	}
	if err = spread.Agree(r.world, r.unusable(work, c)); err != nil {
		if r.resume == "" {
			err = errors.Join(err, work.Folder.Discard())
		}
		return nil, rec, errors.Join(err, work.Close())
	}
	return work, rec, nil
}

// unusable reports flags that the data or the system of a run have no use for.
func (r *networkRun) unusable(work *train.Run, c train.Config) error {
	if work.Set != nil && work.Set.Test == nil && r.flags.Changed("test-limit") && r.TestLimit > 0 {
		return usagef("--test-limit %d, and %s has no test part: want --holdout", r.TestLimit, c.Data)
	}
	if !r.watch {
		return nil
	}
	if _, err := train.CellsOf(work.Session, cmp.Or(work.Config.System, work.Config.Net)); err != nil {
		return usagef("--watch: %w", err)
	}
	return nil
}

// make makes the run to its end.
func (r *networkRun) make(ctx context.Context, work *train.Run, stdout, stderr io.Writer) error {
	err := guarded(r.who(work.Config), func() error {
		if err := r.train(ctx, work, stdout, stderr); err != nil {
			return err
		}
		if why := work.Early(); why != "" {
			fmt.Fprintf(stdout, "ended     %s\n", why)
		} else if how := train.Endings(work.Session); how != "" {
			fmt.Fprintf(stdout, "ended     %s\n", how)
		}
		return figures(ctx, work, stdout)
	})
	if err != nil {
		return failure{err}
	}
	return nil
}

// who says whose code a run calls, for the error of a panic in it.
func (r *networkRun) who(c train.Config) string {
	switch {
	case r.resume != "" && c == (train.Config{}):
		return "the run in " + r.resume
	case c.System == "":
		return fmt.Sprintf("the network %s with the rule %s", c.Net, c.Rule)
	case c.Task == "":
		return "the system " + c.System
	}
	return fmt.Sprintf("the system %s on the task %s", c.System, c.Task)
}

// foreign adds to the error of a name that this program does not have that the run in a folder was made by one that has it.
func foreign(err error, dir string) error {
	if dir == "" || !errors.Is(err, catalogue.ErrName) {
		return err
	}
	by := ""
	if rec, e := train.ReadRecord(dir); e == nil && rec.Version != "" {
		by = ", " + rec.Version
	}
	return usagef("%w; the run in %s was made by a command that has it%s: run that one (docs/adding-a-system.md)", err, dir, by)
}

// lostSoFar says how many learners are lost, in a row of metrics.
func lostSoFar(work *train.Run) string {
	if n := len(work.Session.Lost()); n > 0 {
		return fmt.Sprintf("  %d of %d lost", n, work.Session.Learners)
	}
	return ""
}

// take takes the folder of a new run: one that holds none, or one that --force may replace.
func (r *networkRun) take(dir string) error {
	f, err := train.Take(dir)
	if err != nil {
		return err
	}
	may := replaceable(dir)
	if err := f.Vacant(); err != nil && !(r.force && may) {
		if may {
			err = fmt.Errorf("%w (--force would replace it, with its checkpoints)", err)
		}
		return errors.Join(err, f.Close())
	}
	r.folder = f
	return nil
}

// takeFor takes the folder of a new run for all processes: rank 0 by the function, which sets r.folder.
func (r *networkRun) takeFor(take func() error) (err error) {
	if r.world == nil || r.world.Rank() == 0 {
		err = take()
	}
	r.folder, err = train.Shared(r.world, r.folder, err)
	return err
}

// takeNamed takes the folder runs/name, or with -2, -3, … after it where another run has that: two may start in one second.
func (r *networkRun) takeNamed(name string) error {
	dir := filepath.Join("runs", name)
	err := r.take(dir)
	for n := 2; errors.Is(err, train.ErrInUse) || errors.Is(err, train.ErrOccupied); n++ {
		err = r.take(fmt.Sprintf("%s-%d", dir, n))
	}
	return err
}

// onlyResume allows with --resume what does not change the run.
func (r *networkRun) onlyResume() error {
	var other []string
	if r.System != "" {
		other = append(other, r.System)
	}
	r.flags.Visit(func(f *pflag.Flag) {
		if !slices.Contains([]string{"resume", "epochs", "steps", "patience", "data", "backend", "verify", "profile", "trace", "watch", timeoutFlag, "context", "device", "rung", "tuning", "no-cache"}, f.Name) {
			other = append(other, "--"+f.Name)
		}
	})
	if r.flags.Changed("epochs") && r.flags.Changed("steps") {
		return usagef("--epochs and --steps: want one of the two")
	}
	if len(other) > 0 {
		return usagef("%s with --resume: the run in %s keeps its settings, but for --epochs, --steps and --patience, and --data where they have moved", strings.Join(other, ", "), r.resume)
	}
	return nil
}

// prepare makes a new run and its folder, or opens one that is to go on.
func (r *networkRun) prepare(dev *compute.Device, c train.Config) (*train.Run, train.Record, error) {
	if r.resume != "" {
		return train.ResumeIn(r.world, dev, names, r.resume, func(c *train.Config) {
			r.override(c, func(flag string) bool { return slices.Contains([]string{"epochs", "steps", "patience", "data"}, flag) })
		})
	}
	started := time.Now()
	if r.folder == nil {
		name, _, _ := strings.Cut(cmp.Or(c.System, c.Rule), ":")
		name = fmt.Sprintf("%s-%s-%s", started.Format("20060102-150405"), name, dev.Info().Backend)
		if err := r.takeFor(func() error { return r.takeNamed(name) }); err != nil {
			return nil, train.Record{}, err
		}
	}
	work, rec, err := r.begin(dev, c, started)
	if err != nil {
		err = errors.Join(err, r.folder.Close())
	}
	return work, rec, err
}

// begin makes a new run in its folder; with --force it replaces one once it has begun.
func (r *networkRun) begin(dev *compute.Device, c train.Config, started time.Time) (*train.Run, train.Record, error) {
	from, err := weights(r.from)
	begun := func(err error) error { return err }
	if err == nil && r.force && (r.world == nil || r.world.Rank() == 0) && replaceable(r.folder.Dir) {
		if done, failed := setAside(r.folder.Dir); failed == nil {
			begun = done
		} else {
			err = failed
		}
	}
	if err = spread.Agree(r.world, err); err != nil {
		return nil, train.Record{}, begun(err)
	}
	work, rec, err := train.Begin(dev, names, r.folder, c, train.Record{Version: version(), Started: started, From: from})
	return work, rec, begun(err)
}

// weights is the file that --from means: itself, or the last checkpoint of a run.
func weights(from string) (string, error) {
	if info, err := os.Stat(from); from == "" || err != nil || !info.IsDir() {
		return from, nil
	}
	path, _, err := train.LastModel(from)
	if err != nil {
		return "", fmt.Errorf("--from: %w", err)
	}
	return path, nil
}

func (r *networkRun) describe(w io.Writer, work *train.Run, rec train.Record, notes []string) {
	c := work.Config
	done, total := work.Steps()
	if s := work.Set; s != nil {
		fmt.Fprintf(w, "data      %s: %s %s", c.Data, part(c.Limit, s.Train.N()), form(s))
		if work.Session.Test != nil {
			fmt.Fprintf(w, ", tested on %s", part(c.TestLimit, s.Test.N()))
		}
		fmt.Fprintf(w, ", from %s\n", work.Path)
		describeParts(w, work)
	} else {
		from := ""
		if c.Photographed() {
			from = ", the photographs in " + work.Path
		}
		fmt.Fprintf(w, "task      %s%s\n", c.Task, from)
	}
	if net := work.Network(); net != nil {
		fmt.Fprintf(w, "network   %s: %d parameters in %s with weights\n", c.Net, work.Session.Parameters(), count.Of(len(net.Weights), "layer"))
	} else {
		fmt.Fprintf(w, "system    %s: %s\n", c.System, count.Of(work.Session.Parameters(), "parameter"))
	}
	fmt.Fprintf(w, "device    %s\n", work.Session.Device().Info())
	for _, n := range notes {
		fmt.Fprintf(w, "          %s\n", n)
	}
	if c.System == "" {
		fmt.Fprintf(w, "learning  %s, %s, rate %g, %s, batches of %d, seed %d\n", c.Rule, c.Optimiser, c.Rate, c.Schedule, c.Batch, c.Seed)
	} else {
		rate := fmt.Sprintf("rate %.5g, %s, ", c.Rate, c.Schedule)
		if namedSystem(c.System).NoRate {
			rate = ""
		}
		fmt.Fprintf(w, "learning  %s of %s, %sseed %d\n", count.Of(total, "step"), count.Of(work.PerStep(), "example"), rate, c.Seed)
	}
	if r.world != nil {
		fmt.Fprintf(w, "ranks     %s\n", ranks(r.world))
	}
	if c.Micro > 1 {
		fmt.Fprintf(w, "parts     %d of each batch\n", c.Micro)
	}
	if c.Stale > 0 {
		fmt.Fprintf(w, "stale     blocks are %s apart\n", count.Of(c.Stale, "step"))
	}
	if c.Learners > 1 {
		how := "side by side"
		if why := work.Session.Alone(); why != nil {
			how = "in turn: " + strings.TrimPrefix(why.Error(), nets.ErrAlone.Error()+": ")
		}
		fmt.Fprintf(w, "learners  %d, seeds %d to %d, %s\n", c.Learners, c.Seed, c.Seed+uint64(c.Learners)-1, how)
	}
	if c.Allow != "" {
		fmt.Fprintf(w, "allowed   %s\n", c.Allow)
	}
	if done > 0 {
		fmt.Fprintf(w, "resumed   after step %d of %d\n", done, total)
	}
	if rec.From != "" {
		fmt.Fprintf(w, "from      %s\n", rec.From)
	}
}

// form says what the examples of a set are.
func form(s *data.Set) string {
	q := s.Sequences
	if q == nil {
		return fmt.Sprintf("images of %d×%d×%d in %s", s.Height, s.Width, s.Channels, count.Of(s.Classes, "class"))
	}
	length, ends := count.Of(s.Width, "moment"), s.Train.Ends()
	if shortest := slices.Min(ends); shortest < s.Width {
		length = fmt.Sprintf("%d to %d moments", shortest, s.Width)
	}
	what, when := "one of "+count.Of(s.Classes, "class"), "at the end"
	if q.Numbers > 0 {
		what = count.Of(q.Numbers, "number")
	}
	if q.PerMoment {
		when = "at each moment"
	}
	return fmt.Sprintf("sequences of %s × %s, %s wanted %s", length, count.Of(s.Channels, "feature"), what, when)
}

// describeParts says what a limit takes, if that is not the first examples, and what fills no batch.
func describeParts(w io.Writer, work *train.Run) {
	c, set := work.Config, work.Set
	say := func(part *data.Split, limit int, purpose string) {
		if few, spread := set.Few(part, limit); spread {
			fmt.Fprintf(w, "limit     %s drawn evenly from all classes %s, since the data are in the order of their classes\n", count.Of(few.N(), "example"), purpose)
		}
	}
	say(set.Train, c.Limit, "to train on")
	if set.Test != nil {
		say(set.Test, c.TestLimit, "to test with")
	}
	if over := work.Examples() % c.Batch; over > 0 {
		which := "others each"
		if c.InOrder {
			which = "the same each"
		}
		fmt.Fprintf(w, "left out  %s an epoch, %s, too few for a batch of %d\n", count.Of(over, "example"), which, c.Batch)
	}
}

// part says how many of n are used, where a limit says so.
func part(limit, n int) string {
	if limit == 0 || limit >= n {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d of %d", limit, n)
}

// train makes the run, a line an epoch on stdout and progress on stderr.
func (r *networkRun) train(ctx context.Context, work *train.Run, stdout, stderr io.Writer) error {
	done, total := work.Steps()
	bar := newProgress(stderr, "training", total)
	defer bar.end()
	bar.at(done)
	tell := r.tellNetwork
	if work.Config.System != "" {
		tell = r.tellSystem
	}
	row := tell(work, stdout, bar)
	if err := r.watchSpikes(work, bar, stderr); err != nil {
		return err
	}
	sayLost := func(text string) {
		bar.clear()
		fmt.Fprintln(stderr, "hebb: lost:", text)
	}
	if lost := work.Session.Lost(); len(lost) > 0 { // before the run was stopped
		sayLost(nets.LostText(work.Config.Seed, lost))
	}
	return work.Train(ctx, func(l train.Line) {
		if len(l.Lost) > 0 {
			sayLost(nets.LostText(work.Config.Seed, l.Lost))
		}
		row(l)
		if l.Warning != "" {
			bar.clear()
			fmt.Fprintln(stderr, "hebb:", l.Warning)
		}
	})
}

// watchSpikes draws spikes above the bar while the run trains, if it is asked to and there is a terminal.
func (r *networkRun) watchSpikes(work *train.Run, bar *progress, stderr io.Writer) error {
	if !r.watch {
		return nil
	}
	if bar.bar == nil {
		fmt.Fprintln(stderr, "hebb: --watch draws on a terminal, and standard error is none: see hebb spikes")
		return nil
	}
	return work.WatchSpikes(func(s train.SpikeTrains) {
		done, _ := work.Steps()
		width, height := terminalSize(stderr)
		bar.at(done)
		bar.panel(spikePanel(s, done, width, height))
	})
}

// tellNetwork writes a row for each epoch of a network.
func (r *networkRun) tellNetwork(work *train.Run, stdout io.Writer, bar *progress) func(train.Line) {
	var angles train.Line
	var epoch average
	fmt.Fprintf(stdout, "\n%7s  %10s  %8s  %10s  %8s  %9s  %s\n", "epoch", "train loss", "accuracy", "test loss", "accuracy", "images/s", "angles to backprop: weights, deltas")
	return func(l train.Line) {
		switch l.Kind {
		case "train":
			epoch.add(l)
			bar.describe(fmt.Sprintf("loss %s, accuracy %.2f %%, %.0f images/s", lossText(l.Loss), 100*l.Accuracy, l.ImagesPerSecond))
			bar.at(l.Step)
		case "angles":
			if angles = l; work.Set.Test != nil {
				return // the line is written with the test
			}
			fallthrough
		case "test":
			bar.clear()
			test := fmt.Sprintf("%10s  %8s", "-", "-")
			if l.Kind == "test" {
				test = fmt.Sprintf("%10s  %6.2f %%", lossText(l.Loss), 100*l.Accuracy)
				if a := l.Learners["accuracy"]; going(a) > 1 {
					test += fmt.Sprintf(" ± %.2f", 100*deviation(a))
				}
			}
			fmt.Fprintf(stdout, "%7.4g  %10s  %6.2f %%  %s  %9.0f  %s%s\n", l.Epoch, lossText(epoch.loss/epoch.n), 100*epoch.hits/epoch.n, test, epoch.n/epoch.seconds,
				hidden(angles.Layers), lostSoFar(work))
			epoch = average{}
		}
	}
}

// tellSystem writes a row for each line of a system's metrics.
func (r *networkRun) tellSystem(work *train.Run, stdout io.Writer, bar *progress) func(train.Line) {
	fmt.Fprintln(stdout)
	return func(l train.Line) {
		bar.at(l.Step)
		if len(l.All()) == 0 {
			return
		}
		bar.clear()
		fmt.Fprintf(stdout, "%9d  %-5s", l.Step, l.Kind)
		for _, m := range l.All() {
			fmt.Fprintf(stdout, "  %s %.5g", m.Name, m.Mean)
			if going(m.Each) > 1 {
				fmt.Fprintf(stdout, " ± %.2g", deviation(m.Each))
			}
		}
		if l.Kind == "train" {
			fmt.Fprintf(stdout, "  %.0f examples/s", l.ImagesPerSecond)
		}
		fmt.Fprintln(stdout, lostSoFar(work))
	}
}

// lossText is a loss in a column: of large ones four digits.
func lossText(x float64) string {
	if math.Abs(x) < 1e4 {
		return fmt.Sprintf("%.4f", x)
	}
	return fmt.Sprintf("%.4g", x)
}

// going is the number of learners that are not lost.
func going(each []float.OrNull) (n int) {
	for _, v := range each {
		if v == v {
			n++
		}
	}
	return n
}

// deviation is the standard deviation over the learners that are not lost.
func deviation(each []float.OrNull) float64 {
	var x []float64
	for _, v := range each {
		if v == v {
			x = append(x, float64(v))
		}
	}
	return stat.StdDev(x, nil)
}

// An average is that of lines of training.
type average struct{ loss, hits, n, seconds float64 }

func (a *average) add(l train.Line) {
	n := float64(l.Examples)
	a.loss += l.Loss * n
	a.hits += l.Accuracy * n
	a.n += n
	a.seconds += n / l.ImagesPerSecond
}

// hidden is the mean angles of the layers that feedback serves.
func hidden(layers []nets.Angle) string {
	w, d := train.MeanAngles(layers)
	text := func(a nets.Degrees) string {
		if a != a {
			return "-"
		}
		return fmt.Sprintf("%.1f°", float64(a))
	}
	return text(w) + ", " + text(d)
}

func listNetworks() string {
	var b strings.Builder
	for _, n := range names.Networks {
		fmt.Fprintf(&b, "  %-38s  %s\n", n.Name, n.About)
	}
	for _, n := range stack.Networks {
		fmt.Fprintf(&b, "  %-38s  %s\n", n.Name, n.About)
	}
	return b.String()
}

func listRules() string {
	var b strings.Builder
	for _, r := range names.Rules {
		keys := strings.Join(catalogue.Settings(r.Rule), ", ")
		if keys != "" {
			keys = " (" + keys + ")"
		}
		fmt.Fprintf(&b, "  %-7s  %s%s\n", r.Name, r.About, keys)
	}
	return b.String()
}
