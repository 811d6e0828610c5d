// Package targets has rules that give each layer a target of its own to reach, where backprop sends a delta down: codes found
// by alternating minimisation, targets by inverses or by feedback, gradients foretold by synthesisers.
package targets

import "hebb/nets/stack"

// Rules lists the rules of this package by name, with their default settings.
var Rules = []stack.NamedRule{
	{Name: "altmin", About: "online alternating minimisation of codes and weights (Choromanska et al. 2019)", Rule: DefaultAltMin},
}
