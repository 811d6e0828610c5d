// Package cli is the command hebb, for programs that add something of their own to it: a rule, a system, a task or a
// network that flags and configs can name from then on.
//
//	func main() { cli.Main(cli.Rule("drtp", "direct random target projection", DRTP{})) }
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/spread/mpi"
	"hebb/nets/stack"
)

// names are what flags and configs can name.
var names = catalogue.Default()

// An Addition adds something to what flags and configs can name. A name that there is already means the new thing.
type Addition func(*catalogue.Catalogue)

// Rule adds a rule of credit assignment. Its exported fields with toml tags are its settings, and rule their values unless
// a text says more: --rule NAME:key=value.
func Rule(name, about string, rule stack.Rule) Addition {
	return func(c *catalogue.Catalogue) {
		c.Rules = append([]stack.NamedRule{{Name: name, About: about, Rule: rule}}, c.Rules...)
	}
}

// Loss adds a loss of classes: --loss NAME:key=value.
func Loss(name, about string, loss nets.Loss) Addition {
	return func(c *catalogue.Catalogue) {
		c.Losses = append([]nets.NamedLoss{{Name: name, About: about, Loss: loss}}, c.Losses...)
	}
}

// Optimiser adds an optimiser: --optimiser NAME:key=value.
func Optimiser(name string, o nets.Optimiser) Addition {
	return func(c *catalogue.Catalogue) {
		c.Optimisers = append([]catalogue.Optimiser{{Name: name, Optimiser: o}}, c.Optimisers...)
	}
}

// Network adds an architecture, of layers of one's own or others: --net NAME:arg calls parse with arg.
func Network(name, about string, parse func(arg string, in nets.Shape, outputs int) (stack.Spec, error)) Addition {
	return func(c *catalogue.Catalogue) {
		c.Networks = append([]catalogue.Network{{Name: name, About: about, Parse: parse}}, c.Networks...)
	}
}

// System adds a system: hebb train NAME:key=value. Make returns a new one, as a pointer, at each call.
func System(name, about string, make func() nets.System) Addition {
	return func(c *catalogue.Catalogue) {
		c.Systems = append([]nets.NamedSystem{{Name: name, About: about, System: make}}, c.Systems...)
	}
}

// Task adds a task: --task NAME:key=value. Make returns a new one, as a pointer, at each call.
func Task(name, about string, make func() nets.Task) Addition {
	return func(c *catalogue.Catalogue) {
		c.Tasks = append([]nets.NamedTask{{Name: name, About: about, Task: make}}, c.Tasks...)
	}
}

// Main is the command with some additions; it ends the process.
func Main(additions ...Addition) {
	for _, add := range additions {
		add(names)
	}
	mpi.Exit(run(stoppable(), os.Args[1:], os.Stdout, os.Stderr))
}

// A stopped is the signal that told the command to end.
type stopped struct{ syscall.Signal }

func (s stopped) Error() string      { return s.String() }
func (stopped) Is(target error) bool { return target == context.Canceled }
func (s stopped) ExitStatus() int    { return 128 + int(s.Signal) } // as shells report of a process that a signal ended

// stoppable returns a context that ends with the first signal that asks the command to end: Ctrl-C, SIGTERM, SIGUSR1 or, unless
// it is ignored as under nohup, SIGHUP of a terminal that goes. The next signal ends the process at once, which is said where the
// first takes long: an op on a device cannot be broken off, nor can the compiling of its kernel.
func stoppable() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if usr1 != 0 {
		signal.Notify(signals, usr1)
	}
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		s, _ := (<-signals).(syscall.Signal)
		signal.Stop(signals)
		cancel(stopped{s})
		time.Sleep(2 * time.Second)
		fmt.Fprintln(os.Stderr, "\nhebb: stopping as soon as what is under way is done; the next Ctrl-C ends it at once")
	}()
	return ctx
}

// run is the whole command; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	if repeats(stdout) {
		stdout = io.Discard
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := guarded("hebb", func() error { return root.ExecuteContext(ctx) })
	return conclude(ctx, stderr, err)
}

// conclude prints an error that was not printed, and returns the exit status.
func conclude(ctx context.Context, stderr io.Writer, err error) int {
	said, asked := silent{}, usageError{}
	switch {
	case errors.As(err, &said):
		return said.status
	case err == nil:
	case errors.As(err, &asked) && mpi.Repeats(): // what another process says, and first: a launcher may end it with this one
		time.Sleep(100 * time.Millisecond)
	default:
		complain(stderr, err)
	}
	return exitStatus(ctx, err)
}

