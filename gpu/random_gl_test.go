//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"errors"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
)

// TestFarRandom: numbers far down a sequence, in a later piece of a tensor too large for one, come from their own
// blocks, also where the number of a block needs both words.
func TestFarRandom(t *testing.T) {
	b := opened(t)
	dev := compute.New(b)
	defer dev.Close()
	const n = 16
	x := tensorsOn(t, dev)(n)
	d := planOf(t, &b.planner, compute.Random{Out: x, Law: compute.Uniform(0, 1), Seed: 1<<40 + 5, Stream: 1<<50 + 6}).dispatches[0]
	d.args.Col0, d.args.Row0 = -2, 7 // blocks 7·2³² + 2³² − 2 and so on
	p, err := b.program(d.kernel)
	if err != nil {
		t.Fatal(err)
	}
	scratch := b.scratch
	b.send(func() { b.dispatch(p, &d, &scratch) })
	got := make([]float32, n)
	if err := x.Buffer().Read(x.Offset(), got); err != nil {
		t.Fatal(err)
	}
	for i := range got {
		block := uint64(7)<<32 + 1<<32 - 2 + uint64(i/4)
		want := philox([4]uint32{uint32(block), uint32(block >> 32), 6, 1 << 18}, [2]uint32{5, 1 << 8})[i%4]
		if got[i] != float32(want>>8)/(1<<24) {
			t.Errorf("number %d is %g, want that of word %#x", i, got[i], want)
		}
	}
}

// TestRandomParts: each part of a Random equals, to the bit, a separate Random.
func TestRandomParts(t *testing.T) {
	opened(t).Close()
	for _, rung := range []string{"", "naive"} {
		b, err := open(quick(rung))
		if err != nil {
			t.Fatal(err)
		}
		dev := compute.New(b)
		if err := errors.Join(computetest.Parts(dev), dev.Close()); err != nil {
			t.Errorf("%q: %v", rung, err)
		}
	}
}

// philox is ten rounds of Philox 4×32: see compute.Random.
func philox(c [4]uint32, k [2]uint32) [4]uint32 {
	for range 10 {
		a, b := uint64(c[0])*0xD2511F53, uint64(c[2])*0xCD9E8D57
		c = [4]uint32{uint32(b>>32) ^ c[1] ^ k[0], uint32(b), uint32(a>>32) ^ c[3] ^ k[1], uint32(a)}
		k[0] += 0x9E3779B9
		k[1] += 0xBB67AE85
	}
	return c
}
