package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"hebb/compute"
	"hebb/internal/atomicfile"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/data"
	"hebb/nets/safetensors"
	"hebb/nets/spread"
)

// A checkpoint is a folder, checkpoints/step-N, of two files: the network, as PyTorch would keep it, and what
// else is needed to go on. It is made under another name, brought to the disk and renamed, so it is there
// whole or not at all; the one before it is kept.
const (
	CheckpointsDir = "checkpoints"
	stepPrefix     = "step-"
	ModelFile      = "model.safetensors"
	StateFile      = "state.safetensors"
	kept           = 2
)

// Save writes a checkpoint of the run as it is, if it has a folder. Parameters that are not finite are an error, and not
// saved.
func (r *Run) Save() error {
	if r.Folder == nil {
		return nil
	}
	if err := errors.Join(r.Session.Settle(), r.Session.Sound()); err != nil {
		return err
	}
	if err := r.agreed(r.Folder.lost()); err != nil {
		return err
	}
	if err := r.tellLost(); err != nil {
		return err
	}
	c, err := r.checkpoint()
	if err != nil {
		return err
	}
	if r.Folder.mine() {
		err = c.write(r.Folder.path(CheckpointsDir))
	}
	if err = r.agreed(err); err != nil {
		return fmt.Errorf("checkpoint at step %d: %w", c.step, err)
	}
	if r.Folder.mine() {
		r.prune()
	}
	return nil
}

// contents are those of a checkpoint.
type contents struct {
	step              int
	model, state      []safetensors.Tensor
	ofModel, ofStates map[string]string
}

// checkpoint reads what a checkpoint of the run as it is consists of. It is an error if it is not the same on all processes.
func (r *Run) checkpoint() (c contents, err error) {
	c.step, _ = r.Steps()
	model, state := r.tensors()
	all := append(slices.Clone(model), state...)
	values, err := r.Session.Read(all)
	if err != nil {
		return c, err
	}
	if err := r.same(all, values); err != nil {
		return c, fmt.Errorf("no checkpoint of step %d: %w", c.step, err)
	}
	c.model, c.ofModel, err = r.asModel(model, values[:len(model)])
	if err != nil {
		return c, err
	}
	for i, t := range state {
		c.state = append(c.state, safetensors.Tensor{Name: t.Name, Shape: r.of(t.Shape), Data: values[len(model)+i]})
	}
	c.ofStates, err = r.about(c.step)
	return c, err
}

// write makes the checkpoint in a folder, unless there is that of this very step.
func (c contents) write(dir string) error {
	final := checkpoint(dir, c.step)
	if _, err := os.Lstat(final); err == nil {
		return nil
	}
	tmp := filepath.Join(dir, fmt.Sprintf(".unfinished-%d", os.Getpid()))
	if err := errors.Join(os.RemoveAll(tmp), os.Mkdir(tmp, 0o777)); err != nil {
		return err
	}
	defer os.RemoveAll(tmp) // of nothing, once it has its name
	if err := safetensors.WriteFile(filepath.Join(tmp, ModelFile), c.model, c.ofModel); err != nil {
		return err
	}
	if err := safetensors.WriteFile(filepath.Join(tmp, StateFile), c.state, c.ofStates); err != nil {
		return err
	}
	if err := atomicfile.SyncDir(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, final); err != nil {
		return err
	}
	return atomicfile.SyncDir(dir)
}

// checkpoint returns the name of that of a step.
func checkpoint(dir string, step int) string {
	return filepath.Join(dir, fmt.Sprintf("%s%09d", stepPrefix, step))
}

// prune removes all checkpoints but the last few and the best, if that is kept, or unless all are, and what a killed run left unfinished.
// What cannot be removed now, as on Windows a file that another process reads, can be next time, and is no reason to end a
// run.
func (r *Run) prune() {
	dir := r.Folder.path(CheckpointsDir)
	steps, _ := list(dir)
	for i, s := range steps[:max(0, len(steps)-kept)] {
		if !r.Config.KeepAll && s.step != r.best.step && !r.spared(steps, i) {
			os.RemoveAll(s.path)
		}
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".unfinished-*"))
	for _, path := range left {
		os.RemoveAll(path)
	}
}

// A saved is a checkpoint on the disk.
type saved struct {
	step int
	path string
}

// list returns the checkpoints in a folder, the last one last.
func list(dir string) (all []saved, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if n, ok := strings.CutPrefix(e.Name(), stepPrefix); ok {
			if step, err := strconv.Atoi(n); err == nil {
				all = append(all, saved{step, filepath.Join(dir, e.Name())})
			}
		}
	}
	slices.SortFunc(all, func(a, b saved) int { return a.step - b.step })
	return all, nil
}

