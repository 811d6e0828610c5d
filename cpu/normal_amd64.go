package cpu

// betaPartsAVX512 is betaPartsKernel for sets of 8 blocks.
//
//go:noescape
func betaPartsAVX512(u, squares *float32, block, stream, seed uint64, sets int, table *[4]uint64)

// betaPartsWide is betaPartsVector by vectors that are wider than betaPartsKernel's.
func betaPartsWide(u, squares []float32, block, stream, seed uint64) int {
	sets := len(u) / 16
	if vector < avx512 || sets == 0 {
		return 0
	}
	betaPartsAVX512(&u[0], &squares[0], block, stream, seed, sets, &normalTable[0])
	return 16 * sets
}
