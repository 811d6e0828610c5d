package cpu

// betaPartsAVX512 is betaPartsKernel for sets of 8 blocks.
//
//go:noescape
func betaPartsAVX512(u, squares *float32, block, stream, seed uint64, sets int, table *[4]uint64)

// normalsAVX512 is normalsKernel for sets of 8 blocks.
//
//go:noescape
func normalsAVX512(dst *float32, block, stream, seed uint64, sets int, table *[4]uint64, mean, sd float64)

// normalsWide is normalsVector by vectors that are wider than normalsKernel's.
func normalsWide(dst []float32, block, stream, seed uint64, mean, sd float64) int {
	sets := len(dst) / 32
	if vector < avx512 || sets == 0 {
		return 0
	}
	normalsAVX512(&dst[0], block, stream, seed, sets, &normalTable[0], mean, sd)
	return 32 * sets
}

// betaPartsWide is betaPartsVector by vectors that are wider than betaPartsKernel's.
func betaPartsWide(u, squares []float32, block, stream, seed uint64) int {
	sets := len(u) / 16
	if vector < avx512 || sets == 0 {
		return 0
	}
	betaPartsAVX512(&u[0], &squares[0], block, stream, seed, sets, &normalTable[0])
	return 16 * sets
}
