package reproduce

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/data"
	"hebb/nets/stack"
	"hebb/nets/tasks"
	"hebb/nets/train"
)

// creditAssignment compares all rules on one network. A search of the same size chooses each rule's learning rate, with
// different seeds from the result's, on images used neither for learning nor for the test.
var creditAssignment = Experiment{
	Name:    "credit",
	Systems: map[string]string{"direct feedback": "dfa", "sign symmetry": "usf", "signs with magnitudes": "frsf", "pseudo-backprop": "pbp"},
	About:   "rules of credit assignment on the same network and data: what each reaches, how far it is from backprop, what it costs",
	Source:  "a comparison of hebb's own",
	Scales: []Scale{
		{Name: "cpu", About: "MNIST, 10 000 images, 3 epochs, 25 rules", Takes: 20 * time.Minute, Parts: []Part{
			comparison{"mlp:784-256-256-256-10,act=tanh", 10000, 5000, 10000, 50, 3, searched}.part(3, creditRules...),
			comparison{net: "mlp:784-1024-1024-1024-10,act=tanh", images: 10000, test: 10000, batch: 256, epochs: 1, rates: searched}.speed(creditRules...)}},
		{Name: "small", About: "1000 images, one epoch, six rules", Takes: time.Minute, Parts: []Part{
			comparison{"mlp:784-64-64-10,act=tanh", 1000, 500, 1000, 50, 1, searched[1:3]}.part(2, "bp", "fa", "lra-e", "dtp", "altmin", "last")}},
	},
}

// searched are the rates in every rule's search, with Adam.
var searched = []float64{1e-4, 3e-4, 1e-3, 3e-3}

// creditRules are the rules in the order of the table; last is the control: its hidden layers learn nothing.
var creditRules = []string{
	"bp", "fa", "dfa", "usf", "frsf", "kp", "wm", "sa", "aa", "ia", "pbp", "lra-e", "lra-diff", "lra-fdbk", "dtp", "dni", "cdni",
	"altmin", "pc", "phsic", "hsic", "pred", "sim", "predsim", "last",
}

// A comparison is a network, and the images for learning, for the search, and for the test.
type comparison struct {
	net                 string
	images, judge, test int
	batch, epochs       int
	rates               []float64
}

const (
	stepTime  Quantity = "time of a step, of bp's"
	products  Quantity = "products of a step, of bp's"
	beyond    Quantity = "time of a step, of its products' share"
	keepBytes Quantity = "numbers kept, of bp's"
	updates   Quantity = "angle of the updates to backprop's, °"
)

func judged(rate float64) Quantity {
	return Quantity(fmt.Sprintf("accuracy of the search at the rate %g, %%", rate))
}

func (c comparison) part(seeds int, rules ...string) Part {
	p := Part{Name: "mnist", About: fmt.Sprintf("%s, the first %d images within [0, 1], batches of %d, Adam, %d epochs; the rate is the best of %v on images that follow, after half as long with two other seeds",
		c.net, c.images, c.batch, c.epochs, c.rates)}
	for _, rule := range rules {
		r := Run{Name: rule, Seeds: seeds, Make: compared{c, rule, false}}
		for _, q := range []Quantity{Accuracy, updates, products, stepTime, keepBytes, chosenRate} {
			if q != updates || rule != "last" { // last's hidden layers have none
				r.Figures = append(r.Figures, none(q))
			}
		}
		for _, rate := range c.rates {
			r.Figures = append(r.Figures, none(judged(rate)))
		}
		p.Runs = append(p.Runs, r)
	}
	p.Check = []Claim{{"bp is better than last", func(rows Rows) bool { return rows.Mean("bp", Accuracy) > rows.Mean("last", Accuracy) }}}
	return p
}

// speed is a part of the costs alone.
func (c comparison) speed(rules ...string) Part {
	p := Part{Name: "speed", About: fmt.Sprintf("%s, batches of %d: the flops of a step's products and its time, each divided by backprop's, and the time by the products", c.net, c.batch)}
	for _, rule := range rules {
		p.Runs = append(p.Runs, Run{Name: rule, Make: compared{c, rule, true}, Figures: []Figure{none(products), none(stepTime), none(beyond)}})
	}
	return p
}

