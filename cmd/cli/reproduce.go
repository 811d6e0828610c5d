package cli

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
	"time"

	"github.com/spf13/cobra"

	"hebb/backend"
	"hebb/compute"
	"hebb/internal/float"
	"hebb/nets/catalogue"
	"hebb/nets/data"
	"hebb/nets/reproduce"
	"hebb/nets/train"
)

// experiments are those that hebb reproduce knows.
var experiments = reproduce.All

// Experiment adds an experiment: hebb reproduce NAME.
func Experiment(e reproduce.Experiment) Addition {
	return func(*catalogue.Catalogue) { experiments = append([]reproduce.Experiment{e}, experiments...) }
}

// A reproduction is one run of hebb reproduce, as asked for.
type reproduction struct {
	backendFlags
	on, scale, out string
	format         string
	only, data     []string
	seed           uint64
	learners       int
	list, systems  bool
	record         string
}

func newReproduceCmd() *cobra.Command {
	var r reproduction
	cmd := &cobra.Command{
		Use: "reproduce EXPERIMENT",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%s takes one experiment, found %q", cmd.CommandPath(), args)
			}
			return nil
		},
		Short: "Repeat a published experiment and set the figures side by side",
		Long: `hebb reproduce makes all runs of an experiment and prints what was measured beside what was published.
Each run has a folder of its own under --out, as of hebb train, or with its figures. What is there already is not
made again, and what was interrupted goes on: to make the tables again, ask for the same folder. Runs of several
seeds are made side by side where their system can be, and --format json has the values of each.

Experiments:
` + listExperiments(),
		Example: `  hebb reproduce weight-transport --backend cpu
  hebb reproduce two-routes --only mlp-mnist --learners 5
  hebb reproduce hopfield`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if lists := r.list || r.systems || len(args) == 0; lists && r.format == "json" {
				return usagef("--format json is of the figures of an experiment, want its name")
			}
			if r.systems {
				return listSystems(cmd.OutOrStdout(), r.format)
			}
			if r.list || len(args) == 0 {
				return listFigures(cmd.OutOrStdout())
			}
			if cmd.Flags().Changed("learners") && r.learners < 1 {
				return usagef("%d learners, want at least 1", r.learners)
			}
			return r.run(cmd.Context(), args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&r.list, "list", false, "list the experiments and their figures: what was published, and ours with seed and date")
	f.BoolVar(&r.systems, "systems", false, "list the systems, and the experiments that show them")
	f.StringVar(&r.record, "record", "", "put the figures into `FILE`, as nets/reproduce/measured.json has them")
	f.StringVar(&r.scale, "scale", "cpu", "how large, of the scales that the experiment has: small, cpu or gpu")
	f.StringSliceVar(&r.only, "only", nil, "make these parts alone")
	f.StringSliceVar(&r.data, "data", nil, "NAME=PATH: where a data set is")
	f.StringVar(&r.out, "out", "", "folder for the runs (default runs/EXPERIMENT-SCALE)")
	f.Uint64Var(&r.seed, "seed", 1, "seed of all runs, of several the first")
	f.IntVar(&r.learners, "learners", 0, "make all runs with so many seeds; bands are for as many as the experiment says (default)")
	f.Var(oneOf(&r.format, "table", "table", "json", "markdown"), "format", "of the figures")
	f.Var(oneOf(&r.on, "auto", backend.Names...), "backend", "where to compute")
	r.add(cmd)
	return cmd
}

func listExperiments() string {
	var b strings.Builder
	for _, e := range experiments {
		fmt.Fprintf(&b, "  %s: %s\n", e.Name, e.About)
		for _, s := range e.Scales {
			fmt.Fprintf(&b, "      --scale %s: %s%s\n", s.Name, s.About, takes(s.Takes))
			for _, p := range s.Parts {
				fmt.Fprintf(&b, "          %s, %d runs\n", p.Name, len(p.Runs))
			}
		}
		fmt.Fprintf(&b, "      %s\n", e.Source)
	}
	return b.String()
}

