package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hebb/bench"
	"hebb/compute"
)

func newBenchCmd() *cobra.Command {
	var r benchRun
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure GPU against CPU, and both against their own peaks",
		Long: `bench verifies and then times batched products, Hebbian updates and Gram matrices, from sizes
that only launch to sizes that only compute, on every backend asked for, case by case in turns.

The suite layers has every convolution of resnet18 and resnet50, for images of 32×32 and of 224×224,
forward and towards its input and its weights. The suite hsic has sums and gradients over kernel matrices
that are not stored, beside the form that stores them, and inverses. The suite pointwise has what takes as
long as its memory does: copies, formulas, sums, batch normalisation, softmax; GB/s count every operand once.
The suite training has whole training steps of
networks by backprop and, as ratios to it, by other rules; steps that ask for memory, after the
first ones, fail. Of both a run that names no suite has a few cases.

Times are medians; ± is half the interquartile range. "Of roof" is the speed over min(peak arithmetic, flops per byte
× bandwidth), both measured by hebb itself when the run starts, by their fastest samples (of a training step the sum of
its ops' shortest times over its own); c or m says which is the lower. What fits a cache may exceed the memory roof.

With --ladder it has instead a handful of cases, each on every rung: the naive kernel, and every tile and
number of slices that the GPU takes, verified before they are timed; "(taken)" is what runs if nothing is said.
What hebb tune has found stays as it is.

With --peer torch the same cases run in PyTorch on the same inputs, in turns, verified by the same definitions;
torch over hebb is its time over ours, so that below 1 hebb is behind. A table at the end counts by suite.
With --again N a case below 0.95 is measured again, alone with its peer, and the run of the median ratio counts.

With --profile all ops that run are timed on the devices themselves: those that measure the roofs, warm up
and verify are among them.

Exit status 1 if any result is outside its bound or could not be had, 130 if interrupted, which it is when the op
under way is done; what was measured until then is written all the same.`,
		Example: `  hebb bench --quick
  hebb bench --suite hebbian --peer torch
  hebb bench --suite layers,training --peer torch --json layers.json
  hebb bench --ladder --json ladder.json
  hebb bench --json bench.json --report bench.html
  hebb bench compare old.json new.json
  hebb bench --format benchfmt > new.txt && benchstat -col backend new.txt`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r.command = strings.Join(append([]string{cmd.CommandPath()}, changed(cmd)...), " ")
			r.budgeted = cmd.Flags().Changed("budget")
			return r.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.AddCommand(newBenchCompareCmd())
	f := cmd.Flags()
	r.reach.add(cmd)
	f.Var(someOf(&r.backends, "gpu", "cpu"), "backend", "what to measure (default: gpu and cpu, whichever open)")
	f.Var(someOf(&r.o.Suites, bench.Suites...), "suite", "what to run (default: all, but of small, layers and training the cases of --quick)")
	f.StringVar(&r.only, "case", "", `only cases whose suite and name, as in "gram gaussian 128×64", match this `+"`regexp`")
	f.IntVar(&r.o.Batch, "batch", 0, "images at a time in layers and training (default: in layers 64 with a GPU and 16 without, in training 64 or 128 by network; fewer beside a software renderer)")
	f.BoolVar(&r.ladder, "ladder", false, "every way to run a handful of cases on the GPU, from the naive one up")
	f.BoolVar(&r.o.Quick, "quick", false, "a handful of cases from each suite, in a minute")
	f.Var(&r.allow, "allow", allowUsage)
	f.Var(oneOf(&r.format, "table", "table", "json", "benchfmt"), "format", "of standard output")
	f.StringVar(&r.plot, "plot", "", "write rooflines and speed-ups to this `file` (.svg or .png)")
	f.StringVar(&r.json, "json", "", "write the results to this `file` too, one JSON object a line")
	f.StringVar(&r.report, "report", "", "write a page with everything to this `file` (.html)")
	f.StringVar(&r.profile, "profile", "", profileUsage)
	f.Var(oneOf(&r.peer, "", "torch"), "peer", "another program to compare with")
	f.IntVar(&r.o.Again, "again", 0, "measure a case that has less than 0.95 of the peer's speed again, alone with it, `N` times; the run of the median ratio counts")
	f.StringVar(&r.torch.Python, "python", "", "the interpreter that has torch (default: python3, or else /usr/bin/python3)")
	f.Var(oneOf(&r.torch.Device, "auto", "auto", "cpu", "cuda"), "peer-device", "where the peer runs")
	f.BoolVar(&r.torch.TF32, "peer-tf32", false, "let the peer use TF32 on CUDA, whose products are then not verified: they keep 10 bits of each factor")
	f.Uint64Var(&r.o.Seed, "seed", 1, "of the inputs")
	f.BoolVar(&r.o.All, "all", false, "all cases also on a GPU that is a program on the CPU, which else gets some of the quick ones")
	f.DurationVar(&r.o.Budget, "budget", 0, "no case, nor the measurement of a roof, begins later than that after the start, and quick ones come first; 0: no limit (default 1m if --quick, 3m without a GPU)")
	f.DurationVar(&r.o.MaxCase, "max-case", 0, "the longest that one case may take on one device, a rule of training four times that (default 5s, 1.5s if --quick, 1s beside a software renderer)")
	return cmd
}

