// Package spiking has networks of cells that spike, and rules that learn from when they do. A file is a kind of cell, a way
// that synapses change, or a system.
package spiking

import "hebb/nets"

// Systems are the systems of this package that text can name.
var Systems = []nets.NamedSystem{
	{Name: "eprop", About: "e-prop of LIF and adaptive cells, or BPTT through the same (Bellec et al. 2020)", Rate: 0.005,
		System: func() nets.System { return newEProp() }},
	{Name: "triplet", About: "nonlinear Hebb by the triplet rule of spikes (after Brito and Gerstner 2016)", Rate: 0.2,
		System: func() nets.System { r := DefaultTriplet; return &r }},
	{Name: "reward-eprop", About: "e-prop of an actor and a critic that learn from a reward at the end of a trial (Bellec et al. 2020)", Rate: 0.005,
		System: func() nets.System { return newRewardEProp() }},
	{Name: "dendrites", About: "feedback to segregated dendrites, plateau potentials in two phases; of rates or spikes (Guerguiev, Lillicrap, Richards 2017)", Rate: 0.21, System: func() nets.System {
		return NewDendrites(100)
	}},
	{Name: "scaling", About: "synaptic scaling, by how active the presynaptic cell is too: a code in time (Buonomano 2005)", Rate: 0.02,
		System: func() nets.System { return NewScaling() }},
	{Name: "stdp", About: "assemblies of spiking cells that bind by spike-timing-dependent plasticity (Müller, Papadimitriou, Maass, Legenstein 2020)", Rate: 1, System: func() nets.System {
		a := DefaultAssemblies
		return &a
	}},
}