func (r *reproduction) run(ctx context.Context, name string, stdout, stderr io.Writer) error {
	e, scale, err := reproduce.Find(experiments, name, r.scale)
	if known := arguments["reproduce"](); err != nil && !slices.Contains(known, name) {
		return usagef("%w%s", err, didYouMean(name, known))
	}
	if err != nil {
		return usageError{err}
	}
	parts, err := r.parts(scale)
	if err == nil {
		err = r.reachable(r.on)
	}
	if err != nil {
		return err
	}
	m, err := r.runner(e, scale, stderr)
	if err != nil {
		return err
	}
	defer os.Remove(m.Dir) // if nothing was made
	failed := false
	for _, p := range parts {
		var bar *progress
		at := ""
		m.Tell = func(run string, done, of int, l train.Line) {
			if at != run {
				at, bar = run, newProgress(stderr, run, of)
			}
			if l.Kind == "train" {
				bar.describe(fmt.Sprintf("%s: loss %s, accuracy %.2f %%", run, lossText(l.Loss), 100*l.Accuracy))
			}
			bar.at(done)
		}
		rows, err := m.Make(ctx, p)
		if bar != nil {
			bar.end()
		}
		if err := r.print(stdout, p, rows); err != nil {
			return err
		}
		if err != nil {
			return errors.Join(err, r.recordRows(e, scale, p, rows))
		}
		if err := r.keep(m.Dir, e, scale, p, rows, stdout); err != nil {
			return err
		}
		failed = failed || !holds(p, rows)
	}
	if failed {
		return errors.New("not all figures are as they should be")
	}
	return nil
}

// runner is what makes the runs, in a folder that is there.
func (r *reproduction) runner(e reproduce.Experiment, s reproduce.Scale, stderr io.Writer) (m reproduce.Runner, err error) {
	m = reproduce.Runner{Names: names, Dir: r.out, Version: version(), Seed: r.seed, Seeds: r.learners, Data: map[string]string{}, Open: func() (*compute.Device, error) { return r.open(r.on, stderr) }}
	if m.Dir == "" {
		m.Dir = filepath.Join("runs", e.Name+"-"+s.Name)
	}
	if err := r.place(m.Data, reproduce.DataOf(s.Parts)); err != nil {
		return m, err
	}
	if err := writable(output{"record", r.record}); err != nil {
		return m, err
	}
	return m, makeFolder("--out", m.Dir)
}

// place puts the places that --data says into those of the data that there are.
func (r *reproduction) place(places map[string]string, names []string) error {
	for _, d := range r.data {
		name, path, ok := strings.Cut(d, "=")
		if !ok {
			return usagef("--data %q, want NAME=PATH", d)
		}
		if len(names) == 0 {
			return usagef("--data %q, and what is to be made learns from no data", d)
		}
		if !slices.Contains(names, name) {
			return usagef("--data %q, want NAME one of %s, which is learned from", d, strings.Join(names, ", "))
		}
		var err error
		if name == reproduce.Photographs {
			_, err = data.Photographs(path, nil)
		} else {
			_, err = data.Find(path)
		}
		if err != nil {
			return usagef("--data %q: %w", d, err)
		}
		places[name] = path
	}
	return nil
}

// keep draws a part's runs and its curve, and records their figures, if that is wanted.
func (r *reproduction) keep(dir string, e reproduce.Experiment, s reproduce.Scale, p reproduce.Part, rows reproduce.Rows, stdout io.Writer) error {
	if r.format == "json" {
		stdout = io.Discard // which is for figures alone
	}
	return errors.Join(drawCurve(stdout, dir, p, rows), drawPart(dir, rows, stdout), r.recordRows(e, s, p, rows))
}

