package reproduce

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"hebb/compute"
	"hebb/nets/data"
	"hebb/nets/train"
)

// An Exam is a test accuracy, in %, of a trained network on images that are turned: the same images for every run.
type Exam struct {
	Gives  Quantity
	Rotate data.Rotation
}

// A Curve is a quantity of the runs over a number, to be drawn with a line for each run.
type Curve struct {
	X, Y   string // names of the axes
	Points []Point
}

// A Point of a Curve.
type Point struct {
	At float64
	Of Quantity
}

// seeded makes a run with each of its seeds.
func (m Maker) seeded(ctx context.Context, part Part, r Run) (Row, error) {
	var all []Row
	for k := range max(1, r.Seeds) {
		row, err := m.one(ctx, part, r, k)
		if err != nil {
			return row, err
		}
		all = append(all, row)
	}
	row := all[0]
	if r.Seeds > 1 {
		row.Seeds, row.Seconds = all, 0
		for _, s := range all {
			row.Seconds += s.Seconds
		}
	}
	return row, nil
}

// one makes a run with its k-th seed.
func (m Maker) one(ctx context.Context, part Part, r Run, k int) (row Row, err error) {
	row = Row{Part: part.Name, Run: r.Name, Config: r.Config, Figures: r.Figures, Dir: m.dir(part, r.Name, k)}
	if r.From != "" {
		row.From = m.dir(part, r.From, k)
	}
	row.Config.Seed = m.Seed + uint64(k)
	if path, ok := m.Data[row.Config.Data]; ok {
		row.Config.Data = path
	}
	if r.Own != nil {
		row.Dir = ""
		return row, m.own(ctx, r, &row)
	}
	if err := m.run(ctx, row); err != nil {
		return row, err
	}
	if row.Lines, err = train.ReadMetrics(row.Dir); err != nil {
		return row, err
	}
	for _, l := range row.Lines {
		row.Seconds = max(row.Seconds, l.Seconds)
	}
	return row, m.examine(ctx, r, &row)
}

// dir is the folder of a run of a part with its k-th seed, or with its last where there are fewer.
func (m Maker) dir(part Part, run string, k int) string {
	name := folder(run)
	i := slices.IndexFunc(part.Runs, func(r Run) bool { return r.Name == run })
	if i >= 0 && part.Runs[i].Seeds > 1 {
		name = fmt.Sprintf("%s-seed-%d", name, m.Seed+uint64(min(k, part.Runs[i].Seeds-1)))
	}
	return filepath.Join(m.Dir, part.Name, name)
}

// own makes a run that is not one of hebb train.
func (m Maker) own(ctx context.Context, r Run, row *Row) error {
	dev, err := m.Open()
	if err != nil {
		return err
	}
	defer dev.Close()
	row.Made, row.Device = time.Now(), dev.Info()
	row.Measured, row.Seconds, err = r.Own(ctx, dev, row.Config.Seed)
	return err
}

// examine takes the exams of a run that has been made.
func (m Maker) examine(ctx context.Context, r Run, row *Row) error {
	if len(r.Exams) == 0 {
		return nil
	}
	model, step, err := train.LastModel(row.Dir)
	if err != nil {
		return err
	}
	dev, err := m.Open()
	if err != nil {
		return err
	}
	defer dev.Close()
	row.Measured = map[Quantity]float64{}
	for _, x := range r.Exams {
		v, err := train.Evaluate(ctx, dev, train.Exam{Config: row.Config, Model: model, Step: step, Part: "test", Rotate: x.Rotate, Turns: 1}, nil)
		if err != nil {
			return err
		}
		row.Measured[x.Gives] = 100 * v.Accuracy
	}
	return nil
}

// An Own run is one that is not of hebb train: what it measures, and the seconds of its training.
type Own func(ctx context.Context, dev *compute.Device, seed uint64) (map[Quantity]float64, float64, error)

// Value returns a figure as it was measured; of several seeds, the mean.
func (r Row) Value(q Quantity) float64 {
	if len(r.Seeds) > 0 {
		mean := 0.0
		for _, s := range r.Seeds {
			mean += s.Value(q) / float64(len(r.Seeds))
		}
		return mean
	}
	if v, ok := r.Measured[q]; ok {
		return v
	}
	return Measure(r.Lines, q)
}

// Spread returns the standard deviation of a figure over the seeds, with n − 1 as the divisor; NaN of one seed.
func (r Row) Spread(q Quantity) float64 {
	if len(r.Seeds) < 2 {
		return math.NaN()
	}
	mean, squares := r.Value(q), 0.0
	for _, s := range r.Seeds {
		squares += math.Pow(s.Value(q)-mean, 2)
	}
	return math.Sqrt(squares / float64(len(r.Seeds)-1))
}

// Text is a figure as it was measured, with the spread over its seeds.
func (r Row) Text(q Quantity) string {
	text := fmt.Sprintf("%.2f", r.Value(q))
	if s := r.Spread(q); s == s {
		text += fmt.Sprintf(" ± %.2f", s)
	}
	return text
}
