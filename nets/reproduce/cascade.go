package reproduce

import (
	"context"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/grow"
	"hebb/nets/tasks"
)

// cascade grows networks on the two spirals and on parity, with controls: a pool of one, random units, and settings
// that make quickprop or the candidates fail.
var cascade = Experiment{
	Name:    "cascade",
	Systems: map[string]string{"cascade-correlation with quickprop": "8 candidates"},
	About:   "networks that grow by cascade-correlation, on two spirals and on parity",
	Source: "figures of the equations in float64 (numpy), of 5 to 30 seeds each; Fahlman, Lebiere 1990, \"The Cascade-Correlation Learning Architecture\", " +
		"report 15.2 hidden units and 1700 epochs of 100 networks on the spirals",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it", Takes: 2 * time.Minute, Parts: []Part{wholeSpirals, wholeParity}},
		{Name: "small", About: "parity of four bits, of six seeds", Takes: 2 * time.Second, Parts: []Part{smallParity}},
	},
}

const (
	allLearned  Quantity = "networks that learned all examples"
	hiddenUnits Quantity = "hidden units"
	epochs      Quantity = "epochs"
)

// grown returns a run of cascade-correlation with some settings other than the first run's.
func grown(name string, seeds int, task func() nets.Task, set func(*grow.Cascade), of [3]Figure) Run {
	run := func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		system := func() nets.System {
			c := grow.Systems[0].System().(*grow.Cascade)
			set(c)
			return c
		}
		s, err := nets.Run{System: system, Task: task, Learners: seeds.N, Seed: seeds.First, Rate: grow.Systems[0].Rate}.Open(dev)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		for n := 1; !s.Ended(); n++ {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if err := s.Step(ctx); err != nil {
				return nil, err
			}
			if n%100 == 0 {
				if _, err := s.Metrics(); err != nil {
					return nil, err
				}
			}
		}
		return ended(s)
	}
	f := of[:]
	for i, q := range []Quantity{allLearned, hiddenUnits, epochs} {
		f[i].What = q
	}
	return Run{Name: name, Make: Program(run), Seeds: seeds, Figures: f}
}

// ended returns the figures of networks that have come to their end.
func ended(s *nets.Session) (Figures, error) {
	at, err := read(s, "units", "epochs", "end")
	if err != nil {
		return nil, err
	}
	f := Figures{}
	for l, units := range at["units"] {
		done := 0.0
		if grow.Learned(at["end"][l]) {
			done = 1
		}
		f[allLearned] = append(f[allLearned], done)
		f[hiddenUnits], f[epochs] = append(f[hiddenUnits], float64(units)), append(f[epochs], float64(at["epochs"][l]))
	}
	return f.finite(), nil
}

// was gives the figures of networks that have all learned: their number, units and epochs, with bands.
func was(share, units, unitsWithin, of, ofWithin float64) [3]Figure {
	return [3]Figure{{Published: share}, {Published: units, Within: unitsWithin}, {Published: of, Within: ofWithin}}
}

// fourBits are the figures of 300 networks by bench/peers/cascade.py; the source's 20 networks have 2.1 units, 173
// epochs.
func fourBits(within float64) [3]Figure {
	f := was(1, 2.34, within, 178, 0)
	for i := range f {
		f[i].From = "bench/peers/cascade.py, 300 seeds"
	}
	return f
}

const pool, one, random = "8 candidates", "1 candidate", "random units, up to 60"

func spirals() nets.Task { return &tasks.Spirals{} }

func parity(bits int) func() nets.Task { return func() nets.Task { return &tasks.Parity{Bits: bits} } }

var wholeSpirals = Part{Name: "spirals", About: "two spirals, 194 points; units and epochs of all networks, also of those that did not learn", Runs: []Run{
	grown(pool, 100, spirals, func(*grow.Cascade) {}, was(1, 14.9, 1.5, 1621, 225)),
	grown(one, 20, spirals, func(c *grow.Cascade) { c.Candidates = 1 }, was(1, 22.5, 0, 2261, 0)),
	grown("µ = 1.75", 20, spirals, func(c *grow.Cascade) { c.Mu = 1.75 }, was(1, 14.2, 0, 1530, 0)),
	grown("µ = 5", 20, spirals, func(c *grow.Cascade) { c.Mu = 5 }, was(0.2, unknown, 0, unknown, 0)),
	grown("candidate rate 1", 12, spirals, func(c *grow.Cascade) { c.CandidateRate = 1 }, was(2./6, unknown, 0, unknown, 0)),
	grown(random, 10, spirals, func(c *grow.Cascade) { c.Units, c.Candidates, c.CandidateRate = 60, 1, 0 }, was(0, 60, 0, unknown, 0)),
}, Check: []Claim{
	{"all networks with 8 candidates learn all points", func(rows Rows) bool { return rows.all(pool, allLearned, isOne) }},
	{"a pool of 1 needs at least 4 units more, in the mean", func(rows Rows) bool {
		return rows.Mean(one, hiddenUnits)-rows.Mean(pool, hiddenUnits) >= 4
	}},
	{"µ = 1.75 needs as many units, to 2 in the mean", func(rows Rows) bool {
		d := rows.Mean("µ = 1.75", hiddenUnits) - rows.Mean(pool, hiddenUnits)
		return -2 <= d && d <= 2
	}},
	{"µ = 5, and candidates that learn at a rate of 1, fail in at least a third of the networks", func(rows Rows) bool {
		return rows.Mean("µ = 5", allLearned) <= 2./3 && rows.Mean("candidate rate 1", allLearned) <= 2./3
	}},
	{"no network of 60 random units learns all points", func(rows Rows) bool {
		return rows.all(random, allLearned, func(x float64) bool { return x == 0 })
	}},
}}

var wholeParity = Part{Name: "parity", About: "parity of all patterns of ±1", Runs: []Run{
	grown("8 bits", 40, parity(8), func(*grow.Cascade) {}, was(1, 6.1, 0.8, 779, 80)),
	grown("4 bits", 40, parity(4), func(*grow.Cascade) {}, fourBits(0.25)),
}, Check: []Claim{
	{"all networks learn all patterns", func(rows Rows) bool {
		return rows.all("8 bits", allLearned, isOne) && rows.all("4 bits", allLearned, isOne)
	}},
	{"no network needs more than two units for four bits, and one unit besides", func(rows Rows) bool {
		return rows.all("4 bits", hiddenUnits, func(x float64) bool { return x <= 3 })
	}},
}}

var smallParity = Part{Name: "parity", About: "parity of all patterns of ±1", Runs: []Run{
	grown("4 bits", 6, parity(4), func(*grow.Cascade) {}, fourBits(0.6)),
	grown("4 bits, random units", 6, parity(4), func(c *grow.Cascade) { c.Units, c.Candidates, c.CandidateRate = 6, 1, 0 }, was(unknown, unknown, 0, unknown, 0)),
}, Check: []Claim{
	{"all networks learn all patterns with three units", func(rows Rows) bool {
		return rows.all("4 bits", allLearned, isOne) && rows.all("4 bits", hiddenUnits, func(x float64) bool { return x <= 3 })
	}},
	{"with random units they need more, in the mean", func(rows Rows) bool {
		return rows.Mean("4 bits, random units", hiddenUnits) > rows.Mean("4 bits", hiddenUnits)+1
	}},
}}

func isOne(x float64) bool { return x == 1 }
