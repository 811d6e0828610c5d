package train

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/safetensors"
	"hebb/nets/stack"
)

// ended is a run that went to its end, and the exam of its last checkpoint.
func ended(t *testing.T, c Config) (*Run, Exam) {
	t.Helper()
	r := start(t, c, filepath.Join(t.TempDir(), "run"))
	must.Do(t, r.Train(t.Context(), nil))
	model, step, err := LastModel(r.Folder.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return r, Exam{Config: c, Model: model, Step: step, Part: "test"}
}

// TestEvaluate: a checkpoint has the score that its run wrote down, to the bit, and the confusions add up to it.
func TestEvaluate(t *testing.T) {
	for loss, net := range map[string]string{"cross-entropy": "mlp:64-12-4", "binary-cross-entropy": "resnet8", hsicLoss: "mlp:64-12-4"} {
		c := small(t, net, "kp")
		c.Loss = loss
		r, e := ended(t, c)
		e.Table = true
		told := 0
		v := must.Get(Evaluate(t.Context(), device(t), names, e, func(done, total int) {
			if told = done; total != 16 {
				t.Errorf("%d of %d", done, total)
			}
		}))(t)
		tests := mustRead(t, r.Folder.Dir).Of("test")
		last := tests[len(tests)-1]
		if v.Loss != last.Loss || v.Accuracy != last.Accuracy || v.Examples != 16 || told != 16 || v.Step != last.Step || v.Data != c.Data {
			t.Errorf("%s: %+v, want %+v", net, v, last)
		}
		hits := 0
		for i, row := range v.Confusion {
			n := 0
			for _, k := range row {
				n += k
			}
			if n != 4 || v.Classes[i] != string(rune('0'+i)) {
				t.Errorf("%s: class %s has %d examples, want 4", net, v.Classes[i], n)
			}
			hits += row[i]
		}
		if float64(hits)/16 != v.Accuracy {
			t.Errorf("%s: %d hits and accuracy %g", net, hits, v.Accuracy)
		}
	}
}

func mustRead(t *testing.T, dir string) History {
	t.Helper()
	h := must.Get(ReadHistory(dir))(t)
	return h
}

// TestEvaluateElsewhere: other data stand in for those that the network learned from, where these are not there and its file,
// of a hebb before, does not say what they were.
func TestEvaluateElsewhere(t *testing.T) {
	r, e := ended(t, small(t, "mlp:64-12-4", "bp"))
	own := must.Get(Evaluate(t.Context(), device(t), names, e, nil))(t)
	text := must.Get(os.ReadFile(r.Config.Data))(t)
	moved := filepath.Join(t.TempDir(), "moved.npz")
	must.Do(t, os.WriteFile(moved, text, 0o666))
	for _, here := range []bool{true, false} {
		if !here {
			e.Model = unsaid(t, e.Model)
			must.Do(t, os.Remove(r.Config.Data))
		}
		e.On = moved
		v := must.Get(Evaluate(t.Context(), device(t), names, e, nil))(t)
		if v.Score != own.Score || v.Data != moved || (v.Note == "") != here {
			t.Errorf("with the data it learned from: %v; %+v, want %+v", here, v, own)
		}
	}
	e.On = ""
	if _, err := Evaluate(t.Context(), device(t), names, e, nil); err == nil || !strings.Contains(err.Error(), r.Config.Data) {
		t.Errorf("without data: %v", err)
	}
}

// TestEvaluateRemoved: the checkpoint of a run that goes on may be removed while it is evaluated.
func TestEvaluateRemoved(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows removes no open file")
	}
	for _, c := range []Config{small(t, "mlp:64-12-4", "bp"), ofSystem(t, "rflo:units=8", "sines:period=5", 20)} {
		_, e := ended(t, c)
		all := *names // whose networks and systems take the file away as they are made, after it was found
		remove := func() { os.RemoveAll(filepath.Dir(e.Model)) }
		all.Networks = []catalogue.Network{{Name: "mlp", Parse: func(arg string, in nets.Shape, outputs int) (stack.Spec, error) {
			remove()
			return stack.Parse("mlp:"+arg, in, outputs)
		}}}
		all.Systems = slices.Clone(all.Systems)
		for i, s := range all.Systems {
			all.Systems[i].System = func() nets.System { remove(); return s.System() }
		}
		if _, err := Evaluate(t.Context(), device(t), &all, e, nil); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(e.Model); err == nil {
			t.Error("it was not removed")
		}
	}
}

