package nets_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
)

var (
	nan    = float32(math.NaN())
	errOwn = errors.New("an error of the system's own")
)

// A grower multiplies its only weight by its rate at each moment, and is alone if that is said.
type grower struct {
	alone    bool
	unlike   bool // learner l begins with 2^l, else with 1
	w, first *compute.Tensor
}

func (g *grower) Build(s *nets.Store, spec nets.Spec) error {
	if g.alone && s.Learners > 1 {
		return fmt.Errorf("%w: they are shy", nets.ErrAlone)
	}
	g.w, g.first = s.Weights("w", nets.Constant(1), 1), s.Kept("seed", nets.Zeros, 1)
	return nil
}

// Start makes learners unlike by their seeds.
func (g *grower) Start(p *nets.Pass) {
	for l := range p.Learners {
		p.Into(p.View(g.first, l, 1, 1, 1), compute.Pointwise(compute.Const(1)).WithConsts(float32(p.Seed)+float32(l)))
	}
	if g.unlike {
		p.Into(g.w, compute.Pointwise(compute.Exp(compute.Mul(compute.Const(math.Ln2), compute.Var(0)))), g.first)
	}
}

var raised = compute.Pointwise(compute.Mul(compute.Const(1), compute.Old()))

func (g *grower) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	if p.Learning {
		p.Into(g.w, raised.WithConsts(float32(p.Rate)))
		if code := p.Fault("weight"); code != nil && !g.unlike {
			p.Into(code, compute.Pointwise(compute.Select(compute.Sub(compute.Var(0), compute.Const(1000)), compute.Const(2), compute.Const(0))), g.w)
		}
	}
	p.Count("weight", g.w, 1)
	return g.w
}

func (*grower) Explain(name string, code float32) error {
	return fmt.Errorf("%s is too large, code %g", name, code)
}

// A shower shows x of a shape as a Spec says, or does not.
type shower struct {
	spec   nets.Spec
	shape  []int
	opened *int
}

func (s *shower) Check() error {
	if s.spec.Out == 99 {
		return errOwn
	}
	return nil
}

func (s *shower) Build(*nets.Store) (nets.Spec, error) {
	*s.opened++
	return s.spec, nil
}

func (s *shower) Show(p *nets.Pass) nets.Moment {
	if s.shape == nil {
		return nets.Moment{X: p.Tensor(1, 1, 2), First: true, Last: true}
	}
	return nets.Moment{X: p.Tensor(s.shape...), Want: p.Tensor(s.shape...)}
}

func (*shower) Judge(p *nets.Pass, _ nets.Moment, _ *compute.Tensor) {
	p.Count("shown", p.Numbers(6*p.Learners), 2)
}

func (s *shower) Close() error {
	*s.opened--
	return nil
}

var small = nets.Spec{In: nets.Row(2), Out: 2, Examples: 1, Trial: 1, Epoch: 2}

func run(system grower, spec nets.Spec, shape ...int) (nets.Run, *int) {
	opened := new(int)
	return nets.Run{
		System: func() nets.System { fresh := system; return &fresh },
		Task:   func() nets.Task { return &shower{spec, shape, opened} }, Learners: 3, Rate: 2, Moments: 4,
	}, opened
}

