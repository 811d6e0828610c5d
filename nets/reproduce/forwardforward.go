package reproduce

import (
	"fmt"
	"time"

	"hebb/nets/train"
)

// forwardForward has no published figure for so little training: its band comes from this program, and it is labelled
// ours.
var forwardForward = Experiment{
	Name:    "forward-forward",
	Systems: map[string]string{"forward-forward": "two layers of 500"},
	About:   "layers that tell examples with their class from examples with another, without a backward pass: MNIST",
	Source:  "the algorithm is of Hinton 2022, \"The Forward-Forward Algorithm\"; protocol and figures are ours",
	Scales: []Scale{
		{Name: "cpu", About: "10 000 images, three epochs, three seeds", Takes: time.Minute, Parts: []Part{forwardForwardPart(500, 10000, 3, 0)}},
		{Name: "small", About: "for a device in software: 2000 images, layers of 100", Takes: 10 * time.Second, Parts: []Part{forwardForwardPart(100, 2000, 3, 500)}},
	},
}

func forwardForwardPart(units, images, epochs, tests int) Part {
	p := Part{Name: "mnist", About: "inputs within [0, 1], batches of 20, Adam 1e-3"}
	two, one := fmt.Sprintf("two layers of %d", units), fmt.Sprintf("one layer of %d", units)
	for _, r := range []struct{ name, system string }{
		{two, fmt.Sprintf("ff:units=[%d, %d]", units, units)}, {one, fmt.Sprintf("ff:units=[%d]", units)},
	} {
		c := train.Default
		c.System, c.Data, c.Normalise, c.Limit, c.TestLimit = r.system, "mnist", "none", images, tests
		c.Batch, c.Epochs, c.Rate, c.LogEvery = 20, epochs, 1e-3, 500
		p.Runs = append(p.Runs, Run{Name: r.name, Make: Training{Config: c}, Seeds: 3, Figures: []Figure{none(Error)}})
	}
	most := 15.0
	if images < 10000 {
		most = 40
	}
	p.Check = []Claim{{"both err less than a classifier that has not learned, by far", func(rows Rows) bool {
		return max(rows.Mean(two, Error), rows.Mean(one, Error)) <= most
	}}}
	return p
}
