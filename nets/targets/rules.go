// Package targets has rules that give each layer a target of its own, where backprop sends a delta down: codes found by
// alternating minimisation, targets by inverses or by feedback, gradients predicted by synthesisers.
package targets

import (
	"hebb/nets"
	"hebb/nets/stack"
)

// Rules lists the rules of this package by name, with their default settings.
var Rules = []stack.NamedRule{
	{Name: "altmin", About: "online alternating minimisation of codes and weights (Choromanska et al. 2019)", Rule: DefaultAltMin},
	{Name: "ridge", About: "the output layer alone, by ridge regression in closed form; the other layers stay as they are", Rule: DefaultRidge},
	{Name: "dtp", About: "difference target propagation: targets through learned inverses", Rule: DefaultDTP},
	{Name: "dni", About: "synthetic gradients, predicted from a layer's output alone", Rule: DefaultDNI},
	{Name: "cdni", About: "synthetic gradients, predicted from a layer's output and the label", Rule: DefaultCDNI},
	{Name: "lra-e", About: "local representation alignment: targets by errors through E, which takes the gradient of W", Rule: DefaultLRAE},
	{Name: "lra-diff", About: "local representation alignment: targets by gradient descent of the error above", Rule: DefaultLRA},
	{Name: "lra-fdbk", About: "local representation alignment: targets by the error above through fixed feedback", Rule: DefaultLRAFeedback},
}

// Systems lists the systems of this package by name.
var Systems = []nets.NamedSystem{
	{Name: "recirculation", About: "an autoencoder that learns from what comes back (Hinton and McClelland 1988)", System: func() nets.System {
		return &Recirculation{Units: 3, Keep: 0.75, Gain: 0.5}
	}, Rate: 4},
}
