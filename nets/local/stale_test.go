package local_test

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/data"
	"hebb/nets/internal/lab"
	"hebb/nets/local"
	"hebb/nets/nettest"
	"hebb/nets/stack"
	"hebb/nets/tasks"
)

// staleNet has four blocks: a convolution, a residual block, a dense layer and the output layer.
func staleNet() stack.Stack {
	relu := compute.ReLU
	return stack.Stack{
		stack.Conv{Name: "a", Units: 4, Window: 3, Pad: 1}, stack.BatchNorm{Name: "norm", Act: relu}, stack.Dropout{Rate: 0.25},
		stack.Residual{Name: "b", Act: relu, Main: stack.Stack{stack.Conv{Name: "in", Units: 4, Window: 3, Pad: 1}, stack.BatchNorm{Name: "norm"}}},
		stack.Flatten{}, stack.Dense{Name: "c", Units: 6}, stack.BatchNorm{Name: "c.norm", Act: relu}, stack.Dropout{Rate: 0.25},
		stack.Dense{Name: "d", Units: 3},
	}
}

// staleBlock returns the block of staleNet that a tensor is of.
func staleBlock(t *testing.T, name string) int {
	name = strings.TrimPrefix(name, "optimiser.momentum_buffer.")
	for k, layers := range [][]string{{"a.", "norm."}, {"b."}, {"c."}, {"d."}} {
		if slices.ContainsFunc(layers, func(l string) bool { return strings.HasPrefix(name, l) }) {
			return k
		}
	}
	t.Fatalf("%s is of no block", name)
	return 0
}

// staleTask shows batches of noisy images in three classes, in an order that is drawn.
func staleTask() nets.Task {
	rnd, set := rand.New(rand.NewPCG(4, 4)), &data.Set{Height: 4, Width: 4, Channels: 1, Classes: 3, Train: &data.Split{}}
	for i := range 80 {
		set.Train.Labels = append(set.Train.Labels, i%3)
		for j, x := range lab.Normals(rnd, 16) {
			if j%3 == i%3 {
				x++
			}
			set.Train.Floats = append(set.Train.Floats, x)
		}
	}
	return &tasks.Images{Set: set, Part: set.Train, Options: data.LoaderOptions{Batch: 8, Shuffle: true, DropLast: true, Normalise: set.Normalisation("none")}}
}

func staleRun(rule stack.Rule, stale int) nets.Run {
	return nets.Run{
		System: func() nets.System {
			return &stack.System{Net: stack.Always(staleNet()), Rule: rule, Optimiser: nets.SGD{Momentum: 0.5, WeightDecay: 0.01}, Stale: stale}
		},
		Task: staleTask, Rate: 0.05, Seed: 3, Moments: 100,
	}
}

// TestStaleShifts: under a rule of blocks with a constant rate, block b has the bits of the ordinary run so many steps earlier,
// weights, momenta and running statistics, dropout and all: it learns from what the block below put out then, and from the
// labels of that batch.
func TestStaleShifts(t *testing.T) {
	const steps = 13
	for name, rule := range localRules() {
		if name == "softhebb" {
			continue // refused, see TestStaleRefuses
		}
		var ordinary []map[string][]float32
		s := lab.Make(t, lab.Bare(t).Device, staleRun(rule, 0), 0)
		for range steps + 1 {
			ordinary = append(ordinary, lab.Values(t, s))
			lab.On(t, s, 1)
		}
		if reflect.DeepEqual(ordinary[steps-1]["d.weight"], ordinary[steps]["d.weight"]) {
			t.Fatalf("%s: nothing is learned, so this test sees nothing", name)
		}
		for _, stale := range []int{1, 3, 20} {
			got := lab.Values(t, lab.Make(t, lab.Bare(t).Device, staleRun(rule, stale), steps))
			for tensor, x := range got {
				if strings.HasPrefix(tensor, "stale.") || strings.HasPrefix(tensor, "task.") {
					continue
				}
				at := max(0, steps-stale*staleBlock(t, tensor))
				if !reflect.DeepEqual(x, ordinary[at][tensor]) {
					t.Errorf("%s, stale %d: %s is not as it was after %d ordinary steps", name, stale, tensor, at)
				}
			}
		}
	}
}

