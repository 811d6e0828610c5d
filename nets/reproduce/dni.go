package reproduce

import (
	"fmt"
	"math"
	"time"

	"hebb/nets/train"
)

// syntheticGradients trains a network of ReLU units by predictions of its gradients.
var syntheticGradients = Experiment{
	Name:    "dni",
	Systems: map[string]string{"synthetic gradients": "dni", "with labels": "cdni"},
	About:   "synthetic gradients, of a layer's output alone or of the label too, beside backprop and hidden layers that stay as they are",
	Source:  "figures of the equations in float32 (numpy), after Jaderberg et al. 2017, \"Decoupled Neural Interfaces using Synthetic Gradients\"; three seeds",
	Scales: []Scale{
		{Name: "cpu", About: "the first 30 000 images of MNIST, 2 epochs", Takes: 2 * time.Minute, Parts: []Part{synthetic(3, 0), deepSynthetic(), syntheticInputs()}},
		{Name: "small", About: "2000 images, two seeds", Takes: 10 * time.Second, Parts: []Part{synthetic(2, 2000)}},
	},
}

const byLabel, byNoLabel, byDrawn = "cdni", "dni", "cdni, not zero at first"

func synthesising(rule string, limit int) train.Config {
	c := train.Default
	c.Net, c.Data, c.Normalise, c.Limit, c.Angles = "mlp:784-256-256-256-10,init=fan-in", "mnist", "none", 30_000, 1000
	if limit > 0 {
		c.Limit, c.TestLimit = limit, limit
	}
	c.Rule, c.Optimiser, c.Rate, c.Batch, c.Epochs, c.LogEvery = rule, "adam", 3e-4, 250, 2, 40
	if limit > 0 {
		c.Batch = 50
	}
	return c
}

// synthetic compares linear synthesisers. The reference's angle is the cosine of s and the gradient, before f′.
func synthetic(seeds, limit int) Part {
	p := Part{Name: "linear", About: fmt.Sprintf("784-256-256-256-10 with ReLU, Adam 3e-4 and 3e-3 of the synthesisers, batch %d, 2 epochs", synthesising("bp", limit).Batch)}
	run := func(name, rule string, published, within float64, more ...Figure) {
		f := Figure{What: Error, Published: published, Within: within}
		if limit > 0 {
			f, more = none(Error), nil
		}
		if limit > 0 && name != byBackprop && name != byLabel && name != byOutput {
			return
		}
		p.Runs = append(p.Runs, Run{Name: name, Seeds: seeds, Make: Training{Config: synthesising(rule, limit)}, Figures: append([]Figure{f}, more...)})
	}
	var angles, others []Figure
	for i, cos := range []float64{0.498, 0.638, 0.710} {
		q := deltasOf(fmt.Sprint("fc", i+1))
		degrees := func(cos float64) float64 { return math.Acos(cos) * 180 / math.Pi }
		angles = append(angles, Figure{What: q, Published: degrees(cos), Within: degrees(cos-0.04) - degrees(cos)})
		others = append(others, none(q))
	}
	run(byBackprop, "bp", 5.69, 0.4)
	run(byLabel, "cdni", 8.79, 0.6, angles...)
	run(byNoLabel, "dni", 12.22, 1.2, others...)
	run(byDrawn, "cdni:gain=1", 11.60, 1, others...)
	run(byOutput, "last", 43.69, 2.8)
	order := func(names ...string) func(rows Rows) bool {
		return func(rows Rows) bool {
			for i := range names[1:] {
				if !(rows.Mean(names[i], Error) < rows.Mean(names[i+1], Error)) {
					return false
				}
			}
			return true
		}
	}
	if limit > 0 {
		p.Check = []Claim{{"cdni errs less than the output layer alone", order(byLabel, byOutput)}}
		return p
	}
	p.Check = []Claim{
		{"errors rise from bp to cdni to dni to the output layer alone", order(byBackprop, byLabel, byNoLabel, byOutput)},
		{"synthesisers that are not zero at first cost", order(byLabel, byDrawn)},
		{"cdni's deltas are nearer to backprop's from each layer to the next, and nearer than with synthesisers that are not zero at first", func(rows Rows) bool {
			a := func(layer string) float64 { return rows.Mean(byLabel, deltasOf(layer)) }
			return a("fc1") > a("fc2") && a("fc2") > a("fc3") && a("fc1") < rows.Mean(byDrawn, deltasOf("fc1"))
		}},
	}
	return p
}

// deepSynthetic has synthesisers with a hidden layer; nothing was published about them.
func deepSynthetic() Part {
	p := Part{Name: "one-hidden", About: "likewise, with synthesisers of one hidden layer of 256"}
	for _, rule := range []string{byLabel, byNoLabel} {
		r := Run{Name: rule, Seeds: 3, Make: Training{Config: synthesising(rule+":units=256", 0)}, Figures: []Figure{none(Error)}}
		for _, layer := range []string{"fc1", "fc2", "fc3"} {
			r.Figures = append(r.Figures, none(deltasOf(layer)))
		}
		p.Runs = append(p.Runs, r)
	}
	return p
}

// syntheticInputs has layers that learn from predicted inputs too; nothing was published about this network.
func syntheticInputs() Part {
	r := Run{Name: "cdni, inputs", Seeds: 3, Make: Training{Config: synthesising("cdni:inputs=true", 0)}, Figures: []Figure{none(Error)}}
	return Part{Name: "inputs", About: "likewise, linear, with layers that learn from inputs that are predicted from the image", Runs: []Run{r}}
}
