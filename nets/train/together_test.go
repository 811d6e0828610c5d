package train

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hebb/compute"
	"hebb/cpu"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/spread"
)

// onRanks calls f as each of so many ranks, with a device of its own. One that returns ends its part in the world.
func onRanks(t *testing.T, ranks int, f func(w spread.World, dev *compute.Device) error) []error {
	t.Helper()
	errs := make([]error, ranks)
	var wait sync.WaitGroup
	for rank, w := range spread.PatientFakes(ranks, 20*time.Second) {
		wait.Go(func() {
			b, err := cpu.Open()
			if err != nil {
				errs[rank] = err
				return
			}
			dev := compute.New(b)
			errs[rank] = f(w, dev)
			w.Close()
			dev.Close()
		})
	}
	wait.Wait()
	return errs
}

// fresh begins a run of the ranks in a folder.
func fresh(w spread.World, dev *compute.Device, c Config, dir string) (*Run, error) {
	var f *Folder
	var err error
	if w.Rank() == 0 {
		f, err = Take(dir)
	}
	if f, err = Shared(w, f, err); err != nil {
		return nil, err
	}
	r, _, err := Begin(dev, names, f, c, Record{Version: "test"})
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

// made makes the run in a folder on so many ranks, from the start or from where it is, and returns their errors; told, if not
// nil, gets each line on each rank.
func made(t *testing.T, ranks int, c Config, dir string, told func(r *Run, l Line, stop func())) []error {
	t.Helper()
	_, none := RunConfig(dir)
	return onRanks(t, ranks, func(w spread.World, dev *compute.Device) (err error) {
		var r *Run
		if none != nil {
			r, err = fresh(w, dev, c, dir)
		} else {
			r, _, err = ResumeIn(w, dev, names, dir, func(was *Config) { was.Epochs, was.Steps = c.Epochs, c.Steps })
		}
		if err != nil {
			return err
		}
		defer r.Close()
		ctx, cancel := context.WithCancelCause(context.Background())
		return r.Train(ctx, func(l Line) {
			if told != nil {
				told(r, l, func() { cancel(fmt.Errorf("told to end: %w", context.Canceled)) })
			}
		})
	})
}

// well ends the test at an error of a rank.
func well(t *testing.T, errs []error) {
	t.Helper()
	must.Do(t, errors.Join(errs...))
}

// files are those of the last checkpoint of a run, and its metrics without times.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := must.Get(list(filepath.Join(dir, CheckpointsDir)))(t)
	last := all[len(all)-1]
	m := map[string]string{"step": fmt.Sprint(last.step)}
	for _, name := range []string{ModelFile, StateFile} {
		m[name] = string(must.Get(os.ReadFile(filepath.Join(last.path, name)))(t))
	}
	for _, l := range must.Get(ReadMetrics(dir))(t) {
		l.ImagesPerSecond, l.Seconds = 0, 0
		m[MetricsFile] += fmt.Sprintf("%+v\n", l)
	}
	return m
}

// equal wants the files of two runs to be the same; those of metrics not where a run was stopped, which adds a line.
func equal(t *testing.T, what string, want, got map[string]string, metrics bool) {
	t.Helper()
	for name := range want {
		if (name != MetricsFile || metrics) && want[name] != got[name] {
			t.Errorf("%s: %s differs", what, name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d files, want %d", what, len(got), len(want))
	}
}

// ofRanks are the runs of these tests: in parts, and of several learners.
func ofRanks(t *testing.T) map[string]Config {
	parts := small(t, "mlp:64-8-6-4,norm=batch", "bp")
	parts.Batch, parts.Micro, parts.Epochs, parts.LogEvery, parts.SaveEvery, parts.KeepBest = 16, 4, 4, 2, 5, "loss"
	learners := small(t, "mlp:64-8-4", "fa")
	learners.Batch, learners.Learners, learners.Epochs, learners.LogEvery, learners.SaveEvery = 16, 4, 4, 2, 5
	return map[string]Config{"parts": parts, "learners": learners}
}

// TestRanks: on any number of ranks a run leaves the same folder; one that is stopped by any of them stops on all after the same
// step, and goes on, on another number of ranks, to the bits of one that was never stopped.
func TestRanks(t *testing.T) {
	for name, c := range ofRanks(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			whole := filepath.Join(dir, "1")
			well(t, made(t, 1, c, whole, nil))
			want := files(t, whole)
			for _, ranks := range []int{2, 3, 4} {
				dir := filepath.Join(dir, fmt.Sprint(ranks))
				well(t, made(t, ranks, c, dir, nil))
				equal(t, fmt.Sprintf("%d ranks", ranks), want, files(t, dir), true)
			}
			cut := filepath.Join(dir, "cut")
			for round, ranks := range []int{3, 2, 4} {
				errs := made(t, ranks, c, cut, func(r *Run, l Line, stop func()) {
					if r.Session.World.Rank() == ranks-1 && l.Step >= 3*(round+1) {
						stop()
					}
				})
				var stopped *spread.Agreed
				for rank, err := range errs {
					if !errors.As(err, &stopped) || stopped.Rank != ranks-1 || !errors.Is(err, context.Canceled) || err.Error() != errs[0].Error() {
						t.Errorf("rank %d of %d: %v, want that rank %d was told to end, as rank 0: %v", rank, ranks, err, ranks-1, errs[0])
					}
				}
				if s := files(t, cut)["step"]; !strings.HasPrefix(errs[0].Error(), "stopped after step "+s+" of 12: told to end: context canceled, to rank ") {
					t.Errorf("%v, and the last checkpoint is of step %s", errs[0], s)
				}
			}
			well(t, made(t, 2, c, cut, nil))
			equal(t, "stopped three times", want, files(t, cut), false)
		})
	}
}

