// Program task has a recurrent network learn a task of one's own.
package main

import (
	"fmt"
	"log"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/recurrent"
)

// Hold is a task of working memory: the first moment of a trial shows a cue, 1 or −1 by chance, the next ones show nothing,
// and the last one wants the cue back. Each learner has cues of its own.
//
// Metrics: "right", the share of the answers that have the sign of the cue.
type Hold struct {
	Trial    int `toml:"trial"`    // moments
	Examples int `toml:"examples"` // trials at a time

	cue    *compute.Tensor // learners × Examples × 1
	silent *compute.Tensor // 1 × Examples × 1
}

// Check reports a setting that cannot be.
func (t *Hold) Check() error {
	if t.Trial < 2 || t.Examples < 1 {
		return fmt.Errorf("hold: trials of %d moments, %d at a time, want at least 2 and 1", t.Trial, t.Examples)
	}
	return nil
}

// Build asks for what the task remembers between moments, and says what it shows.
func (t *Hold) Build(s *nets.Store) (nets.Spec, error) {
	t.cue = s.State("cue", nets.Zeros, t.Examples, 1)
	t.silent = s.Fixed(make([]float32, t.Examples), t.Examples, 1)
	return nets.Spec{In: nets.Row(1), Out: 1, Examples: t.Examples, Trial: t.Trial, Epoch: t.Trial}, nil
}

var (
	sign  = compute.Formula("2*old - 1")
	right = compute.Formula("where(y*cue, 1, 0)", "y", "cue")
)

// Show returns moment p.Number of the trials.
func (t *Hold) Show(p *nets.Pass) nets.Moment {
	at := int(p.Number % uint64(t.Trial))
	m := nets.Moment{X: t.silent, First: at == 0, Last: at == t.Trial-1}
	if m.First {
		p.Random(t.cue, compute.Bernoulli(0.5, 1)) // 0 or 1
		p.Into(t.cue, sign)
		m.X = t.cue
	}
	if m.Last {
		m.Want = t.cue
	}
	return m
}

// Judge counts the answers that are right.
func (t *Hold) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	if m.Want != nil {
		p.Count("right", p.Map(right, y, m.Want), t.Examples)
	}
}

func main() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	dev := compute.New(b)
	defer dev.Close()
	run := nets.Run{
		System:   func() nets.System { return &recurrent.RFLO{Leaky: recurrent.Leaky{Units: 32, Tau: 4, Gain: 1}} },
		Task:     func() nets.Task { return &Hold{Trial: 8, Examples: 16} },
		Learners: 4, Seed: 1, Rate: 0.02, Moments: 8 * 300,
	}
	err = run.On(dev, 8*100, func(moments int, m nets.Metrics) {
		fmt.Printf("%4d moments, right %.2f\n", moments, m.Get("right").Mean())
	})
	if err != nil {
		log.Fatal(err)
	}
}
