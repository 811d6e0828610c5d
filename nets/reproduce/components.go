package reproduce

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/develop"
	"hebb/nets/tasks"
)

// components sets what Hebbian units learn beside the exact eigenvectors, and how their weights would grow beside the closed
// form.
var components = Experiment{
	Name:    "components",
	Systems: map[string]string{"Hebb": "hebb", "covariance": "covariance", "Oja": "oja", "subspace": "subspace", "Sanger": "sanger"},
	About:   "Hebb's rule beside its closed form, the covariance rule beside Q·w, and Oja's, Sanger's and the subspace rule beside the exact eigenvectors",
	Source:  "theory: each figure is of linear algebra in float64; Oja 1982, 1989 and Sanger 1989 prove what units converge to",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it", Takes: time.Minute, Parts: []Part{wholeComponents.growth(), wholeComponents.covariance(), wholeComponents.eigenvectors()}},
		{Name: "small", About: "six components instead of sixteen", Takes: 20 * time.Second, Parts: []Part{smallComponents.growth(), smallComponents.covariance(), smallComponents.eigenvectors()}},
	},
}

// A componentsSize is how large the experiment is: units, and rows of so many numbers whose covariance has the eigenvalues
// 1, 0.8, 0.64, ….
type componentsSize struct {
	rows, inputs, units, steps, samples, seeds int
	low                                        float64 // the lower rate of growth, times λ₁
}

var (
	wholeComponents = componentsSize{1024, 64, 16, 6000, 20000, 5, 0.01}
	smallComponents = componentsSize{128, 12, 6, 400, 2000, 3, 0.05}
)

const (
	lengthOver Quantity = "logarithm of the length over that of (I + ηC)ᵗ·w"
	growthOver Quantity = "growth a step, over ln(1 + η·λ₁)"
	rateOver   Quantity = "growth a step, over η·λ₁"
	alongQw    Quantity = "|cos| of the update with Q·w"
	leastCos   Quantity = "least |cos| with the eigenvectors"
	capturedOf Quantity = "captured variance, of PCA's"
)

// data returns rows and their exact components.
func (z componentsSize) data() ([]float32, *develop.PCA, error) {
	rnd := nets.Generator(1, "components")
	basis := make([][]float64, z.inputs)
	for k := range basis { // random directions, each orthogonal to those before
		v := make([]float64, z.inputs)
		for i := range v {
			v[i] = rnd.NormFloat64()
		}
		for _, b := range basis[:k] {
			along := dot(v, b)
			for i := range v {
				v[i] -= along * b[i]
			}
		}
		length := math.Sqrt(dot(v, v))
		for i := range v {
			v[i] /= length
		}
		basis[k] = v
	}
	rows := make([]float64, z.rows*z.inputs)
	for r := range z.rows {
		for k, b := range basis {
			x := math.Pow(0.8, float64(k)/2) * rnd.NormFloat64()
			for i := range b {
				rows[r*z.inputs+i] += x * b[i]
			}
		}
	}
	mean := make([]float64, z.inputs)
	for i, x := range rows {
		mean[i%z.inputs] += x / float64(z.rows)
	}
	centred := make([]float32, len(rows))
	for i, x := range rows {
		centred[i] = float32(x - mean[i%z.inputs])
	}
	pca, err := develop.NewPCA(centred, z.inputs)
	return centred, pca, err
}

func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// open opens a system on rows, in batches.
func (z componentsSize) open(dev *compute.Device, seeds Seeds, system func() nets.System, rows []float32, batch int, rate float64, schedule string) (*nets.Session, error) {
	return nets.Run{System: system, Task: func() nets.Task {
		return &tasks.Samples{Rows: rows, In: nets.Row(z.inputs), Batch: batch}
	}, Learners: seeds.N, Seed: seeds.First, Rate: rate, Schedule: nets.Schedule{Kind: schedule}, Moments: z.steps}.Open(dev)
}

// weights returns the weights of each learner.
func (z componentsSize) weights(s *nets.Session) ([][]float32, error) {
	values, err := s.Read(s.Tensors()[:1])
	if err != nil {
		return nil, err
	}
	return slices.Collect(slices.Chunk(values[0], len(values[0])/s.Learners)), nil
}

