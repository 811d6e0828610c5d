package reproduce

import (
	"fmt"
	"time"

	"hebb/nets/train"
)

// targetPropagation trains networks of tanh units by targets through learned inverses, beside backprop and controls.
var targetPropagation = Experiment{
	Name:    "dtp",
	Systems: map[string]string{"difference target propagation": "dtp"},
	About:   "difference target propagation through learned inverses, beside backprop, inverses that stay random and hidden layers that stay as they are",
	Source:  "figures of the equations in float32 (numpy), after the code of Lee, Zhang, Fischer, Bengio 2015, \"Difference Target Propagation\"; three seeds",
	Scales: []Scale{
		{Name: "cpu", About: "the first 10 000 images of MNIST, networks of three and of seven hidden layers, and of convolutions", Takes: 4 * time.Minute, Parts: []Part{
			threeLayers(3, 5, 0), sevenLayers(), authorsRates(), targetConvolutions(),
		}},
		{Name: "small", About: "1000 images, three hidden layers, two seeds", Takes: 10 * time.Second, Parts: []Part{threeLayers(2, 3, 1000)}},
	},
}

const byRandom, byOutput, byTargets, byBackprop = "random inverses", "output layer alone", "dtp", "bp"

// chained trains hidden layers of 240 units. An epoch of dtp is one of its inverses, and one of the weights.
func chained(hidden int, rule, optimiser string, rate float64, epochs, limit int) train.Config {
	c := train.Default
	c.Net = "mlp:784"
	for range hidden {
		c.Net += "-240"
	}
	c.Net += "-10,act=tanh,init=orthogonal"
	c.Data, c.Normalise, c.Limit, c.InOrder, c.Angles = "mnist", "none", 10_000, true, 1000
	if limit > 0 {
		c.Limit, c.TestLimit = limit, limit
	}
	c.Rule, c.Optimiser, c.Rate, c.Batch, c.Epochs, c.LogEvery = rule, optimiser, rate, 100, epochs, 50
	return c
}

// authors is the optimiser of the authors' code.
const authors = "rmsprop:eps=1e-3"

// inverted returns dtp with the given rate for the inverses, and turns of an epoch.
func inverted(top, rate float64, limit int) string {
	if limit == 0 {
		limit = 10_000
	}
	return fmt.Sprintf("dtp:top=%g,noise=0.35983,rate=%g,span=%d", top, 0.0050115/rate, limit/100)
}

func threeLayers(seeds, epochs, limit int) Part {
	const rate = 0.001
	run := func(name, rule string, rate float64, epochs int, figures ...Figure) Run {
		return Run{Name: name, Seeds: seeds, Make: Training{Config: chained(3, rule, authors, rate, epochs, limit)}, Figures: figures}
	}
	figure := func(q Quantity, published, within float64) Figure {
		if limit > 0 {
			return none(q)
		}
		return Figure{What: q, Published: published, Within: within}
	}
	p := Part{Name: "three", About: fmt.Sprintf("784-240-240-240-10, RMSprop, batch 100 in order, %d epochs of the weights", epochs)}
	p.Runs = []Run{
		run(byTargets, inverted(0.3, rate, limit), rate, 2*epochs, figure(Error, 7.65, 0.45), figure(updateOf("fc1"), 45.4, 0), figure(updateOf("fc2"), 30.3, 0), figure(updateOf("fc3"), 0, 0.1)),
		run(byBackprop, "bp", 0.000804, epochs, figure(Error, 7.87, 0.45)),
		run(byRandom, "dtp:top=0.3,rate=0", rate, epochs, figure(Error, 9.09, 0.7), figure(updateOf("fc1"), 63, 0), figure(updateOf("fc2"), 78, 0)),
		run(byOutput, "last", 0.003, epochs, figure(Error, 10.38, 0.4)),
	}
	gap := func(rows Rows, a, b string) float64 { return rows.Mean(a, Error) - rows.Mean(b, Error) }
	if limit > 0 {
		p.Runs = []Run{p.Runs[0], p.Runs[2]}
		p.Check = []Claim{{"dtp errs less than with random inverses", func(rows Rows) bool { return gap(rows, byRandom, byTargets) > 0 }}}
		return p
	}
	p.Check = []Claim{
		{"dtp errs as bp does, within 0.7 points", func(rows Rows) bool { d := gap(rows, byTargets, byBackprop); return -0.7 <= d && d <= 0.7 }},
		{"random inverses err by 0.8 points more than dtp", func(rows Rows) bool { return gap(rows, byRandom, byTargets) >= 0.8 }},
		{"the output layer alone errs by 2 points more than dtp", func(rows Rows) bool { return gap(rows, byOutput, byTargets) >= 2 }},
	}
	return p
}

