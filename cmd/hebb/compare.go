package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"hebb/nets/stack"
	"hebb/nets/train"
)

func newCompareCmd() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "compare DIR…",
		Short: "Put runs side by side in a table",
		Long: `compare prints a row for each run: what it was, how far it is, test accuracy at the end and at its best,
losses, the mean angles of feedback weights to weights and of the rule's deltas to backprop's at the
end, and its speed. A run that is not finished or whose files are damaged says so in its row.`,
		Example: `  hebb compare runs/*
  hebb compare runs/* --format markdown > results.md`,
		Args: someRuns,
		RunE: func(cmd *cobra.Command, args []string) error {
			return compare(args, format, cmd.OutOrStdout())
		},
	}
	cmd.Flags().Var(oneOf(&format, "table", "table", "json", "markdown"), "format", "how to print it")
	return cmd
}

// someRuns asks for folders that are there.
func someRuns(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("%s wants the folder of a run, or of several", cmd.CommandPath())
	}
	for _, dir := range args {
		switch info, err := os.Stat(dir); {
		case err != nil:
			return usageError{err}
		case !info.IsDir():
			return usagef("%s is a file, want the folder of a run", dir)
		}
	}
	return nil
}

func compare(dirs []string, format string, stdout io.Writer) error {
	all, runs := make([]train.Summary, len(dirs)), 0
	for i, dir := range dirs {
		if all[i] = train.Summarise(dir); all[i].State != train.NoRun {
			runs++
		}
	}
	if err := printSummaries(all, format, stdout); err != nil {
		return err
	}
	if runs == 0 {
		return fmt.Errorf("no run among %d folders; the first: %s", len(all), all[0].Problem)
	}
	return nil
}

func printSummaries(all []train.Summary, format string, w io.Writer) error {
	if format == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(all)
	}
	t, notes := summaryGrid(all)
	show, bullet := grid.text, ""
	if format == "markdown" {
		show, bullet = grid.markdown, "- "
	}
	err := show(t, w)
	if len(notes) > 0 {
		fmt.Fprintln(w)
	}
	for _, n := range notes {
		_, err = fmt.Fprintf(w, "%s%s\n", bullet, n)
	}
	return err
}

// summaryGrid is a table of the runs, with a note on each that did not go its way.
func summaryGrid(all []train.Summary) (t grid, notes []string) {
	t = grid{left: 5, head: []string{
		"run", "state", "network", "rule", "data", "seed", "epochs", "test acc.", "best", "at epoch", "test loss", "train loss",
		"∠ W, B", "∠ deltas", "images/s", "seconds", "device",
	}}
	for _, s := range all {
		asked := "–"
		if s.Epochs == s.Epochs {
			asked = figure("%.4g", s.Epochs) + "/" + figure("%.4g", s.EpochsAsked)
		}
		seed := fmt.Sprint(s.Seed)
		if s.Net == "" { // not even the config could be read
			seed = "–"
		}
		t.rows = append(t.rows, []string{
			s.Dir, string(s.State), s.Net, s.Rule, s.Data, seed, asked,
			percent(float64(s.Accuracy)), percent(float64(s.BestAccuracy)), figure("%.4g", s.BestEpoch),
			figure("%.4f", s.TestLoss), figure("%.4f", s.TrainLoss), degrees(s.WeightAngle), degrees(s.DeltaAngle),
			figure("%.0f", s.ImagesPerSecond), figure("%.1f", s.Seconds), s.Device,
		})
		if s.Problem != "" {
			notes = append(notes, fmt.Sprintf("%s: %s: %s", s.Dir, s.State, s.Problem))
		}
	}
	return t, notes
}

// figure is a number, or "–" where there is none.
func figure(format string, x train.Figure) string {
	if x != x {
		return "–"
	}
	return fmt.Sprintf(format, float64(x))
}

func degrees(x stack.Degrees) string {
	if x != x {
		return "–"
	}
	return fmt.Sprintf("%.1f°", float64(x))
}
