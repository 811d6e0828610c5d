package reproduce

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/develop"
	"hebb/nets/tasks"
)

// linsker develops receptive fields without input: from a covariance in closed form, over a map of k1 and k2, and layer by
// layer from white noise.
var linsker = Experiment{
	Name:    "linsker",
	Systems: map[string]string{"Linsker's layers": "all"},
	About:   "receptive fields that develop in a layered network: centre-surround, bilobed and oriented cells, and where each kind is",
	Source: "figures of the equations in float64 (numpy), of ten seeds each; Linsker 1986, \"From basic network principles to neural architecture\", has the " +
		"kinds, and MacKay, Miller 1990, \"Analysis of Linsker's simulations of Hebbian rules\", why",
	Scales: []Scale{
		{Name: "cpu", About: "the whole of it", Takes: 2 * time.Minute, Parts: []Part{
			wholeCells.cells(), wholeCells.regimes(), wholeCells.grown(),
		}},
		{Name: "small", About: "three kinds of cells of 200 synapses, of four seeds, and three layers", Takes: 20 * time.Second, Parts: []Part{
			smallCells.cells(), fewLayers.grown(),
		}},
	},
}

// A linskerSize is how large the experiment is.
type linskerSize struct {
	synapses, steps, seeds int
	whole                  bool
}

var (
	wholeCells = linskerSize{600, 3000, 10, true}
	smallCells = linskerSize{200, 250, 4, false}
	fewLayers  = linskerSize{150, 120, 2, false}
)

// Quantities of cells.
const (
	meanWeight   Quantity = "mean of w/½"
	inCentre     Quantity = "the same in the inner quarter"
	inSurround   Quantity = "the same in the outer quarter"
	bilobedness  Quantity = "|Σ w·r·exp(iθ)| / Σ|w|·r"
	selectivity  Quantity = "OSI"
	peakPower    Quantity = "peak power"
	atBounds     Quantity = "share of weights at ±½"
	stepsToBound Quantity = "steps until all weights are at ½"
)

func ofKind(kind string) Quantity { return Quantity("seeds with the kind " + kind + ", of 1") }

// A linskerCell is a cell that is developed.
type linskerCell struct {
	name       string
	k1, k2     float32
	width, hat float32
	rate       float64
	more       int // steps beyond the others'
	kind       string
	few        float64 // the share of seeds that may be of another kind
	figures    []Figure
}

