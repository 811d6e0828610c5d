package reproduce

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/recurrent"
	"hebb/nets/tasks"
)

const (
	thetaEnd   Quantity = "θ"
	lossEnd    Quantity = "log10 of the loss"
	passes     Quantity = "step at which |e| has passed 10⁶ (0: never)"
	thetaEnd64 Quantity = "θ, in float64"
	lossEnd64  Quantity = "log10 of the loss, in float64"
	passes64   Quantity = "step at which |e| passes 10⁶, in float64 (0: never)"
	estimate   Quantity = "mean of UORO's influences"
	estimateSD Quantity = "standard deviation of one"
)

// influence learns one number, whose influence on the answer changes its sign after 40 moments. The loss is e²/2 with e =
// s_1 − 1, so that the rates of hebb's squared error are half the η of the table. Losses below 1e-13 are beyond float32, in
// which s_1 is a multiple of 2⁻²⁴: each run is made by the rules of nets/recurrent, and again by a program in float64.
var influence = Experiment{
	Name:    "influence",
	Systems: map[string]string{"RTRL": "rtrl", "UORO": "uoro", "TBPTT": "tbptt:span=10"},
	About:   "influence balancing: what backprop through too few moments gets wrong at any rate, and rtrl and uoro do not",
	Source:  "figures of the equations in float64 (numpy), of the task of Tallec, Ollivier 2018, \"Unbiased Online Recurrent Optimization\", with 23 units, 10 of them up",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it", Takes: 10 * time.Minute, Parts: []Part{
			balanceTable("steady", "η = 1e-4, 20 000 steps", steady(1e-4), 20000, tableSteady, claimsSteady(true)),
			balanceTable("falling", "η = 1e-3/√(1+t), 20 000 steps", func(t int) float64 { return 1e-3 / math.Sqrt(float64(1+t)) }, 20000, tableFalling, claimsFalling),
			smallSteps(30000, 20), estimates,
		}},
		{Name: "small", About: "the first steps of some", Takes: 20 * time.Second, Parts: []Part{
			balanceTable("steady", "η = 1e-4, 4000 steps", steady(1e-4), 4000, []balanceRow{
				{"tbptt:span=10", 2, unknown, unknown, 0, 3832}, {"tbptt:span=61", 2, -1. / 6, unknown, 1e-3, 0}, {"rtrl", 2, -1. / 6, unknown, 1e-3, 0},
			}, claimsSteady(false)), estimates,
		}},
	},
}

// A balanceRow is a run of the table: θ and loss where it ends, or the step at which it diverges. NaN is what was not published.
type balanceRow struct {
	rule        string
	seeds       int
	theta, loss float64
	within      float64 // of θ, as a share of it
	passes      float64
}

var (
	unknown     = math.NaN()
	tableSteady = []balanceRow{
		{"tbptt:span=1", 3, 13009, 1.6e9, 0.01, 0}, {"tbptt:span=10", 3, unknown, unknown, 0, 3832}, {"tbptt:span=38", 3, unknown, unknown, 0, 11650},
		{"tbptt:span=61", 3, -1. / 6, 2e-29, 1e-3, 0}, {"tbptt:span=200", 3, -1. / 6, 2e-29, 1e-3, 0}, {"rtrl", 3, -1. / 6, 1.4e-29, 1e-3, 0},
		{"uoro", 10, unknown, unknown, 0, unknown},
	}
	tableFalling = []balanceRow{
		{"tbptt:span=1", 3, 0.708, 13.1, 0.01, 0}, {"tbptt:span=10", 3, unknown, unknown, 0, 18226}, {"tbptt:span=38", 3, 7.74, 1.0e3, 0.01, 0},
		{"tbptt:span=61", 3, -1. / 6, 8.9e-10, 1e-3, 0}, {"tbptt:span=200", 3, -1. / 6, 6.6e-10, 1e-3, 0}, {"rtrl", 3, -1. / 6, 6.56e-10, 1e-3, 0},
		{"uoro", 10, unknown, unknown, 0, unknown},
	}
)

func steady(eta float64) func(int) float64 { return func(int) float64 { return eta } }

