package tasks

import (
	"fmt"
	"math"

	"hebb/compute"
	"hebb/nets"
)

// Evidence is the accumulation of evidence, a task of working memory for spiking networks (Morcos and Harvey 2016, Nature
// Neuroscience 19:1672; as a task of spikes Bellec et al. 2020, Nature Communications 11:3625, Fig. 3). Cues come one by one
// on the left or on the right, and long after the last one it is to be said on which side there were more. Of a trial of
// Cues·Period + Delay + Recall ms, a moment is Step ms:
//
//	cue k     in the last Length ms of the period k·Period … (k+1)·Period, at one of the two sides
//	delay     for Delay ms after the last period
//	recall    the last Recall ms, in which alone the side is wanted: class 0 is left, 1 right
//
//	x is 4·Group cells, each of which spikes (1, else 0) with a probability of its rate · Step at every moment: Group cells of
//	the left and of the right at Rate during their cues, as many at Rate during recall, and as many at Background always
//
// The side of a cue is the likelier one of its trial with probability Odds; which that is, a coin says. The target is the
// side of most cues. All is drawn for each of Batch trials at once, from the learner's seed. The decision of a trial is the
// side with the larger answer, in the mean over the recall. An epoch is as many moments as have 512 trials; it tests itself
// on draws of its own, the same at each test.
//
// With Reward nothing is wanted: when a trial ends, the reward is 1 if the decision of a trial is right, else 0. Shuffled is
// the control: each trial of a batch gets the reward of the next one, so that rewards say nothing of decisions.
//
// Metrics: "error", the share of trials with a wrong decision. By chance it is 0.5; of the first cue alone 0.27.
type Evidence struct {
	Step       float64 `json:"step" toml:"step"` // ms
	Cues       int     `json:"cues" toml:"cues"` // odd
	Period     float64 `json:"period" toml:"period"`
	Length     float64 `json:"length" toml:"length"`
	Delay      float64 `json:"delay" toml:"delay"`
	Recall     float64 `json:"recall" toml:"recall"`
	Rate       float64 `json:"rate" toml:"rate"` // Hz
	Background float64 `json:"background" toml:"background"`
	Odds       float32 `json:"odds" toml:"odds"` // a probability
	Group      int     `json:"group" toml:"group"`
	Batch      int     `json:"batch" toml:"batch"`
	Reward     bool    `json:"reward" toml:"reward"`
	Shuffled   bool    `json:"shuffled" toml:"shuffled" if:"reward"`

	sides   []*compute.Tensor // learners × Batch each: 1 for a cue on the right, else 0
	label   *compute.Tensor   // learners × Batch: the side
	summed  *compute.Tensor   // learners × Batch × 2: answers of the recall so far
	quiet   *compute.Tensor   // 1 × 4·Group: probabilities of a spike without a cue,
	left    *compute.Tensor   // with one on the left,
	right   *compute.Tensor   // on the right,
	recall  *compute.Tensor   // and in recall
	next    *compute.Tensor   // the numbers of the next trials
	moments int               // of a trial
	asked   int               // of them, at the end
}

// mostMoments of a trial that Evidence and Pattern make.
const mostMoments = 1 << 20

// Check reports a setting that cannot be.
func (t *Evidence) Check() error {
	within := func(x, least, most float64) bool { return x >= least && x <= most }
	most := mostMoments * t.Step
	switch {
	case !within(t.Step, 1e-3, 1e6):
		return fmt.Errorf("evidence: a step of %g ms, want from 0.001 to a million", t.Step)
	case t.Cues < 1 || t.Cues%2 == 0 || t.Cues > mostMoments:
		return fmt.Errorf("evidence: cues %d, want an odd number, so that one side has more, and at most %d", t.Cues, mostMoments)
	case !within(t.Length, t.Step, most):
		return fmt.Errorf("evidence: a length of cues of %g ms, want at least a step of %g ms and at most %d steps", t.Length, t.Step, mostMoments)
	case !within(t.Period, t.Length, most):
		return fmt.Errorf("evidence: a period of %g ms, want at least the length of a cue, %g ms, and at most %d steps", t.Period, t.Length, mostMoments)
	case !within(t.Delay, 0, most):
		return fmt.Errorf("evidence: a delay of %g ms, want at least 0 and at most %d steps", t.Delay, mostMoments)
	case !within(t.Recall, t.Step, most):
		return fmt.Errorf("evidence: a recall of %g ms, want at least a step of %g ms and at most %d steps", t.Recall, t.Step, mostMoments)
	case float64(t.Cues)*t.Period+t.Delay+t.Recall > most:
		return fmt.Errorf("evidence: trials of %g ms, want at most %d steps of %g ms", float64(t.Cues)*t.Period+t.Delay+t.Recall, mostMoments, t.Step)
	case !within(t.Rate, 0, 1000/t.Step):
		return fmt.Errorf("evidence: a rate of %g Hz, want at least 0 and at most a spike each step, %g Hz", t.Rate, 1000/t.Step)
	case !within(t.Background, 0, 1000/t.Step):
		return fmt.Errorf("evidence: a background of %g Hz, want at least 0 and at most a spike each step, %g Hz", t.Background, 1000/t.Step)
	case !within(float64(t.Odds), 0.5, 1):
		return fmt.Errorf("evidence: odds %g, want the probability of the likelier side, from 0.5 to 1", t.Odds)
	case t.Group < 1:
		return fmt.Errorf("evidence: groups of %d cells, want at least 1: group", t.Group)
	case t.Batch < 1 || t.Shuffled && t.Batch < 2:
		return fmt.Errorf("evidence: a batch of %d, want at least 1, and 2 where rewards are shuffled", t.Batch)
	case t.Shuffled && !t.Reward:
		return fmt.Errorf("evidence: shuffled rewards, and no reward")
	}
	return nil
}

