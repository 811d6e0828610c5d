package reproduce

import (
	"context"
	"fmt"
	"math"
	"slices"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/anticipation"
	"hebb/nets/tasks"
)

// loopPart is the loop in which the answer weakens the reflex.
func (z icoSize) loopPart() Part {
	p := Part{Name: "loop", About: fmt.Sprintf("%d trials, the reflex 20 to 30 moments after the predictor and as strong as the answer leaves it", z.loop)}
	// Bands other than those at 3e-4 are three standard errors of the difference of two means of ten; none where a mean
	// is of rare large values.
	type band struct{ of, within float64 }
	for _, c := range []struct {
		rule                     string
		rate                     float64
		criterion, late, settled band
	}{
		{isICO, 1e-4, band{38.4, 3.9}, band{0.0074, 0.0017}, band{0.028, 0.0067}},
		{isISO, 1e-4, band{36.9, 4.6}, band{0.083, 0.0067}, band{0.398, 0.0054}},
		{isICO, 3e-4, band{14.1, 2}, band{0.0009, 0.0021}, band{0.010, 0.0054}},
		{isISO, 3e-4, band{14.1, 2}, band{0.312, 0.01}, band{0.448, 0.0094}},
		{isICO, 1e-3, band{4.9, 1.9}, band{1.7e-6, 0}, band{6e-5, 0}},
	} {
		r := learns{c.rule, tenFilters, c.rate}
		figures := []Figure{{What: criterion, Published: c.criterion.of, Within: c.criterion.within}, none(late), none(settled)}
		switch {
		case z.whole:
			figures[1] = Figure{What: late, Published: c.late.of, Within: c.late.within}
			figures[2] = Figure{What: settled, Published: c.settled.of, Within: c.settled.within}
		case c.rate != 3e-4:
			continue
		}
		p.Runs = append(p.Runs, Run{Name: loopName(c.rule, c.rate), Make: z.loopRun(r), Seeds: 40, Figures: figures})
		if z.whole && c.rate == 3e-4 {
			p.Runs = append(p.Runs, Run{Name: loopName(c.rule, c.rate) + ", float64", Make: twinLoop(r), Seeds: 200, Figures: figures[:1]})
		}
	}
	p.Runs = append(p.Runs, Run{Name: "ico, always 25 moments", Make: z.fixedRun(), Figures: []Figure{
		{What: eleventh, Published: 0.588502, Within: 1e-5}, {What: tenth, Published: 1, Within: 1e-5, From: "theory"},
		{What: oneTrial, Published: 0, Within: 1e-5, From: "theory"},
	}})
	below := func(rows Rows, q Quantity, times float64) bool {
		ico, iso := rows.Of(loopName(isICO, 3e-4), q), rows.Of(loopName(isISO, 3e-4), q)
		return len(ico) > 0 && len(iso) > 0 && times*slices.Max(ico) < slices.Min(iso)
	}
	p.Check = []Claim{{"at a rate of 3e-4 ICO's weights settle and ISO's do not: in every seed they change less than half as much in the last third",
		func(rows Rows) bool { return below(rows, settled, 2) }}}
	if z.whole {
		p.Check = append(p.Check, Claim{"and ICO's last reflexes are less than a fiftieth of ISO's", func(rows Rows) bool { return below(rows, late, 50) }})
	}
	return p
}

// round returns x to two digits, for a band that is read.
func round(x float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(x))-1)
	return math.Round(x/unit) * unit
}

func loopName(rule string, rate float64) string { return fmt.Sprintf("%s, rate %g", rule, rate) }

// loops returns the task of the loop.
func (z icoSize) loops(jitter int) func() nets.Task {
	return func() nets.Task {
		return &tasks.Pairs{Period: 600, Predictor: 100, Reflex: 125, Jitter: jitter, Closed: true}
	}
}

// counted makes a trial and returns a metric of it, of each learner.
func (c *course) counted(ctx context.Context, metrics ...string) (all [][]float64, err error) {
	if err := c.trials(ctx, 1); err != nil {
		return nil, err
	}
	m, err := c.Metrics()
	for _, name := range metrics {
		all = append(all, m.Get(name).Each)
	}
	return all, err
}