// TestStaleAnswers: answers and losses of training are of the step's own batch, so where nothing is learned they are those of the
// ordinary run.
func TestStaleAnswers(t *testing.T) {
	var all [2][]nets.Metrics
	for i, stale := range []int{0, 2} {
		r := staleRun(local.LastLayer{}, stale)
		r.Rate = 0
		s := lab.Make(t, lab.Bare(t).Device, r, 0)
		for range 12 {
			lab.On(t, s, 1)
			all[i] = append(all[i], lab.Metrics(t, s))
		}
	}
	for i, want := range all[0] {
		for _, name := range []string{"accuracy", "loss"} {
			if got := all[1][i].Get(name); !reflect.DeepEqual(got, want.Get(name)) {
				t.Errorf("step %d: %+v, want %+v", i, got, want.Get(name))
			}
		}
	}
	if all[0][0].Get("loss").Mean() == all[0][1].Get("loss").Mean() {
		t.Error("all batches have the same loss, so this test sees nothing")
	}
}

// TestStalePromises holds stale systems to the promises of every system, while batches are still on their way and after.
func TestStalePromises(t *testing.T) {
	for name, rule := range map[string]stack.Rule{"predsim": local.PredSim, "last": local.LastLayer{}, "bp": stack.Backprop{}} {
		for _, stale := range []int{1, 2} {
			t.Run(name, func(t *testing.T) {
				nettest.System(t, staleRun(rule, stale).System, staleTask)
			})
		}
	}
	dense := stack.Stack{stack.Dense{Name: "a", Units: 4, Act: compute.Tanh}, stack.Dropout{Rate: 0.25}, stack.Dense{Name: "b", Units: 3}}
	for name, rule := range map[string]stack.Rule{"last side by side": local.LastLayer{}, "bp side by side": stack.Backprop{}} {
		t.Run(name, func(t *testing.T) {
			nettest.System(t, func() nets.System {
				return &stack.System{Net: stack.Always(dense), Rule: rule, Optimiser: nets.DefaultAdam, Stale: 2}
			}, staleTask)
		})
	}
}

// TestStaleRefuses: rules and networks that have no such blocks, batches of other sizes, and a setting that is no number of
// steps.
func TestStaleRefuses(t *testing.T) {
	top := stack.Dense{Name: "top", Units: 3}
	branches := stack.Stack{stack.Ensemble{Name: "e", Branches: []stack.Stack{{stack.Dense{Name: "a", Units: 4}}, {stack.Dense{Name: "a", Units: 4}}}}, top}
	for says, s := range map[string]*stack.System{
		"one block learns after another": {Net: stack.Always(softNet(false)), Rule: local.DefaultSoftHebb, Stale: 1},
		"block e.0.a has branches":       {Net: stack.Always(branches), Rule: local.DefaultHSIC, Stale: 1},
		"no Stack of layers":             {Net: stack.Always(top), Rule: stack.Backprop{}, Stale: 1},
		"layer e has branches":           {Net: stack.Always(branches), Rule: stack.Backprop{}, Stale: 1},
		"stale -1":                       {Net: stack.Always(staleNet()), Rule: local.PredSim, Stale: -1},
	} {
		s.Optimiser = nets.SGD{}
		r := nets.Run{System: func() nets.System { return s }, Task: staleTask, Moments: 1}
		if _, err := r.Open(lab.Bare(t).Device); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	r := staleRun(local.PredSim, 1)
	r.Task = func() nets.Task {
		images := staleTask().(*tasks.Images)
		images.Options.Batch, images.Options.DropLast = 32, false
		return images
	}
	s := lab.Make(t, lab.Bare(t).Device, r, 2)
	if err := s.Step(t.Context()); err == nil || !strings.Contains(err.Error(), "a batch of 16 examples, want 32 in every one") {
		t.Errorf("%v, want an error of the smaller batch", errors.Unwrap(err))
	}
}
