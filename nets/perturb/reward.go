package perturb

import (
	"errors"

	"hebb/compute"
	"hebb/nets"
)

// A pair is two trials of a network that learns from rewards: the first is answered without noise and the second with it.
// It is saved, since a run may be cut between the two.
type pair struct {
	worse *compute.Tensor // the reward of the first trial, less the second's, so far
	trial *int64          // 0 or 1
	due   *int64          // 1: a trial has ended, and its reward has not come
}

func newPair(s *nets.Store) *pair {
	return &pair{s.State("worse", nets.Zeros, 1), s.Counter("trial of the pair"), s.Counter("reward due")}
}

// try answers a moment of a rewarded trial; while learning, the second trial of a pair has noise.
func (n *network) try(p *nets.Pass, m nets.Moment) *compute.Tensor {
	if !p.Learning {
		return n.answer(p, m, 0).x
	}
	if *n.pair.due == 1 {
		p.Fail(errors.New("perturb: rewarded=true, and a trial ended without a reward from the task; want one with the last moment of each trial"))
	}
	if m.First {
		*n.moment = 0
	}
	*n.moment++
	if m.Last {
		*n.pair.due = 1
	}
	if *n.pair.trial == 0 {
		if m.First {
			p.Clear(n.pair.worse)
		}
		return n.answer(p, m, 0).x
	}
	if m.First {
		n.draw(p)
	}
	return n.answer(p, m, int(*n.moment)).noisy
}

var lessThan = compute.Formula("old + times*r", "r")

// reward takes the reward of a moment and, at a pair's last moment, learns.
func (n *network) reward(p *nets.Pass, r *compute.Tensor) {
	if n.pair == nil {
		return
	}
	noisy := p.Learning && *n.pair.trial == 1
	if !noisy {
		p.Count("reward", r, r.Rows())
	}
	if !p.Learning {
		return
	}
	times := float32(1)
	if noisy {
		times = -1
	}
	p.Into(n.pair.worse, lessThan.With("times", times), p.PerLearner(nil, 1/float32(r.Rows()), r))
	if *n.pair.due == 0 {
		return
	}
	*n.pair.due, *n.pair.trial = 0, 1-*n.pair.trial
	if noisy {
		n.update(p, n.pair.worse, 1)
	}
}
