//go:build !amd64 && !arm64

package cpu

func normalsVector(dst []float32, block, stream, seed uint64, mean, sd float64) int { return 0 }

func betaPartsVector(u, squares []float32, block, stream, seed uint64) int { return 0 }

func wordsVector(words []uint32, block, stream, seed uint64) int { return 0 }
