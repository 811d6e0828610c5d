package reproduce

import (
	"context"
	"fmt"
	"math"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/data"
	"hebb/nets/local"
	"hebb/nets/stack"
	"hebb/nets/tasks"
	"hebb/nets/train"
)

// softHebb learns features by SoftHebb, and classes from them by a linear readout. The controls have the first, random weights,
// hard competition, or no features.
var softHebb = Experiment{
	Name:    "softhebb",
	Systems: map[string]string{"SoftHebb": "softhebb"},
	About:   "features learned by soft competition without labels, beside random ones, hard competition and bare pixels, under one linear readout",
	Source:  "Journé, Garcia Rodriguez, Guo, Moraitis 2023, \"Hebbian deep learning without feedback\"; the figures are of the equations in torch with this protocol, 3 to 5 seeds: the paper's own networks are larger",
	Scales: []Scale{
		{Name: "cpu", About: "32 filters of 5×5, 10 000 images of Fashion-MNIST and MNIST, 3 to 5 seeds", Takes: 5 * time.Minute, Parts: []Part{wholeFashion, wholeDigits}},
		{Name: "small", About: "for a device in software: 8 filters, 600 images", Takes: time.Minute, Parts: []Part{smallFashion}},
	},
}

const (
	meanNorm Quantity = "mean norm of the filters"
	nearOne  Quantity = "filters with a norm within 0.05 of 1"
)

// soft is a protocol: a network that learns features from images in one epoch, and a readout that learns from the features in
// several.
type soft struct {
	data         string
	units        int
	images, test int // the first of each part
	epochs       int // of the readout
}

var softFashion, softDigits = soft{"fashion-mnist", 32, 10000, 10000, 10}, soft{"mnist", 32, 10000, 10000, 10}

// A softArm is a run: how features are learned.
type softArm struct {
	soft
	rule   *local.SoftHebb // Steps is as the images say; nil: the pixels are the features
	random bool            // the weights stay as they are
}

func (s soft) run(name string, seeds int, rule *local.SoftHebb, figures ...Figure) Run {
	return Run{Name: name, Make: softArm{s, rule, name == randomFilters}, Seeds: seeds, Figures: figures}
}

const softCompetition, hardCompetition, randomFilters, barePixels = "softhebb", "hard competition", "random filters", "pixels"

// competition is SoftHebb, or its hard variant.
func competition(hard bool) *local.SoftHebb {
	r := local.DefaultSoftHebb
	r.Hard = hard
	return &r
}

var wholeFashion = Part{Name: "fashion-mnist", About: "test accuracy of a linear readout, 10 000 training images", Runs: []Run{
	softFashion.run(softCompetition, 5, competition(false), Figure{What: Accuracy, Published: 86.86, Within: 0.65}, none(meanNorm), none(nearOne)),
	softFashion.run(randomFilters, 5, competition(false), Figure{What: Accuracy, Published: 85.63, Within: 0.85}, none(meanNorm)),
	softFashion.run(hardCompetition, 3, competition(true), Figure{What: Accuracy, Published: 84.29}, none(meanNorm), none(nearOne)),
	softFashion.run(barePixels, 3, nil, Figure{What: Accuracy, Published: 78.98}),
}, Check: []Claim{
	{"SoftHebb's features are better than random ones by 0.6 points, in the mean", func(rows Rows) bool {
		return rows.Mean(softCompetition, Accuracy)-rows.Mean(randomFilters, Accuracy) >= 0.6
	}},
	{"hard competition is worse by more than a point, in the mean", func(rows Rows) bool {
		return rows.Mean(hardCompetition, Accuracy) < rows.Mean(softCompetition, Accuracy)-1
	}},
	{"hard competition takes all filters to norm 1, soft competition fewer than half in this time", func(rows Rows) bool {
		return rows.all(hardCompetition, nearOne, func(x float64) bool { return x == 32 }) &&
			rows.all(softCompetition, nearOne, func(x float64) bool { return x < 16 })
	}},
	{"with every seed, all of them are better than pixels", func(rows Rows) bool {
		better := func(x float64) bool { return x > rows.Mean(barePixels, Accuracy) }
		return rows.all(softCompetition, Accuracy, better) && rows.all(randomFilters, Accuracy, better) && rows.all(hardCompetition, Accuracy, better)
	}},
}}

