package reproduce

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/reward"
	"hebb/nets/tasks"
)

// reversal has agents that relearn by a reward which of two images asks for which side, and ablations of their rule.
var reversal = Experiment{
	Name:    "reversal",
	Systems: map[string]string{"reversals": "reference"},
	About:   "reward-modulated Hebb: choices between two sides that are reversed without notice, and ablations",
	Source: "ours: a program in float64 (numpy) of the same task and equations, which are an instance made after a description of Vasilaki, Fusi, Wang, Senn 2009, " +
		"\"Learning flexible sensori-motor mappings in a complex network\", and not the paper's own; 10 seeds of the reference, 4 of the others",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it", Takes: time.Minute, Parts: []Part{
			agents{50, 10, 10}.part("reversal", referenceRun, noStop, highNoise, noCovariance, hardBounds, centredRun),
			agents{50, 10, 10}.part("variants", expectedRun, equalQ, layersRun, layersCentred),
		}},
		{Name: "small", About: "with and without the covariance term, fewer agents and blocks", Takes: time.Second, Parts: []Part{
			agents{15, 4, 2}.part("reversal", referenceRun, noCovariance),
		}},
	},
}

// agents are so many for each seed, that are shown so many blocks.
type agents struct{ each, blocks, seeds int }

const (
	rightAtFirst Quantity = "right choices, first 3 trials after a reversal"
	rightAtLast  Quantity = "right choices, last 10 trials before a reversal"
	to80         Quantity = "trials to 80 % right, 60: never"
	after1       Quantity = "right after an error, 1 right before it"
	after2       Quantity = "right after an error, 2 or 3 before it"
	after4       Quantity = "right after an error, 4 or more before it"
)

// rightIn is the share of right choices in a trial after a reversal, from 1.
func rightIn(trial int) Quantity { return Quantity(fmt.Sprintf("right choices in trial %d", trial)) }

const (
	reversalBlock = 60
	skippedBlocks = 2 // from which nothing is measured
)

// Names of the runs.
const (
	referenceRun  = "reference"
	noStop        = "no stop-learning"
	highNoise     = "temperature 0.3"
	noCovariance  = "no covariance term"
	hardBounds    = "hard bounds"
	centredRun    = "centred eligibility"
	expectedRun   = "expected eligibility"
	equalQ        = "equal q"
	layersRun     = "hidden layer of 50"
	layersCentred = "hidden layer of 50, centred"
)

// A variant is the settings of a run other than the reference's, and the figures of the numpy program: the first three
// with a standard deviation over seeds, the larger of the numpy program's and ours, then the shares after errors.
type variant struct {
	set   func(v *reward.Vasilaki)
	of    [3][2]float64
	after [3]float64
}

// never is what trials to 80 % are where the share stays below it.
var never = [2]float64{reversalBlock, 0}

var variants = map[string]variant{
	referenceRun:  {func(*reward.Vasilaki) {}, [3][2]float64{{0.252, 0.012}, {0.874, 0.011}, {34.1, 2.4}}, [3]float64{0.445, 0.467, 0.425}},
	noStop:        {func(v *reward.Vasilaki) { v.Kappa = 0 }, [3][2]float64{{0.312, 0.017}, {0.740, 0.008}, never}, [3]float64{0.43, 0.45, 0.46}},
	highNoise:     {func(v *reward.Vasilaki) { v.Temperature = 0.3 }, [3][2]float64{{0.378, 0.019}, {0.663, 0.010}, never}, [3]float64{0.59, 0.60, 0.62}},
	noCovariance:  {func(v *reward.Vasilaki) { v.Eligibility = "none" }, [3][2]float64{{0.493, 0.015}, {0.499, 0.009}, never}, [3]float64{0.51, 0.50, 0.50}},
	hardBounds:    {func(v *reward.Vasilaki) { v.Hard = true }, [3][2]float64{{0.230, 0.008}, {0.924, 0.006}, {29.2, 1.3}}, [3]float64{0.39, 0.41, 0.34}},
	centredRun:    {func(v *reward.Vasilaki) { v.Eligibility = "centred" }, [3][2]float64{{0.308, 0.013}, {0.970, 0.006}, {9.8, 0.5}}, [3]float64{0.61, 0.57, 0.53}},
	expectedRun:   {func(v *reward.Vasilaki) { v.Eligibility = "expected" }, [3][2]float64{{0.405, 0.017}, {0.585, 0.010}, never}, [3]float64{0.50, 0.50, 0.31}},
	equalQ:        {func(v *reward.Vasilaki) { v.AfterError = 0.3 }, [3][2]float64{{0.220, 0.024}, {0.842, 0.011}, {41.5, 3.4}}, [3]float64{0.44, 0.45, 0.42}},
	layersRun:     {func(v *reward.Vasilaki) { v.Hidden = []int{50} }, [3][2]float64{{0.481, 0.019}, {0.527, 0.009}, never}, [3]float64{0.35, 0.44, 0.53}},
	layersCentred: {func(v *reward.Vasilaki) { v.Hidden, v.Eligibility = []int{50}, "centred" }, [3][2]float64{{0.498, 0.028}, {0.516, 0.010}, never}, [3]float64{0.31, 0.27, 0.25}},
}

