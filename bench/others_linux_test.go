package bench

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hebb/internal/must"
)

// TestOthers: the time of other programs is all but idle and waiting, less this program's and the peer's.
func TestOthers(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		must.Do(t, os.MkdirAll(filepath.Dir(path), 0o777))
		must.Do(t, os.WriteFile(path, []byte(text), 0o666))
	}
	write("stat", "cpu  1000000 200000 30000 9999999 888888 4000 500 60 0 0\ncpu0 1 2 3\n")
	write("77/stat", "77 (python (3) x) S 1 2 3 4 5 6 7 8 9 10 5000 700 1 2\n")
	alone, ok := othersOf(dir, 0)
	beside, also := othersOf(dir, 77)
	want := 1234560 * tick
	if !ok || !also || alone > want || want-alone > time.Hour || alone-beside < 5700*tick-time.Second || alone-beside > 5700*tick+time.Second {
		t.Errorf("%v of others, %v beside a peer, want %v less this program's own, and %v less", alone, beside, want, 5700*tick)
	}
	write("stat", "cpu 1 2 x 4 5 6 7 8\n")
	for _, bad := range []string{dir, t.TempDir()} {
		if _, ok := othersOf(bad, 0); ok {
			t.Error("times were read where there are none")
		}
	}
}

// TestClock: the clock is the mean of all processors, and unknown where none is told.
func TestClock(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]float64{
		"processor\t: 0\ncpu MHz\t\t: 2100.123\n\nprocessor\t: 1\ncpu MHz\t\t: 3400.5\n": 2750, "processor\t: 0\nBogoMIPS\t: 50.00\n": 0, "cpu MHz: fast\n": 0,
	} {
		must.Do(t, os.WriteFile(filepath.Join(dir, "cpuinfo"), []byte(text), 0o666))
		if got := clockOf(dir); got != want {
			t.Errorf("%q: %g MHz, want %g", text, got, want)
		}
	}
	if got := clockOf(t.TempDir()); got != 0 {
		t.Errorf("%g MHz of no file", got)
	}
	r := Report{Results: []Result{{Clock: 2100}, {}, {Clock: 3400}}}
	if got := r.circumstances(); got != "processors at 2100 to 3400 MHz" {
		t.Errorf("%q", got)
	}
}

// TestBusy: a program that runs beside is noticed, and what this one does itself is not.
func TestBusy(t *testing.T) {
	r := &runner{}
	spin := func() {
		for start := time.Now(); time.Since(start) < 300*time.Millisecond; {
		}
	}
	idle, a := others(0)
	spin()
	later, b := others(0)
	share := r.watch(func() []Result { spin(); return make([]Result, 1) })[0].Others
	if !a || !b || share == nil || *share < 0 || *share > 1 || later < idle-50*time.Millisecond {
		t.Errorf("others had %v of the machine, and %v more time", share, later-idle)
	}
	high, low := 0.3, 0.1
	report := &Report{Results: []Result{{Others: &high}, {}, {Others: &low}}}
	if b := report.Busy(); b < 0.19 || b > 0.21 || !strings.Contains(report.summary(), "other programs had 20 %") {
		t.Errorf("busy %g: %s", b, report.summary())
	}
	if s := (&Report{Results: []Result{{}}}).summary(); strings.Contains(s, "WARNING") {
		t.Error(s)
	}
}