func sevenLayers() Part {
	const rate = 0.001
	p := Part{Name: "seven", About: "784-7×240-10, likewise"}
	dtp := Run{Name: byTargets, Seeds: 3, Make: Training{Config: chained(7, inverted(0.3, rate, 0), authors, rate, 10, 0)}}
	dtp.Figures = []Figure{{What: Error, Published: 7.74, Within: 0.66}}
	for i, angle := range []float64{74, 68, 60, 50, 38, 26, 0} {
		dtp.Figures = append(dtp.Figures, Figure{What: updateOf(fmt.Sprint("fc", i+1)), Published: angle})
	}
	bp := Run{Name: byBackprop, Seeds: 3, Make: Training{Config: chained(7, "bp", authors, 0.000804, 5, 0)}, Figures: []Figure{{What: Error, Published: 8.66}}}
	p.Runs = []Run{dtp, bp}
	p.Check = []Claim{
		{"dtp errs no more than bp", func(rows Rows) bool { return rows.Mean(byTargets, Error) <= rows.Mean(byBackprop, Error) }},
		{"the angle to backprop's updates falls from each layer to the next", func(rows Rows) bool {
			for i := range 6 {
				if !(rows.Mean(byTargets, updateOf(fmt.Sprint("fc", i+1))) > rows.Mean(byTargets, updateOf(fmt.Sprint("fc", i+2)))) {
					return false
				}
			}
			return true
		}},
	}
	return p
}

// authorsRates has the rates of the authors' code, meant for 50 000 updates and not for 300.
func authorsRates() Part {
	const rate = 0.0148893
	top := 0.327736 / 100
	p := Part{Name: "authors-rates", About: "784-240-240-240-10 at the rates of the authors' code, 3 epochs of the weights"}
	run := func(name, rule string, rate float64, epochs int, published float64) {
		p.Runs = append(p.Runs, Run{Name: name, Seeds: 3, Make: Training{Config: chained(3, rule, authors, rate, epochs, 0)},
			Figures: []Figure{{What: Error, Published: published}}})
	}
	run(byTargets, inverted(top, rate, 0), rate, 6, 10.97)
	run(byBackprop, "bp", 0.000804, 3, 9.06)
	run(byRandom, fmt.Sprintf("dtp:top=%g,rate=0", top), rate, 3, 11.56)
	run(byOutput, "last", rate, 3, 11.05)
	return p
}

// targetConvolutions has a network of convolutions; nothing was published about it.
func targetConvolutions() Part {
	p := Part{Name: "convolutions", About: "lenet1989, two strided convolutions and two dense layers of tanh units, RMSprop, batch 100 in order, 5 epochs of the weights"}
	run := func(name, rule string, rate float64, epochs int) {
		c := chained(0, rule, authors, rate, epochs, 0)
		c.Net = "lenet1989"
		r := Run{Name: name, Make: Training{Config: c}, Figures: []Figure{none(Error)}}
		if name != byBackprop {
			r.Figures = append(r.Figures, none(deltasOf("conv1")), none(deltasOf("conv2")))
		}
		p.Runs = append(p.Runs, r)
	}
	run(byTargets, "dtp:top=0.3,noise=0.1,rate=1,span=100", 0.001, 10)
	run(byBackprop, "bp", 0.000804, 5)
	run(byRandom, "dtp:top=0.3,rate=0", 0.001, 5)
	return p
}
