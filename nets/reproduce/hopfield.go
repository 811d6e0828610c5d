package reproduce

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/attract"
	"hebb/nets/tasks"
)

const unstableBits Quantity = "share of the bits of stored patterns that a sweep changes"

// hopfield stores random patterns and starts from them. Of a stored pattern the other P − 1 give each bit a sum of
// (N−1)·(P−1) random signs, which changes the bit where it is below −(N−1). For all N and P the normal distribution of that
// sum, cut half-way between the whole numbers that it takes, gives the published figures.
var hopfield = Experiment{
	Name:   "hopfield",
	About:  "patterns stored by Hebb's rule, and how many of their bits the others disturb",
	Source: "theory: ½·erfc(N/√(2·(N−1)·(P−1))), of which Hertz, Krogh, Palmer 1991, \"Introduction to the Theory of Neural Computation\", §2.2, has the limit of large N, ½·erfc(√(N/2P))",
	Scales: []Scale{{Name: "cpu", About: "the whole of it", Takes: time.Second, Parts: []Part{{
		Name: "stability", About: "P random patterns of N bits, one synchronous sweep from each of them",
		Runs: []Run{unstable(200, 30, 64, 0.0006), unstable(500, 50, 40, 0.0002), unstable(500, 69, 10, 0.0005)},
		Check: []Claim{
			{"with 500 bits, more patterns disturb more bits in every seed", func(rows Rows) bool {
				few, many := rows.Of(stored(500, 50), unstableBits), rows.Of(stored(500, 69), unstableBits)
				return few.Count(func(x float64) bool { return x < slices.Min(many) }) == len(few)
			}},
		},
	}}}},
}

func stored(bits, patterns int) string { return fmt.Sprintf("%d bits, %d patterns", bits, patterns) }

// unstable stores patterns in as many networks as there are seeds, and asks for them once.
func unstable(bits, patterns, seeds int, within float64) Run {
	n, p := float64(bits), float64(patterns)
	theory := math.Erfc(n/math.Sqrt(2*(n-1)*(p-1))) / 2
	run := func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		s, err := nets.Run{
			System:   func() nets.System { return &attract.Hopfield{Sweeps: 1} },
			Task:     func() nets.Task { return &tasks.Recall{Bits: bits, Patterns: patterns} },
			Learners: seeds.N, Seed: seeds.First,
		}.Open(dev)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		for range 2 { // to store them, and to recall them
			if err := s.Step(ctx); err != nil {
				return nil, err
			}
		}
		m, err := s.Metrics()
		if err != nil {
			return nil, err
		}
		var share Values
		for _, right := range m.Get("bits right").Each {
			share = append(share, 1-right)
		}
		return Figures{unstableBits: share}, nil
	}
	return Run{Name: stored(bits, patterns), Make: Program(run), Seeds: seeds, Figures: []Figure{
		{What: unstableBits, Published: theory, Within: within, From: "theory"},
	}}
}
