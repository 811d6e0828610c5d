package reproduce

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/perturb"
	"hebb/nets/tasks"
)

// perturbation holds learners by weight perturbation (wp), of active inputs alone (wp0), and by node perturbation (np) to
// their closed curves, and compares the two on the readout of a reservoir.
var perturbation = Experiment{
	Name:    "perturbation",
	Systems: map[string]string{"of weights": "wp", "of weights with active inputs": "wp0", "of nodes": "np"},
	About:   "weight and node perturbation in tasks that extend in time, beside their closed curves",
	Source: "theory: Züge, Klos, Memmesheimer 2023, \"Weight versus Node Perturbation Learning in Temporally Extended Tasks\", Phys. Rev. X 13, 021006, with the end of np from the " +
		"formula of their single task; reference: programs in float64 after their description, of 5 reservoirs with 2 learners each",
	Scales: []Scale{
		{Name: "cpu", About: "2000 learners of a small task, 20 of the authors' sizes, 10 of the reservoir", Takes: 4 * time.Minute, Parts: []Part{
			little.part("small", 100, 20, []int{5, 20, 50, 100, 200}, 5),
			large.part("large", 1, 20, []int{500, 1250, 2500, 5000}, 125),
			butterflies(10, []int{20, 200, 666, 2000}, 1e-6, 5e-3, 5e-2),
		}},
		{Name: "small", About: "200 learners of the small task, 3 of the reservoir", Takes: 15 * time.Second, Parts: []Part{
			little.part("small", 10, 20, []int{5, 20, 50}, 5),
			butterflies(3, []int{20, 200}, 1e-6),
		}},
	},
}

// A linearTask is one with closed curves, and how far learners are apart in it.
type linearTask struct {
	tasks.Subtasks
	sd     map[string]map[int]float64 // standard deviation of a learner's reward by rule and trial, measured in float64
	claims func(last int) []Claim
}

// The two sizes.
var (
	little = linearTask{
		Subtasks: tasks.Subtasks{Outputs: 2, Inputs: 20, Length: 20, Task: 6, Trial: 3, Floor: 0.5, Weight: 0.1},
		sd: map[string]map[int]float64{
			"wp":  {5: 0.05, 20: 0.054, 50: 0.027, 100: 0.0063, 200: 2.3e-4},
			"np":  {5: 0.14, 20: 0.2, 50: 0.23, 100: 0.22, 200: 0.24},
			"wp0": {5: 0.04, 20: 0.031, 50: 0.0067, 100: 4.5e-4, 200: 4.5e-5},
		},
		claims: func(last int) []Claim {
			if last < 200 {
				return nil
			}
			return []Claim{{"np ends nearer to -0.875, M·N/(M·N + 2) beyond the floor, than to twice the floor, -1", func(rows Rows) bool {
				return math.Abs(rows.Mean("np", rewardAfter(last))+0.875) < math.Abs(rows.Mean("np", rewardAfter(last))+1)
			}}}
		},
	}
	large = linearTask{
		Subtasks: tasks.Subtasks{Outputs: 10, Inputs: 100, Length: 100, Task: 50, Trial: 10, Floor: 2, Weight: 0.1},
		sd: map[string]map[int]float64{
			"wp":  {500: 0.28, 1250: 0.42, 2500: 0.30, 5000: 0.14},
			"np":  {500: 0.47, 1250: 0.28, 2500: 0.29, 5000: 0.30},
			"wp0": {500: 0.28, 1250: 0.094, 2500: 0.0067, 5000: 4.5e-5},
		},
		claims: func(last int) []Claim {
			return []Claim{
				{"np is ahead of wp after 500 trials", func(rows Rows) bool {
					return rows.Mean("np", rewardAfter(500)) > rows.Mean("wp", rewardAfter(500))
				}},
				{"wp ends above np by at least 1", func(rows Rows) bool {
					return rows.Mean("wp", rewardAfter(last)) > rows.Mean("np", rewardAfter(last))+1
				}},
			}
		},
	}
)

func rewardAfter(trials int) Quantity { return Quantity(fmt.Sprintf("reward after %d trials", trials)) }

func errorAfter(trials int) Quantity { return Quantity(fmt.Sprintf("error after %d trials", trials)) }

// theory returns the curve of a rule, whose weights are 0 at first, and its best rate. The reward is the loss below 0.
func (l linearTask) theory(rule string) (perturb.Curve, float64) {
	strength := float64(l.Inputs) / float64(l.Trial)
	t := perturb.Linear{Outputs: l.Outputs, Task: l.Task, Trial: l.Trial, Strength: strength, Floor: float64(l.Floor)}
	t.First = t.Floor + float64(l.Outputs*l.Trial)*strength*float64(l.Weight)*float64(l.Weight)/2
	switch rule {
	case "wp":
		return t.Weight(), t.Rate(l.Task)
	case "wp0":
		return t.ActiveWeight(), t.Rate(l.Trial)
	}
	return t.Node(), t.Rate(l.Trial)
}