// Milliseconds returns how long a moment is.
func (t *Evidence) Milliseconds() float64 { return t.Step }

// steps returns how many moments a time in ms is, to the nearest.
func (t *Evidence) steps(ms float64) int { return int(math.Round(ms / t.Step)) }

// Build asks for what a trial keeps.
func (t *Evidence) Build(s *nets.Store) (nets.Spec, error) {
	t.sides = make([]*compute.Tensor, t.Cues)
	for k := range t.sides {
		t.sides[k] = s.State(fmt.Sprint("side.", k), nets.Zeros, t.Batch, 1)
	}
	t.label, t.summed = s.State("label", nets.Zeros, t.Batch, 1), s.State("summed", nets.Zeros, t.Batch, 2)
	spikes := func(group int) *compute.Tensor {
		return s.FixedBy(func(p []float32) {
			for i := range p {
				switch i / t.Group {
				case group:
					p[i] = float32(t.Rate * t.Step / 1000)
				case 3:
					p[i] = float32(t.Background * t.Step / 1000)
				}
			}
		}, 4*t.Group)
	}
	t.left, t.right, t.recall, t.quiet = spikes(0), spikes(1), spikes(2), spikes(-1)
	t.next = s.FixedBy(func(next []float32) {
		for i := range next {
			next[i] = float32((i + 1) % t.Batch)
		}
	}, t.Batch)
	t.asked = max(1, t.steps(t.Recall))
	t.moments = t.steps(float64(t.Cues)*t.Period+t.Delay) + t.asked
	return nets.Spec{In: nets.Row(4 * t.Group), Out: 2, Classes: !t.Reward, Examples: t.Batch, Trial: t.moments, Rewards: t.Reward,
		Epoch: t.moments * ((512-1)/t.Batch + 1)}, nil
}

var (
	// 1 if the likelier side is chosen, from 0 to odds, and it is the right one, or if neither is so
	sideOf     = compute.Formula("where(odds - u, likely, 1 - likely)", "u", "likely")
	majority   = compute.Formula("where(old - half, 1, 0)")
	spikesWith = compute.Formula("where(left + side*(right - left) - u, 1, 0)", "u", "side", "left", "right")
	otherwise  = compute.Formula("1 - x", "x")
)

// draw draws the cues of a trial.
func (t *Evidence) draw(p *nets.Pass) {
	likely, u := p.Like(t.label), p.Like(t.label)
	p.Random(likely, compute.Bernoulli(0.5, 1))
	p.Clear(t.label)
	for _, side := range t.sides {
		p.Random(u, compute.Uniform(0, 1))
		p.Into(side, sideOf.With("odds", t.Odds), u, likely)
		p.Into(t.label, plus, side)
	}
	p.Into(t.label, majority.With("half", float32(t.Cues)/2))
}

// Show draws a moment of a trial.
func (t *Evidence) Show(p *nets.Pass) nets.Moment {
	at := int(p.Number % uint64(t.moments))
	m := nets.Moment{X: p.Tensor(p.Learners, t.Batch, 4*t.Group), First: at == 0, Last: at == t.moments-1}
	if m.First {
		t.draw(p)
	}
	side, left, right := t.label, t.quiet, t.quiet
	cue := min(t.Cues-1, int(float64(at)*t.Step/t.Period))
	for k := max(0, cue-1); k <= min(t.Cues-1, cue+1); k++ { // steps are rounded to either side
		end := float64(k+1) * t.Period
		if at >= t.steps(end-t.Length) && at < t.steps(end) {
			side, left, right = t.sides[k], t.left, t.right
		}
	}
	if at >= t.moments-t.asked {
		left, right = t.recall, t.recall
		if !t.Reward {
			m.Want = t.label
		}
	}
	u := p.Like(m.X)
	p.Random(u, compute.Uniform(0, 1))
	p.Into(m.X, spikesWith, u, side, left, right)
	return m
}

// Judge adds up the answers of the recall, and at its end counts or rewards the decision.
func (t *Evidence) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	switch at := int(p.Number%uint64(t.moments)) - (t.moments - t.asked); {
	case at < 0:
		return
	case at == 0:
		p.Clear(t.summed)
	}
	if y == nil || y.Rows() != t.Batch || y.Cols() != 2 {
		p.Fail(fmt.Errorf("evidence: the system answers %v, want two numbers for each of %d trials", y, t.Batch))
		return
	}
	p.Into(t.summed, plus, y)
	if !m.Last {
		return
	}
	m.Want = t.label
	right := p.Hits(m, t.summed)
	p.Count("error", p.Map(otherwise, right), t.Batch)
	if t.Reward {
		if t.Shuffled {
			others := p.Like(right)
			p.Do(compute.Gather{Out: others, X: right, Rows: t.next})
			right = others
		}
		p.Reward(right)
	}
}
