package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hebb/bench"
	"hebb/internal/atomicfile"
)

func newReportCmd() *cobra.Command {
	var r reportRun
	cmd := &cobra.Command{
		Use:   "report FILE.json…",
		Short: "Make a page of what hebb bench measured",
		Long: `report reads files that hebb bench --json wrote and makes one page of them: README.md with what the
machine can do, how much of that is reached, all cases and, where a GPU was measured, the targets set for one; bench.json
with all results, and bench.png with the rooflines. Of several results of one case the
first that was timed counts. It prints the folder. ci/gpu.sh calls it on a machine with a GPU.`,
		Example: `  hebb bench --peer torch --json bench.json
  hebb report bench.json ladder.json --out bench/results/nvidia-h200`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("no file of results; see %s --help", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return r.run(args, cmd.OutOrStdout()) },
	}
	f := cmd.Flags()
	f.StringVar(&r.out, "out", "", "the `folder` to write to (default: bench/results/DEVICE)")
	f.StringVar(&r.info, "info", "", "a `file` with the output of hebb info --format json, for the device's limits")
	f.StringVar(&r.commands, "commands", "", "a `file` with the commands that were run, a line each")
	return cmd
}

type reportRun struct{ out, info, commands string }

func (r *reportRun) run(files []string, stdout io.Writer) error {
	var runs [][]bench.Result
	for _, name := range files {
		results, err := readResults(name)
		if err != nil {
			return usageError{err}
		}
		runs = append(runs, results)
	}
	page := bench.Collect(runs...)
	if len(page.Results) == 0 {
		return usagef("no results in %s, want lines that hebb bench --json wrote", strings.Join(files, ", "))
	}
	c, err := r.setup()
	if err != nil {
		return err
	}
	out := r.out
	if out == "" {
		out = filepath.Join("bench", "results", page.Slug())
	}
	if err := makeFolder("--out", out); err != nil {
		return err
	}
	for name, write := range map[string]func(io.Writer) error{
		"README.md":  func(w io.Writer) error { return page.Markdown(w, c) },
		"bench.json": func(w io.Writer) error { return bench.Write(w, page.Results...) },
		"bench.png":  page.Rooflines,
	} {
		if err := atomicfile.Write(filepath.Join(out, name), write); err != nil {
			return err
		}
	}
	fmt.Fprintln(stdout, out)
	return nil
}

func readResults(name string) ([]bench.Result, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	results, err := bench.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return results, nil
}

// setup reads what there is to know besides the results.
func (r *reportRun) setup() (c bench.Setup, err error) {
	if r.commands != "" {
		text, err := os.ReadFile(r.commands)
		if err != nil {
			return c, err
		}
		c.Commands = strings.Split(strings.TrimSpace(string(text)), "\n")
	}
	if r.info == "" {
		return c, nil
	}
	text, err := os.ReadFile(r.info)
	if err != nil {
		return c, err
	}
	var known report
	if err := json.Unmarshal(text, &known); err != nil {
		return c, usagef("%s: %w", r.info, err)
	}
	for _, g := range known.GPUs { // the first that is hardware or, without one, the first
		if g.Info != nil && (c.GPU == nil || c.GPU.Software && !g.Info.Software) {
			c.GPU = g.Info
		}
	}
	return c, nil
}