// growth is Hebb's rule before normalisation, 60 steps of all rows at a high rate and at a low one.
func (z componentsSize) growth() Part {
	p := Part{Name: "growth", About: fmt.Sprintf("one unit by Hebb's rule, %d rows of %d numbers with covariance C a step: how long its weights would be without normalisation after 60 steps, and how fast they grow in the end", z.rows, z.inputs)}
	for _, rate := range []float64{0.5, z.low} {
		p.Runs = append(p.Runs, Run{Name: growingAt(rate), Seeds: z.seeds, Make: z.grow(rate), Figures: []Figure{
			{What: lengthOver, Published: 1, Within: 1e-4}, {What: growthOver, Published: 1, Within: 1e-4},
			{What: rateOver, Published: math.Log1p(rate) / rate, Within: 1e-4},
		}})
	}
	off := 0.6 * z.low // ln(1 + x)/x is 1 − x/2 and a little
	p.Check = []Claim{{fmt.Sprintf("at the lower rate weights grow as exp(λ₁·t), to %g %% of λ₁ in every seed", 100*off), func(rows Rows) bool {
		return rows.all(growingAt(z.low), rateOver, func(x float64) bool { return math.Abs(x-1) < off })
	}}}
	return p
}

func growingAt(rate float64) string { return fmt.Sprintf("rate %g/λ₁", rate) }

func (z componentsSize) grow(rate float64) Program {
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		rows, pca, err := z.data()
		if err != nil {
			return nil, err
		}
		eta := rate / pca.Values[0]
		s, err := z.open(dev, seeds, func() nets.System { return &develop.Hebb{Units: 1} }, rows, z.rows, eta, "constant")
		if err != nil {
			return nil, err
		}
		defer s.Close()
		before, err := z.weights(s)
		if err != nil {
			return nil, err
		}
		grew := func(n int) (nets.Metrics, error) {
			if err := steps(ctx, s, n); err != nil {
				return nil, err
			}
			return s.Metrics()
		}
		f, first := Figures{}, 60
		m, err := grew(first)
		if err != nil {
			return nil, err
		}
		for l, w := range before {
			var now, then float64
			for k, e := range pca.Vectors {
				c := 0.
				for i := range e {
					c += e[i] * float64(w[i])
				}
				now, then = now+c*c, then+c*c*math.Pow(1+eta*pca.Values[k], 2*float64(first))
			}
			f.add(lengthOver, float64(first)*m.Get("growth").Each[l]/(math.Log(then/now)/2))
		}
		if err := steps(ctx, s, int(60/rate)); err != nil { // until w is along the first eigenvector
			return nil, err
		}
		if _, err := s.Metrics(); err != nil {
			return nil, err
		}
		if m, err = grew(50); err != nil {
			return nil, err
		}
		for _, x := range m.Get("growth").Each {
			f.add(growthOver, x/math.Log1p(rate))
			f.add(rateOver, x/rate)
		}
		return f, nil
	}
}

// covariance is one update by all samples.
func (z componentsSize) covariance() Part {
	off := 0.001 * 20000 / float64(z.samples)
	return Part{Name: "covariance", About: fmt.Sprintf("one update by %d samples of white noise as 60 cells of a layer with Q = exp(-d²/2) see it, each 2 higher", z.samples),
		Runs: []Run{
			{Name: "covariance", Seeds: z.seeds, Make: z.along(func() nets.System { return &develop.Covariance{Units: 1, MeanRate: 1} }), Figures: []Figure{
				{What: alongQw, Published: 1, Within: off}}},
			{Name: "hebb", Seeds: z.seeds, Make: z.along(func() nets.System { return &develop.Hebb{Units: 1} }), Figures: []Figure{none(alongQw)}},
		}, Check: []Claim{{fmt.Sprintf("the covariance rule's |cos| is above %g in every seed", 1-off), func(rows Rows) bool {
			return rows.all("covariance", alongQw, func(x float64) bool { return x > 1-off })
		}}, {"Hebb's rule learns the mean instead: its |cos| is below 0.9 in the mean", func(rows Rows) bool { return rows.Mean("hebb", alongQw) < 0.9 }}}}
}

// along makes one update at a rate of a million, which leaves nothing of the weights before.
func (z componentsSize) along(system func() nets.System) Maker {
	return Each(func(ctx context.Context, dev *compute.Device, seed uint64) (map[Quantity]float64, error) {
		const cells = 60
		rows, q := z.seen(nets.Generator(seed, "noise"), cells)
		s, err := nets.Run{System: system, Task: func() nets.Task { return &tasks.Samples{Rows: rows, In: nets.Row(cells), Batch: z.samples} },
			Seed: seed, Rate: 1e6}.Open(dev)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		w, err := z.weights(s)
		if err == nil {
			err = s.Step(ctx)
		}
		if err != nil {
			return nil, err
		}
		after, err := z.weights(s)
		if err != nil {
			return nil, err
		}
		got, want := make([]float64, cells), make([]float64, cells)
		for i := range got {
			got[i] = float64(after[0][i])
			for j := range got {
				want[i] += q[i][j] * float64(w[0][j])
			}
		}
		return map[Quantity]float64{alongQw: cosine(got, want)}, nil
	})
}

