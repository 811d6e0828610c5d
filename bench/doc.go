// Package bench measures backends on the three things they are for: batched products, Hebbian
// updates and Gram matrices.
//
// A [Case] is one op at one size, in words and numbers that another program can follow too.
// [Run] takes the cases one by one. It fills a case's inputs from a seed, runs the case on every
// device, compares a sample of its results with their definition (see [compute.Define]) and only
// then times it; a case that is wrong is reported as failed and never timed. Times are medians
// with their interquartile range; samples of the contenders alternate, so that the ratio of two
// comes from one stretch of time.
//
// Each device is drawn under its own roof (Williams, Waterman and Patterson, "Roofline", CACM
// 52(4), 2009): the arithmetic and the bandwidth that hebb itself reaches on it, measured at the
// start of each run.
//
// The package imports no backend: it is given devices.
package bench
