package train

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/catalogue"
)

var names = catalogue.Default()

// images writes small images of four classes, to train on and to test with, as an NPZ file.
func images(t testing.TB, train, test, side int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "images.npz")
	f := must.Get(os.Create(path))(t)
	z := zip.NewWriter(f)
	put := func(name, shape string, x []byte) {
		w := must.Get(z.Create(name + ".npy"))(t)
		head := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (%s), }", shape)
		head += strings.Repeat(" ", 118-len(head)-1) + "\n"
		fmt.Fprintf(w, "\x93NUMPY\x01\x00%c%c%s%s", len(head), 0, head, x)
	}
	for name, n := range map[string]int{"": train, "_test": test} {
		rnd := rand.New(rand.NewPCG(3, uint64(n)))
		x, y := make([]byte, n*side*side), make([]byte, n)
		for i := range n {
			y[i] = byte(i % 4)
			for j := range side * side {
				x[i*side*side+j] = byte(30*((j/side*int(y[i])+j)%4) + rnd.IntN(60))
			}
		}
		put("x"+name, fmt.Sprintf("%d, %d, %d", n, side, side), x)
		put("y"+name, fmt.Sprintf("%d,", n), y)
	}
	must.Do(t, errors.Join(z.Close(), f.Close()))
	return path
}

func device(t testing.TB) *compute.Device {
	t.Helper()
	b := must.Get(cpu.Open())(t)
	d := compute.New(b)
	t.Cleanup(func() { d.Close() })
	return d
}

// small is a run of 24 steps that uses all that is random: order, crops, flips, cutout, noise.
func small(t testing.TB, net, rule string) Config {
	c := Default
	c.Net, c.Rule, c.Data = net, rule, images(t, 48, 16, 8)
	c.Batch, c.Epochs, c.LogEvery, c.SaveEvery = 8, 4, 3, 5
	c.Rate, c.Noise, c.Crop, c.Flip, c.Cutout = 0.01, 1e-3, 1, true, 2
	return c
}