// seen returns samples of white noise on a sheet of cells half a radius apart, as cells at random places with arbors of exp(-r²)
// see it, plus 2, and the covariance exp(−d²/2) that this gives them.
func (z componentsSize) seen(rnd *rand.Rand, cells int) (rows []float32, q [][]float64) {
	const side, apart = 24, 0.5
	x, y := make([]float64, cells), make([]float64, cells)
	arbors := make([][]float64, cells)
	for i := range cells {
		x[i], y[i] = math.Sqrt(1.5)*rnd.NormFloat64(), math.Sqrt(1.5)*rnd.NormFloat64()
		for a := range side * side {
			dx, dy := apart*(float64(a%side)-side/2)-x[i], apart*(float64(a/side)-side/2)-y[i]
			arbors[i] = append(arbors[i], math.Exp(-dx*dx-dy*dy)*apart*math.Sqrt(2/math.Pi))
		}
	}
	noise := make([]float64, side*side)
	for range z.samples {
		for a := range noise {
			noise[a] = rnd.NormFloat64()
		}
		for i := range cells {
			rows = append(rows, float32(2+dot(arbors[i], noise)))
		}
	}
	for i := range cells {
		q = append(q, make([]float64, cells))
		for j := range cells {
			q[i][j] = math.Exp(-((x[i]-x[j])*(x[i]-x[j]) + (y[i]-y[j])*(y[i]-y[j])) / 2)
		}
	}
	return rows, q
}

// eigenvectors is units beside the exact eigenvectors.
func (z componentsSize) eigenvectors() Part {
	p := Part{Name: "eigenvectors", About: fmt.Sprintf("%d units, %d rows of %d numbers whose covariance has eigenvalues of about 1, 0.8, 0.64, …, %d steps; all rows a step at the rate 0.5/λ₁, or batches of 32 at a rate that falls from 0.1/λ₁ as 1/t",
		z.units, z.rows, z.inputs, z.steps)}
	add := func(name string, batch int, rate float64, schedule string, figures ...Figure) {
		system := func() nets.System {
			i := slices.IndexFunc(develop.Systems, func(s nets.NamedSystem) bool { return s.Name == name })
			s := develop.Systems[i].System()
			switch s := s.(type) {
			case *develop.Sanger:
				s.Units = z.units
			case *develop.Subspace:
				s.Units = z.units
			case *develop.Oja:
				s.Units = z.units
			case *develop.Hebb:
				s.Units = z.units
			case *develop.Covariance:
				s.Units = z.units
			}
			return s
		}
		run := name
		if batch != z.rows {
			run += fmt.Sprintf(", batches of %d", batch)
		}
		p.Runs = append(p.Runs, Run{Name: run, Seeds: z.seeds, Figures: figures, Make: z.learn(system, batch, rate, schedule)})
	}
	exact := []Figure{{What: leastCos, Published: 1, Within: 0.001}, {What: capturedOf, Published: 1, Within: 0.01}}
	for _, name := range []string{"oja", "hebb", "covariance", "subspace", "sanger"} {
		add(name, z.rows, 0.5, "constant", exact...)
	}
	add("sanger", 32, 0.1, "inverse", none(leastCos), Figure{What: capturedOf, Published: 1, Within: 0.01})
	every := func(q Quantity, least float64) func(Rows) bool {
		return func(rows Rows) bool {
			return !slices.ContainsFunc(p.Runs[:5], func(r Run) bool {
				return !rows.all(r.Name, q, func(x float64) bool { return x >= least && x <= 1+1e-6 })
			})
		}
	}
	p.Check = []Claim{
		{"with all rows in a step every |cos| is at least 0.999, in every seed", every(leastCos, 0.999)},
		{"and the units capture at least 0.99 of PCA's variance", every(capturedOf, 0.99)},
	}
	return p
}

func (z componentsSize) learn(system func() nets.System, batch int, rate float64, schedule string) Program {
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		rows, pca, err := z.data()
		if err != nil {
			return nil, err
		}
		s, err := z.open(dev, seeds, system, rows, batch, rate/pca.Values[0], schedule)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		if err := steps(ctx, s, z.steps); err != nil {
			return nil, err
		}
		all, err := z.weights(s)
		if err != nil {
			return nil, err
		}
		f := Figures{}
		for _, w := range all {
			a, err := system().(develop.Components).Agreement(pca, w)
			if err != nil {
				return nil, err
			}
			least := 1.
			for _, c := range a.Components {
				least = min(least, c.Cos)
			}
			f.add(leastCos, least)
			f.add(capturedOf, a.Captured)
		}
		return f, nil
	}
}
