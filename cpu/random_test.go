package cpu

import (
	"math"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
)

// TestPhilox compares the generator with the known answers of Random123 (Salmon et al. 2011, kat_vectors): the high word of
// a block's number is 0 in all tensors of less than 64 GiB.
func TestPhilox(t *testing.T) {
	const f = math.MaxUint64
	for _, test := range []struct {
		n, stream, seed uint64
		want            [4]uint32
	}{
		{0, 0, 0, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{f, f, f, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{0x85a308d3_243f6a88, 0x03707344_13198a2e, 0x299f31d0_a4093822, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(test.n, test.stream, test.seed); got != test.want {
			t.Errorf("philox(%x, %x, %x) is %x, want %x", test.n, test.stream, test.seed, got, test.want)
		}
	}
}

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
