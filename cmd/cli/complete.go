package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/data"
	"hebb/nets/reproduce"
	"hebb/nets/stack"
	"hebb/nets/train"
)

// values are what flags can be set to, by the name of the flag, where that is not one of a few words that its value knows itself.
var values = map[string]func() []string{
	"rule": func() []string {
		return append(listed(names.Rules, func(r stack.NamedRule) string { return r.Name }), componentRules...)
	},
	"net":  func() []string { return names.NetworkNames() },
	"task": func() []string { return append(taskNames(), train.SamplesTask, train.SequencesTask, imagesTask) },
	"loss": func() []string { return listed(names.Losses, func(l nets.NamedLoss) string { return l.Name }) },
	"optimiser": func() []string {
		return listed(names.Optimisers, func(o catalogue.Optimiser) string { return o.Name })
	},
	"schedule":  func() []string { return nets.ScheduleKinds },
	"normalise": func() []string { return data.Normalisations },
	"op":        opNames,
}

// arguments are what commands can be given, by the name of the command.
var arguments = map[string]func() []string{
	"train":     func() []string { return listed(names.Systems, func(s nets.NamedSystem) string { return s.Name }) },
	"reproduce": func() []string { return listed(experiments, func(e reproduce.Experiment) string { return e.Name }) },
	"fetch":     data.Names,
}

func listed[T any](all []T, name func(T) string) []string {
	names := make([]string, len(all))
	for i, x := range all {
		names[i] = name(x)
	}
	return names
}

func taskNames() []string {
	return listed(names.Tasks, func(t nets.NamedTask) string { return t.Name })
}

// completed has a shell complete the values of flags and the arguments of a command and of all commands below it. Data, and flags
// without a list of values, are completed with file names too.
func completed(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		list, how := values[f.Name], cobra.ShellCompDirectiveNoFileComp
		switch v := f.Value.(type) {
		case *choice:
			list = func() []string { return v.words }
		case *choices:
			list = func() []string { return v.words }
		default:
			if f.Name == "data" {
				list, how = data.Names, cobra.ShellCompDirectiveDefault
			}
		}
		if list != nil {
			// The error is of a flag that is completed already.
			_ = cmd.RegisterFlagCompletionFunc(f.Name, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) { return list(), how })
		}
	})
	if list := arguments[cmd.Name()]; list != nil {
		cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return list(), cobra.ShellCompDirectiveNoFileComp
		}
	}
	for _, c := range cmd.Commands() {
		completed(c)
	}
}