func balanceTable(name, about string, eta func(t int) float64, steps int, rows []balanceRow, check []Claim) Part {
	p := Part{Name: name, About: about, Check: check}
	for _, row := range rows {
		r := Run{Name: row.rule, Make: Program(balance{row.rule, eta, steps}.run), Seeds: row.seeds}
		add := func(published, within float64, of ...Quantity) {
			for _, q := range of {
				r.Figures = append(r.Figures, Figure{What: q, Published: published, Within: within})
			}
		}
		if row.theta == row.theta {
			add(row.theta, math.Abs(row.theta)*row.within, thetaEnd, thetaEnd64)
			add(math.Log10(row.loss), 0, lossEnd, lossEnd64)
		} else if row.passes == row.passes {
			add(row.passes, 0.01*row.passes, passes, passes64)
		} else {
			add(unknown, 0, passes, passes64)
		}
		p.Runs = append(p.Runs, r)
	}
	return p
}

// all reports whether all values of a run's quantity hold.
func (all Rows) all(run string, q Quantity, holds func(float64) bool) bool {
	v := all.Of(run, q)
	return len(v) > 0 && v.Count(holds) == len(v)
}

func above0(x float64) bool  { return x > 0 }
func optimum(x float64) bool { return math.Abs(x+1./6) < 1e-5 }

// claimsSteady are about the rows of a steady rate, all of them or those of the small scale.
func claimsSteady(whole bool) []Claim {
	claims := []Claim{
		{"through 10 moments |e| passes 10⁶ before step 6000, in every seed and in float64 too", func(rows Rows) bool {
			early := func(x float64) bool { return 0 < x && x < 6000 }
			return rows.all("tbptt:span=10", passes, early) && rows.all("tbptt:span=10", passes64, early)
		}},
		{"through 61 moments and by rtrl θ is at its optimum, −1/6, within 1e-5, in every seed and in float64 too", func(rows Rows) bool {
			ok := true
			for _, run := range []string{"tbptt:span=61", "rtrl"} {
				ok = ok && rows.all(run, thetaEnd, optimum) && rows.all(run, thetaEnd64, optimum)
			}
			return ok
		}},
	}
	if !whole {
		return claims
	}
	return append(claims, Claim{"through 1 and 38 moments θ ends above 0, or |e| passes 10⁶ on the way, in every seed", func(rows Rows) bool {
		return rows.all("tbptt:span=1", thetaEnd, above0) && rows.all("tbptt:span=38", passes, above0)
	}}, Claim{"through 200 moments θ is at its optimum within 1e-5, in every seed", func(rows Rows) bool {
		return rows.all("tbptt:span=200", thetaEnd, optimum)
	}}, Claim{"at rtrl's rate uoro diverges in every seed, and in float64 too", func(rows Rows) bool {
		return rows.all("uoro", passes, above0) && rows.all("uoro", passes64, above0)
	}})
}

var claimsFalling = []Claim{
	{"through 1, 10 and 38 moments θ is above 0, or |e| has passed 10⁶, in every seed", func(rows Rows) bool {
		return rows.all("tbptt:span=1", thetaEnd, above0) && rows.all("tbptt:span=10", passes, above0) && rows.all("tbptt:span=38", thetaEnd, above0)
	}},
	// θ, near −1/6, is a multiple of 2⁻²⁶ in float32, and steps of η·e·6 below half of that are lost: with η = 7e-6 at the end
	// the loss stays at 1.5e-8.
	{"through 61 and 200 moments and by rtrl the loss is below 1e-9 in float64, and below 1e-7 in float32, in every seed", func(rows Rows) bool {
		ok := true
		for _, run := range []string{"tbptt:span=61", "tbptt:span=200", "rtrl"} {
			ok = ok && rows.all(run, lossEnd64, func(x float64) bool { return x < -9 }) && rows.all(run, lossEnd, func(x float64) bool { return x < -7 })
		}
		return ok
	}},
}

