package cpu

import (
	"testing"

	"hebb/compute/computetest"
)

// TestInverseOfPowersOfTwo: of blocks and their remainder.
func TestInverseOfPowersOfTwo(t *testing.T) {
	b, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	computetest.InverseOfPowersOfTwo(t, b, 150)
}