// The cells of the table. Bands on means over ten seeds are about four standard errors of the difference between two such
// means; small networks have none.
var linskerCells = []linskerCell{
	{name: "k1 0.3, k2 0", k1: 0.3, kind: develop.AllPositive, few: 1e-9, rate: 0.5, figures: []Figure{
		{What: stepsToBound, Published: 7.5, Within: 1.5}, {What: atBounds, Published: 1, Within: 1e-9}}},
	{name: "k1 0.45, k2 -3", k1: 0.45, k2: -3, kind: develop.OnCentre, few: 0.101, rate: 0.5, figures: []Figure{
		{What: meanWeight, Published: 0.334, Within: 0.008}, {What: inCentre, Published: 1, Within: 0.0005}, {What: inSurround, Published: -0.91, Within: 0.31},
		{What: bilobedness, Published: 0.17, Within: 0.13}, {What: selectivity, Published: 0.08, Within: 0.07}, {What: peakPower, Published: 0.255, Within: 0.026},
		{What: atBounds, Published: 0.987, Within: 0.013}}},
	{name: "k1 -0.45, k2 -3", k1: -0.45, k2: -3, kind: develop.OffCentre, few: 0.201, rate: 0.5, figures: []Figure{
		{What: meanWeight, Published: -0.332, Within: 0.008}, {What: inCentre, Published: -1, Within: 0.0005}, {What: inSurround, Published: 0.85, Within: 0.25}}},
	{name: "k1 0.05, k2 -0.5", k1: 0.05, k2: -0.5, kind: develop.OnCentre, few: 0.101, rate: 1, more: 7000, figures: []Figure{
		{What: meanWeight, Published: 0.408, Within: 0.03}, {What: inSurround, Published: -0.91, Within: 0.31}, {What: bilobedness, Published: 0.14, Within: 0.16},
		{What: selectivity, Published: 0.06, Within: 0.09}, {What: atBounds, Published: 1, Within: 0.0017}}},
	{name: "k1 0.05, k2 -3", k1: 0.05, k2: -3, kind: develop.Bilobed, few: 0.101, rate: 0.5, figures: []Figure{
		{What: meanWeight, Published: 0.039, Within: 0.03}, {What: bilobedness, Published: 0.584, Within: 0.134}, {What: selectivity, Published: 0.49, Within: 0.14},
		{What: peakPower, Published: 0.339, Within: 0.058}}},
	{name: "k1 0, k2 -0.5", k2: -0.5, kind: develop.Bilobed, few: 0.401, rate: 1, figures: []Figure{
		{What: meanWeight, Published: 0.01, Within: 0.14}, {What: bilobedness, Published: 0.547, Within: 0.105}, {What: selectivity, Published: 0.43, Within: 0.14},
		{What: atBounds, Published: 0.999, Within: 0.004}}},
	{name: "hat, s 0.6", k2: -1, width: 0.6, hat: 4, rate: 1, more: 1000, figures: []Figure{
		{What: meanWeight, Published: 0.001, Within: 0.005}, {What: selectivity, Published: 0.36, Within: 0.19}, none(peakPower), none(ofKind(develop.OnCentre))}},
	{name: "hat, s 0.45", k2: -1, width: 0.45, hat: 4, rate: 1, more: 1000, figures: []Figure{
		{What: meanWeight, Published: 0, Within: 0.005}, {What: selectivity, Published: 0.42, Within: 0.23}, {What: peakPower, Published: 0.208, Within: 0.069},
		none(ofKind(develop.OnCentre))}},
}

const randomSigns = "random signs"

// cells is the table of cells.
func (z linskerSize) cells() Part {
	p := Part{Name: "cells", About: fmt.Sprintf("cells of %d synapses on a layer with Q = exp(-d²/2), or with the Mexican hat exp(-d²/2s²) - exp(-d²/8s²)/4, after %d steps at rate 0.5; where k2 is -0.5 or Q a hat the rate is 1, with hats for %d steps and at k1 0.05 for %d",
		z.synapses, z.steps, z.steps+1000, z.steps+7000)}
	for _, c := range linskerCells {
		if !z.whole && (c.hat > 0 || c.rate == 1 || c.kind == develop.OffCentre) {
			continue
		}
		var figures []Figure
		if c.kind != "" {
			figures = []Figure{{What: ofKind(c.kind), Published: 1, Within: c.few}}
			if !z.whole {
				figures[0].Within = 0.26
			}
		}
		for _, f := range c.figures {
			if !z.whole {
				f = none(f.What)
			}
			figures = append(figures, f)
		}
		p.Runs = append(p.Runs, Run{Name: c.name, Seeds: z.seeds, Make: z.cell(c), Figures: figures})
	}
	signs := []Figure{{What: selectivity, Published: 0.286, Within: 0.26}, {What: peakPower, Published: 0.008, Within: 0.003}}
	if !z.whole {
		signs = []Figure{none(selectivity), none(peakPower)}
	}
	p.Runs = append(p.Runs, Run{Name: randomSigns, Seeds: z.seeds, Make: z.signs(), Figures: signs})
	p.Check = z.claims()
	return p
}

