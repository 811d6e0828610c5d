package train

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/data"
)

// sequences writes an NPZ file of examples of 4 moments × 2 features whose class is which feature is larger in the first moment,
// 24 to train on and 8 to test, of which every third is 3 moments long. Scale multiplies x.
func sequences(t testing.TB, path string, scale float32) string {
	t.Helper()
	var all []data.Output
	for name, n := range map[string]int{"": 24, "_test": 8} {
		var x []float32
		var y, lengths []int64
		for i := range n {
			for k := range 8 {
				x = append(x, scale*float32(math.Sin(float64(7*i+k+n))))
			}
			y, lengths = append(y, 0), append(lengths, 4)
			if first := x[8*i:]; first[1] > first[0] {
				y[i] = 1
			}
			if i%3 == 0 {
				lengths[i] = 3
			}
		}
		all = append(all, data.Output{Name: "x" + name, Shape: []int{n, 4, 2}, Values: data.Floats(x)},
			data.Output{Name: "y" + name, Shape: []int{n}, Values: data.Ints(y)}, data.Output{Name: "lengths" + name, Shape: []int{n}, Values: data.Ints(lengths)})
	}
	var file bytes.Buffer
	must.Do(t, errors.Join(data.WriteNPZ(&file, all...), os.WriteFile(path, file.Bytes(), 0o666)))
	return path
}

func ofSequences(t testing.TB) Config {
	c := ofSystem(t, "rflo:units=6,optimiser=[momentum]", SequencesTask, 0)
	c.Data, c.Batch, c.Epochs, c.Rate, c.Normalise = sequences(t, filepath.Join(t.TempDir(), "a.npz"), 1), 5, 3, 0.05, "channel"
	return c
}

// TestSequences: a run on sequences of a file is stopped or killed and goes on to the same bits, where its data have moved, and is
// evaluated on the same and on other sequences; others are no place to go on.
func TestSequences(t *testing.T) {
	c := ofSequences(t)
	whole := start(t, c, filepath.Join(t.TempDir(), "whole"))
	must.Do(t, whole.Train(t.Context(), nil))
	cut := start(t, c, filepath.Join(t.TempDir(), "cut"))
	stopAt(t, cut, 20, "train") // of 16 an epoch
	cut.Folder.Close()
	requireSame(t, everything(t, whole), everything(t, goOn(t, cut.Folder.Dir, "", "")))
	dir := filepath.Join(t.TempDir(), "killed")
	killed, _, err := Begin(device(t), names, take(t, dir), c, Record{}) // with a record of its data
	if err != nil {
		t.Fatal(err)
	}
	defer killed.Close()
	killAt(t, killed, 40)
	killed.Folder.Close()
	moved := filepath.Join(t.TempDir(), "moved.npz")
	must.Do(t, os.Rename(c.Data, moved))
	other := sequences(t, filepath.Join(t.TempDir(), "other.npz"), 2)
	goOn(t, dir, "", "no such data")
	goOn(t, dir, other, "holds other data than the run learned from")
	requireSame(t, everything(t, whole), everything(t, goOn(t, dir, moved, "")))
	requireExams(t, dir, moved, other)
}

// goOn makes the rest of a run whose data are at a place, "" being where they were; an error has to have want in it.
func goOn(t *testing.T, dir, at, want string) *Run {
	t.Helper()
	r, _, err := Resume(device(t), names, dir, func(c *Config) { c.Data = cmp.Or(at, c.Data) })
	if want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
		t.Fatalf("%v, want %q", err, want)
	}
	if err == nil {
		t.Cleanup(func() { r.Close() })
		must.Do(t, r.Train(t.Context(), nil))
	}
	return r
}

// requireExams requires what the evaluations of a run say.
func requireExams(t *testing.T, dir, own, other string) {
	h := mustRead(t, dir)
	model, step, err := LastModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	last := h.Of("test")
	for _, c := range []struct {
		on, part string
		first, n int
		want     string
	}{{"", "test", 0, 8, ""}, {own, "test", 0, 8, ""}, {own, "train", 0, 24, ""}, {own, "train", 3, 3, ""}, {other, "test", 0, 8, ""},
		{own, "half", 0, 0, "want test or train"}, {"none.npz", "test", 0, 0, "no such data"}} {
		v, err := Evaluate(t.Context(), device(t), names, Exam{Config: h.Config, Record: h.Record, Model: model, Step: step, On: c.on, Part: c.part, First: c.first}, nil)
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if err != nil || v.Examples != c.n {
			t.Errorf("%+v: %d examples, %v", c, v.Examples, err)
		}
		if same := v.Metrics["accuracy"] == last[len(last)-1].Accuracy && v.Metrics["loss"] == last[len(last)-1].Loss; same != (c.part == "test" && c.on != other) {
			t.Errorf("%+v: %v, and after the last step %+v", c, v.Metrics, last[len(last)-1])
		}
	}
}

