// Command hebb verifies, benchmarks and runs Hebbian learning on a GPU or a CPU.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole command; it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "hebb: %v\n", err)
	var own interface{ ExitStatus() int }
	switch {
	case errors.As(err, &own):
		return own.ExitStatus()
	case errors.Is(err, context.Canceled):
		return 130 // as shells report of a process that ended by Ctrl-C
	}
	return 1
}

// A usageError is a mistake in the command line.
type usageError struct{ error }

func (usageError) ExitStatus() int { return 2 }
func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "hebb",
		Short: "Local learning rules on a GPU or a CPU, verified element by element",
		Long: `hebb runs matrix products, Hebbian updates, Gaussian Gram matrices, convolutions and pointwise
formulas on OpenGL compute shaders and on a CPU path, checks both against their definitions in
float64, and measures one against the other. With them it trains networks, by backprop or without
its weights or its backward path, repeats published experiments, and measures dependence by kernels.`,
		Example: `  hebb verify                                             do GPU and CPU agree, here?
  hebb train --net resnet20 --rule sa --crop 2 --flip        a residual network without weight transport
  hebb reproduce --list                                      what was published, and what came out here
  hebb train --rule sanger --data fashion-mnist --units 16   principal components of clothes`,
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newInfoCmd(), newVerifyCmd(), newBenchCmd(), newReportCmd(), newTuneCmd(), newTrainCmd(), newVersionCmd())
	root.AddCommand(newEvalCmd(), newPlotCmd(), newCompareCmd(), newDataCmd(), newReproduceCmd(), newHSICCmd())
	for _, c := range root.Commands() {
		if c.Args == nil {
			c.Args = noArgs
		}
	}
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

// version is "hebb (devel) abc1234 go1.26 linux/amd64 tags openblas": all that tells builds apart.
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
	if r := set["vcs.revision"]; r != "" {
		words = append(words, r[:min(12, len(r))])
	}
	words = append(words, info.GoVersion, set["GOOS"]+"/"+set["GOARCH"], "cgo="+set["CGO_ENABLED"])
	if set["-tags"] != "" {
		words = append(words, "tags="+set["-tags"])
	}
	return strings.Join(words, " ")
}

func noCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return usagef("unknown command %q, want one of %s", args[0], strings.Join(names, ", "))
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("%s takes flags only, found %q; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())
}

// flagError says which flags there are where one is unknown.
func flagError(cmd *cobra.Command, err error) error {
	if missing := (*pflag.NotExistError)(nil); !errors.As(err, &missing) {
		return usageError{err}
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, "--"+f.Name)
		}
	})
	slices.Sort(names)
	return usagef("%w; %s has %s", err, cmd.CommandPath(), strings.Join(names, ", "))
}
