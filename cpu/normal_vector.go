//go:build amd64 || arm64

package cpu

import "math"

// The routines of normal_amd64.s and of normal_arm64.s, for sets of 4 blocks of the generator.
//
//go:noescape
func normalsKernel(dst *float32, block, stream, seed uint64, sets int, table *[4]uint64, mean, sd float64)

//go:noescape
func betaPartsKernel(u, squares *float32, block, stream, seed uint64, sets int, table *[4]uint64)

//go:noescape
func philoxKernel(words *uint32, block, stream, seed uint64, sets int, table *[4]uint64)

// normalTable has the constants of these, each four times or eight.
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
	halves := func(xs ...uint32) {
		for _, x := range xs {
			words(uint64(x)<<32 | uint64(x))
		}
	}
	singles := func(xs ...float32) {
		for _, x := range xs {
			halves(math.Float32bits(x))
		}
	}
	halves(1)
	singles(0x1p-24)
	halves(1 << 21)
	singles(0x1p-22)
	singles(sines[:]...)
	singles(cosines[:]...)
	all = append(all, [4]uint64{0, 1, 2, 3}, [4]uint64{4, 5, 6, 7})
	return all
}()

// normalsVector fills dst with whole sets of 32 or 16 normal numbers, from a block on, and returns how many numbers.
func normalsVector(dst []float32, block, stream, seed uint64, mean, sd float64) int {
	done := normalsWide(dst, block, stream, seed, mean, sd)
	if sets := (len(dst) - done) / 16; vector > scalar && sets > 0 {
		normalsKernel(&dst[done], block+uint64(done/4), stream, seed, sets, &normalTable[0], mean, sd)
		done += 16 * sets
	}
	return done
}

// betaPartsVector fills u and squares with whole sets of 16 or 8, from a block on, and returns how many of each.
func betaPartsVector(u, squares []float32, block, stream, seed uint64) int {
	done := betaPartsWide(u, squares, block, stream, seed)
	if sets := (len(u) - done) / 8; vector > scalar && sets > 0 {
		betaPartsKernel(&u[done], &squares[done], block+uint64(done/2), stream, seed, sets, &normalTable[0])
		done += 8 * sets
	}
	return done
}

// wordsVector fills words with those of whole sets of 4 blocks, from a block on, and returns how many words.
func wordsVector(words []uint32, block, stream, seed uint64) int {
	sets := len(words) / 16
	if vector == scalar || sets == 0 {
		return 0
	}
	philoxKernel(&words[0], block, stream, seed, sets, &normalTable[0])
	return 16 * sets
}
