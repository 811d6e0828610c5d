// Package bench verifies and times ops and training steps on backends: batched products, Hebbian updates, Gram
// matrices, passes over kernel matrices, the convolutions of residual networks, pointwise formulas and sums, and whole
// training steps.
//
// A [Case] is one op at one size, or the [Training] of one network. [Run] takes the cases one by one. It fills a case's
// inputs from a seed, runs the case on every device, compares a sample of its results with their definition (see
// [compute.Define]) and only then times it; a case with a wrong result is reported as failed and never timed. Times are
// medians with their interquartile range. Samples of all devices and of the peer alternate, so that the ratio of two
// comes from one stretch of time. Kind, sizes, cost and inputs of a case, and the request to a peer, are read off its op
// (describe.go).
//
// Each device is drawn under its own roof (Williams, Waterman and Patterson, "Roofline", CACM
// 52(4), 2009): the arithmetic and the bandwidth that hebb itself reaches on it, measured at the
// start of each run. [compute.Peak.Shortest] has the formula, for every place that shows a share of the roof.
//
// In a Training every op of the first step is verified as it runs, and steps that allocate on the device after the first
// ones have failed.
//
// The package imports no backend: its caller opens them, and it wraps them to verify and to count.
package bench
