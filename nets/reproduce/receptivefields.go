package reproduce

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/data"
	"hebb/nets/develop"
	"hebb/nets/tasks"
)

// receptiveFields learns by many nonlinearities from whitened inputs: all find the same, and linear units nothing.
var receptiveFields = Experiment{
	Name:    "receptive-fields",
	Systems: map[string]string{"rates": "cubic"},
	About:   "nonlinear Hebbian learning from whitened inputs: independent sources, and localised, oriented fields from photographs, whatever the nonlinearity",
	Source:  "the claim is of Brito and Gerstner 2016, \"Nonlinear Hebbian learning as a unifying principle in receptive field formation\"; reference: a program of the equations in numpy, 10 seeds of sources and 4 of patches",
	Scales: []Scale{
		{Name: "cpu", About: "sources, and patches of six photographs of Debian's package mate-backgrounds: install it, or --data photographs=FOLDER", Takes: 5 * time.Minute,
			Parts: []Part{sourcesPart(10, 600, 2000, sourcesArms), patchesPart(4)}},
		{Name: "small", About: "for a device in software: sources alone, the cubic and three controls, two seeds", Takes: 5 * time.Second,
			Parts: []Part{sourcesPart(2, 150, 1000, slices.Concat(sourcesArms[:1], sourcesArms[7:]))}},
	},
}

const (
	nearestSource Quantity = "|cos| with the nearest source, median over units"
	farthest      Quantity = "|cos| with the nearest source, the least of all units"
	recovered     Quantity = "share of units with |cos| above 0.95"
	gaborR2       Quantity = "R² of the Gabor patch most like a field, median over units"
	gaborLike     Quantity = "share of units with R² above 0.6"
	fieldKurtosis Quantity = "excess kurtosis of the activity, median over units"
	fieldSpacing  Quantity = "frequency of the Gabor patch, cycles a pixel, median over units"
	firstPC       Quantity = "|cos| of a field with the first principal component, the least of all units"
)

// Bands of the share of units that find a source. One unit of 200 leaves noUnit; fewUnits allows up to four, since by chance
// one in 400 units of a rectifier at 0 has the direction of a source.
const noUnit, fewUnits = 0.004, 0.02

// A sourcesArm is a nonlinearity on sources, and what to compare with.
type sourcesArm struct {
	name           string
	system         develop.Nonlinear
	random         bool // do not learn
	median, within float64
	share, off     float64
}

var sourcesArms = []sourcesArm{
	{"cubic", develop.Nonlinear{F: "cubic"}, false, 0.9987, 0.0087, 1, noUnit},
	{"-tanh", develop.Nonlinear{F: "-tanh"}, false, 0.9992, 0.0092, 1, noUnit},
	{"rectifier at 1", develop.Nonlinear{F: "rectifier", Theta: 1}, false, 0.9976, 0.0076, 1, noUnit},
	{"squared rectifier", develop.Nonlinear{F: "squared"}, false, 0.9969, 0.0069, 1, noUnit},
	{"bcm", develop.Nonlinear{F: "bcm"}, false, 0.9975, 0.0075, 1, noUnit},
	{"quadratic rectifier", develop.Nonlinear{F: "quadratic", Theta: 1, Theta2: 2}, false, 0.9755, 0.05, 0.895, 0.395},
	{"control: rectifier at 0", develop.Nonlinear{F: "rectifier"}, false, 0.63, 0.12, 0, fewUnits},
	{"control: linear", develop.Nonlinear{F: "linear"}, false, 0.59, 0.16, 0, noUnit},
	{"control: +tanh", develop.Nonlinear{F: "tanh"}, false, 0.38, 0.37, 0, noUnit},
	{"control: random", develop.Nonlinear{F: "linear"}, true, 0.60, 0.15, 0, noUnit},
}