func (z linskerSize) claims() []Claim {
	on, bilobed := []string{"k1 0.45, k2 -3"}, []string{"k1 0.05, k2 -3"}
	each := func(runs *[]string, holds func(run string, rows Rows) bool) func(Rows) bool {
		return func(rows Rows) bool {
			return !slices.ContainsFunc(*runs, func(run string) bool { return !holds(run, rows) })
		}
	}
	isBilobed := Claim{"bilobed cells are so by more than 0.45 in the mean, and oriented: their OSI is above 0.35 and their peak power above 0.1", each(&bilobed, func(run string, rows Rows) bool {
		return rows.Mean(run, bilobedness) > 0.45 && rows.Mean(run, selectivity) > 0.35 && rows.Mean(run, peakPower) > 0.1
	})}
	chance := func(times float64) Claim {
		return Claim{fmt.Sprintf("random signs have an OSI too, above 0.1, and a peak power below that of bilobed cells over %g", times), each(&bilobed, func(run string, rows Rows) bool {
			return rows.Mean(randomSigns, selectivity) > 0.1 && times*rows.Mean(randomSigns, peakPower) < rows.Mean(run, peakPower)
		})}
	}
	if !z.whole {
		return []Claim{isBilobed, chance(10)}
	}
	on, bilobed = append(on, "k1 0.05, k2 -0.5"), append(bilobed, "k1 0, k2 -0.5")
	hats := []string{"hat, s 0.6", "hat, s 0.45"}
	return []Claim{
		{"the surround of ON cells is below -0.6 in the mean, they are not bilobed (below 0.3), and not oriented: their OSI is below 0.15", each(&on, func(run string, rows Rows) bool {
			return rows.Mean(run, inSurround) < -0.6 && rows.Mean(run, bilobedness) < 0.3 && rows.Mean(run, selectivity) < 0.15
		})},
		isBilobed, chance(10),
		{"with Mexican hats cells are oriented in the mean: OSI above 0.3, peak power above 0.1", each(&hats, func(run string, rows Rows) bool {
			return rows.Mean(run, selectivity) > 0.3 && rows.Mean(run, peakPower) > 0.1
		})},
		// Two neighbours, whose Q differ little, may creep for 10⁵ steps.
		{"where Q_ii + k2 > 0, as at k2 -0.5, all synapses but at most one are at ±½ after 10000 steps, in four of five seeds", func(rows Rows) bool {
			v := rows.Of("k1 0.05, k2 -0.5", atBounds)
			return len(v) > 0 && 5*v.Count(func(x float64) bool { return x >= 1-1.5/float64(z.synapses) }) >= 4*len(v)
		}},
	}
}

// open opens cells of all pairs of k1 and k2, of each seed.
func (z linskerSize) open(dev *compute.Device, seeds Seeds, rate float64, set func(*develop.Linsker)) (*nets.Session, error) {
	system := func() nets.System {
		l := develop.DefaultLinsker
		l.Synapses = z.synapses
		set(&l)
		return &l
	}
	return nets.Run{System: system, Task: func() nets.Task { return &tasks.WhiteNoise{Side: 1, Batch: 1} },
		Learners: seeds.N, Seed: seeds.First, Rate: rate}.Open(dev)
}

// described returns the descriptions of the cells of a layer, learners × cells. Places are in units of so many radii of B.
func described(s *nets.Session, layer string, unit float32) (all [][]develop.Description, err error) {
	at, err := read(s, layer+".x", layer+".y", layer+".weight")
	if err != nil {
		return nil, err
	}
	n := len(at[layer+".x"]) / s.Learners
	w := at[layer+".weight"]
	cells := len(w) / (n * s.Learners)
	for l := range s.Learners {
		arbor, err := develop.NewArbor(at[layer+".x"][l*n:][:n], at[layer+".y"][l*n:][:n], unit)
		if err != nil {
			return nil, err
		}
		var of []develop.Description
		for _, cell := range develop.Cells(w[l*n*cells:][:n*cells], n) {
			of = append(of, arbor.Describe(cell))
		}
		all = append(all, of)
	}
	return all, nil
}

