package reproduce

import (
	"math"
	"time"

	"hebb/nets/train"
)

// weightTransport is what the public code of Akrout et al. 2019 does: bias gradients are divided by the batch
// twice, the examples come in the order of the data, y passes through
// a sigmoid in the mirror, and the angle of the deltas is that of the first example alone.
var weightTransport = Experiment{
	Name:    "weight-transport",
	Systems: map[string]string{"feedback alignment": "fa", "Kolen–Pollack": "kp", "weight mirror": "wm"},
	About:   "backprop, feedback alignment, Kolen–Pollack and weight mirror on MNIST: sigmoid 784-500-10, batch 128, plain SGD, 20 epochs",
	Source:  "Akrout, Wilson, Humphreys, Lillicrap, Tweed 2019, \"Deep Learning without Weight Transport\"; the figures are of the authors' code (github.com/makrout/Deep-Learning-without-Weight-Transport), one seed",
	Scales: []Scale{{Name: "cpu", About: "the whole of it", Takes: 2 * time.Minute, Parts: []Part{{
		Name: "mnist", About: "sigmoid 784-500-10, binary cross-entropy, batch 128, 20 epochs in the order of the data",
		Runs: []Run{
			transport("bp", "bp", 0.2, 96.2, math.NaN()),
			transport("fa", "fa", 0.2, 92.3, 29.6),
			transport("kp", "kp", 0.3, 97.0, 8.9),
			transport("wm", "wm:rate=0.01,amplitude=0.1,decay=0.0,examples=128,before=468,sigmoid=true", 0.05, 92.6, 7.7),
		},
	}}}},
}

func transport(name, rule string, rate, accuracy, angle float64) Run {
	c := train.Default
	c.Net, c.Data, c.Rule, c.Rate = "mlp-sigmoid:784-500-10", "mnist", rule, rate
	c.Loss, c.Optimiser, c.Normalise, c.Epochs = "binary-cross-entropy", "sgd", "none", 20
	c.InOrder, c.BiasRate, c.LogEvery, c.Angles = true, 1./128, 468, 1
	r := Run{Name: name, Make: Training{Config: c}, Figures: []Figure{{What: Accuracy, Published: accuracy, Within: 0.5}}}
	if angle == angle {
		r.Figures = append(r.Figures, Figure{What: Delta, Published: angle, Within: 3})
	}
	return r
}
