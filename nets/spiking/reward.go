package spiking

import (
	"errors"
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// RewardEProp is reward-based e-prop (Bellec et al. 2020, Nature Communications 11:3625, "Reward-based e-prop"): an actor and a
// critic, which are readouts of one network of spiking cells, learn from a reward R when a trial ends. Network, traces and
// feedback are those of [EProp]. Of a trial's last Recall ms, of n steps, with y_k the answers, one for each action k, and v
// the value, an answer more:
//
//	π = softmax of the mean of y,  a drawn from π,  V = the mean of v
//	E = −(R − V)·ln π_a + ValueCost/2·(R − V)² − Entropy·H      where the first R − V is a constant, H = −Σ π·ln π
//	∂E/∂y_k = ((R − V)·(π_k − 1_{k=a}) + Entropy·π_k·(ln π_k + H))/n,  ∂E/∂v = −ValueCost·(R − V)/n
//
// at each step of the recall, and 0 before. So the gradient of the actor is the policy gradient (Williams 1992) with V as its
// baseline; and as that of a decision that is wrong and sure is almost 0, Entropy keeps decisions from being sure. Here a
// trial is decided once; in the paper rewards come at any time, with the errors of temporal differences. While it learns the
// answer is 1 for a and 0 for others at the last step, and 0 before; in an evaluation it is y.
//
// Form has to be adjoint: what the traces of the recall are to be multiplied with is known when it is over. Metrics beside
// those of e-prop: "reward", and "surprise", the mean of (R − V)².
type RewardEProp struct {
	EProp
	Recall    float32 `json:"recall" toml:"recall"`         // ms, at the end of a trial
	ValueCost float32 `json:"value_cost" toml:"value_cost"` // of the critic beside the actor
	Entropy   float32 `json:"entropy" toml:"entropy"`       // what it is worth

	actions  int
	steps    int             // of the recall
	recalled *compute.Tensor // State: Σ z̄ of the recall, examples × cells
	actor    *compute.Tensor // 1 × actions × actions+1, which takes the value away
	now      *int64          // steps of the trial so far
	trial    int             // steps of a trial

	policy, value *compute.Tensor // of the moment: π − 1_a, examples × actions+1, and V, examples × 1
	action        *compute.Tensor // a, examples × 1
}

// Divided reports that it cannot.
func (*RewardEProp) Divided() error {
	return errors.New("reward-eprop: rewards come after the answers to all examples of a moment")
}

// Check reports a setting that cannot be.
func (r *RewardEProp) Check() error {
	if err := r.EProp.Check(); err != nil {
		return fmt.Errorf("reward-%w", err)
	}
	switch {
	case !(r.Recall >= r.Dt && r.Recall <= mostSteps*r.Dt):
		return fmt.Errorf("reward-eprop: a recall of %g ms, want at least a step, %g, and at most %g", r.Recall, r.Dt, mostSteps*r.Dt)
	case !(r.ValueCost >= 0 && r.ValueCost <= math.MaxFloat32):
		return fmt.Errorf("reward-eprop: value_cost %g, want a number of at least 0", r.ValueCost)
	case !(r.Entropy >= 0 && r.Entropy <= math.MaxFloat32):
		return fmt.Errorf("reward-eprop: entropy %g, want a number of at least 0", r.Entropy)
	case r.Form == epropTraces:
		return errors.New("reward-eprop: form=traces, and what they are multiplied with comes after the recall; want form=adjoint")
	case !r.Mean:
		return errors.New("reward-eprop: mean=false, and the decision is of the mean answer; want mean=true")
	}
	return nil
}

// Build asks for what e-prop does, with a readout more, and for what is remembered of the recall.
func (r *RewardEProp) Build(s *nets.Store, spec nets.Spec) error {
	r.actions, r.trial, r.steps = spec.Out, spec.Trial, int(math.Round(float64(r.Recall/r.Dt)))
	switch {
	case !spec.Rewards:
		return errors.New("reward-eprop: learns from rewards, and the task gives none; want one that does, such as evidence:reward=true")
	case spec.Out < 2:
		return fmt.Errorf("reward-eprop: the task takes %d numbers as an answer, want at least 2, an action each", spec.Out)
	case r.steps > spec.Trial:
		return fmt.Errorf("reward-eprop: a recall of %g ms is %d steps, and a trial has %d moments; want at most as many", r.Recall, r.steps, spec.Trial)
	}
	spec.Out++
	if err := r.EProp.Build(s, spec); err != nil {
		return err
	}
	r.recalled = s.State("recalled", nets.Zeros, spec.Examples, r.cells())
	r.now = s.Counter("now")
	actor := make([]float32, r.actions*spec.Out)
	for k := range r.actions {
		actor[k*spec.Out+k] = 1
	}
	r.actor = s.Fixed(actor, r.actions, spec.Out)
	return nil
}

var (
	// what the value has is taken away from the softmax, and from the choice; u is kept from 0 and 1
	actionsAlone = compute.Formula("where(column - last, -1e30, y)", "y", "column")
	valueAlone   = compute.Formula("where(column - last, y, 0)", "y", "column")
	drawing      = compute.Formula("y - log(-log(0.9999998*u + 3e-8))", "y", "u")
	chosen       = compute.Formula("where(0.5 - abs(action - column), 1, 0)", "action", "column")
	policyOf     = compute.Formula("policy + where(0.5 - abs(action - column), 1, 0)", "policy", "action", "column")
	entropyOf    = compute.Formula("where(p, -p*log(max(p, 1e-30)), 0)", "p")
	credit       = compute.Formula("share*((reward - value)*where(column - last, -cost, policy) + worth*where(p, p*(log(max(p, 1e-30)) + entropy), 0))",
		"policy", "column", "reward", "value", "p", "entropy")
	surprise = compute.Formula("(reward - value)*(reward - value)", "reward", "value")
)

// Step answers a step of a trial; after the last one it waits for the reward.
func (r *RewardEProp) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	last := m.Last
	m.Last, m.Want = false, nil // it is the reward that it learns from
	y := r.EProp.Step(p, m)
	if !p.Learning {
		if m.Last = last; last {
			r.end(p, m, examples(p, m, r.spikes))
		}
		return p.Product(r.actor, y, compute.Identity)
	}
	recalled := examples(p, m, r.recalled)
	if m.First {
		*r.now = 0
		p.Clear(recalled)
	}
	if *r.now++; *r.now > int64(r.trial-r.steps) {
		p.Into(recalled, added, examples(p, m, r.filtered))
	}
	if last {
		if f := p.Fault(shortTrial); f != nil && *r.now != int64(r.trial) {
			p.Into(f, momentsMade.With("n", float32(*r.now)))
		}
		return r.decide(p, m)
	}
	none := p.Tensor(p.Learners, m.Examples(), r.actions)
	p.Clear(none)
	return none
}

