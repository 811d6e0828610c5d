//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"errors"
	"fmt"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
	"hebb/internal/must"
)

// TestFarRandom: numbers far down a sequence, in a later piece of a tensor too large for one, come from their own
// blocks, also where the number of a block needs both words, and a shader that leaves out the high one, or the carry into
// it, is caught.
func TestFarRandom(t *testing.T) {
	opened(t).Close()
	for _, rung := range []string{"", "naive"} {
		if err := farRandom(t, rung, mutant{}); err != nil {
			t.Errorf("%q: %v", rung, err)
		}
	}
	for _, m := range []mutant{{nil, "uint(row0) + (", "("}, {nil, "low < n ? 1u : 0u", "0u"}} {
		if err := farRandom(t, "", m); !errors.Is(err, compute.ErrWrong) {
			t.Errorf("%v: %v", m, err)
		}
	}
}

// farRandom runs the shader with a mutant from block 7·2³² + 2³² − 2 on, and compares its numbers.
func farRandom(t *testing.T, rung string, m mutant) error {
	b, err := open(quick(rung))
	if err != nil {
		return err
	}
	if m.old != "" {
		b.source = m.source
	}
	dev := compute.New(b)
	defer dev.Close()
	const n = 16
	x := tensorsOn(t, dev)(n)
	d := planOf(t, &b.planner, compute.Random{Out: x, Law: compute.Uniform(0, 1), Seed: 1<<40 + 5, Stream: 1<<50 + 6}).dispatches[0]
	d.args.Col0, d.args.Row0 = -2, 7
	p, err := b.program(d.kernel)
	if err != nil {
		return err
	}
	scratch := b.scratch
	b.send(func() { b.dispatch(p, &d, &scratch) })
	got := make([]float32, n)
	if err := x.Buffer().Read(x.Offset(), got); err != nil {
		return err
	}
	for i := range got {
		block := uint64(7)<<32 + 1<<32 - 2 + uint64(i/4)
		want := computetest.Philox([4]uint32{uint32(block), uint32(block >> 32), 6, 1 << 18}, 5, 1<<8)[i%4]
		if got[i] != float32(want>>8)/(1<<24) {
			return fmt.Errorf("number %d is %g, want that of word %#x: %w", i, got[i], want, compute.ErrWrong)
		}
	}
	return nil
}

// TestRandomParts: each part of a Random equals, to the bit, a separate Random.
func TestRandomParts(t *testing.T) {
	opened(t).Close()
	for _, rung := range []string{"", "naive"} {
		b := must.Get(open(quick(rung)))(t)
		dev := compute.New(b)
		if err := errors.Join(computetest.Parts(dev), dev.Close()); err != nil {
			t.Errorf("%q: %v", rung, err)
		}
	}
}
