package reproduce

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/adapt"
	"hebb/nets/tasks"
)

// volatility has learning rates in series of two volatilities and two stochasticities, of healthy agents and of agents that
// take one of the two for known: these take all that they see for the other.
var volatility = Experiment{
	Name:    "volatility",
	Systems: map[string]string{"particle filter": "healthy, noise 1"},
	About:   "learning rates by particle filters that tell volatility from stochasticity, and by filters with lesions",
	Source: "Piray, Daw 2021, \"A model for learning based on the joint estimation of stochasticity and volatility\" (Nature Communications 12:6587): " +
		"results that the authors' MATLAB code ships (sim_2x2.mat, 100 agents each), and of lesions their code in Python, run, 3 seeds",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it", Takes: time.Minute, Parts: volatilitySize{agents: 100, seeds: 10, band: 1, each: true}.parts()},
		{Name: "small", About: "20 agents each, for a device in software", Takes: 20 * time.Second, Parts: volatilitySize{agents: 20, seeds: 2, band: 2}.parts()},
	},
}

// A volatilitySize is how much is made.
type volatilitySize struct {
	agents, seeds int
	band          float64 // times the bands of the whole
	each          bool    // claims are of each seed, not of means
}

const healthy, noStochasticity, noVolatility, unpermuted = "healthy", "stochasticity lesion", "volatility lesion", "unpermuted"

var (
	volatilities    = []float64{0.5, 1.5}
	stochasticities = []float64{1, 3}
)

func (volatilitySize) system(model string) nets.System {
	f := adapt.DefaultParticles
	switch model {
	case noStochasticity:
		f.LambdaU = 0
	case noVolatility:
		f.LambdaV = 0
	case unpermuted:
		f.Unpermuted = true
	}
	return &f
}

func rateAt(v float64) Quantity { return Quantity(fmt.Sprintf("learning rate at volatility %g", v)) }
func volAt(v float64) Quantity  { return Quantity(fmt.Sprintf("estimated volatility at %g", v)) }
func unpAt(v float64) Quantity {
	return Quantity(fmt.Sprintf("estimated stochasticity at volatility %g", v))
}

func atNoise(model string, u float64) string { return fmt.Sprintf("%s, noise %g", model, u) }

const trialsOfWalk, trialsCounted = 200, 20

// run makes agents of a model at one stochasticity, and returns the means of the last trials over the agents of each volatility.
func (z volatilitySize) run(model string, u float64) Program {
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		s, err := nets.Run{
			System: func() nets.System { return z.system(model) },
			Task: func() nets.Task {
				return &tasks.Walk{Volatility: volatilities, Noise: []float64{u}, Agents: z.agents, Moments: trialsOfWalk}
			},
			Learners: seeds.N, Seed: seeds.First,
		}.Open(dev)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		all := Figures{}
		for t := range trialsOfWalk {
			if err := steps(ctx, s, 1); err != nil {
				return nil, err
			}
			if t >= trialsOfWalk-trialsCounted {
				if err := z.count(s, all); err != nil {
					return nil, err
				}
			}
		}
		if _, err := s.Metrics(); err != nil {
			return nil, err
		}
		return all, errors.Join(slices.Collect(maps.Values(s.Lost()))...)
	}
}

// count adds a trial's share to the figures.
func (z volatilitySize) count(s *nets.Session, all Figures) error {
	at, err := read(s, "lr", "vol", "unp")
	if err != nil {
		return err
	}
	for name, of := range map[string]func(v float64) Quantity{"lr": rateAt, "vol": volAt, "unp": unpAt} {
		for i, v := range volatilities {
			if all[of(v)] == nil {
				all[of(v)] = make(Values, s.Learners)
			}
			for l := range s.Learners {
				for _, x := range at[name][(l*len(volatilities)+i)*z.agents:][:z.agents] {
					all[of(v)][l] += float64(x) / float64(z.agents*trialsCounted)
				}
			}
		}
	}
	return nil
}

// A cell is a figure at one stochasticity and each volatility, with bands.
type cell struct{ published, within [2]float64 }

func (c cell) figures(z volatilitySize, of func(v float64) Quantity) (all []Figure) {
	for i, v := range volatilities {
		all = append(all, Figure{What: of(v), Published: c.published[i], Within: round(z.band * c.within[i])})
	}
	return all
}