func (z icoSize) loopRun(r learns) Program {
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		c, err := r.course(dev, seeds, z.loops(5))
		if err != nil {
			return nil, err
		}
		defer c.Close()
		all := Figures{criterion: make(Values, seeds.N), late: make(Values, seeds.N)}
		var before [][]float64
		third := z.loop / 3
		for k := range z.loop {
			if k == z.loop-third {
				if before, err = c.weights(); err != nil {
					return nil, err
				}
			}
			m, err := c.counted(ctx, "reflex")
			if err != nil {
				return nil, err
			}
			for l, a := range m[0] {
				if a < 0.05 && all[criterion][l] == 0 {
					all[criterion][l] = float64(k)
				}
				if k >= z.loop-third {
					all[late][l] += a / float64(third)
				}
			}
		}
		after, err := c.weights()
		for l := range after {
			if all[criterion][l] == 0 {
				all[criterion][l] = math.NaN()
			}
			all[settled] = append(all[settled], change(before[l], after[l]))
		}
		return all, err
	}
}

// twinLoop is the beginning of the loop by the twin, with lags of its own.
func twinLoop(r learns) Program {
	return func(ctx context.Context, _ *compute.Device, seeds Seeds) (Figures, error) {
		all := make(Values, seeds.N)
		for s := range all {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			l, rnd, a := r.twin(), nets.Generator(seeds.First+uint64(s), "lags"), 1.
			for a >= 0.05 {
				l.Examples[0].Reset()
				at := 120 + rnd.IntN(11)
				for k := range 600 {
					var x [2]float64
					if k == 100 {
						x[1] = 1
					}
					if k == at {
						a = max(0, 1-l.Next(0))
						x[0] = a
					}
					l.Step(anticipation.Shown{X: x[:], Third: 1, Mask: 1})
				}
				all[s]++
			}
			all[s]-- // the trial of that reflex, from 0 on
		}
		return Figures{criterion: all}, nil
	}
}

// fixedRun is the loop with one lag, whose reflexes are known: (1 − μ·ΣK·u)^n.
func (z icoSize) fixedRun() Program {
	reflex := func(ctx context.Context, dev *compute.Device, seeds Seeds, rate float64, n int) ([]float64, error) {
		c, err := learns{isICO, tenFilters, rate}.course(dev, seeds, z.loops(0))
		if err != nil {
			return nil, err
		}
		defer c.Close()
		if err := c.trials(ctx, n-1); err != nil {
			return nil, err
		}
		if _, err := c.Metrics(); err != nil {
			return nil, err
		}
		m, err := c.counted(ctx, "reflex")
		if err != nil {
			return nil, err
		}
		return m[0], nil
	}
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		r, sum, all := learns{isICO, tenFilters, 1e-4}, 0., Figures{}
		k := r.k()
		for j, f := range r.twin().Examples[0].Bank {
			sum += k[j] * f.Response(25)
		}
		tenfold, err := reflex(ctx, dev, seeds, r.rate, 11)
		if err != nil {
			return nil, err
		}
		for _, a := range tenfold {
			all[eleventh] = append(all[eleventh], a)
			all[tenth] = append(all[tenth], a/math.Pow(1-r.rate*sum, 10))
		}
		all[oneTrial], err = reflex(ctx, dev, seeds, 1/sum, 2)
		return all, err
	}
}

// lagsPart is pairs of lags that chance gives.
func (z icoSize) lagsPart() Part {
	// Of lags from 10 to 40 K has this mean and this standard deviation.
	const mean, sd = 29.0125, 5.41
	pairs := float64(z.pairs)
	return Part{Name: "lags", About: fmt.Sprintf("%d pairs, the reflex 10 to 40 moments after the predictor", z.pairs),
		Runs: []Run{{Name: isICO, Make: z.lagsRun(), Seeds: z.lags, Figures: []Figure{
			{What: learnt, Published: mean, Within: round(4 * sd / math.Sqrt(pairs*float64(z.lags))), From: "theory"},
		}}},
		Check: []Claim{{fmt.Sprintf("their standard deviation is %.3g, by theory, within a factor of 0.5 to 1.65, which 20 seeds miss once in 5000", sd/math.Sqrt(pairs)),
			func(rows Rows) bool {
				share := rows.Of(isICO, learnt).SD() / (sd / math.Sqrt(pairs))
				return share > 0.5 && share < 1.65
			}}},
	}
}