var wholeDigits = Part{Name: "mnist", About: "test accuracy of a linear readout, 10 000 training images", Runs: []Run{
	softDigits.run(softCompetition, 3, competition(false), Figure{What: Accuracy, Published: 95.19, Within: 0.4}, none(meanNorm), none(nearOne)),
	softDigits.run(randomFilters, 3, competition(false), Figure{What: Accuracy, Published: 94.86}, none(meanNorm)),
}}

var smallFashion = Part{Name: "fashion-mnist", About: "test accuracy of a linear readout, 600 training images", Runs: []Run{
	soft{"fashion-mnist", 8, 600, 500, 4}.run(softCompetition, 1, competition(false), none(Accuracy), none(meanNorm)),
	soft{"fashion-mnist", 8, 600, 500, 4}.run(randomFilters, 1, competition(false), none(Accuracy), none(meanNorm)),
}, Check: []Claim{
	{"the norms of the filters have come down from 25 to below 10", func(rows Rows) bool {
		return rows.Mean(randomFilters, meanNorm) > 20 && rows.Mean(softCompetition, meanNorm) < 10
	}},
	{"the readout is right in more than half of the images", func(rows Rows) bool { return rows.Mean(softCompetition, Accuracy) > 50 }},
}}

func (a softArm) DataName() string { return a.data }

// Make makes each seed by itself.
func (a softArm) Make(ctx context.Context, at Place, seeds Seeds) (Result, error) {
	var set *data.Set
	return Each(func(ctx context.Context, dev *compute.Device, seed uint64) (map[Quantity]float64, error) {
		if set == nil {
			all, err := data.Load(named(at, a.data), data.Options{})
			if err != nil {
				return nil, err
			}
			if set, err = firstOf(all, a.images, a.test); err != nil {
				return nil, err
			}
		}
		at.Tell(int(seed-seeds.First), seeds.N, train.Line{})
		f, features := map[Quantity]float64{}, set
		if a.rule != nil {
			var err error
			if features, err = a.features(ctx, dev, set, seed, f); err != nil {
				return nil, err
			}
		}
		return f, a.readout(ctx, dev, features, seed, f)
	}).Make(ctx, at, seeds)
}

// firstOf returns a set of the first examples of both parts.
func firstOf(all *data.Set, images, test int) (*data.Set, error) {
	if all.Test == nil || all.Train.N() < images || all.Test.N() < test || all.Train.Pixels == nil {
		return nil, fmt.Errorf("%s has %d training images, and a test part: %t; want %d of bytes, and %d to test", all.Name, all.Train.N(), all.Test != nil, images, test)
	}
	set, each := *all, all.Values()
	set.Train = &data.Split{Pixels: all.Train.Pixels[:images*each], Labels: all.Train.Labels[:images]}
	set.Test = &data.Split{Pixels: all.Test.Pixels[:test*each], Labels: all.Test.Labels[:test]}
	return &set, nil
}

// batches returns a task of a part of a set, as it is.
func batches(set *data.Set, of *data.Split, batch int, learn bool) *tasks.Images {
	return &tasks.Images{Set: set, Part: of, Options: data.LoaderOptions{Batch: batch, Shuffle: learn, DropLast: learn, Normalise: set.Normalisation("none")}}
}

