package cli

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"hebb/nets/safetensors"
	"hebb/nets/train"
)

func newExportCmd() *cobra.Command {
	var learner int
	var best bool
	var path string
	cmd := &cobra.Command{
		Use:   "export DIR",
		Short: "Write the model of one learner of a run",
		Long: `export writes the model of one learner, as the last checkpoint of a run has it, as a file without an axis for learners:
--from starts from it, hebb eval --model evaluates it, and PyTorch loads it.`,
		Example: `  hebb export runs/20261122-101500-fa-gpu --learner 2 --out fa2.safetensors`,
		Args:    oneRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			if path == "" {
				return usagef("want --out, the file to write")
			}
			if err := writable(output{"out", path}); err != nil {
				return err
			}
			find := train.LastModel
			if best {
				find = train.BestModel
			}
			return export(args[0], find, learner, path, cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&best, "best", false, "the best checkpoint instead of the last, of a run that was made with --keep-best")
	cmd.Flags().IntVar(&learner, "learner", 0, "which, from 0")
	cmd.Flags().StringVar(&path, "out", "", "write `FILE.safetensors`")
	return cmd
}

// export writes the model of a learner of the run in a folder, of the checkpoint that find finds.
func export(dir string, find func(dir string) (path string, step int, err error), learner int, path string, stdout io.Writer) error {
	c, err := train.RunConfig(dir)
	if err != nil {
		return err
	}
	model, step, err := find(dir)
	if err != nil {
		return err
	}
	all, about, err := learnersModel(model, c, learner)
	if err != nil {
		return err
	}
	if name := notFinite(all); name != "" {
		return fmt.Errorf("learner %d is lost: %s is not finite; want another of the %d", learner, name, c.Learners)
	}
	if err := safetensors.WriteFile(path, all, about); err != nil {
		return failure{fmt.Errorf("--out %s cannot be written: %w", path, err)}
	}
	fmt.Fprintf(stdout, "wrote     %s: learner %d, seed %d, after step %d\n", path, learner, c.Seed+uint64(learner), step)
	return nil
}

// notFinite returns the name of the first tensor with NaN or Inf, or "".
func notFinite(all []safetensors.Tensor) string {
	for _, t := range all {
		if slices.ContainsFunc(t.Data, func(x float32) bool { return !(math.Abs(float64(x)) <= math.MaxFloat32) }) {
			return t.Name
		}
	}
	return ""
}

// learnersModel reads the model of a learner from a file of a run.
func learnersModel(path string, c train.Config, learner int) ([]safetensors.Tensor, map[string]string, error) {
	if learner < 0 || learner >= c.Learners {
		return nil, nil, usagef("--learner %d, want 0 to %d: the run has %d", learner, c.Learners-1, c.Learners)
	}
	all, about, err := safetensors.ReadFile(path)
	if err != nil || c.Learners == 1 {
		return all, about, err
	}
	for i, t := range all {
		if len(t.Shape) == 0 || t.Shape[0] != c.Learners {
			return nil, nil, fmt.Errorf("%s: %s is %v, want %d learners × shape", path, t.Name, t.Shape, c.Learners)
		}
		all[i] = one(t, learner)
	}
	return all, about, nil
}

// one is the part of a tensor, learners × shape, that is a learner's.
func one(t safetensors.Tensor, learner int) safetensors.Tensor {
	n := t.Shape[0]
	each := max(len(t.Data), len(t.Ints)) / n
	part := safetensors.Tensor{Name: t.Name, Shape: t.Shape[1:]}
	if t.Ints != nil {
		part.Ints = t.Ints[learner*each:][:each]
	} else {
		part.Data = t.Data[learner*each:][:each]
	}
	return part
}
