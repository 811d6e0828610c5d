package tasks_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/tasks"
)

// TestPairs: the predictor comes at its moment and the reflex at one of those that jitter allows, each as often, with
// the third factor; the answer in the moment before the reflex is counted.
func TestPairs(t *testing.T) {
	const period, predictor, reflex, jitter, third, periods = 12, 3, 6, 2, 3, 200
	task := func() nets.Task {
		return &tasks.Pairs{Period: period, Predictor: predictor, Reflex: reflex, Jitter: jitter, Third: third}
	}
	moment := 0
	answer := func(_, _ []float32) []float32 { // the moment of the period, and twice of it
		y := float32(moment % period)
		moment++
		return []float32{y, 2 * y}
	}
	w, learned, tested := watch(t, task, periods*period, answer)
	ats, early, some := [2][]int{}, [2]float64{}, map[int]int{}
	for k := range periods {
		for l := range 2 {
			at := -1
			for i, m := range w.shown[k*period:][:period] {
				x := m.x[3*l:][:3]
				if m.first != (i == 0) || m.last != (i == period-1) || (x[1] == 1) != (i == predictor) || x[0]*x[0] != x[0] || x[1]*x[1] != x[1] {
					t.Fatalf("moment %d of period %d shows %v, first %t, last %t", i, k, x, m.first, m.last)
				}
				if x[0] == 1 {
					at = i
				}
				if on := at >= 0 && i < at+third; (x[2] == 1) != on || x[2] != 0 && !on {
					t.Errorf("moment %d of period %d: the third factor is %g and the reflex was at %d", i, k, x[2], at)
				}
			}
			if at < reflex-jitter || at > reflex+jitter {
				t.Errorf("period %d has a reflex at %d", k, at)
			}
			ats[l] = append(ats[l], at)
			some[at]++
			early[l] += float64(l+1) * float64(at-1) / periods
		}
	}
	if slices.Equal(ats[0], ats[1]) {
		t.Error("both learners have their reflexes at the same moments")
	}
	for at, n := range some { // within five standard deviations of a binomial
		if p := 1. / (2*jitter + 1); math.Abs(float64(n)-2*periods*p) > 5*math.Sqrt(2*periods*p*(1-p)) {
			t.Errorf("%d of %d reflexes are at %d", n, 2*periods, at)
		}
	}
	near(t, "reflex", learned.Get("reflex").Each, 1, 1)
	near(t, "anticipation", learned.Get("anticipation").Each, early[0], early[1])
	if n := tested.Get("reflex").Count; n != 1 {
		t.Errorf("a test has %g periods, want 1", n)
	}
}

// TestUntil: a trial that begins at Until or later has neither a reflex nor a third factor.
func TestUntil(t *testing.T) {
	task := func() nets.Task { return &tasks.Pairs{Period: 7, Predictor: 4, Reflex: 2, Until: 8, Third: 2} }
	w, learned, _ := watch(t, task, 21, func(x, _ []float32) []float32 { return []float32{0, 0} })
	for i, m := range w.shown[:21] {
		want := map[int][]float32{2: {1, 0, 1}, 3: {0, 0, 1}, 4: {0, 1, 0}}[i%7]
		if want == nil || i > 14 && i%7 != 4 {
			want = []float32{0, 0, 0}
		}
		if !slices.Equal(m.x[:3], want) {
			t.Errorf("moment %d shows %v, want %v", i, m.x[:3], want)
		}
	}
	near(t, "reflex", learned.Get("reflex").Each, 2./3, 2./3)
}

// TestLoop: the answer in the moment before the reflex is what it lacks, down to nothing.
func TestLoop(t *testing.T) {
	task := func() nets.Task { return &tasks.Pairs{Period: 7, Predictor: 1, Reflex: 4, Closed: true} }
	moment := 0
	answer := func(_, _ []float32) []float32 {
		y := float32(0.25) * float32(moment%7) / 3
		moment++
		return []float32{y, 5 * y}
	}
	w, learned, tested := watch(t, task, 14, answer)
	for i, m := range w.shown {
		want := []float32{0, 0, 0, 0}
		switch i % 7 {
		case 1:
			want = []float32{0, 1, 0, 1}
		case 4:
			want = []float32{0.75, 0, 0, 0}
		}
		if !slices.Equal(m.x, want) || m.first != (i%7 == 0) || m.last != (i%7 == 6) {
			t.Errorf("moment %d shows %v, first %t, last %t, want %v", i, m.x, m.first, m.last, want)
		}
	}
	for _, m := range []nets.Metrics{learned, tested} {
		near(t, "anticipation", m.Get("anticipation").Each, 0.25, 1.25)
		near(t, "reflex", m.Get("reflex").Each, 0.75, 0)
	}
}

