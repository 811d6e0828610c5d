package reproduce

import (
	"context"
	"fmt"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/data"
	"hebb/nets/spiking"
	"hebb/nets/tasks"
	"hebb/nets/train"
)

// dendrites has networks that learn by feedback to segregated dendrites, of rates and of spikes, an image at a time.
var dendrites = Experiment{
	Name:    "dendrites",
	Systems: map[string]string{"segregated dendrites": segregated, "their spikes": spikesFast},
	About:   "feedback to segregated dendrites: MNIST an image at a time, of rates and of spikes, and ablations",
	Source: "a program in float64 (numpy) of the equations of Guerguiev, Lillicrap, Richards 2017, \"Towards deep learning with segregated dendrites\", " +
		"which agrees with the authors' program to 4e-15 after 200 images; 3 to 5 seeds",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it", Takes: 10 * time.Minute, Parts: []Part{restingDendrites, taughtSpikes, longSpikes, epochOfSpikes}},
		{Name: "small", About: "for a device in software: 20 hidden cells, 1500 images", Takes: time.Minute, Parts: []Part{smallDendrites}},
	},
}

// A dendriteArm is a run on MNIST: the same images for all seeds, in another order in each seed and epoch.
type dendriteArm struct {
	set            func(*spiking.Dendrites)
	rate           float64
	images, epochs int
	tests          int
	every          int // images between two tests
	probes         int // images that deltas are compared on, at ten times in the last quarter of each epoch; 0: none
}

// lostClass is 1 of a seed that never answers one of the classes: the first images have silenced or saturated its output,
// which then has no slope to come back by. At 0.21 the errors of seeds are below 11 % or, with such an output, above 14.
const lostClass Quantity = "seeds that lost a class: their error is above 12.5 %"

const mostWithAllClasses = 12.5 // %

// errorAfterImages is the error after so many images.
func errorAfterImages(images int) Quantity {
	return Quantity(fmt.Sprintf("test error after %d images, %%", images))
}

// hiddenAngle is the mean angle of an image in the last quarter of an epoch.
func hiddenAngle(epoch int) Quantity {
	return Quantity(fmt.Sprintf("angle of the hidden deltas to backprop's in the last quarter of epoch %d, °", epoch))
}

func (dendriteArm) DataName() string { return "mnist" }

// Make learns, tests and compares, unless it is done already.
func (a dendriteArm) Make(ctx context.Context, at Place, seeds Seeds) (Result, error) {
	return Program(func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		set, err := data.Load(named(at, "mnist"), data.Options{})
		if err != nil {
			return nil, err
		}
		s, err := a.run(set, seeds).Open(dev)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		return a.learn(ctx, s, seeds.N, func(n int) { at.Tell(n, a.images*a.epochs, train.Line{}) })
	}).Make(ctx, at, seeds)
}

func (a dendriteArm) run(set *data.Set, seeds Seeds) nets.Run {
	part, _ := set.Few(set.Train, a.images)
	images := func(of *data.Split, n, batch int, shuffle bool) func() nets.Task {
		few, _ := set.Few(of, n)
		return func() nets.Task {
			return &tasks.Images{Set: set, Part: few, Options: data.LoaderOptions{Batch: batch, Shuffle: shuffle, Normalise: set.Normalisation("none")}}
		}
	}
	r := nets.Run{
		System: func() nets.System {
			d := spiking.NewDendrites(100)
			a.set(d)
			return d
		},
		Task: images(part, 0, 1, true), Test: images(set.Test, a.tests, min(500, a.tests), false),
		Learners: seeds.N, Seed: seeds.First, Rate: a.rate, Moments: a.images * a.epochs,
	}
	if a.probes > 0 {
		r.Probe = images(part, a.probes, a.probes, false)
	}
	return r
}

