package train

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hebb/internal/must"
	"hebb/nets/data"
	"hebb/nets/safetensors"
)

// pictures writes a folder of images for each class, to train on and to test with: those of class k have a bright column k.
func pictures(t *testing.T, classes map[string]int) string {
	t.Helper()
	dir := t.TempDir()
	for name, column := range classes {
		for _, part := range []string{"train", "test"} {
			at := filepath.Join(dir, part, name)
			must.Do(t, os.MkdirAll(at, 0o777))
			for i := range 12 {
				m := image.NewGray(image.Rect(0, 0, 8, 8))
				for j := range m.Pix {
					if m.Pix[j] = byte((7*i + 5*j) % 40); j%8 == column {
						m.Pix[j] += 200
					}
				}
				f, err := os.Create(filepath.Join(at, fmt.Sprintf("%02d.png", i)))
				if err == nil {
					err = errors.Join(png.Encode(f, m), f.Close())
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return dir
}

// unsaid makes a model file as a hebb wrote it that said nothing of the data.
func unsaid(t *testing.T, model string) string {
	t.Helper()
	all, about, err := safetensors.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	delete(about, originKey)
	path := filepath.Join(t.TempDir(), ModelFile)
	must.Do(t, safetensors.WriteFile(path, all, about))
	return path
}

// TestClassesByName: a network knows its classes in other data by their names, whichever of them are there and whether its
// own data still are; what it does not know is an error with both lists, and what has no name goes by number, which is said.
func TestClassesByName(t *testing.T) {
	fruit := map[string]int{"apple": 0, "cherry": 1, "fig": 2, "pear": 3}
	c := small(t, "mlp:64-12-4", "bp")
	c.Data, c.Epochs, c.Rate, c.Crop, c.Cutout, c.Flip, c.Seed = pictures(t, fruit), 20, 0.05, 0, 0, false, 5
	_, named := ended(t, c)
	byNumber := c
	byNumber.Data = pictures(t, map[string]int{"0": 0, "1": 1, "2": 2, "3": 3})
	_, numbered := ended(t, byNumber)
	nameless := named
	nameless.Model, nameless.Record.Started = unsaid(t, named.Model), time.Now()
	gone := nameless
	gone.Data += "-gone"
	last := map[string]int{"cherry": 1, "fig": 2, "pear": 3}
	for what, k := range map[string]struct {
		exam     Exam
		on       map[string]int
		examples int
		accuracy float64
		says     string // a note, or an error where there are no examples
	}{
		"its own data":                           {named, nil, 48, 1, ""},
		"the same classes":                       {named, fruit, 48, 1, ""},
		"without the first class":                {named, last, 36, 1, ""},
		"one class":                              {named, map[string]int{"fig": 2}, 12, 1, ""},
		"one that it takes for another":          {named, map[string]int{"fig": 1}, 12, 0, ""},
		"a class that it does not know":          {named, map[string]int{"apple": 0, "melon": 1}, 0, 0, "it has apple, melon, the model knows apple, cherry, fig, pear, and so not melon"},
		"an older file":                          {nameless, last, 36, 1, ""},
		"an older file without its data":         {gone, fruit, 48, 1, "is not here: classes and normalisation are those of"},
		"an older file, nothing to compare with": {gone, last, 0, 0, "3 classes"},
		"numbers that are names":                 {numbered, map[string]int{"1": 1, "3": 3}, 24, 1, ""},
	} {
		t.Run(what, func(t *testing.T) {
			e := k.exam
			e.Table = true
			if k.on != nil {
				e.On = pictures(t, k.on)
			}
			v, err := Evaluate(t.Context(), device(t), names, e, nil)
			said := v.Note
			if err != nil {
				said = err.Error()
			}
			if (err != nil) != (k.examples == 0) || !strings.Contains(said, k.says) || k.says == "" && said != "" {
				t.Fatalf("said %q, %v, want %q", v.Note, err, k.says)
			}
			if v.Accuracy != k.accuracy || v.Examples != k.examples {
				t.Errorf("%g of %d, want %g of %d", v.Accuracy, v.Examples, k.accuracy, k.examples)
			}
			if err == nil && (len(v.Classes) != 4 || v.Confusion[0][0] > 0 && k.on != nil && len(k.on) < 4) {
				t.Errorf("classes %v, confusion %v", v.Classes, v.Confusion)
			}
		})
	}
}

// TestClassesByNumber: where the data or the model name no classes, numbers are what is compared, which is said.
func TestClassesByNumber(t *testing.T) {
	part := &data.Split{Pixels: []byte{0, 0, 0}, Labels: []int{0, 2, 1}}
	for what, c := range map[string]struct {
		model, data []string
		classes     int // of the data
		want        string
		labels      []int // nil: an error
	}{
		"nobody has names":       {nil, nil, 3, "", []int{0, 2, 1}},
		"the data have no names": {[]string{"a", "b", "c", "d"}, nil, 3, "they are taken by number, 0 for a and so on", []int{0, 2, 1}},
		"the model has no names": {nil, []string{"a", "b", "c", "d"}, 4, "those of D are taken by number, 0 for a and so on", []int{0, 2, 1}},
		"nor as many classes":    {nil, []string{"a", "b", "c"}, 3, "it has a, b, c, the model knows 0, 1, 2, 3, and so not a, b, c", nil},
		"names that are numbers": {nil, []string{"0", "2", "3"}, 3, "", []int{0, 3, 2}},
		"another order":          {[]string{"d", "c", "b", "a"}, []string{"a", "b", "c"}, 3, "", []int{3, 1, 2}},
		"one that is not known":  {[]string{"a", "b", "c", "d"}, []string{"a", "b", "e"}, 3, "and so not e", nil},
	} {
		o := Origin{Classes: 4, ClassNames: c.model}
		got, note, err := o.match(&data.Set{Classes: c.classes, ClassNames: c.data}, part, "D")
		if err != nil {
			note = err.Error()
		}
		if (err != nil) != (c.labels == nil) || err != nil && !errors.Is(err, errClasses) || !strings.Contains(note, c.want) || c.want == "" && note != "" {
			t.Errorf("%s: said %q, want %q", what, note, c.want)
		}
		if err == nil && fmt.Sprint(got.Labels) != fmt.Sprint(c.labels) {
			t.Errorf("%s: labels %v, want %v", what, got.Labels, c.labels)
		}
	}
	o := Origin{Classes: 2}
	if _, _, err := o.match(&data.Set{Classes: 3}, part, "D"); !errors.Is(err, errClasses) || !strings.Contains(err.Error(), "label 2 of example 1, want 0 to 1") {
		t.Error(err)
	}
}

// refuseMoved requires that the run in a folder, whose data were at home, is not gone on with on other data, and stays as it is.
func refuseMoved(t *testing.T, dir, home, other, checksum string) {
	t.Helper()
	was := read(t, dir)
	for what, k := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"other data of the same name": {nil, []string{"checksum ", ", want " + checksum, home}},
		"other data":                  {func(c *Config) { c.Data = other }, []string{"checksum ", ", want " + checksum}},
		"none":                        {func(c *Config) { c.Data = "nowhere" }, []string{"--data PATH says where they are now"}},
	} {
		_, _, err := Resume(device(t), names, dir, k.change)
		for _, want := range k.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", what, err, want)
			}
		}
		if now := read(t, dir); now != was {
			t.Errorf("%s: the folder was %s and is %s", what, was, now)
		}
	}
}

// moveTo renames a file into another folder.
func moveTo(t *testing.T, file, dir string) string {
	t.Helper()
	to := filepath.Join(dir, filepath.Base(file))
	must.Do(t, os.Rename(file, to))
	return to
}

// TestMoved: a run that was begun with a relative path goes on from another folder, and one whose data have moved goes on where
// it is said where they are, to the same bits; other data are refused with both checksums, and nothing is touched.
func TestMoved(t *testing.T) {
	c := small(t, "mlp:64-12-4", "kp")
	other := images(t, 48, 17, 8)
	whole := start(t, c, filepath.Join(t.TempDir(), "run"))
	must.Do(t, whole.Train(t.Context(), nil))
	home, elsewhere := t.TempDir(), t.TempDir()
	moveTo(t, c.Data, home)
	t.Chdir(home)
	c.Data = filepath.Base(c.Data)
	r, _, err := Begin(device(t), names, take(t, "run"), c, Record{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	stopAt(t, r, 7, "train")
	r.Close()
	dir := filepath.Join(home, "run")
	t.Chdir(elsewhere)
	moveTo(t, other, elsewhere) // has the name that the config says, and is something else
	goOn := func(change func(*Config), steps int) *Run {
		t.Helper()
		r, _, err := Resume(device(t), names, dir, change)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		if stopAt(t, r, steps, "train"); r.Notes != nil {
			t.Error(r.Notes)
		}
		r.Close()
		return r
	}
	goOn(nil, 10)
	moved := moveTo(t, filepath.Join(home, c.Data), t.TempDir())
	refuseMoved(t, dir, filepath.Join(home, c.Data), filepath.Join(elsewhere, c.Data), r.Origin.Checksum)
	goOn(func(c *Config) { c.Data = moved }, 14)
	model, step, err := LastModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	h := mustRead(t, dir)
	if v, err := Evaluate(t.Context(), device(t), names, Exam{Config: h.Config, Record: h.Record, Model: model, Step: step, Part: "test"}, nil); err != nil || v.Data != moved || v.Note != "" {
		t.Errorf("evaluated %+v: %v", v, err)
	}
	last, _, err := Resume(device(t), names, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer last.Close()
	must.Do(t, last.Train(t.Context(), nil))
	requireSame(t, everything(t, whole), everything(t, last))
}

// read returns the config, the record and the metrics of a run.
func read(t *testing.T, dir string) (all string) {
	t.Helper()
	for _, name := range []string{ConfigFile, RecordFile, MetricsFile} {
		text := must.Get(os.ReadFile(filepath.Join(dir, name)))(t)
		all += string(text)
	}
	return all
}

// TestShorter: a run does not end before the step that it has reached, and one that is made longer says where its rate does
// not go on as it was.
func TestShorter(t *testing.T) {
	c := small(t, "mlp:64-12-4", "bp")
	c.Schedule = "cosine"
	r := start(t, c, filepath.Join(t.TempDir(), "run"))
	must.Do(t, r.Train(t.Context(), nil))
	r.Close()
	dir := r.Folder.Dir
	was := read(t, dir)
	for _, change := range []func(*Config){func(c *Config) { c.Epochs = 2 }, func(c *Config) { c.Steps = 23 }} {
		_, _, err := Resume(device(t), names, dir, change)
		if unfit := (ConfigError{}); !errors.As(err, &unfit) || !strings.Contains(err.Error(), "the run has made 24 steps, and is to have ") {
			t.Errorf("shorter: %v", err)
		}
		if now := read(t, dir); now != was {
			t.Errorf("the folder was %s and is %s", was, now)
		}
	}
	for i, note := range []string{"", "spread over 48 steps instead of 24: the rate goes on at 0.005, where it was 0"} {
		epochs := 4 * (i + 1)
		r, _, err := Resume(device(t), names, dir, func(c *Config) { c.Epochs = epochs })
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Join(r.Notes, "\n"); !strings.Contains(said, note) || (said == "") != (note == "") {
			t.Errorf("%d epochs: said %q, want %q", epochs, said, note)
		}
		r.Close()
	}
}

// TestDamagedAdvice: what is said of a last checkpoint that is damaged throws nothing away, and is right.
func TestDamagedAdvice(t *testing.T) {
	c := small(t, "mlp:64-12-4", "bp")
	r := start(t, c, filepath.Join(t.TempDir(), "run"))
	must.Do(t, r.Train(t.Context(), nil))
	r.Close()
	all, err := list(r.Folder.path(CheckpointsDir))
	if err != nil {
		t.Fatal(err)
	}
	last := all[1].path
	must.Do(t, os.Truncate(filepath.Join(last, StateFile), 100))
	_, _, err = Resume(device(t), names, r.Folder.Dir, nil)
	if want := fmt.Sprintf("move %s elsewhere, and the run goes on from step %d", last, all[0].step); err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("%v, want %q", err, want)
	}
	moveTo(t, last, t.TempDir())
	again, _, err := Resume(device(t), names, r.Folder.Dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if done, _ := again.Steps(); done != all[0].step {
		t.Errorf("goes on from step %d, want %d", done, all[0].step)
	}
}