// sourcesPart learns from mixtures of ten sources by 20 units on their own.
func sourcesPart(seeds, steps, batch int, arms []sourcesArm) Part {
	p := Part{Name: "sources", About: fmt.Sprintf("10 Laplacian sources, mixed and whitened, 20000 rows, batches of %d, 20 units on their own, %d steps at a rate that falls from 0.2 to 0.004", batch, steps)}
	for _, a := range arms {
		a.system.Units = 20
		n := steps
		if a.random {
			n = 0
		}
		p.Runs = append(p.Runs, Run{Name: a.name, Seeds: seeds, Make: fromSources(a.system, n, batch), Figures: []Figure{
			{What: nearestSource, Published: a.median, Within: a.within}, none(farthest), {What: recovered, Published: a.share, Within: a.off}}})
	}
	fails := func(of func(a sourcesArm) bool, rows Rows, holds func(Values) bool) bool {
		return slices.ContainsFunc(arms, func(a sourcesArm) bool { return of(a) && !holds(rows.Of(a.name, recovered)) })
	}
	p.Check = []Claim{
		{"every unit of every nonlinearity but the quadratic rectifier finds a source in every seed", func(rows Rows) bool {
			return !fails(func(a sourcesArm) bool { return a.share == 1 }, rows, func(v Values) bool {
				return len(v) > 0 && v.Count(func(x float64) bool { return x == 1 }) == len(v)
			})
		}},
		{"at most one unit in a hundred of a control finds one", func(rows Rows) bool {
			return !fails(func(a sourcesArm) bool { return a.share == 0 }, rows, func(v Values) bool { return v.Mean() <= 0.01 })
		}},
	}
	return p
}

// fading is the schedule of both parts: down to a fiftieth.
var fading = nets.Schedule{Kind: "linear", Floor: 0.02}

// fromSources learns, and compares each unit with the sources' directions.
func fromSources(system develop.Nonlinear, steps, batch int) Program {
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		run := nets.Run{
			System:   func() nets.System { s := system; return &s },
			Task:     func() nets.Task { return &tasks.Sources{Sources: 10, Rows: 20000, Batch: batch} },
			Learners: seeds.N, Seed: seeds.First, Rate: 0.2, Schedule: fading, Moments: steps,
		}
		learned, err := tensorsAfter(ctx, dev, run, steps)
		if err != nil {
			return nil, err
		}
		f := Figures{}
		for l := range seeds.N {
			f.addSources(vectors(learned["weight"], l, seeds.N, 10), vectors(learned["task.directions"], l, seeds.N, 10))
		}
		return f, nil
	}
}

// tensorsAfter makes moments of a run and returns the numbers of its tensors by name.
func tensorsAfter(ctx context.Context, dev *compute.Device, run nets.Run, moments int) (map[string][]float32, error) {
	s, err := run.Open(dev)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if err := steps(ctx, s, moments); err != nil {
		return nil, err
	}
	if err := s.Sound(); err != nil {
		return nil, err
	}
	named := s.Tensors()
	values, err := s.Read(named)
	if err != nil {
		return nil, err
	}
	all := map[string][]float32{}
	for i, n := range named {
		all[n.Name] = values[i]
	}
	return all, nil
}

// vectors are the rows of d numbers of learner l of so many.
func vectors(x []float32, l, learners, d int) (rows [][]float64) {
	each := len(x) / learners
	for row := range slices.Chunk(x[l*each:][:each], d) {
		v := make([]float64, d)
		for i, c := range row {
			v[i] = float64(c)
		}
		rows = append(rows, v)
	}
	return rows
}

// cosine is |cos| of the angle between two vectors.
func cosine(a, b []float64) float64 {
	x, y := mat.NewVecDense(len(a), a), mat.NewVecDense(len(b), b)
	return math.Abs(mat.Dot(x, y)) / (mat.Norm(x, 2) * mat.Norm(y, 2))
}

// A patchesArm is a nonlinearity on patches, and what to compare with.
type patchesArm struct {
	name       string
	system     develop.Nonlinear
	steps      int
	whiten     string
	contrast   float32
	r2, within float64
	like, off  float64
	kurtosis   float64
}

