package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"hebb/nets/reproduce"
	"hebb/nets/train/chart"
)

// listFigures writes every figure of every experiment: what was published, and what hebb was released with.
func listFigures(w io.Writer) error {
	all, err := reproduce.Measurements()
	if err != nil {
		return err
	}
	for i, e := range reproduce.All {
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

// measuredBeside is a published figure and ours, "-" for what there is none of.
func measuredBeside(f reproduce.Figure, e reproduce.Experiment, s reproduce.Scale, p reproduce.Part, r reproduce.Run, all []reproduce.Measurement) string {
	published, ours := "-", "-\t-\t-"
	if f.Published == f.Published {
		published = fmt.Sprintf("%.4g", f.Published)
	}
	i := slices.IndexFunc(all, func(m reproduce.Measurement) bool {
		return m.Experiment == e.Name && m.Scale == s.Name && m.Part == p.Name && m.Run == r.Name && m.Quantity == f.What
	})
	if i >= 0 {
		m := all[i]
		value, seeds := fmt.Sprintf("%.2f", m.Value), fmt.Sprint(m.Seed)
		if m.Seeds > 1 {
			value += fmt.Sprintf(" ± %.2f", m.Spread)
			seeds = fmt.Sprintf("%d to %d", m.Seed, m.Seed+uint64(m.Seeds)-1)
		}
		ours = fmt.Sprintf("%s\t%s\t%s", value, seeds, m.Date.Format("2006-01-02"))
	}
	return published + "\t" + ours
}

// drawPart writes the curves of a part's runs beside their folders.
func drawPart(dir string, rows []reproduce.Row, stdout, stderr io.Writer) error {
	var dirs []string
	for _, row := range rows {
		if row.Dir != "" {
			dirs = append(dirs, row.Dir)
		}
	}
	if len(dirs) == 0 {
		return nil
	}
	all, err := histories(dirs, stderr)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, rows[0].Part+".png")
	f, err := newOutFile(path)
	if err != nil {
		return err
	}
	defer f.drop()
	if err := f.write(chart.Chart{Runs: all}.PNG); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "\nwrote     %s\n", path)
	return err
}

// measurements are the figures of rows, for --record.
func measurements(e reproduce.Experiment, s reproduce.Scale, rows []reproduce.Row) (all []reproduce.Measurement, err error) {
	for _, row := range rows {
		made, on := row.Made, row.Device
		if row.Dir != "" {
			h, err := histories([]string{row.Dir}, io.Discard)
			if err != nil {
				return nil, err
			}
			made, on = h[0].Record.Started, h[0].Record.Device
		}
		for _, f := range row.Figures {
			v := row.Value(f.What)
			if math.IsNaN(v) {
				continue
			}
			m := reproduce.Measurement{Experiment: e.Name, Scale: s.Name, Part: row.Part, Run: row.Run, Quantity: f.What, Value: v,
				Seed: row.Config.Seed, Date: made.UTC(), Device: fmt.Sprint(on)}
			if n := len(row.Seeds); n > 1 {
				m.Spread, m.Seeds = row.Spread(f.What), n
			}
			all = append(all, m)
		}
	}
	return all, nil
}
