// Package credit has rules of credit assignment by a backward pass: backprop, and rules that send deltas down through
// feedback weights of their own.
package credit

import (
	"hebb/nets/stack"
)

// Backprop is [stack.Backprop].
type Backprop = stack.Backprop

// Rules lists the rules of this package by name, with their default settings. The alignment rules estimate by a Share of 1/16
// of the batch, which keeps their steps nearly as fast as backprop's.
var Rules = []stack.NamedRule{
	{Name: "bp", About: "backprop: delta·W", Rule: Backprop{}},
	{Name: "fa", About: "feedback alignment: delta·B, B random and fixed", Rule: FeedbackAlignment{}},
	{Name: "dfa", About: "direct feedback alignment: error·D, D random and fixed", Rule: DirectFeedback{}},
	{Name: "usf", About: "sign symmetry: the signs of W, all of one magnitude", Rule: SignSymmetry{}},
	{Name: "frsf", About: "sign symmetry: the signs of W, magnitudes random and fixed", Rule: SignSymmetry{Random: true}},
	{Name: "pbp", About: "pseudo-backprop: by the Moore–Penrose inverse of W", Rule: PseudoBackprop{Ridge: 1e-3}},
	{Name: "kp", About: "Kolen–Pollack: B takes the gradient of W; wants weight decay", Rule: KolenPollack{}},
	{Name: "wm", About: "weight mirror: B learns W from noise", Rule: DefaultMirror},
	{Name: "sa", About: "symmetric alignment: decay and self", Rule: Alignment{Rate: 0.3, Decay: 0.5, Self: 1}},
	{Name: "aa", About: "activation alignment: sparse and amp, of white noise", Rule: Alignment{Rate: 0.1, Sparse: 0.5, Amp: 1, Noise: 1, Share: 0.0625, Places: true}},
	{Name: "ia", About: "information alignment: amp, null and decay, of white noise", Rule: Alignment{Rate: 0.1, Amp: 1, Null: 0.1, Decay: 0.02, Noise: 1, Share: 0.0625, Places: true}},
}