// compared makes the run of a rule, or the part of it that is its cost.
type compared struct {
	comparison
	rule     string
	costOnly bool
}

func (compared) DataName() string { return "mnist" }

// Make searches, learns and measures, unless it is done already.
func (c compared) Make(ctx context.Context, at Place, seeds Seeds) (Result, error) {
	return Program(func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		set, err := data.Load(named(at, "mnist"), data.Options{})
		if err != nil {
			return nil, err
		}
		if want := c.images + c.judge; set.Train.N() < want || set.Test == nil {
			return nil, fmt.Errorf("%d training images, and a test part: %t; want %d and one", set.Train.N(), set.Test != nil, want)
		}
		m := meeting{c, at, dev, set}
		return m.make(ctx, seeds)
	}).Make(ctx, at, seeds)
}

// named returns the place of a data set; the user may have put it somewhere.
func named(at Place, name string) string {
	if path, ok := at.Data[name]; ok {
		return path
	}
	return name
}

// A meeting is a comparison with its data on a device.
type meeting struct {
	compared
	at  Place
	dev *compute.Device
	set *data.Set
}

func (m meeting) make(ctx context.Context, seeds Seeds) (Figures, error) {
	f, best, most := Figures{}, m.rates[0], -1.0
	if m.costOnly {
		return f, m.cost(ctx, seeds, f)
	}
	for i, rate := range m.rates {
		m.at.Tell(i, len(m.rates)+1, train.Line{})
		found, err := m.learn(ctx, Seeds{seeds.First + searchFirst, searchSeeds}, rate, true)
		if err != nil {
			return nil, err
		}
		mean := found[Accuracy].Mean()
		if f[judged(rate)] = slices.Repeat(Values{mean}, seeds.N); mean > most {
			best, most = rate, mean
		}
	}
	result, err := m.learn(ctx, seeds, best, false)
	if err != nil {
		return nil, err
	}
	for q, v := range result {
		f[q] = v
	}
	f[chosenRate] = slices.Repeat(Values{best}, seeds.N)
	return f, m.cost(ctx, seeds, f)
}

// open makes a session of the rule, or of backprop. In the search it learns half as long, and is judged on the images
// after those that it learns from.
func (m meeting) open(dev *compute.Device, rule string, seeds Seeds, rate float64, search bool) (*nets.Session, error) {
	r, err := m.at.Names.Rule(rule)
	if err != nil {
		return nil, err
	}
	part := func(of *data.Split, from, n int) *data.Split {
		each := m.set.Values()
		n = min(n, of.N()-from)
		s := &data.Split{Labels: of.Labels[from : from+n]}
		if of.Pixels != nil {
			s.Pixels = of.Pixels[from*each : (from+n)*each]
		} else {
			s.Floats = of.Floats[from*each : (from+n)*each]
		}
		return s
	}
	learned, judges := part(m.set.Train, 0, m.images), part(m.set.Test, 0, m.test)
	moments := m.epochs * m.images / m.batch
	if search {
		judges, moments = part(m.set.Train, m.images, m.judge), moments/2
	}
	images := func(of *data.Split, o data.LoaderOptions) func() nets.Task {
		o.Normalise = m.set.Normalisation("none")
		return func() nets.Task { return &tasks.Images{Set: m.set, Part: of, Options: o} }
	}
	return nets.Run{
		System: func() nets.System {
			return &stack.System{Net: m.at.Names.Network(m.net), Rule: r, Optimiser: nets.DefaultAdam}
		},
		Task:  images(learned, data.LoaderOptions{Batch: m.batch, Shuffle: true, DropLast: true}),
		Test:  images(judges, data.LoaderOptions{Batch: 500, Epochs: 1}),
		Probe: images(part(learned, 0, 500), data.LoaderOptions{Batch: 500, Epochs: 1}),
		Rate:  rate, Moments: moments, Learners: seeds.N, Seed: seeds.First,
	}.Open(dev)
}