// idx writes images of 8×8 as a folder of IDX files: n to train on, which get brighter with add, and as many to
// test with, which do not, if there is to be a test part.
func idx(t *testing.T, n, add int, test bool) (dir string) {
	t.Helper()
	dir = t.TempDir()
	put := func(part string, add int) {
		pixels, labels := []byte{0, 0, 8, 3, 0, 0, 0, byte(n), 0, 0, 0, 8, 0, 0, 0, 8}, []byte{0, 0, 8, 1, 0, 0, 0, byte(n)}
		for i := range n {
			for j := range 64 {
				pixels = append(pixels, byte(i*j%100+add))
			}
			labels = append(labels, byte(i%10))
		}
		for name, b := range map[string][]byte{part + "-images-idx3-ubyte": pixels, part + "-labels-idx1-ubyte": labels} {
			must.Do(t, os.WriteFile(filepath.Join(dir, name), b, 0o666))
		}
	}
	if put("train", add); test {
		put("t10k", 0)
	}
	return dir
}

// TestEvaluateNormalised: what other data would be normalised by does not count.
func TestEvaluateNormalised(t *testing.T) {
	c := small(t, "mlp:64-12-10", "bp")
	c.Data = idx(t, 48, 0, true)
	_, e := ended(t, c)
	var scores []stack.Score
	for _, on := range []string{"", idx(t, 48, 100, true)} {
		e.On = on
		v := must.Get(Evaluate(t.Context(), device(t), names, e, nil))(t)
		scores = append(scores, v.Score)
	}
	if scores[0] != scores[1] {
		t.Errorf("the same images score %+v and %+v", scores[0], scores[1])
	}
}

// TestEvaluateParts: the training part is what was trained on, and a test part that is not there is not made up.
func TestEvaluateParts(t *testing.T) {
	c := small(t, "mlp:64-12-4", "bp")
	c.Net, c.Data, c.Limit = "mlp:64-12-10", idx(t, 48, 0, false), 40
	r, e := ended(t, c)
	if _, err := Evaluate(t.Context(), device(t), names, e, nil); err == nil || !strings.Contains(err.Error(), "has no test part") {
		t.Errorf("without a test part: %v", err)
	}
	e.Part = "train"
	v, err := Evaluate(t.Context(), device(t), names, e, nil)
	if err != nil || v.Examples != r.Config.Limit {
		t.Errorf("%+v, %v, want %d examples", v, err, r.Config.Limit)
	}
	e.Part = "half"
	if _, err := Evaluate(t.Context(), device(t), names, e, nil); err == nil || !strings.Contains(err.Error(), "want test or train") {
		t.Errorf("half: %v", err)
	}
}

