package train

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/gofrs/flock"

	"hebb/compute"
	"hebb/internal/atomicfile"
	"hebb/nets/catalogue"
	"hebb/nets/spread"
)

// A Folder keeps a run: config.toml, what was asked for; run.json, by what it was made; metrics.jsonl, a line
// for each measurement; and checkpoints. Of several processes one has it, see [Take]; others may read its files. Where several
// make the run together, it is that of rank 0, see [Shared].
type Folder struct {
	Dir     string
	metrics *os.File
	lock    *flock.Flock // nil on a file system without locks
	made    []string     // folders that Take made
	closed  bool
	world   spread.World // that the folder is shared in; or nil
}

// Names of the files of a run.
const (
	ConfigFile  = "config.toml"
	RecordFile  = "run.json"
	MetricsFile = "metrics.jsonl"
)

// A Record says by what a run was made.
type Record struct {
	Version    string         `json:"version"` // of hebb
	Go         string         `json:"go"`
	Started    time.Time      `json:"started"`
	Resumed    []time.Time    `json:"resumed,omitempty"`
	Device     compute.Info   `json:"device"`
	DataPath   string         `json:"data_path"`            // absolute, where a hebb before this has not written it
	Origin     *Origin        `json:"trained_on,omitempty"` // nil of a task without data, and of a hebb before this
	Examples   int            `json:"examples"`
	Parameters int            `json:"parameters"`
	From       string         `json:"from,omitempty"` // weights that it started with
	Verified   *compute.Tally `json:"verified,omitempty"`
}

// Begin prepares a new run on dev, in a folder that was taken and holds none. Of the record, Version and Started are the
// caller's, and From, if there is one, is a file of weights to start from. The folder is closed with the run or, after an
// error, by the caller.
func Begin(dev *compute.Device, names *catalogue.Catalogue, f *Folder, c Config, rec Record) (*Run, Record, error) {
	if err := spread.Agree(f.world, f.Vacant()); err != nil {
		return nil, rec, err
	}
	r, err := prepare(f.world, dev, names, c, Record{}, "", 0)
	if err != nil {
		return nil, rec, err
	}
	if rec.From != "" {
		err = spread.Agree(f.world, r.loadFrom(rec.From))
	}
	if err == nil {
		err = r.alike()
	}
	if err == nil {
		rec.Go, rec.Device, rec.Parameters = runtime.Version(), dev.Info(), r.Session.Parameters()
		if r.Set != nil {
			rec.Examples = r.Examples()
		}
		err = spread.Agree(f.world, errors.Join(r.locate(&rec), f.create(c, rec)))
	}
	if err != nil {
		r.Close()
		return nil, rec, err
	}
	r.Folder = f
	return r, rec, nil
}

// locate puts into the record what the data are, and where.
func (r *Run) locate(rec *Record) (err error) {
	if rec.Origin = r.Origin; r.Path != "" {
		rec.DataPath, err = filepath.Abs(r.Path)
	}
	if err == nil && rec.From != "" {
		rec.From, err = filepath.Abs(rec.From)
	}
	return err
}

// create writes the first files of a new run.
func (f *Folder) create(c Config, rec Record) error {
	if !f.mine() {
		return nil
	}
	if err := f.Vacant(); err != nil {
		return err
	}
	if err := os.MkdirAll(f.path(CheckpointsDir), 0o777); err != nil {
		return err
	}
	err := errors.Join(f.WriteRecord(rec), f.WriteConfig(c))
	_, failed := f.open(0)
	return errors.Join(err, failed)
}

// WriteConfig replaces the config.
func (f *Folder) WriteConfig(c Config) error {
	text, err := c.text()
	if err != nil {
		return err
	}
	return f.replace(ConfigFile, text)
}

// reopen takes the folder of a run that is to go on, for the processes of a world.
func reopen(w spread.World, dir string) (f *Folder, c Config, rec Record, err error) {
	if _, err = RunConfig(dir); !errors.Is(err, ErrNoRun) {
		err = nil
	} else if w != nil && w.Rank() > 0 {
		err = fmt.Errorf("%w: every rank reads the run, want a folder that all hosts see", err)
	}
	if err = spread.Agree(w, err); err != nil {
		return nil, c, rec, err
	}
	if w == nil || w.Rank() == 0 {
		f, err = Take(dir)
	}
	if f, err = Shared(w, f, err); err != nil {
		return nil, c, rec, err
	}
	f.Dir = dir
	if c, err = ReadConfig(f.path(ConfigFile), Config{}); err == nil {
		rec, err = ReadRecord(dir)
	}
	if err != nil {
		err = ConfigError{err}
	}
	if err = spread.Agree(w, err); err != nil {
		return nil, c, rec, errors.Join(err, f.Close())
	}
	return f, c, rec, nil
}