func start(t testing.TB, c Config, dir string) *Run {
	t.Helper()
	dev := device(t)
	r, err := New(dev, names, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	r.Folder = take(t, dir)
	if err = r.Folder.create(c, Record{Version: "test", Device: dev.Info()}); err != nil {
		t.Fatal(err)
	}
	return r
}

func take(t testing.TB, dir string) *Folder {
	t.Helper()
	f := must.Get(Take(dir))(t)
	t.Cleanup(func() { f.Close() })
	return f
}

// everything is all that a run has learned, to the bit.
func everything(t testing.TB, r *Run) map[string][]float32 {
	t.Helper()
	all := r.Session.Tensors()
	values := must.Get(r.Session.Read(all))(t)
	m := map[string][]float32{}
	for i, x := range all {
		m[x.Name] = values[i]
	}
	return m
}

func requireSame(t *testing.T, want, got map[string][]float32) {
	t.Helper()
	if len(want) != len(got) || len(want) == 0 {
		t.Fatalf("%d tensors, want %d", len(got), len(want))
	}
	for name, w := range want {
		for i := range w {
			if math.Float32bits(w[i]) != math.Float32bits(got[name][i]) {
				t.Fatalf("%s[%d] is %g, want %g", name, i, got[name][i], w[i])
			}
		}
	}
}

// TestResume: a run that is stopped, or killed, at any step and goes on gives the bits of one that was
// never stopped.
func TestResume(t *testing.T) {
	for net, rules := range map[string][]string{
		"mlp:64-12-4": {"bp", "fa", "dfa", "usf", "frsf", "kp", "wm", "sa", "aa", "ia", "last"},
		"mlp:64-12-8-4,norm=batch,dropout=0.1,divisive=4": {"phsic", "phsic:groups=4,kernel=cosine", "hsic", "hsic:alone=true", "pred", "sim", "predsim:bio=true"},
		"resnet8": {"bp", "kp", "wm:examples=2", "predsim:decoder=64"},
	} {
		for _, rule := range rules {
			t.Run(net+"/"+rule, func(t *testing.T) {
				c := small(t, net, rule)
				c.Optimiser = map[bool]string{true: "adam", false: "nesterov:weight_decay=1e-3"}[rule == "kp"]
				whole := start(t, c, filepath.Join(t.TempDir(), "run"))
				must.Do(t, whole.Train(t.Context(), nil))
				want := everything(t, whole)
				for _, at := range []int{1, 7, 12} {
					cut := start(t, c, filepath.Join(t.TempDir(), "cut"))
					stopAt(t, cut, at, "train")
					requireSame(t, want, everything(t, finish(t, cut)))
				}
				// Killed after step 13: the last checkpoint is that of step 12.
				killed := start(t, c, filepath.Join(t.TempDir(), "killed"))
				killAt(t, killed, 13)
				requireSame(t, want, everything(t, finish(t, killed)))
			})
		}
	}
}

// stopAt trains until a step has a line of a kind, as Ctrl-C would stop it: in an evaluation, if one comes then.
func stopAt(t *testing.T, r *Run, step int, kind string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r.Config.LogEvery = 1
	err := r.Train(ctx, func(l Line) {
		if l.Step == step && l.Kind == kind {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "stopped after step") {
		t.Fatal(err)
	}
	if done, _ := r.Steps(); done < step || done > step+1 {
		t.Fatalf("stopped after step %d, want %d", done, step)
	}
}

// killAt trains until a step and leaves all as it is, with half a line of metrics and half a checkpoint.
func killAt(t *testing.T, r *Run, step int) {
	t.Helper()
	r.Config.LogEvery = 1
	type kill struct{}
	defer func() {
		if _, ok := recover().(kill); !ok {
			t.Fatal("it was not killed")
		}
		fmt.Fprint(r.Folder.metrics, `{"kind":"train","step":`)
		left := filepath.Join(r.Folder.path(CheckpointsDir), ".unfinished-1")
		must.Do(t, os.Mkdir(left, 0o777))
		must.Do(t, os.WriteFile(filepath.Join(left, ModelFile), []byte("half"), 0o666))
	}()
	t.Log(r.Train(t.Context(), func(l Line) {
		if l.Step == step {
			panic(kill{})
		}
	}))
}

// finish goes on with a run that has ended, in its folder, to its end.
func finish(t *testing.T, ended *Run) *Run {
	t.Helper()
	dir := ended.Folder.Dir
	must.Do(t, ended.Folder.Close())
	r, rec, err := Resume(device(t), names, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	if len(rec.Resumed) != 1 {
		t.Errorf("resumed at %v", rec.Resumed)
	}
	must.Do(t, r.Train(t.Context(), nil))
	lines, err := ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	at, seen := 0, 0
	for _, l := range lines {
		if l.Step < at {
			t.Errorf("metrics go from step %d back to %d", at, l.Step)
		}
		if at = l.Step; l.Kind == "train" {
			seen += l.Examples
		}
	}
	_, total := r.Steps()
	want := total * r.PerStep()
	if strings.HasPrefix(r.Config.Task, "clauses") {
		want -= r.PerStep() // the first moment is of clauses alone, which nothing is counted of
	}
	if at != total || seen != want {
		t.Errorf("metrics end at step %d of %d and count %d examples, want %d", at, total, seen, want)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, CheckpointsDir, "*")); len(left) != kept {
		t.Errorf("checkpoints %v, want %d", left, kept)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, CheckpointsDir, ".unfinished*")); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	return r
}

// TestLonger: a run that has ended may be made longer.
func TestLonger(t *testing.T) {
	c := small(t, "mlp:64-12-4", "bp")
	r := start(t, c, filepath.Join(t.TempDir(), "run"))
	must.Do(t, r.Train(t.Context(), nil))
	r.Close()
	longer, _, err := Resume(device(t), names, r.Folder.Dir, func(c *Config) { c.Epochs = 5 })
	if err != nil {
		t.Fatal(err)
	}
	defer longer.Close()
	must.Do(t, longer.Train(t.Context(), nil))
	if done, total := longer.Steps(); done != 30 || total != 30 {
		t.Errorf("%d of %d steps, want 30", done, total)
	}
}

// TestDiverges: a loss that is no number ends the run with the layer and the step, and the last good
// checkpoint stays.
func TestDiverges(t *testing.T) {
	c := small(t, "mlp:64-12-4", "bp")
	c.SaveEvery, c.LogEvery = 1, 1
	r := start(t, c, filepath.Join(t.TempDir(), "run"))
	stopAt(t, r, 4, "train")
	r.Session.Schedule = nets.Schedule{Kind: "step", At: []float64{0}, Factor: 1e30}
	err := r.Train(t.Context(), nil)
	if !errors.Is(err, nets.ErrDiverged) || !strings.Contains(err.Error(), "step") || !strings.Contains(err.Error(), "fc") {
		t.Fatalf("error %v, want ErrDiverged with a step and a layer", err)
	}
	all, err := list(r.Folder.path(CheckpointsDir))
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	r.Close()
	r2, _, err := Resume(device(t), names, r.Folder.Dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r2.Close()
	if err := r2.Session.Sound(); err != nil {
		t.Error(err)
	}
}

// TestNormsDiverge: weights whose norm is not finite, though the loss is, end the run with the layer and the step; of several
// learners the others go on, and the mean is theirs.
func TestNormsDiverge(t *testing.T) {
	for learners := 1; learners <= 2; learners++ {
		c := small(t, "mlp:64-12-12-4", "kp")
		c.Learners = learners
		r := start(t, c, filepath.Join(t.TempDir(), "run"))
		stopAt(t, r, 4, "train")
		scale := func(name string, by float32) { // of the last learner
			i := slices.IndexFunc(r.Session.Tensors(), func(n nets.Named) bool { return n.Name == name })
			of := r.Session.Tensors()[i : i+1]
			w := must.Get(r.Session.Read(of))(t)
			for k := range w[0] {
				if k >= len(w[0])*(learners-1)/learners {
					w[0][k] *= by
				}
			}
			must.Do(t, r.Session.Write(of, w))
		}
		scale("fc1.weight", 1e21)
		scale("fc1.bias", 1e21)
		scale("fc2.weight", 1e-21) // so that the loss is as before
		var angles Line
		r.tell = func(l Line) {
			if l.Kind == "angles" {
				angles = l
			}
		}
		err := r.judge(t.Context())
		if learners == 1 {
			if want := "layer fc1: the norm of its weights is +Inf after step "; !errors.Is(err, nets.ErrDiverged) || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		first := angles.Layers[0]
		if !(first.NormW < 100) || len(first.Learners) != 2 || first.Learners[0][1] != first.Delta || first.Learners[1][1] == first.Delta {
			t.Errorf("angles %+v, want those of the first learner", first)
		}
	}
}

// TestRefusals: what does not fit is said, and nothing that is there is touched.
func TestRefusals(t *testing.T) {
	c := small(t, "mlp:64-12-4", "kp")
	dir := filepath.Join(t.TempDir(), "run")
	r := start(t, c, dir)
	must.Do(t, r.Train(t.Context(), nil))
	r.Close()
	f := take(t, dir)
	if _, _, err := Begin(device(t), names, f, c, Record{}); !errors.Is(err, ErrOccupied) {
		t.Errorf("a second run in the folder: %v", err)
	}
	f.Close()
	all := must.Get(list(r.Folder.path(CheckpointsDir)))(t)
	last := all[len(all)-1].path
	model, state := filepath.Join(last, ModelFile), filepath.Join(last, StateFile)
	for what, change := range map[string]func() error{
		"cut short":       func() error { return os.Truncate(state, 100) },
		"another network": func() error { return swapConfig(dir, `net = "mlp:64-12-4"`, `net = "mlp:64-13-4"`) },
		"another rule":    func() error { return swapConfig(dir, `rule = "kp"`, `rule = "bp"`) },
		"no model":        func() error { return os.Remove(model) },
		"no config":       func() error { return os.Remove(filepath.Join(dir, ConfigFile)) },
		"nonsense":        func() error { return swapConfig(dir, "batch = 8", "bacth = 8") },
	} {
		t.Run(what, func(t *testing.T) {
			restore := keep(t, model, state, filepath.Join(dir, ConfigFile))
			defer restore()
			must.Do(t, change())
			if r, _, err := Resume(device(t), names, dir, nil); err == nil {
				r.Close()
				t.Error("resumed")
			} else {
				t.Log(err)
			}
		})
	}
	if _, _, err := Resume(device(t), names, dir, nil); err != nil {
		t.Error(err)
	}
}

func swapConfig(dir, old, new string) error {
	path := filepath.Join(dir, ConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), old) {
		return fmt.Errorf("%s lacks %s", text, old)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(text), old, new, 1)), 0o666)
}

// keep returns what puts files back as they are now.
func keep(t *testing.T, paths ...string) (restore func()) {
	t.Helper()
	texts := map[string][]byte{}
	for _, p := range paths {
		text := must.Get(os.ReadFile(p))(t)
		texts[p] = text
	}
	return func() {
		for p, text := range texts {
			must.Do(t, os.WriteFile(p, text, 0o666))
		}
	}
}

// TestUnfitData: data that do not fit the network are refused before any step.
func TestUnfitData(t *testing.T) {
	for what, change := range map[string]func(*Config){
		"takes 784 numbers": func(c *Config) { c.Net = "mlp:784-12-4" },
		"there are 4 class": func(c *Config) { c.Net = "mlp:64-12-10" },
		"batches of 100":    func(c *Config) { c.Batch = 100 },
		"a window of 5×5":   func(c *Config) { c.Net = "lenet5" },
		"no setting":        func(c *Config) { c.Rule = "aa:speed=3" },
		"want one of":       func(c *Config) { c.Optimiser = "lbfgs" },
		"weight decay -1":   func(c *Config) { c.Optimiser = "sgd:weight_decay=-1" },
		"a warmup of -1":    func(c *Config) { c.Schedule = "cosine:warmup=-1" },
	} {
		c := small(t, "mlp:64-12-4", "bp")
		change(&c)
		if r, err := New(device(t), names, c); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
			if err == nil {
				r.Close()
			}
		}
	}
}

// TestLine: a line of metrics survives JSON, angles that are none too.
func TestLine(t *testing.T) {
	l := Line{Kind: "angles", Layers: []nets.Angle{{Layer: "fc1", Weights: nets.Degrees(math.NaN()), Delta: 3}}}
	text := must.Get(json.Marshal(l))(t)
	var back Line
	if err := json.Unmarshal(text, &back); err != nil || back.Layers[0].Weights == back.Layers[0].Weights || back.Layers[0].Delta != 3 {
		t.Errorf("%s gives %+v, %v", text, back, err)
	}
}
