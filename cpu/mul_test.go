package cpu

import "testing"

func smallChunks(t *testing.T) {
	set(t, &chunk, struct{ rows, cols, k int }{3, 4, 5})
	set(t, &runLength, 5)
}
