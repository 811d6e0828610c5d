package reproduce

import (
	"fmt"
	"math"
	"time"

	"hebb/nets/train"
)

var twoRoutes = Experiment{
	Name:    "two-routes",
	Systems: map[string]string{"symmetric alignment": "sa", "activation alignment": "aa", "information alignment": "ia", "weight mirror": "wm"},
	About:   "backprop against learned feedback weights: an MLP under nine rules, a residual network, and noise on the updates",
	Source:  "Kunin, Nayebi, Sagastuy-Brena, Ganguli, Bloom, Yamins 2020, \"Two Routes to Scalable Credit Assignment without Weight Symmetry\"; their figures are of ImageNet, so here it is their order that is compared",
	Scales: []Scale{
		{Name: "cpu", About: "MNIST and Fashion-MNIST, an MLP and resnet20", Takes: 30 * time.Minute, Parts: []Part{
			denseNet("mnist", 98), denseNet("fashion-mnist", math.NaN()),
			residualNet("resnet20", "fashion-mnist", 6, 0.05, 92), robustness("fashion-mnist"),
		}},
		{Name: "gpu", About: "resnet18 on CIFAR-10, 100 epochs", Parts: []Part{
			residualNet("resnet18", "cifar10", 100, 0.1, math.NaN()), robustness("cifar10"),
		}},
	},
}

// denseNet compares all rules on a dense network.
func denseNet(data string, least float64) Part {
	p := Part{Name: "mlp-" + data, About: "mlp:784-500-10 on " + data + ", momentum 0.9, rate 0.03 with a cosine, weight decay 2e-3, batch 128, 10 epochs"}
	for _, rule := range []string{"bp", "fa", "dfa", "usf", "kp", "wm", "sa", "aa", "ia"} {
		c := train.Default
		c.Data, c.Rule, c.Rate, c.Epochs, c.LogEvery = data, rule, 0.03, 10, 117
		c.Optimiser, c.Schedule = "momentum:weight_decay=2e-3", "cosine"
		r := Run{Name: rule, Make: Training{Config: c}, Figures: []Figure{none(Accuracy)}}
		if rule != "bp" {
			r.Figures = append(r.Figures, none(Delta))
		}
		p.Runs = append(p.Runs, r)
	}
	if least == least {
		p.Check = append(p.Check, Claim{fmt.Sprintf("bp reaches %g %%", least), func(rows Rows) bool {
			return rows.Mean("bp", Accuracy) >= least
		}})
		for _, rule := range []string{"kp", "sa", "aa"} {
			p.Check = append(p.Check, Claim{rule + " is within 0.3 points of bp", func(rows Rows) bool {
				return rows.Mean(rule, Accuracy) >= rows.Mean("bp", Accuracy)-0.3
			}})
		}
	}
	for _, rule := range []string{"kp", "wm", "sa"} {
		p.Check = append(p.Check, Claim{rule + "'s deltas end within 10° of backprop's", func(rows Rows) bool {
			return rows.Mean(rule, Delta) < 10
		}})
	}
	p.Check = append(p.Check, Claim{"fa's deltas end 30° to 60° from backprop's", func(rows Rows) bool {
		d := rows.Mean("fa", Delta)
		return 30 <= d && d <= 60
	}})
	return p
}

// residualNet compares the paper's own rules on a residual network.
func residualNet(net, data string, epochs int, rate, least float64) Part {
	p := Part{Name: net + "-" + data, About: fmt.Sprintf("%s on %s, momentum 0.9, rate %g with a cosine, weight decay 5e-4, batch 128, crop and flip, %d epochs", net, data, rate, epochs)}
	for _, rule := range []string{"bp", "sa", "aa", "fa"} {
		c := train.Default
		c.Net, c.Data, c.Rule, c.Rate, c.Epochs = net, data, rule, rate, epochs
		c.Optimiser, c.Schedule, c.Crop, c.Flip = "momentum:weight_decay=5e-4", "cosine:warmup=0.5", 2, true
		if data == "cifar10" {
			c.Crop = 4
		}
		p.Runs = append(p.Runs, Run{Name: rule, Make: Training{Config: c}, Figures: []Figure{none(Accuracy), none(Delta)}})
	}
	if least == least {
		p.Check = append(p.Check, Claim{fmt.Sprintf("bp reaches %g %%", least), func(rows Rows) bool {
			return rows.Mean("bp", Accuracy) >= least
		}})
	}
	for _, rule := range []string{"sa", "aa"} {
		p.Check = append(p.Check, Claim{rule + " is within 1 point of bp", func(rows Rows) bool {
			return rows.Mean(rule, Accuracy) >= rows.Mean("bp", Accuracy)-1
		}})
	}
	p.Check = append(p.Check, Claim{"fa stays below all others, by 2 points or more", func(rows Rows) bool {
		return rows.Mean("fa", Accuracy) <= min(rows.Mean("bp", Accuracy), rows.Mean("sa", Accuracy), rows.Mean("aa", Accuracy))-2
	}})
	return p
}

// robustness adds noise to every gradient, that of the feedback weights too: a curve over noise levels, of bp and of sa.
func robustness(data string) Part {
	p := Part{Name: "noise-" + data, About: "mlp:784-500-10 with normal noise on every gradient, 5 epochs"}
	net := "mlp:784-500-10"
	if data == "cifar10" {
		net, p.About = "resnet20", "resnet20 with normal noise on every gradient, 5 epochs"
	}
	for _, noise := range []float64{0, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2} {
		for _, rule := range []string{"bp", "sa"} {
			c := train.Default
			c.Net, c.Data, c.Rule, c.Rate, c.Epochs, c.LogEvery, c.Noise = net, data, rule, 0.03, 5, 117, noise
			c.Optimiser, c.Schedule = "momentum:weight_decay=5e-4", "cosine"
			p.Runs = append(p.Runs, Run{Name: noisy(rule, noise), Make: Training{Config: c}, Figures: []Figure{none(Accuracy)}})
		}
	}
	p.Check = []Claim{{"under the most noise sa is at least as good as bp", func(rows Rows) bool {
		return rows.Mean(noisy("sa", 3e-2), Accuracy) >= rows.Mean(noisy("bp", 3e-2), Accuracy)
	}}}
	return p
}

func noisy(rule string, noise float64) string {
	return fmt.Sprintf("%s, noise %g", rule, noise)
}
