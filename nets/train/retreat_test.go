package train

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A countdown is a context that ends when it has been asked for its end a number of times, as ops do.
type countdown struct {
	context.Context
	left atomic.Int64
}

func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestRetreat: where trials are long, a run that is told to end within one goes back to the trial's beginning and saves
// that. It goes on to the same bits: its weights, its state, and its counts.
func TestRetreat(t *testing.T) {
	worth(t, 0, 0)
	ofNet := small(t, "mlp:64-12-4", "fa")
	ofNet.Learners, ofNet.Optimiser = 2, "adam"
	online := ofSequences(t)
	online.System, online.SaveEvery = "tbptt:units=6,span=3,optimiser=[adam]", 8
	trials := ofSequences(t)
	trials.System = "bptt:units=6,optimiser=[momentum]"
	endless := ofSystem(t, "tbptt:units=6,span=20", "sines:period=10", 60)
	for name, c := range map[string]Config{"online": online, "trials": trials, "endless": endless, "network": ofNet} {
		whole := start(t, c, filepath.Join(t.TempDir(), "whole"))
		if err := whole.Train(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "cut")
		cut := start(t, c, dir)
		within := 0 // stops that were not in an evaluation
		for left := int64(40); ; left *= 3 {
			ctx := &countdown{Context: t.Context()}
			ctx.left.Store(left)
			err := cut.Train(ctx, nil)
			if err == nil {
				break
			}
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("%s: %v", name, err)
			}
			if !strings.Contains(err.Error(), "before it was evaluated") {
				done, _ := cut.Steps()
				if _, step, err := LastModel(dir); err != nil || step != done || !cut.Session.Between() {
					t.Fatalf("%s: stopped after step %d, with a checkpoint of step %d: %v", name, done, step, err)
				}
				within++
			}
			cut.Folder.Close()
			cut.Close()
			if cut, _, err = Resume(device(t), names, dir, nil); err != nil {
				t.Fatal(err)
			}
		}
		if within < 2 {
			t.Errorf("%s: it was stopped %d times", name, within)
		}
		requireSame(t, everything(t, whole), everything(t, cut))
		a, b := mustRead(t, whole.Folder.Dir).Of("test"), mustRead(t, dir).Of("test")
		if x, y := a[len(a)-1], b[len(b)-1]; x.Loss != y.Loss || x.Accuracy != y.Accuracy {
			t.Errorf("%s: the last test is %+v, want %+v", name, y, x)
		}
		cut.Close()
	}
}

// worth sets which trials are worth a copy, for a test.
func worth(t *testing.T, trial time.Duration, copies int) {
	long, times := slow, dear
	t.Cleanup(func() { slow, dear = long, times })
	slow, dear = trial, copies
}

// TestRetreatNone: a run with short trials, or with copies that take too much of them, keeps no copy of itself after the first
// trial, and ends between two trials.
func TestRetreatNone(t *testing.T) {
	for _, c := range []struct {
		slow time.Duration
		dear int
	}{{time.Hour, 0}, {0, 1 << 30}} {
		worth(t, c.slow, c.dear)
		retreats(t)
	}
}

func retreats(t *testing.T) {
	t.Helper()
	r := start(t, ofSequences(t), filepath.Join(t.TempDir(), "run"))
	var b retreat
	for k := range 8 {
		ctx, err := b.before(t.Context(), r.Session)
		if err != nil || (ctx == t.Context()) != (k < 4) || (b.to == nil) != (k >= 4) {
			t.Fatalf("moment %d: it can go back %t: %v", k, b.to != nil, err)
		}
		if err := r.Session.Step(ctx); err != nil {
			t.Fatal(err)
		}
		b.after(r.Session)
	}
}