// features learns features, and returns the features of both parts of the data.
func (a softArm) features(ctx context.Context, dev *compute.Device, set *data.Set, seed uint64, f map[Quantity]float64) (*data.Set, error) {
	rule := *a.rule
	const batch = 10
	if rule.Steps = set.Train.N() / batch; a.random {
		rule.Rate = []float32{0}
	}
	both := &data.Split{Pixels: append(append([]byte(nil), set.Train.Pixels...), set.Test.Pixels...), Labels: append(append([]int(nil), set.Train.Labels...), set.Test.Labels...)}
	var look *looking // the one that was made last
	s, err := nets.Run{
		System: func() nets.System {
			return &stack.System{Net: stack.Named(fmt.Sprint("softhebb:", a.units)), Rule: rule, Optimiser: nets.DefaultAdam}
		},
		Task: func() nets.Task { return batches(set, set.Train, batch, true) },
		Test: func() nets.Task {
			look = &looking{Images: batches(set, both, 500, false)}
			return look
		},
		Seed: seed, Rate: 1e-3, Moments: rule.Steps,
	}.Open(dev)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	look.net = s.Systems()[0].(*stack.System).Network()
	if err := look.net.Watch("flatten"); err != nil {
		return nil, err
	}
	if _, err := learn(ctx, s); err != nil {
		return nil, err
	}
	w := look.net.Weights[0]
	all, err := read(s, w.Name+".weight")
	if err != nil {
		return nil, err
	}
	measureNorms(all[w.Name+".weight"], w.Fan(), f)
	n := set.Train.N()
	each := len(look.seen) / both.N()
	return &data.Set{Name: set.Name, Height: 1, Width: 1, Channels: each, Classes: set.Classes,
		Train: &data.Split{Floats: look.seen[:n*each], Labels: set.Train.Labels}, Test: &data.Split{Floats: look.seen[n*each:], Labels: set.Test.Labels}}, nil
}

// measureNorms adds the norms of filters of so many weights each.
func measureNorms(w []float32, fan int, f map[Quantity]float64) {
	units := len(w) / fan
	near, mean := 0.0, 0.0
	for k := range units {
		square := 0.0
		for _, x := range w[k*fan:][:fan] {
			square += float64(x) * float64(x)
		}
		norm := math.Sqrt(square)
		mean += norm / float64(units)
		if math.Abs(norm-1) <= 0.05 {
			near++
		}
	}
	f[meanNorm], f[nearOne] = mean, near
}

// looking keeps what a network's watched layer gives for each image.
type looking struct {
	*tasks.Images
	net  *stack.Net
	seen []float32
}

// Judge keeps the output of the layer.
func (l *looking) Judge(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	l.Images.Judge(p, m, answer)
	if l.net == nil || p.Device().Staged() {
		return
	}
	x := l.net.Watched()
	out := make([]float32, x.Len())
	p.Read(x, out)
	l.seen = append(l.seen, out...)
}

// readout learns classes from features, and adds the test accuracy.
func (a softArm) readout(ctx context.Context, dev *compute.Device, set *data.Set, seed uint64, f map[Quantity]float64) error {
	s, err := nets.Run{
		System: func() nets.System {
			net := stack.Stack{stack.Flatten{}, stack.Dropout{Rate: 0.5}, stack.Dense{Name: "fc", Units: set.Classes}}
			return &stack.System{Net: stack.Always(net), Rule: stack.Backprop{}, Optimiser: nets.DefaultAdam}
		},
		Task: func() nets.Task { return batches(set, set.Train, 64, true) },
		Test: func() nets.Task { return batches(set, set.Test, 500, false) },
		Seed: seed, Rate: 1e-3, Schedule: nets.Schedule{Kind: "step", At: []float64{2, 3, 5, 6, 7, 8, 9}, Factor: 0.5}, Epochs: a.epochs,
	}.Open(dev)
	if err != nil {
		return err
	}
	defer s.Close()
	m, err := learn(ctx, s)
	if err != nil {
		return err
	}
	f[Accuracy] = 100 * m.Get("accuracy").Mean()
	return nil
}