// describe adds the statistics and the kind of a cell to figures.
func (f Figures) describe(d develop.Description, kinds ...string) {
	for q, x := range map[Quantity]float64{meanWeight: d.Mean, inCentre: d.Centre, inSurround: d.Surround, bilobedness: d.Bilobed,
		selectivity: d.OSI, peakPower: d.Peak, atBounds: d.Saturated} {
		f.add(q, x)
	}
	for _, kind := range kinds {
		f.is(ofKind(kind), d.Kind() == kind)
	}
}

// cell develops one setting.
func (z linskerSize) cell(c linskerCell) Program {
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		s, err := z.open(dev, seeds, c.rate, func(l *develop.Linsker) {
			l.K1, l.K2, l.Hat = []float32{c.k1}, []float32{c.k2}, c.hat
			if c.width > 0 {
				l.Width = c.width
			}
		})
		if err != nil {
			return nil, err
		}
		defer s.Close()
		f := Figures{}
		if c.kind == develop.AllPositive {
			if f[stepsToBound], err = untilBound(ctx, s); err != nil {
				return nil, err
			}
		}
		if err := steps(ctx, s, z.steps+c.more); err != nil {
			return nil, err
		}
		cells, err := described(s, "c", 1)
		for _, of := range cells {
			f.describe(of[0], develop.AllPositive, develop.OnCentre, develop.OffCentre, develop.Bilobed)
		}
		return f, err
	}
}

// untilBound makes steps until all weights are at ½, and returns how many each learner took.
func untilBound(ctx context.Context, s *nets.Session) (took Values, err error) {
	took = make(Values, s.Learners)
	for range 50 {
		if err := s.Step(ctx); err != nil {
			return nil, err
		}
		at, err := read(s, "c.weight")
		if err != nil {
			return nil, err
		}
		n := len(at["c.weight"]) / s.Learners
		on := false
		for l := range took {
			if slices.ContainsFunc(at["c.weight"][l*n:][:n], func(w float32) bool { return w < 0.5 }) {
				took[l]++
				on = true
			}
		}
		if !on {
			break
		}
	}
	for l := range took {
		took[l]++
	}
	return took, nil
}

// signs describes random weights of ±½ at the same places.
func (z linskerSize) signs() Program {
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		s, err := z.open(dev, seeds, 0.5, func(*develop.Linsker) {})
		if err != nil {
			return nil, err
		}
		defer s.Close()
		for _, n := range s.Tensors() {
			if n.Name != "c.weight" {
				continue
			}
			w := make([]float32, n.Value.Len())
			for l := range s.Learners {
				rnd, each := nets.Generator(s.Seed+uint64(l), "signs"), len(w)/s.Learners
				for i := range each {
					w[l*each+i] = float32(rnd.IntN(2)) - 0.5
				}
			}
			if err := s.Write([]nets.Named{n}, [][]float32{w}); err != nil {
				return nil, err
			}
		}
		f := Figures{}
		cells, err := described(s, "c", 1)
		for _, of := range cells {
			f.describe(of[0])
		}
		return f, err
	}
}

// The regimes: k1 across and k2 down.
var (
	regimeK1 = []float32{0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45, 0.6}
	regimeK2 = []float32{0, -0.5, -1, -1.5, -2, -3, -4}
)

func regime(kind string, k1, k2 float32) Quantity {
	return Quantity(fmt.Sprintf("seeds with %s at k1 %g, k2 %g, of 1", kind, k1, k2))
}