// part has a run of each rule. The value of a seed is the mean over so many learners; every is how far the points of the
// curve are apart.
func (l linearTask) part(name string, learners, seeds int, at []int, every int) Part {
	p := Part{Name: name,
		About: fmt.Sprintf("%d outputs, %d inputs of which %d are in the task and %d in a trial, σ 1e-6; the reward of a learner, or the mean of %d, -½·Σ(y - y*)²",
			l.Outputs, l.Inputs, l.Task, l.Trial, learners),
		Curve: &Curve{X: "trials", Y: "reward", Theory: func(rule string, at float64) float64 { c, _ := l.theory(rule); return -c.At(at) }},
		Check: l.claims(at[len(at)-1]),
	}
	points := slices.Clone(at)
	for n := 0; n <= at[len(at)-1]; n += every {
		p.Curve.Points = append(p.Curve.Points, Point{float64(n), rewardAfter(n)})
		points = append(points, n)
	}
	slices.Sort(points)
	points = slices.Compact(points)
	for _, rule := range []string{"wp", "np", "wp0"} {
		r := Run{Name: rule, Seeds: seeds, Make: l.make(rule, learners, points)}
		curve, _ := l.theory(rule)
		for _, n := range at {
			within := 4 * l.sd[rule][n] / math.Sqrt(float64(learners*seeds))
			r.Figures = append(r.Figures, Figure{What: rewardAfter(n), Published: -curve.At(float64(n)), Within: within, From: "theory"})
		}
		p.Runs = append(p.Runs, r)
	}
	return p
}

// make learns by a rule, and looks at the reward after each of some numbers of trials.
func (l linearTask) make(rule string, learners int, at []int) Program {
	return func(ctx context.Context, dev *compute.Device, seeds Seeds) (Figures, error) {
		_, rate := l.theory(rule)
		s, err := readout(dev, rule, 1e-6, nets.Run{Task: func() nets.Task { t := l.Subtasks; return &t },
			Learners: seeds.N * learners, Seed: seeds.First * uint64(learners), Rate: rate})
		if err != nil {
			return nil, err
		}
		defer s.Close()
		figures := Figures{}
		err = errorsAt(ctx, s, at, func(n int, each []float64) {
			for group := range slices.Chunk(each, learners) {
				figures[rewardAfter(n)] = append(figures[rewardAfter(n)], -Values(group).Mean()*float64(l.Outputs)/2)
			}
		})
		return figures, err
	}
}

// readout opens a run of a network without hidden layers, whose weights are 0 at first.
func readout(dev *compute.Device, rule string, sigma float32, r nets.Run) (*nets.Session, error) {
	set := perturb.Weight{Sigma: sigma, Exact: true}
	r.System = map[string]func() nets.System{
		"wp":  func() nets.System { w := set; return &w },
		"wp0": func() nets.System { w := perturb.ActiveWeight(set); return &w },
		"np":  func() nets.System { w := perturb.Node(set); return &w },
	}[rule]
	s, err := r.Open(dev)
	if err != nil {
		return nil, err
	}
	w := slices.DeleteFunc(slices.Clone(s.Tensors()), func(n nets.Named) bool { return n.Role != nets.Weight })
	return s, s.Write(w, [][]float32{make([]float32, w[0].Value.Len())})
}

// errorsAt makes trials of a moment, and gives the mean squared error of each learner after some numbers of them, in order.
func errorsAt(ctx context.Context, s *nets.Session, at []int, give func(n int, each []float64)) error {
	for n := 0; len(at) > 0; n++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		wanted := n == at[0]
		if wanted {
			if _, err := s.Metrics(); err != nil { // those of the trials before
				return err
			}
		}
		if err := s.Step(ctx); err != nil {
			return err
		}
		if wanted {
			m, err := s.Metrics()
			if err != nil {
				return err
			}
			give(n, m.Get("error").Each)
			at = at[1:]
		}
	}
	return nil
}

// butterflyReference is what programs in float64 came to, mean and standard deviation over 5 reservoirs.
var butterflyReference = map[float32]map[string]map[int][2]float64{
	1e-6: {
		"wp": {20: {0.137, 0.037}, 200: {0.0255, 0.0024}, 666: {0.0103, 0.0012}, 2000: {0.0039, 0.0007}},
		"np": {20: {0.142, 0.048}, 200: {0.0361, 0.0058}, 666: {0.0142, 0.0019}, 2000: {0.0058, 0.0007}},
	},
	5e-3: {
		"wp": {20: {0.136, 0.036}, 200: {0.0255, 0.0024}, 666: {0.0104, 0.0011}, 2000: {0.004, 0.0008}},
		"np": {20: {0.142, 0.049}, 200: {0.0377, 0.0059}, 666: {0.016, 0.0041}, 2000: {0.0071, 0.0009}},
	},
	5e-2: {
		"wp": {20: {0.14, 0.029}, 200: {0.0358, 0.0029}, 666: {0.0279, 0.0023}, 2000: {0.0225, 0.0066}},
		"np": {20: {0.277, 0.056}, 200: {0.221, 0.053}, 666: {0.24, 0.031}, 2000: {0.201, 0.044}},
	},
}

