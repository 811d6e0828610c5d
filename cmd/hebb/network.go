package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"hebb/backend"
	"hebb/compute"
	"hebb/nets/stack"
	"hebb/nets/data"
	"hebb/nets/train"
)

// A networkRun is one run of hebb train on a network, as asked for.
type networkRun struct {
	backendFlags
	train.Config
	on      string
	config  string
	out     string
	resume  string
	from    string
	verify  bool
	sampled int
	profile string
	flags   *pflag.FlagSet
}

func (r *networkRun) add(f *pflag.FlagSet) {
	f.StringVar(&r.Net, "net", r.Net, "network")
	f.StringVar(&r.Rule, "rule", r.Rule, "rule of credit assignment, or a Hebbian rule")
	f.StringVar(&r.Data, "data", r.Data, "data set: a name ("+strings.Join(data.Names(), ", ")+"), a folder or an NPZ file")
	f.Float64Var(&r.Holdout, "holdout", r.Holdout, "share of each class kept for testing where the data have no test part")
	f.IntVar(&r.Limit, "limit", r.Limit, "train on the first `N` examples (0: all)")
	f.IntVar(&r.TestLimit, "test-limit", r.TestLimit, "test with the first `N` examples (0: all)")
	f.StringVar(&r.Normalise, "normalise", r.Normalise, `"channel": mean 0 and variance 1; "signed": −1 to 1; "none": 0 to 1`)
	f.IntVar(&r.Crop, "crop", r.Crop, "random crops, after padding by so many pixels")
	f.BoolVar(&r.Flip, "flip", r.Flip, "mirror left and right at random")
	f.IntVar(&r.Cutout, "cutout", r.Cutout, "side of a square cut out at random")
	f.StringVar(&r.Loss, "loss", r.Loss, "what to make small: "+lossNames())
	f.StringVar(&r.Allow, "allow", r.Allow, allowUsage)
	f.StringVar(&r.Optimiser, "optimiser", r.Optimiser, "how gradients change weights")
	f.Float64Var(&r.Config.Rate, "lr", r.Config.Rate, "learning rate")
	f.Float64Var(&r.BiasRate, "bias-rate", r.BiasRate, "what the gradients of biases are multiplied by")
	f.Float64Var(&r.OutputRate, "output-rate", r.OutputRate, "what the rate of the output layer is multiplied by")
	f.StringVar(&r.Schedule, "schedule", r.Schedule, "what becomes of the rate")
	f.Float64Var(&r.Noise, "noise", r.Noise, "standard deviation of noise added to every gradient")
	f.IntVar(&r.Batch, "batch", r.Batch, "examples an update")
	f.IntVar(&r.Epochs, "epochs", r.Epochs, "passes over the examples")
	f.IntVar(&r.Steps, "steps", r.Steps, "updates (0: as the epochs say)")
	f.Uint64Var(&r.Seed, "seed", r.Seed, "seed of the first weights, of the order, of augmentation and dropout")
	f.BoolVar(&r.InOrder, "in-order", r.InOrder, "take the examples in the order of the data")
	f.IntVar(&r.Angles, "angles", r.Angles, "compare deltas with backprop's on the first `N` examples (0: on the last batch)")
	f.IntVar(&r.LogEvery, "log-every", r.LogEvery, "updates between two lines of metrics")
	f.IntVar(&r.SaveEvery, "save-every", r.SaveEvery, "updates between two checkpoints (0: an epoch)")
	f.StringVar(&r.config, "config", "", "take the settings from `FILE.toml`; flags win")
	f.StringVar(&r.from, "from", "", "start from the weights in `FILE.safetensors`, of hebb or of PyTorch, or from those of a run's folder")
	f.StringVar(&r.resume, "resume", "", "go on with the run in `DIR`; --epochs and --steps may make it longer")
	f.Var(oneOf(&r.on, "auto", backend.Names...), "backend", "where to compute")
	f.StringVar(&r.out, "out", "", "folder for the run (default runs/TIME-RULE-BACKEND)")
	f.IntVar(&r.sampled, "verify", 0, "check `N` elements of every op against its definition (0: all; slow)")
	f.StringVar(&r.profile, "profile", "", profileUsage)
}

// flagNames are the flags by the key of the setting, where the two differ.
var flagNames = map[string]string{"rate": "lr"}