// learn trains all seeds, tests them and compares their updates with backprop's. A seed that diverges counts as chance.
func (m meeting) learn(ctx context.Context, seeds Seeds, rate float64, search bool) (f Figures, err error) {
	s, err := m.open(m.dev, m.rule, seeds, rate, search)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	f = Figures{Accuracy: slices.Repeat(Values{10}, seeds.N), updates: slices.Repeat(Values{90}, seeds.N)}
	for n := 1; n <= s.Moments; n++ {
		if err := s.Step(ctx); err != nil {
			return nil, err
		}
		if n%50 > 0 && n < s.Moments {
			continue
		}
		if _, err := s.Metrics(); errors.Is(err, nets.ErrDiverged) || errors.Is(err, nets.ErrFault) {
			return f, nil
		} else if err != nil {
			return nil, err
		}
	}
	angles, err := s.Compare(ctx)
	if err != nil {
		return nil, err
	}
	score, err := s.Evaluate(ctx, nil)
	if err != nil {
		return nil, err
	}
	for k, x := range score.Get("accuracy").Each {
		if x == x {
			f[Accuracy][k] = 100 * x
		}
	}
	for k := range seeds.N {
		sum := 0.0
		for _, a := range angles[:len(angles)-1] { // with most rules the output layer's are backprop's
			at := float64(a.Gradient)
			if len(a.Learners) > 0 {
				at = float64(a.Learners[k][2])
			}
			sum += at / float64(len(angles)-1)
		}
		f[updates][k] = sum
	}
	return f, nil
}

// cost adds the time of a step, its products and the count of numbers kept, relative to bp's: steps of both are
// timed in turns.
func (m meeting) cost(ctx context.Context, seeds Seeds, f Figures) error {
	var least, kept, flops [2]float64
	var both [2]*nets.Session
	for i, rule := range []string{"bp", m.rule} {
		s, err := m.open(m.dev, rule, seeds, m.rates[0], false)
		if err != nil {
			return err
		}
		defer s.Close()
		if flops[i], err = m.products(ctx, rule); err != nil {
			return err
		}
		both[i] = s
		for _, n := range s.Tensors() {
			if !strings.HasPrefix(n.Name, "task.") {
				numbers := 1 // of one learner, be they side by side or in turn
				for _, d := range n.Shape {
					numbers *= d
				}
				kept[i] += float64(numbers)
			}
		}
	}
	for round := range 12 {
		for i, s := range both {
			start := time.Now()
			if err := s.Step(ctx); err != nil {
				return err
			}
			if _, err := s.Metrics(); err != nil { // it waits for the device
				return err
			}
			if took := time.Since(start).Seconds(); round == 1 || round > 1 && took < least[i] { // the first round warms up
				least[i] = took
			}
		}
	}
	f[stepTime] = slices.Repeat(Values{least[1] / least[0]}, seeds.N)
	f[keepBytes] = slices.Repeat(Values{kept[1] / kept[0]}, seeds.N)
	f[products] = slices.Repeat(Values{flops[1] / flops[0]}, seeds.N)
	f[beyond] = slices.Repeat(Values{f[stepTime][0] / f[products][0]}, seeds.N)
	return nil
}

// products returns the flops of a step's products and convolutions, which are most of its work.
func (m meeting) products(ctx context.Context, rule string) (flops float64, err error) {
	stage := &compute.Stage{Of: m.dev.Info()}
	s, err := m.open(compute.New(stage), rule, Seeds{1, 1}, m.rates[0], false)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	stage.Ops = nil
	if err := s.Step(ctx); err != nil {
		return 0, err
	}
	for _, op := range stage.Ops {
		switch op.(type) {
		case compute.Gemm, compute.Hebbian, compute.Conv, compute.ConvInput, compute.Inverse, compute.KernelGrad, compute.KernelSums, compute.Gram:
			flops += float64(compute.CostOf(op).Flops)
		}
	}
	return flops, nil
}