// TestForage: a robot that steers by its far sensors, and one that goes straight on, are where geometry puts them, and
// see what it says.
func TestForage(t *testing.T) {
	f := tasks.Forage{Moments: 60, Speed: 0.02, Gain: 0.5, Eyes: 0.1, Near: 0.9, Far: 1.2, Dead: 0.02, Offset: 0.4, Contact: 0.06}
	task := func() nets.Task {
		fresh := f
		return &fresh
	}
	w := &watcher{answer: func(x, _ []float32) []float32 { return []float32{0.5 * x[1], 0} }}
	s := lab.Make(t, lab.CPU(t), nets.Run{System: func() nets.System { return w }, Task: task, Learners: 2, Seed: 5}, 1)
	// Where they are once they have moved ahead for the first time, from the first.
	type robot struct{ a, b, peak, reached float64 }
	var robots [2]robot
	for l, b := range lab.Values(t, s)["task.left"] {
		tau := math.Tanh(float64(f.Gain) * float64(w.answer(w.shown[0].x, nil)[l]))
		// (a, b) has the length 1, and b is known turned: b' = (b − a·τ)/√(1+τ²), solved by the angle.
		angle := math.Asin(float64(b)) + math.Atan(tau)
		robots[l] = robot{a: math.Cos(angle), b: math.Sin(angle)}
		if math.Abs(robots[l].b) > float64(f.Offset) {
			t.Errorf("robot %d has its food at %g to the left, want at most %g", l, robots[l].b, f.Offset)
		}
	}
	lab.On(t, s, f.Moments-1)
	for k, m := range w.shown {
		answers := w.answer(m.x, nil)
		for l := range robots {
			r := &robots[l]
			left, right := math.Hypot(r.a, r.b-float64(f.Eyes)), math.Hypot(r.a, r.b+float64(f.Eyes))
			signal := func(reach float32) float64 { return max(0, 1-left/float64(reach)) - max(0, 1-right/float64(reach)) }
			near, far := signal(f.Near), signal(f.Far)
			near = math.Copysign(max(0, math.Abs(near)-float64(f.Dead)), near)
			if r.reached == 1 {
				near, far = 0, 0
			}
			r.peak = max(r.peak, math.Abs(near))
			if x := m.x[2*l:][:2]; math.Abs(float64(x[0])-near) > 1e-5 || math.Abs(float64(x[1])-far) > 1e-5 || m.first != (k == 0) || m.last != (k == f.Moments-1) {
				t.Fatalf("moment %d shows %v to robot %d, first %t, last %t; want %g and %g", k, x, l, m.first, m.last, near, far)
			}
			tau := math.Tanh(float64(f.Gain) * float64(answers[l]))
			n := math.Sqrt(1 + tau*tau)
			r.a, r.b = (r.a+r.b*tau)/n-float64(f.Speed), (r.b-r.a*tau)/n
			if math.Hypot(r.a, r.b) < float64(f.Contact) {
				r.reached = 1
			}
		}
	}
	if robots[0].reached != 1 || robots[1].reached != 0 || robots[0].peak == 0 || robots[1].peak == 0 {
		t.Errorf("robots come to %+v, want the first alone to reach its food, and reflexes of both", robots)
	}
	m := lab.Metrics(t, s)
	near(t, "contacts", m.Get("contacts").Each, 1, 0)
	near(t, "by reflex", m.Get("by reflex").Each, 1, 0)
	for l, peak := range m.Get("reflex").Each {
		if math.Abs(peak-robots[l].peak) > 1e-5 {
			t.Errorf("robot %d has a reflex of %g, want %g", l, peak, robots[l].peak)
		}
	}
}

// TestUnfelt: food that is found without a reflex is not found by reflex.
func TestUnfelt(t *testing.T) {
	task := func() nets.Task {
		return &tasks.Forage{Moments: 60, Speed: 0.02, Gain: 0.5, Eyes: 0.1, Near: 0.9, Far: 1.2, Dead: 1, Offset: 0.4, Contact: 0.06}
	}
	_, learned, _ := watch(t, task, 60, func(x, _ []float32) []float32 { return []float32{0.5 * x[1], 0.5 * x[3]} })
	near(t, "contacts", learned.Get("contacts").Each, 1, 1)
	near(t, "by reflex", learned.Get("by reflex").Each, 0, 0)
}

// TestWrongWorlds: settings that cannot be, and answers that are not one number, are refused by what was found.
func TestWrongWorlds(t *testing.T) {
	forage := func(change func(*tasks.Forage)) nets.Task {
		f := tasks.Forage{Moments: 200, Speed: 0.01, Gain: 0.002, Eyes: 0.1, Near: 0.25, Far: 1, Dead: 0.15, Offset: 0.25, Contact: 0.05}
		change(&f)
		return &f
	}
	for want, task := range map[string]nets.Task{
		"a jitter of -1":                      &tasks.Pairs{Period: 9, Predictor: 1, Reflex: 3, Jitter: -1},
		"a predictor at 9":                    &tasks.Pairs{Period: 9, Predictor: 9, Reflex: 3},
		"a reflex at 0 to 6, by its jitter":   &tasks.Pairs{Period: 9, Predictor: 1, Reflex: 3, Jitter: 3},
		"a reflex at 7 to 9":                  &tasks.Pairs{Period: 9, Predictor: 1, Reflex: 8, Jitter: 1},
		"speed 1, want a number above 0":      forage(func(f *tasks.Forage) { f.Speed = 1 }),
		"near 0, want a number above 1e-06":   forage(func(f *tasks.Forage) { f.Near = 0 }),
		"near 0.25 and far 0.2, want near at": forage(func(f *tasks.Forage) { f.Far = 0.2 }),
		"gain NaN":                            forage(func(f *tasks.Forage) { f.Gain = float32(math.NaN()) }),
		"1 moments, dead 0.15 and offset 1":   forage(func(f *tasks.Forage) { f.Moments, f.Offset = 1, 1 }),
		"pairs: the system answers [1 1 2], ": &tasks.Pairs{Period: 9, Predictor: 1, Reflex: 3},
		"forage: the system answers [1 1 2],": forage(func(*tasks.Forage) {}),
	} {
		w := &watcher{answer: func(x, _ []float32) []float32 { return x }}
		s, err := nets.Run{System: func() nets.System { return &wide{w} }, Task: func() nets.Task { return task }}.Open(lab.CPU(t))
		if err == nil {
			err = s.Step(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}

// A wide watcher answers two numbers.
type wide struct{ *watcher }

func (w *wide) Build(s *nets.Store, spec nets.Spec) error {
	err := w.watcher.Build(s, spec)
	w.out = 2
	return err
}
