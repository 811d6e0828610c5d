package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hebb/backend"
	"hebb/internal/count"
	"hebb/nets/data"
	"hebb/nets/train"
	"hebb/nets/train/chart"
)

// A spikesRun is one run of hebb spikes, as asked for.
type spikesRun struct {
	recordRun
	sort       string
	cells      int
	traces     int
	bin, burst float64
	format     string
}

func newSpikesCmd() *cobra.Command {
	r := spikesRun{recordRun: recordRun{evalRun: evalRun{Exam: train.Exam{Config: train.Default, Part: "test"}}}}
	cmd := &cobra.Command{
		Use:   "spikes DIR",
		Short: "Show the spikes of a run: rasters, rates, bursts, PSTHs, membranes",
		Long: `spikes shows trials of the task of a run to its system, as hebb record does, and prints what its cells do: a raster of an
--example of a --learner, a row of dots for each of some cells, evenly apart in the order of --sort, with the time in ms
below; and of each group of cells, over all examples and trials, the least, median, largest and mean rate, the cells that
never spike, those that burst, and how irregular their spikes are, the mean over cells of the coefficient of variation of
their inter-spike intervals (0: a clock, 1: a Poisson process). A cell bursts if half of its spikes or more are three or more
in a row, each within --burst ms of the one before. What is shown to the system is a group too, where it is spikes.

What is shown is the test, from its beginning or from trial --from on; with --part train, or where there is no test, it is
the training task, as training shows it, and learning is off.

--picture draws the raster of up to --cells cells of each group, below it the PSTH, the rate in Hz of a mean cell over the time
of a trial, averaged over all trials and examples in bins of --bin ms, and with --traces N the membrane and the threshold of
N cells of each group, from the one that spikes most in the example to one that spikes little.

--out writes an NPZ file: of each group, GROUP.times in ms, GROUP.cells and GROUP.examples, an element for each spike,
GROUP.rates in Hz of each cell, and GROUP.psth in Hz; of the example, GROUP.membrane and GROUP.threshold, cells × steps.`,
		Example: `  hebb spikes runs/20261130-101500-eprop-cpu
  hebb spikes runs/20261130-101500-eprop-cpu --sort first --cells 80 --example 3
  hebb spikes runs/20261130-101500-eprop-cpu --picture raster.png --traces 3
  hebb spikes runs/20261130-101500-eprop-cpu --trials 4 --out spikes.npz`,
		Args: oneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			r.flags, r.dir = cmd.Flags(), args[0]
			return r.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.IntVar(&r.trials, "trials", 1, "how many trials; moments, where trials have no end")
	f.IntVar(&r.From, "from", 0, "leave out so many trials; moments, where trials have no end")
	f.IntVar(&r.learner, "learner", 0, "of a run of several learners: which, from 0")
	f.IntVar(&r.example, "example", 0, "of a batch: which to draw, from 0")
	f.Var(oneOf(&r.sort, train.SpikeOrders[0], train.SpikeOrders...), "sort", "order of the cells: by number, first spike or rate")
	f.IntVar(&r.cells, "cells", 0, "show so many cells of each group at most (0: 40 as text, 100 in a picture)")
	f.Float64Var(&r.burst, "burst", usualBurst, "longest `MS` between two spikes of a burst")
	f.Float64Var(&r.bin, "bin", 0, "`MS` of a bin of the PSTH (0: a fiftieth of a trial, or a step)")
	f.IntVar(&r.traces, "traces", 0, "draw membrane and threshold of so many cells of each group in the --picture")
	f.IntVar(&r.checkpoint, "checkpoint", 0, "the checkpoint after step `N` (default: the last)")
	f.BoolVar(&r.best, "best", false, "the best checkpoint instead of the last, of a run that was made with --keep-best")
	f.Var(oneOf(&r.Part, "test", "test", "train"), "part", `"train": the training task, or the training part of sequences`)
	f.StringVar(&r.picture, "picture", "", "draw `FILE`, .svg or .png")
	f.StringVar(&r.out, "out", "", "write `FILE.npz`")
	f.Var(oneOf(&r.format, "table", "table", "json"), "format", "how to print: a raster and a table, or the numbers as JSON")
	f.Var(oneOf(&r.on, "auto", backend.Names...), "backend", "where to compute")
	r.add(cmd)
	return cmd
}

// usualBurst is the longest interval within a burst, in ms.
const usualBurst = 6

// asked reports flags that cannot be.
func (r *spikesRun) asked() error {
	for flag, x := range map[string]float64{"burst": r.burst, "bin": r.bin} {
		if !(0 <= x && x <= math.MaxFloat32) || flag == "burst" && x == 0 {
			return usagef("--%s %g, want ms above 0", flag, x)
		}
	}
	switch {
	case r.cells < 0:
		return usagef("--cells %d, want at least 1, or 0 for as many as are legible", r.cells)
	case r.trials < 1:
		return usagef("--trials %d, want at least 1", r.trials)
	case r.traces < 0:
		return usagef("--traces %d, want at least 0", r.traces)
	case r.traces > 0 && r.picture == "":
		return usagef("--traces is of --picture")
	case r.out != "" && !strings.EqualFold(filepath.Ext(r.out), ".npz"):
		return usagef("--out %s, want a name that ends in .npz", r.out)
	}
	return nil
}

func (r *spikesRun) run(ctx context.Context, stdout, stderr io.Writer) error {
	if err := r.asked(); err != nil {
		return err
	}
	draw, err := drawer("picture", r.picture)
	if r.picture != "" && err != nil {
		return err
	}
	if err := r.choose(); err != nil {
		return err
	}
	if err := writable(output{"out", r.out}, output{"picture", r.picture}); err != nil {
		return err
	}
	dev, err := r.open(r.on, stderr)
	if err != nil {
		return err
	}
	defer dev.Close()
	var all train.SpikeTrains
	err = guarded("the run in "+r.dir, func() (err error) {
		all, err = r.RecordSpikes(ctx, dev, names, r.trials, r.learner, r.example)
		return err
	})
	if wrong := (train.ConfigError{}); errors.As(err, &wrong) {
		err = usageError{err}
	}
	if err != nil {
		return foreign(err, r.dir)
	}
	var counts []train.SpikeCount
	for _, g := range all.Groups {
		counts = append(counts, g.Count(r.burst))
	}
	if r.format == "json" {
		err = printJSON(stdout, counts)
	} else {
		err = r.print(all, counts, stdout)
	}
	if err == nil && r.out != "" {
		err = into("out", r.out, func(w io.Writer) error { return data.WriteNPZ(w, r.arrays(all, counts)...) })
	}
	if err == nil && r.picture != "" {
		err = into("picture", r.picture, func(w io.Writer) error { return draw(r.raster(all).Figure(), w) })
	}
	return err
}

// heading says what is shown.
func (r *spikesRun) heading(all train.SpikeTrains) string {
	text := fmt.Sprintf("%s, %s, after step %d", filepath.Clean(r.dir), r.System, r.Step)
	if r.Learners > 1 {
		text += fmt.Sprintf(", learner %d of %d", r.learner, r.Learners)
	}
	if all.Examples > 1 {
		text += fmt.Sprintf(", example %d of %d", r.example, all.Examples)
	}
	return text + after(all.Of)
}

// print prints a raster of each group, and a table of all.
func (r *spikesRun) print(all train.SpikeTrains, counts []train.SpikeCount, w io.Writer) error {
	width, _ := terminalSize(w)
	raster := rasterText{width: width, cells: r.cells, sort: r.sort}
	if raster.cells == 0 {
		raster.cells = 40
	}
	fmt.Fprintf(w, "spikes    %s\n", r.heading(all))
	for _, g := range all.Groups {
		shown := count.Of(g.N, "cell")
		if n := min(raster.cells, len(g.Order(r.sort, r.example))); n < g.N {
			shown = fmt.Sprintf("%d of %s", n, shown)
		}
		fmt.Fprintf(w, "\n%s: %s, by %s\n", g.Name, shown, map[string]string{"number": "number", "first": "first spike", "rate": "rate"}[r.sort])
		for _, line := range raster.lines(g, r.example) {
			fmt.Fprintln(w, line)
		}
	}
	t := grid{head: []string{"group", "cells", "least Hz", "median", "largest", "mean", "silent", "bursting", "ISI CV"}, left: 1}
	for _, c := range counts {
		cv := "-"
		if c.CV == c.CV {
			cv = fmt.Sprintf("%.2f", float64(c.CV))
		}
		hz := func(x float64) string { return fmt.Sprintf("%.1f", x) }
		t.rows = append(t.rows, []string{c.Group, fmt.Sprint(c.Cells), hz(c.Min), hz(c.Median), hz(c.Max), hz(c.Mean), fmt.Sprint(len(c.Silent)), fmt.Sprint(len(c.Bursting)), cv})
	}
	over := count.Of(all.Trials, "trial")
	if all.Examples > 1 {
		over += fmt.Sprintf(" of %s", count.Of(all.Examples, "example"))
	}
	fmt.Fprintf(w, "\nover %s\n", over)
	if err := t.text(w); err != nil {
		return err
	}
	for _, c := range counts {
		say := func(what string, cells []int) {
			if len(cells) > 0 && len(cells) < c.Cells && c.Group != train.InputGroup {
				fmt.Fprintf(w, "%-9s %s: %s\n", what, c.Group, fewOf(cells))
			}
		}
		say("silent", c.Silent)
		say("bursting", c.Bursting)
	}
	return nil
}

// fewOf lists numbers, the first of them where they are many.
func fewOf(all []int) string {
	const most = 20
	text := strings.Trim(fmt.Sprint(all[:min(most, len(all))]), "[]")
	if n := len(all) - most; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

// binOf is the steps of a bin of the PSTH of a group.
func (r *spikesRun) binOf(g train.SpikeGroup) int {
	if r.bin == 0 {
		return max(1, g.Trial/50)
	}
	return min(max(1, int(math.Round(r.bin/g.DT))), g.Trial)
}

// arrays are the arrays of an NPZ file.
func (r *spikesRun) arrays(all train.SpikeTrains, counts []train.SpikeCount) (out []data.Output) {
	add := func(name string, values data.Values, shape ...int) {
		out = append(out, data.Output{Name: name, Shape: shape, Values: values})
	}
	for i, g := range all.Groups {
		var times, rates, psth data.Floats
		var cells, examples data.Ints
		for example, trains := range g.Trains {
			for cell, train := range trains {
				for _, s := range train {
					times, cells, examples = append(times, float32(float64(s)*g.DT)), append(cells, int64(cell)), append(examples, int64(example))
				}
			}
		}
		for _, x := range counts[i].Rates {
			rates = append(rates, float32(x))
		}
		for _, x := range g.PSTH(r.binOf(g)) {
			psth = append(psth, float32(x))
		}
		add(g.Name+".times", times, len(times))
		add(g.Name+".cells", cells, len(cells))
		add(g.Name+".examples", examples, len(examples))
		add(g.Name+".rates", rates, len(rates))
		add(g.Name+".psth", psth, len(psth))
		for name, rows := range map[string][][]float32{"membrane": g.Membrane, "threshold": g.Threshold} {
			if rows != nil {
				add(g.Name+"."+name, data.Floats(slices.Concat(rows...)), g.N, g.Steps)
			}
		}
	}
	return out
}

// raster is the picture.
func (r *spikesRun) raster(all train.SpikeTrains) (c chart.Raster) {
	c.Title = r.heading(all)
	cells := r.cells
	if cells == 0 {
		cells = 100
	}
	for _, g := range all.Groups {
		order := g.Order(r.sort, r.example)
		group := chart.RasterGroup{SpikeGroup: g, Example: r.example, Cells: train.Evenly(order, cells), Sort: r.sort, Bin: r.binOf(g)}
		if g.Membrane != nil {
			most := g
			most.Trains = g.Trains[r.example : r.example+1]
			group.Traces = train.Evenly(most.Order("rate", 0), r.traces)
		}
		c.Groups = append(c.Groups, group)
	}
	return c
}
