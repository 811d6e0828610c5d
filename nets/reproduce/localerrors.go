package reproduce

import (
	"fmt"
	"time"

	"hebb/nets/train"
)

// localErrors is the public code of Nøkland and Eidnes on networks of dense layers with batch normalisation.
var localErrors = Experiment{
	Name:    "local-errors",
	Systems: map[string]string{"pred": "pred", "sim": "sim", "predsim": "predsim"},
	About:   "each layer trained by a softmax of its own, by similarities to those of the labels, or by both, beside backprop",
	Source:  "Nøkland, Eidnes 2019, \"Training Neural Networks with Local Error Signals\"; at the scale cpu the figures are of the authors' code (github.com/anokland/local-loss), one seed; at the scale gpu those of its README",
	Scales: []Scale{
		{Name: "cpu", About: "Fashion-MNIST, three layers of 256, 8 epochs", Takes: 3 * time.Minute, Parts: []Part{
			localError("mlp", "fashion-mnist", 256, 8, 2, true, []int{4, 6, 7}, 0.5, [4]float64{13.2, 14.3, 15.8, 14.5}),
		}},
		{Name: "gpu", About: "the paper's: three layers of 1024, 100 to 200 epochs; vgg8b on CIFAR-10, 400 epochs", Parts: []Part{
			localError("mlp", "mnist", 1024, 100, 2, false, []int{50, 75, 89, 94}, 0.15, [4]float64{0.75, 0.68, 0.80, 0.62}),
			localError("mlp", "fashion-mnist", 1024, 200, 2, true, []int{100, 150, 178, 188}, 0.4, [4]float64{8.37, 8.60, 9.70, 8.54}),
			localError("vgg8b", "cifar10", 0, 400, 4, true, []int{200, 300, 350, 375}, 0.5, [4]float64{5.99, 8.40, 7.16, 5.58}),
		}},
	},
}

func localError(net, data string, units, epochs, crop int, flip bool, at []int, within float64, published [4]float64) Part {
	p := Part{Name: net + "-" + data}
	decoder := 1024
	if net == "mlp" {
		net = fmt.Sprintf("mlp:784-%[1]d-%[1]d-%[1]d-10,act=leaky,norm=batch,dropout=0.1", units)
	} else {
		decoder = 2048
	}
	p.About = fmt.Sprintf("%s on %s, Adam 5e-4 by a quarter at epochs %v, batch 128, %d epochs", net, data, at, epochs)
	for i, rule := range []string{"bp", "pred", "sim", "predsim"} {
		c := train.Default
		c.Net, c.Data, c.Rule, c.Rate, c.Epochs, c.LogEvery = net, data, rule, 5e-4, epochs, 117
		if rule == "pred" || rule == "predsim" {
			c.Rule = fmt.Sprintf("%s:decoder=%d", rule, decoder)
		}
		c.Optimiser, c.Schedule, c.Crop, c.Flip = "adam", "step:at="+list(at)+",factor=0.25", crop, flip
		p.Runs = append(p.Runs, Run{Name: rule, Make: Training{Config: c}, Figures: []Figure{{What: Error, Published: published[i], Within: within}}})
	}
	if units == 256 {
		p.Check = []Claim{
			{"bp errs less than pred", func(rows Rows) bool { return rows.Mean("bp", Error) < rows.Mean("pred", Error) }},
			{"predsim errs less than sim", func(rows Rows) bool { return rows.Mean("predsim", Error) < rows.Mean("sim", Error) }},
		}
	}
	return p
}

// list is numbers as a list of TOML.
func list(x []int) string {
	s := "["
	for i, v := range x {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprint(v)
	}
	return s + "]"
}