var patchesArms = []patchesArm{
	{"cubic", develop.Nonlinear{F: "cubic"}, 800, "pca", 0.05, 0.818, 0.088, 0.902, 0.252, 27.8},
	{"-tanh", develop.Nonlinear{F: "-tanh"}, 800, "pca", 0.05, 0.850, 0.06, 0.977, 0.327, 27.1},
	{"rectifier at 1", develop.Nonlinear{F: "rectifier", Theta: 1}, 800, "pca", 0.05, 0.743, 0.087, 0.824, 0.174, 21.3},
	{"quadratic rectifier", develop.Nonlinear{F: "quadratic", Theta: 1, Theta2: 2}, 800, "pca", 0.05, 0.764, 0.104, 0.875, 0.225, 24.4},
	{"control: linear", develop.Nonlinear{F: "linear"}, 800, "pca", 0.05, 0.171, 0.049, 0, 0.001, 4.4},
	{"control: random", develop.Nonlinear{F: "linear"}, 0, "pca", 0.05, 0.166, 0.054, 0, 0.001, 4.6},
	{"cubic, contrast as it is", develop.Nonlinear{F: "cubic"}, 800, "pca", 0, 0.788, 0, 0.840, 0, 129},
	{"control: cubic, unwhitened, contrast as it is", develop.Nonlinear{F: "cubic"}, 800, "none", 0, 0.848, 0.03, math.NaN(), 0, math.NaN()},
}

// patchesPart learns from patches of photographs by 64 units on their own.
func patchesPart(seeds int) Part {
	p := Part{Name: "patches", About: "12×12 patches of photographs, normalised in contrast, 80 principal components, whitened, batches of 1000, 64 units on their own, 800 steps at a rate that falls from 0.1 to 0.002"}
	for _, a := range patchesArms {
		a.system.Units = 64
		r := Run{Name: a.name, Seeds: seeds, Make: onPhotographs(a), Figures: []Figure{
			{What: gaborR2, Published: a.r2, Within: a.within}, {What: gaborLike, Published: a.like, Within: a.off}, {What: fieldKurtosis, Published: a.kurtosis}, none(fieldSpacing)}}
		if a.whiten == "none" {
			r.Figures[3].Published = 0.06
			r.Figures = append(r.Figures, Figure{What: firstPC, Published: 1, Within: 0.01})
		}
		p.Runs = append(p.Runs, r)
	}
	p.Check = patchesClaims()
	return p
}

func patchesClaims() []Claim {
	const unwhitened = "control: cubic, unwhitened, contrast as it is"
	nonlinear, controls := patchesArms[:4], patchesArms[4:6]
	of := func(arms []patchesArm, q Quantity, holds func(float64) bool) func(Rows) bool {
		return func(rows Rows) bool {
			return !slices.ContainsFunc(arms, func(a patchesArm) bool { return !rows.all(a.name, q, holds) })
		}
	}
	kurtosis, rest := of(nonlinear, fieldKurtosis, func(x float64) bool { return x >= 17 }), of(controls, fieldKurtosis, func(x float64) bool { return x < 6 })
	return []Claim{
		{"the excess kurtosis is 17 or more in every seed of a nonlinearity, and below 6 of linear and random units", func(rows Rows) bool { return kurtosis(rows) && rest(rows) }},
		{"fields of every nonlinearity have frequencies above 0.1 in every seed", of(nonlinear, fieldSpacing, func(x float64) bool { return x > 0.1 })},
		{"from patches that are not whitened every unit learns the first principal component, |cos| above 0.99, of frequency below 0.1", func(rows Rows) bool {
			return rows.all(unwhitened, firstPC, func(x float64) bool { return x > 0.99 }) && rows.all(unwhitened, fieldSpacing, func(x float64) bool { return x < 0.1 })
		}},
	}
}

// mateImages are the photographs of the reference.
var mateImages = []string{"Dune.jpg", "GreenMeadow.jpg", "RainDrops.jpg", "YellowFlower.jpg", "LadyBird.jpg", "FreshFlower.jpg"}

// Photographs is the name of their folder in [Place.Data].
const Photographs = "photographs"

