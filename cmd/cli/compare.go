package cli

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hebb/nets"
	"hebb/nets/train"
)

func newCompareCmd() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "compare DIR…",
		Short: "Put runs side by side in a table",
		Long: `compare prints a row for each group of runs: runs that differ by their seeds alone are one, and so are the
learners of a run. Columns say which settings differ between groups, how many seeds there are (n) and of them
lost, which count for nothing, how far they are, and what was measured at the end, as mean ± standard deviation over the seeds: every
metric in training and on the test part, the best accuracy, the mean angles of feedback weights to
weights and of the rule's deltas to backprop's, and the speed. What is the same for all is said below
the table. Runs that are not finished, or damaged, have a row of their own, and a note that says why.`,
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
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			_, err = train.RunConfig(dir)
			return err
		}
	}
	return nil
}

func compare(dirs []string, format string, stdout io.Writer) error {
	all := make([]train.History, len(dirs))
	for i, dir := range dirs {
		all[i], _ = train.ReadHistory(dir) // whose Damage is the error
	}
	if err := printComparison(all, format, stdout); err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(h train.History) bool { return h.State() != train.NoRun }) {
		return fmt.Errorf("no run among %d folders; the first: %w", len(all), all[0].Damage)
	}
	return nil
}

// A comparedRun is a run in JSON, with its group.
type comparedRun struct {
	train.Summary
	Group comparedGroup `json:"group"`
}

// A comparedGroup is runs that differ by their seeds alone.
type comparedGroup struct {
	Number  int                     `json:"number"` // from 0, in the order of the first runs
	Seeds   []uint64                `json:"seeds"`
	Lost    []uint64                `json:"lost,omitempty"` // of the seeds; they are not in Outcome
	Differs map[string]string       `json:"differs"`        // settings that are not the same for all groups
	Outcome map[string]train.Spread `json:"outcome"`        // over the seeds
}

func printComparison(all []train.History, format string, w io.Writer) error {
	c := train.Compare(all)
	if format == "json" {
		return printJSON(w, comparedRuns(all, c))
	}
	show, bullet := grid.text, ""
	if format == "markdown" {
		show, bullet = grid.markdown, "- "
	}
	t, notes := groupGrid(c)
	err := show(t, w)
	if len(notes) > 0 {
		fmt.Fprintln(w)
	}
	for _, n := range notes {
		_, err = fmt.Fprintf(w, "%s%s\n", bullet, n)
	}
	return err
}

func comparedRuns(all []train.History, c train.Comparison) (runs []comparedRun) {
	for i, h := range all {
		g := c.Groups[c.Of[i]]
		in, o := comparedGroup{c.Of[i], g.Seeds(), g.Lost(), map[string]string{}, map[string]train.Spread{}}, g.Outcome()
		for _, name := range c.Differ {
			in.Differs[name] = g.Setting(name)
		}
		for _, name := range train.Columns([]train.Outcome{o}) {
			in.Outcome[name] = o.Spread(name)
		}
		runs = append(runs, comparedRun{h.Summary(), in})
	}
	return runs
}

