package train

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/BurntSushi/toml"

	"hebb/compute"
	"hebb/nets/catalogue"
)

// A Folder keeps a run: config.toml, what was asked for; run.json, by what it was made; metrics.jsonl, a line
// for each measurement; and checkpoints.
type Folder struct {
	Dir     string
	metrics *os.File
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
	DataPath   string         `json:"data_path"`
	Examples   int            `json:"examples"`
	Parameters int            `json:"parameters"`
	From       string         `json:"from,omitempty"` // weights that it started with
	Verified   *compute.Tally `json:"verified,omitempty"`
}

// Begin prepares a new run on dev and makes its folder. Of the record, Version and Started are the caller's, and From, if
// there is one, is a file of weights to start from.
func Begin(dev *compute.Device, names *catalogue.Catalogue, dir string, c Config, rec Record) (*Run, Record, error) {
	if err := Usable(dir); err != nil {
		return nil, rec, err
	}
	r, err := New(dev, names, c)
	if err != nil {
		return nil, rec, err
	}
	if rec.From != "" {
		err = r.LoadModel(rec.From)
	}
	if err == nil {
		rec.Go, rec.Device, rec.DataPath = runtime.Version(), dev.Info(), r.Path
		if rec.Parameters = r.Session.Parameters(); r.Set != nil {
			rec.Examples = r.Examples()
		}
		r.Folder, err = Create(dir, c, rec)
	}
	if err != nil {
		r.Close()
		return nil, rec, err
	}
	return r, rec, nil
}

// Usable reports why a folder cannot be that of a new run: it holds one, or cannot be written to. It leaves nothing
// behind.
func Usable(dir string) error {
	for _, name := range []string{ConfigFile, RecordFile} { // the latter alone was left by runs that could not go on
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("%s holds a run already (%s): choose another folder, or --resume it", dir, name)
		}
	}
	var made []string
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Lstat(d); err == nil || d == filepath.Dir(d) {
			break
		}
		made = append(made, d)
	}
	defer func() {
		for _, d := range made {
			os.Remove(d) // those that are not empty stay
		}
	}()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	probe, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// Create makes the folder of a new run. One that holds a run already is an error.
func Create(dir string, c Config, rec Record) (*Folder, error) {
	if err := Usable(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, CheckpointsDir), 0o777); err != nil {
		return nil, err
	}
	f := &Folder{Dir: dir}
	if err := f.WriteRecord(rec); err != nil {
		return nil, err
	}
	if err := f.WriteConfig(c); err != nil {
		return nil, err
	}
	return f, f.open(0)
}

// WriteConfig replaces the config.
func (f *Folder) WriteConfig(c Config) error {
	text, err := c.text()
	if err != nil {
		return err
	}
	return replace(f.path(ConfigFile), text)
}

// Reopen opens the folder of a run that is to go on.
func Reopen(dir string) (*Folder, Config, Record, error) {
	f := &Folder{Dir: dir}
	c, err := ReadConfig(f.path(ConfigFile), Config{})
	if err != nil {
		return nil, c, Record{}, err
	}
	rec, err := ReadRecord(dir)
	return f, c, rec, err
}

// ReadConfig reads a Config over what c holds. A key that there is not is an error.
func ReadConfig(path string, c Config) (Config, error) {
	known, err := toml.DecodeFile(path, &c)
	if err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if extra := known.Undecoded(); len(extra) > 0 {
		return c, fmt.Errorf("%s: no setting is called %s", path, extra[0])
	}
	if known.IsDefined("learners") && c.Learners < 1 {
		return c, fmt.Errorf("%s: %d learners, want at least 1", path, c.Learners)
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
	return replace(f.path(RecordFile), append(text, '\n'))
}

func (f *Folder) path(name string) string { return filepath.Join(f.Dir, name) }

// open opens the metrics, without the lines after a step: those of steps that will be made again, and one
// that was cut.
func (f *Folder) open(step int) error {
	lines, err := ReadMetrics(f.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	lines = slices.DeleteFunc(lines, func(l Line) bool { return l.Step > step })
	var text bytes.Buffer
	for _, l := range lines {
		if err := encode(&text, l); err != nil {
			return err
		}
	}
	if err := replace(f.path(MetricsFile), text.Bytes()); err != nil {
		return err
	}
	f.metrics, err = os.OpenFile(f.path(MetricsFile), os.O_APPEND|os.O_WRONLY, 0o644)
	return err
}

// spent is how long the run has been trained so far.
func (f *Folder) spent() (time.Duration, error) {
	lines, err := ReadMetrics(f.Dir)
	most := 0.0
	for _, l := range lines {
		most = max(most, l.Seconds)
	}
	return time.Duration(most * float64(time.Second)), err
}

func encode(b *bytes.Buffer, l Line) error {
	text, err := json.Marshal(l)
	b.Write(append(text, '\n'))
	return err
}

// append writes a line of metrics.
func (f *Folder) append(l Line) error {
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

// Close closes the metrics.
func (f *Folder) Close() error { return f.metrics.Close() }
