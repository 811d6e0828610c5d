package reproduce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"hebb/compute"
	"hebb/internal/atomicfile"
	"hebb/nets"
)

// A Program makes a run with all seeds at once, as the learners of a nets.Run for example, and returns a value of each
// quantity for each seed. They are kept in a file figures.json in the run's folder; by the same version of hebb they are not
// made again.
type Program func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error)

// Each makes a run with one seed. Seeds are made one after the other, and their figures kept like a [Program]'s, those of each
// seed as soon as there are: what was interrupted, or is asked for more seeds, goes on with the next.
type Each func(ctx context.Context, dev *compute.Device, seed uint64) (map[Quantity]float64, error)

// FiguresFile is the file of a run that no training keeps.
const FiguresFile = "figures.json"

// A record is what FiguresFile has of a run.
type record struct {
	Version string `json:"version"`
	Seeds   Seeds  `json:"seeds"`
	Result
}

// Make calls p, unless its figures are there.
func (p Program) Make(ctx context.Context, at Place, seeds Seeds) (Result, error) {
	r, err := at.kept(seeds)
	if err != nil || r.Seeds == seeds {
		return r.Result, err
	}
	r = at.fresh(seeds)
	start := time.Now()
	if r.Figures, err = p(ctx, at.Device, seeds); err != nil {
		return r.Result, err
	}
	r.Seconds = time.Since(start).Seconds()
	return r.Result, at.keep(r)
}

// Make calls e with each seed whose figures are not there.
func (e Each) Make(ctx context.Context, at Place, seeds Seeds) (Result, error) {
	r, err := at.kept(seeds)
	if err != nil {
		return r.Result, err
	}
	for ; r.Seeds.N < seeds.N; r.Seeds.N++ {
		if ctx.Err() != nil {
			return r.Result, context.Cause(ctx)
		}
		seed, start := seeds.First+uint64(r.Seeds.N), time.Now()
		one, err := e(ctx, at.Device, seed)
		if err != nil {
			return r.Result, fmt.Errorf("seed %d: %w", seed, err)
		}
		for q, x := range one {
			r.Figures[q] = append(r.Figures[q], x)
		}
		r.Seconds += time.Since(start).Seconds()
		now := r
		now.Seeds.N++
		if err := at.keep(now); err != nil {
			return r.Result, err
		}
	}
	return r.Result, nil
}

// fresh is the record of a run that begins.
func (at Place) fresh(seeds Seeds) record {
	return record{at.Version, seeds, Result{Figures: Figures{}, Made: time.Now(), Device: at.Device.Info()}}
}

// kept returns what the folder has of these seeds, at most as many; a fresh record of none where it has nothing, or what
// another version made.
func (at Place) kept(seeds Seeds) (r record, err error) {
	nothing := at.fresh(Seeds{seeds.First, 0})
	path := filepath.Join(at.Dir, FiguresFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nothing, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err == nil {
		err = r.Figures.check(r.Seeds.N)
	}
	if err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	if r.Version != at.Version || r.Seeds.First != seeds.First {
		return nothing, nil
	}
	r.Seeds.N = min(r.Seeds.N, seeds.N)
	for q, v := range r.Figures {
		r.Figures[q] = v[:r.Seeds.N]
	}
	return r, nil
}

// keep writes the record of a run.
func (at Place) keep(r record) error {
	if err := r.Figures.check(r.Seeds.N); err != nil {
		return err
	}
	if err := os.MkdirAll(at.Dir, 0o777); err != nil {
		return err
	}
	return write(filepath.Join(at.Dir, FiguresFile), r)
}

// check reports a quantity that has not a value for each of n seeds.
func (f Figures) check(n int) error {
	for q, v := range f {
		if len(v) != n {
			return fmt.Errorf("%q has %d values, want one for each of %d seeds", q, len(v), n)
		}
	}
	return nil
}

// steps makes steps until all learners have come to rest.
func steps(ctx context.Context, s *nets.Session, n int) error {
	for k := 1; k <= n && !s.Ended(); k++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := s.Step(ctx); err != nil {
			return err
		}
		if k%100 == 0 {
			if _, err := s.Metrics(); err != nil {
				return err
			}
		}
	}
	return nil
}

// lastMoment returns the metrics of one moment of a run, after a number of others.
func lastMoment(ctx context.Context, dev *compute.Device, run nets.Run, before int) (nets.Metrics, error) {
	s, err := run.Open(dev)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if err := steps(ctx, s, before); err != nil {
		return nil, err
	}
	if _, err := s.Metrics(); err != nil {
		return nil, err
	}
	if err := s.Step(ctx); err != nil {
		return nil, err
	}
	return s.Metrics()
}

// add appends the value of the next seed.
func (f Figures) add(q Quantity, x float64) { f[q] = append(f[q], x) }

// is appends 1 for a seed that has something, and 0 for one that has not.
func (f Figures) is(q Quantity, has bool) {
	x := 0.
	if has {
		x = 1
	}
	f.add(q, x)
}

// write puts v as JSON in the place of a file.
func write(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}