// groupGrid is a table with a row for each group, and notes: what is the same for all groups, which has no column, and each run
// that did not go its way.
func groupGrid(c train.Comparison) (t grid, notes []string) {
	t = grid{head: []string{"run"}, rows: make([][]string, len(c.Groups))}
	outcomes := make([]train.Outcome, len(c.Groups))
	for i, g := range c.Groups {
		t.rows[i], outcomes[i] = []string{g.Name()}, g.Outcome()
	}
	add := func(name string, cells []string) {
		t.head = append(t.head, name)
		for i, c := range cells {
			t.rows[i] = append(t.rows[i], cmp.Or(c, "–"))
		}
	}
	same := []string{c.Same()}
	unlessSame := func(name string, cells []string) {
		if all := slices.Compact(slices.DeleteFunc(slices.Sorted(slices.Values(cells)), func(c string) bool { return c == "" })); len(all) > 1 {
			add(name, cells)
		} else if len(all) == 1 {
			same = append(same, name+" "+all[0])
		}
	}
	for _, name := range c.Differ {
		if name != "epochs" && name != "steps" { // which the columns of how far runs are show
			add(cmp.Or(map[string]string{"net": "network"}[name], name), cells(c, func(g train.Group) string { return g.Setting(name) }))
		}
	}
	t.left = len(t.head)
	unlessSame("seed", cells(c, seeds))
	if slices.ContainsFunc(c.Groups, func(g train.Group) bool { return len(g.Seeds()) > 1 }) {
		add("n", cells(c, func(g train.Group) string { return g.Count("") }))
	}
	for _, unit := range []string{"epochs", "steps"} {
		made := cells(c, func(g train.Group) string { return made(g, unit) })
		if slices.ContainsFunc(made, func(s string) bool { return s != "" }) {
			add(unit, made)
		}
	}
	for _, name := range train.Columns(outcomes) {
		column := make([]string, len(outcomes))
		for i, o := range outcomes {
			column[i] = cell(name, o.Spread(name))
		}
		add(cmp.Or(shortNames[name], name), column)
	}
	unlessSame("device", cells(c, devices))
	notes = problems(c)
	if same = slices.DeleteFunc(same, func(s string) bool { return s == "" }); len(same) > 0 {
		notes = append([]string{strings.Join(same, ", ")}, notes...)
	}
	return t, notes
}

func cells(c train.Comparison, of func(train.Group) string) (all []string) {
	for _, g := range c.Groups {
		all = append(all, of(g))
	}
	return all
}

// problems are notes on the runs that did not go their way.
func problems(c train.Comparison) (all []string) {
	for _, g := range c.Groups {
		for _, h := range g.Runs {
			if s := h.Summary(); s.Problem != "" {
				all = append(all, fmt.Sprintf("%s: %s: %s", s.Dir, s.State, s.Problem))
			}
		}
	}
	return all
}

func devices(g train.Group) string {
	var all []string
	for _, h := range g.Runs {
		if d := h.Record.Device.String(); !slices.Contains(all, d) {
			all = append(all, d)
		}
	}
	return strings.Join(all, "; ")
}

// seeds are those of a group, "1–4, 7".
func seeds(g train.Group) string {
	return nets.Ranges(slices.Sorted(slices.Values(g.Seeds())))
}

// made is how far the runs of a group are, of how far they are to go, if that is counted in this unit: "10/10", "2–4/10".
func made(g train.Group, unit string) string {
	if !g.Readable() || g.Runs[0].InSteps() != (unit == "steps") {
		return ""
	}
	least, most, of := math.Inf(1), 0.0, "–"
	for _, h := range g.Runs {
		done, asked := h.Made()
		least, most = min(least, done), max(most, done)
		if asked > 0 {
			of = fmt.Sprintf("%.4g", asked)
		}
	}
	text := fmt.Sprintf("%.4g", least)
	if most > least {
		text += fmt.Sprintf("–%.4g", most)
	}
	return text + "/" + of
}

// shortNames are heads of columns.
var shortNames = map[string]string{
	"test accuracy": "test acc.", "train accuracy": "train acc.", "best accuracy": "best", "best epoch": "at epoch", "best step": "at step",
	"weight angle": "∠ W, B", "delta angle": "∠ deltas",
}

// cell is a quantity as people read it, "12.3 ± 0.4" over several seeds, or "–" where there is none.
func cell(name string, s train.Spread) string {
	format, sd, scale, unit := "%.4g", "%.2g", 1.0, ""
	switch {
	case strings.HasSuffix(name, "loss") && math.Abs(float64(s.Mean)) >= 1e4: // as they are
	case strings.HasSuffix(name, "accuracy"):
		format, sd, scale, unit = "%.2f", "%.2f", 100, " %"
	case strings.HasSuffix(name, "loss"):
		format, sd = "%.4f", "%.4f"
	case strings.HasSuffix(name, "angle"):
		format, sd, unit = "%.1f", "%.1f", "°"
	case name == "seconds":
		format, sd = "%.1f", "%.1f"
	case name == "images/s":
		format, sd = "%.0f", "%.0f"
	}
	switch s.N {
	case 0:
		return "–"
	case 1:
		return fmt.Sprintf(format, scale*float64(s.Mean)) + unit
	}
	return fmt.Sprintf(format+" ± "+sd, scale*float64(s.Mean), scale*float64(s.SD)) + unit
}
