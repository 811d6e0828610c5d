package reproduce

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hebb/compute"
	"hebb/nets/train"
)

// A Maker makes the runs of an experiment, each in a folder of its own under Dir. What is there already is not made
// again, and what was interrupted goes on.
type Maker struct {
	Open    func() (*compute.Device, error) // a device for each run
	Dir     string
	Version string
	Seed    uint64            // of every run
	Data    map[string]string // where data sets are, by name; others are looked for as data.Find does
	Tell    func(run string, steps, of int, l train.Line)
}

// A Row is what came of a run.
type Row struct {
	Part, Run string
	Dir       string // none of a run that is not of hebb train
	From      string // folder of the run whose weights it started from; or none
	Config    train.Config
	Lines     []train.Line
	Figures   []Figure
	Seconds   float64              // of training
	Measured  map[Quantity]float64 // beside what the lines say
	Made      time.Time            // when and where, of a run without a folder
	Device    compute.Info
	Seeds     []Row // of several seeds, one each; this row is then that of the first
}

// Make makes all runs of a part, one after the other.
func (m Maker) Make(ctx context.Context, part Part) (rows []Row, err error) {
	for _, r := range part.Runs {
		row, err := m.seeded(ctx, part, r)
		if err != nil {
			return rows, fmt.Errorf("%s, %s: %w", part.Name, r.Name, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// folder is a name without what shells mind.
func folder(name string) string { return strings.NewReplacer(", ", "-", " ", "-").Replace(name) }

// run makes one run, or what is left of it.
func (m Maker) run(ctx context.Context, row Row) error {
	dev, err := m.Open()
	if err != nil {
		return err
	}
	defer dev.Close()
	work, err := m.work(dev, row)
	if err != nil {
		return err
	}
	defer work.Close()
	defer work.Folder.Close()
	_, total := work.Steps()
	return work.Train(ctx, func(l train.Line) {
		if m.Tell != nil {
			m.Tell(fmt.Sprintf("%s, %s, seed %d", row.Part, row.Run, row.Config.Seed), l.Step, total, l)
		}
	})
}

func (m Maker) work(dev *compute.Device, row Row) (*train.Run, error) {
	_, err := os.Stat(filepath.Join(row.Dir, train.ConfigFile))
	if err == nil {
		was, err := train.ReadConfig(filepath.Join(row.Dir, train.ConfigFile), train.Config{})
		if err != nil {
			return nil, err
		}
		if was != row.Config {
			return nil, fmt.Errorf("%s holds another run than this one: choose another folder", row.Dir)
		}
		work, _, err := train.Resume(dev, row.Dir, nil)
		return work, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	rec := train.Record{Version: m.Version, Started: time.Now()}
	if row.From != "" {
		if rec.From, _, err = train.LastModel(row.From); err != nil {
			return nil, err
		}
	}
	work, _, err := train.Begin(dev, row.Dir, row.Config, rec)
	return work, err
}

// Claims returns, for each claim of a part, whether it holds of the rows.
func Claims(part Part, rows []Row) (holds []bool) {
	of := func(run string, q Quantity) float64 {
		for _, r := range rows {
			if r.Run == run {
				return r.Value(q)
			}
		}
		return math.NaN()
	}
	for _, c := range part.Check {
		holds = append(holds, c.Holds(of))
	}
	return holds
}
