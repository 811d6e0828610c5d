// Package stack trains networks by exchangeable rules of credit assignment. It is given a [compute.Device] and
// knows no backend.
//
// A network is described by a [Spec] — [Stack], [Residual] and layers, plain data, or a name that [Parse]
// knows — and made on a device by [New]. A [Trainer] changes it batch by batch. What distinguishes backprop from
// feedback alignment, weight mirror or activation alignment is a [Rule] of four methods: what the feedback
// weights are, what a layer sends down, and how feedback weights learn. Everything of a step, the optimiser
// included, runs on the device.
package stack