// smallSteps is uoro at rates that its noise allows. Of losses the medians are published.
func smallSteps(steps, seeds int) Part {
	p := Part{Name: "small-steps", About: fmt.Sprintf("uoro at smaller η, %d steps", steps)}
	for _, r := range []struct {
		name        string
		eta         func(t int) float64
		theta, loss float64
	}{
		{"η 1e-05", steady(1e-5), -1. / 6, -19}, {"η 3e-06", steady(3e-6), -0.1625, -4.1}, {"η 1e-06", steady(1e-6), unknown, -1.3},
		{"η falling from 3.3e-05", func(t int) float64 { return 3.3e-5 / math.Sqrt(1+float64(t)/1000) }, unknown, -15.4},
	} {
		p.Runs = append(p.Runs, Run{Name: "uoro, " + r.name, Make: Program(balance{"uoro", r.eta, steps}.run), Seeds: seeds, Figures: []Figure{
			{What: thetaEnd, Published: r.theta}, {What: lossEnd, Published: unknown}, {What: thetaEnd64, Published: r.theta}, {What: lossEnd64, Published: r.loss},
			{What: passes, Published: 0}, {What: passes64, Published: 0},
		}})
	}
	p.Check = []Claim{{"at η = 1e-5 no seed diverges, each ends within 1e-3 of −1/6, and with a loss below 1e-6; in float64 too", func(rows Rows) bool {
		const run = "uoro, η 1e-05"
		ok := true
		for _, q := range [][3]Quantity{{thetaEnd, lossEnd, passes}, {thetaEnd64, lossEnd64, passes64}} {
			ok = ok && rows.all(run, q[0], func(x float64) bool { return math.Abs(x+1./6) < 1e-3 })
			ok = ok && rows.all(run, q[1], func(x float64) bool { return x < -6 }) && rows.all(run, q[2], func(x float64) bool { return x == 0 })
		}
		return ok
	}}}
	return p
}

// estimates are the influences that uoro draws, of as many learners as there are draws.
var estimates = Part{Name: "estimates", About: "(q·A)·B/e after 150 moments, 4000 draws a seed", Runs: []Run{{
	Name: "uoro", Make: Program(uoroInfluence), Seeds: 20, Figures: []Figure{
		{What: estimate, Published: -6, Within: 0.8, From: "exact"}, {What: estimateSD, Published: 69, Within: 25},
	},
}}}

// A balance is a run of influence balancing by a rule, at a rate for each step.
type balance struct {
	rule  string
	eta   func(t int) float64
	steps int
}

func (b balance) span() (span int) {
	fmt.Sscanf(b.rule, "tbptt:span=%d", &span)
	return span
}

func (b balance) system() nets.System {
	net := &recurrent.Balance{Units: 23, Plus: 10}
	switch b.rule {
	case "rtrl":
		return &recurrent.RTRL{Network: net}
	case "uoro":
		return &recurrent.UORO{Network: net}
	}
	return &recurrent.TBPTT{Span: b.span(), Network: net}
}

func (b balance) open(dev *compute.Device, seeds Seeds) (*nets.Session, error) {
	return nets.Run{System: b.system, Task: func() nets.Task { return &tasks.Constant{Value: 1} }, Learners: seeds.N, Seed: seeds.First}.Open(dev)
}

// run makes the run by the rule, and by the program in float64.
func (b balance) run(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
	s, err := b.open(dev, seeds)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	f := Figures{passes: make(Values, seeds.N)}
	for t := range b.steps {
		if s.Rate = b.eta(t) / 2; ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := s.Step(ctx); err != nil {
			return nil, err
		}
		if (t+1)%20 != 0 && t+1 != b.steps {
			continue
		}
		now, err := read(s, "theta", "s")
		if err != nil {
			return nil, err
		}
		f[thetaEnd], f[lossEnd] = nil, nil
		for l := range seeds.N {
			e := float64(now["s"][l*23]) - 1
			if f[passes][l] == 0 && !(math.Abs(e) <= 1e6) {
				f[passes][l] = float64(t + 1)
			}
			f[thetaEnd], f[lossEnd] = append(f[thetaEnd], float64(now["theta"][l])), append(f[lossEnd], logLoss(e))
		}
	}
	for l := range seeds.N {
		theta, loss, at := b.float64(rand.New(rand.NewPCG(seeds.First+uint64(l), 14)))
		f[thetaEnd64], f[lossEnd64], f[passes64] = append(f[thetaEnd64], theta), append(f[lossEnd64], loss), append(f[passes64], at)
	}
	return f.finite(), nil
}

