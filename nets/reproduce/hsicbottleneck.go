package reproduce

import (
	"fmt"
	"time"

	"hebb/nets/train"
)

// hsicBottleneck is the public code of Ma, Lewis and Kleijn, and what it comes to with other settings. As there, the
// examples come in the order of the data, as 0 to 1; here the last batch of an epoch is left out if it is not full.
var hsicBottleneck = Experiment{
	Name:    "hsic-bottleneck",
	Systems: map[string]string{"HSIC bottleneck": "format"},
	About:   "networks of which no layer gets a delta from above: the HSIC bottleneck, and a last layer trained on what it made",
	Source:  "Ma, Lewis, Kleijn 2020, \"The HSIC Bottleneck: Deep Learning without Back-Propagation\"; the figures are of the authors' code (github.com/choasma/HSIC-bottleneck), one seed, two cores",
	Scales: []Scale{
		{Name: "cpu", About: "MNIST and Fashion-MNIST, seven layers of 128", Takes: 10 * time.Minute, Parts: []Part{
			bottleneck("general", "mnist", general, 94.2, 254), bottleneck("tuned", "mnist", tuned, 97, 0),
			bottleneck("general", "fashion-mnist", general, 0, 0), bottleneck("tuned", "fashion-mnist", tuned, 0, 0),
		}},
		{Name: "gpu", About: "layers of 1024, 50 epochs", Parts: []Part{
			bottleneck("wide", "mnist", wide, 98.8, 0), bottleneck("wide", "fashion-mnist", wide, 88.3, 0),
		}},
	},
}

// general is the authors' configuration of that name; tuned and wide are ours.
func general(c *train.Config) {
	c.Rule, c.Rate, c.Epochs, c.Batch, c.Optimiser = "hsic:alone=true", 1e-4, 5, 512, "sgd:weight_decay=1e-3"
	c.InOrder, c.Normalise, c.Schedule = true, "none", "constant"
}

func tuned(c *train.Config) {
	general(c)
	c.Rule, c.Rate, c.Epochs, c.Optimiser, c.Schedule, c.InOrder = "hsic:alone=true", 1e-3, 10, "adam", "cosine", false
}

func wide(c *train.Config) {
	tuned(c)
	c.Epochs = 50
}

func bottleneck(name, data string, set func(*train.Config), published, seconds float64) Part {
	units, within := 128, 0.5
	if name == "wide" {
		units = 1024
	}
	net := "mlp:784-"
	for range 7 {
		net += fmt.Sprint(units, "-")
	}
	body := train.Default
	body.Net, body.Data, body.LogEvery = net+"10,norm=plain", data, 50
	set(&body)
	format := body
	format.Rule, format.Rate, format.Epochs, format.Batch, format.Optimiser, format.Schedule = "last", 0.005, 5, 256, "sgd:weight_decay=1e-3", "constant"
	p := Part{Name: name + "-" + data, About: fmt.Sprintf("%s on %s: %d epochs of %s at rate %g (%s, batches of %d), then 5 of the last layer alone", body.Net, data, body.Epochs, body.Rule, body.Rate, body.Optimiser, body.Batch),
		Runs: []Run{
			{Name: "hsic", Make: Training{Config: body}, Figures: []Figure{none(Seconds)}},
			{Name: "format", Make: Training{Config: format, From: "hsic"}, Figures: []Figure{none(Accuracy), none(Seconds)}},
		}}
	if seconds > 0 {
		p.Runs[0].Figures[0].Published = seconds
	}
	switch {
	case name == "general" && published > 0:
		p.Runs[1].Figures[0] = Figure{What: Accuracy, Published: published, Within: within}
	case name == "tuned" && published > 0:
		p.Check = append(p.Check, Claim{fmt.Sprintf("format training reaches %g %%", published), func(rows Rows) bool {
			return rows.Mean("format", Accuracy) >= published
		}})
	case published > 0:
		p.Runs[1].Figures[0].Published = published
	}
	return p
}
