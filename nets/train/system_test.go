package train

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/float"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/safetensors"
)

// ofSystem is a run of a system and a task, for two learners.
func ofSystem(t testing.TB, system, task string, steps int) Config {
	c := Default
	c.System, c.Task, c.Steps, c.Learners, c.LogEvery, c.SaveEvery, c.Seed = system, task, steps, 2, 7, 10, 3
	if task == SamplesTask {
		c.Data, c.Batch, c.Learners = images(t, 48, 16, 8), 8, 1
	}
	return c
}

// TestResumeSystem: a run of a system that is stopped, or killed, goes on to the bits of one that was left alone: those of
// its states and of its task too.
func TestResumeSystem(t *testing.T) {
	for system, task := range map[string]string{
		"rflo:units=8": "sines:period=5", "wp": "xor", "chl:hidden=[4]": "xor", "hopfield:async=true": "recall:bits=20,patterns=3", "sanger:units=2": SamplesTask,
		"np:recurrent=true,hidden=[4],exact=true": "subtasks:inputs=6,length=5,task=4,trial=2,in_time=true",
		"logic:sweeps=3":              "clauses:starts=30",
		"cascade:patience=2,epochs=6": "parity:bits=4", // it has grown when it is cut
	} {
		t.Run(system, func(t *testing.T) {
			c := ofSystem(t, system, task, 50)
			c.Schedule, c.Rate = "inverse", 1e-3
			whole := start(t, c, filepath.Join(t.TempDir(), "run"))
			if err := whole.Train(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			want := everything(t, whole)
			for at, kind := range map[int]string{20: "test", 30: "train"} { // between trials of sines
				if task == SamplesTask {
					kind = "train" // there is no test
				}
				cut := start(t, c, filepath.Join(t.TempDir(), "cut"))
				stopAt(t, cut, at, kind)
				requireSame(t, want, everything(t, finish(t, cut)))
			}
			killed := start(t, c, filepath.Join(t.TempDir(), "killed"))
			killAt(t, killed, 40)
			requireSame(t, want, everything(t, finish(t, killed)))
		})
	}
}

// TestEnded: a run ends before its last step if all its learners have come to their end. It says how each ended, is
// Finished, and makes no more steps when it is resumed.
func TestEnded(t *testing.T) {
	c := ofSystem(t, "cascade:low=0", "xor", 5000)
	c.Rate, c.LogEvery = 0.35, 50
	r := start(t, c, filepath.Join(t.TempDir(), "run"))
	if err := r.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	done, total := r.Steps()
	const want = "finished: all examples are learned, with 1 hidden units"
	if h := mustRead(t, r.Folder.Dir); done >= total || h.State() != Finished || !strings.Contains(r.Early(), want) {
		t.Errorf("the run made %d of %d steps, %s, %q, want it ended early, and %q", done, total, h.State(), r.Early(), want)
	}
	r.Close()
	again, _, err := Resume(device(t), names, r.Folder.Dir, nil)
	if err == nil {
		err = errors.Join(again.Train(t.Context(), nil), again.Close())
	}
	if err != nil || again.Session.Number() != done {
		t.Errorf("resumed, it made %d steps, want the %d that it had: %v", again.Session.Number(), done, err)
	}
}

// TestLearners: learner l of several is the run of the seed Seed + l alone, to the bit, side by side and in turn, and the
// metrics have the values of each.
func TestLearners(t *testing.T) {
	const n = 3
	for _, net := range []string{"mlp:256-12-4,dropout=0.1", "lenet5"} {
		t.Run(net, func(t *testing.T) {
			c := small(t, net, "fa")
			c.Data, c.Steps, c.Learners = images(t, 48, 16, 16), 9, n
			several := start(t, c, filepath.Join(t.TempDir(), "several"))
			if err := several.Train(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			if turns := several.Session.Alone() != nil; turns != (net == "lenet5") {
				t.Errorf("in turn %t: %v", turns, several.Session.Alone())
			}
			all, lines := everything(t, several), mustRead(t, several.Folder.Dir).Lines
			for l := range n {
				c.Learners, c.Seed = 1, Default.Seed+uint64(l)
				alone := start(t, c, filepath.Join(t.TempDir(), "alone"))
				if err := alone.Train(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
				part := map[string][]float32{}
				for name, x := range all {
					part[name] = x[l*len(x)/n:][:len(x)/n]
				}
				requireSame(t, everything(t, alone), part)
				requireValues(t, l, lines, mustRead(t, alone.Folder.Dir).Lines)
			}
		})
	}
}

// requireValues requires that lines of several learners have those of one alone.
func requireValues(t *testing.T, l int, several, alone []Line) {
	t.Helper()
	if len(several) != len(alone) {
		t.Fatalf("%d lines, want %d", len(several), len(alone))
	}
	for i, a := range alone {
		s := several[i]
		if s.Kind != a.Kind || s.Step != a.Step || s.Examples != a.Examples || len(s.Metrics) != len(a.Metrics) {
			t.Fatalf("line %d is %+v, want %+v", i, s, a)
		}
		if s.Kind == "angles" {
			continue
		}
		for name, of := range map[string]func(Line) float64{"loss": func(l Line) float64 { return l.Loss }, "accuracy": func(l Line) float64 { return l.Accuracy }} {
			each := s.Learners[name]
			if float64(each[l]) != of(a) {
				t.Errorf("%s of learner %d at step %d is %g, want %g", name, l, a.Step, each[l], of(a))
			}
			if mean := meanOf(each); !(math.Abs(of(s)-mean) <= 1e-12*math.Abs(mean)) {
				t.Errorf("the mean %s at step %d is %g, want %g", name, a.Step, of(s), mean)
			}
		}
	}
}

func meanOf(x []float.OrNull) (mean float64) {
	for _, v := range x {
		mean += float64(v) / float64(len(x))
	}
	return mean
}

// TestBefore: runs of hebb 5e53cbe, the last before systems, go on to the numbers that it made itself on the same images, and
// to their bits where the CPU path has the kernels that it had. (Its products of other sizes had other bits: where sums began
// depended on where rows lay.)
func TestBefore(t *testing.T) {
	for _, name := range []string{"kp-adam", "wm-nesterov"} {
		t.Run(name, func(t *testing.T) {
			from, err := filepath.Abs(filepath.Join("testdata", "before", name))
			if err != nil {
				t.Fatal(err)
			}
			set := images(t, 48, 16, 8)
			t.Chdir(t.TempDir()) // where the config finds its data
			if err := os.Rename(set, "images.npz"); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS("run", os.DirFS(from)); err != nil {
				t.Fatal(err)
			}
			r, rec, err := Resume(device(t), names, "run", func(c *Config) { c.Steps = 6 })
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if err := r.Train(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			model, step, err := LastModel("run")
			if err != nil || step != 6 {
				t.Fatal(step, err)
			}
			within := 1e-4
			if r.Session.Device().Info().Driver == rec.Device.Driver {
				within = 0
			}
			for _, file := range []string{ModelFile, StateFile} {
				requireFile(t, filepath.Join(from, "after", file), filepath.Join(filepath.Dir(model), file), within)
			}
		})
	}
}

// requireFile requires that a file has the tensors of another; what optimisers keep is kept in other ways since.
func requireFile(t *testing.T, want, got string, within float64) {
	t.Helper()
	tensors, _, err := safetensors.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(got)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, w := range tensors {
		if strings.HasPrefix(w.Name, "optimiser.") {
			continue
		}
		g, err := f.Read(w.Name)
		if err != nil || !slices.Equal(g.Shape, w.Shape) || !slices.Equal(g.Ints, w.Ints) || len(g.Data) != len(w.Data) {
			t.Fatalf("%s is %v, want %v: %v", w.Name, g, w, err)
		}
		for i, x := range w.Data {
			if !(math.Abs(float64(g.Data[i]-x)) <= within) {
				t.Errorf("%s[%d] is %g, want %g", w.Name, i, g.Data[i], x)
			}
		}
	}
}

// A misfit is a System and a Task that are wrong in one way or another.
type misfit struct {
	Twice   bool `toml:"twice"`   // two tensors of one name
	Wrong   int  `toml:"wrong"`   // so many numbers too much in the answer
	Want    int  `toml:"want"`    // numbers that the task wants
	Endless bool `toml:"endless"` // without epochs
	Broken  bool `toml:"broken"`  // shows what its Spec does not say
	system  *compute.Tensor
}

type misfitTask struct{ misfit }

func (m *misfit) Build(s *nets.Store, spec nets.Spec) error {
	for range 2 {
		if m.system = s.Weights("w", nets.Zeros, spec.Out+m.Wrong); !m.Twice {
			break
		}
	}
	return nil
}

func (m *misfit) Step(*nets.Pass, nets.Moment) *compute.Tensor { return m.system }

func (m *misfitTask) Build(*nets.Store) (nets.Spec, error) {
	s := nets.Spec{In: nets.Row(2), Out: 2, Examples: 1, Trial: 1, Epoch: 4}
	if m.Endless {
		s.Epoch = 0
	}
	return s, nil
}

func (m *misfitTask) Show(p *nets.Pass) nets.Moment {
	n := 2
	if m.Broken {
		n = 3
	}
	return nets.Moment{X: p.Numbers(n), Want: p.Numbers(2), First: true, Last: true}
}

func (*misfitTask) Judge(*nets.Pass, nets.Moment, *compute.Tensor) {}

// misfits are names that mean them too.
func misfits() *catalogue.Catalogue {
	c := catalogue.Default()
	c.Systems = append(slices.Clone(c.Systems), nets.NamedSystem{Name: "misfit", System: func() nets.System { return &misfit{} }})
	c.Tasks = append(slices.Clone(c.Tasks), nets.NamedTask{Name: "misfit", Task: func() nets.Task { return &misfitTask{} }})
	return c
}

// TestUnfitSystems: a system and a task that do not fit are refused before any step, and no folder is made.
func TestUnfitSystems(t *testing.T) {
	for want, c := range map[string]struct{ system, task string }{
		"":                                  {"misfit", "misfit:endless=true"},
		`system "snn", want one of rflo`:    {"snn", "misfit"},
		`task "cosines", want one of sines`: {"misfit", "cosines"},
		"no setting is called size":         {"rflo:size=3", "sines"},
		"0 units":                           {"rflo:units=0", "sines"},
		"two tensors are called w":          {"misfit:twice=true", "misfit"},
		"the system answers [2 1 3], and the task wants [2 1 2]": {"misfit:wrong=1", "misfit"},
		"the task showed X":                            {"misfit", "misfit:broken=true"},
		"the task misfit:endless=true has no epochs":   {"misfit", "misfit:endless=true"},
		"16 units answer, and the task wants 1 number": {"sanger", "xor"},
		"16 units answer, and the task wants 200":      {"sanger", "recall:patterns=3"},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		config := ofSystem(t, c.system, c.task, 10)
		if strings.Contains(want, "no epochs") {
			config.Steps = 0
		}
		f := take(t, dir)
		r, _, err := Begin(device(t), misfits(), f, config, Record{})
		if err == nil {
			if err := r.Train(t.Context(), nil); err != nil {
				t.Error(err)
			}
			r.Close()
		}
		f.Close()
		if want == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s on %s: %v, want %q", c.system, c.task, err, want)
		}
		if _, e := os.Stat(dir); err != nil && e == nil {
			t.Errorf("%s on %s left a folder", c.system, c.task)
		}
	}
}

// TestSystemRefusals: a checkpoint of other settings or learners is not gone on with, it is said what differs, and nothing is
// touched.
func TestSystemRefusals(t *testing.T) {
	c := ofSystem(t, "rflo:units=8", "sines:period=5", 20)
	dir := filepath.Join(t.TempDir(), "run")
	r := start(t, c, dir)
	if err := r.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	model, _, err := LastModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	state, config := filepath.Join(filepath.Dir(model), StateFile), filepath.Join(dir, ConfigFile)
	other := start(t, ofSystem(t, "rflo:units=9", "sines:period=5", 20), filepath.Join(t.TempDir(), "other"))
	if err := other.Train(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	otherModel, _, err := LastModel(other.Folder.Dir)
	if err != nil {
		t.Fatal(err)
	}
	was := map[string][]byte{}
	for _, path := range []string{model, state, config, filepath.Join(dir, MetricsFile), filepath.Join(dir, RecordFile)} {
		if was[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	swap := func(path, with string) func() error {
		return func() error {
			text, err := os.ReadFile(with)
			if err != nil {
				return err
			}
			return os.WriteFile(path, text, 0o666)
		}
	}
	for want, change := range map[string]func() error{
		"system rflo:units=8, not rflo:units=9":     func() error { return swapConfig(dir, "units=8", "units=9") },
		"system rflo:units=8, not chl":              func() error { return swapConfig(dir, "rflo:units=8", "chl") },
		"task sines:period=5, not sines:period=10":  func() error { return swapConfig(dir, "period=5", "period=10") },
		"is of 2 learners, and config.toml says 1":  func() error { return swapConfig(dir, "learners = 2", "learners = 1") },
		"hebb export writes the model of one":       func() error { return swapConfig(dir, "learners = 2", "learners = 3") },
		"config.toml: 0 learners, want at least 1":  func() error { return swapConfig(dir, "learners = 2", "learners = 0") },
		"system rflo:units=9, not rflo:units=8":     swap(state, filepath.Join(filepath.Dir(otherModel), StateFile)),
		"is of another system: ":                    swap(model, otherModel),
		"of 2 learners, want 1: hebb export writes": nil,
	} {
		for path, text := range was {
			if err := os.WriteFile(path, text, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if change == nil { // a run of one learner, from the model of two
			one := c
			one.Learners = 1
			_, _, err = Begin(device(t), names, take(t, filepath.Join(t.TempDir(), "one")), one, Record{From: model})
		} else {
			if err := change(); err != nil {
				t.Fatal(err)
			}
			_, _, err = Resume(device(t), names, dir, nil)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		for _, name := range []string{MetricsFile, RecordFile} {
			path := filepath.Join(dir, name)
			if text, err := os.ReadFile(path); err != nil || !bytes.Equal(text, was[path]) {
				t.Errorf("%s: %s was changed: %v", want, name, err)
			}
		}
	}
}

// TestAdditions: what a program adds to the names trains, is kept in a folder and goes on as what is there already.
func TestAdditions(t *testing.T) {
	all := misfits()
	c := ofSystem(t, "misfit", "misfit", 8)
	r, _, err := Begin(device(t), all, take(t, filepath.Join(t.TempDir(), "run")), c, Record{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	stopAt(t, r, 7, "test")
	r.Close()
	again, _, err := Resume(device(t), all, r.Folder.Dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if done, total := again.Steps(); done != 7 || total != 8 {
		t.Error(fmt.Sprint(done, " of ", total, " steps, want 7 of 8"))
	}
}

// TestOtherSource: a run does not go on with another program, or with other photographs, than it learned from.
func TestOtherSource(t *testing.T) {
	dir := t.TempDir()
	program, folder := filepath.Join(dir, "program.txt"), filepath.Join(dir, "photographs")
	must.Do(t, os.Mkdir(folder, 0o755))
	text := func(s string) func() { return func() { must.Do(t, os.WriteFile(program, []byte(s), 0o644)) } }
	photograph := func(seed uint64) func() {
		return func() {
			r, m := rand.New(rand.NewPCG(seed, 1)), image.NewGray(image.Rect(0, 0, 40, 40))
			for i := range m.Pix {
				m.Pix[i] = byte(r.IntN(256))
			}
			var b bytes.Buffer
			must.Do(t, png.Encode(&b, m))
			must.Do(t, os.WriteFile(filepath.Join(folder, "a.png"), b.Bytes(), 0o644))
		}
	}
	for _, c := range []struct {
		system, task  string
		before, after func()
		want          string
	}{
		{"logic", "clauses:program=" + program, text("a <- b\nb <-\n"), text("a <- b\n<- b\n"), "program text, checksum"},
		{"nonlinear:units=3", "patches:size=4,places=100,take=30,batch=10,keep=8", photograph(1), photograph(2), "photographs, checksum"},
	} {
		c.before()
		config := ofSystem(t, c.system, c.task, 8)
		if strings.HasPrefix(c.task, PatchesTask) {
			config.Data = folder
		}
		r := start(t, config, filepath.Join(t.TempDir(), "run"))
		must.Do(t, r.Train(t.Context(), nil))
		must.Do(t, r.Close())
		for _, changed := range []bool{true, false} {
			if c.before(); changed {
				c.after()
			}
			again, _, err := Resume(device(t), names, r.Folder.Dir, func(c *Config) { c.Steps = 12 })
			if changed && (!errors.Is(err, nets.ErrSource) || !errors.As(err, &ConfigError{}) || !strings.Contains(err.Error(), c.want)) || !changed && err != nil {
				t.Errorf("%s, changed %t: %v, want %q if it is", c.task, changed, err, c.want)
			}
			if err == nil {
				must.Do(t, again.Close())
			}
		}
	}
}

// TestLayersOnly: a run that ends before the output layer has its turn says so.
func TestLayersOnly(t *testing.T) {
	for steps, want := range map[int]bool{20: true, 21: false} {
		c := Default
		c.Data, c.Net, c.Rule, c.Batch, c.Steps = images(t, 48, 16, 8), "softhebb-dense:4-3", "softhebb:steps=10", 8, steps
		r := start(t, c, filepath.Join(t.TempDir(), "run"))
		if said := strings.Join(r.Notes, "\n"); want != strings.Contains(said, "for 20 steps, one after another, and the run has 20") {
			t.Errorf("%d steps: %q", steps, said)
		}
	}
}