// TestRanksWrong: what the ranks do not have in common is refused on all of them, by name.
func TestRanksWrong(t *testing.T) {
	good := ofRanks(t)["parts"]
	dir := t.TempDir()
	saved, other := filepath.Join(dir, "saved"), filepath.Join(dir, "other")
	well(t, made(t, 1, good, saved, nil))
	must.Do(t, os.CopyFS(other, os.DirFS(saved)))
	all := must.Get(list(filepath.Join(other, CheckpointsDir)))(t)
	must.Do(t, os.RemoveAll(all[len(all)-1].path))
	data := images(t, 52, 16, 8)
	begin := func(change func(c *Config)) func(spread.World, *compute.Device) error {
		return func(w spread.World, dev *compute.Device) error {
			c := good
			if w.Rank() == 2 {
				change(&c)
			}
			r, err := fresh(w, dev, c, filepath.Join(dir, "new"))
			if err == nil {
				err = errors.Join(errors.New("it began"), r.Close())
			}
			return err
		}
	}
	resume := func(of string) func(spread.World, *compute.Device) error {
		return func(w spread.World, dev *compute.Device) error {
			from := saved
			if w.Rank() == 2 {
				from = filepath.Join(dir, of)
			}
			r, _, err := ResumeIn(w, dev, names, from, nil)
			if err == nil {
				err = errors.Join(errors.New("it began"), r.Close())
			}
			return err
		}
	}
	for want, f := range map[string]func(spread.World, *compute.Device) error{
		"rank 2 on fake2 has another seed than rank 0 on fake0: 5, and there 1":          begin(func(c *Config) { c.Seed = 5 }),
		"rank 2 on fake2 has another batch than rank 0 on fake0: 12, and there 16":       begin(func(c *Config) { c.Batch = 12 }),
		"rank 2 on fake2: data absent.npz: ":                                             begin(func(c *Config) { c.Data = "absent.npz" }),
		"rank 2 on fake2 has another checksum of the data than rank 0 on fake0: ":        begin(func(c *Config) { c.Data = data }),
		"rank 2 on fake2 has another step of the last checkpoint than rank 0 on fake0: ": resume("other"),
		"rank 2 on fake2: not the folder of a run: there is no folder ":                  resume("none"),
	} {
		for rank, err := range onRanks(t, 3, f) {
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("rank %d: %v, want %s", rank, err, want)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "new")); err == nil {
		t.Error("a run that did not begin has left its folder")
	}
}