// TestMetrics: metrics are the means of what was counted, by learner, those of learners side by side and in turn alike; the
// schedule gives the rate; an evaluation counts for itself.
func TestMetrics(t *testing.T) {
	for _, alone := range []bool{false, true} {
		r, opened := run(grower{alone: alone, unlike: true}, small)
		r.Schedule = nets.Schedule{Kind: "step", At: []float64{1}, Factor: 2} // epochs of 2 moments
		r.Test = r.Task
		s, err := r.Open(lab.CPU(t))
		if err != nil {
			t.Fatal(err)
		}
		if (s.Alone() != nil) != alone || alone && !strings.Contains(s.Alone().Error(), "they are shy") || len(s.Systems()) != map[bool]int{false: 1, true: 3}[alone] {
			t.Errorf("alone %t: %v, %d systems", alone, s.Alone(), len(s.Systems()))
		}
		for range 3 {
			must.Do(t, s.Step(context.Background()))
		}
		m, err := s.Metrics()
		if err != nil {
			t.Fatal(err)
		}
		w, shown := m.Get("weight"), m.Get("shown")
		for l, x := range w.Each {
			if want := math.Pow(2, float64(l)) * (2 + 4 + 16) / 3; !(math.Abs(x-want) <= 1e-6*want) {
				t.Errorf("weight of learner %d is %g, want %g", l, x, want)
			}
		}
		if !alone && (shown.Each[0] != 15./2 || shown.Each[2] != (12+13+14+15+16+17)/2.) || shown.Count != 6 || len(shown.Each) != 3 {
			t.Errorf("shown %+v", shown)
		}
		broken, cancel := context.WithCancelCause(context.Background())
		_, err = s.Evaluate(broken, func(done, _ int) {
			if done > 1 {
				cancel(errOwn)
			}
		})
		if !errors.Is(err, errOwn) {
			t.Errorf("an evaluation that is broken off: %v", err)
		}
		told := ""
		test, err := s.Evaluate(context.Background(), func(done, total int) { told += fmt.Sprint(done, "/", total, " ") })
		if err != nil {
			t.Fatal(err)
		}
		if x := test.Get("weight"); x.Count != 2 || !(math.Abs(x.Each[1]-32) <= 1e-4) || !strings.HasSuffix(told, "6/6 ") {
			t.Errorf("test %+v, told %s", x, told)
		}
		if m, err := s.Metrics(); err != nil || len(m) != 0 {
			t.Errorf("after an evaluation: %v, %v", m, err)
		}
		if s.EpochsMade() != 1.5 || s.Total() != 4 || s.Parameters() != 1 || s.RateNow() != 4 {
			t.Errorf("%g epochs, %d moments, %d parameters, rate %g", s.EpochsMade(), s.Total(), s.Parameters(), s.RateNow())
		}
		if err := s.Close(); err != nil || *opened != 0 {
			t.Errorf("%d tasks are open: %v", *opened, err)
		}
	}
}

// TestLost: a learner that diverges, or notes a fault, is lost, with the reason; the others go on, until none is left.
func TestLost(t *testing.T) {
	for what, c := range map[string]struct {
		system grower
		rate   float64
		is     error
		says   string
	}{
		"diverges": {grower{unlike: true}, 0x1p42, nets.ErrDiverged, "all 3 learners are lost, the last now: learners 0, 2, seeds 0, 2: training diverged: the mean weight is +Inf after step 4, and the weights w are not finite; want a rate below 4.398e+12"},
		"fault":    {grower{}, 2, nets.ErrFault, "learners 0–2, seeds 0–2: by step 10: cannot go on: weight: weight is too large, code 2"},
	} {
		for _, alone := range []bool{false, true} {
			c.system.alone = alone
			r, _ := run(c.system, small)
			r.Rate, r.Seed, r.Moments = c.rate, 0, 40
			s, err := r.Open(lab.CPU(t))
			if err != nil {
				t.Fatal(err)
			}
			if what == "diverges" { // learner 1 alone, at the first moment
				must.Do(t, s.Write(named(s, "w"), [][]float32{{1, 0x1p100, 1}}))
				must.Do(t, s.Step(context.Background()))
				m, err := s.Metrics()
				if w := m.Get("weight"); err != nil || w.Each[1] == w.Each[1] || w.Each[2] != 0x1p42 || w.Mean() != 0x1p42 || s.Lost()[0] != nil ||
					!errors.Is(s.Lost()[1], c.is) || !strings.Contains(nets.LostText(7, s.Lost()), "learner 1, seed 8: training diverged: the mean weight is +Inf after step 1") {
					t.Errorf("%s: %+v, %v, %v", what, w, err, s.Lost())
				}
				if err := s.Sound(); err != nil {
					t.Errorf("Sound: %v, with two learners left", err)
				}
			}
			for err == nil && s.Number() < s.Total() {
				if err = s.Step(context.Background()); err == nil {
					_, err = s.Metrics()
				}
			}
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, want %q", what, err, c.says)
			}
		}
	}
}

func named(s *nets.Session, name string) []nets.Named {
	for _, n := range s.Tensors() {
		if n.Name == name {
			return []nets.Named{n}
		}
	}
	return nil
}

// A drawer is a system and a task that draws two numbers whenever it is asked anything, all of which it remembers.
type drawer struct{ drawn *[]float32 }