// learn makes the run, and measures on the way.
func (a dendriteArm) learn(ctx context.Context, s *nets.Session, seeds int, tell func(int)) (Figures, error) {
	f, quarter := Figures{}, a.images/4
	for n := 1; n <= a.images*a.epochs; n++ {
		if err := steps(ctx, s, 1); err != nil {
			return nil, err
		}
		if n%500 == 0 {
			tell(n)
			if _, err := s.Metrics(); err != nil {
				return nil, err
			}
		}
		if n%a.every == 0 || n == a.images*a.epochs {
			m, err := s.Evaluate(ctx, nil)
			if err != nil {
				return nil, err
			}
			for _, x := range m.Get("accuracy").Each {
				f.add(errorAfterImages(n), 100*(1-x))
			}
			f[Error], f[lostClass] = f[errorAfterImages(n)], nil
			for _, x := range f[Error] {
				f.is(lostClass, x > mostWithAllClasses)
			}
		}
		if in := (n-1)%a.images + 1 - a.images + quarter; a.probes > 0 && in > 0 && in%max(1, quarter/10) == 0 {
			if err := a.compare(ctx, s, seeds, hiddenAngle((n-1)/a.images+1), f); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

// compare adds a tenth of the present angles to a quantity.
func (a dendriteArm) compare(ctx context.Context, s *nets.Session, seeds int, q Quantity, f Figures) error {
	angles, err := s.Compare(ctx)
	if err != nil || len(angles) == 0 {
		return err
	}
	if f[q] == nil {
		f[q] = make(Values, seeds)
	}
	for l := range seeds {
		x := angles[0].Delta
		if seeds > 1 {
			x = angles[0].Learners[l][1]
		}
		f[q][l] += float64(x) / 10
	}
	return nil
}

// dendriteRun is a run with a figure for its error.
func dendriteRun(name string, seeds int, a dendriteArm, published, within float64, more ...Figure) Run {
	return Run{Name: name, Seeds: seeds, Make: a, Figures: append([]Figure{{What: Error, Published: published, Within: within}}, more...)}
}

// errorCurve draws the errors of a part.
func errorCurve(to, every int) *Curve {
	c := &Curve{X: "images", Y: "test error, %"}
	for n := every; n <= to; n += every {
		c.Points = append(c.Points, Point{float64(n), errorAfterImages(n)})
	}
	return c
}

const (
	segregated, noHidden, fixedHidden, deltasByBackprop = "segregated dendrites", "no hidden layer", "hidden layer fixed", "hidden deltas by backprop"
	spikesSlow, spikesFast                              = "spikes, rate 0.05", "spikes, rate 0.21"
)

var (
	withoutHidden = func(d *spiking.Dendrites) { d.Hidden = nil }
	asTheyAre     = func(*spiking.Dendrites) {}
	delta         = func(how string) func(*spiking.Dendrites) { return func(d *spiking.Dendrites) { d.Delta = how } }
)

// restingDendrites is of rates.
var restingDendrites = func() Part {
	arm := func(set func(*spiking.Dendrites)) dendriteArm {
		return dendriteArm{set: set, rate: 0.21, images: 20000, epochs: 2, tests: 10000, every: 2000, probes: 500}
	}
	angle := func(epoch int, published, within float64) Figure {
		return Figure{hiddenAngle(epoch), published, within, ""}
	}
	below := func(rows Rows, more string, by float64) bool {
		return rows.Of(segregated, Error).Median()+by <= rows.Mean(more, Error)
	}
	return Part{Name: "rates", About: "784-100-10 of rates, 20000 images an image at a time, two epochs, at 0.21", Curve: errorCurve(40000, 2000), Runs: []Run{
		dendriteRun(segregated, 10, arm(asTheyAre), 6.94, 0, angle(1, 50.5, 4.5), angle(2, 47.5, 6.5), none(lostClass)),
		dendriteRun(noHidden, 3, arm(withoutHidden), 9.8, 1.1),
		dendriteRun(fixedHidden, 5, arm(delta("fixed")), 17.03, 3.2, angle(1, 90, 5), angle(2, 90, 5)),
		dendriteRun(deltasByBackprop, 3, arm(delta("backprop")), unknown, 0, none(lostClass)),
	}, Check: []Claim{
		{"the median of segregated dendrites is within 6.3 and 7.6 %", func(rows Rows) bool {
			m := rows.Of(segregated, Error).Median()
			return 6.3 <= m && m <= 7.6
		}},
		{"it is at least 1.5 points below no hidden layer", func(rows Rows) bool { return below(rows, noHidden, 1.5) }},
		{"and at least 8 below a hidden layer that stays as it is", func(rows Rows) bool { return below(rows, fixedHidden, 8) }},
		{"at most half of the seeds lose a class, which no reference seed does", func(rows Rows) bool { return rows.Mean(segregated, lostClass) <= 0.5 }},
	}}
}()

// taughtSpikes is of spikes without a hidden layer.
var taughtSpikes = Part{Name: "spikes", About: "784-10 of spikes, 2000 images an image at a time, at 0.05, tested on 500 images of 250 ms", Runs: []Run{
	dendriteRun(noHidden, 3, dendriteArm{set: func(d *spiking.Dendrites) { d.Hidden, d.Spiking = nil, true }, rate: 0.05, images: 2000, epochs: 1, tests: 500, every: 500}, 43, 11),
}, Check: []Claim{{"every seed is far from chance: it errs in at most 65 % of the images", func(rows Rows) bool {
	return rows.all(noHidden, Error, func(x float64) bool { return x <= 65 })
}}}}

// spikingArm is of spikes, tested on so few images that 250 ms of each do not take longer than to learn.
func spikingArm(images int, rate float64, set func(*spiking.Dendrites)) dendriteArm {
	return dendriteArm{rate: rate, images: images, epochs: 1, tests: 500, every: images / 4, probes: 50, set: func(d *spiking.Dendrites) {
		d.Spiking = true
		set(d)
	}}
}

// longSpikes and epochOfSpikes are of spikes with a hidden layer, for longer than the first images, of which the reference
// says that nothing is learned, and less than the dozens of epochs of the paper.
var (
	longSpikes = Part{Name: "long", About: "of spikes, 12000 images an image at a time, tested on 500 of 250 ms; the figures are hebb's own", Curve: errorCurve(12000, 3000), Runs: []Run{
		dendriteRun(spikesFast, 2, spikingArm(12000, 0.21, asTheyAre), unknown, 0, none(hiddenAngle(1))),
		dendriteRun(spikesSlow, 2, spikingArm(12000, 0.05, asTheyAre), unknown, 0, none(hiddenAngle(1))),
		dendriteRun(noHidden, 2, spikingArm(12000, 0.05, withoutHidden), unknown, 0),
	}, Check: []Claim{{"at 0.21 every seed with a hidden layer learns: it errs in at most half of the images, and its deltas are within 80° of backprop's", func(rows Rows) bool {
		return rows.all(spikesFast, Error, func(x float64) bool { return x <= 50 }) && rows.all(spikesFast, hiddenAngle(1), func(x float64) bool { return x <= 80 })
	}}}}
	epochOfSpikes = Part{Name: "epoch", About: "of spikes, all 60000 images once, tested on 500 of 250 ms; the figures are hebb's own", Runs: []Run{
		dendriteRun(spikesFast, 1, spikingArm(60000, 0.21, asTheyAre), unknown, 0, none(hiddenAngle(1))),
	}, Check: []Claim{{"it errs in at most a quarter of the images", func(rows Rows) bool { return rows.Mean(spikesFast, Error) <= 25 }}}}
)

// smallDendrites is of rates, with figures of hebb's own.
var smallDendrites = func() Part {
	arm := func(set func(*spiking.Dendrites)) dendriteArm {
		return dendriteArm{rate: 0.21, images: 1500, epochs: 1, tests: 500, every: 500, probes: 50, set: func(d *spiking.Dendrites) {
			d.Hidden = []int{20}
			set(d)
		}}
	}
	return Part{Name: "rates", About: "784-20-10 of rates, 1500 images an image at a time, at 0.21, tested on 500", Runs: []Run{
		dendriteRun(segregated, 2, arm(asTheyAre), unknown, 0, none(hiddenAngle(1))),
		dendriteRun(fixedHidden, 2, arm(delta("fixed")), unknown, 0, none(hiddenAngle(1))),
	}, Check: []Claim{
		{"segregated dendrites err less than a hidden layer that stays as it is, in every seed", func(rows Rows) bool {
			return rows.below(segregated, fixedHidden, Error)
		}},
		{"their deltas are nearer to backprop's", func(rows Rows) bool {
			return rows.Mean(segregated, hiddenAngle(1)) < rows.Mean(fixedHidden, hiddenAngle(1))
		}},
	}}
}()
