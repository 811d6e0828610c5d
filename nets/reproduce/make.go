package reproduce

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"hebb/compute"
	"hebb/nets/catalogue"
	"hebb/nets/train"
)

// A Runner makes the runs of experiments, each in a folder of its own under Dir.
type Runner struct {
	Open    func() (*compute.Device, error) // a device for each run
	Names   *catalogue.Catalogue            // what the configs of trainings can name
	Dir     string
	Version string            // of hebb
	Seed    uint64            // the first of every run
	Seeds   int               // how many each run is made with; 0: as the run says
	Data    map[string]string // where data sets are, by name; others are looked for as data.Find does
	Tell    func(run string, steps, of int, l train.Line)
}

// A Place is where a run is made.
type Place struct {
	Device  *compute.Device
	Names   *catalogue.Catalogue
	Dir     string // of the run; the other runs of its part lie beside it
	Version string
	Data    map[string]string // see [FromData]
	Tell    func(steps, of int, l train.Line)
}

// Make makes all runs of a part, one after the other. After an error it returns those that were made.
func (r Runner) Make(ctx context.Context, part Part) (rows Rows, err error) {
	for _, run := range part.Runs {
		row, err := r.make(ctx, part, run)
		if err != nil {
			return rows, fmt.Errorf("%s, %s: %w", part.Name, run.Name, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (r Runner) make(ctx context.Context, part Part, run Run) (row Row, err error) {
	row = Row{Part: part.Name, Run: run.Name, Dir: filepath.Join(r.Dir, part.Name, folder(run.Name)), Seeds: Seeds{r.Seed, max(1, run.Seeds)}}
	if r.Seeds > 0 {
		row.Seeds.N = r.Seeds
	}
	dev, err := r.Open()
	if err != nil {
		return row, err
	}
	defer func() { err = errors.Join(err, dev.Close()) }()
	name := fmt.Sprintf("%s, %s, %s", part.Name, run.Name, row.Seeds)
	row.Result, err = run.Make.Make(ctx, Place{dev, r.Names, row.Dir, r.Version, r.Data, func(steps, of int, l train.Line) {
		if r.Tell != nil {
			r.Tell(name, steps, of, l)
		}
	}}, row.Seeds)
	return row, err
}

// folder is a name without what shells mind.
func folder(name string) string { return strings.NewReplacer(", ", "-", " ", "-").Replace(name) }

// String returns "seed 3" or "seeds 3 to 7".
func (s Seeds) String() string {
	if s.N == 1 {
		return fmt.Sprintf("seed %d", s.First)
	}
	return fmt.Sprintf("seeds %d to %d", s.First, s.First+uint64(s.N)-1)
}