func (d drawer) draw(p *nets.Pass) *compute.Tensor {
	for range 2 {
		x, all := p.Tensor(p.Learners, 1, 2), make([]float32, 2*p.Learners)
		p.Random(x, compute.Uniform(0, 1))
		p.Read(x, all)
		*d.drawn = append(*d.drawn, all...)
	}
	return p.Tensor(p.Learners, 1, 2)
}

func (d drawer) Start(p *nets.Pass) { d.draw(p) }
func (d drawer) Show(p *nets.Pass) nets.Moment {
	return nets.Moment{X: d.draw(p), First: p.Number%3 == 0, Last: p.Number%3 == 2}
}
func (d drawer) Step(p *nets.Pass, _ nets.Moment) *compute.Tensor     { return d.draw(p) }
func (d drawer) Judge(p *nets.Pass, _ nets.Moment, _ *compute.Tensor) { d.draw(p) }

// A drawingTask is a drawer too.
type drawingTask struct{ drawer }

func (drawer) Build(*nets.Store, nets.Spec) error { return nil }
func (drawingTask) Build(*nets.Store) (nets.Spec, error) {
	return nets.Spec{In: nets.Row(2), Out: 2, Examples: 1, Trial: 3, Epoch: 3}, nil
}

// TestStreams: no number that is drawn at random is drawn twice: by learners, system and task, in training and in a test, at
// the start and at moments; and trials end where they say so.
func TestStreams(t *testing.T) {
	var drawn []float32
	task := func() nets.Task { return drawingTask{drawer{drawn: &drawn}} }
	run := nets.Run{System: func() nets.System { return drawer{drawn: &drawn} }, Task: task, Test: task, Learners: 2, Moments: 4}
	s := must.Get(run.Open(lab.CPU(t)))(t)
	for k := range 4 {
		if s.Between() != (k%3 == 0) {
			t.Errorf("after %d moments, between trials: %t", k, s.Between())
		}
		must.Do(t, s.Step(context.Background()))
	}
	if _, err := s.Evaluate(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	const want = 2 * 2 * 2 * (1 + 3*(4+3)) // learners, numbers, draws; one start, three who draw at each moment
	seen := map[float32]bool{}
	for _, x := range drawn {
		seen[x] = true
	}
	// Of 2²⁴ numbers 176 are the same with a probability of 0.001, and as the seed decides they are not.
	if len(drawn) != want || len(seen) != want {
		t.Errorf("%d numbers were drawn, %d different ones, want %d", len(drawn), len(seen), want)
	}
}

// TestOn: a whole run, told as it goes.
func TestOn(t *testing.T) {
	r, opened := run(grower{}, small)
	r.Moments, r.Epochs = 0, 2
	told := ""
	if err := r.On(lab.CPU(t), 0, nil); err == nil || !strings.Contains(err.Error(), "told every 0") {
		t.Error(err)
	}
	must.Do(t, r.On(lab.CPU(t), 3, func(n int, m nets.Metrics) { told += fmt.Sprint(n, ":", m.Get("weight").Mean(), " ") }))
	if told != fmt.Sprint("3:", (2.+4+8)/3, " 4:16 ") || *opened != 0 {
		t.Errorf("%s, %d tasks open", told, *opened)
	}
	r.Moments, r.Rate = 700, 1 // more than the device keeps before the host adds them up
	err := r.On(lab.CPU(t), 700, func(n int, m nets.Metrics) {
		if w := m.Get("weight"); w.Mean() != 1 || w.Count != 700 {
			t.Errorf("after %d moments %+v", n, w)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// TestRunRefuses: a run that cannot be, and moments that are not as promised, are refused by what was found, and no task is
// left open.
func TestRunRefuses(t *testing.T) {
	with := func(change func(s *nets.Spec)) nets.Spec {
		s := small
		change(&s)
		return s
	}
	for want, c := range map[string]struct {
		spec   nets.Spec
		shape  []int
		change func(r *nets.Run)
	}{
		"without a System":           {small, nil, func(r *nets.Run) { r.System = nil }},
		"a rate of NaN":              {small, nil, func(r *nets.Run) { r.Rate = math.NaN() }},
		"-1 learners":                {small, nil, func(r *nets.Run) { r.Learners = -1 }},
		"MiB, and":                   {small, nil, func(r *nets.Run) { r.Learners = 1 << 36 }},
		"-1 moments":                 {small, nil, func(r *nets.Run) { r.Moments = -1 }},
		`schedule "exponential"`:     {small, nil, func(r *nets.Run) { r.Schedule.Kind = "exponential" }},
		"0 examples of 2":            {with(func(s *nets.Spec) { s.Examples = 0 }), nil, nil},
		"trials of -1 moments":       {with(func(s *nets.Spec) { s.Trial = -1 }), nil, nil},
		"0 classes":                  {with(func(s *nets.Spec) { s.Out, s.Classes = 0, true }), nil, nil},
		"an error of the system's":   {with(func(s *nets.Spec) { s.Out = 99 }), nil, nil},
		"does not learn from reward": {with(func(s *nets.Spec) { s.Rewards = true }), nil, nil},
		"X[2 1 2], want [3 1 2]":     {small, []int{2, 1, 2}, nil},
		"X[1 1 3], want [3 1 2]":     {small, []int{1, 1, 3}, nil},
		"Want[3 1 2], want [3 1 1]":  {with(func(s *nets.Spec) { s.Out, s.Classes = 2, true }), []int{3, 1, 2}, nil},
		"2 examples, and its Spec":   {small, []int{3, 2, 2}, nil},
		"the test shows 3 and wants 2": {small, nil, func(r *nets.Run) {
			r.Test = func() nets.Task { return &shower{with(func(s *nets.Spec) { s.In = nets.Row(3) }), nil, new(int)} }
		}},
		"the test task has no end": {small, nil, func(r *nets.Run) {
			r.Test = func() nets.Task { return &shower{with(func(s *nets.Spec) { s.Epoch = 0 }), nil, new(int)} }
		}},
	} {
		r, opened := run(grower{}, c.spec, c.shape...)
		if c.change != nil {
			c.change(&r)
		}
		err := r.On(lab.CPU(t), 1, func(int, nets.Metrics) {})
		if err == nil || !strings.Contains(err.Error(), want) || *opened != 0 {
			t.Errorf("%v, and %d tasks open, want an error with %q", err, *opened, want)
		}
	}
}

// TestSnapshot: what does not fit is refused by name.
func TestSnapshot(t *testing.T) {
	r, _ := run(grower{}, small)
	s := must.Get(r.Open(lab.CPU(t)))(t)
	w := named(s, "w")
	if err := s.Write(w, [][]float32{{1, 2}}); err == nil || !strings.Contains(err.Error(), "2 numbers for w, want 3 learners × [1]") {
		t.Errorf("Write: %v", err)
	}
	if _, err := s.Read([]nets.Named{{Name: "v"}}); err == nil || !strings.Contains(err.Error(), "no tensor is called v") {
		t.Errorf("Read: %v", err)
	}
}

// TestDegrees: an angle that is none is null in JSON, and back.
func TestDegrees(t *testing.T) {
	text, err := json.Marshal([]nets.Degrees{90, nets.Degrees(math.NaN())})
	if err != nil || string(text) != "[90,null]" {
		t.Errorf("%s, %v", text, err)
	}
	var back []nets.Degrees
	if err := json.Unmarshal(text, &back); err != nil || len(back) != 2 || back[0] != 90 || back[1] == back[1] {
		t.Errorf("%v, %v", back, err)
	}
}

// TestClosed: a run that has ended holds no tensors of a device that goes on, of its system, its task or its test.
func TestClosed(t *testing.T) {
	r, _ := run(grower{}, small)
	r.Test = r.Task
	s := must.Get(r.Open(lab.CPU(t)))(t)
	must.Do(t, s.Step(t.Context()))
	_, err := s.Evaluate(t.Context(), nil)
	_, read := s.Read(s.Tensors())
	must.Do(t, errors.Join(err, read, s.Close()))
	if _, err := s.Read(s.Tensors()); !errors.Is(err, compute.ErrReleased) {
		t.Errorf("%v, want ErrReleased", err)
	}
	if _, err := s.Evaluate(t.Context(), nil); !errors.Is(err, compute.ErrReleased) {
		t.Errorf("%v, want ErrReleased", err)
	}
}
