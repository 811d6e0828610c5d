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

const (
	unstableBits Quantity = "share of the bits of stored patterns that a sweep changes"
	noRest       Quantity = "share of random states that do not come to rest"
)

// hopfield stores random patterns and starts from them. Of a stored pattern the other P − 1 give each bit a sum of
// (N−1)·(P−1) random signs, which changes the bit where it is below −(N−1). For all N and P the normal distribution of that
// sum, cut half-way between the whole numbers that it takes, gives the published figures of a sweep. With more and more
// sweeps, of one unit after the other, patterns are recalled up to a load of about 0.138·N.
var hopfield = Experiment{
	Name:    "hopfield",
	Systems: map[string]string{"Hopfield, all units at once": "all units at once", "one after the other": "one after the other"},
	About:   "patterns stored by Hebb's rule, how many of their bits the others disturb, and how many can be recalled",
	Source: "reference: a program in float64 (numpy) by the same protocol, of 10 seeds with 500 units and 3 with 1000. " +
		"Theory: ½·erfc(N/√(2·(N−1)·(P−1))), of which Hertz, Krogh, Palmer 1991, \"Introduction to the Theory of Neural Computation\", §2.2, has the limit of large N, ½·erfc(√(N/2P)); " +
		"a capacity of 0.138·N: Amit, Gutfreund, Sompolinsky 1985",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it", Takes: 2 * time.Minute, Parts: []Part{
			{Name: "stability", About: "P random patterns of N bits, one synchronous sweep from each of them",
				Runs: []Run{unstable(200, 30, 64, 0.0006), unstable(500, 50, 40, 0.0002), unstable(500, 69, 10, 0.0005)},
				Check: []Claim{{"with 500 bits, more patterns disturb more bits in every seed", func(rows Rows) bool {
					few, many := rows.Of(stored(500, 50), unstableBits), rows.Of(stored(500, 69), unstableBits)
					return few.Count(func(x float64) bool { return x < slices.Min(many) }) == len(few)
				}}}},
			capacityPart(), cyclesPart(10),
		}},
		{Name: "small", About: "the recall of 200 units, and cycles", Takes: 2 * time.Second, Parts: []Part{smallCapacity(), cyclesPart(4)}},
	},
}

func stored(bits, patterns int) string { return fmt.Sprintf("%d bits, %d patterns", bits, patterns) }

// recalled stores patterns, asks for them once, and returns the metrics.
func recalled(ctx context.Context, dev *compute.Device, seeds Seeds, system attract.Hopfield, task tasks.Recall) (nets.Metrics, error) {
	return lastMoment(ctx, dev, nets.Run{
		System:   func() nets.System { s := system; return &s },
		Task:     func() nets.Task { t := task; return &t },
		Learners: seeds.N, Seed: seeds.First,
	}, 1)
}

// of returns f of a metric of each seed.
func of(m nets.Metrics, name string, f func(x float64) float64) (v Values) {
	for _, x := range m.Get(name).Each {
		v = append(v, f(x))
	}
	return v
}

func itself(x float64) float64 { return x }

func rest(x float64) float64 { return 1 - x }

// unstable stores patterns in as many networks as there are seeds, and asks for them once.
func unstable(bits, patterns, seeds int, within float64) Run {
	n, p := float64(bits), float64(patterns)
	theory := math.Erfc(n/math.Sqrt(2*(n-1)*(p-1))) / 2
	run := func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		m, err := recalled(ctx, dev, seeds, attract.Hopfield{Sweeps: 1}, tasks.Recall{Bits: bits, Patterns: patterns})
		return Figures{unstableBits: of(m, "bits right", rest)}, err
	}
	return Run{Name: stored(bits, patterns), Make: Program(run), Seeds: seeds, Figures: []Figure{
		{What: unstableBits, Published: theory, Within: within, From: "theory"},
	}}
}

// loads are numbers of patterns for each unit.
var loads = []float64{0.05, 0.1, 0.12, 0.13, 0.138, 0.15, 0.17, 0.2}

func overlapAt(load float64) Quantity { return Quantity(fmt.Sprintf("overlap at a load of %g", load)) }

func mostlyAt(load float64) Quantity {
	return Quantity(fmt.Sprintf("patterns with an overlap above 0.9 at a load of %g", load))
}

func wholeAt(load float64) Quantity {
	return Quantity(fmt.Sprintf("patterns that stay whole at a load of %g", load))
}

// A recall is a figure of the reference at a load: mean and standard deviation over its seeds.
type recall struct{ overlap, sd, mostly, mostlySD, whole, wholeSD float64 }

// recallAt stores patterns at each load and starts from them, with bits flipped, until all are at rest. Bands are four
// standard errors of the difference between two means of so many seeds.
func recallAt(name string, bits, seeds int, flip float32, at []float64, reference map[float64]recall) Run {
	run := func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		f := Figures{}
		for _, load := range at {
			task := tasks.Recall{Bits: bits, Patterns: int(math.Round(load * float64(bits))), Flip: flip}
			m, err := recalled(ctx, dev, seeds, attract.Hopfield{Sweeps: 60, Async: true}, task)
			if err != nil {
				return nil, err
			}
			f[overlapAt(load)] = of(m, "bits right", func(x float64) float64 { return 2*x - 1 })
			f[mostlyAt(load)], f[wholeAt(load)] = of(m, "overlap above 0.9", itself), of(m, "whole", itself)
		}
		return f, nil
	}
	r := Run{Name: name, Make: Program(run), Seeds: seeds}
	four := 4 * math.Sqrt(2/float64(seeds))
	for _, load := range at {
		x, ok := reference[load]
		if !ok {
			r.Figures = append(r.Figures, none(overlapAt(load)))
			continue
		}
		r.Figures = append(r.Figures, Figure{What: overlapAt(load), Published: x.overlap, Within: max(four*x.sd, 0.0005)},
			Figure{What: mostlyAt(load), Published: x.mostly, Within: four * x.mostlySD},
			Figure{What: wholeAt(load), Published: x.whole, Within: four * x.wholeSD})
	}
	return r
}