// TestRanksApart: parameters that differ are named before a checkpoint is made of them, and an error of one rank is one of all.
func TestRanksApart(t *testing.T) {
	c := ofRanks(t)["parts"]
	c.LogEvery = 1
	at := func(step, rank int, do func(r *Run)) func(r *Run, l Line, stop func()) {
		return func(r *Run, l Line, _ func()) {
			if l.Kind == "train" && l.Step == step && r.Session.World.Rank() == rank {
				do(r)
			}
		}
	}
	other := func(r *Run) {
		all := slices.DeleteFunc(r.Session.Tensors(), func(n nets.Named) bool { return n.Name != "fc2.weight" })
		values := must.Get(r.Session.Read(all))(t)
		values[0][3]++
		must.Do(t, r.Session.Write(all, values))
	}
	for want, told := range map[string]func(r *Run, l Line, stop func()){
		"no checkpoint of step 5: rank 1 on fake1 has another tensor fc2.weight than rank 0 on fake0: SHA-256 ": at(5, 1, other),
		"rank 0 on fake0: write ": at(4, 0, func(r *Run) { must.Do(t, r.Folder.metrics.Close()) }),
		"rank 0 on fake0: ":       at(5, 0, func(r *Run) { must.Do(t, os.RemoveAll(r.Folder.path(CheckpointsDir))) }),
	} {
		dir := filepath.Join(t.TempDir(), "run")
		for rank, err := range made(t, 3, c, dir, told) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("rank %d: %v, want %s", rank, err, want)
			}
		}
		if all, _ := list(filepath.Join(dir, CheckpointsDir)); len(all) > 0 && all[len(all)-1].step >= 5 {
			t.Errorf("%s: there is a checkpoint of step %d", want, all[len(all)-1].step)
		}
	}
	errs := made(t, 3, c, filepath.Join(t.TempDir(), "run"), at(4, 1, func(r *Run) { must.Do(t, r.Session.Device().Close()) }))
	for rank, want := range []string{"rank 1 on fake1 is gone", "step 5: ", "rank 1 on fake1 is gone"} {
		if errs[rank] == nil || !strings.Contains(errs[rank].Error(), want) || !strings.Contains(errs[rank].Error(), "step ") {
			t.Errorf("rank %d: %v, want %s, and the step", rank, errs[rank], want)
		}
	}
}

// TestMicro: files say how many parts a batch has where that is not one, and what cannot be is refused with the numbers.
func TestMicro(t *testing.T) {
	c := ofRanks(t)["parts"]
	path := filepath.Join(t.TempDir(), ConfigFile)
	for micro, line := range map[int]string{1: "", 4: "micro = 4\n"} {
		c.Micro = micro
		text := string(must.Get(c.text())(t))
		if i := strings.Index(text, "micro"); (i >= 0) != (line != "") || !strings.Contains(text, line) {
			t.Errorf("micro %d:\n%s", micro, text)
		}
		must.Do(t, os.WriteFile(path, []byte(text), 0o666))
		if got := must.Get(ReadConfig(path, Config{}))(t); got.Micro != micro {
			t.Errorf("micro %d, want %d", got.Micro, micro)
		}
	}
	must.Do(t, os.WriteFile(path, []byte("micro = 0\n"), 0o666))
	if _, err := ReadConfig(path, Default); err == nil || !strings.HasSuffix(err.Error(), "micro 0, want at least 1") {
		t.Error(err)
	}
	for want, change := range map[string]func(c *Config){
		"micro 3: batches in so many parts, want a power of two": func(c *Config) { c.Micro = 3 },
		"micro -4: batches": func(c *Config) { c.Micro = -4 },
		"batches of 16 in 32 parts, want at least 1 example in each":                                              func(c *Config) { c.Micro = 32 },
		"batches of 15 in 4 parts, the smallest of 3, and the rule phsic learns from 4 at least":                  func(c *Config) { c.Batch, c.Rule = 15, "phsic" },
		"batches of 16 in 8 parts, the smallest of 2, and the loss hsic learns from ":                             func(c *Config) { c.Micro, c.Loss = 8, "hsic" },
		"the rule ridge in 4 parts: the system learns from whole moments alone, want one part (--micro 1): ridge": func(c *Config) { c.Rule = "ridge" },
	} {
		c := ofRanks(t)["parts"]
		change(&c)
		_, err := New(device(t), names, c)
		if of := (ConfigError{}); !errors.As(err, &of) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	dir := filepath.Join(t.TempDir(), "run")
	c.Micro, c.Epochs = 4, 1
	well(t, made(t, 1, c, dir, nil))
	c.Micro = 2
	must.Do(t, os.WriteFile(filepath.Join(dir, ConfigFile), must.Get(c.text())(t), 0o666))
	if _, _, err := Resume(device(t), names, dir, nil); err == nil || !strings.Contains(err.Error(), "micro 4, not 2") {
		t.Errorf("the checkpoint of other parts: %v", err)
	}
}
