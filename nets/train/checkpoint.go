package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"hebb/compute"
	"hebb/nets/stack"
	"hebb/nets/safetensors"
)

// A checkpoint is a folder, checkpoints/step-N, of two files: the network, as PyTorch would keep it, and what
// else is needed to go on. It is made under another name, brought to the disk and renamed, so it is there
// whole or not at all; the one before it is kept.
const (
	checkpoints = "checkpoints"
	stepPrefix  = "step-"
	ModelFile   = "model.safetensors"
	StateFile   = "state.safetensors"
	kept        = 2
)

// Save writes a checkpoint of the run as it is, if it has a folder. Parameters that are not finite are an error, and not
// saved.
func (r *Run) Save() error {
	if r.Folder == nil {
		return nil
	}
	if err := r.Trainer.Sound(); err != nil {
		return err
	}
	done, _ := r.Steps()
	dir := r.Folder.path(checkpoints)
	final := filepath.Join(dir, fmt.Sprintf("%s%09d", stepPrefix, done))
	if _, err := os.Lstat(final); err == nil {
		return nil // of this very step
	}
	if err := r.save(dir, final, done); err != nil {
		return fmt.Errorf("checkpoint at step %d: %w", done, err)
	}
	return r.prune()
}

func (r *Run) save(dir, final string, step int) error {
	tmp := filepath.Join(dir, fmt.Sprintf(".unfinished-%d", os.Getpid()))
	if err := errors.Join(os.RemoveAll(tmp), os.Mkdir(tmp, 0o777)); err != nil {
		return err
	}
	defer os.RemoveAll(tmp) // of nothing, once it has its name
	if err := r.SaveModel(filepath.Join(tmp, ModelFile)); err != nil {
		return err
	}
	state, err := r.read(r.state())
	if err != nil {
		return err
	}
	config, err := json.Marshal(r.Config)
	if err != nil {
		return err
	}
	about := map[string]string{"step": strconv.Itoa(step), "config": string(config)}
	if err := safetensors.WriteFile(filepath.Join(tmp, StateFile), state, about); err != nil {
		return err
	}
	if err := syncDir(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, final); err != nil {
		return err
	}
	return syncDir(dir)
}

