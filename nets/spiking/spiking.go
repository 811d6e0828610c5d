// Package spiking has networks of cells that spike, and rules that learn from when they do. A file is a kind of cell, a way
// that synapses change, or a system.
package spiking

import "hebb/nets"

// Systems are the systems of this package that text can name.
var Systems = []nets.NamedSystem{
	{Name: "eprop", About: "e-prop of LIF and adaptive cells, or BPTT through the same (Bellec et al. 2020)", Rate: 0.005,
		System: func() nets.System { return newEProp() }},
	{Name: "reward-eprop", About: "e-prop of an actor and a critic that learn from a reward at the end of a trial (Bellec et al. 2020)", Rate: 0.005,
		System: func() nets.System { return newRewardEProp() }},
}