const asCapacity = "random patterns, the states from which units change one after the other in random order, ties kept, for 60 sweeps at most"

// capacityPart is recall over the load.
func capacityPart() Part {
	const few, many, flipped = "500 units", "1000 units", "500 units, 10 % of the bits flipped"
	p := Part{Name: "capacity", About: asCapacity,
		Runs: []Run{
			recallAt(few, 500, 10, 0, loads, map[float64]recall{
				0.05: {overlap: 1, mostly: 1, whole: 1},
				0.1:  {0.9977, 0.0007, 1, 0, 0.736, 0.049}, 0.12: {0.9885, 0.0079, 0.980, 0.02, 0.485, 0.09},
				0.13: {0.9713, 0.0212, 0.952, 0.041, 0.352, 0.093}, 0.138: {0.9695, 0.0107, 0.933, 0.027, 0.242, 0.029},
				0.15: {0.9113, 0.0320, 0.811, 0.059, 0.135, 0.038}, 0.17: {0.740, 0.091, 0.532, 0.120, 0.054, 0.029},
				0.2: {0.529, 0.068, 0.180, 0.070, 0.008, 0.006},
			}),
			recallAt(many, 1000, 3, 0, loads, map[float64]recall{
				0.12:  {overlap: 0.9926, sd: 0.0003, mostly: 1, whole: 0.178},
				0.138: {overlap: 0.952, sd: 0.011, mostly: 0.928, whole: 0.051},
				0.15:  {overlap: 0.847, sd: 0.023, mostly: 0.738, whole: 0.011},
				0.17:  {overlap: 0.642, sd: 0.043, mostly: 0.398, whole: 0},
			}),
			recallAt(flipped, 500, 10, 0.1, loads, map[float64]recall{
				0.05: {overlap: 1, mostly: 1, whole: 1},
				0.1:  {overlap: 0.9973, sd: 0.0009, mostly: 1, whole: 0.726}, 0.12: {overlap: 0.984, sd: 0.013, mostly: 0.972, whole: 0.458},
				0.138: {overlap: 0.942, sd: 0.017, mostly: 0.868, whole: 0.203},
			}),
		},
		Check: []Claim{
			{"500 units keep an overlap of 0.995 at a load of 0.1, 0.93 to 0.995 at 0.138 and 0.35 to 0.7 at 0.2", func(rows Rows) bool {
				at := func(load, from, to float64) bool {
					x := rows.Mean(few, overlapAt(load))
					return from <= x && x <= to
				}
				return at(0.1, 0.995, 1) && at(0.138, 0.93, 0.995) && at(0.2, 0.35, 0.7)
			}},
			{"1000 units fall more steeply: at 0.17 their overlap is lower by 0.03", func(rows Rows) bool {
				return rows.Mean(few, overlapAt(0.17))-rows.Mean(many, overlapAt(0.17)) > 0.03
			}},
			{"at 0.138 most patterns are recalled and few are whole", func(rows Rows) bool {
				return rows.Mean(few, mostlyAt(0.138)) > 0.85 && rows.Mean(few, wholeAt(0.138)) < 0.35
			}},
		},
		Curve: &Curve{X: "load, patterns per unit", Y: "overlap with the stored pattern", Mark: 0.138, MarkName: "capacity in theory, 0.138"}}
	for _, load := range loads {
		p.Curve.Points = append(p.Curve.Points, Point{load, overlapAt(load)})
	}
	return p
}

// smallCapacity is recall below and above the capacity.
func smallCapacity() Part {
	name := func(load float64) string { return fmt.Sprintf("200 units, load %g", load) }
	p := Part{Name: "capacity", About: asCapacity,
		Check: []Claim{{"at a load of 0.05 every seed keeps an overlap of 0.99, and at 0.2 none does", func(rows Rows) bool {
			return rows.all(name(0.05), overlapAt(0.05), func(x float64) bool { return x >= 0.99 }) &&
				rows.all(name(0.2), overlapAt(0.2), func(x float64) bool { return x < 0.95 })
		}}}}
	for _, load := range []float64{0.05, 0.2} {
		p.Runs = append(p.Runs, recallAt(name(load), 200, 3, 0, []float64{load}, nil))
	}
	return p
}

// cyclesPart starts anywhere, with all units at once and one after the other.
func cyclesPart(seeds int) Part {
	const atOnce, oneByOne = "all units at once", "one after the other"
	run := func(name string, async bool, f Figure) Run {
		make := func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
			m, err := recalled(ctx, dev, seeds, attract.Hopfield{Sweeps: 60, Async: async}, tasks.Recall{Bits: 200, Patterns: 20, Flip: 0.5})
			return Figures{noRest: of(m, "at rest", rest)}, err
		}
		return Run{Name: name, Make: Program(make), Seeds: seeds, Figures: []Figure{f}}
	}
	return Part{Name: "cycles", About: "20 patterns of 200 bits are stored, and 20 random states swept 60 times; what is not at rest then is in a cycle of two",
		Runs: []Run{
			run(atOnce, false, Figure{What: noRest, Published: 0.11}),
			run(oneByOne, true, Figure{What: noRest, Published: 0, From: "theory"}),
		},
		Check: []Claim{{"one after the other all come to rest, and all at once some do not", func(rows Rows) bool {
			return rows.all(oneByOne, noRest, func(x float64) bool { return x == 0 }) && rows.Mean(atOnce, noRest) > 0
		}}}}
}
