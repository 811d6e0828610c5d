package cli

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hebb/backend"
	"hebb/internal/count"
	"hebb/nets/data"
	"hebb/nets/stack"
	"hebb/nets/train"
)

// A sightRun is an evaluation of which a file keeps what the network of one learner makes of each example.
type sightRun struct {
	evalRun
	learner     int
	out, format string
}

// sightCmd adds the flags that features and predict share.
func (r *sightRun) sightCmd(cmd *cobra.Command, do func(context.Context, io.Writer, io.Writer) error) *cobra.Command {
	cmd.Args = oneRun
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		r.flags, r.dir = cmd.Flags(), args[0]
		return do(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	f := cmd.Flags()
	f.StringVar(&r.data, "data", "", "show these `DATA`: a name, a folder or an NPZ file (default: those of the run)")
	f.Var(oneOf(&r.Part, "test", "test", "train"), "part", "of the data")
	addLimit(f, &r.First)
	f.IntVar(&r.learner, "learner", 0, "of a run of several learners: which, from 0")
	addReading(f, &r.Reading.Layout, &r.Reading.Resize, &r.Reading.Alpha, &r.Reading.CropCentre, &r.Reading.Canvas)
	f.BoolVar(&r.best, "best", false, "the best checkpoint instead of the last, of a run that was made with --keep-best")
	f.StringVar(&r.Model, "model", "", "take the weights from `FILE.safetensors`, of another checkpoint")
	f.Var(oneOf(&r.on, "auto", backend.Names...), "backend", "where to compute")
	r.add(cmd)
	return cmd
}

func oneRun(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("%s takes the folder of one run, found %q", cmd.CommandPath(), args)
	}
	return nil
}

// ready settles what to show to which network, and reserves the file, whose name has one of the endings.
func (r *sightRun) ready(endings ...string) (*outFile, error) {
	if r.out == "" || !slices.Contains(endings, strings.ToLower(filepath.Ext(r.out))) {
		return nil, usagef("--out %q, want the file to write, with a name that ends in %s", r.out, strings.Join(endings, " or "))
	}
	if err := r.chosen(slices.Contains(endings, ".npy")); err != nil {
		return nil, err
	}
	return newOutFile(r.out)
}

// chosen settles what to show, of networks alone or of systems with sequences too.
func (r *sightRun) chosen(networks bool) error {
	if err := r.settle(); err != nil {
		return err
	}
	switch {
	case r.System != "" && (r.Task != train.SequencesTask || networks):
		return usagef("%s is a run of %s, want one of a network; hebb record says what a system does", r.dir, r.System)
	case r.learner < 0 || r.learner >= r.Learners:
		return usagef("--learner %d, want 0 to %d: the run has %d", r.learner, r.Learners-1, r.Learners)
	}
	return nil
}

// look makes the evaluation and calls see, if it is not nil, with each batch, in order.
func (r *sightRun) look(ctx context.Context, stdout, stderr io.Writer, see func(train.Sight) error) (v train.Evaluation, err error) {
	dev, err := r.open(r.on, stderr)
	if err != nil {
		return v, err
	}
	defer dev.Close()
	if see != nil {
		r.See = func(s train.Sight) error {
			if s.Learner != r.learner {
				return nil
			}
			return see(s)
		}
	}
	if v, err = r.evaluate(ctx, dev, stderr); err != nil {
		return v, err
	}
	fmt.Fprintf(stdout, "network   %s, from %s, after step %d%s\n", v.Net, v.Model, v.Step, r.whose(r.learner))
	_, err = fmt.Fprintf(stdout, "data      the %s part of %s\ndevice    %s\n", v.Part, v.Data, dev.Info())
	return v, err
}

// whose says which learner is meant, if there are several, and how to choose another if nobody has.
func (r *evalRun) whose(learner int) string {
	if r.Learners == 1 {
		return ""
	}
	text := fmt.Sprintf(", learner %d of %d, seed %d", learner, r.Learners, r.Seed+uint64(learner))
	if !r.flags.Changed("learner") {
		text += " (another: --learner)"
	}
	return text
}

