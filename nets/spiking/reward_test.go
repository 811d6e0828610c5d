package spiking

import (
	"math"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/tasks"
)

const rewardTrial, rewardRecall, rewardBatch = 12, 3, 4

// rewarded is a short task with rewards.
func rewarded() nets.Task {
	return &tasks.Evidence{Step: 3, Cues: 1, Period: 18, Length: 15, Delay: 9, Recall: 3 * rewardRecall, Rate: 200, Background: 50, Odds: 0.7,
		Group: 3, Batch: rewardBatch, Reward: true}
}

// actorCritic is a few cells that spike often, with plain descent.
func actorCritic() *RewardEProp {
	e := *newEProp()
	e.LIF, e.Adaptive, e.Readout, e.Optimiser = 4, 4, 3, nil
	return &RewardEProp{EProp: e, Recall: 3 * rewardRecall, ValueCost: 0.3, Entropy: 0.2}
}

// A rewardWitness keeps the answers of the last steps of trials, and their rewards.
type rewardWitness struct {
	*RewardEProp
	answers, rewards [][]float32
}

func (w *rewardWitness) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := w.RewardEProp.Step(p, m)
	if m.Last {
		w.answers = append(w.answers, numbers(p, y))
	}
	return y
}

func (w *rewardWitness) Reward(p *nets.Pass, reward *compute.Tensor) {
	w.rewards = append(w.rewards, numbers(p, reward))
	w.RewardEProp.Reward(p, reward)
}

func numbers(p *nets.Pass, t *compute.Tensor) []float32 {
	x := make([]float32, t.Len())
	p.Read(t, x)
	return x
}

// TestRewardReadout: readouts change by the gradient of the actor and the critic, written down in float64, when a trial ends;
// and actions are drawn from the policy.
func TestRewardReadout(t *testing.T) {
	const rate, trials, learners, actions = 0.05, 60, 2, 2
	var w *rewardWitness
	s := lab.Make(t, lab.CPU(t), nets.Run{System: func() nets.System { w = &rewardWitness{RewardEProp: actorCritic()}; return w },
		Task: rewarded, Learners: learners, Seed: 4, Rate: rate}, 0)
	surplus, variance := 0., 0.
	for trial := range trials {
		lab.On(t, s, rewardTrial-1)
		before := lab.Values(t, s)["out"]
		lab.On(t, s, 1)
		after := lab.Values(t, s)
		out, recalled, cells := after["out"], after["recalled"], len(before)/learners/(actions+1)
		for l := range learners {
			want := make([]float64, (actions+1)*cells)
			for i := range rewardBatch {
				mean := make([]float64, cells)
				for j := range mean {
					mean[j] = float64(recalled[(l*rewardBatch+i)*cells+j]) / rewardRecall
				}
				var y [actions + 1]float64
				for k := range y {
					for j, z := range mean {
						y[k] += float64(before[(l*(actions+1)+k)*cells+j]) * z
					}
				}
				p := 1 / (1 + math.Exp(y[0]-y[1])) // of action 1
				answer := w.answers[trial][(l*rewardBatch+i)*actions:][:actions]
				a := slices.Index(answer, 1)
				if a < 0 || answer[1-a] != 0 {
					t.Fatalf("trial %d answers %v, want an action", trial, answer)
				}
				r := float64(w.rewards[trial][l*rewardBatch+i])
				surplus, variance = surplus+float64(a)-p, variance+p*(1-p)
				more := 0.2 * p * (1 - p) * (y[1] - y[0]) // of action 1: Entropy·π·(ln π + H), since ln π_1 − ln π_0 is the difference of y
				d := [actions + 1]float64{(r-y[2])*(1-p) - more, (r-y[2])*p + more, -0.3 * (r - y[2])}
				d[a] -= r - y[2]
				for k := range d {
					for j, z := range mean {
						want[k*cells+j] -= rate * d[k] * z / rewardBatch
					}
				}
			}
			for i, x := range want {
				at := l*len(want) + i
				if got := float64(out[at]) - float64(before[at]); math.Abs(got-x) > 1e-5 {
					t.Fatalf("trial %d: weight %d of the readout of learner %d changes by %g, want %g", trial, i, l, got, x)
				}
			}
		}
	}
	if !(variance > 20) || math.Abs(surplus) > 5*math.Sqrt(variance) {
		t.Errorf("%g actions more than the policy says, with a variance of %g", surplus, variance)
	}
}

// given shows the same spikes in each trial: rewarded with 1, or with labels wanted at the end.
type given struct {
	x      []float32 // steps × examples × inputs
	labels []float32 // or nil
	inputs int

	shown, want, one *compute.Tensor
}

func (g *given) Build(s *nets.Store) (nets.Spec, error) {
	g.shown, g.one = s.Fixed(g.x, rewardTrial, rewardBatch*g.inputs), s.Fixed(slices.Repeat([]float32{1}, rewardBatch), rewardBatch, 1)
	if g.labels != nil {
		g.want = s.Fixed(g.labels, rewardBatch, 1)
	}
	return nets.Spec{In: nets.Row(g.inputs), Out: 2, Classes: g.labels != nil, Rewards: g.labels == nil, Examples: rewardBatch, Trial: rewardTrial}, nil
}