// about is what the state's file says beside tensors.
func (r *Run) about(step int) (map[string]string, error) {
	about, c := map[string]string{"step": strconv.Itoa(step)}, r.Config
	if c.Steps > 0 {
		c.Epochs = 0 // which are idle, and not in the config of a run that was resumed
	}
	for key, v := range map[string]any{"config": c, "counters": r.Session.Counters(), "spec": r.Session.Spec} {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		about[key] = string(text)
	}
	return about, nil
}

// tensors are those of the model's file, which answers need, and all others.
func (r *Run) tensors() (model, state []nets.Named) {
	for _, t := range r.Session.Tensors() {
		if t.Role == nets.State || t.Aside || strings.HasPrefix(t.Name, "task.") {
			state = append(state, t)
		} else {
			model = append(model, t)
		}
	}
	return model, state
}

// of is a shape for the learners of the run: of several it has an axis for them.
func (r *Run) of(shape []int) []int {
	if r.Session.Learners == 1 {
		return shape
	}
	return append([]int{r.Session.Learners}, shape...)
}

const tracked = ".num_batches_tracked"

// SaveModel writes what answers need under the names, shapes and order of PyTorch; of several learners each tensor has an
// axis for them, as torch.func.stack_module_state has it.
func (r *Run) SaveModel(path string) error {
	named, _ := r.tensors()
	values, err := r.Session.Read(named)
	if err != nil {
		return err
	}
	out, about, err := r.asModel(named, values)
	if err != nil {
		return err
	}
	return safetensors.WriteFile(path, out, about)
}

// asModel returns what SaveModel writes of tensors with their values.
func (r *Run) asModel(named []nets.Named, values [][]float32) (out []safetensors.Tensor, about map[string]string, err error) {
	done, _ := r.Steps()
	for i, t := range named {
		out = append(out, safetensors.Tensor{Name: t.Name, Shape: r.of(t.TorchShape()), Data: t.ToTorch(values[i])})
		if norm, ok := strings.CutSuffix(t.Name, ".running_mean"); ok {
			out = append(out, safetensors.Tensor{Name: norm + tracked, Shape: r.of(nil), Ints: slices.Repeat([]int64{int64(done)}, r.Session.Learners)})
		}
	}
	about = map[string]string{"format": "pt", "net": r.Config.Net, "loss": r.Config.Loss}
	if r.Config.System != "" {
		about = map[string]string{"format": "pt", "system": r.Config.System}
	}
	if r.Origin != nil {
		text, err := json.Marshal(r.Origin)
		if err != nil {
			return nil, nil, err
		}
		about[originKey] = string(text)
	}
	return out, about, nil
}

// loadFrom reads a model to start from. Classes in another order than its own are no error, since a last layer may be
// learned anew, and noted.
func (r *Run) loadFrom(path string) error {
	if err := r.LoadModel(path); err != nil {
		return err
	}
	o, err := ModelOrigin(path)
	if err == nil && o != nil && r.Origin != nil && !slices.Equal(o.names(), r.Origin.names()) {
		r.Notes = append(r.Notes, fmt.Sprintf("%s learned the classes %s, and the data have %s: its outputs are taken by number",
			path, strings.Join(o.names(), ", "), strings.Join(r.Origin.names(), ", ")))
	}
	return err
}

// LoadModel reads a model that SaveModel or PyTorch wrote. It changes nothing unless every tensor is there and fits, but for
// optional ones, see [nets.Store.Optional].
func (r *Run) LoadModel(path string) error {
	model, _ := r.tensors()
	return r.load(path, model, true)
}

// loadModel is LoadModel of a file that is open.
func (r *Run) loadModel(path string, f *safetensors.File) error {
	model, _ := r.tensors()
	return r.loadOpen(path, f, model, true)
}

// load reads the wanted tensors of a file, and takes no others.
func (r *Run) load(path string, want []nets.Named, torch bool) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return r.loadOpen(path, f, want, torch)
}