// bandsOfReference are the distances from the reference's figures that are allowed.
var bandsOfReference = [3]float64{0.037, 0.035, 8.6}

// part has runs of variants, with the claims about them.
func (a agents) part(name string, runs ...string) Part {
	p := Part{Name: name, Curve: &Curve{X: "trial since the reversal", Y: "share of right choices"},
		About: fmt.Sprintf("two images of 100 inputs, 10 stochastic units for each side, reversed every %d trials; a seed is %d agents, each a learner with weights, images and a seed of its own; blocks %d to %d",
			reversalBlock, a.each, skippedBlocks+1, a.blocks)}
	for t := 1; t <= reversalBlock; t++ {
		p.Curve.Points = append(p.Curve.Points, Point{float64(t), rightIn(t)})
	}
	for _, name := range runs {
		v, whole := variants[name], a.each == 50 && a.blocks == 10
		r := Run{Name: name, Seeds: a.seeds, Make: a.make(v)}
		for i, q := range []Quantity{rightAtFirst, rightAtLast, to80} {
			f := Figure{What: q, Published: v.of[i][0]}
			switch {
			case !whole:
			case name == referenceRun:
				f.Within = bandsOfReference[i]
			default: // four standard errors of the difference between two means
				f.Within = 4 * v.of[i][1] * math.Sqrt(1./4+1/float64(a.seeds))
			}
			r.Figures = append(r.Figures, f)
		}
		for i, q := range []Quantity{after1, after2, after4} {
			r.Figures = append(r.Figures, Figure{What: q, Published: v.after[i]})
		}
		p.Runs = append(p.Runs, r)
	}
	has := func(name string) bool { return slices.Contains(runs, name) }
	for _, c := range claimsOfReversal {
		if !slices.ContainsFunc(c.about, func(name string) bool { return !has(name) }) {
			p.Check = append(p.Check, c.Claim)
		}
	}
	return p
}

// claimsOfReversal are the claims, and the runs without which they cannot be made.
var claimsOfReversal = []struct {
	about []string
	Claim
}{
	{[]string{referenceRun, noStop}, Claim{"without stop-learning at least 0.08 fewer choices are right at the end, in the mean", func(rows Rows) bool {
		return rows.Mean(referenceRun, rightAtLast) > rows.Mean(noStop, rightAtLast)+0.08
	}}},
	{[]string{noStop, highNoise}, Claim{"at temperature 0.3 fewer are right at the end than without stop-learning, in every seed", func(rows Rows) bool {
		return rows.below(highNoise, noStop, rightAtLast)
	}}},
	{[]string{highNoise, noCovariance}, Claim{"without the covariance term fewer are right at the end than at temperature 0.3, in every seed, and half of them, within 0.03", func(rows Rows) bool {
		return rows.below(noCovariance, highNoise, rightAtLast) && math.Abs(rows.Mean(noCovariance, rightAtLast)-0.5) <= 0.03
	}}},
	{[]string{referenceRun, noCovariance}, Claim{"without the covariance term at least 0.25 fewer choices are right at the end, in the mean", func(rows Rows) bool {
		return rows.Mean(referenceRun, rightAtLast) > rows.Mean(noCovariance, rightAtLast)+0.25
	}}},
	{[]string{referenceRun, hardBounds}, Claim{"soft bounds are not needed: with hard ones more choices are right at the end, in every seed", func(rows Rows) bool {
		return rows.below(referenceRun, hardBounds, rightAtLast)
	}}},
	{[]string{hardBounds, centredRun}, Claim{"with centred eligibility more are right at the end than with hard bounds, in every seed", func(rows Rows) bool {
		return rows.below(hardBounds, centredRun, rightAtLast)
	}}},
	{[]string{referenceRun, hardBounds}, Claim{"after an error the reference is near chance whatever was before: 0.38 to 0.53, and within 0.09 of itself", nearChance}},
	{[]string{expectedRun, equalQ}, Claim{"with expected eligibility, which goes to 0 as the temperature does, at least 0.2 fewer choices are right at the end than with equal q, in the mean", func(rows Rows) bool {
		return rows.Mean(expectedRun, rightAtLast)+0.2 < rows.Mean(equalQ, rightAtLast)
	}}},
}

