//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"errors"
	"os"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/compute/computetest"
	"hebb/internal/must"
)

// given counts the drafts that the driver has.
func (b *backend) given() (n int) {
	for _, d := range b.drafts {
		if d.given {
			n++
		}
	}
	return n
}

// TestRehearse: rehearsed programs are compiled by the time they are needed, and only once; they give the same bits,
// and a shader that does not compile is an error of Run, not before.
func TestRehearse(t *testing.T) {
	opened(t).Close()
	cases := must.Get(computetest.CasesOf(compute.Reduce{}, computetest.Quick))(t)
	cases = cases[:12]
	b := must.Get(open(quick("")))(t)
	b.early = true
	var asked []string
	source := b.source
	b.source = func(file string, defines ...string) (string, error) {
		asked = append(asked, file+" "+strings.Join(defines, " "))
		return source(file, defines...)
	}
	dev := compute.New(compute.Verify(b, 0))
	for _, c := range cases {
		must.Do(t, c.Rehearse(dev))
	}
	drafts := b.given()
	if drafts < 3 || len(b.programs) != 0 {
		t.Errorf("%d drafts and %d programs after a rehearsal", drafts, len(b.programs))
	}
	if len(asked) != drafts {
		t.Errorf("%d sources for %d drafts", len(asked), drafts)
	}
	for _, c := range cases {
		if _, err := c.Check(0, dev); err != nil {
			t.Fatal(err)
		}
	}
	if len(b.programs) != drafts || len(b.drafts) != 0 || len(asked) != drafts {
		t.Errorf("%d programs, %d drafts left and %d sources, of %d drafts", len(b.programs), len(b.drafts), len(asked), drafts)
	}

	b.programs, b.memo = map[kernel]uint32{}, memo{}
	b.source = func(file string, defines ...string) (string, error) {
		text, err := source(file, defines...)
		return text + "\nno such thing\n", err
	}
	if err := cases[0].Rehearse(dev); err != nil {
		t.Error(err)
	}
	if _, err := cases[0].Check(0, dev); err == nil || !strings.Contains(err.Error(), "gpu: shader ") {
		t.Errorf("a shader that does not compile: %v", err)
	}
	b.source = source
	if _, err := cases[0].Check(0, dev); err != nil {
		t.Errorf("after it: %v", err)
	}
	if err := dev.Close(); err != nil {
		t.Error(err)
	}
}

// TestRehearseKept: programs on disk are not compiled.
func TestRehearseKept(t *testing.T) {
	opened(t).Close()
	cases := must.Get(computetest.CasesOf(compute.FMA{}, computetest.Quick))(t)
	o := quick("")
	o.CacheDir = t.TempDir()
	for _, start := range []string{"first", "second"} {
		kept, err := os.ReadDir(o.CacheDir)
		if err != nil {
			t.Fatal(err)
		}
		b, err := open(o)
		if err != nil {
			t.Fatal(err)
		}
		b.early = true
		dev := compute.New(b)
		err = cases[0].Rehearse(dev)
		drafts := b.given()
		_, ran := cases[0].Check(0, dev)
		must.Do(t, errors.Join(err, ran, dev.Close()))
		if drafts+len(kept) != 1 {
			t.Errorf("%s start: %d drafts with %d programs on disk, want one in all", start, drafts, len(kept))
		}
	}
}