// regimes is the map of kinds over k1 and k2.
func (z linskerSize) regimes() Part {
	p := Part{Name: "map", About: fmt.Sprintf("63 cells of each seed, k1 from 0 to 0.6 and k2 from 0 to -4, after %d steps at rate 0.5, in one batch", z.steps)}
	run := Run{Name: "all", Seeds: z.seeds, Make: Program(func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		s, err := z.open(dev, seeds, 0.5, func(l *develop.Linsker) { l.K1, l.K2 = regimeK1, regimeK2 })
		if err != nil {
			return nil, err
		}
		defer s.Close()
		if err := steps(ctx, s, z.steps); err != nil {
			return nil, err
		}
		f := Figures{}
		all, err := described(s, "c", 1)
		for _, of := range all {
			for i, k1 := range regimeK1 {
				for j, k2 := range regimeK2 {
					for _, kind := range []string{develop.AllPositive, develop.OnCentre, develop.Bilobed} {
						f.is(regime(kind, k1, k2), of[i*len(regimeK2)+j].Kind() == kind)
					}
				}
			}
		}
		return f, err
	})}
	for _, k2 := range regimeK2 {
		for _, k1 := range regimeK1 {
			if kind := knownRegime(k1, k2); kind != "" {
				run.Figures = append(run.Figures, Figure{What: regime(kind, k1, k2), Published: 1, Within: 0.4})
			} else {
				run.Figures = append(run.Figures, none(regime(develop.OnCentre, k1, k2)))
			}
		}
	}
	p.Runs = []Run{run}
	p.Check = []Claim{{"the k1 from which cells have a centre and a surround grows with |k2|: the first k1 at which half of the seeds are ON does not fall from k2 -0.5 to -4, and grows", func(rows Rows) bool {
		var first []float32
		for _, k2 := range regimeK2[1:] {
			i := slices.IndexFunc(regimeK1, func(k1 float32) bool { return rows.Mean("all", regime(develop.OnCentre, k1, k2)) >= 0.5 })
			if i < 0 {
				return false
			}
			first = append(first, regimeK1[i])
		}
		return slices.IsSorted(first) && first[0] < first[len(first)-1]
	}}}
	return p
}

// knownRegime returns the kind that three seeds of 1500 steps had at a place of the map; "" where they had not one.
func knownRegime(k1, k2 float32) string {
	type span struct {
		to   float32
		kind string
	}
	spans := map[float32][]span{
		0: {{0, ""}, {1, develop.AllPositive}}, -0.5: {{0, develop.Bilobed}, {0.1, develop.OnCentre}, {0.2, ""}, {1, develop.AllPositive}},
		-1: {{0.05, develop.Bilobed}, {0.3, develop.OnCentre}, {0.45, ""}, {1, develop.AllPositive}},
		-2: {{0.15, develop.Bilobed}, {1, develop.OnCentre}},
		-3: {{0.2, develop.Bilobed}, {0.3, ""}, {1, develop.OnCentre}}, -4: {{0.2, develop.Bilobed}, {0.3, ""}, {1, develop.OnCentre}},
	}
	for _, s := range spans[k2] {
		if k1 <= s.to {
			return s.kind
		}
	}
	return ""
}

// Quantities of layers.
const (
	layerB      Quantity = "mean of layer B's w/½"
	ofFormula   Quantity = "Q on layer B beside exp(-d²/2): cosine, i ≠ j"
	slopeOfQ    Quantity = "Q on layer B over exp(-d²/2), i ≠ j"
	surroundOfQ Quantity = "least mean Q on layer C over distances"
)

// grown is layers that grow one after another.
func (z linskerSize) grown() Part {
	p := Part{Name: "layers", About: fmt.Sprintf("layers B, C (k1 0.45, k2 -3) and D (k1 0, k2 -1), %d synapses a cell, each on what the layer below makes of %d sheets of white noise; a cell of layer A is half a radius of layer B's arbor wide", z.synapses, 20*z.measure())}
	run := Run{Name: "measured", Seeds: min(z.seeds, 5), Make: Program(z.layers), Figures: []Figure{
		{What: layerB, Published: 1, Within: 1e-9, From: "theory"}, {What: ofFormula, Published: 1, Within: 0.03, From: "theory"}, none(slopeOfQ),
		none(surroundOfQ), {What: ofKind(develop.OnCentre), Published: 1, Within: 0.26, From: "closed form"}, none(meanWeight), none(selectivity), none(peakPower)}}
	if !z.whole {
		run.Figures[4].Within = 0.51
	}
	p.Runs = []Run{run}
	p.Check = []Claim{{"Q on a layer of centre-surround cells is a Mexican hat: there are distances at which it is below -0.01 in the mean, in every seed", func(rows Rows) bool {
		return rows.all("measured", surroundOfQ, func(x float64) bool { return x < -0.01 })
	}}}
	return p
}

