package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newManCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write manual pages, a file for each command",
		Long: `man writes the pages hebb.1, hebb-train.1 and so on into a folder, which is made if it is not there. Set
SOURCE_DATE_EPOCH for pages of a date.`,
		Example: `  hebb man ~/.local/share/man/man1`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("%s wants a folder, found %q", cmd.CommandPath(), args)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := makeFolder("the folder", args[0]); err != nil {
				return err
			}
			root := newRoot()
			root.DisableAutoGenTag = true
			asMarkdown(root)
			if err := doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "hebb", Manual: "hebb"}, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote     %s/hebb*.1\n", strings.TrimRight(args[0], "/"))
			return nil
		},
	}
}

// asMarkdown makes Markdown of the texts of a command and of all below it, as the pages are written from it: indented lines are
// tables, which stay as they are, and characters with a meaning are escaped.
func asMarkdown(cmd *cobra.Command) {
	var b strings.Builder
	table := false
	for line := range strings.Lines(cmd.Long) {
		indented := strings.HasPrefix(line, " ")
		if indented != table && strings.TrimSpace(line) != "" {
			b.WriteString("\n")
			table = indented
		}
		if table {
			b.WriteString("    " + line)
		} else {
			b.WriteString(strings.NewReplacer("_", `\_`, "*", `\*`, "<", `\<`).Replace(line))
		}
	}
	cmd.Long = b.String()
	for _, c := range cmd.Commands() {
		asMarkdown(c)
	}
}