// TestLossOfSequences: if each example wants one number, at its own moment, the loss is the mean over them, as the
// error is.
func TestLossOfSequences(t *testing.T) {
	const n, moments = 12, 4
	path := filepath.Join(t.TempDir(), "moments.npz")
	x, y, mask := make(data.Floats, n*moments*2), make(data.Floats, n*moments), make(data.Ints, n*moments)
	for i := range n {
		mask[i*moments+i%moments] = 1
		for k := range moments {
			x[2*(i*moments+k)], y[i*moments+k] = float32(math.Sin(float64(i+5*k))), float32(i%3)
		}
	}
	var all []data.Output
	for _, part := range []string{"", "_test"} {
		all = append(all, data.Output{Name: "x" + part, Shape: []int{n, moments, 2}, Values: x}, data.Output{Name: "y" + part, Shape: []int{n, moments}, Values: y},
			data.Output{Name: "mask" + part, Shape: []int{n, moments}, Values: mask})
	}
	var file bytes.Buffer
	if err := errors.Join(data.WriteNPZ(&file, all...), os.WriteFile(path, file.Bytes(), 0o666)); err != nil {
		t.Fatal(err)
	}
	for _, system := range []string{"readout:units=3", "wp:hidden=[3]"} {
		c := ofSystem(t, system, SequencesTask, 0)
		c.Data, c.Batch, c.Epochs, c.Rate = path, 5, 1, 0.001
		r := start(t, c, filepath.Join(t.TempDir(), "run"))
		if err := r.Train(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		for _, l := range mustRead(t, r.Folder.Dir).Of("test") {
			if is := l.Metrics["error"]; is == 0 || math.Abs(l.Loss/is-1) > 1e-6 {
				t.Errorf("%s: loss %g and error %g, want the same", system, l.Loss, is)
			}
		}
	}
}

// TestWrongSequences: settings that sequences cannot have are refused before any step.
func TestWrongSequences(t *testing.T) {
	numbers := filepath.Join(t.TempDir(), "numbers.npz")
	var file bytes.Buffer
	must.Do(t, errors.Join(data.WriteNPZ(&file, data.Output{Name: "x", Shape: []int{9, 2, 1}, Values: make(data.Floats, 18)},
		data.Output{Name: "y", Shape: []int{9}, Values: make(data.Floats, 9)}), os.WriteFile(numbers, file.Bytes(), 0o666)))
	for want, set := range map[string]func(*Config){
		"batches of 25, want 1 to 24": func(c *Config) { c.Batch = 25 },
		"want keep_best loss":         func(c *Config) { c.Data, c.Holdout, c.KeepBest = numbers, 0.2, "accuracy" },
		"a task of the sequences of ": func(c *Config) { c.System = "sanger" },
	} {
		c := ofSequences(t)
		set(&c)
		if _, err := New(device(t), names, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestRecordTrials: a recording has the answers that the evaluation counts, of every learner, and the activities and weights that
// they are of, where a batch is smaller than training's too; and the run goes on as if there had been none.
func TestRecordTrials(t *testing.T) {
	c := ofSequences(t)
	c.Batch, c.Epochs = 12, 2
	dir := filepath.Join(t.TempDir(), "run")
	whole, _, err := Begin(device(t), names, take(t, dir), c, Record{})
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	must.Do(t, whole.Train(t.Context(), nil))
	h := mustRead(t, dir)
	model, step, err := LastModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	exam := Exam{Config: h.Config, Record: h.Record, Model: model, Step: step, Part: "test"}
	rec, err := exam.RecordTrials(t.Context(), device(t), names, 1, []string{"trace.recurrent", "out"})
	if err != nil || rec.Moments != 4 || rec.Examples != 8 || len(rec.Tensors) != 3 {
		t.Fatalf("%+v: %v", rec, err)
	}
	activities, traces, weights := rec.Tensors[0], rec.Tensors[1], rec.Tensors[2]
	if activities.Name != "h" || !slices.Equal(traces.Shape, []int{8, 6, 6}) || !slices.Equal(weights.Shape, []int{2, 6}) || weights.Over {
		t.Fatalf("%+v, %+v, %+v", activities.Name, traces.Shape, weights)
	}
	last := h.Of("test")
	for l, want := range last[len(last)-1].Learners["accuracy"] {
		hits := 0.
		for i := range 8 {
			for k := range 4 {
				y, w, x := rec.Answers.At(l, k, 4)[2*i:][:2], rec.Wanted.At(l, k, 4)[i], activities.At(l, k, 4)[6*i:][:6]
				if w == w && (y[1] > y[0]) == (w == 1) {
					hits++
				}
				for o := range y {
					sum := 0.
					for u, v := range weights.At(l, k, 4)[6*o:][:6] {
						sum += float64(v * x[u])
					}
					if !(math.Abs(sum-float64(y[o])) < 1e-5) {
						t.Fatalf("learner %d, moment %d, example %d: answer %g, and of its activities %g", l, k, i, y[o], sum)
					}
				}
			}
		}
		if hits/8 != float64(want) {
			t.Errorf("learner %d has %g of 8 right, want the share %g", l, hits, float64(want))
		}
	}
	cut := start(t, c, filepath.Join(t.TempDir(), "cut"))
	stopAt(t, cut, 8, "train")
	for _, show := range []nets.Showing{{Moments: 3}, {Training: true, From: 2, Moments: 5}} {
		must.Do(t, cut.Session.Record(t.Context(), show, func(nets.Recorded) error { return nil }))
	}
	must.Do(t, cut.Train(t.Context(), nil))
	requireSame(t, everything(t, whole), everything(t, cut))
	for want, wrong := range map[string]func(){
		"no such tensor: W, want one of in, recurrent, ": func() {
			_, err = exam.RecordTrials(t.Context(), device(t), names, 1, []string{"W"})
		},
		"2 trials of 4 moments, want 1 to 1": func() { _, err = exam.RecordTrials(t.Context(), device(t), names, 2, nil) },
		"the recording is 0 MiB, and 0 are free": func() {
			defer func(was func() (int64, bool)) { available = was }(available)
			available = func() (int64, bool) { return 4000, true }
			_, err = exam.RecordTrials(t.Context(), device(t), names, 1, nil)
		},
		"a network has none": func() {
			_, err = Exam{Config: Default, Model: model, Part: "test"}.RecordTrials(t.Context(), device(t), names, 1, nil)
		},
	} {
		if wrong(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
