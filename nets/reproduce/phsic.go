package reproduce

import (
	"fmt"
	"math"
	"time"

	"hebb/nets/train"
)

// pHSIC is the public code of Pogodin and Latham on networks of dense layers: leaky ReLU, no biases but the last
// layer's, pixels from −1 to 1, dropout 0.01, momentum 0.95. It has a weight decay of 1e-7, and of 1e-6 in the last
// layer; here both have the former.
var pHSIC = Experiment{
	Name:    "phsic",
	Systems: map[string]string{"pHSIC": "gaussian, groups"},
	About:   "three-factor Hebbian learning from kernels of each layer's output, beside backprop and beside a last layer alone",
	Source:  "Pogodin, Latham 2020, \"Kernelized information bottleneck leads to biologically plausible 3-factor Hebbian learning in deep networks\"; at the scale cpu the figures are of the authors' code (github.com/romanpogodin/plausible-kernelized-bottleneck), one seed; at the scale gpu those of its README, means of five",
	Scales: []Scale{
		{Name: "cpu", About: "MNIST, three layers of 256, 10 epochs", Takes: 2 * time.Minute, Parts: []Part{
			threeFactor("mnist", 256, 10, []int{5, 8, 9}, []factor{
				{"bp", "bp", 0.05, 1, 97.9, 0}, {"gaussian, groups", "phsic:groups=32", 1, 5e-4, 94.6, 0}, {"gaussian", "phsic", 0.6, 5e-4, 93.3, 0},
				{"cosine, groups", "phsic:kernel=cosine,groups=16", 0.6, 5e-3, 94.8, 0}, {"last", "last", 0.05, 1, 79.1, 0},
			}),
		}},
		{Name: "gpu", About: "the paper's: three layers of 1024, 100 epochs", Parts: []Part{
			threeFactor("mnist", 1024, 100, []int{50, 75, 90}, []factor{
				{"bp", "bp", 0.05, 1, 98.6, 0}, {"gaussian, groups", "phsic:groups=32", 1, 5e-4, 98.4, 0}, {"gaussian", "phsic", 0.6, 5e-4, 94.6, 0},
				{"cosine, groups", "phsic:kernel=cosine,groups=16", 0.6, 5e-3, 95.8, 0}, {"cosine", "phsic:kernel=cosine", 0.5, 5e-3, 94.9, 0},
				{"gaussian, groups, divisive", "phsic:groups=32,power=0.8", 1, 1e-3, 98.1, 32},
				{"cosine, groups, divisive", "phsic:kernel=cosine,groups=16,power=0.8", 0.4, 5e-3, 96.3, 16}, {"last", "last", 0.05, 1, 92.0, 0},
			}),
			threeFactor("fashion-mnist", 1024, 100, []int{50, 75, 90}, []factor{
				{"bp", "bp", 0.005, 1, 90.2, 0}, {"gaussian, groups", "phsic:groups=32", 1, 5e-4, 88.6, 0}, {"gaussian", "phsic", 0.5, 5e-4, 86.5, 0},
				{"cosine, groups", "phsic:kernel=cosine,groups=32", 0.6, 1e-3, 88.7, 0}, {"cosine", "phsic:kernel=cosine", 1, 5e-3, 86.3, 0},
				{"gaussian, groups, divisive", "phsic:groups=32,power=0.8", 1, 5e-3, 88.8, 32},
				{"cosine, groups, divisive", "phsic:kernel=cosine,groups=32,power=0.8", 1, 5e-4, 88.1, 32}, {"last", "last", 0.05, 1, 83.3, 0},
			}),
		}},
	},
}

// A factor is a run of threeFactor: the rates of the blocks and of the last layer, and the published accuracy.
type factor struct {
	name, rule      string
	rate, last, got float64
	divisive        int // groups of divisive normalisation; or 0
}

func threeFactor(data string, units, epochs int, at []int, runs []factor) Part {
	p := Part{Name: "mlp-" + data, About: fmt.Sprintf("three layers of %d on %s, batch 256, %d epochs, rates by a quarter after %v", units, data, epochs, at)}
	for _, f := range runs {
		c := train.Default
		c.Net = fmt.Sprintf("mlp:784-%[1]d-%[1]d-%[1]d-10,act=leaky,bias=false,dropout=0.01", units)
		if f.divisive > 0 {
			c.Net = fmt.Sprintf("%s,divisive=%d", c.Net, f.divisive)
		}
		c.Data, c.Rule, c.Rate, c.Epochs, c.Batch, c.Normalise, c.LogEvery = data, f.rule, f.rate, epochs, 256, "signed", 234
		if f.last != 1 { // the last layer's own rate, which the code gives as it is
			c.OutputRate = f.last / f.rate
		}
		c.Optimiser = "momentum:momentum=0.95,weight_decay=1e-7"
		c.Schedule = fmt.Sprintf("step:at=[%d, %d, %d],factor=0.25", at[0], at[1], at[2])
		p.Runs = append(p.Runs, Run{Name: f.name, Make: Training{Config: c}, Figures: []Figure{{What: Accuracy, Published: f.got, Within: 0.7}}})
	}
	p.Check = []Claim{{"groups help the gaussian kernel, and every rule beats the last layer alone", func(rows Rows) bool {
		least := math.Min(rows.Mean("gaussian", Accuracy), rows.Mean("cosine, groups", Accuracy))
		return rows.Mean("gaussian, groups", Accuracy) > rows.Mean("gaussian", Accuracy) && least > rows.Mean("last", Accuracy)
	}}}
	return p
}