// shortTrial is the fault of a trial whose recall was not where it was promised; the code is how many moments it had.
const shortTrial = "trial"

var momentsMade = compute.Formula("n")

// Explain says what a fault means.
func (r *RewardEProp) Explain(name string, code float32) error {
	if name != shortTrial {
		return nil
	}
	return fmt.Errorf("reward-eprop: a trial of %g moments, and the task promised %d, at the end of which the recall would be", code, r.trial)
}

// decide draws an action from the policy, and returns it.
func (r *RewardEProp) decide(p *nets.Pass, m nets.Moment) *compute.Tensor {
	rows, last := p.Learners*m.Examples(), float32(r.actions)-0.5
	y := p.Tensor(p.Learners, m.Examples(), r.actions+1)
	p.Do(compute.Gemm{C: y, A: examples(p, m, r.recalled), B: r.out, TransB: true, Epilogue: compute.Epilogue{Alpha: 1 / float32(r.steps)}})
	column := p.Numbers(r.actions + 1)
	r.value = p.PerExample(valueAlone.With("last", last), y, column)
	y = p.Map(actionsAlone.With("last", last), y, column)
	u := p.Like(y)
	p.Random(u, compute.Uniform(0, 1))
	r.action = p.Tensor(p.Learners, m.Examples(), 1)
	action := p.View(r.action, 0, rows)
	drawn := p.Map(drawing, y, u)
	p.Do(compute.Reduce{Out: action, In: []*compute.Tensor{p.View(drawn, 0, rows, r.actions+1)}, Fold: compute.FoldArgMax, Along: compute.AlongCols, Alpha: 1})
	r.policy = p.Like(y)
	p.Do(compute.SoftmaxLoss{Loss: p.Tensor(rows), Hit: p.Tensor(rows), Logits: p.View(y, 0, rows, r.actions+1), Labels: action, Scale: 1,
		Delta: p.View(r.policy, 0, rows, r.actions+1)})
	out := p.Tensor(p.Learners, m.Examples(), r.actions)
	p.Into(p.View(out, 0, rows, r.actions), chosen, p.View(action, 0, rows, 1), p.Numbers(r.actions))
	return out
}

// Reward changes the weights by the reward for a trial that has ended.
func (r *RewardEProp) Reward(p *nets.Pass, reward *compute.Tensor) {
	if !p.Learning || p.Failed() != nil {
		return
	}
	n := reward.Len() / p.Learners
	m := nets.Moment{X: p.View(reward, 0, p.Learners, n, 1), Last: true} // for its examples alone
	p.Count("reward", reward, n)
	p.Count("surprise", p.Map(surprise, reward, r.value), n)
	column := p.Numbers(r.actions + 1)
	policy := p.Map(policyOf, r.policy, r.action, column)
	weighted := credit.With("last", float32(r.actions)-0.5).With("share", 1/float32(n)).With("cost", r.ValueCost).With("worth", r.Entropy)
	d := p.Map(weighted, r.policy, column, reward, r.value, policy, p.PerExample(entropyOf, policy))
	if a, ok := r.form.(*adjoint); ok { // else the readout alone learns
		for k := r.trial - r.steps; k < r.trial; k++ {
			a.keep(p, m, int64(k), d)
		}
	}
	*r.wanted = int64(r.steps)
	p.Outer(r.sum, d, examples(p, m, r.recalled), 0, float32(n))
	r.end(p, m, examples(p, m, r.spikes))
}

// newRewardEProp returns the network of e-prop, for the recall of its task.
func newRewardEProp() *RewardEProp {
	return &RewardEProp{EProp: *newEProp(), Recall: 150, ValueCost: 0.1, Entropy: 0.25}
}
