package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/data"
	"hebb/nets/dependence"
	"hebb/nets/safetensors"
	"hebb/nets/spread"
	"hebb/nets/stack"
	"hebb/nets/train"
)

// Exit statuses.
const (
	statusFailed      = 1
	statusWrong       = 2
	statusInterrupted = 130 // of a context that ended without a signal
)

func newExitCodes() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit status says",
		Long: `The exit status of every command:

    0    done
    1    failed: what was asked for can be, and did not come to its end or not out well: a result outside of its bound, a
         run that diverged, a figure outside of its band, a case of hebb bench compare that became slower, a folder that
         is taken, a full disk, a device that is not there, a panic in a system of yours
    2    wrong input: what was asked for cannot be: a command, a flag, a name or a setting that there is not, a number out
         of its range, or too large for the memory there is, a flag that has nothing to say there, a file or a folder that
         is not there, is damaged or holds what does not fit, an output that cannot be where a flag says, a system that does
         not fit its task; nothing was begun
    130  interrupted by Ctrl-C, 143 told to end by SIGTERM, 138 by SIGUSR1, 129 by SIGHUP; what there was is saved

Messages go to standard error, a line that begins with "hebb: " each; results go to standard output.
` + traceEnv + `=1 in the environment prints the stack of a panic too.`,
	}
}

// A failure is an error of something that was begun: its status is 1, whatever it wraps.
type failure struct{ error }

func (failure) ExitStatus() int { return statusFailed }
func (f failure) Unwrap() error { return f.error }

// wrong are the errors of wrong input, unless something was begun.
var wrong = []error{catalogue.ErrName, train.ErrNoRun, data.ErrNoData, data.ErrUnfit, safetensors.ErrUnfit, compute.ErrMemory, fs.ErrNotExist}

// exitStatus is the exit status of an error of a command in ctx.
func exitStatus(ctx context.Context, err error) int {
	var own interface{ ExitStatus() int }
	var by stopped
	var gone *spread.RankError
	unfit, input := train.ConfigError{}, dependence.InputError{}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled) && (errors.As(err, &by) || errors.As(context.Cause(ctx), &by)):
		return by.ExitStatus()
	case errors.Is(err, context.Canceled):
		return statusInterrupted
	case errors.As(err, &gone): // whatever was about to be compared
		return statusFailed
	case errors.As(err, &own):
		return own.ExitStatus()
	case errors.As(err, &unfit), errors.As(err, &input), slices.ContainsFunc(wrong, func(e error) bool { return errors.Is(err, e) }):
		return statusWrong
	}
	return statusFailed
}

// didYouMean asks whether one of the names that are near a word was meant; "" where none is.
func didYouMean(word string, names []string) string {
	all := &cobra.Command{}
	for _, n := range names {
		all.AddCommand(&cobra.Command{Use: n, Run: func(*cobra.Command, []string) {}})
	}
	for d := 1; d == 1 || d == 2 && len(strings.TrimLeft(word, "-")) >= 5; d++ { // to short words too many are near
		all.SuggestionsMinimumDistance = d
		if near := all.SuggestionsFor(word); len(near) > 0 {
			return "; did you mean " + strings.Join(near, " or ") + "?"
		}
	}
	return ""
}

// suggestion is didYouMean of a name that is in no list of the catalogue.
func suggestion(err error) string {
	if none := (catalogue.NameError{}); errors.As(err, &none) {
		name, _, _ := strings.Cut(none.Name, ":")
		switch {
		case none.What == "rule" && slices.ContainsFunc(names.Systems, func(s nets.NamedSystem) bool { return s.Name == name }):
			return fmt.Sprintf("; %s is a system with a network of its own: hebb train %[1]s", name)
		case none.What == "system" && slices.ContainsFunc(names.Rules, func(r stack.NamedRule) bool { return r.Name == name }):
			return fmt.Sprintf("; %s is a rule of networks: hebb train --rule %[1]s", name)
		}
		return didYouMean(name, none.Names)
	}
	return ""
}

// newHelpCmd is help for a command or a topic. One that there is not is a mistake.
func newHelpCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		Args:  cobra.ArbitraryArgs,
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) (all []string, _ cobra.ShellCompDirective) {
			return commandNames(cmd.Root(), true), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			of, rest, err := cmd.Root().Find(args)
			if err != nil || of == nil || len(rest) > 0 {
				word := append(rest, args...)[0]
				names := commandNames(cmd.Root(), true)
				return usagef("no help on %q, want one of %s%s", word, strings.Join(names, ", "), didYouMean(word, names))
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}

// commandNames are the names of the commands of a command, and of its topics if they are wanted.
func commandNames(of *cobra.Command, topics bool) (names []string) {
	for _, c := range of.Commands() {
		if c.IsAvailableCommand() || topics && c.IsAdditionalHelpTopicCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

func noCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	names := commandNames(root, false)
	return usagef("unknown command %q, want one of %s%s", args[0], strings.Join(names, ", "), didYouMean(args[0], names))
}

// strict has a command and all below it take no arguments unless they say so, and be asked wrongly where they are.
func strict(cmd *cobra.Command) {
	takes := cmd.Args
	if takes == nil {
		takes = noArgs
	}
	if cmd.HasSubCommands() { // which do the work, but for what the command does by itself
		takes = noCommand
		if cmd.RunE == nil {
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		err := takes(cmd, args)
		if own := (usageError{}); err == nil || errors.As(err, &own) {
			return err
		}
		return usageError{fmt.Errorf("%s: %w", cmd.CommandPath(), err)}
	}
	for _, c := range cmd.Commands() {
		strict(c)
	}
}
