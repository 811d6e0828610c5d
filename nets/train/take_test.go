package train

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"hebb/internal/must"
)

// TestTake: of many that take a folder at once one has it; the others change nothing, and have it when it is given up, though
// the lock's file goes with each owner.
func TestTake(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	var owners, most, taken atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				f, err := Take(dir)
				if errors.Is(err, ErrInUse) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if n := owners.Add(1); n > 1 {
					most.Store(n)
				}
				taken.Add(1)
				owners.Add(-1)
				if err := errors.Join(f.Close(), f.Close()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if most.Load() > 0 || taken.Load() == 0 {
		t.Errorf("%d had the folder at once, %d in all", most.Load(), taken.Load())
	}
}

// TestTakeRefusals: what cannot be a folder is an error that leaves nothing, and who has one is said.
func TestTakeRefusals(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must.Do(t, os.WriteFile(file, nil, 0o666))
	must.Do(t, os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "link")))
	for _, path := range []string{file, filepath.Join(file, "run"), filepath.Join(dir, "link")} {
		_, err := Take(path)
		if !errors.As(err, new(ConfigError)) || !strings.Contains(err.Error(), path+" cannot be the folder of a run: ") ||
			!strings.HasSuffix(err.Error(), "; want a folder that can be written, or made") {
			t.Errorf("%s: %v", path, err)
		}
	}
	f := take(t, filepath.Join(dir, "run"))
	if _, err := Take(f.Dir); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), " by another process, process ") {
		t.Errorf("taken twice: %v", err)
	}
	f = take(t, filepath.Join(dir, "deep", "deeper"))
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "deep")); err == nil {
		t.Error("a folder that nothing was written to was left")
	}
}

// TestTakeWithoutLocks: where a file system has no locks, the file itself is one, and stays after a process that was killed.
func TestTakeWithoutLocks(t *testing.T) {
	f := &Folder{Dir: t.TempDir()}
	must.Do(t, f.takeUnlocked(true))
	other := &Folder{Dir: f.Dir}
	if err := other.takeUnlocked(false); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), "if no process uses it, remove "+f.path(LockFile)) {
		t.Error(err)
	}
	must.Do(t, f.Close())
	if _, err := os.Stat(f.path(LockFile)); err == nil {
		t.Error("the lock's file was left")
	}
}

// TestReplaced: a run whose folder was removed writes nothing to the one that another run has made in its place, and does not
// take its lock away.
func TestReplaced(t *testing.T) {
	c := small(t, "mlp:64-12-4", "bp")
	r := start(t, c, filepath.Join(t.TempDir(), "run"))
	dir := r.Folder.Dir
	must.Do(t, os.RemoveAll(dir))
	other := start(t, c, dir)
	if err := r.Train(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "was removed or replaced") {
		t.Errorf("trained: %v", err)
	}
	r.Close()
	if all, err := list(filepath.Join(dir, CheckpointsDir)); len(all) > 0 || err != nil {
		t.Errorf("checkpoints %v, %v", all, err)
	}
	if err := other.Folder.lost(); err != nil {
		t.Error(err)
	}
}