// measure is for how many moments of 20 sheets Q is measured.
func (z linskerSize) measure() int {
	if z.whole {
		return 1000
	}
	return 50
}

// layers grows B, C and D. The kind is that of C, and the rest what D is like.
func (z linskerSize) layers(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
	measure := z.measure()
	l := develop.DefaultLinsker
	l.Synapses, l.Measured, l.Measure, l.Steps = z.synapses, true, measure, z.steps
	l.BelowK1, l.BelowK2, l.BelowRadius = []float32{0.3, 0.45}, []float32{0, -3}, []float32{1, 1.7320508}
	l.K1, l.K2, l.Radius = []float32{0}, []float32{-1}, 2.5
	s, err := nets.Run{System: func() nets.System { fresh := l; return &fresh }, Task: func() nets.Task { return &tasks.WhiteNoise{Side: 36, Batch: 20} },
		Learners: seeds.N, Seed: seeds.First, Rate: 0.5}.Open(dev)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	f := Figures{}
	for i, n := range []int{measure + z.steps + measure + 1, z.steps + measure, z.steps} {
		if err := steps(ctx, s, n); err != nil {
			return nil, err
		}
		if err := f.layer(s, i); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// layer adds the figures of a layer at the moments where layer C begins to learn, where layer D does, and at the end.
func (f Figures) layer(s *nets.Session, i int) error {
	unit := develop.DefaultLinsker.Spacing
	if i == 2 {
		cells, err := described(s, "d", unit)
		for _, of := range cells {
			f.describe(of[0])
		}
		return err
	}
	name := []string{"c", "d"}[i]
	at, err := read(s, name+".x", name+".y", "q", "b.weight")
	if err != nil {
		return err
	}
	n := len(at[name+".x"]) / s.Learners
	for l := range s.Learners {
		x, y, q := at[name+".x"][l*n:][:n], at[name+".y"][l*n:][:n], at["q"][l*n*n:][:n*n]
		var dot, ofQ, ofG float64
		var sum, pairs [16]float64 // over distances, by halves
		for i := range n {
			for j := range i {
				d := float64(unit) * math.Hypot(float64(x[i]-x[j]), float64(y[i]-y[j]))
				g, v := math.Exp(-d*d/2), float64(q[i*n+j])
				dot, ofQ, ofG = dot+g*v, ofQ+v*v, ofG+g*g
				if b := int(2 * d); b < len(sum) {
					sum[b], pairs[b] = sum[b]+v, pairs[b]+1
				}
			}
		}
		if i == 1 {
			least := 0.
			for b := range sum {
				if pairs[b] > 100 {
					least = min(least, sum[b]/pairs[b])
				}
			}
			f.add(surroundOfQ, least)
			continue
		}
		f.add(ofFormula, dot/math.Sqrt(ofQ*ofG))
		f.add(slopeOfQ, dot/ofG)
		mean := 0.
		for _, w := range at["b.weight"][l*n:][:n] {
			mean += 2 * float64(w) / float64(n)
		}
		f.add(layerB, mean)
	}
	if i == 1 {
		cells, err := described(s, "c", unit)
		for _, of := range cells {
			f.is(ofKind(develop.OnCentre), of[0].Kind() == develop.OnCentre)
		}
		return err
	}
	return nil
}
