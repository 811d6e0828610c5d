package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hebb/bench"
	"hebb/compute"
)

func newTuneCmd() *cobra.Command {
	var r tuneRun
	cmd := &cobra.Command{
		Use:   "tune",
		Short: "Look for the fastest kernels on this GPU, and keep them",
		Long: `tune runs the cases of hebb bench on every tile, with their sums whole and cut into slices,
and keeps the fastest way for each shape: what is multiplied, and the next powers of two of its sizes.
A way is timed only after its results were held against their definition. Those that the model of time
thinks best come first, so that a limit cuts off the least promising.

What it finds goes to a file in the user's cache folder, hebb/tuning/DEVICE.json, which all of hebb reads unless
--tuning off is given; for many devices hebb has such a file in it. A trial that hangs or takes the device down
is on record and is not begun again. With --tuning full, other commands tune what they meet for the first time.

Exit status 1 if a way gave a wrong result, 130 if interrupted, which it is when the op under way is done; what was found
until then is kept.`,
		Example: `  hebb tune
  hebb tune --suite layers --budget 5m
  hebb tune --case 'product NN (1024|4096)³' --all`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return r.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	r.reach.add(cmd)
	f.Var(someOf(&r.suites, "product", "hebbian", "gram", "hsic", "layers"), "suite", "whose cases to tune (default: all)")
	f.StringVar(&r.only, "case", "", "tune only cases whose suite and name match this `regexp`")
	f.IntVar(&r.batch, "batch", 0, "images at a time in layers (default 64)")
	f.DurationVar(&r.budget, "budget", 0, "the longest for all cases (default: none)")
	f.DurationVar(&r.options.Limit, "limit", 20*time.Second, "the longest for one case")
	f.IntVar(&r.options.Most, "most", 0, "how many ways to try for one case (default: all)")
	f.IntVar(&r.options.Sample, "sample", 64, "how many elements of each output to verify")
	f.Var(&r.allow, "allow", allowUsage)
	f.BoolVar(&r.all, "all", false, "print every way, not only the fastest")
	f.Uint64Var(&r.seed, "seed", 1, "of the inputs")
	return cmd
}

type tuneRun struct {
	reach   backendFlags
	suites  []string
	only    string
	batch   int
	budget  time.Duration
	options compute.TuneOptions
	all     bool
	allow   leewayFlag
	seed    uint64
}

func (r *tuneRun) run(ctx context.Context, stdout, stderr io.Writer) error {
	re, err := only(r.only)
	if err != nil {
		return err
	}
	cases, err := casesOf(bench.Options{Suites: r.suites, Batch: r.batch, Only: re})
	if err != nil {
		return err
	}
	b, notes, err := r.reach.backend("gpu")
	if err != nil {
		return err
	}
	r.reach.say(notes, "gpu", stderr)
	defer b.Close()
	t, ok := b.(compute.Tuner)
	if !ok {
		return fmt.Errorf("%s has one way to run an op, and nothing to tune", b.Info())
	}
	fmt.Fprintln(stderr, "hebb: tuning", b.Info())
	sayLeeway(r.allow.Leeway, stderr, b.Info())
	w := newWays(stdout, r.all)
	err = bench.Tune(ctx, t, cases, bench.TuneOptions{Seed: r.seed, Budget: r.budget, Allow: r.allow.Leeway, Each: r.options}, w.row)
	w.end()
	if errors.Is(err, context.Canceled) {
		err = fmt.Errorf("stopped; what was found so far is kept: %w", context.Cause(ctx))
	}
	return errors.Join(err, w.wrong)
}

// only makes a regular expression of --case; "" is none.
func only(text string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, usageError{fmt.Errorf("--case: %w", err)}
	}
	return re, nil
}

// casesOf are the cases that o asks for, of which there has to be one.
func casesOf(o bench.Options) ([]bench.Case, error) {
	cases, err := bench.Cases(o)
	if err == nil && len(cases) == 0 {
		err = usagef("--case %v: no case of these suites has such a suite and name, as in \"gram gaussian 128×64\"", o.Only)
	}
	return cases, err
}

// ways is a table of what each case came to.
type ways struct {
	w     *tabwriter.Writer
	all   bool
	wrong error
}

func newWays(w io.Writer, all bool) *ways {
	t := &ways{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0), all, nil}
	fmt.Fprintln(t.w, "case\tway\ttime\tGFLOP/s\tagainst the first\ttried")
	return t
}

func (t *ways) row(c bench.Tuned) {
	best, ok := compute.Fastest(c.Attempts)
	name := c.Suite + " " + c.Name
	if !ok {
		fmt.Fprintf(t.w, "%s\tnone: %v\n", name, c.Attempts[0].Err)
	}
	first := c.Attempts[0].Seconds
	for _, a := range c.Attempts {
		if a.Err != nil && errors.Is(a.Err, compute.ErrWrong) {
			t.wrong = errors.Join(t.wrong, fmt.Errorf("%s: %w", name, a.Err))
		}
		if !t.all && a != best {
			continue
		}
		if a.Err != nil {
			fmt.Fprintf(t.w, "%s\t%s\t%v\n", name, a.Way, a.Err)
			continue
		}
		fmt.Fprintf(t.w, "%s\t%s\t%v\t%.0f\t%.2f×\t%d\n", name, a.Way,
			time.Duration(a.Seconds*1e9).Round(10*time.Nanosecond), c.Rate(a.Seconds), first/a.Seconds, len(c.Attempts))
	}
	t.w.Flush()
}

func (t *ways) end() { t.w.Flush() }
