package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"hebb/internal/table"
	"hebb/nets/reproduce"
	"hebb/nets/train"
	"hebb/nets/train/chart"
)

// listFigures writes every figure of every experiment: what was published, and what hebb was released with.
func listFigures(w io.Writer) error {
	all, err := reproduce.Measurements()
	if err != nil {
		return err
	}
	for i, e := range experiments {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s: %s\n%s\n", e.Name, e.About, e.Source)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "\nscale\tpart\trun\tquantity\tpublished\tours\tseed\tdate")
		for _, s := range e.Scales {
			for _, p := range s.Parts {
				for _, r := range p.Runs {
					for _, f := range r.Figures {
						fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", s.Name, p.Name, r.Name, f.What, measuredBeside(f, e, s, p, r, all))
					}
				}
			}
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// listSystems writes every system and who described it, its parts, and the experiments that show them.
func listSystems(w io.Writer, format string) (err error) {
	if format == "markdown" {
		lines := reproduce.SystemsTable()
		_, err = io.WriteString(w, table.Markdown(lines, len(lines[0])))
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range reproduce.Systems {
		fmt.Fprintf(t, "%s (%s)\n", s.Title, s.By)
		for _, p := range s.Parts {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", p.Name, p.Text, strings.Join(p.Shown(), ", "))
		}
	}
	return t.Flush()
}

// measuredBeside is a published figure and ours, "-" for what there is none of.
func measuredBeside(f reproduce.Figure, e reproduce.Experiment, s reproduce.Scale, p reproduce.Part, r reproduce.Run, all []reproduce.Measurement) string {
	ours := "-\t-\t-"
	i := slices.IndexFunc(all, func(m reproduce.Measurement) bool {
		return m.Experiment == e.Name && m.Scale == s.Name && m.Part == p.Name && m.Run == r.Name && m.Quantity == f.What
	})
	if i >= 0 {
		m := all[i]
		value, seeds := reproduce.Plain(m.Value, f.Scale(m.Value)), fmt.Sprint(m.Seed)
		if m.Seeds > 1 {
			value += " ± " + reproduce.Plain(m.Spread, f.Scale(m.Value))
			seeds = fmt.Sprintf("%d to %d", m.Seed, m.Seed+uint64(m.Seeds)-1)
		}
		ours = fmt.Sprintf("%s\t%s\t%s", value, seeds, m.Date.Format("2006-01-02"))
	}
	return published(f) + "\t" + ours
}

// drawPart writes the curves of a part's trainings beside their folders.
func drawPart(dir string, rows reproduce.Rows, stdout io.Writer) error {
	var all []train.History
	for _, row := range rows {
		if row.History != nil {
			all = append(all, *row.History)
		}
	}
	if len(all) == 0 {
		return nil
	}
	path := filepath.Join(dir, rows[0].Part+".png")
	f, err := newOutFile(path)
	if err != nil {
		return err
	}
	defer f.drop()
	if err := f.write(chart.Chart{Runs: all}.Figure().PNG); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "\nwrote     %s\n", path)
	return err
}
