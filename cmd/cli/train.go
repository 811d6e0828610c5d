package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"hebb/nets"
	"hebb/nets/train"
)

func atMostOneSystem(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s takes one system, and else flags only, found %q; see %s --help", cmd.CommandPath(), args, cmd.CommandPath())
	}
	return nil
}

func newTrainCmd() *cobra.Command { return trainCmd(&networkRun{Config: train.Default}) }

// trainCmd is hebb train, whose flags set n.
func trainCmd(n *networkRun) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "train [SYSTEM]",
		Args:  atMostOneSystem,
		Short: "Train a network by a rule of credit assignment, or another system on a task",
		Long: `hebb train trains a network on labelled images, batch by batch, on the chosen backend.

Networks:
` + listNetworks() + `
Rules of credit assignment: what a layer sends to those below it. NAME:key=value,… sets more.
` + listRules() + `
Optimisers: ` + optimiserNames() + `; schedules of the rate: ` + strings.Join(nets.ScheduleKinds, ", ") + `;
both take settings: --optimiser momentum:weight_decay=5e-4 --schedule cosine:warmup=1.

The folder given by --out keeps config.toml (all that decides the run), run.json (version, device), metrics.jsonl
(one JSON object a line) and the last two checkpoints, safetensors that PyTorch reads. Ctrl-C saves and stops;
--resume goes on from the last checkpoint, to the same bits as a run that was never stopped.

mpirun and srun start it as several processes, in a build with MPI (hebb info), which make one run in one folder: they
share the parts of each batch that --micro says, up to as many processes, or the learners of --learners. The bits are
those of one process, and --resume takes any number of them (docs/scale.md).

--profile FILE times every op on the device and changes none of their results: a table at the end, sorted by the time
that each kind of op took in all, and FILE, a trace for ui.perfetto.dev; also of a run that is interrupted. What share of
the device's peak an op reaches is not said, since hebb bench alone measures a peak: hebb bench --profile FILE.

The rules sanger, subspace, oja and hebb need no labels: single layers of linear units y = W·x
that learn principal components, compared with the exact ones (x: an image less the mean image):
  sanger    Δw_u = η·y_u·(x − Σ_{v≤u} y_v·w_v)   unit k learns principal component k
  subspace  Δw_u = η·y_u·(x − Σ_v y_v·w_v)       the units learn the span of the first components
  oja       Δw_u = η·y_u·(x − y_u·w_u)           every unit learns component 1
  hebb      Δw_u = η·y_u·x                       as oja; alone it diverges, so each w_u is scaled
                                                 to length 1 after each update
They take --units and --rate: η is RATE/λ₁ (λ₁: the largest eigenvalue) for the first half of the
steps, then RATE/λ₁/(1 + 50·(t/T − ½)) at step t of T. They write filters.png (the learned weights: red
positive, blue negative) and components.json (how they agree) into the folder too. covariance, linsker, infomax and
nonlinear learn without labels too, as systems: hebb train covariance --task samples.

A SYSTEM is anything else that learns, from a --task, or from the images of --data: hebb train rflo:units=50 --task sines.
--task samples is these images as rows without labels, less their mean. --steps counts what a task shows at a time.
An NPZ file of sequences, x of examples × time × features and y of each example or each moment, is shown a moment at a
time: hebb train rflo:units=64 --data FILE.npz (docs/time.md); --task images shows such a file as images.
All systems, tasks and their settings: hebb list. --learners N learns from N seeds at once, and the folder has the values
of each.`,
		Example: `  hebb train --net mlp:784-500-10 --data fashion-mnist --rule kp --optimiser momentum:weight_decay=1e-3
  hebb train --net resnet20 --data fashion-mnist --rule sa --crop 2 --flip --schedule cosine --epochs 20
  hebb train --config run.toml --seed 2
  hebb train --net resnet20 --data cifar10 --rule sa --steps 100 --profile sa.json
  hebb train --resume runs/20261122-101500-sa-gpu
  hebb train --net mlp:784-100-10 --rule fa --learners 5
  mpirun -n 4 hebb train --net resnet20 --rule sa --micro 8
  hebb train rflo:units=50,tau=10 --task sines --learners 8 --steps 24000 --lr 5e-4
  hebb train --rule sanger --data fashion-mnist --units 16`,
		RunE: func(cmd *cobra.Command, args []string) error {
			n.flags, n.verify = cmd.Flags(), cmd.Flags().Changed("verify")
			if len(args) > 0 {
				n.System = args[0]
			}
			return n.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	n.add(f)
	n.componentFlags.add(f)
	n.backendFlags.add(cmd)
	return cmd
}