// A benchRun is one run of the command.
type benchRun struct {
	reach    backendFlags
	backends []string
	format   string
	plot     string
	report   string
	json     string
	profile  string
	peer     string
	torch    bench.PeerOptions
	o        bench.Options
	allow    leewayFlag
	only     string
	ladder   bool
	command  string // as it was typed, about
	budgeted bool   // by --budget
}

// softwareCase is the default of --max-case beside a renderer in software, whose large cases take
// minutes and say nothing.
const softwareCase = time.Second

// changed are the flags that were given.
func changed(cmd *cobra.Command) (flags []string) {
	cmd.Flags().Visit(func(f *pflag.Flag) { flags = append(flags, fmt.Sprintf("--%s=%s", f.Name, f.Value)) })
	return flags
}

// settings are the flags that were given and change how fast things are, where the name of the case does not say so.
func settings(flags *pflag.FlagSet) string {
	var all []string
	for _, name := range []string{"context", "device", "rung", "tuning", "peer-device"} {
		if f := flags.Lookup(name); f.Changed {
			all = append(all, fmt.Sprintf("%s=%s", f.Name, f.Value))
		}
	}
	return strings.Join(all, " ")
}

func (r *benchRun) run(ctx context.Context, stdout, stderr io.Writer) error {
	r.o.Allow, r.o.Settings = r.allow.Leeway, settings(r.reach.flags)
	if err := r.asked(); err != nil {
		return err
	}
	files, err := r.files()
	if err != nil {
		return err
	}
	defer files.drop()
	prof, err := newProfiling(r.profile)
	if err != nil {
		return err
	}
	defer prof.drop()
	backends, err := r.reach.backends(r.backends, stderr)
	if err != nil {
		return err
	}
	defer closeAll(backends)
	for i, b := range backends {
		if backends[i], err = prof.wrap(b); err != nil {
			backends[i] = b
			return err
		}
	}
	for _, b := range backends {
		fmt.Fprintln(stderr, "hebb: measuring", b.Info())
		sayLeeway(r.o.Allow, stderr, b.Info())
		if b.Info().Software && r.o.MaxCase == 0 {
			r.o.MaxCase = softwareCase
			fmt.Fprintf(stderr, "hebb: cases are limited to %v, since that is a program on the CPU; --max-case sets another limit\n", softwareCase)
			if !r.o.All && len(backends) > 1 {
				fmt.Fprintln(stderr, "hebb: and it gets some of the quick cases alone; --all for all")
			}
		}
	}
	r.limit(backends, stderr)
	if r.peer != "" {
		p, err := bench.OpenTorch(ctx, r.torch)
		switch {
		case errors.Is(err, bench.ErrNoPeer):
			fmt.Fprintf(stderr, "hebb: %v; going on without\n", err)
		case err != nil:
			return err
		default:
			defer p.Close()
			r.o.Peer = p
			if w := p.Warning(); w != "" {
				fmt.Fprintf(stderr, "hebb: %s\n", w)
			}
		}
	}
	report, err := r.measure(ctx, backends, stdout, stderr)
	if err != nil {
		return err
	}
	return errors.Join(files.write(report), prof.finishBench(r, report, stdout, stderr), verdict(ctx, report))
}

