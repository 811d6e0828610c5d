// Package bench measures backends on what they are for: batched products, Hebbian updates, Gram
// matrices, the convolutions of residual networks, pointwise formulas and sums, and whole training steps.
//
// A [Case] is one op at one size, in words and numbers that another program can follow too, or the
// [Training] of one network. [Run] takes the cases one by one. It fills a case's inputs from a seed, runs the case on every
// device, compares a sample of its results with their definition (see [compute.Define]) and only
// then times it; a case that is wrong is reported as failed and never timed. Times are medians
// with their interquartile range; samples of the contenders alternate, so that the ratio of two
// comes from one stretch of time.
//
// Each device is drawn under its own roof (Williams, Waterman and Patterson, "Roofline", CACM
// 52(4), 2009): the arithmetic and the bandwidth that hebb itself reaches on it, measured at the
// start of each run.
//
// Of a Training every op of the first step is verified as it runs, and steps that ask for memory
// once they are warm have failed.
//
// The package imports no backend: it is given some, which it wraps to verify and to count.
package bench