// settings returns the config: the defaults, the file over them, and the flags that were given over both.
func (r *networkRun) settings() (train.Config, error) {
	c := train.Default
	if r.config != "" {
		var err error
		if c, err = train.ReadConfig(r.config, c); err != nil {
			return c, usageError{err}
		}
	}
	r.override(&c, func(string) bool { return true })
	if _, err := train.Rule(c.Rule); err != nil {
		return c, usagef("--rule: %w; or, to learn components, sanger, subspace, oja, hebb", err)
	}
	if err := c.Check(); err != nil {
		return c, usageError{err}
	}
	return c, nil
}

// override copies the settings whose flags were given.
func (r *networkRun) override(c *train.Config, may func(flag string) bool) {
	from, to := reflect.ValueOf(r.Config), reflect.ValueOf(c).Elem()
	for i := range from.NumField() {
		if flag := flagOf(from.Type().Field(i)); r.flags.Changed(flag) && may(flag) {
			to.Field(i).Set(from.Field(i))
		}
	}
}

// flagOf is the flag of a setting.
func flagOf(f reflect.StructField) string {
	key := f.Tag.Get("toml")
	if flag, ok := flagNames[key]; ok {
		return flag
	}
	return strings.ReplaceAll(key, "_", "-")
}

// hebbianFlags are those that a Hebbian rule knows; unlabelled are its own.
var (
	hebbianFlags = []string{"rule", "data", "limit", "units", "batch", "epochs", "rate", "seed", "backend", "out", "force", "verify",
		"profile", "context", "device", "rung", "tuning", "no-cache"}
	unlabelled = []string{"units", "rate", "force"}
)

// forComponents hands over to a run by a Hebbian rule.
func (n *networkRun) forComponents(r *trainRun) error {
	var other []string
	n.flags.Visit(func(f *pflag.Flag) {
		if !slices.Contains(hebbianFlags, f.Name) {
			other = append(other, "--"+f.Name)
		}
	})
	if len(other) > 0 {
		return usagef("%s with the rule %s, which takes --%s", strings.Join(other, ", "), n.Rule, strings.Join(hebbianFlags, ", --"))
	}
	r.backendFlags, r.data, r.limit, r.Seed, r.on, r.out = n.backendFlags, n.Data, n.Limit, n.Seed, n.on, n.out
	r.verify, r.sampled, r.profile = n.verify, n.sampled, n.profile
	if n.flags.Changed("batch") {
		r.Batch = n.Batch
	}
	if n.flags.Changed("epochs") {
		r.Epochs = n.Epochs
	}
	return nil
}

func (r *networkRun) run(ctx context.Context, stdout, stderr io.Writer) error {
	if r.sampled < 0 {
		return usagef("--verify %d, want at least 0", r.sampled)
	}
	for _, name := range unlabelled {
		if r.flags.Changed(name) {
			return usagef("--%s is for the rules sanger, subspace, oja and hebb, not for %s", name, r.Config.Rule)
		}
	}
	var c train.Config
	if r.resume == "" {
		var err error
		if c, err = r.settings(); err != nil {
			return err
		}
		if _, err := data.Find(c.Data); err != nil {
			return usageError{err}
		}
	} else if err := r.onlyResume(); err != nil {
		return err
	}
	prof, err := newProfiling(r.profile)
	if err != nil {
		return err
	}
	defer prof.drop()
	dev, verifier, err := r.openVerified(r.on, r.verify, r.sampled, prof, stderr)
	if err != nil {
		return err
	}
	defer dev.Close()
	work, rec, err := r.prepare(dev, c)
	if err != nil {
		return err
	}
	defer work.Close()
	defer work.Folder.Close()
	sayLeeway(dev.Allowed(), stderr, dev.Info())
	r.describe(stdout, work, rec)
	err = r.train(ctx, work, stdout, stderr)
	if verifier != nil {
		rec.Verified = &verifier.Tally
		printVerified(stdout, verifier.Tally)
		err = errors.Join(err, work.Folder.WriteRecord(rec))
	}
	fmt.Fprintf(stdout, "run       %s\n", work.Folder.Dir)
	return errors.Join(err, prof.finish(stdout))
}

// onlyResume allows with --resume what does not change the run.
func (r *networkRun) onlyResume() error {
	var other []string
	r.flags.Visit(func(f *pflag.Flag) {
		if !slices.Contains([]string{"resume", "epochs", "steps", "backend", "verify", "profile", "context", "device", "rung", "tuning", "no-cache"}, f.Name) {
			other = append(other, "--"+f.Name)
		}
	})
	if len(other) > 0 {
		return usagef("%s with --resume: the run in %s keeps its settings, but for --epochs and --steps", strings.Join(other, ", "), r.resume)
	}
	return nil
}

