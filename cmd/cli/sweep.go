package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hebb/nets/catalogue"
	"hebb/nets/train"
)

// A sweepRun is one run of hebb sweep, as asked for.
type sweepRun struct {
	sets     []string
	learners int
	jobs     int
	out      string
}

func newSweepCmd() *cobra.Command {
	var r sweepRun
	cmd := &cobra.Command{
		Use:   "sweep --set FLAG=VALUE,… --out DIR -- flags of hebb train",
		Short: "Train a run for each point of a grid of settings",
		Long: `sweep makes a run of hebb train for each combination of the values that --set gives to flags of it: --set lr=0.01,0.03
--set rule=fa,bp are four. A value with commas of its own stands in brackets, rule=[aa:rate=0.05,share=0.25],fa, and "system"
is the SYSTEM of hebb train. Each run is a process and has a folder in --out with the name of its point, "lr=0.01,rule=fa";
what it prints is in DIR/.logs. Ctrl-C saves and stops all.

The same command goes on after Ctrl-C or kill -9: runs that are finished are left alone, those that began are resumed, also
to more --epochs or --steps. Runs that fail do not stop the others; they are told at the end, with exit status 1.

hebb compare DIR/* and hebb plot DIR/* show the runs; those that differ by --set seed=1,2,3 alone are a group. Runs at the
same time share the cores: GOMAXPROCS=2 hebb sweep --jobs 4 gives two to each.`,
		Example: `  hebb sweep --set lr=0.01,0.03 --set rule=fa,sa,bp --learners 5 --jobs 2 --out sweeps/lr -- --net mlp:784-100-10 --epochs 5
  hebb sweep --set seed=1,2,3 --set net=lenet5,resnet8 --out sweeps/net -- --data mnist --rule sa
  hebb sweep --set system=rflo:units=20,rflo:units=50 --set lr=5e-4,2e-3 --out sweeps/rflo -- --task sines`,
		Args: func(cmd *cobra.Command, args []string) error {
			if n := cmd.ArgsLenAtDash(); n > 0 || n < 0 && len(args) > 0 {
				return usagef("%s: %q before --: want the flags of hebb train after it", cmd.CommandPath(), args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.run(cmd.Context(), args, cmd.Flags().Changed("learners"), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&r.sets, "set", nil, "`FLAG=VALUE,…`: the values of a flag of hebb train; several times")
	f.IntVar(&r.learners, "learners", 1, "learners of each run")
	f.IntVar(&r.jobs, "jobs", 1, "runs at the same time")
	f.StringVar(&r.out, "out", "", "the `DIR` of the runs' folders")
	return cmd
}

// An axis is a flag of hebb train and its values.
type axis struct {
	flag   string
	values []string
}

// systemAxis is the name of what hebb train takes without a flag.
const systemAxis = "system"

// A point is a run of the grid.
type point struct {
	name, dir string
	args      []string // the settings, as flags of hebb train
	process   []string // what hebb train is started with: the settings and a folder, or a run to resume
	config    train.Config
	done      bool
}

func (r *sweepRun) run(ctx context.Context, common []string, learners bool, stdout, stderr io.Writer) error {
	if learners {
		common = append(slices.Clone(common), "--learners", strconv.Itoa(r.learners))
	}
	grid, err := r.grid(common)
	if err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	logs := filepath.Join(r.out, ".logs")
	lock, err := train.Take(logs) // a folder of one sweep at a time
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer lock.Close()
	done := 0
	for _, p := range grid {
		if p.done {
			done++
		}
	}
	fmt.Fprintf(stdout, "sweep     %d runs in %s, %d of them finished\n", len(grid), r.out, done)
	s := sweeping{program: program, out: r.out, logs: logs, grid: grid, stdout: stdout, done: done}
	failed := s.all(ctx, r.jobs)
	if ctx.Err() != nil {
		return fmt.Errorf("stopped; the same command goes on: %w", context.Cause(ctx))
	}
	return told(failed, len(grid), r.out, stdout, stderr)
}

// told tells how the runs ended.
func told(failed []error, runs int, out string, stdout, stderr io.Writer) error {
	fmt.Fprintf(stdout, "\nhebb compare %s/* and hebb plot %s/* show them\n", out, out)
	for _, err := range failed {
		fmt.Fprintln(stderr, "hebb:", err)
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d runs failed", len(failed), runs)
	}
	return nil
}

// grid returns the points, or an error if any of them cannot be.
func (r *sweepRun) grid(common []string) (all []point, err error) {
	switch {
	case len(r.sets) == 0:
		return nil, usagef("want --set, as in --set lr=0.01,0.03")
	case r.out == "":
		return nil, usagef("want --out, the folder of the runs' folders")
	case r.jobs < 1:
		return nil, usagef("--jobs %d, want at least 1", r.jobs)
	}
	if _, err := os.Stat(filepath.Join(r.out, ".logs")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, unwritable("--out", r.out, "a folder that can be written, or made", err)
	}
	var axes []axis
	for _, text := range r.sets {
		a, err := parseAxis(text)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(axes, func(b axis) bool { return b.flag == a.flag }) {
			return nil, usagef("--set %s twice", a.flag)
		}
		axes = append(axes, a)
	}
	if err := plain(common, axes); err != nil {
		return nil, err
	}
	all = []point{{args: common}}
	for _, a := range axes {
		var more []point
		for _, p := range all {
			for _, v := range a.values {
				more = append(more, p.with(a.flag, v))
			}
		}
		all = more
	}
	for i := range all {
		if err := all[i].settle(r.out); err != nil {
			return nil, fmt.Errorf("%s: %w", all[i].name, err)
		}
	}
	return all, nil
}

// plain reports flags after -- that a sweep cannot give to all of its runs.
func plain(common []string, axes []axis) error {
	var n networkRun
	cmd := trainCmd(&n)
	if err := cmd.ParseFlags(common); err != nil {
		return flagError(cmd, err)
	}
	for _, name := range []string{"out", "resume", "force", "profile", "trace"} {
		if cmd.Flags().Changed(name) {
			return usagef("--%s after --: it is of one run", name)
		}
	}
	for _, a := range axes {
		switch {
		case a.flag == systemAxis:
			if cmd.Flags().NArg() > 0 {
				return usagef("--set system and the system %s", cmd.Flags().Arg(0))
			}
		case cmd.Flags().Lookup(a.flag) == nil || slices.Contains([]string{"out", "resume", "help"}, a.flag):
			var all []string
			cmd.Flags().VisitAll(func(f *pflag.Flag) { all = append(all, f.Name) })
			return usagef("--set %s: want system or a flag of hebb train, one of %s", a.flag, strings.Join(all, ", "))
		case cmd.Flags().Changed(a.flag):
			return usagef("--set %s and --%s: want one of the two", a.flag, a.flag)
		}
	}
	return nil
}

// parseAxis reads FLAG=VALUE,….
func parseAxis(text string) (a axis, err error) {
	flag, list, ok := strings.Cut(text, "=")
	if a.flag = strings.TrimLeft(flag, "-"); !ok || a.flag == "" {
		return a, usagef("--set %q, want FLAG=VALUE,…, as in lr=0.01,0.03", text)
	}
	for _, v := range catalogue.Split(list) {
		if whole := strings.TrimSuffix(strings.TrimPrefix(v, "["), "]"); len(whole) == len(v)-2 {
			v = whole
		}
		if v == "" || slices.Contains(a.values, v) {
			err = usagef("--set %q: the value %q is empty or there twice", text, v)
		}
		a.values = append(a.values, v)
	}
	if strings.Count(list, "[") != strings.Count(list, "]") {
		err = usagef("--set %q: a bracket without another", text)
	}
	return a, err
}

// with is the point with another setting.
func (p point) with(flag, value string) point {
	if p.name != "" {
		p.name += ","
	}
	p.name += flag + "=" + escaped(value)
	p.args = slices.Clone(p.args)
	if flag == systemAxis {
		p.args = append(p.args, value)
	} else {
		p.args = append(p.args, "--"+flag+"="+value)
	}
	return p
}

// escaped is a value as a part of the name of a folder, from which no other value has the same.
func escaped(value string) string { return strings.ReplaceAll(url.PathEscape(value), ",", "%2C") }

// settle reads the settings of the point's run, and what there is of it by now.
func (p *point) settle(out string) (err error) {
	if p.dir = filepath.Join(out, p.name); len(p.name) > 200 {
		return usagef("the name of a folder of %d bytes, want at most 200", len(p.name))
	}
	n := networkRun{Config: train.Default}
	cmd := trainCmd(&n)
	if err := cmd.ParseFlags(p.args); err != nil {
		return flagError(cmd, err)
	}
	if err := atMostOneSystem(cmd, cmd.Flags().Args()); err != nil {
		return err
	}
	n.flags, n.System = cmd.Flags(), cmd.Flags().Arg(0)
	if !slices.Contains(componentRules, n.Config.Rule) { // the run checks its settings by the data
		if p.config, err = n.settings(); err != nil {
			return err
		}
	}
	h, err := train.ReadHistory(p.dir)
	if errors.Is(err, train.ErrNoRun) {
		p.process = append(slices.Clone(p.args), "--out", p.dir)
		return nil
	}
	if err != nil {
		return err
	}
	return p.goOn(h, &n)
}

// goOn sets the point to go on with a run.
func (p *point) goOn(h train.History, n *networkRun) error {
	longer := p.config
	if longer == (train.Config{}) {
		longer = h.Config
	}
	was := h.Config
	was.Epochs, was.Steps = longer.Epochs, longer.Steps
	if other := train.Differences(longer, was); other != "" {
		return usagef("%s holds a run of other settings: %s", p.dir, other)
	}
	h.Config.Epochs, h.Config.Steps = longer.Epochs, longer.Steps
	p.done = h.Finished() && h.Damage == nil
	p.process = []string{"--resume", p.dir}
	n.flags.Visit(func(f *pflag.Flag) {
		if slices.Contains([]string{"backend", "verify", "context", "device", "rung", "tuning", "no-cache"}, f.Name) {
			p.process = append(p.process, "--"+f.Name+"="+f.Value.String())
		}
	})
	if longer.Steps > 0 {
		p.process = append(p.process, "--steps", strconv.Itoa(longer.Steps))
	} else {
		p.process = append(p.process, "--epochs", strconv.Itoa(longer.Epochs))
	}
	return nil
}

// sweeping is a sweep under way.
type sweeping struct {
	program, out, logs string
	grid               []point
	stdout             io.Writer
	done               int
}

// An ended run is one that has come to its end.
type ended struct {
	point
	err  error
	took time.Duration
}

// all makes the runs that are not finished, so many at a time, and returns the errors of those that failed.
func (s *sweeping) all(ctx context.Context, jobs int) (failed []error) {
	ends := make(chan ended)
	running := 0
	for next := 0; ; {
		for ; running < jobs && next < len(s.grid) && ctx.Err() == nil; next++ {
			if p := s.grid[next]; !p.done {
				running++
				go func() {
					start := time.Now()
					err := s.one(ctx, p)
					ends <- ended{p, err, time.Since(start)}
				}()
			}
		}
		if running == 0 {
			return failed
		}
		e := <-ends
		running--
		if s.done++; e.err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", e.name, e.err))
		}
		how := outcome(e)
		if e.err != nil && ctx.Err() != nil {
			how = "stopped"
		}
		fmt.Fprintf(s.stdout, "%4d/%d  %s: %s, %s\n", s.done, len(s.grid), e.name, how, e.took.Round(100*time.Millisecond))
	}
}

// outcome says how a run ended.
func outcome(e ended) string {
	h, err := train.ReadHistory(e.dir)
	switch {
	case e.err != nil:
		return "failed"
	case err != nil:
		return "finished"
	}
	if tests := h.Of("test"); len(tests) > 0 && h.Config.System == "" {
		return fmt.Sprintf("test accuracy %.2f %%", 100*tests[len(tests)-1].Accuracy)
	}
	return "finished"
}

// one makes a run in a process of its own. The process stops and saves when its standard input ends: as ctx does, or as this
// process does in any way.
func (s *sweeping) one(ctx context.Context, p point) error {
	path := filepath.Join(s.logs, p.name+".log")
	log, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer log.Close()
	for range 600 { // a process of a sweep that was killed saves and stops; what it leaves is gone on with
		if ctx.Err() != nil || !orphaned(log, p.dir) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err := p.settle(s.out); err != nil || p.done {
		return err
	}
	cmd := exec.Command(s.program, append([]string{sweptName}, p.process...)...)
	cmd.Stdout, cmd.Stderr = log, log
	input, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { input.Close() })
	defer stop()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s (%s)", err, lastLine(path), path)
	}
	return nil
}

// lastLine is the last line of a log that says something.
func lastLine(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, l := range slices.Backward(lines) {
		if said, ok := strings.CutPrefix(l, "hebb: "); ok {
			return said
		}
	}
	return lines[len(lines)-1]
}

const sweptName = "sweep-run"

// newSweptCmd is hebb train as a process of hebb sweep, which stops when its standard input ends.
func newSweptCmd() *cobra.Command {
	cmd := newTrainCmd()
	cmd.Use, cmd.Hidden = sweptName+" [SYSTEM]", true
	train := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, cancel := context.WithCancel(cmd.Context())
		defer cancel()
		go func() {
			io.Copy(io.Discard, cmd.InOrStdin())
			cancel()
		}()
		cmd.SetContext(ctx)
		return train(cmd, args)
	}
	return cmd
}
