package train

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hebb/internal/must"
	"hebb/nets"
)

// diverging trains a network at a rate at which its loss stays finite for a while, as large as it is.
func diverging(t *testing.T) Config {
	c := small(t, "mlp-tanh:64-8-4", "bp")
	c.Optimiser, c.Rate, c.Steps, c.LogEvery, c.SaveEvery = "sgd:weight_decay=1", 3, 48, 2, 4
	return c
}

// TestAbsurd: a loss that is finite and a million times the first is told once, at its step, in the metrics too; the last
// checkpoint before it stays beside the newest, and a run that is resumed knows of both.
func TestAbsurd(t *testing.T) {
	r := start(t, diverging(t), filepath.Join(t.TempDir(), "run"))
	var told []Line
	tell := func(l Line) {
		if l.Warning != "" {
			told = append(told, l)
		}
	}
	stopped := r.Config.Steps
	must.Do(t, r.Train(t.Context(), tell))
	dir := r.Folder.Dir
	lines := mustRead(t, dir).Of("train")
	first, at := lines[0].Loss, 0
	for _, l := range lines {
		if l.Loss > 1e6*first {
			at = l.Step
			break
		}
	}
	if len(told) != 1 || at == 0 || told[0].Step != at || math.IsInf(lines[len(lines)-1].Loss, 0) || !strings.Contains(told[0].Warning, "the loss at step") {
		t.Fatalf("told %+v, and the loss is absurd at step %d", told, at)
	}
	if problem := mustRead(t, dir).Summary().Problem; problem != told[0].Warning {
		t.Errorf("the summary says %q, want %q", problem, told[0].Warning)
	}
	all, err := list(filepath.Join(dir, CheckpointsDir))
	if err != nil || len(all) != kept+1 || all[0].step >= at || all[1].step != stopped-4 {
		t.Errorf("checkpoints %+v, %v, want one of before step %d and the last two", all, err, at)
	}
	r.Close()
	longer, _, err := Resume(device(t), names, dir, func(c *Config) { c.Steps += 4 })
	if err != nil {
		t.Fatal(err)
	}
	defer longer.Close()
	if err := longer.Train(t.Context(), tell); err != nil || len(told) != 1 {
		t.Errorf("when resumed: told %+v, %v", told, err)
	}
	if after, err := list(filepath.Join(dir, CheckpointsDir)); err != nil || len(after) != kept+1 || after[0] != all[0] {
		t.Errorf("when resumed: checkpoints %+v, %v, want %+v first", after, err, all[0])
	}
}

// TestInfiniteNorms: the angles of a run that diverges are written.
func TestInfiniteNorms(t *testing.T) {
	f := &Folder{Dir: t.TempDir()}
	must.Do(t, os.WriteFile(f.path(MetricsFile), nil, 0o666))
	must.Get(f.open(0))(t)
	defer f.Close()
	a := nets.Angle{Layer: "fc1", Weights: 3, Delta: nets.Degrees(math.NaN()), NormW: math.Inf(1), NormB: 2, NormDelta: math.NaN()}
	must.Do(t, f.append(Line{Kind: "angles", Step: 1, Layers: []nets.Angle{a}}))
	lines, err := ReadMetrics(f.Dir)
	if err != nil || len(lines) != 1 {
		t.Fatal(lines, err)
	}
	back := lines[0].Layers[0]
	if back.Layer != "fc1" || back.Weights != 3 || back.NormB != 2 || back.NormW != 0 {
		t.Errorf("read as %+v", back)
	}
}