func (r *Run) loadOpen(path string, f *safetensors.File, want []nets.Named, torch bool) error {
	want = slices.DeleteFunc(slices.Clone(want), func(t nets.Named) bool {
		return t.Optional && !slices.ContainsFunc(f.Tensors, func(i safetensors.Info) bool { return i.Name == t.Name })
	})
	if err := r.fits(f, want, torch); err != nil {
		what := "network or rule"
		if r.Config.System != "" {
			what = "system"
		}
		return ConfigError{fmt.Errorf("%s is of another %s: %w", path, what, err)}
	}
	values := make([][]float32, len(want))
	for i, t := range want {
		x, err := f.Read(t.Name)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if values[i] = x.Data; x.Data == nil {
			return fmt.Errorf("%s: %s holds no floating-point numbers", path, t.Name)
		}
		if torch {
			values[i] = t.FromTorch(x.Data)
		}
	}
	return r.Session.Write(want, values)
}

// fits reports the first tensor that is missing, of another shape, or too much.
func (r *Run) fits(f *safetensors.File, want []nets.Named, torch bool) error {
	there := map[string][]int{}
	for _, t := range f.Tensors {
		there[t.Name] = t.Shape
	}
	for _, t := range want {
		shape := t.Shape
		if torch {
			shape = t.TorchShape()
		}
		found, ok := there[t.Name]
		if !ok {
			return fmt.Errorf("it has no %s", t.Name)
		}
		if of := r.of(shape); !slices.Equal(found, of) {
			if len(found) == len(shape)+1 && slices.Equal(found[1:], shape) {
				return fmt.Errorf("%s is %v, of %d learners, want %d: hebb export writes the model of one", t.Name, found, found[0], r.Session.Learners)
			}
			return fmt.Errorf("%s is %v, want %v", t.Name, found, of)
		}
		delete(there, t.Name)
	}
	for _, t := range f.Tensors {
		_, more := there[t.Name]
		if loss := f.Metadata["loss"]; more && loss != "" && loss != r.Config.Loss && torch {
			return fmt.Errorf("it has %s: it was trained by the loss %s", t.Name, loss)
		}
		if more && !(torch && strings.HasSuffix(t.Name, tracked)) {
			return fmt.Errorf("it has %s, which there is no place for", t.Name)
		}
	}
	return nil
}

// Resume goes on with the run in a folder, from its last checkpoint or, if it has none, from the start. change, if there
// is one, may ask for more epochs, steps or patience, and say where the data are now, which have to be the same. The
// folder is that of this process until the run is closed, see [Take].
func Resume(dev *compute.Device, names *catalogue.Catalogue, dir string, change func(*Config)) (*Run, Record, error) {
	return ResumeIn(nil, dev, names, dir, change)
}

// ResumeIn is Resume by the processes of a world, however many made the run before. All of them read the folder.
func ResumeIn(w spread.World, dev *compute.Device, names *catalogue.Catalogue, dir string, change func(*Config)) (*Run, Record, error) {
	f, was, rec, err := reopen(w, dir)
	if err != nil {
		return nil, rec, err
	}
	r, err := f.resume(dev, names.Lenient(), was, &rec, change)
	if err != nil {
		return nil, rec, errors.Join(err, f.Close())
	}
	return r, rec, nil
}