func newFeaturesCmd() *cobra.Command {
	r := sightRun{evalRun: evalRun{Exam: train.Exam{Config: train.Default}}}
	cmd := &cobra.Command{
		Use:   "features DIR",
		Short: "List what the layers of a trained network do, or write what one makes of each example",
		Long: `features lists the layers of a network with their activities over the test part of the data of a run: the mean, the
standard deviation (of each unit about its own mean), which share is 0, and how many units have one value for all
examples, such as silent ones. A unit of a convolution is a channel, at all places. The network is the one of the last
checkpoint, as in hebb eval: with running statistics and without dropout.

With --layer it writes the output of a layer, with its activation, for each example. The file is an NPY array of
float32, examples × numbers, the numbers of an image in the order height, width, channels. hebb hsic measures how far
two such files depend on each other.

A layer has the name of its weights, fc1 or layer1.0.conv2; a residual block, layer1.0, and layers without weights have
names too, and an unknown name lists all.`,
		Example: `  hebb features runs/20261122-101500-sa-gpu
  hebb features runs/20261122-101500-sa-gpu --layer fc1 --out fc1.npy
  hebb features runs/20261122-101500-sa-gpu --layer layer3.2 --part train --limit 5000 --out last.npy
  hebb hsic fc1.npy fc2.npy --kernel linear`,
	}
	r.sightCmd(cmd, r.features)
	cmd.Flags().StringVar(&r.Layer, "layer", "", "the `NAME` of the layer")
	cmd.Flags().StringVar(&r.out, "out", "", "write `FILE.npy`, with --layer")
	cmd.Flags().Var(oneOf(&r.format, "table", "table", "json"), "format", "how to print the list")
	return cmd
}

// census lists the layers.
func (r *sightRun) census(ctx context.Context, stdout, stderr io.Writer) error {
	if err := r.chosen(true); err != nil {
		return err
	}
	r.Census = true
	head := stdout
	if r.format == "json" {
		head = io.Discard
	}
	v, err := r.look(ctx, head, stderr, nil)
	if err != nil {
		return err
	}
	if r.format == "json" {
		return printJSON(stdout, v.Layers[r.learner])
	}
	t := grid{head: []string{"layer", "output", "mean", "sd", "zeros", "constant units"}, left: 2}
	for _, a := range v.Layers[r.learner] {
		t.rows = append(t.rows, []string{a.Layer, a.Out.String(), fmt.Sprintf("%.4g", float64(a.Mean)), fmt.Sprintf("%.4g", float64(a.SD)),
			percent(float64(a.Zeros)), fmt.Sprintf("%d of %d", a.Constant, a.Units)})
	}
	fmt.Fprintln(stdout)
	return t.text(stdout)
}

func (r *sightRun) features(ctx context.Context, stdout, stderr io.Writer) error {
	if r.Layer == "" && r.out == "" {
		return r.census(ctx, stdout, stderr)
	}
	if r.Layer == "" || r.format == "json" {
		return usagef("--layer %q, --out %q and --format %s: want --layer and --out for what it makes of each example, or neither for the list of all", r.Layer, r.out, r.format)
	}
	f, err := r.ready(".npy")
	if err != nil {
		return err
	}
	defer f.drop()
	out := bufio.NewWriterSize(f.tmp, 1<<16)
	examples, each := 0, 0
	_, err = r.look(ctx, stdout, stderr, func(s train.Sight) error {
		if s.First == 0 {
			examples, each = s.Of, len(s.Layer)/len(s.Labels)
			if err := data.WriteFloatsHeader(out, examples, each); err != nil {
				return err
			}
		}
		return binary.Write(out, binary.LittleEndian, s.Layer)
	})
	if errors.Is(err, stack.ErrLayer) {
		err = usageError{fmt.Errorf("--layer: %w", err)}
	}
	if err != nil {
		return err
	}
	if err := f.write(func(io.Writer) error { return out.Flush() }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "wrote     %s: %s × %s, the output of %s\n", r.out, count.Of(examples, "example"), count.Of(each, "number"), r.Layer)
	return err
}