// asked reports flags that cannot be, before anything is measured.
func (r *benchRun) asked() (err error) {
	if r.o.MaxCase < 0 {
		return usagef("--max-case %v, want a duration above 0", r.o.MaxCase)
	}
	if r.o.Budget < 0 {
		return usagef("--budget %v, want a duration, or 0 for no limit", r.o.Budget)
	}
	if r.o.Batch < 0 {
		return usagef("--batch %d, want at least 1", r.o.Batch)
	}
	if r.o.Again < 0 {
		return usagef("--again %d, want at least 0", r.o.Again)
	}
	for _, name := range []string{"again", "python", "peer-device", "peer-tf32"} {
		if r.peer == "" && r.reach.flags.Changed(name) {
			return usagef("--%s is of --peer", name)
		}
	}
	if r.o.Only, err = only(r.only); err != nil {
		return err
	}
	if r.ladder {
		return r.checkLadder()
	}
	_, err = casesOf(r.o)
	return err
}

// limit sets the budget of a run that was given none: quick ones keep what they promise, and without a GPU there is less
// to find out.
func (r *benchRun) limit(backends []compute.Backend, stderr io.Writer) {
	hardware := slices.ContainsFunc(backends, func(b compute.Backend) bool { return b.Info().Backend == "gpu" && !b.Info().Software })
	switch {
	case r.budgeted || r.ladder:
		return
	case r.o.Quick:
		r.o.Budget = time.Minute
	case !hardware:
		r.o.Budget = 3 * time.Minute
	default:
		return
	}
	fmt.Fprintf(stderr, "hebb: no case begins after %v, and quick ones come first; --budget sets another limit, 0 none\n", r.o.Budget)
}

// finishBench is finish with the peaks that were measured. Where standard output is for programs, the table goes to
// standard error.
func (p *profiling) finishBench(r *benchRun, report *bench.Report, stdout, stderr io.Writer) error {
	if p == nil {
		return nil
	}
	for i, of := range p.of {
		of.Peak = report.Devices[i].Roof.Peak
	}
	if r.format != "table" {
		stdout = stderr
	}
	return p.finish(stdout)
}

// measure runs the cases and writes the results: a table when all is done, lines as they come.
func (r *benchRun) measure(ctx context.Context, backends []compute.Backend, stdout, stderr io.Writer) (*bench.Report, error) {
	say, failed := &benchProgress{w: stderr}, error(nil)
	r.o.Began = say.began
	r.o.Done = func(p bench.Progress, results []bench.Result) {
		say.done(p, results)
		var err error
		switch r.format {
		case "json":
			err = bench.Write(stdout, results...)
		case "benchfmt":
			err = bench.WriteBenchfmt(stdout, results...)
		}
		failed = errors.Join(failed, err)
	}
	report, err := r.outcome(ctx, backends, stderr)
	say.end()
	if err != nil {
		return nil, err
	}
	report.Command = r.command
	switch r.format {
	case "table":
		failed = report.Table(stdout)
	case "json":
		failed = errors.Join(failed, bench.WriteStandings(stdout, report.Standings()...))
	}
	if failed != nil {
		return nil, fmt.Errorf("writing results: %w", failed)
	}
	return report, nil
}

// checkLadder refuses what a ladder has no use for.
func (r *benchRun) checkLadder() error {
	switch {
	case len(r.o.Suites) > 0:
		return usagef("--ladder has cases of its own, and no --suite; --case chooses among them")
	case r.peer != "" || r.profile != "":
		return usagef("--ladder goes with neither --peer nor --profile")
	case r.reach.rung != "":
		return usagef("--ladder is of every rung; want no --rung")
	case r.backends != nil && !slices.Equal(r.backends, []string{"gpu"}):
		return usagef("--ladder is of --backend gpu alone")
	}
	r.backends = []string{"gpu"}
	return nil
}

