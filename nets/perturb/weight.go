// Package perturb has networks that learn by what a disturbance changes, and know nothing of how their loss comes about.
package perturb

import (
	"hebb/compute"
	"hebb/nets"
)

// Weight is weight perturbation (Jabri and Flower 1992, IEEE Trans. Neural Networks 3; Cauwenberghs 1993, NIPS 5): a
// network answers twice, the second time with noise on all its weights at once, and moves along the noise by the
// decrease of the loss.
//
//	y(w) = W_k·tanh(W_{k−1}· … tanh(W_1·x)),   the answer
//	ξ normal with mean 0 and variance 1, one for each weight
//	w ← w − η·(E(w + σ·ξ) − E(w))/σ·ξ
//
// E is the mean loss over the examples of a moment, η the rate of the run, and σ is Sigma. As σ → 0 the expected step
// is gradient descent's, −η·∂E/∂w, and its variance grows with the number of weights: with K weights the step along the
// gradient is one part in K + 1 of its mean square.
//
// With Trials, E is the mean loss over the examples and the moments of a trial; moments that want nothing count as 0.
// The weights have the same noise throughout a trial, and change when it ends.
//
// With Recurrent each hidden layer has leaky rate units, which are 0 when a trial begins; it implies Trials:
//
//	h ← (1−1/τ)·h + 1/τ·tanh(W·x + R·h),   τ is Tau
//
// In float32 the slope along the noise, (E(w + σ·ξ) − E(w))/σ, has an error of about 2⁻²⁴·E/σ, so that σ should not be
// below 10⁻³ or so. With Exact it is found from the movement p of the outputs, and any σ will do. It needs the squared
// error: then E(w + σ·ξ) − E(w) is the mean of Σ (2·(y − y*) + p)·p. p goes through the network as a difference:
// tanh(u + d) − tanh(u) = tanh(d)·(1 − tanh²(u))/(1 + tanh(u)·tanh(d)).
//
// With Rewarded nothing is wanted, and the task rewards the last moment of each trial, or several moments. It does not
// say which answer was right, but how good they were: R, the sum over the moments of the mean over examples. Trials
// come in pairs with the same inputs: one is answered without noise, the next with it, and the weights move by the
// difference between the two rewards,
//
//	w ← w + η·(R(w + σ·ξ) − R(w))/σ·ξ
//
// The metric "reward" is R without noise. Rewarded implies Trials, and σ has to be 10⁻³ or more.
//
// There are no biases: a task that needs them shows a 1. First values are normal with variance 1/inputs of a layer, and
// Gain²/units for R. Cost: two forward passes, three with Exact, and a number drawn for each weight.
//
// [ActiveWeight], [Node] and [Hybrid] have the same networks and settings, and another noise or another direction.
type Weight struct {
	Hidden []int   `json:"hidden" toml:"hidden"` // units of the layers below the outputs
	Sigma  float32 `json:"sigma" toml:"sigma"`   // σ

	Exact     bool    `json:"exact" toml:"exact"`                             // the slope along the noise is found from how far the outputs move
	Trials    bool    `json:"trials" toml:"trials" if:"!recurrent&!rewarded"` // one update a trial, from its mean loss; else one a moment
	Recurrent bool    `json:"recurrent" toml:"recurrent"`                     // the hidden layers are recurrent
	Rewarded  bool    `json:"rewarded" toml:"rewarded"`                       // learns from rewards of the task
	Tau       float32 `json:"tau" toml:"tau" if:"recurrent"`                  // τ of recurrent layers, in moments
	Gain      float32 `json:"gain" toml:"gain" if:"recurrent"`                // of the first recurrent weights

	Loss nets.Loss `json:"-" toml:"-"` // nil is the task's, see [nets.DefaultLoss]

	net *network
}

// Systems are the systems of this package that text can name.
var Systems = []nets.NamedSystem{
	{Name: "wp", About: "weight perturbation (Jabri and Flower 1992)", System: func() nets.System { w := settings(); return &w }, Rate: 0.03, Rates: onWeights},
	{Name: "wp0", About: "weight perturbation, of weights from active inputs alone (Züge, Klos, Memmesheimer 2023)", System: func() nets.System { w := ActiveWeight(settings()); return &w }, Rate: 0.03, Rates: onWeights},
	{Name: "np", About: "node perturbation (Williams 1992; Werfel, Xie, Seung 2005)", System: func() nets.System { w := Node(settings()); return &w }, Rate: 0.01, Rates: map[string]float64{"subtasks": 5e-4}},
	{Name: "hp", About: "noise on weights, learned as if it were on nodes (Züge, Klos, Memmesheimer 2023)", System: func() nets.System { w := Hybrid(settings()); return &w }, Rate: 0.003, Rates: map[string]float64{"subtasks": 5e-5, "walk": 1e-4}},
}

// onWeights are rates for noise on weights. Tasks with strong inputs need a low one, and so do tasks that want
// something of few moments, or something impossible without memory: at a high rate, the weights walk away along noise
// that changes little.
var onWeights = map[string]float64{"subtasks": 5e-4, "strung": 5e-4, "addition": 0.003, "copy": 0.003, "sines": 0.003}

func settings() Weight { return Weight{Hidden: []int{16}, Sigma: 1e-3, Tau: 10, Gain: 1.5} }

// Check reports a setting that cannot be.
func (r *Weight) Check() error { return r.check("wp") }

// Build asks for the weights of each layer, called "1", "2" and so on, and "1.recurrent" of recurrent ones.
func (r *Weight) Build(s *nets.Store, spec nets.Spec) (err error) {
	r.net, err = build(r, alongNoise{}, s, spec)
	return err
}

// Step answers a moment and, from a second answer with noise on the weights, learns.
func (r *Weight) Step(p *nets.Pass, m nets.Moment) *compute.Tensor { return r.net.step(p, m) }

// Divided reports trials. Each part of a moment has noise of its own, and E is the mean loss over its examples: the step is the mean
// of as many estimates of the gradient as there are parts, of less variance.
func (r *Weight) Divided() error { return r.net.divided() }

// Reward learns from a reward of the task, see [Weight].
func (r *Weight) Reward(p *nets.Pass, reward *compute.Tensor) { r.net.reward(p, reward) }

// alongNoise is the rule of [Weight].
type alongNoise struct{}

func (alongNoise) name() string                                                    { return "wp" }
func (alongNoise) onNodes() bool                                                   { return false }
func (alongNoise) trace(_, _ int) []int                                            { return nil }
func (alongNoise) add(*nets.Pass, *layer, []*compute.Tensor, *compute.Tensor, int) {}

func (alongNoise) along(_ *nets.Pass, l *layer, i int) *compute.Tensor { return l.xi[i] }
