package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"hebb/backend"
	"hebb/compute"
	"hebb/nets/reproduce"
	"hebb/nets/train"
)

// A reproduction is one run of hebb reproduce, as asked for.
type reproduction struct {
	backendFlags
	on, scale, out string
	format         string
	only, data     []string
	seed           uint64
	list           bool
	record         string
}

func newReproduceCmd() *cobra.Command {
	var r reproduction
	cmd := &cobra.Command{
		Use:   "reproduce EXPERIMENT",
		Args:  cobra.MaximumNArgs(1),
		Short: "Repeat a published experiment and set the figures side by side",
		Long: `hebb reproduce makes all runs of an experiment and prints what was measured beside what was published.
Each run has a folder of its own under --out, as of hebb train. What is there already is not made again, and
what was interrupted goes on: to make the tables again, ask for the same folder.

Experiments:
` + listExperiments(),
		Example: `  hebb reproduce weight-transport --backend cpu
  hebb reproduce two-routes --only mlp-mnist`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.list || len(args) == 0 {
				return listFigures(cmd.OutOrStdout())
			}
			return r.run(cmd.Context(), args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&r.list, "list", false, "list the experiments and their figures: what was published, and ours with seed and date")
	f.StringVar(&r.record, "record", "", "put the figures into `FILE`, as nets/reproduce/measured.json has them")
	f.StringVar(&r.scale, "scale", "cpu", "how large: cpu or gpu")
	f.StringSliceVar(&r.only, "only", nil, "make these parts alone")
	f.StringSliceVar(&r.data, "data", nil, "NAME=PATH: where a data set is")
	f.StringVar(&r.out, "out", "", "folder for the runs (default runs/EXPERIMENT-SCALE)")
	f.Uint64Var(&r.seed, "seed", 1, "seed of all runs")
	f.Var(oneOf(&r.format, "table", "table", "json", "markdown"), "format", "of the figures")
	f.Var(oneOf(&r.on, "auto", backend.Names...), "backend", "where to compute")
	r.add(cmd)
	return cmd
}

func listExperiments() string {
	var b strings.Builder
	for _, e := range reproduce.All {
		fmt.Fprintf(&b, "  %s: %s\n", e.Name, e.About)
		for _, s := range e.Scales {
			fmt.Fprintf(&b, "      --scale %s: %s\n", s.Name, s.About)
			for _, p := range s.Parts {
				fmt.Fprintf(&b, "          %s, %d runs\n", p.Name, len(p.Runs))
			}
		}
		fmt.Fprintf(&b, "      %s\n", e.Source)
	}
	return b.String()
}

func (r *reproduction) run(ctx context.Context, name string, stdout, stderr io.Writer) error {
	e, scale, err := reproduce.Find(name, r.scale)
	if err != nil {
		return usageError{err}
	}
	parts, err := r.parts(scale)
	if err != nil {
		return err
	}
	m := reproduce.Maker{Dir: r.out, Version: version(), Seed: r.seed, Data: map[string]string{}, Open: func() (*compute.Device, error) {
		d, notes, err := r.open(r.on)
		for _, n := range notes {
			fmt.Fprintln(stderr, "hebb:", n)
		}
		return d, err
	}}
	if m.Dir == "" {
		m.Dir = filepath.Join("runs", e.Name+"-"+scale.Name)
	}
	for _, d := range r.data {
		name, path, ok := strings.Cut(d, "=")
		if !ok {
			return usagef("--data %q, want NAME=PATH", d)
		}
		m.Data[name] = path
	}
	if err := os.MkdirAll(m.Dir, 0o777); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	var bar *progress
	at := ""
	m.Tell = func(run string, done, of int, l train.Line) {
		if at != run {
			if at, bar = run, newProgress(stderr, run, of); done > 0 {
				bar.at(done)
			}
		}
		if l.Kind == "train" {
			bar.describe(fmt.Sprintf("%s: loss %.4f, accuracy %.2f %%", run, l.Loss, 100*l.Accuracy))
			bar.at(l.Step)
		}
	}
	failed := false
	for _, p := range parts {
		rows, err := m.Make(ctx, p)
		if bar != nil {
			bar.end()
		}
		if err := r.print(stdout, p, rows); err != nil {
			return err
		}
		if err != nil {
			return err
		}
		if err := drawCurve(stdout, m.Dir, p, rows, r.format); err != nil {
			return err
		}
		if err := r.keep(m.Dir, e, scale, rows, stdout, stderr); err != nil {
			return err
		}
		for _, holds := range reproduce.Claims(p, rows) {
			failed = failed || !holds
		}
		for _, row := range rows {
			for _, f := range row.Figures {
				failed = failed || !within(f, row.Value(f.What))
			}
		}
	}
	if failed {
		return errors.New("not all figures are as they should be")
	}
	return nil
}

// keep draws a part's runs and records their figures, if that is wanted.
func (r *reproduction) keep(dir string, e reproduce.Experiment, s reproduce.Scale, rows []reproduce.Row, stdout, stderr io.Writer) error {
	if r.format == "json" {
		stdout = io.Discard // which is for figures alone
	}
	if err := drawPart(dir, rows, stdout, stderr); err != nil || r.record == "" {
		return err
	}
	now, err := measurements(e, s, rows)
	if err != nil {
		return err
	}
	return reproduce.Record(r.record, now)
}

// parts are those asked for.
func (r *reproduction) parts(s reproduce.Scale) (parts []reproduce.Part, err error) {
	var names []string
	for _, p := range s.Parts {
		names = append(names, p.Name)
		if len(r.only) == 0 || slices.Contains(r.only, p.Name) {
			parts = append(parts, p)
		}
	}
	for _, o := range r.only {
		if !slices.Contains(names, o) {
			return nil, usagef("--only %s, want some of %s", o, strings.Join(names, ", "))
		}
	}
	return parts, nil
}

// within reports whether a figure is as near the published one as it is to be.
func within(f reproduce.Figure, got float64) bool {
	return f.Within == 0 || math.Abs(got-f.Published) <= f.Within
}

// A reproduced figure, as JSON.
type reproduced struct {
	Part      string   `json:"part"`
	Run       string   `json:"run"`
	Quantity  string   `json:"quantity"`
	Measured  float64  `json:"measured"`
	Seeds     int      `json:"seeds,omitempty"`  // where there are several, from Seed on
	Spread    float64  `json:"spread,omitempty"` // standard deviation over them
	Published *float64 `json:"published,omitempty"`
	Within    float64  `json:"within,omitempty"`
	Holds     bool     `json:"holds"`
	Seed      uint64   `json:"seed"`
	Seconds   float64  `json:"seconds"`
	Dir       string   `json:"dir"`
}

func (r *reproduction) print(w io.Writer, p reproduce.Part, rows []reproduce.Row) error {
	if r.format == "json" {
		e := json.NewEncoder(w)
		for _, row := range rows {
			for _, f := range row.Figures {
				got := row.Value(f.What)
				j := reproduced{Part: row.Part, Run: row.Run, Quantity: string(f.What), Measured: got, Within: f.Within,
					Holds: within(f, got), Seed: row.Config.Seed, Seconds: row.Seconds, Dir: row.Dir}
				if f.Published == f.Published {
					j.Published = &f.Published
				}
				if len(row.Seeds) > 0 {
					j.Seeds, j.Spread = len(row.Seeds), row.Spread(f.What)
				}
				if err := e.Encode(j); err != nil {
					return err
				}
			}
		}
		return nil
	}
	sep, t := "\t", tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\n%s: %s\n\n", p.Name, p.About)
	line := func(cells ...string) { fmt.Fprintln(t, strings.Join(cells, sep)) }
	if r.format == "markdown" {
		line = func(cells ...string) { fmt.Fprintln(t, "| "+strings.Join(cells, " | ")+" |") }
	}
	line("run", "quantity", "measured", "published", "within", "training")
	if r.format == "markdown" {
		line("---", "---", "---", "---", "---", "---")
	}
	for _, row := range rows {
		for _, f := range row.Figures {
			published, near := "-", "-"
			if f.Published == f.Published {
				published = fmt.Sprintf("%.4g", f.Published)
			}
			got := row.Value(f.What)
			if f.Within > 0 {
				near = fmt.Sprintf("%g: %s", f.Within, yes(within(f, got)))
			}
			line(row.Run, string(f.What), row.Text(f.What), published, near, fmt.Sprintf("%.0f s", row.Seconds))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(rows) < len(p.Runs) {
		return nil // not all was made
	}
	fmt.Fprintln(w)
	for i, holds := range reproduce.Claims(p, rows) {
		fmt.Fprintf(w, "- %s: %s\n", p.Check[i].Says, yes(holds))
	}
	return nil
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "NO"
}