func (g *given) Show(p *nets.Pass) nets.Moment {
	at := int(p.Number) % rewardTrial
	m := nets.Moment{X: p.View(g.shown, at*rewardBatch*g.inputs, 1, rewardBatch, g.inputs), First: at == 0, Last: at == rewardTrial-1}
	if m.Last {
		m.Want = g.want
	}
	return m
}

func (g *given) Judge(p *nets.Pass, m nets.Moment, _ *compute.Tensor) {
	if m.Last && g.labels == nil {
		p.Reward(p.All(g.one))
	}
}

// TestRewardedActions: where what was done is rewarded with 1, and no value is expected, weights change as those of e-prop to
// which the same actions are given as labels, in a recall of one step.
func TestRewardedActions(t *testing.T) {
	const inputs, cells = 6, 8
	rnd := nets.Generator(3, "given")
	task := given{inputs: inputs, x: make([]float32, rewardTrial*rewardBatch*inputs)}
	for i := range task.x {
		task.x[i] = float32(rnd.IntN(2))
	}
	system := actorCritic()
	system.Recall, system.ValueCost, system.Entropy, system.RateCost = 3, 0, 0, 0
	w := &rewardWitness{RewardEProp: system}
	run := nets.Run{System: func() nets.System { return w }, Task: func() nets.Task { g := task; return &g }, Seed: 5, Rate: 0.5}
	actor := lab.Make(t, lab.CPU(t), run, 0)
	silence := func(s *nets.Session, out []float32) {
		for _, n := range s.Tensors() {
			if n.Name == "out" {
				if err := s.Write([]nets.Named{n}, [][]float32{out}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	out := lab.Values(t, actor)["out"]
	clear(out[2*cells:]) // the value
	silence(actor, out)
	lab.On(t, actor, rewardTrial)
	task.labels = make([]float32, rewardBatch)
	for i := range task.labels {
		task.labels[i] = w.answers[0][2*i+1]
	}
	run.System = func() nets.System { e := actorCritic().EProp; e.RateCost = 0; return &e }
	taught := lab.Make(t, lab.CPU(t), run, 0)
	silence(taught, out[:2*cells])
	before := lab.Values(t, taught)
	lab.On(t, taught, rewardTrial)
	a, b := lab.Values(t, actor), lab.Values(t, taught)
	for _, name := range []string{"in", "recurrent", "out"} {
		for i, want := range b[name] {
			if got := a[name][i]; math.Abs(float64(got-want)) > 1e-6 {
				t.Errorf("weight %d of %s is %g, and of e-prop %g", i, name, got, want)
			}
		}
		if slices.Equal(before[name], b[name]) {
			t.Errorf("no weight of %s has changed", name)
		}
	}
}

// TestRewardEProp: what every system promises, and every op is within its bound on each backend.
func TestRewardEProp(t *testing.T) {
	system := func() nets.System {
		r := actorCritic()
		r.Optimiser, r.Recall = nets.DefaultAdam, 3
		return r
	}
	task := func(batch int) func() nets.Task { // trials of three moments
		return func() nets.Task {
			return &tasks.Evidence{Step: 3, Cues: 1, Period: 3, Length: 3, Delay: 3, Recall: 3, Rate: 200, Background: 50, Odds: 0.7, Group: 3,
				Batch: batch, Reward: true, Shuffled: true}
		}
	}
	nettest.System(t, system, task(256))
	lab.Verify(t, nets.Run{System: system, Task: task(8), Learners: 2, Seed: 3, Rate: 0.05}, 6)
}

// TestRewardSettings: what cannot be is said.
func TestRewardSettings(t *testing.T) {
	for says, set := range map[string]func(r *RewardEProp){
		"recall of 1 ms":   func(r *RewardEProp) { r.Recall = 1 },
		"recall of NaN ms": func(r *RewardEProp) { r.Recall = float32(math.NaN()) },
		"value_cost -1":    func(r *RewardEProp) { r.ValueCost = -1 },
		"entropy +Inf":     func(r *RewardEProp) { r.Entropy = float32(math.Inf(1)) },
		"form=traces":      func(r *RewardEProp) { r.Form = epropTraces },
		"mean=false":       func(r *RewardEProp) { r.Mean = false },
		"reward-eprop: dt": func(r *RewardEProp) { r.Dt = 0 },
		"is 34 steps":      func(r *RewardEProp) { r.Recall = 102 },
	} {
		system := func() nets.System { r := actorCritic(); set(r); return r }
		_, err := nets.Run{System: system, Task: rewarded}.Open(lab.CPU(t))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error that says %s", err, says)
		}
	}
	labelled := func() nets.Task { e := rewarded().(*tasks.Evidence); e.Reward = false; return e }
	if _, err := (nets.Run{System: func() nets.System { return actorCritic() }, Task: labelled}).Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), "gives none") {
		t.Errorf("a task without rewards: %v", err)
	}
}