// TestEvaluateRefusals: what does not fit is said.
func TestEvaluateRefusals(t *testing.T) {
	_, good := ended(t, small(t, "mlp:64-12-4", "bp"))
	rewritten := func(change func([]safetensors.Tensor)) string {
		all, about, err := safetensors.ReadFile(good.Model)
		if err != nil {
			t.Fatal(err)
		}
		change(all)
		path := filepath.Join(t.TempDir(), "changed.safetensors")
		must.Do(t, safetensors.WriteFile(path, all, about))
		return path
	}
	for want, change := range map[string]func(*Exam){
		"takes 784 numbers":  func(e *Exam) { e.Net = "mlp:784-12-4" },
		"of another network": func(e *Exam) { e.Net = "mlp:64-13-4" },
		"it has no fc3":      func(e *Exam) { e.Net = "mlp:64-12-4-4" },
		"no such file":       func(e *Exam) { e.Model += "s" },
		"safetensors":        func(e *Exam) { e.Model = good.Data },
		"want 8×8×1":         func(e *Exam) { e.On = images(t, 8, 8, 6) },
		"want 0 to 3":        func(e *Exam) { e.On = idx(t, 48, 0, true) },
		"loss":               func(e *Exam) { e.Loss = "hinge" },
		"normalise":          func(e *Exam) { e.Normalise = "" },
		"the weights fc1.weight are not finite after step 24": func(e *Exam) {
			e.Model = rewritten(func(all []safetensors.Tensor) {
				for _, x := range all {
					if x.Name == "fc1.weight" {
						x.Data[3] = float32(math.NaN())
					}
				}
			})
		},
		"the mean loss of": func(e *Exam) {
			e.Model = rewritten(func(all []safetensors.Tensor) {
				for _, x := range all {
					for i := range x.Data {
						x.Data[i] *= 1e25
					}
				}
			})
		},
	} {
		e := good
		change(&e)
		if v, err := Evaluate(t.Context(), device(t), names, e, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %+v, %v", want, v, err)
		}
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Evaluate(stopped, device(t), names, good, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// TestLastModel: a folder without checkpoints has none, and a folder of another kind neither.
func TestLastModel(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if _, _, err := LastModel(dir); err == nil || !strings.Contains(err.Error(), "no checkpoint yet") {
			t.Errorf("error %v", err)
		}
		must.Do(t, os.MkdirAll(filepath.Join(dir, CheckpointsDir, ".unfinished-7"), 0o777))
	}
	for _, step := range []string{"step-9", "step-000000010", "step-x"} {
		must.Do(t, os.Mkdir(filepath.Join(dir, CheckpointsDir, step), 0o777))
	}
	path, step, err := LastModel(dir)
	if err != nil || step != 10 || filepath.Base(filepath.Dir(path)) != "step-000000010" {
		t.Errorf("%s, %d, %v", path, step, err)
	}
}

// TestPredict: numbers that are no whole examples are refused.
func TestPredict(t *testing.T) {
	in := nets.Shape{Height: 1, Width: 1, Channels: 4}
	spec := must.Get(stack.Parse("mlp:4-3-2", in, 2))(t)
	net := must.Get(stack.New(device(t), spec, in, stack.Backprop{}, 1))(t)
	for _, n := range []int{0, 3, 5} {
		if _, err := net.Predict(make([]float32, n)); err == nil || !strings.Contains(err.Error(), "4 numbers each") {
			t.Errorf("%d numbers: %v", n, err)
		}
	}
	if classes, err := net.Predict(make([]float32, 12)); err != nil || len(classes) != 3 || classes[0] != classes[2] {
		t.Errorf("%v, %v", classes, err)
	}
}

// TestSee: every batch is seen, of each learner in order, side by side or in turn, and what is seen has the scores that are
// measured.
func TestSee(t *testing.T) {
	for _, c := range []struct{ net, last string }{{"mlp:64-12-4,dropout=0.5", "fc2"}, {"resnet8", "fc"}} {
		config := small(t, c.net, "bp")
		config.Learners = 2
		_, e := ended(t, config)
		e.Layer, e.First = c.last, 11
		seen, hits := [2]int{}, [2]int{}
		e.See = func(s Sight) error {
			n := len(s.Labels)
			if s.First != seen[s.Learner] || s.Of != 11 || len(s.Answers) != 4*n || len(s.Layer) != 4*n {
				t.Errorf("%s: %d labels from %d of %d, %d answers, %d numbers", c.net, n, s.First, s.Of, len(s.Answers), len(s.Layer))
			}
			for i, label := range s.Labels {
				y := s.Answers[4*i:][:4]
				if slices.Index(y, slices.Max(y)) == int(label) {
					hits[s.Learner]++
				}
			}
			if !slices.Equal(s.Layer, s.Answers) {
				t.Errorf("%s: the last layer is %v, and the answers are %v", c.net, s.Layer, s.Answers)
			}
			seen[s.Learner] += n
			return nil
		}
		v := must.Get(Evaluate(t.Context(), device(t), names, e, nil))(t)
		for l, each := range v.Learners["accuracy"] {
			if seen[l] != 11 || math.Abs(float64(hits[l])/11-float64(each)) > 1e-6 {
				t.Errorf("%s, learner %d: %d hits of %d, and accuracy %g", c.net, l, hits[l], seen[l], float64(each))
			}
		}
		full := errors.New("full")
		e.See = func(Sight) error { return full }
		if _, err := Evaluate(t.Context(), device(t), names, e, nil); !errors.Is(err, full) {
			t.Errorf("%v, want %v", err, full)
		}
	}
}