// complain prints an error.
func complain(stderr io.Writer, err error) {
	fmt.Fprintf(stderr, "hebb: %v%s\n", err, suggestion(err))
}

// A usageError is a mistake in the command line.
type usageError struct{ error }

func (usageError) ExitStatus() int { return statusWrong }
func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "hebb",
		Short: "Local learning rules on a GPU or a CPU, verified element by element",
		Long: `hebb runs matrix products, Hebbian updates, Gaussian Gram matrices, convolutions and pointwise
formulas on OpenGL compute shaders and on a CPU path, checks both against their definitions in
float64, and measures one against the other. With them it trains networks, by backprop or without
its weights or its backward path, and systems that learn otherwise, from many seeds at once; it
repeats published experiments, and measures dependence by kernels.`,
		Example: `  hebb verify                                             do GPU and CPU agree, here?
  hebb train --net resnet20 --rule sa --crop 2 --flip        a residual network without weight transport
  hebb train rflo:units=50 --task sines --learners 8         a recurrent network that learns online, eight seeds at once
  hebb list                                                  all systems, tasks, networks, rules, with their settings
  hebb reproduce --list                                      what was published, and what came out here
  hebb train --rule sanger --data fashion-mnist --units 16   principal components of clothes`,
		SilenceErrors:     true,
		PersistentPreRunE: alone,
		SilenceUsage:      true,
	}
	root.Version = version()
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newInfoCmd(), newVerifyCmd(), newBenchCmd(), newReportCmd(), newTuneCmd(), newTrainCmd(), newVersionCmd())
	root.AddCommand(newEvalCmd(), newPlotCmd(), newCompareCmd(), newDataCmd(), newReproduceCmd(), newHSICCmd(), newListCmd(), newExportCmd(), newManCmd(), newExitCodes())
	root.AddCommand(newFeaturesCmd(), newPredictCmd(), newWeightsCmd(), newRecordCmd(), newSpikesCmd(), newSweepCmd(), newSweptCmd())
	root.SetHelpCommand(newHelpCmd())
	root.InitDefaultCompletionCmd()
	strict(root)
	completed(root)
	return root
}

func newVersionCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of hebb and of the Go that built it",
		RunE: func(cmd *cobra.Command, _ []string) error {
			fmt.Fprintln(cmd.OutOrStdout(), version())
			return nil
		},
	}
}

// version is "hebb (devel) abc1234 go1.26 linux/amd64 tags noglfw": all that tells builds apart.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "hebb, built without module information"
	}
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	words := []string{"hebb", info.Main.Version}
	if info.Path != "hebb/cmd/hebb" { // a program with additions
		words = append(words, "in", info.Path)
	}
	if r := set["vcs.revision"]; r != "" {
		words = append(words, r[:min(12, len(r))])
	}
	words = append(words, info.GoVersion, set["GOOS"]+"/"+set["GOARCH"], "cgo="+set["CGO_ENABLED"])
	if set["-tags"] != "" {
		words = append(words, "tags="+set["-tags"])
	}
	return strings.Join(words, " ")
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("%s takes flags only, found %q; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())
}

// flagError says which flags there are where one is unknown.
func flagError(cmd *cobra.Command, err error) error {
	missing, invalid, number := (*pflag.NotExistError)(nil), (*pflag.InvalidValueError)(nil), (*strconv.NumError)(nil)
	switch {
	case errors.As(err, &invalid) && errors.As(err, &number):
		f := invalid.GetFlag()
		return usagef("--%s %q, want %s", f.Name, invalid.GetValue(), numberOf(f.Value.Type()))
	case !errors.As(err, &missing):
		return usageError{err}
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, "--"+f.Name)
		}
	})
	slices.Sort(names)
	meant := cmp.Or(didYouMean("--"+missing.GetSpecifiedName(), names), ";")
	return usagef("%w%s %s has %s", err, meant, cmd.CommandPath(), strings.Join(names, ", "))
}

// numberOf says what a flag of a type takes.
func numberOf(kind string) string {
	switch {
	case kind == "bool":
		return "true or false"
	case strings.HasPrefix(kind, "uint"):
		return "a whole number of at least 0, of 64 bits"
	case strings.HasPrefix(kind, "int"):
		return "a whole number of at most 64 bits"
	}
	return "a number"
}
