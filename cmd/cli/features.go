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
	learner int
	out     string
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
	if err := r.settle(); err != nil {
		return nil, err
	}
	switch {
	case r.System != "" && (r.Task != train.SequencesTask || slices.Contains(endings, ".npy")):
		return nil, usagef("%s is a run of %s, want one of a network; hebb record says what a system does", r.dir, r.System)
	case r.learner < 0 || r.learner >= r.Learners:
		return nil, usagef("--learner %d, want 0 to %d: the run has %d", r.learner, r.Learners-1, r.Learners)
	}
	return newOutFile(r.out)
}

// look makes the evaluation and calls see with each batch, in order.
func (r *sightRun) look(ctx context.Context, stdout, stderr io.Writer, see func(train.Sight) error) (v train.Evaluation, err error) {
	dev, err := r.open(r.on, stderr)
	if err != nil {
		return v, err
	}
	defer dev.Close()
	r.See = func(s train.Sight) error {
		if s.Learner != r.learner {
			return nil
		}
		return see(s)
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
		Short: "Write what a layer of a trained network makes of each example",
		Long: `features writes the output of a layer, with its activation, for each example of the test part of the data of a run,
as its last checkpoint has the network and as in hebb eval: with running statistics and without dropout. The file is
an NPY array of float32, examples × numbers, the numbers of an image in the order height, width, channels. hebb hsic
measures how far two such files depend on each other.

A layer has the name of its weights, fc1 or layer1.0.conv2; a residual block, layer1.0, and layers without weights have
names too, and an unknown name lists all.`,
		Example: `  hebb features runs/20261122-101500-sa-gpu --layer fc1 --out fc1.npy
  hebb features runs/20261122-101500-sa-gpu --layer layer3.2 --part train --limit 5000 --out last.npy
  hebb hsic fc1.npy fc2.npy --kernel linear`,
	}
	r.sightCmd(cmd, r.features)
	cmd.Flags().StringVar(&r.Layer, "layer", "", "the `NAME` of the layer")
	cmd.Flags().StringVar(&r.out, "out", "", "write `FILE.npy`")
	return cmd
}

func (r *sightRun) features(ctx context.Context, stdout, stderr io.Writer) error {
	if r.Layer == "" {
		return usagef("want --layer, the name of a layer")
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
