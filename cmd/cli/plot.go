package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"hebb/nets/train"
	"hebb/nets/train/chart"
)

func newPlotCmd() *cobra.Command {
	var r plotRun
	cmd := &cobra.Command{
		Use:   "plot DIR…",
		Short: "Draw the curves of runs: loss, accuracy and all other metrics, angles to backprop",
		Long: `plot draws a panel for each metric of the runs, in training and on the test part, over epochs or steps, and
one for the angles of feedback weights to weights and of the rule's deltas to backprop's, as means over
the layers or, with --layers, of each layer. Runs that differ by their seeds alone, and the learners of
a run, have one colour: a line of their mean in a band of ± standard deviation or, of two seeds, from
one to the other. The legend says what differs. Runs that are under way can be drawn.`,
		Example: `  hebb plot runs/20261122-101500-sa-gpu
  hebb plot runs/* --out rules.png
  hebb plot runs/20261122-101500-sa-gpu --layers --out layers.svg`,
		Args: someRuns,
		RunE: func(cmd *cobra.Command, args []string) error {
			return r.run(args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&r.out, "out", "", "the `FILE` to write, .svg or .png (default plot.svg in the first DIR)")
	cmd.Flags().BoolVar(&r.layers, "layers", false, "draw the angles of each layer, a panel for each run")
	return cmd
}

// A plotRun is one run of hebb plot, as asked for.
type plotRun struct {
	out    string
	layers bool
}

func (r *plotRun) run(dirs []string, stdout, stderr io.Writer) error {
	if r.out == "" {
		r.out = filepath.Join(dirs[0], "plot.svg")
	}
	c := chart.Chart{Layers: r.layers}
	draw, err := drawer("out", r.out)
	if err != nil {
		return err
	}
	f, err := newOutFile(r.out)
	if err != nil {
		return err
	}
	defer f.drop()
	if c.Runs, err = histories(dirs, stderr); err != nil {
		return err
	}
	if err := f.write(func(w io.Writer) error { return draw(c.Figure(), w) }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "wrote     %s\n", r.out)
	return err
}

// histories reads runs that have something to draw. What is damaged is said, and drawn as far as it goes.
func histories(dirs []string, stderr io.Writer) (all []train.History, err error) {
	for _, dir := range dirs {
		h, err := train.ReadHistory(dir)
		if err != nil {
			return nil, err
		}
		switch {
		case len(h.Lines) == 0:
			return nil, errors.Join(fmt.Errorf("%s has no metrics yet", dir), h.Damage)
		case h.Damage != nil:
			fmt.Fprintf(stderr, "hebb: %s is damaged and drawn as far as it can be read: %v\n", dir, h.Damage)
		}
		all = append(all, h)
	}
	return all, nil
}
