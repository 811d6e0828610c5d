package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/nets/data"
)

// sequences writes an NPZ file of 12 sequences of 5 moments × 1 feature that are ±1 throughout, and of class 0 or 1 by that.
func sequences(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "a.npz")
	var x data.Floats
	var y data.Ints
	for i := range 12 {
		x, y = append(x, slices.Repeat([]float32{float32(i%2*2 - 1)}, 5)...), append(y, int64(i%2))
	}
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(data.WriteNPZ(f, data.Output{Name: "x", Shape: []int{12, 5, 1}, Values: x}, data.Output{Name: "y", Shape: []int{12}, Values: y}), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPredictSequences: there is a row for each moment of an example at which it wants something, as CSV and as NPZ.
func TestPredictSequences(t *testing.T) {
	set, dir := sequences(t), t.TempDir()
	run, rows := filepath.Join(dir, "run"), filepath.Join(dir, "p.csv")
	train := []string{"train", "rflo:units=8,tau=2", "--holdout", "0.34", "--batch", "4", "--lr", "0.5", "--epochs", "30", "--backend", "cpu", "--out"}
	ok(t, append(train, run, "--data", set)...)
	if out := ok(t, "predict", run, "--backend", "cpu", "--out", rows); strings.Contains(out, "learner") {
		t.Errorf("of one learner predict says\n%s", out)
	}
	text := string(read(t, dir, "p.csv"))
	if want := "index,moment,label,predicted,y(0),y(1)\n0,4,0,0,"; !strings.HasPrefix(text, want) || !strings.Contains(text, "\n3,4,1,1,") || strings.Count(text, "\n") != 5 {
		t.Errorf("%s", text)
	}
	// Numbers at each moment of sequences of which one is shorter.
	set, run, rows = filepath.Join(dir, "n.npz"), filepath.Join(dir, "numbers"), filepath.Join(dir, "p.npz")
	err := into("out", set, func(w io.Writer) error {
		return data.WriteNPZ(w, data.Output{Name: "x", Shape: []int{6, 3, 1}, Values: make(data.Floats, 18)}, data.Output{Name: "lengths", Shape: []int{6}, Values: data.Ints{3, 3, 3, 3, 3, 2}},
			data.Output{Name: "y", Shape: []int{6, 3, 2}, Values: data.Floats(slices.Repeat([]float32{1, 2, 3, 4, 5, 6}, 6))})
	})
	if err != nil {
		t.Fatal(err)
	}
	ok(t, append(train, run, "--data", set)...)
	ok(t, "predict", run, "--backend", "cpu", "--out", rows)
	if m := array(t, rows+":moment"); !slices.Equal(m.Values, []float64{0, 1, 2, 0, 1}) {
		t.Errorf("moments %v", m.Values)
	}
	if w := array(t, rows+":wanted"); !slices.Equal(w.Values, []float64{1, 2, 3, 4, 5, 6, 1, 2, 3, 4}) || !slices.Equal(array(t, rows+":predictions").Shape, []int{5, 2}) {
		t.Errorf("wanted are %v", w.Values)
	}
}

// TestRecord: a file of sequences is trained on without a word on the task, evaluated, recorded, and its weights drawn over
// training; with --task images it is images.
func TestRecord(t *testing.T) {
	set := sequences(t)
	dir := t.TempDir()
	run, archive, picture := filepath.Join(dir, "run"), filepath.Join(dir, "r.npz"), filepath.Join(dir, "r.png")
	train := []string{"train", "rflo:units=8,tau=2", "--data", set, "--holdout", "0.34", "--batch", "4", "--lr", "0.5", "--epochs", "30", "--backend", "cpu"}
	out := ok(t, append(train, "--learners", "2", "--keep-all", "--out", run)...)
	if want := "8 sequences of 5 moments × 1 feature, one of 2 classes wanted at the end, tested on 4"; !strings.Contains(out, want) {
		t.Errorf("stdout lacks %q:\n%s", want, out)
	}
	if config := string(read(t, run, "config.toml")); !strings.Contains(config, `normalise = "none"`) || !strings.Contains(config, "log_every = 250") {
		t.Errorf("%s", config)
	}
	if out := ok(t, "eval", run, "--backend", "cpu", "--data", set); !strings.Contains(out, "accuracy  1 ± 0 over 2 learners") {
		t.Errorf("%s", out)
	}
	for _, c := range [][2]string{{"", ", learner 0 of 2, seed 1 (another: --learner)\n"}, {"--learner=1", ", learner 1 of 2, seed 2\n"}} {
		if out := ok(t, slices.DeleteFunc([]string{"predict", run, "--backend", "cpu", "--out", archive, c[0]}, func(s string) bool { return s == "" })...); !strings.Contains(out, c[1]) {
			t.Errorf("predict %s says\n%s\nwant %q", c[0], out, c[1])
		}
	}
	if out := ok(t, "eval", run, "--backend", "cpu", "--limit", "3", "--format", "json"); !strings.Contains(out, `"examples": 3`) {
		t.Errorf("of 3 examples: %s", out)
	}
	ok(t, "record", run, "--backend", "cpu", "--out", archive, "--picture", picture, "--tensor", "trace.in,out", "--learner", "1", "--example", "3")
	for name, shape := range map[string][]int{"x": {2, 5, 4, 1}, "answer": {2, 5, 4, 2}, "wanted": {2, 5, 4, 1}, "h": {2, 5, 4, 8}, "trace.in": {2, 5, 4, 8, 1}, "out": {2, 2, 8}, "begins": {5}} {
		if a := array(t, archive+":"+name); !slices.Equal(a.Shape, shape) {
			t.Errorf("%s is %v, want %v", name, a.Shape, shape)
		}
	}
	if trace := array(t, archive+":trace.in").Values; slices.Max(trace) == 0 && slices.Min(trace) == 0 {
		t.Error("traces stand still while they are recorded")
	}
	if out := ok(t, "eval", run, "--backend", "cpu", "--data", set, "--format", "json"); strings.Contains(out, `"accuracy": 0`) || !strings.Contains(out, `"accuracy": 1`) {
		t.Errorf("%s", out)
	}
	nothing := filepath.Join(dir, "pairs") // is wanted
	ok(t, "train", "ico", "--task", "pairs", "--steps", "10", "--backend", "cpu", "--out", nothing)
	ok(t, "record", nothing, "--backend", "cpu", "--picture", picture)
	if status, _, stderr := hebb(t, "weights", nothing, "--over-training", "--out", archive); status != 0 || !strings.Contains(stderr, "hebb train --keep-all keeps all") {
		t.Errorf("over the training of a run that keeps two checkpoints: status %d, %q", status, stderr)
	}
	ok(t, "record", run, "--backend", "cpu", "--checkpoint", "20", "--tensor", "recurrent", "--moment", "2", "--picture", picture)
	ok(t, "weights", run, "--over-training", "--learner", "1", "--layer", "out", "--picture", picture, "--out", archive)
	if a := array(t, archive+":out"); !slices.Equal(a.Shape, []int{30, 2, 8}) || array(t, archive+":steps").Values[29] != 300 {
		t.Errorf("out over training is %v", a.Shape)
	}
	for want, args := range map[string][]string{
		"--learner 2, want 0 to 1":                     {"record", run, "--learner", "2"},
		"--example 4, want 0 to 3":                     {"record", run, "--example", "4", "--backend", "cpu"},
		"--moment is of --tensor":                      {"record", run, "--moment", "1"},
		"--checkpoint 15: ":                            {"record", run, "--checkpoint", "15"},
		"no such tensor: w":                            {"record", run, "--tensor", "w", "--backend", "cpu"},
		"--out a.npy, want a name that ends in .npz":   {"record", run, "--out", "a.npy"},
		`--layer "w": want one of feedback, in, out, `: {"weights", run, "--over-training", "--layer", "w", "--picture", picture},
		"--crop is for images":                         append(slices.Clone(train), "--crop", "2"),
		"the task sequences shows the moments":         append(slices.Clone(train), "--crop", "2"),
		"10 images of 5×1×1":                           append(slices.Clone(train), "--task", "images", "--holdout", "0.2", "--epochs", "1", "--out", filepath.Join(dir, "images")),
	} {
		status, stdout, stderr := hebb(t, args...)
		if !strings.Contains(stdout+stderr, want) || (status == 0) != strings.Contains(want, "images of 5") {
			t.Errorf("%v: status %d, %s%s, want %q", args, status, stdout, stderr, want)
		}
	}
}

// TestRecordTraining: of a task without a test the training task is shown, from its beginning or from a trial on, and of others
// too if that is asked for; that there are no more trials is said.
func TestRecordTraining(t *testing.T) {
	dir := t.TempDir()
	run, whole, part := filepath.Join(dir, "run"), filepath.Join(dir, "whole.npz"), filepath.Join(dir, "part.npz")
	ok(t, "train", "triplet", "--task", "samples", "--data", images(t, 48), "--batch", "6", "--epochs", "2", "--learners", "2", "--backend", "cpu", "--out", run)
	out := ok(t, "record", run, "--backend", "cpu", "--trials", "5", "--out", whole)
	if want := ": 5 moments of 6 examples, the training task, since it has no test\n"; !strings.Contains(out, want) {
		t.Errorf("stdout lacks %q:\n%s", want, out)
	}
	out = ok(t, "record", run, "--backend", "cpu", "--trials", "2", "--from", "3", "--out", part)
	if want := ", the training task, since it has no test, from trial 3 on\n"; !strings.Contains(out, want) {
		t.Errorf("stdout lacks %q:\n%s", want, out)
	}
	all, few := array(t, whole+":x"), array(t, part+":x")
	each := 6 * 30
	if slices.Equal(all.Values[:each], all.Values[each:][:each]) || !slices.Equal(all.Values[3*each:5*each], few.Values[:2*each]) || !slices.Equal(all.Values[8*each:], few.Values[2*each:]) {
		t.Error("the trials from 3 on are others than those of a recording from the beginning")
	}
	if out := ok(t, "spikes", run, "--backend", "cpu"); !strings.Contains(out, "the training task, since it has no test\n") || strings.Contains(out, "from trial") {
		t.Errorf("stdout is\n%s", out)
	}
	sines := filepath.Join(dir, "sines")
	ok(t, "train", "rflo:units=3", "--task", "sines", "--steps", "160", "--backend", "cpu", "--out", sines)
	for args, want := range map[string]string{"": "1 example\n", "--part=train": "1 example, the training task\n"} {
		if out := ok(t, slices.DeleteFunc([]string{"record", sines, "--backend", "cpu", "--out", part, args}, func(s string) bool { return s == "" })...); !strings.Contains(out, want) {
			t.Errorf("record %s says\n%s\nwant %q", args, out, want)
		}
	}
	for want, args := range map[string][]string{
		"17 trials, want 1 to 16, those of the training": {"record", run, "--trials", "17"},
		"4 trials, want 1 to 3, those of the training":   {"spikes", run, "--trials", "4", "--from", "13"},
		"from trial 16 on, want 0 to 15":                 {"spikes", run, "--from", "16"},
		"from trial -1 on, want 0 to 15":                 {"record", run, "--from", "-1"},
		"the task samples has no test":                   {"eval", run},
		"is tested on its own task":                      {"eval", sines, "--part", "train"},
		"--plane with --from":                            {"record", sines, "--plane", "a.png", "--from", "1"},
	} {
		if status, _, stderr := hebb(t, append(args, "--backend", "cpu")...); status != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%v: status %d, %s, want %q", args, status, stderr, want)
		}
	}
}

// TestPlane: the plane of a task with two inputs is drawn, and nothing else unless it is asked for.
func TestPlane(t *testing.T) {
	dir := t.TempDir()
	run, picture := filepath.Join(dir, "run"), filepath.Join(dir, "plane.png")
	ok(t, "train", "cascade", "--task", "spirals", "--steps", "3", "--backend", "cpu", "--out", run)
	if out := ok(t, "record", run, "--backend", "cpu", "--plane", picture); out != "wrote     "+picture+"\n" {
		t.Errorf("stdout is %q", out)
	}
	if head := string(read(t, dir, "plane.png")[:8]); head != "\x89PNG\r\n\x1a\n" {
		t.Errorf("the picture begins with %q", head)
	}
}