func (z icoSize) lagsRun() Program {
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		r := learns{isICO, oneFilter, 1e-6}
		c, err := r.course(dev, seeds, func() nets.Task {
			return &tasks.Pairs{Period: z.period, Predictor: z.period / 2, Reflex: z.period/2 + 25, Jitter: 15}
		})
		if err != nil {
			return nil, err
		}
		defer c.Close()
		if err := c.trials(ctx, z.pairs); err != nil {
			return nil, err
		}
		w, err := c.weights()
		all := Figures{}
		for _, each := range w {
			all[learnt] = append(all[learnt], each[0]/(r.rate*float64(z.pairs)))
		}
		return all, err
	}
}

// decade is how many trials of the robots are put together.
const decade = 10

func byReflex(first int) Quantity {
	return Quantity(fmt.Sprintf("share of trials with food found by reflex, trials %d to %d", first+1, first+decade))
}

func found(first int) Quantity {
	return Quantity(fmt.Sprintf("share of trials with food found, trials %d to %d", first+1, first+decade))
}

func reflexes(first int) Quantity {
	return Quantity(fmt.Sprintf("largest reflex of a trial, trials %d to %d", first+1, first+decade))
}

// robotPart is the robot, which is ours: nobody published its figures.
func (z icoSize) robotPart() Part {
	last := z.foraging - decade
	p := Part{Name: "robot", About: fmt.Sprintf("robots that steer to food in %d trials, by near sensors or by far ones; ours", z.foraging),
		Curve: &Curve{X: "trial", Y: "share of trials with food found by reflex"}}
	for first := 0; first < z.foraging; first += decade {
		p.Curve.Points = append(p.Curve.Points, Point{float64(first) + (decade+1)/2., byReflex(first)})
	}
	for _, c := range []struct {
		name string
		r    learns
	}{{isICO, learns{isICO, tenFilters, 3e-5}}, {isISO, learns{isISO, tenFilters, 3e-5}}, {"control, rate 0", learns{isICO, tenFilters, 0}}} {
		p.Runs = append(p.Runs, Run{Name: c.name, Make: z.robotRun(c.r), Seeds: z.robots, Figures: []Figure{
			none(byReflex(0)), none(byReflex(last)), none(found(0)), none(found(last)), none(reflexes(0)), none(reflexes(last)),
		}})
	}
	p.Check = []Claim{
		{"in the last ten trials robots that learn find less of their food by reflex than half of what the control does, and 99 % of it or more", func(rows Rows) bool {
			control := rows.Mean("control, rate 0", byReflex(last))
			return rows.Mean(isICO, byReflex(last)) < control/2 && rows.Mean(isISO, byReflex(last)) < control/2 &&
				rows.Mean(isICO, found(last)) > 0.99 && rows.Mean(isISO, found(last)) > 0.99
		}},
		{"the last ten reflexes of each robot that learns are weaker than those of the control with its food", func(rows Rows) bool {
			control := rows.Of("control, rate 0", reflexes(last))
			for _, rule := range []string{isICO, isISO} {
				v := rows.Of(rule, reflexes(last))
				if len(v) == 0 || len(v) != len(control) {
					return false
				}
				for l := range v {
					if !(v[l] < control[l]) {
						return false
					}
				}
			}
			return true
		}},
		{"the control's shares of the first and the last ten trials differ by less than 0.2, four standard errors of 20 robots", func(rows Rows) bool {
			return math.Abs(rows.Mean("control, rate 0", byReflex(0))-rows.Mean("control, rate 0", byReflex(last))) < 0.2
		}},
	}
	return p
}

func (z icoSize) robotRun(r learns) Program {
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		c, err := r.course(dev, seeds, func() nets.Task {
			return &tasks.Forage{Moments: 200, Speed: 0.01, Gain: 0.002, Eyes: 0.1, Near: 0.25, Far: 1, Dead: 0.15, Offset: 0.25, Contact: 0.05}
		})
		if err != nil {
			return nil, err
		}
		defer c.Close()
		all := Figures{}
		for k := range z.foraging {
			first := k / decade * decade
			m, err := c.counted(ctx, "by reflex", "contacts", "reflex")
			if err != nil {
				return nil, err
			}
			for i, q := range []Quantity{byReflex(first), found(first), reflexes(first)} {
				if all[q] == nil {
					all[q] = make(Values, seeds.N)
				}
				for l, x := range m[i] {
					if all[q][l] += x; k == first+decade-1 {
						all[q][l] /= decade
					}
				}
			}
		}
		return all, nil
	}
}