// outcome measures the cases, or the ladder.
func (r *benchRun) outcome(ctx context.Context, backends []compute.Backend, stderr io.Writer) (*bench.Report, error) {
	if !r.ladder {
		return bench.Run(ctx, backends, r.o)
	}
	low := r.reach
	low.rung = "naive"
	naive, err := low.backends([]string{"gpu"}, stderr)
	if err != nil {
		return nil, err
	}
	defer closeAll(naive)
	t, ok := backends[0].(compute.Tuner)
	n, also := naive[0].(compute.Tuner)
	if !ok || !also {
		return nil, fmt.Errorf("%s has one way to run an op, and no ladder", backends[0].Info())
	}
	return bench.Ladder(ctx, t, n, r.o)
}

// verdict is the error that a run ends with.
func verdict(ctx context.Context, r *bench.Report) error {
	var errs []error
	if wrong := r.Wrong(); len(wrong) > 0 {
		c := wrong[0]
		errs = append(errs, fmt.Errorf("%d results are wrong or missing; the first: %s on %s: %s: %s", len(wrong), c.Case, c.Backend, c.Status, c.Note))
	}
	if r.PeerError != nil {
		errs = append(errs, fmt.Errorf("peer: %w", r.PeerError))
	}
	if r.Interrupted {
		errs = append(errs, fmt.Errorf("stopped; the cases measured so far are written: %w", context.Cause(ctx)))
	}
	return errors.Join(errs...)
}

// benchFiles are the files that a run writes.
type benchFiles []benchFile

type benchFile struct {
	*outFile
	draw func(*bench.Report, io.Writer) error
}

func (r *benchRun) files() (benchFiles, error) {
	var files benchFiles
	draw := (*bench.Report).SVG
	switch kind := strings.ToLower(filepath.Ext(r.plot)); {
	case kind == ".png":
		draw = (*bench.Report).PNG
	case r.plot != "" && kind != ".svg":
		return nil, usagef("--plot %s, want a name that ends in .svg or .png", r.plot)
	}
	lines := func(b *bench.Report, w io.Writer) error {
		return errors.Join(bench.Write(w, b.Results...), bench.WriteStandings(w, b.Standings()...))
	}
	for _, f := range []struct {
		flag, path string
		draw       func(*bench.Report, io.Writer) error
	}{{"plot", r.plot, draw}, {"json", r.json, lines}, {"report", r.report, (*bench.Report).HTML}} {
		if f.path == "" {
			continue
		}
		out, err := reserve(f.flag, f.path)
		if err != nil {
			files.drop()
			return nil, err
		}
		files = append(files, benchFile{out, f.draw})
	}
	return files, nil
}

// write draws every file and gives it its name.
func (fs benchFiles) write(r *bench.Report) error {
	var errs []error
	for _, f := range fs {
		errs = append(errs, f.write(func(w io.Writer) error { return f.draw(r, w) }))
	}
	return errors.Join(errs...)
}

// drop removes what was not written.
func (fs benchFiles) drop() {
	for _, f := range fs {
		f.drop()
	}
}

// A benchProgress says on standard error how far the cases are: a bar on a terminal, a line for
// each case elsewhere.
type benchProgress struct {
	w   io.Writer
	bar *progress // nil where w is no terminal, or before the first case
}

func (b *benchProgress) began(p bench.Progress) {
	if b.bar == nil && isTerminal(b.w) {
		b.bar = newProgress(b.w, "", p.Total, progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(true))
	}
	if b.bar != nil {
		how := p.Case.Suite + " " + p.Case.Name
		if p.Left > 0 {
			how += fmt.Sprintf(", about %v left", p.Left.Round(time.Second))
		}
		b.bar.describe(how)
		b.bar.at(p.Index)
	}
}

// done says what became of a case; on a terminal only where something did not go well.
func (b *benchProgress) done(p bench.Progress, results []bench.Result) {
	for _, r := range results {
		if r.Status == bench.OK && isTerminal(b.w) {
			continue
		}
		if b.bar != nil {
			b.bar.clear()
		}
		what := string(r.Status) + ": " + r.Note
		if r.Status == bench.OK {
			what = time.Duration(r.Seconds * 1e9).String()
		}
		where := r.Backend
		if r.Rung != "" {
			where += " by " + r.Rung
		}
		fmt.Fprintf(b.w, "[%d/%d] %s %s on %s: %s\n", p.Index+1, p.Total, r.Suite, r.Case, where, what)
	}
}

func (b *benchProgress) end() {
	if b.bar != nil {
		b.bar.end()
	}
}