// onPhotographs is a run that wants a folder of photographs.
type onPhotographs patchesArm

func (onPhotographs) DataName() string { return Photographs }

// Make learns from the folder that Data calls photographs, or that of the Debian package. Of a folder without the images of
// the reference all are taken.
func (a onPhotographs) Make(ctx context.Context, at Place, seeds Seeds) (Result, error) {
	dir := cmp.Or(at.Data[Photographs], data.MatePhotographs)
	images := mateImages
	if _, err := data.Photographs(dir, images); err != nil {
		if _, none := data.Photographs(dir, nil); none != nil || dir == data.MatePhotographs {
			return Result{}, fmt.Errorf("%w; they come by apt install mate-backgrounds, or by apt-get download mate-backgrounds, dpkg -x FILE.deb FOLDER and --data photographs=FOLDER%s", err, data.MatePhotographs)
		}
		images = nil
	}
	return Program(func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		return a.learn(ctx, dev, seeds, tasks.Patches{Folder: dir, Images: images, Size: 12, Places: 40000, Take: 10000, Contrast: a.contrast, Whiten: a.whiten, Keep: 80, Batch: 1000})
	}).Make(ctx, at, seeds)
}

// learn learns from patches, and describes the units' fields.
func (a onPhotographs) learn(ctx context.Context, dev *compute.Device, seeds Seeds, patches tasks.Patches) (Figures, error) {
	if a.whiten == "none" {
		patches.Keep = 0
	}
	drawn, err := patches.Draw(ctx, seeds.First, seeds.N)
	if err != nil {
		return nil, err
	}
	pool := tasks.Pool{Batch: patches.Batch, In: nets.Row(len(drawn[0].Values))}
	if patches.Keep > 0 {
		pool.In = nets.Row(patches.Keep)
	}
	d := pool.In.Len()
	for _, x := range drawn {
		pool.Rows, pool.N = append(pool.Rows, x.Rows), len(x.Rows)/d
	}
	learned, err := tensorsAfter(ctx, dev, nets.Run{
		System: func() nets.System { s := a.system; return &s }, Task: func() nets.Task { t := pool; return &t },
		Learners: seeds.N, Seed: seeds.First, Rate: 0.1, Schedule: fading, Moments: a.steps,
	}, a.steps)
	if err != nil {
		return nil, err
	}
	f := Figures{}
	for l, x := range drawn {
		weights := vectors(learned["weight"], l, seeds.N, d)
		if err := f.addFields(x, weights, patches.Size); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// addFields adds what there is to say of the fields of a learner's units.
func (f Figures) addFields(x tasks.DrawnPatches, weights [][]float64, side int) error {
	var pixels []float64
	var kurtoses, r2, spacing, first Values
	for _, w := range weights {
		field := x.Field(w)
		pixels = append(pixels, field...)
		first = append(first, cosine(field, x.Vectors[0]))
		kurtoses = append(kurtoses, kurtosisAlong(x.Rows, w))
	}
	gabors, err := develop.Gabors(pixels, side)
	if err != nil {
		return err
	}
	for _, g := range gabors {
		r2, spacing = append(r2, g.R2), append(spacing, g.Frequency)
	}
	f.add(gaborR2, r2.Median())
	f.add(gaborLike, float64(r2.Count(func(x float64) bool { return x > develop.LikeGabor }))/float64(len(r2)))
	f.add(fieldKurtosis, kurtoses.Median())
	f.add(fieldSpacing, spacing.Median())
	f.add(firstPC, slices.Min(first))
	return nil
}

// kurtosisAlong is ⟨u⁴⟩/⟨u²⟩² − 3 of u = w·x over rows x.
func kurtosisAlong(rows []float32, w []float64) float64 {
	second, fourth := 0.0, 0.0
	for x := range slices.Chunk(rows, len(w)) {
		u := 0.0
		for i, v := range x {
			u += w[i] * float64(v)
		}
		second += u * u
		fourth += u * u * u * u
	}
	return fourth/(second*second)*float64(len(rows)/len(w)) - 3
}
