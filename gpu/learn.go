package gpu

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"hebb/compute"
	"hebb/internal/atomicfile"
)

// shipped holds the results of tuning that ship with hebb, one file a device.
//
//go:embed tuning
var shipped embed.FS

// A record is a file of results. A user's records lie in the user's folder, and take precedence over those that ship.
type record struct {
	Device  string    `json:"device"`
	Driver  string    `json:"driver"` // of the latest entry
	Date    string    `json:"date"`   // likewise
	Entries []finding `json:"entries"`
}

// A finding is the fastest way for products of one shape, whose sizes are powers of two.
type finding struct {
	Kind    string  `json:"kind"`
	Batch   int     `json:"batch"`
	M       int     `json:"m"`
	N       int     `json:"n"`
	K       int     `json:"k"`
	Way     string  `json:"way"`
	Seconds float64 `json:"seconds"` // of the measured op
	Tried   int     `json:"tried"`   // ways
}

func (e finding) shape() shape {
	return shape{e.Kind, ceilLog2(int32(e.Batch)), ceilLog2(int32(e.M)), ceilLog2(int32(e.N)), ceilLog2(int32(e.K))}
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// slug returns a device's name as a file's: "nvidia-h100-80gb-hbm3". In OpenGL's name of a device the interface follows
// a slash; slug drops it.
func slug(device string) string {
	name, _, _ := strings.Cut(device, "/")
	return strings.Trim(notInName.ReplaceAllString(strings.ToLower(name), "-"), "-")
}

// comesTuned reports whether results for a device ship with hebb.
func comesTuned(device string) bool {
	_, err := fs.Stat(shipped, path.Join("tuning", slug(device)+".json"))
	return err == nil
}

// findings holds what was learned, with its files: shipped, and in dir if that is not "".
type findings struct {
	dir, name string // the folder and the device's slug
	info      compute.Info
	learned   record
	unread    error // why the file in dir could not be read: it is not written over
	journal   journal
}

// recall fills known with the results learned on this device, here or where hebb was made. Files in dir only ever save
// time: one that cannot be read counts as missing, until there is something to [findings.keep].
func recall(dir string, info compute.Info, known map[shape]recipe) (*findings, error) {
	m := &findings{dir: dir, name: slug(info.Device), info: info}
	text, err := shipped.ReadFile(path.Join("tuning", m.name+".json"))
	if err == nil {
		err = addTo(known, text, new(record))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("gpu: tuning that ships with hebb: %w", err)
	}
	m.learned = record{Device: info.Device}
	if dir == "" {
		return m, nil
	}
	text, err = os.ReadFile(m.file())
	if err == nil {
		err = addTo(known, text, &m.learned)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.unread = err
	}
	m.journal.open(filepath.Join(dir, m.name+".journal"))
	return m, nil
}

func (m *findings) file() string { return filepath.Join(m.dir, m.name+".json") }

func addTo(known map[shape]recipe, text []byte, r *record) error {
	if err := json.Unmarshal(text, r); err != nil {
		return err
	}
	for _, e := range r.Entries {
		if w, err := recipeOf(e.Way); err == nil { // else from another version of hebb, with other tiles
			known[e.shape()] = w
		}
	}
	return nil
}

// keep writes the finding for a shape. It replaces the whole file.
func (m *findings) keep(s shape, best compute.Attempt, tried int) error {
	e := finding{s.kind, 1 << s.batch, 1 << s.m, 1 << s.n, 1 << s.k, best.Way, best.Seconds, tried}
	rest := m.learned.Entries[:0]
	for _, old := range m.learned.Entries {
		if old.shape() != s {
			rest = append(rest, old)
		}
	}
	m.learned.Entries = append(rest, e)
	m.learned.Driver, m.learned.Date = m.info.Driver, time.Now().UTC().Format(time.DateOnly)
	if m.dir == "" {
		return nil
	}
	if m.unread != nil {
		return fmt.Errorf("gpu: %s: %w; nothing is written over it: move it away, or run with tuning off", m.file(), m.unread)
	}
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		return fmt.Errorf("gpu: %w", err)
	}
	return atomicfile.Write(m.file(), func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "\t")
		return e.Encode(m.learned)
	})
}

// A journal has a line for each trial that has begun, "try", and one for each that came to an end, "done". A trial
// without its end crashed its program or its device, and is not tried again.
type journal struct {
	path    string
	pending string          // the current trial
	fatal   map[string]bool // trials that never ended
	ended   map[string]bool // trials of this program that ended
}

func (j *journal) open(path string) {
	j.path, j.fatal, j.ended = path, map[string]bool{}, map[string]bool{}
	text, _ := os.ReadFile(path) // without it, the trials that never ended are not known
	for _, l := range strings.Split(string(text), "\n") {
		if trial, ok := strings.CutPrefix(l, "try "); ok {
			j.fatal[trial] = true
		} else if trial, ok := strings.CutPrefix(l, "done "); ok {
			delete(j.fatal, trial)
		}
	}
}

func onTrial(s shape, way string) string { return s.String() + " by " + way }

// begin records a trial, after the end of the one before; "" is no trial. The first time it waits until the record is
// on the disk, since the trial may crash the machine. A trial that ended well once is repeated to be timed, and while
// the host waits for a disk a GPU lowers its clock; the record still outlives the program. Where it cannot be written,
// trials go on without.
func (j *journal) begin(trial string) {
	if j.path == "" {
		return
	}
	text := ""
	if j.pending != "" {
		text = "done " + j.pending + "\n"
		j.ended[j.pending] = true
	}
	if j.pending = trial; trial != "" {
		text += "try " + trial + "\n"
	}
	if text == "" || os.MkdirAll(filepath.Dir(j.path), 0o755) != nil {
		return
	}
	f, err := os.OpenFile(j.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return
	}
	defer f.Close()
	if _, err := f.WriteString(text); err == nil && !j.ended[trial] {
		f.Sync()
	}
}
