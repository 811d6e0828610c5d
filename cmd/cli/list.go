package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/data"
	"hebb/nets/stack"
	"hebb/nets/train"
)

func newListCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List systems, tasks, networks, rules, losses, optimisers and data, with their settings",
		RunE: func(cmd *cobra.Command, _ []string) error {
			list(cmd.OutOrStdout())
			return nil
		},
	}
}

// rateOf says at which rates a system learns.
func rateOf(s nets.NamedSystem) string {
	if s.NoRate {
		return "no learning rate"
	}
	rate := fmt.Sprintf("--lr %g", cmp.Or(s.Rate, train.Default.Rate))
	for _, task := range slices.Sorted(maps.Keys(s.Rates)) {
		rate += fmt.Sprintf(", %g on %s", s.Rates[task], task)
	}
	return rate + " unless another is given"
}

// list writes all that flags and configs can name.
func list(w io.Writer) {
	section := func(title string) { fmt.Fprintf(w, "%s\n", title) }
	row := func(name, about string, of any, more ...string) {
		fmt.Fprintf(w, "  %-14s %s\n", name, about)
		for _, line := range append(settingsOf(of), more...) {
			fmt.Fprintf(w, "  %-14s %s\n", "", line)
		}
	}
	section("systems: hebb train NAME:key=value,… --task TASK")
	for _, s := range names.Systems {
		row(s.Name, s.About, s.System(), rateOf(s))
	}
	section("\ntasks: --task NAME:key=value,…")
	for _, t := range names.Tasks {
		length := fmt.Sprintf("--epochs %d unless others are given", train.Default.Epochs)
		if t.Moments > 0 {
			length = fmt.Sprintf("--steps %d unless others or --epochs are given", t.Moments)
		}
		row(t.Name, t.About, t.Task(), length)
	}
	row(train.SamplesTask, "the images of --data without their labels, less their mean", nil, fmt.Sprintf("--epochs %d unless others are given", train.Default.Epochs))
	row(train.SequencesTask, "the sequences of an NPZ file, a moment at a time (what --data FILE.npz is, where it holds some)", nil, fmt.Sprintf("--epochs %d unless others are given", train.Default.Epochs))
	section("\nnetworks of recurrent systems: rtrl:network=NAME or network=[NAME:key=value,…]; leaky units without")
	for _, n := range names.Recurrent {
		row(n.Name, n.About, n.Network())
	}
	section("\nnetworks: hebb train --net NAME --data DATA")
	for _, n := range names.Networks {
		row(n.Name, n.About, nil)
	}
	for _, n := range stack.Networks {
		fmt.Fprintf(w, "  %s\n  %-14s %s\n", n.Name, "", n.About)
	}
	section("\nrules of a network: --rule NAME:key=value,…")
	for _, r := range names.Rules {
		row(r.Name, r.About, r.Rule)
	}
	section("\nlosses of a network: --loss NAME:key=value,…")
	for _, l := range names.Losses {
		row(l.Name, l.About, l.Loss)
	}
	section("\noptimisers: --optimiser NAME:key=value,…")
	for _, o := range names.Optimisers {
		row(o.Name, strings.Join(settingsOf(o.Optimiser), "; "), nil)
	}
	section("\nschedules of the learning rate: --schedule NAME:key=value,…")
	for _, kind := range nets.ScheduleKinds {
		row(kind, schedules[kind].about, nil, schedules[kind].settings)
	}
	section("\ndata: --data NAME, a folder or an NPZ file; without labels, for a system: --task samples")
	fmt.Fprintf(w, "  %s\n", strings.Join(data.Names(), ", "))
}

// schedules says what each schedule does, and its settings. Of all, warmup is epochs.
var schedules = map[string]struct{ about, settings string }{
	"constant": {"the rate as it is", "warmup=0: epochs of a linear rise from 0, with any schedule"},
	"step":     {"the rate times a factor at each of some epochs", "at=[4, 6], factor=0.25: both have to be given; warmup=0"},
	"cosine":   {"the rate falls to 0 along half a cosine", "warmup=0"},
	"inverse":  {"the rate for half of the run, then divided by 1 + 50·(t/T − ½) at time t of T", "warmup=0"},
	"linear":   {"the rate times 1 − t/T at time t of T, or a floor", "floor=0: the least multiplier; warmup=0"},
}

// settingsOf returns lines of the settings of a value with their defaults, a line for all that have an effect in one case.
func settingsOf(of any) (lines []string) {
	if of == nil {
		return nil
	}
	conditions := catalogue.Conditions(of)
	order, at := []string{""}, map[string][]string{}
	for _, s := range nets.Settings(of) {
		when := conditions[s.Name]
		if when != "" && at[when] == nil {
			order = append(order, when)
		}
		at[when] = append(at[when], s.String())
	}
	for _, when := range order {
		if text := strings.Join(at[when], ", "); when != "" {
			lines = append(lines, when+": "+text)
		} else if text != "" {
			lines = append(lines, text)
		}
	}
	return lines
}
