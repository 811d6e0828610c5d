package reproduce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hebb/compute"
	"hebb/internal/atomicfile"
	"hebb/nets"
	"hebb/nets/data"
	"hebb/nets/train"
)

// staleness trains networks whose blocks are k steps apart, see stack.System: rules of blocks as in their own experiments, and
// backprop, whose gradients come late, with a rate that is chosen again for each k.
var staleness = Experiment{
	Name:    "staleness",
	Systems: map[string]string{"pHSIC": "phsic", "predsim": "predsim", "HSIC bottleneck": "hsic"},
	About:   "accuracy against staleness: what a block puts out reaches the next k steps later, under rules of blocks and under delayed backprop",
	Source:  "a comparison of hebb's own; the delays of backprop are those of a pipeline with stashed weights (Harlap et al. 2018, \"PipeDream\")",
	Scales: []Scale{
		{Name: "cpu", About: "MNIST, 10 epochs, and Fashion-MNIST, 5 epochs; k = 0, 1, 4, 16, 64, three seeds", Parts: []Part{
			staled{data: "mnist", sizes: "784-256-256-256-10", epochs: 10, apart: aparts, rates: delayedRates}.part("mlp", 3),
			staled{data: "mnist", sizes: "784-128-128-128-128-128-128-128-10", epochs: 10, apart: aparts, rates: delayedRates}.part("deep", 3),
			staled{data: "fashion-mnist", epochs: 5, apart: aparts, rates: delayedRates}.part("resnet8", 3),
		}},
		{Name: "small", About: "5000 images, three epochs; k = 0 and 8", Takes: time.Minute, Parts: []Part{
			staled{data: "mnist", sizes: "784-32-32-10", epochs: 3, limit: 5000, batch: 50, apart: []int{0, 8}, rates: delayedRates[1:4]}.part("mlp", 2),
		}},
	},
}

var (
	aparts       = []int{0, 1, 4, 16, 64}
	delayedRates = []float64{1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001}
)

// accuracyAt and rateChosenAt are of blocks that are k steps apart.
func accuracyAt(k int) Quantity   { return Quantity(fmt.Sprintf("test accuracy at k = %d, %%", k)) }
func rateChosenAt(k int) Quantity { return Quantity(fmt.Sprintf("rate chosen at k = %d", k)) }

// A staled is a network, an mlp of sizes or else resnet8, and how long it learns from what.
type staled struct {
	data, sizes   string
	epochs, limit int
	batch         int // 0: of the rule's own experiment
	apart         []int
	rates         []float64 // in the search of backprop's rate
}

func (s staled) part(name string, seeds int) Part {
	p := Part{Name: name, About: fmt.Sprintf("%s, %d epochs of %s; bp's rate is the best of %v for each k, with another seed and on a sixth of the training images that it did not learn from; a seed that diverges counts as chance, 10 %%",
		s.net(""), s.epochs, s.data, s.rates)}
	curve := &Curve{X: "log₂(1 + k), k the steps from block to block", Y: "test accuracy in %"}
	for _, k := range s.apart {
		curve.Points = append(curve.Points, Point{math.Log2(1 + float64(k)), accuracyAt(k)})
	}
	p.Curve = curve
	for _, r := range []struct {
		rule string
		set  func(*train.Config)
	}{{"bp", s.backprop}, {"phsic", s.phsic}, {"predsim", s.predsim}, {"hsic", s.hsic}} {
		c := train.Default
		c.Data, c.Epochs, c.Limit, c.LogEvery = s.data, s.epochs, s.limit, 117
		if r.set(&c); s.batch > 0 {
			c.Batch = s.batch
		}
		run := Run{Name: r.rule, Seeds: seeds, Make: apart{c, s}}
		for _, k := range s.apart {
			run.Figures = append(run.Figures, none(accuracyAt(k)))
			if r.rule == "bp" {
				run.Figures = append(run.Figures, none(rateChosenAt(k)))
			}
		}
		p.Runs = append(p.Runs, run)
	}
	first, last := s.apart[0], s.apart[len(s.apart)-1]
	lost := func(rows Rows, rule string) float64 {
		return rows.Mean(rule, accuracyAt(first)) - rows.Mean(rule, accuracyAt(last))
	}
	for _, rule := range []string{"phsic", "predsim", "hsic"} {
		p.Check = append(p.Check, Claim{fmt.Sprintf("%s loses less than bp from k = %d to k = %d", rule, first, last), func(rows Rows) bool {
			return lost(rows, rule) < lost(rows, "bp")
		}})
	}
	return p
}

