package cpu

import (
	"testing"

	"hebb/compute/computetest"
	"hebb/internal/must"
)

// TestInverseOfPowersOfTwo: of blocks and their remainder.
func TestInverseOfPowersOfTwo(t *testing.T) {
	b := must.Get(Open())(t)
	computetest.InverseOfPowersOfTwo(t, b, 150)
}