func (f *Folder) resume(dev *compute.Device, names *catalogue.Catalogue, was Config, rec *Record, change func(*Config)) (*Run, error) {
	config, at := was, ""
	if change != nil {
		change(&config)
	}
	if config.Data != was.Data { // they have moved, which the record will say
		config.Data, at = was.Data, config.Data
	}
	all, err := list(f.path(CheckpointsDir))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err = spread.Agree(f.world, err); err != nil {
		return nil, err
	}
	step := 0
	if len(all) > 0 {
		step = all[len(all)-1].step
	}
	r, err := prepare(f.world, dev, names, config, *rec, at, step)
	if errors.Is(err, data.ErrNoData) {
		err = fmt.Errorf("%w; --data PATH says where they are now", err)
	}
	if other := (contentError{}); at != "" && errors.As(err, &other) {
		err = ConfigError{err}
	}
	if err != nil {
		return nil, err
	}
	if at != "" && rec.Origin == nil {
		r.Notes = append(r.Notes, fmt.Sprintf("the run was begun by a hebb that kept no checksum of its data: %s may hold others", at))
	}
	if err = spread.Agree(f.world, r.back(all, was)); err == nil {
		err = r.alike()
	}
	if err == nil {
		rec.Resumed = append(rec.Resumed, time.Now())
		err = spread.Agree(f.world, r.reenter(f, config, rec, step))
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	r.Folder = f
	return r, nil
}

// back sets the run to the last of its checkpoints, if there is one.
func (r *Run) back(all []saved, was Config) error {
	step := 0
	if len(all) > 0 {
		last := all[len(all)-1]
		if err := r.restore(last, was); err != nil {
			return fmt.Errorf("the last checkpoint cannot be used%s: %w", before(all), err)
		}
		step = last.step
	}
	return r.longer(was, step)
}

// reenter writes down that the run goes on after a step, and reads what it told before.
func (r *Run) reenter(f *Folder, config Config, rec *Record, step int) error {
	lines, err := f.open(step)
	if err = errors.Join(r.locate(rec), err, f.WriteConfig(config), f.WriteRecord(*rec)); err != nil {
		return err
	}
	r.recall(lines)
	return nil
}

// before advises what to do about a last checkpoint that is damaged, if there is one before it.
func before(all []saved) string {
	if len(all) < 2 {
		return ""
	}
	last := all[len(all)-1].path
	return fmt.Sprintf(" (if it is damaged, move %s elsewhere, and the run goes on from step %d)", last, all[len(all)-2].step)
}

// longer reports a run that is to end before the step that it has reached, and notes a learning rate that does not go on
// where it was: a schedule is over the whole run.
func (r *Run) longer(was Config, step int) error {
	s, before := r.Session, was.Steps
	if before == 0 {
		before = was.Epochs * s.Spec.Epoch
	}
	if s.Total() < step {
		return ConfigError{fmt.Errorf("the run has made %d steps, and is to have %d: want at least as many", step, s.Total())}
	}
	per := float64(max(s.Spec.Epoch, 1))
	if then, now := s.Rate*s.Schedule.Rate(s.EpochsMade(), float64(before)/per), s.RateNow(); then != now {
		r.Notes = append(r.Notes, fmt.Sprintf("the schedule is spread over %d steps instead of %d: the rate goes on at %.3g, where it was %.3g, "+
			"and not as in a run that was as long from its start", s.Total(), before, now, then))
	}
	return nil
}

// restore sets the run to a checkpoint.
func (r *Run) restore(c saved, was Config) error {
	path := filepath.Join(c.path, StateFile)
	counters, err := r.matches(path, c.step, was)
	if err != nil {
		return err
	}
	if err := r.LoadModel(filepath.Join(c.path, ModelFile)); err != nil {
		return err
	}
	_, state := r.tensors()
	if counters == nil { // of a version that kept the optimiser's state in one piece
		counters, err = r.restoreOld(path, state, c.step)
	} else {
		err = r.load(path, state, false)
	}
	if err != nil {
		return err
	}
	if err = r.Session.Continue(c.step, counters); errors.Is(err, nets.ErrSource) {
		return ConfigError{err}
	}
	return err
}

// Differences returns the settings of which two Configs say different things, as text; those that a run has no use for do not
// count.
func Differences(a, b Config) string { return differences(a.whole(), b.whole()) }

// differences are the settings of which two Configs say different things.
func differences(a, b Config) string {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	var all []string
	for i := range x.NumField() {
		if p, q := x.Field(i).Interface(), y.Field(i).Interface(); p != q {
			all = append(all, fmt.Sprintf("%s %v, not %v", x.Type().Field(i).Tag.Get("toml"), p, q))
		}
	}
	return strings.Join(all, "; ")
}

// matches reports a checkpoint of another step or Config, and returns its counters.
func (r *Run) matches(path string, step int, was Config) (counters map[string]int64, err error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if found := f.Metadata["step"]; found != strconv.Itoa(step) {
		return nil, fmt.Errorf("%s is of step %q, want %d", path, found, step)
	}
	var c Config
	if err := json.Unmarshal([]byte(f.Metadata["config"]), &c); err != nil {
		return nil, fmt.Errorf("%s: its config: %w", path, err)
	}
	c = c.whole()
	c.Epochs, c.Steps = was.Epochs, was.Steps                                     // a run may have been made longer
	c.LogEvery, c.SaveEvery, c.KeepAll = was.LogEvery, was.SaveEvery, was.KeepAll // which change no bit
	c.Patience = was.Patience
	if c.Learners != was.Learners {
		return nil, fmt.Errorf("%s is of %d learners, and %s says %d: a run keeps its learners; hebb export writes the model of one", path, c.Learners, ConfigFile, was.Learners)
	}
	if c != was {
		return nil, fmt.Errorf("%s was made by another config than %s: %s", path, ConfigFile, differences(c, was))
	}
	if text := f.Metadata["counters"]; text != "" {
		if err := json.Unmarshal([]byte(text), &counters); err != nil {
			return nil, fmt.Errorf("%s: its counters: %w", path, err)
		}
	}
	return counters, nil
}