// net is the network, with options if it is an mlp.
func (s staled) net(options string) string {
	if s.sizes == "" {
		return "resnet8"
	}
	return "mlp:" + s.sizes + options
}

// quarters is the schedule of the codes of pHSIC and of local errors: the rate by a quarter after these shares of the epochs.
func (s staled) quarters(shares ...float64) string {
	var at []int
	for _, x := range shares {
		if k := int(x * float64(s.epochs)); k > 0 && !slices.Contains(at, k) {
			at = append(at, k)
		}
	}
	if len(at) == 0 {
		return "constant"
	}
	return "step:at=" + list(at) + ",factor=0.25"
}

// backprop has its settings beside pHSIC and, on resnet8, those in two-routes, with two differences: no momentum, with which it
// bears less delay; and batch normalisation, with which it bears more, and without which seven layers do not learn.
func (s staled) backprop(c *train.Config) {
	s.phsic(c)
	c.Net, c.Rule, c.OutputRate, c.Optimiser = s.net(",act=leaky,norm=batch"), "bp", 1, "sgd:weight_decay=1e-7"
	if s.sizes == "" {
		c.Batch, c.Normalise, c.Optimiser, c.Schedule, c.Crop, c.Flip = 128, "channel", "sgd:weight_decay=5e-4", "cosine:warmup=0.5", 2, true
	}
}

// phsic has the settings of its experiment, "gaussian, groups".
func (s staled) phsic(c *train.Config) {
	c.Net, c.Rule, c.Rate, c.OutputRate = s.net(",act=leaky,bias=false,dropout=0.01"), "phsic:groups=32", 1, 5e-4
	if s.sizes == "" || s.sizes == "784-32-32-10" { // fewer channels
		c.Rule = "phsic:groups=8"
	}
	c.Batch, c.Normalise, c.Optimiser, c.Schedule = 256, "signed", "momentum:momentum=0.95,weight_decay=1e-7", s.quarters(0.5, 0.8, 0.9)
}

// predsim has the settings of local-errors.
func (s staled) predsim(c *train.Config) {
	c.Net, c.Rule, c.Rate = s.net(",act=leaky,norm=batch,dropout=0.1"), "predsim:decoder=1024", 5e-4
	c.Optimiser, c.Schedule, c.Crop, c.Flip = "adam", s.quarters(0.5, 0.75, 0.9), 2, s.data == "fashion-mnist"
}

// hsic has the settings of hsic-bottleneck, "tuned", but for its format training, see [apart].
func (s staled) hsic(c *train.Config) {
	c.Net, c.Rule, c.Rate, c.Batch = s.net(",norm=plain"), "hsic:alone=true", 1e-3, 512
	c.Optimiser, c.Normalise, c.Schedule = "adam", "none", "cosine"
	if s.sizes == "" {
		c.Batch = 128
	}
}

// An apart makes a training for each k, in folders of their own.
type apart struct {
	config train.Config
	staled
}

func (a apart) DataName() string { return a.config.Data }

// Make trains for each k: under bp with a rate that is chosen before, and after the HSIC bottleneck the output layer alone for five
// epochs, which are not stale.
func (a apart) Make(ctx context.Context, at Place, seeds Seeds) (Result, error) {
	all := Result{Figures: Figures{}}
	for _, k := range a.apart {
		c, name := a.config, fmt.Sprint("k", k)
		c.Stale = k
		if c.Rule == "bp" {
			chosen, err := a.chosen(ctx, at.below(name+"-search"), c, seeds)
			if err != nil {
				return all, err
			}
			c.Rate = chosen
			all.Figures[rateChosenAt(k)] = slices.Repeat(Values{chosen}, seeds.N)
		}
		r, err := trained(ctx, Training{Config: c}, at.below(name), seeds)
		seconds := r.Seconds
		if err == nil && strings.HasPrefix(c.Rule, "hsic") {
			c.Rule, c.Rate, c.Epochs, c.Batch, c.Optimiser, c.Schedule, c.Stale = "last", 0.005, 5, 256, "sgd:weight_decay=1e-3", "constant", 0
			if a.batch > 0 {
				c.Batch = a.batch
			}
			r, err = trained(ctx, Training{Config: c, From: name}, at.below(name+"-format"), seeds)
			seconds += r.Seconds
		}
		if err != nil {
			return all, fmt.Errorf("k = %d: %w", k, err)
		}
		all.Figures[accuracyAt(k)] = r.Figures[Accuracy]
		all.Seconds, all.Made, all.Device = all.Seconds+seconds, r.Made, r.Device
	}
	return all, nil
}

