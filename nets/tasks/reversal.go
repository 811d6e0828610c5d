package tasks

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Reversal is a task of two images, one of which asks for a choice to the left and the other to the right, until the two
// change places: every Block trials, without notice. A trial is a moment, and shows one of the images at random. An
// answer is two numbers, and the choice is the side of the larger one; of equal ones a coin decides. The reward is 1 for
// the right side, else −1. The task is ours, made after the one of Vasilaki, Fusi, Wang, Senn 2009, Biological
// Cybernetics 100, whose monkeys relearn in about 30 trials.
//
// An image is Inputs numbers, 1 with probability Active, else 0, drawn for each learner by its seed. It has no epochs.
//
// Metrics: "correct", the share of right choices; "correct, reversed", of the first three trials after a reversal, and
// "correct, learned", of the last ten before one; "after 1", "after 2-3" and "after 4+", of the trials with an image in
// whose last trial the choice was wrong, after so many right choices for it in a row.
type Reversal struct {
	Inputs int     `json:"inputs" toml:"inputs"`
	Active float32 `json:"active" toml:"active"` // a probability
	Block  int     `json:"block" toml:"block"`   // trials between reversals

	images  [2]*compute.Tensor // 1 × Inputs
	runs    *compute.Tensor    // 1 × 2: right choices in a row for each image
	fell    *compute.Tensor    // 1 × 2: those before the last choice, if it was wrong, else 0
	image   *compute.Tensor    // 1 × 1: which is shown, 0 or 1
	channel *compute.Tensor    // 1 × 2: 0, 1
	sides   *compute.Tensor    // 1 × 2: −1, 1
}

// Trials after a reversal and before one that have a metric.
const reversedTrials, learnedTrials = 3, 10

// Check reports an invalid setting.
func (t *Reversal) Check() error {
	if t.Inputs < 1 || t.Block < 1 {
		return fmt.Errorf("reversal: %d inputs and a block of %d trials, want at least 1 of each", t.Inputs, t.Block)
	}
	if !(t.Active > 0 && t.Active < 1) {
		return fmt.Errorf("reversal: active %g, want a probability above 0 and below 1, else the images are alike", t.Active)
	}
	return nil
}

// Build draws the images.
func (t *Reversal) Build(s *nets.Store) (nets.Spec, error) {
	for i, name := range []string{"first image", "second image"} {
		t.images[i] = s.Kept(name, nets.Drawn(compute.Bernoulli(t.Active, 1)), t.Inputs)
	}
	t.runs, t.fell = s.State("runs", nets.Zeros, 2), s.State("fell", nets.Zeros, 2)
	t.image = nets.At(s.Scratch(1, 1), 0)
	t.channel, t.sides = s.Fixed([]float32{0, 1}, 2), s.Fixed([]float32{-1, 1}, 2)
	return nets.Spec{In: nets.Row(t.Inputs), Out: 2, Examples: 1, Trial: 1, Rewards: true}, nil
}

var (
	either  = compute.Formula("where(second, b, a)", "a", "b", "second")
	chooses = compute.Formula("1 - abs(abs(where(d, 1, where(-d, 0, coin)) - image) - reversed)", "d", "coin", "image")
	praise  = compute.Formula("2*correct - 1", "correct")

	ofImage  = compute.Formula("where(0.5 - abs(channel - image), x, 0)", "x", "channel", "image")
	fallen   = compute.Formula("where(0.5 - abs(channel - image), where(correct, 0, runs), old)", "channel", "image", "correct", "runs")
	inARow   = compute.Formula("where(0.5 - abs(channel - image), where(correct, old + 1, 0), old)", "channel", "image", "correct")
	isWithin = compute.Formula("where(n + 0.5 - least, where(most + 0.5 - n, 1, 0), 0)", "n")
)

// after are the right choices in a row before an error that have a metric.
var after = []struct {
	name        string
	least, most float32
}{{"after 1", 1, 1}, {"after 2-3", 2, 3}, {"after 4+", 4, math.MaxFloat32}}

// Show returns one of the images.
func (t *Reversal) Show(p *nets.Pass) nets.Moment {
	p.Random(t.image, compute.Bernoulli(0.5, 1))
	return nets.Moment{X: p.Map(either, t.images[0], t.images[1], t.image), First: true, Last: true}
}

// Judge rewards the choice, and counts how good it is.
func (t *Reversal) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	if y == nil || y.Len() != 2*p.Learners {
		p.Fail(fmt.Errorf("reversal: the system answers %v, want two numbers of each learner", y))
		return
	}
	coin := p.Like(t.image)
	p.Random(coin, compute.Bernoulli(0.5, 1))
	block, trial := int(p.Number)/t.Block, int(p.Number)%t.Block
	correct := p.Map(chooses.With("reversed", float32(block%2)), p.PerExample(product, y, t.sides), coin, t.image)
	p.Reward(p.Map(praise, correct))
	p.Count("correct", correct, 1)
	if block > 0 && trial < reversedTrials {
		p.Count("correct, reversed", correct, 1)
	}
	if trial >= t.Block-learnedTrials {
		p.Count("correct, learned", correct, 1)
	}
	before := p.PerExample(nil, p.Map(ofImage, t.fell, t.channel, t.image))
	for _, a := range after {
		m.Mask = p.Map(isWithin.With("least", a.least).With("most", a.most), before)
		p.CountOf(m, a.name, p.Map(product, correct, m.Mask))
	}
	p.Into(t.fell, fallen, t.channel, t.image, correct, t.runs)
	p.Into(t.runs, inARow, t.channel, t.image, correct)
}