const (
	dimensions Quantity = "dimensions of the activities (participation ratio)"

	fromReference string = "reference"
)

// butterflies compares wp and np on readouts of reservoirs, with noise of one size on the outputs, for some sizes.
func butterflies(seeds int, at []int, sigmas ...float32) Part {
	task := tasks.Butterfly{Units: 200, Length: 200, Tau: 10}
	off := func(sd float64) float64 { return 4 * sd * math.Sqrt(1./5+1/float64(seeds)) } // of two means
	p := Part{Name: "butterfly", About: "the readout of a reservoir of 200 units over 200 moments, at the rate 1/(2·D + 2)·D/P, of D dimensions and power P; the error is ½·Σ(y - y*)²"}
	p.Runs = []Run{{Name: "reservoirs", Seeds: seeds, Make: Each(reservoir(task)), Figures: []Figure{
		{What: dimensions, Published: 4.96, Within: off(0.1), From: fromReference},
		{What: errorAfter(0), Published: 0.4627, Within: 5e-5, From: fromReference},
	}}}
	last := at[len(at)-1]
	for _, sigma := range sigmas {
		for _, rule := range []string{"wp", "np"} {
			r := Run{Name: withNoise(rule, sigma), Seeds: seeds, Make: Each(draws(task, rule, sigma, at))}
			for _, n := range at {
				ref := butterflyReference[sigma][rule][n]
				r.Figures = append(r.Figures, Figure{What: errorAfter(n), Published: ref[0], Within: off(ref[1]), From: fromReference})
			}
			p.Runs = append(p.Runs, r)
		}
	}
	ratio := func(rows Rows, sigma float32) float64 {
		return rows.Mean(withNoise("np", sigma), errorAfter(last)) / rows.Mean(withNoise("wp", sigma), errorAfter(last))
	}
	if slices.Contains(sigmas, 5e-2) {
		p.Check = []Claim{
			{"at σ 1e-6 wp's error ends between 0.002 and 0.006", func(rows Rows) bool {
				e := rows.Mean(withNoise("wp", 1e-6), errorAfter(last))
				return 0.002 <= e && e <= 0.006
			}},
			{"at σ 1e-6 np's error is 1.15 to 1.9 times wp's", func(rows Rows) bool { r := ratio(rows, 1e-6); return 1.15 <= r && r <= 1.9 }},
			{"at σ 0.05 np's error is more than 4 times wp's", func(rows Rows) bool { return ratio(rows, 5e-2) > 4 }},
		}
	}
	return p
}

func withNoise(rule string, sigma float32) string { return fmt.Sprintf("%s, sigma %g", rule, sigma) }

// draws learns to draw from a reservoir; it is an [Each].
func draws(task tasks.Butterfly, rule string, sigma float32, at []int) Each {
	return func(ctx context.Context, dev *compute.Device, seed uint64) (map[Quantity]float64, error) {
		s, err := readout(dev, rule, sigma, nets.Run{Task: func() nets.Task { t := task; return &t }, Seed: seed})
		if err != nil {
			return nil, err
		}
		defer s.Close()
		x, err := activities(task, s)
		if err != nil {
			return nil, err
		}
		d := ratioOf(x)
		s.Rate = d / (2*d + 2) / 2 // of a squared error, which is twice the error here
		out := map[Quantity]float64{}
		return out, errorsAt(ctx, s, at, func(n int, each []float64) { out[errorAfter(n)] = each[0] })
	}
}

// activities are what a run's task shows, Length × Units.
func activities(task tasks.Butterfly, s *nets.Session) (*mat.Dense, error) {
	for _, n := range s.Tensors() {
		if n.Name == tasks.ButterflyInputs {
			v, err := s.Read([]nets.Named{n})
			if err != nil {
				return nil, err
			}
			x := mat.NewDense(task.Length, task.Units, nil)
			for i, a := range v[0] {
				x.Set(i/task.Units, i%task.Units, float64(a))
			}
			return x, nil
		}
	}
	return nil, fmt.Errorf("the run has no %s", tasks.ButterflyInputs)
}

// ratioOf returns the participation ratio of activities, (tr S)²/tr S² of S = XᵀX.
func ratioOf(x *mat.Dense) float64 {
	var s mat.Dense
	s.Mul(x, x.T()) // which has the same traces
	return math.Pow(mat.Trace(&s)/mat.Norm(&s, 2), 2)
}

// reservoir looks at a reservoir without learning; it is an [Each].
func reservoir(task tasks.Butterfly) Each {
	return func(ctx context.Context, dev *compute.Device, seed uint64) (map[Quantity]float64, error) {
		t := task
		s, err := readout(dev, "wp", 1e-6, nets.Run{Task: func() nets.Task { return &t }, Seed: seed})
		if err != nil {
			return nil, err
		}
		defer s.Close()
		x, err := activities(task, s)
		if err != nil {
			return nil, err
		}
		out := map[Quantity]float64{dimensions: ratioOf(x)}
		return out, errorsAt(ctx, s, []int{0}, func(_ int, each []float64) { out[errorAfter(0)] = each[0] })
	}
}