// prune removes all checkpoints but the last few, and what a killed run left unfinished.
func (r *Run) prune() error {
	dir := r.Folder.path(checkpoints)
	steps, err := list(dir)
	if err != nil {
		return err
	}
	for _, s := range steps[:max(0, len(steps)-kept)] {
		if err := os.RemoveAll(s.path); err != nil {
			return err
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, ".unfinished-*"))
	for _, path := range left {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
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

// state is what a network has beside what PyTorch keeps.
func (r *Run) state() (all []stack.Named) {
	for _, t := range r.Net.Tensors() {
		if t.Aside() {
			all = append(all, t)
		}
	}
	return append(all, r.Trainer.State()...)
}

// read brings tensors from the device, as they lie there.
func (r *Run) read(all []stack.Named) (out []safetensors.Tensor, err error) {
	err = r.Net.Device().Step(func(s *compute.Step) error {
		for _, t := range all {
			x := make([]float32, t.Value.Len())
			s.Read(t.Value, x)
			out = append(out, safetensors.Tensor{Name: t.Name, Shape: t.Value.Shape(), Data: x})
		}
		return nil
	})
	return out, err
}

const tracked = ".num_batches_tracked"

// SaveModel writes the network under the names, shapes and order of PyTorch.
func (r *Run) SaveModel(path string) error {
	done, _ := r.Steps()
	var model []safetensors.Tensor
	var named []stack.Named
	for _, t := range r.Net.Tensors() {
		if !t.Aside() {
			named = append(named, t)
		}
	}
	raw, err := r.read(named)
	if err != nil {
		return err
	}
	for i, t := range named {
		model = append(model, safetensors.Tensor{Name: t.Name, Shape: t.TorchShape(), Data: t.ToTorch(raw[i].Data)})
		if norm, ok := strings.CutSuffix(t.Name, ".running_mean"); ok {
			model = append(model, safetensors.Tensor{Name: norm + tracked, Ints: []int64{int64(done)}})
		}
	}
	return safetensors.WriteFile(path, model, map[string]string{"format": "pt", "net": r.Config.Net})
}

// LoadModel reads a network that SaveModel or PyTorch wrote. It changes nothing unless every tensor is there and
// fits, but for [stack.OffsetName], which a network has that was trained by such a loss alone.
func LoadModel(net *stack.Net, path string) error {
	var want []stack.Named
	for _, t := range net.Tensors() {
		if !t.Aside() {
			want = append(want, t)
		}
	}
	return load(net, path, want, true)
}

// load reads the wanted tensors of a file, and takes no others.
func load(net *stack.Net, path string, want []stack.Named, torch bool) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if !slices.ContainsFunc(f.Tensors, func(t safetensors.Info) bool { return t.Name == stack.OffsetName }) {
		want = slices.DeleteFunc(slices.Clone(want), func(t stack.Named) bool { return t.Name == stack.OffsetName })
	}
	if err := fits(f, want, torch); err != nil {
		return fmt.Errorf("%s is of another network or rule: %w", path, err)
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
	return net.Device().Step(func(s *compute.Step) error {
		for i, t := range want {
			s.Write(t.Value, values[i])
		}
		return nil
	})
}

// fits reports the first tensor that is missing, of another shape, or too much.
func fits(f *safetensors.File, want []stack.Named, torch bool) error {
	there := map[string][]int{}
	for _, t := range f.Tensors {
		there[t.Name] = t.Shape
	}
	for _, t := range want {
		shape := t.Value.Shape()
		if torch {
			shape = t.TorchShape()
		}
		found, ok := there[t.Name]
		if !ok {
			return fmt.Errorf("it has no %s", t.Name)
		}
		if !slices.Equal(found, shape) {
			return fmt.Errorf("%s is %v, want %v", t.Name, found, shape)
		}
		delete(there, t.Name)
	}
	for name := range there {
		if name == stack.OffsetName {
			return fmt.Errorf("it has %s: it was trained by the loss hsic", name)
		}
		if !torch || !strings.HasSuffix(name, tracked) {
			return fmt.Errorf("it has %s, which there is no place for", name)
		}
	}
	return nil
}

// Resume goes on with the run in a folder, from its last checkpoint or, if it has none, from the start. change, if
// there is one, may ask for more epochs or steps.
func Resume(dev *compute.Device, dir string, change func(*Config)) (*Run, Record, error) {
	folder, config, rec, err := Reopen(dir)
	if err != nil {
		return nil, rec, err
	}
	was := config
	if change != nil {
		change(&config)
	}
	all, err := list(filepath.Join(dir, checkpoints))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, rec, err
	}
	r, err := New(dev, config)
	if err != nil {
		return nil, rec, err
	}
	step := 0
	if len(all) > 0 {
		last := all[len(all)-1]
		if err := r.restore(last, was); err != nil {
			r.Close()
			return nil, rec, fmt.Errorf("the last checkpoint cannot be used (remove its folder to go on from the one before): %w", err)
		}
		step = last.step
	}
	rec.Resumed = append(rec.Resumed, time.Now())
	if err := errors.Join(folder.open(step), folder.WriteConfig(config), folder.WriteRecord(rec)); err != nil {
		r.Close()
		return nil, rec, err
	}
	r.Folder = folder
	r.spent, err = folder.spent()
	return r, rec, err
}

// restore sets the run to a checkpoint.
func (r *Run) restore(c saved, was Config) error {
	if err := r.matches(filepath.Join(c.path, StateFile), c.step, was); err != nil {
		return err
	}
	if err := LoadModel(r.Net, filepath.Join(c.path, ModelFile)); err != nil {
		return err
	}
	if err := load(r.Net, filepath.Join(c.path, StateFile), r.state(), false); err != nil {
		return err
	}
	r.Trainer.Continue(uint64(c.step))
	return r.loader.Seek(c.step/r.perEpoch, c.step%r.perEpoch)
}

// matches reports a checkpoint of another step or Config.
func (r *Run) matches(path string, step int, was Config) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if found := f.Metadata["step"]; found != strconv.Itoa(step) {
		return fmt.Errorf("%s is of step %q, want %d", path, found, step)
	}
	var c Config
	if err := json.Unmarshal([]byte(f.Metadata["config"]), &c); err != nil {
		return fmt.Errorf("%s: its config: %w", path, err)
	}
	c = c.whole()
	c.Epochs, c.Steps = was.Epochs, was.Steps             // a run may have been made longer
	c.LogEvery, c.SaveEvery = was.LogEvery, was.SaveEvery // which change no bit
	if c != was {
		return fmt.Errorf("%s was made by another config than %s", path, ConfigFile)
	}
	return nil
}