// logLoss is log10 of e²/2, of which there is no less than 1e-40.
func logLoss(e float64) float64 { return math.Log10(max(e*e/2, 1e-40)) }

// finite is figures without infinities, which JSON has not.
func (f Figures) finite() Figures {
	for _, v := range f {
		for i, x := range v {
			if math.IsInf(x, 0) {
				v[i] = math.NaN()
			}
		}
	}
	return f
}

// read returns tensors of a session by name, each learners × shape.
func read(s *nets.Session, names ...string) (map[string][]float32, error) {
	var named []nets.Named
	for _, name := range names {
		for _, n := range s.Tensors() {
			if n.Name == name {
				named = append(named, n)
			}
		}
	}
	values, err := s.Read(named)
	all := map[string][]float32{}
	for i := range values {
		all[named[i].Name] = values[i]
	}
	return all, err
}

// float64 is the run of one seed, as its equations are written.
func (b balance) float64(rnd *rand.Rand) (theta, loss, at float64) {
	const n, plus, eps = 23, 10, 1e-12
	var s, sigma, g, a [n]float64 // g is the influence of rtrl, a and back those of uoro
	for i := range n {
		s[i], sigma[i] = 0.1*rnd.NormFloat64(), 1
		if i >= plus {
			sigma[i] = -1
		}
	}
	chain := func(x [n]float64) (y [n]float64) {
		for i := range n {
			if y[i] = x[i] / 2; i+1 < n {
				y[i] += x[i+1] / 2
			}
		}
		return y
	}
	norm := func(x []float64) (sum float64) {
		for _, v := range x {
			sum += v * v
		}
		return math.Sqrt(sum)
	}
	back, reach, truncated := 0., sigma, 0. // truncated is S_k, and reach A^k·σ
	for t := range b.steps {
		s, g = chain(s), chain(g)
		for i := range n {
			s[i] += theta * sigma[i]
			g[i] += sigma[i]
		}
		if span := b.span(); t < span {
			truncated += reach[0]
			reach = chain(reach)
		}
		e, gradient := s[0]-1, 0.
		switch b.rule {
		case "rtrl":
			gradient = g[0]
		case "uoro":
			ja, m := chain(a), 0.
			var nu [n]float64
			for i := range n {
				nu[i] = float64(1 - 2*rnd.IntN(2))
				m += nu[i] * sigma[i]
			}
			p0, p1 := math.Sqrt((math.Abs(back)+eps)/(norm(ja[:])+eps)), math.Sqrt((math.Abs(m)+eps)/(math.Sqrt(n)+eps))
			for i := range n {
				a[i] = p0*ja[i] + p1*nu[i]
			}
			back = back/p0 + m/p1
			gradient = a[0] * back
		default:
			gradient = truncated
		}
		theta -= b.eta(t) * e * gradient
		if loss = logLoss(e); at == 0 && !(math.Abs(e) <= 1e6) {
			at = float64(t + 1)
		}
	}
	return theta, loss, at
}

// uoroInfluence draws influences with weights that stay, 4000 for each seed.
func uoroInfluence(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
	const draws, moments = 4000, 150
	f := Figures{}
	for k := range seeds.N {
		s, err := balance{rule: "uoro"}.open(dev, Seeds{(seeds.First + uint64(k)) * draws, draws})
		if err != nil {
			return nil, err
		}
		defer s.Close()
		for range moments {
			if err := s.Step(ctx); err != nil {
				return nil, err
			}
		}
		now, err := read(s, "a", "b.theta")
		if err != nil {
			return nil, err
		}
		var one Values
		for l := range draws {
			one = append(one, float64(now["a"][l*23])*float64(now["b.theta"][l]))
		}
		f[estimate], f[estimateSD] = append(f[estimate], one.Mean()), append(f[estimateSD], one.SD())
	}
	return f, nil
}