// recordRows records the figures of the runs that were made, if that is wanted.
func (r *reproduction) recordRows(e reproduce.Experiment, s reproduce.Scale, p reproduce.Part, rows reproduce.Rows) error {
	if r.record == "" || len(rows) == 0 {
		return nil
	}
	return reproduce.Record(r.record, rows.Measurements(e.Name, s.Name, p))
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

// holds reports whether all figures of a part are within their bands and all its claims hold.
func holds(p reproduce.Part, rows reproduce.Rows) bool {
	for i, r := range p.Runs {
		for _, f := range r.Figures {
			if !f.Holds(rows[i].Figures[f.What]) {
				return false
			}
		}
	}
	for _, c := range p.Check {
		if !c.Holds(rows) {
			return false
		}
	}
	return true
}

// A reproduced figure, as JSON.
type reproduced struct {
	Part      string           `json:"part"`
	Run       string           `json:"run"`
	Quantity  string           `json:"quantity"`
	Measured  float.OrNull     `json:"measured"`         // of several seeds the mean
	Values    reproduce.Values `json:"values"`           // of each
	Seeds     int              `json:"seeds,omitempty"`  // where there are several, from Seed on
	Spread    float64          `json:"spread,omitempty"` // standard deviation over them
	Published *float64         `json:"published,omitempty"`
	From      string           `json:"from,omitempty"` // whose the published figure is
	Within    float64          `json:"within,omitempty"`
	Holds     bool             `json:"holds"`
	Seed      uint64           `json:"seed"`
	Seconds   float64          `json:"seconds"`
	Dir       string           `json:"dir"`
}

func asJSON(f reproduce.Figure, row reproduce.Row) reproduced {
	v := row.Figures[f.What]
	j := reproduced{Part: row.Part, Run: row.Run, Quantity: string(f.What), Measured: float.OrNull(v.Mean()), Values: v, Within: f.Within,
		From: f.From, Holds: f.Holds(v), Seed: row.Seeds.First, Seconds: row.Seconds, Dir: row.Dir}
	if f.Published == f.Published {
		j.Published = &f.Published
	}
	if sd := v.SD(); sd == sd {
		j.Seeds, j.Spread = len(v), sd
	}
	return j
}

func (r *reproduction) print(w io.Writer, p reproduce.Part, rows reproduce.Rows) error {
	if r.format == "json" {
		e := json.NewEncoder(w)
		for i, row := range rows {
			for _, f := range p.Runs[i].Figures {
				if err := e.Encode(asJSON(f, row)); err != nil {
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
		line = func(cells ...string) {
			for i, c := range cells {
				cells[i] = strings.ReplaceAll(c, "|", `\|`)
			}
			fmt.Fprintln(t, "| "+strings.Join(cells, " | ")+" |")
		}
	}
	line("run", "quantity", "measured", "published", "within", "time")
	if r.format == "markdown" {
		line("---", "---", "---", "---", "---", "---")
	}
	for i, row := range rows {
		for _, f := range p.Runs[i].Figures {
			v, near := row.Figures[f.What], "-"
			if f.Within > 0 {
				near = fmt.Sprintf("%.3g: %s", f.Within, yes(f.Holds(v)))
			}
			line(row.Run, string(f.What), f.Text(v), published(f), near, fmt.Sprintf("%.0f s", row.Seconds))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(rows) < len(p.Runs) {
		return nil // not all was made
	}
	fmt.Fprintln(w)
	for _, c := range p.Check {
		fmt.Fprintf(w, "- %s: %s\n", c.Says, yes(c.Holds(rows)))
	}
	return nil
}

// published is the figure that was published, "-" where none was.
func published(f reproduce.Figure) string {
	if math.IsNaN(f.Published) {
		return "-"
	}
	digits := 4
	if f.Within > 0 && f.Published != 0 { // as many as tell what is in the band
		digits = max(digits, 2+int(math.Ceil(math.Log10(math.Abs(f.Published)/f.Within))))
	}
	text := fmt.Sprintf("%.*g", digits, f.Published)
	if f.From != "" {
		text += fmt.Sprintf(" (%s)", f.From)
	}
	return text
}

// takes says how long a scale takes.
func takes(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d < time.Minute:
		return fmt.Sprintf("; %.0f s or so on two cores", d.Seconds())
	}
	return fmt.Sprintf("; %.0f minutes or so on two cores", d.Minutes())
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "NO"
}
