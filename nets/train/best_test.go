package train

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
)

// bestRun is a run that soon gets no better, and keeps its best checkpoint.
func bestRun(t *testing.T, by string) Config {
	c := small(t, "mlp:64-12-4", "bp")
	c.KeepBest, c.Patience, c.Epochs, c.SaveEvery, c.Rate = by, 3, 40, 0, 0.1
	return c
}

// TestKeepBest: the best checkpoint stays, with the score that it had, and the run ends after so many evaluations that were no
// better, and is finished; stopped and resumed, it does so at the same step.
func TestKeepBest(t *testing.T) {
	for _, by := range []string{"accuracy", "loss"} {
		c := bestRun(t, by)
		r := start(t, c, filepath.Join(t.TempDir(), "run"))
		must.Do(t, r.Train(t.Context(), nil))
		dir := r.Folder.Dir
		r.Close()
		h := mustRead(t, dir)
		tests := h.Of("test")
		want := tests[0]
		for _, l := range tests {
			if by == "accuracy" && l.Accuracy > want.Accuracy || by == "loss" && l.Loss < want.Loss {
				want = l
			}
		}
		done, total := r.Steps()
		if tests[len(tests)-4].Step != want.Step || done != want.Step+3*6 || done >= total || h.State() != Finished || !strings.Contains(r.Early(), "no better test "+by) {
			t.Errorf("%s: the best of %+v is %+v, and the run made %d of %d steps, %s, %q", by, tests, want, done, total, h.State(), r.Early())
		}
		model, step, err := BestModel(dir)
		if err != nil || step != want.Step {
			t.Fatalf("%s: step %d, want %d: %v", by, step, want.Step, err)
		}
		v, err := Evaluate(t.Context(), device(t), names, Exam{Config: c, Model: model, Part: "test"}, nil)
		if err != nil || v.Accuracy != want.Accuracy || v.Loss != want.Loss {
			t.Errorf("%s: %+v, want %+v: %v", by, v, want, err)
		}
		all, err := list(filepath.Join(dir, CheckpointsDir))
		if steps := []int{all[0].step, all[1].step, all[len(all)-1].step}; err != nil || len(all) != 3 || !slices.Equal(steps, []int{step, done - 6, done}) {
			t.Errorf("%s: checkpoints %v: %v", by, all, err)
		}
		cut := start(t, c, filepath.Join(t.TempDir(), "cut"))
		stopAt(t, cut, step+9, "train")
		cut.Close()
		for range 2 { // to its end, and not beyond it
			again, _, err := Resume(device(t), names, cut.Folder.Dir, nil)
			if err == nil {
				err = errors.Join(again.Train(t.Context(), nil), again.Close())
			}
			if now, _ := again.Steps(); err != nil || now != done || again.Early() == "" {
				t.Fatalf("%s: goes on to step %d, want %d: %v", by, now, done, err)
			}
		}
		more, _, err := Resume(device(t), names, dir, func(c *Config) { c.Patience = 4 })
		if err == nil {
			err = errors.Join(more.Train(t.Context(), nil), more.Close())
		}
		if now, _ := more.Steps(); err != nil || now <= done {
			t.Errorf("%s: with more patience %d steps: %v", by, now, err)
		}
	}
}

// TestKeepBestRefusals: what cannot be best is said before any step.
func TestKeepBestRefusals(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`keep_best "speed"`:    func(c *Config) { c.KeepBest = "speed" },
		"patience 3 without":   func(c *Config) { c.KeepBest = "" },
		"patience -1":          func(c *Config) { c.Patience = -1 },
		"and there is no test": func(c *Config) { c.Net, c.Data = "mlp:64-12-10", idx(t, 48, 0, false) },
	} {
		c := bestRun(t, "loss")
		change(&c)
		if r, err := New(device(t), names, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
			if err == nil {
				r.Close()
			}
		}
	}
	_, e := ended(t, small(t, "mlp:64-12-4", "bp"))
	if _, _, err := BestModel(filepath.Dir(filepath.Dir(filepath.Dir(e.Model)))); err == nil || !strings.Contains(err.Error(), "does not keep its best") {
		t.Error(err)
	}
}
