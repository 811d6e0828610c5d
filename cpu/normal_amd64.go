package cpu

import "math"

// normalsAVX2 is in normal_amd64.s.
//
//go:noescape
func normalsAVX2(dst *float32, block, stream, seed uint64, sets int, table *[4]uint64, mean, sd float64)

// betaPartsAVX2 is in normal_amd64.s.
//
//go:noescape
func betaPartsAVX2(logs, squares *float32, block, stream, seed uint64, sets int, table *[4]uint64)

// normalTable has the constants of normalsAVX2 and betaPartsAVX2, each four times.
var normalTable = func() (all [][4]uint64) {
	words := func(xs ...uint64) {
		for _, x := range xs {
			all = append(all, [4]uint64{x, x, x, x})
		}
	}
	numbers := func(xs ...float64) {
		for _, x := range xs {
			words(math.Float64bits(x))
		}
	}
	all = append(all, [4]uint64{0, 1, 2, 3})
	words(0xD2511F53, 0xCD9E8D57, 0x9E3779B9, 0xBB67AE85, 1)
	numbers(1<<52, 1<<52) // a whole number with these bits before it, less this, is a float64
	words(oneBits-sqrtHalfBits, mantissa, sqrtHalfBits)
	numbers(1<<52+1023+24, 1, 2, 0.5, -2, ln2High, ln2Low)
	words(1<<21, math.Float64bits(3<<51)) // the same for numbers of either sign
	numbers(3<<51, step24)
	words(1 << 63)
	numbers(logSeries[:]...)
	numbers(sinSeries[:]...)
	numbers(cosSeries[:]...)
	return all
}()

// normalsVector fills dst with whole sets of 16 normal numbers, from a block on, and returns how many numbers.
func normalsVector(dst []float32, block, stream, seed uint64, mean, sd float64) int {
	sets := len(dst) / 16
	if vector < avx2 || sets == 0 {
		return 0
	}
	normalsAVX2(&dst[0], block, stream, seed, sets, &normalTable[0], mean, sd)
	return 16 * sets
}

// betaPartsVector fills logs and squares with whole sets of 8, from a block on, and returns how many of each.
func betaPartsVector(logs, squares []float32, block, stream, seed uint64) int {
	sets := len(logs) / 8
	if vector < avx2 || sets == 0 {
		return 0
	}
	betaPartsAVX2(&logs[0], &squares[0], block, stream, seed, sets, &normalTable[0])
	return 8 * sets
}
