// Package local has local learning rules, which train each block of a network by an objective of its own, without deltas from
// block to block, and the HSIC loss, which is made of the same kernels.
package local

import (
	"hebb/nets"
	"hebb/nets/stack"
)

// Rules lists the rules of this package by name, with their default settings.
var Rules = []stack.NamedRule{
	{Name: "last", About: "the output layer alone; the other layers stay as they are", Rule: LastLayer{}},
	{Name: "phsic", About: "local: three-factor Hebbian rule from a kernel of each block's output", Rule: DefaultPHSIC},
	{Name: "hsic", About: "local: the HSIC bottleneck, from the input and the labels alone", Rule: DefaultHSIC},
	{Name: "pred", About: "local: a softmax classifier on each block", Rule: LocalError{Decoder: 4096, Targets: 128}},
	{Name: "sim", About: "local: the similarities of each block's outputs match those of the labels", Rule: LocalError{Beta: 1, Decoder: 4096, Targets: 128}},
	{Name: "predsim", About: "local: pred and sim", Rule: PredSim},
	{Name: "softhebb", About: "local: units compete for inputs, without labels, layer by layer; then the output layer (Journé et al. 2023)", Rule: DefaultSoftHebb},
}

// Losses lists the losses of this package by name, with their default settings.
var Losses = []nets.NamedLoss{
	{Name: "hsic", About: "dependence between the inputs and the residuals of a softmax or, with linear=true, of the outputs", Loss: DefaultHSICLoss},
}
