package reproduce

import (
	"fmt"
	"math"
	"time"

	"hebb/nets/train"
)

// altMin trains the authors' network, without a bias, by codes, beside the same network with biases by Adam end to end.
var altMin = Experiment{
	Name:    "altmin",
	Systems: map[string]string{"alternating minimisation": "altmin, epoch 1"},
	About:   "online alternating minimisation of codes and weights beside Adam, from the first batches on: MNIST, two layers of 100",
	Source:  "Choromanska et al. 2019, \"Beyond Backprop: Online Alternating Minimization with Auxiliary Variables\"; the figures are of the authors' functions (github.com/IBM/online-alt-min), three seeds",
	Scales: []Scale{
		{Name: "cpu", About: "five epochs, three seeds", Takes: 6 * time.Minute, Parts: []Part{altMinPart(3, 0,
			altMinAt{"10 batches", 10, 0, 87.44, 2, 83.96, 2.5},
			altMinAt{"30 batches", 30, 0, 91.60, 0.6, 90.86, 0.8},
			altMinAt{"100 batches", 100, 0, 94.86, 0.5, 94.75, 0.8},
			altMinAt{"epoch 1", 0, 1, 96.60, 0.5, 96.58, 1},
			altMinAt{"epoch 5", 0, 5, 97.62, 0.4, 97.66, 0.25}), altMinLeNet}},
		{Name: "small", About: "for a device in software: the first batches alone", Takes: time.Minute, Parts: []Part{altMinPart(3, 1000,
			altMinAt{"10 batches", 10, 0, 87.44, 4, 83.96, 4})}},
	},
}

// altMinLeNet trains convolutions by codes, as the authors did too. Protocol and figures are ours: the rate is the best of
// 0.001, 0.003 and 0.008 for either rule, after 60 batches of another seed.
var altMinLeNet = Part{Name: "lenet", About: "LeNet-5, ReLU and max pooling, batches of 200, Adam 0.008", Runs: []Run{
	leNetRun("altmin", 100, 0, "100 batches"), leNetRun("bp", 100, 0, "100 batches"), leNetRun("last", 100, 0, "100 batches"),
	leNetRun("altmin", 0, 1, "epoch 1"), leNetRun("bp", 0, 1, "epoch 1"), leNetRun("last", 0, 1, "epoch 1"),
}, Check: []Claim{{"after an epoch altmin errs at most half as often as with hidden layers that do not learn", func(rows Rows) bool {
	return 100-rows.Mean("altmin, epoch 1", Accuracy) <= (100-rows.Mean("last, epoch 1", Accuracy))/2
}}}}

func leNetRun(rule string, steps, epochs int, after string) Run {
	c := train.Default
	c.Net, c.Data, c.Rule, c.Optimiser, c.Rate = "lenet5", "mnist", rule, "adam", 0.008
	c.Batch, c.Steps, c.Epochs, c.LogEvery, c.Angles = 200, steps, epochs, 300, 200
	r := Run{Name: rule + ", " + after, Make: Training{Config: c}, Seeds: 3, Figures: []Figure{none(Accuracy)}}
	if rule == "altmin" {
		r.Figures = append(r.Figures, none(Delta))
	}
	return r
}

// An altMinAt is an amount of training after which both are tested, and their accuracies.
type altMinAt struct {
	after          string
	steps, epochs  int
	altmin, within float64
	adam, adamIn   float64
}

func altMinPart(seeds, tests int, all ...altMinAt) Part {
	p := Part{Name: "mnist", About: "784-100-100-10, ReLU, batch normalisation, batches of 200; altmin by Adam 0.008 without biases, backprop by Adam 0.003"}
	for _, at := range all {
		for _, rule := range []string{"altmin", "bp"} {
			c := train.Default
			c.Net, c.Data, c.Rule, c.Optimiser, c.Rate = "mlp:784-100-100-10,norm=batch", "mnist", rule, "adam", 0.003
			c.Batch, c.Steps, c.Epochs, c.LogEvery, c.TestLimit, c.Angles = 200, at.steps, at.epochs, 300, tests, 200
			f := Figure{What: Accuracy, Published: at.adam, Within: at.adamIn}
			if rule == "altmin" {
				c.Net, c.Rate = c.Net+",bias=false", 0.008
				f.Published, f.Within = at.altmin, at.within
			}
			p.Runs = append(p.Runs, Run{Name: rule + ", " + at.after, Make: Training{Config: c}, Seeds: seeds, Figures: []Figure{f, none(Delta)}})
		}
	}
	first := all[0].after
	p.Check = append(p.Check, Claim{fmt.Sprintf("after %s altmin is ahead of Adam by 1.5 points", first), func(rows Rows) bool {
		return rows.Mean("altmin, "+first, Accuracy) >= rows.Mean("bp, "+first, Accuracy)+1.5
	}})
	if last := all[len(all)-1]; last.epochs > 1 {
		p.Check = append(p.Check, Claim{"after " + last.after + " both are within 0.5 points of each other", func(rows Rows) bool {
			return math.Abs(rows.Mean("altmin, "+last.after, Accuracy)-rows.Mean("bp, "+last.after, Accuracy)) <= 0.5
		}})
	}
	return p
}
