package cli

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"hebb/bench"
)

func newBenchCompareCmd() *cobra.Command {
	var format string
	threshold := percentage(0.05)
	cmd := &cobra.Command{
		Use:   "compare OLD.json NEW.json",
		Short: "Compare the times of two runs of hebb bench, for CI too",
		Long: `compare reads files that hebb bench --json wrote, one a side or several with commas between them, and matches
their cases by suite, name and backend. new/old is the ratio of the medians: above 1 is slower. "95 % within" is where
that ratio lies, by the order statistics of both medians (from seven samples a side on), and p the chance that a
Mann–Whitney U test finds such a difference between samples of one distribution. "~" is no difference that shows, "?" too
few samples for a test.

The samples of all runs of a side are taken together. They tell how steady a run was, and nothing of what changes from run
to run: a clock, a neighbour, where memory came to lie. With four files a side or more each run is one sample, its median, and p is
about that too: for CI make four runs of each, in turns. What else differs (processor, GOMAXPROCS, settings, other programs'
share of the machine, the roof that was measured) is said above the tables. Files of versions before, which have medians
without samples, are compared by these alone, and so are ladders.

Exit status 0 where no case has become slower by more than the threshold, 1 where one has (with p below 0.05 where there
are samples) or where a case that had a time could not be timed any more, 2 where there is nothing to compare: a file that
is not there, breaks off, is not of hebb bench or is given twice, or no case in both.`,
		Example: `  hebb bench --quick --json old.json     before the change
  hebb bench --quick --json new.json     and after it
  hebb bench compare old.json new.json --threshold 10%
  hebb bench compare old1.json,old2.json,old3.json,old4.json new1.json,new2.json,new3.json,new4.json --format markdown`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("%s takes OLD.json and NEW.json, found %q", cmd.CommandPath(), args)
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return compareBenches(args[0], args[1], float64(threshold), format, cmd.OutOrStdout())
		},
	}
	cmd.Flags().Var(&threshold, "threshold", "how much slower a case may become")
	cmd.Flags().Var(oneOf(&format, "table", "table", "json", "markdown"), "format", "how to print it")
	return cmd
}

// compareBenches prints the comparison; a regression is an error.
func compareBenches(before, after string, threshold float64, format string, stdout io.Writer) error {
	was, err := readSide(before)
	if err != nil {
		return usageError{err}
	}
	is, err := readSide(after)
	if err != nil {
		return usageError{err}
	}
	c, err := bench.Compare(was, is, threshold)
	if err != nil {
		return usageError{err}
	}
	switch format {
	case "json":
		err = printJSON(stdout, c)
	case "markdown":
		err = c.Markdown(stdout)
	default:
		err = c.Text(stdout)
	}
	return errors.Join(err, c.Regressed())
}

// readSide reads the files of one side.
func readSide(names string) (s bench.Side, err error) {
	s.Name = names
	files := []string{names}
	if _, err := os.Stat(names); err != nil { // else a comma is one of a name
		files = strings.Split(names, ",")
	}
	for _, name := range files {
		results, err := readResults(name)
		if err == nil && len(results) == 0 {
			err = fmt.Errorf("%s: no results", name)
		}
		if err != nil {
			return s, fmt.Errorf("%w; want a file that hebb bench --json wrote", err)
		}
		s.Results = append(s.Results, results...)
	}
	return s, nil
}

// A percentage is a flag of a share, written "5%".
type percentage float64

func (p *percentage) String() string { return strconv.FormatFloat(100*float64(*p), 'g', 6, 64) + "%" }

func (*percentage) Type() string { return "PERCENT" }

func (p *percentage) Set(s string) error {
	number, ok := strings.CutSuffix(s, "%")
	x, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !ok || err != nil || math.IsInf(x, 0) || !(x >= 0) {
		return fmt.Errorf("want a percentage from 0%%, such as 5%%")
	}
	*p = percentage(x / 100)
	return nil
}