// trained makes a training, in which seeds that diverge come to chance.
func trained(ctx context.Context, t Training, at Place, seeds Seeds) (Result, error) {
	r, err := t.Make(ctx, at, seeds)
	if errors.Is(err, nets.ErrDiverged) {
		r, err = Result{Figures: Figures{}, Made: time.Now(), Device: at.Device.Info()}, nil
	}
	if err != nil {
		return r, err
	}
	got := append(r.Figures[Accuracy], slices.Repeat(Values{math.NaN()}, seeds.N-len(r.Figures[Accuracy]))...)
	for i, x := range got {
		if x != x {
			got[i] = chance
		}
	}
	r.Figures[Accuracy] = got
	return r, nil
}

// chance is the accuracy of guessing one of ten classes, in %.
const chance = 10

// below is a place within the run's.
func (at Place) below(name string) Place {
	at.Dir = filepath.Join(at.Dir, name)
	return at
}

// chosen returns the best rate for one other seed, and keeps how good each was. The trainings are not kept.
func (a apart) chosen(ctx context.Context, at Place, c train.Config, seeds Seeds) (float64, error) {
	r, err := Program(func(ctx context.Context, _ *compute.Device, one Seeds) (Figures, error) {
		f, most := Figures{}, -1.
		of, err := heldOut(at, c.Data)
		if err != nil {
			return nil, err
		}
		c.Data, c.Layout, c.Holdout = of, "NHWC", 1./6
		for _, c.Rate = range a.rates {
			r, err := trained(ctx, Training{Config: c}, at.below(fmt.Sprint("rate-", c.Rate)), one)
			if err != nil {
				return nil, err
			}
			f[judged(c.Rate)] = r.Figures[Accuracy]
			if x := r.Figures[Accuracy].Mean(); x > most {
				f[chosenRate], most = Values{c.Rate}, x
			}
		}
		return f, a.clean(at, of)
	}).Make(ctx, at, Seeds{seeds.First + searchFirst, 1})
	return r.Figures[chosenRate].Mean(), err
}

// clean removes what the search has no more use for.
func (a apart) clean(at Place, set string) (err error) {
	for _, rate := range a.rates {
		err = errors.Join(err, os.RemoveAll(at.below(fmt.Sprint("rate-", rate)).Dir))
	}
	return errors.Join(err, os.Remove(set))
}

// heldOut writes the training part of data into a file without a test part, for a share of it to be held out.
func heldOut(at Place, name string) (path string, err error) {
	set, err := data.Load(named(at, name), data.Options{})
	if err != nil {
		return "", err
	}
	values := set.Train.Floats
	for _, x := range set.Train.Pixels {
		values = append(values, float32(x)/255)
	}
	labels := make(data.Ints, set.Train.N())
	for i, l := range set.Train.Labels {
		labels[i] = int64(l)
	}
	if err := os.MkdirAll(at.Dir, 0o777); err != nil {
		return "", err
	}
	if path, err = filepath.Abs(filepath.Join(at.Dir, "training.npz")); err != nil {
		return "", err
	}
	return path, atomicfile.Write(path, func(w io.Writer) error {
		return data.WriteNPZ(w, data.Output{Name: "x", Shape: []int{set.Train.N(), set.Height, set.Width, set.Channels}, Values: data.Floats(values)},
			data.Output{Name: "y", Shape: []int{set.Train.N()}, Values: labels})
	})
}