// nearChance reports whether the reference's shares after errors are near chance and near each other.
func nearChance(rows Rows) bool {
	least, most := math.Inf(1), math.Inf(-1)
	for _, q := range []Quantity{after1, after2, after4} {
		x := rows.Mean(referenceRun, q)
		least, most = min(least, x), max(most, x)
	}
	return 0.38 <= least && most <= 0.53 && most-least < 0.09 // none of which NaN is
}

// below reports whether in every seed a quantity of one run is below the least of another's.
func (all Rows) below(less, more string, q Quantity) bool {
	a, b := all.Of(less, q), all.Of(more, q)
	return len(a) > 0 && len(b) > 0 && slices.Max(a) < slices.Min(b)
}

// make shows blocks to all agents of all seeds at once.
func (a agents) make(v variant) Program {
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		named := reward.Systems[0]
		s, err := nets.Run{
			System: func() nets.System {
				system := named.System().(*reward.Vasilaki)
				v.set(system)
				return system
			},
			Task:     func() nets.Task { return &tasks.Reversal{Inputs: 100, Active: 0.5, Block: reversalBlock} },
			Learners: seeds.N * a.each, Seed: seeds.First * uint64(a.each), Rate: named.Rate,
		}.Open(dev)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		all := make([]choices, seeds.N)
		for n := range a.blocks * reversalBlock {
			if err := steps(ctx, s, 1); err != nil {
				return nil, err
			}
			m, err := s.Metrics()
			if err != nil {
				return nil, err
			}
			if n < skippedBlocks*reversalBlock {
				continue
			}
			for k := range all {
				all[k].add(m, n%reversalBlock, k*a.each, a.each)
			}
		}
		f := Figures{}
		for _, c := range all {
			c.figures(f, a)
		}
		return f, nil
	}
}

// choices are the right choices of the agents of a seed.
type choices struct {
	right [reversalBlock]float64
	after [3][2]float64 // right ones, and all
}

// add adds the agents of a trial, learners first to first + n.
func (c *choices) add(m nets.Metrics, trial, first, n int) {
	for _, x := range m.Get("correct").Each[first:][:n] {
		c.right[trial] += x
	}
	for i, name := range []string{"after 1", "after 2-3", "after 4+"} {
		for _, x := range m.Get(name).Each[first:][:n] {
			if x == x { // the agent was asked
				c.after[i][0], c.after[i][1] = c.after[i][0]+x, c.after[i][1]+1
			}
		}
	}
}

// figures adds the figures of the seed.
func (c *choices) figures(f Figures, a agents) {
	var right Values
	for t, sum := range c.right {
		right = append(right, sum/float64((a.blocks-skippedBlocks)*a.each))
		f.add(rightIn(t+1), right[t])
	}
	centre := reversalBlock
	for t := 2; t < reversalBlock-2 && centre == reversalBlock; t++ {
		if right[t-2:t+3].Mean() > 0.8 {
			centre = t
		}
	}
	f.add(rightAtFirst, right[:3].Mean())
	f.add(rightAtLast, right[reversalBlock-10:].Mean())
	f.add(to80, float64(centre))
	for i, q := range []Quantity{after1, after2, after4} {
		f.add(q, c.after[i][0]/c.after[i][1])
	}
}
