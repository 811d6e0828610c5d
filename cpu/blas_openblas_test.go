//go:build openblas && cgo

package cpu

import "testing"

// smallChunks has nothing to do: OpenBLAS takes a tile as a whole.
func smallChunks(*testing.T) {}
