//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// tunable returns a backend that keeps its findings in a folder of its own, with a device around it.
func tunable(t *testing.T) (b *backend, dev *compute.Device, dir string) {
	t.Helper()
	opened(t).Close()
	o := quick("")
	o.TuningDir = t.TempDir()
	b = must.Get(open(o))(t)
	dev = compute.New(b)
	t.Cleanup(func() { dev.Close() })
	return b, dev, o.TuningDir
}

// The way on trial, and then the learned way, run the next op, even one in the memo.
func TestTry(t *testing.T) {
	b, dev, _ := tunable(t)
	x, y := tensorsOn(t, dev)(64, 64), tensorsOn(t, dev)(64, 64)
	op := compute.Gemm{C: y, A: x, B: x, Epilogue: compute.Epilogue{Alpha: 1}}
	runs := func() string {
		t.Helper()
		must.Do(t, dev.Step(func(s *compute.Step) error { s.Do(op); return s.Err() }))
		return strings.Join(b.memo.look(op).dispatches[0].list(), " ")
	}
	ways, usual := b.Ways(op), runs()
	if len(ways) < 2 {
		t.Fatalf("%d ways, want some to choose from", len(ways))
	}
	must.Do(t, b.Try(op, ways[1]))
	tried := runs()
	if tried == usual {
		t.Errorf("%s runs as %s does: %s", ways[1], ways[0], usual)
	}
	must.Do(t, b.Try(op, ""))
	if after := runs(); after != usual || b.Learned(op) {
		t.Errorf("after the trial it runs as %s, want %s; learned: %v", after, usual, b.Learned(op))
	}
	must.Do(t, b.Learn(op, []compute.Attempt{{Way: ways[1], Seconds: 1}}))
	if learned := runs(); learned != tried || !b.Learned(op) {
		t.Errorf("it runs as %s, and what was learned is %s", learned, tried)
	}
}

// A convolution with leeway has Winograd's transforms among its ways, and a result for it does not serve a convolution
// without.
func TestTryTransforms(t *testing.T) {
	b, dev, _ := tunable(t)
	op, _ := layer3x3(tensorsOn(t, dev), 2, 8, 16, compute.Winograd)
	must.Do(t, dev.Step(func(s *compute.Step) error {
		for _, x := range []*compute.Tensor{op.X, op.W, op.Y} {
			s.Write(x, make([]float32, x.Len()))
		}
		return nil
	}))
	all, err := compute.Tune(context.Background(), b, op, compute.TuneOptions{Keep: true})
	fast := ""
	for _, a := range all {
		if a.Err != nil || a.Seconds <= 0 {
			t.Errorf("%+v", a)
		}
		if strings.HasPrefix(a.Way, "winograd ") {
			fast = a.Way
		}
	}
	if err != nil || fast == "" || !strings.HasPrefix(all[0].Way, "32x32") && !strings.HasPrefix(all[0].Way, "64x32") {
		t.Fatalf("%v, %v; want all tiles, those that are predicted to be best first, and transforms", all, err)
	}
	must.Do(t, b.Learn(op, []compute.Attempt{{Way: fast, Seconds: 1}}))
	plain := op
	plain.Leeway = 0
	if with, without := files(t, &b.planner, op), files(t, &b.planner, plain); with != "weights images gemm sums" || without != "gemm" {
		t.Errorf("%s with leeway and %s without", with, without)
	}
	if !b.Learned(op) || b.Learned(plain) || b.Ways(op)[0] != fast {
		t.Errorf("learned with leeway %v, without %v; the first way is %s, want %s", b.Learned(op), b.Learned(plain), b.Ways(op)[0], fast)
	}
	for _, way := range b.Ways(plain) {
		if strings.HasPrefix(way, "winograd ") {
			t.Errorf("without leeway there is the way %s", way)
		}
	}
}

// Two ways of one op, verified and timed, leave the journal with an end for each trial.
func TestTuneJournal(t *testing.T) {
	b, dev, dir := tunable(t)
	x, y := tensorsOn(t, dev)(32, 32), tensorsOn(t, dev)(32, 32)
	must.Do(t, errors.Join(x.Buffer().Write(0, make([]float32, 32*32)), y.Buffer().Write(0, make([]float32, 32*32))))
	op := compute.Gemm{C: y, A: x, B: x, Epilogue: compute.Epilogue{Alpha: 1}}
	all, err := compute.Tune(context.Background(), b, op, compute.TuneOptions{Most: 2, Keep: true})
	if err != nil || len(all) != 2 || b.Learned(op) {
		t.Errorf("%v, %v; learned: %v", all, err, b.Learned(op))
	}
	for _, a := range all {
		if a.Err != nil || a.Seconds <= 0 {
			t.Errorf("%+v", a)
		}
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.journal"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	text, err := os.ReadFile(found[0])
	if tries, ends := strings.Count(string(text), "try "), strings.Count(string(text), "done "); err != nil || tries < 6 || tries != ends {
		t.Errorf("%d trials and %d ends, want as many: %v", tries, ends, err)
	}
}

// A trial in the journal without its end is fatal to the next program that reads it, whether it was begun once or
// again.
func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "device.journal")
	var j journal
	j.open(path)
	for _, trial := range []string{"a", "b", "a", "b"} {
		j.begin(trial)
		var next journal // of a program that begins when this one dies now
		if next.open(path); len(next.fatal) != 1 || !next.fatal[trial] {
			t.Errorf("%s is under way, and fatal are %v", trial, next.fatal)
		}
	}
	var next journal
	j.begin("")
	if next.open(path); len(next.fatal) > 0 {
		t.Errorf("all have ended, and fatal are %v", next.fatal)
	}
}
