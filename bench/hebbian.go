package bench

import (
	"fmt"
	"slices"

	"hebb/compute"
)

// An update is one Hebbian update of independent networks of units × inputs weights, by n pairs.
type update struct {
	networks, units, inputs, n int
	rule                       string // one of rules
	shared                     bool   // all networks see the same inputs
}

// The rate is small enough for thousands of updates by the same pairs to stay finite.
const (
	rate  = 1e-3
	decay = 1e-3
	bound = 1
)

// A rule is what sets one Hebbian update apart from another. With a mask, G is Y or, if own, a tensor of its own.
type rule struct {
	mask         compute.Mask
	own          bool
	decay, bound float32
}

// rules are the learning rules that are measured. "linsker" is Hebb with decay and hard bounds.
var rules = map[string]rule{
	"hebb":      {},
	"oja":       {mask: compute.Diagonal},
	"oja+decay": {mask: compute.Diagonal, decay: decay},
	"softhebb":  {mask: compute.Diagonal, own: true},
	"sanger":    {mask: compute.Lower},
	"subspace":  {mask: compute.Full},
	"linsker":   {decay: decay, bound: bound},
}

// ruleOf is the name of the rule of h.
func ruleOf(h compute.Hebbian) string {
	own := rule{h.Mask, h.G != nil && h.G != h.Y, h.Decay, h.Hi}
	for name, r := range rules {
		if r == own {
			return name
		}
	}
	return "custom"
}

func (u update) build(s *compute.Step) compute.Op {
	ofX, r := u.networks, rules[u.rule]
	if u.shared {
		ofX = 1
	}
	h := compute.Hebbian{
		W: s.Tensor(u.networks, u.units, u.inputs), Y: s.Tensor(u.networks, u.n, u.units), X: s.Tensor(ofX, u.n, u.inputs),
		Rate: rate, Mask: r.mask, Decay: r.decay,
	}
	if r.bound > 0 {
		h.Lo, h.Hi = -r.bound, r.bound
	}
	switch {
	case r.own:
		h.G = s.Tensor(u.networks, u.n, u.units)
	case r.mask != compute.None:
		h.G = h.Y
	}
	return h
}

// plain is the product at the heart of u: YᵀX, and nothing else.
func (u update) plain() product {
	return product{batch: u.networks, m: u.units, n: u.inputs, k: u.n, transA: true, shared: u.shared}
}

func updates() []Case {
	main, large := []string{"hebb", "oja"}, []string{"hebb", "oja", "oja+decay"}
	all := slices.Concat(large, []string{"softhebb", "sanger", "subspace", "linsker"})
	var cases []Case
	for _, s := range []struct {
		update
		rules []string
		quick bool
	}{
		{update{networks: 1, units: 64, inputs: 64, n: 16}, main, true},
		{update{networks: 1, units: 16, inputs: 784, n: 128}, all, true},
		{update{networks: 1, units: 256, inputs: 784, n: 64}, all, false},
		{update{networks: 1, units: 512, inputs: 512, n: 128}, main, true},
		{update{networks: 32, units: 32, inputs: 64, n: 32}, main, true},
		{update{networks: 256, units: 64, inputs: 64, n: 32}, all, false},
		{update{networks: 64, units: 128, inputs: 256, n: 64, shared: true}, main, false},
		{update{networks: 1, units: 1024, inputs: 1024, n: 128}, main, false},
		{update{networks: 1, units: 2048, inputs: 2048, n: 256}, all, false},
		{update{networks: 1, units: 4096, inputs: 4096, n: 256}, large, false},
	} {
		name := times(s.networks, fmt.Sprintf("%d×%d", s.units, s.inputs)) + fmt.Sprintf(" n=%d", s.n)
		if s.shared {
			name += " shared X"
		}
		cases = append(cases, Case{Name: "plain " + name, Quick: s.quick, Build: s.plain().build})
		for _, s.rule = range s.rules {
			cases = append(cases, Case{Name: s.rule + " " + name, Quick: s.quick, Build: s.update.build})
		}
	}
	return cases
}