// prepare makes a new run and its folder, or opens one that is to go on.
func (r *networkRun) prepare(dev *compute.Device, c train.Config) (*train.Run, train.Record, error) {
	if r.resume != "" {
		return train.Resume(dev, r.resume, func(c *train.Config) {
			r.override(c, func(flag string) bool { return flag == "epochs" || flag == "steps" })
		})
	}
	started := time.Now()
	dir := r.out
	if dir == "" {
		name, _, _ := strings.Cut(c.Rule, ":")
		dir = filepath.Join("runs", fmt.Sprintf("%s-%s-%s", started.Format("20060102-150405"), name, dev.Info().Backend))
	}
	if err := train.Usable(dir); err != nil {
		return nil, train.Record{}, fmt.Errorf("--out: %w", err)
	}
	from, err := weights(r.from)
	if err != nil {
		return nil, train.Record{}, err
	}
	work, rec, err := train.Begin(dev, dir, c, train.Record{Version: version(), Started: started, From: from})
	if unfit := (train.ConfigError{}); errors.As(err, &unfit) {
		err = usageError{err}
	}
	return work, rec, err
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

func (r *networkRun) describe(w io.Writer, work *train.Run, rec train.Record) {
	c := work.Config
	done, total := work.Steps()
	fmt.Fprintf(w, "data      %s: %d images of %d×%d×%d in %d classes, from %s\n",
		c.Data, work.Set.Train.N(), work.Set.Height, work.Set.Width, work.Set.Channels, work.Set.Classes, work.Path)
	fmt.Fprintf(w, "network   %s: %d parameters in %d layers with weights\n", c.Net, work.Net.Parameters(), len(work.Net.Weights))
	fmt.Fprintf(w, "device    %s\n", work.Net.Device().Info())
	fmt.Fprintf(w, "learning  %s, %s, rate %g, %s, batches of %d, seed %d\n", c.Rule, c.Optimiser, c.Rate, c.Schedule, c.Batch, c.Seed)
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

// train makes the run, a line an epoch on stdout and progress on stderr.
func (r *networkRun) train(ctx context.Context, work *train.Run, stdout, stderr io.Writer) error {
	done, total := work.Steps()
	bar := newProgress(stderr, "training", total)
	defer bar.end()
	bar.at(done)
	var angles train.Line
	var epoch average
	fmt.Fprintf(stdout, "\n%7s  %10s  %8s  %10s  %8s  %9s  %s\n", "epoch", "train loss", "accuracy", "test loss", "accuracy", "images/s", "angles to backprop: weights, deltas")
	return work.Train(ctx, func(l train.Line) {
		switch l.Kind {
		case "train":
			epoch.add(l)
			bar.describe(fmt.Sprintf("loss %.4f, accuracy %.2f %%, %.0f images/s", l.Loss, 100*l.Accuracy, l.ImagesPerSecond))
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
				test = fmt.Sprintf("%10.4f  %6.2f %%", l.Loss, 100*l.Accuracy)
			}
			fmt.Fprintf(stdout, "%7.4g  %10.4f  %6.2f %%  %s  %9.0f  %s\n", l.Epoch, epoch.loss/epoch.n, 100*epoch.hits/epoch.n, test, epoch.n/epoch.seconds, hidden(angles.Layers))
			epoch = average{}
		}
	})
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
func hidden(layers []stack.Angle) string {
	w, d := train.MeanAngles(layers)
	text := func(a stack.Degrees) string {
		if a != a {
			return "-"
		}
		return fmt.Sprintf("%.1f°", float64(a))
	}
	return text(w) + ", " + text(d)
}

func listNetworks() string {
	var b strings.Builder
	for _, n := range stack.Networks {
		fmt.Fprintf(&b, "  %-38s  %s\n", n.Name, n.About)
	}
	return b.String()
}

func listRules() string {
	var b strings.Builder
	for _, r := range stack.Rules {
		keys := strings.Join(train.Settings(r.Rule), ", ")
		if keys != "" {
			keys = " (" + keys + ")"
		}
		fmt.Fprintf(&b, "  %-7s  %s%s\n", r.Name, r.About, keys)
	}
	return b.String()
}
