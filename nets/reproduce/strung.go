package reproduce

import (
	"context"
	"fmt"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/recurrent"
	"hebb/nets/tasks"
)

// A stringing learns patterns one by one, and then their order by a second circuit, see [tasks.Strung]; or the whole
// sequence at once. It and its figures are hebb's own: Murray 2019 has another circuit for that purpose.
type stringing struct {
	tasks.Strung
	units      int
	one, order int // moments of learning the patterns, and the order
	rate       float64
}

// stringRates are the rates tried for both.
var stringRates = []float64{1e-3, 3e-4}

var (
	sequence      = tasks.Strung{Patterns: 5, Period: 20, Delay: 8}
	longSequence  = tasks.Strung{Patterns: 8, Period: 20, Delay: 8}
	shortSequence = tasks.Strung{Patterns: 2, Period: 12, Delay: 5}
)

const (
	sequenceError Quantity = "error of the sequence"
	rightCues     Quantity = "share of moments with the right cue"
	beforeOrder   Quantity = "error of the sequence before its order is learned"

	byParts, atOnce = "strung", "at once"
)

// part compares the two, over equally many moments of learning.
func (s stringing) part(seeds int) Part {
	p := Part{
		Name: fmt.Sprintf("strung-%d", s.Patterns),
		About: fmt.Sprintf("hebb's own, not of the paper: %d patterns of %d moments by rflo, %d units, τ = 3: one by one, and strung by a second circuit, or at once; %d moments",
			s.Patterns, s.Period, s.units, s.one+s.order),
		Check: []Claim{{"the second circuit does it: before it has learned the order the error is more than twice as large, in the median", func(rows Rows) bool {
			return best(rows, byParts, beforeOrder) > 2*best(rows, byParts, sequenceError)
		}}},
	}
	for _, s.rate = range stringRates {
		p.Runs = append(p.Runs,
			Run{Name: atRate(byParts, s.rate), Seeds: seeds, Make: Program(s.parts), Figures: []Figure{none(sequenceError), none(rightCues), none(beforeOrder)}},
			Run{Name: atRate(atOnce, s.rate), Seeds: seeds, Make: Program(s.atOnce), Figures: []Figure{none(sequenceError)}})
	}
	if s.Patterns >= 8 { // shorter ones are learned at once as well
		p.Check = append(p.Check, Claim{"strung patterns have less error than the sequence learned at once, each at its better rate, in the median", func(rows Rows) bool {
			return best(rows, byParts, sequenceError) < best(rows, atOnce, sequenceError)
		}})
	}
	return p
}

func atRate(run string, rate float64) string { return fmt.Sprintf("%s, rate %g", run, rate) }

// best returns the least median of a quantity over the rates.
func best(rows Rows, run string, q Quantity) float64 {
	least := rows.Of(atRate(run, stringRates[0]), q).Median()
	for _, rate := range stringRates {
		least = min(least, rows.Of(atRate(run, rate), q).Median())
	}
	return least
}

// open opens a session that learns in one order, and is tested in another. still names fixed weights.
func (s stringing) open(dev *compute.Device, seeds Seeds, order, test string, moments int, still ...string) (*nets.Session, error) {
	task := func(order string) func() nets.Task {
		return func() nets.Task {
			t := s.Strung
			t.Order = order
			return &t
		}
	}
	var optimiser nets.Optimiser = nets.DefaultAdam
	for _, name := range still {
		optimiser = nets.Scaled{Optimiser: optimiser, Names: name}
	}
	return nets.Run{
		System: func() nets.System {
			return &recurrent.RFLO{Leaky: recurrent.Leaky{Units: s.units, Tau: 3, Gain: 1.2}, Learning: recurrent.Learning{Optimiser: optimiser}}
		},
		Task: task(order), Test: task(test), Learners: seeds.N, Seed: seeds.First, Rate: s.rate, Schedule: nets.Schedule{Kind: "cosine"}, Moments: moments,
	}.Open(dev)
}

// learn makes all moments of a session, and tests it.
func learn(ctx context.Context, s *nets.Session) (nets.Metrics, error) {
	for range s.Total() {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := s.Step(ctx); err != nil {
			return nil, err
		}
	}
	if _, err := s.Metrics(); err != nil {
		return nil, err
	}
	return s.Evaluate(ctx, nil)
}

// parts learns patterns in an order drawn for each trial, and then in their own order, with only the readout learning.
func (s stringing) parts(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
	first, err := s.open(dev, seeds, "random", "free", s.one)
	if err != nil {
		return nil, err
	}
	defer first.Close()
	before, err := learn(ctx, first)
	if err != nil {
		return nil, err
	}
	second, err := s.open(dev, seeds, "fixed", "free", s.order, "in", "recurrent")
	if err != nil {
		return nil, err
	}
	defer second.Close()
	var learned []nets.Named
	for _, n := range first.Tensors() {
		if n.Role == nets.Weight {
			learned = append(learned, n)
		}
	}
	values, err := first.Read(learned)
	if err != nil {
		return nil, err
	}
	if err := second.Write(learned, values); err != nil {
		return nil, err
	}
	after, err := learn(ctx, second)
	if err != nil {
		return nil, err
	}
	return Figures{sequenceError: after.Get("error").Each, rightCues: after.Get("cue").Each, beforeOrder: before.Get("error").Each}, nil
}

// atOnce learns the whole sequence, with one cue throughout, for as long.
func (s stringing) atOnce(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
	session, err := s.open(dev, seeds, "whole", "whole", s.one+s.order)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	m, err := learn(ctx, session)
	return Figures{sequenceError: m.Get("error").Each}, err
}
