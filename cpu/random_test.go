package cpu

import (
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
)

// TestRandomParts: each part of a Random equals, to the bit, a separate Random.
func TestRandomParts(t *testing.T) {
	b, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	dev := compute.New(b)
	defer dev.Close()
	if err := computetest.Parts(dev); err != nil {
		t.Error(err)
	}
}
