package stack

import (
	"fmt"
	"slices"
	"strings"
)

// Rules are the rules that [ParseRule] knows by name, each with what it is and its settings. The alignment rules
// take Share 1/16, which keeps their steps near backprop's.
var Rules = []struct {
	Name, About string
	Rule        Rule
}{
	{"bp", "backprop: delta·W", Backprop{}},
	{"fa", "feedback alignment: delta·B, B random and fixed", FeedbackAlignment{}},
	{"dfa", "direct feedback alignment: error·D, D random and fixed", DirectFeedback{}},
	{"usf", "sign symmetry: the signs of W, all of one magnitude", SignSymmetry{}},
	{"frsf", "sign symmetry: the signs of W, magnitudes random and fixed", SignSymmetry{Fixed: true}},
	{"kp", "Kolen–Pollack: B takes the gradient of W; wants weight decay", KolenPollack{}},
	{"wm", "weight mirror: B learns W from noise", DefaultMirror},
	{"sa", "symmetric alignment: decay and self", Alignment{Rate: 0.3, Decay: 0.5, Self: 1}},
	{"aa", "activation alignment: sparse and amp, of white noise", Alignment{Rate: 0.1, Sparse: 0.5, Amp: 1, Noise: 1, Share: 0.0625, Places: true}},
	{"ia", "information alignment: amp, null and decay, of white noise", Alignment{Rate: 0.1, Amp: 1, Null: 0.1, Decay: 0.02, Noise: 1, Share: 0.0625, Places: true}},
	{"last", "the output layer alone; blocks stay as they are", LastLayer{}},
	{"phsic", "local: three-factor Hebbian rule from a kernel of each block's output", DefaultPHSIC},
	{"hsic", "local: the HSIC bottleneck, from the input and the labels alone", DefaultHSIC},
	{"pred", "local: a softmax of each block's own", LocalError{Decoder: 4096, Targets: 128}},
	{"sim", "local: each block's similarities are to be those of the labels", LocalError{Beta: 1, Decoder: 4096, Targets: 128}},
	{"predsim", "local: both", PredSim},
}

// ParseRule returns the rule of a name, as [Rules] sets it.
func ParseRule(name string) (Rule, error) {
	i := slices.IndexFunc(Rules, func(r struct {
		Name, About string
		Rule        Rule
	}) bool {
		return r.Name == name
	})
	if i < 0 {
		names := make([]string, len(Rules))
		for i, r := range Rules {
			names[i] = r.Name
		}
		return nil, fmt.Errorf("rule %q, want one of %s", name, strings.Join(names, ", "))
	}
	return Rules[i].Rule, nil
}