// ReadConfig reads a Config over what c holds. A key that there is not is an error, and so is the file of a run, which is read
// over nothing, if its last key is not there.
func ReadConfig(path string, c Config) (Config, error) {
	ofRun := c == Config{}
	known, err := toml.DecodeFile(path, &c)
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if extra := known.Undecoded(); len(extra) > 0 {
		return c, fmt.Errorf("%s: no setting is called %s", path, extra[0])
	}
	if ofRun && !known.IsDefined("save_every") {
		return c, fmt.Errorf("%s is cut short: want all settings of a run, up to save_every", path)
	}
	if known.IsDefined("learners") && c.Learners < 1 {
		return c, fmt.Errorf("%s: %d learners, want at least 1", path, c.Learners)
	}
	if known.IsDefined("micro") && c.Micro < 1 {
		return c, fmt.Errorf("%s: micro %d, want at least 1", path, c.Micro)
	}
	return c.whole(), nil
}

// ReadRecord reads the record of a run.
func ReadRecord(dir string) (rec Record, err error) {
	path := filepath.Join(dir, RecordFile)
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &rec)
	}
	if err != nil {
		return rec, fmt.Errorf("%s: %w", path, err)
	}
	return rec, nil
}

// WriteRecord replaces the record.
func (f *Folder) WriteRecord(rec Record) error {
	text, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return err
	}
	return f.replace(RecordFile, append(text, '\n'))
}

func (f *Folder) path(name string) string { return filepath.Join(f.Dir, name) }

// replace writes a file that appears whole or not at all. After an error, what was there before is as it was.
func (f *Folder) replace(name string, text []byte) error {
	if !f.mine() {
		return nil
	}
	if err := f.lost(); err != nil {
		return err
	}
	return atomicfile.Write(f.path(name), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// open opens the metrics, without the lines after a step: those of steps that will be made again, and one
// that was cut. It returns the lines that there are.
func (f *Folder) open(step int) (lines []Line, err error) {
	lines, err = ReadMetrics(f.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	lines = slices.DeleteFunc(lines, func(l Line) bool { return l.Step > step })
	if !f.mine() {
		return lines, nil
	}
	var text bytes.Buffer
	for _, l := range lines {
		if err := encode(&text, l); err != nil {
			return nil, err
		}
	}
	if err := f.replace(MetricsFile, text.Bytes()); err != nil {
		return nil, err
	}
	f.metrics, err = os.OpenFile(f.path(MetricsFile), os.O_APPEND|os.O_WRONLY, 0o644)
	return lines, err
}

// recall finds in the metrics how long the run has been trained so far, which evaluation was the best, and which
// learners are lost.
func (r *Run) recall(lines []Line) {
	most := 0.0
	for _, l := range lines {
		most = max(most, l.Seconds)
	}
	r.spent, r.best = time.Duration(most*float64(time.Second)), bestOf(r.Config.KeepBest, lines)
	for learner, why := range lostIn(lines) {
		r.Session.GiveUp(learner, errors.New(why))
		r.told[learner] = true
	}
	r.ended = endingOf(lines)
}

func encode(b *bytes.Buffer, l Line) error {
	text, err := json.Marshal(l)
	b.Write(append(text, '\n'))
	return err
}

// append writes a line of metrics.
func (f *Folder) append(l Line) error {
	if !f.mine() {
		return nil
	}
	var b bytes.Buffer
	if err := encode(&b, l); err != nil {
		return err
	}
	_, err := f.metrics.Write(b.Bytes())
	return err
}

// ReadMetrics reads the metrics of a run; where a run was killed in mid-line, all lines before that.
func ReadMetrics(dir string) (lines []Line, err error) {
	path := filepath.Join(dir, MetricsFile)
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<24)
	for n := 1; s.Scan(); n++ {
		var l Line
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			if !s.Scan() {
				return lines, nil
			}
			return lines, fmt.Errorf("%s: line %d: %w", path, n, err)
		}
		lines = append(lines, l)
	}
	return lines, s.Err()
}