// Bands are of one seed: three to four standard deviations over seeds.
var (
	ratesOf = map[string][2]cell{
		healthy:         {{[2]float64{0.536, 0.685}, [2]float64{0.03, 0.045}}, {[2]float64{0.392, 0.546}, [2]float64{0.04, 0.04}}},
		noStochasticity: {{[2]float64{0.354, 0.514}, [2]float64{0.02, 0.02}}, {[2]float64{0.506, 0.644}, [2]float64{0.02, 0.025}}},
		noVolatility:    {{[2]float64{0.655, 0.574}, [2]float64{0.02, 0.025}}, {[2]float64{0.445, 0.409}, [2]float64{0.02, 0.02}}},
		unpermuted:      {{[2]float64{0.536, 0.685}, [2]float64{0.03, 0.045}}, {[2]float64{0.392, 0.546}, [2]float64{0.04, 0.04}}},
	}
	volsOf = [2]cell{{[2]float64{0.476, 1.399}, [2]float64{0.1, 0.26}}, {[2]float64{0.492, 1.476}, [2]float64{0.12, 0.2}}}
	unpsOf = [2]cell{{[2]float64{0.850, 0.758}, [2]float64{0.09, 0.17}}, {[2]float64{2.724, 2.404}, [2]float64{0.24, 0.42}}}
)

func (z volatilitySize) parts() []Part {
	rates := Part{Name: "volatility", About: fmt.Sprintf("mean learning rates of trials 181 to 200, %d agents of each kind", z.agents),
		Curve: &Curve{X: "volatility of the series", Y: "learning rate", Panels: true}}
	for _, v := range volatilities {
		rates.Curve.Points = append(rates.Curve.Points, Point{v, rateAt(v)})
	}
	for _, model := range []string{healthy, noStochasticity, noVolatility} {
		rates.Runs = append(rates.Runs, z.runs(model)...)
	}
	for _, c := range []struct {
		model    string
		vol, unp float64 // signs of the effects
		says     string
	}{
		{healthy, 1, -1, "healthy agents learn faster by more than 0.03 where volatility is larger, and slower where stochasticity is"},
		{noStochasticity, 1, 1, "without stochasticity they learn faster with both: they take noise for volatility"},
		{noVolatility, -1, -1, "without volatility they learn slower with both: they take volatility for noise"},
	} {
		rates.Check = append(rates.Check, Claim{c.says, func(rows Rows) bool {
			vol, unp := z.effects(rows, c.model)
			least := func(sign float64) func(x float64) bool { return func(x float64) bool { return sign*x > 0.03 } }
			return len(vol) > 0 && vol.Count(least(c.vol)) == len(vol) && unp.Count(least(c.unp)) == len(unp)
		}})
	}
	return []Part{rates, {Name: "unpermuted", About: "the same where means and variances are not resampled, as in the authors' MATLAB code", Runs: z.runs(unpermuted)}}
}

// runs returns the runs of a model, one for each stochasticity.
func (z volatilitySize) runs(model string) (all []Run) {
	for i, u := range stochasticities {
		r := Run{Name: atNoise(model, u), Make: z.run(model, u), Seeds: z.seeds, Figures: ratesOf[model][i].figures(z, rateAt)}
		if model == healthy {
			r.Figures = slices.Concat(r.Figures, volsOf[i].figures(z, volAt), unpsOf[i].figures(z, unpAt))
		}
		all = append(all, r)
	}
	return all
}

// effects returns the main effects of volatility and of stochasticity on a model's learning rate, in each seed or in the mean.
func (z volatilitySize) effects(rows Rows, model string) (vol, unp Values) {
	at := func(u, v float64) Values {
		x := rows.Of(atNoise(model, u), rateAt(v))
		if !z.each {
			x = Values{x.Mean()}
		}
		return x
	}
	a, b, c, d := at(1, 0.5), at(1, 1.5), at(3, 0.5), at(3, 1.5)
	for i := range min(len(a), len(b), len(c), len(d)) {
		vol, unp = append(vol, (b[i]+d[i]-a[i]-c[i])/2), append(unp, (c[i]+d[i]-a[i]-b[i])/2)
	}
	return vol, unp
}
