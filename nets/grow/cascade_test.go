package grow_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"hebb/nets"
	"hebb/nets/grow"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/tasks"
)

// small is a network with short phases.
func small() nets.System {
	return &grow.Cascade{Units: 3, Candidates: 3, CandidateRate: 100, Mu: 2, Patience: 1, Epochs: 2, Low: -0.5}
}

func parity() nets.Task { return &tasks.Parity{Bits: 3} }

func TestVerify(t *testing.T) {
	lab.Verify(t, nets.Run{System: small, Task: parity, Test: parity, Learners: 2, Rate: 0.35}, 5)
}

func TestPromises(t *testing.T) { nettest.System(t, small, parity) }

// TestApart: learners that grow at different times have the same bits as alone.
func TestApart(t *testing.T) {
	const learners, moments = 3, 150
	system := func() nets.System {
		c := grow.Systems[0].System().(*grow.Cascade)
		c.Units, c.Candidates = 5, 4
		return c
	}
	run := func(seed uint64, n int) map[string][]float32 {
		r := nets.Run{System: system, Task: func() nets.Task { return &tasks.Parity{Bits: 4} }, Learners: n, Seed: seed, Rate: 0.35}
		return lab.Values(t, lab.Make(t, lab.CPU(t), r, moments))
	}
	all := run(7, learners)
	if since := all["since"]; since[0] == since[1] && since[1] == since[2] {
		t.Errorf("phases have lasted for %v epochs, want them apart", since)
	}
	for l := range learners {
		for name, want := range run(7+uint64(l), 1) {
			if got := all[name][l*len(want):][:len(want)]; !slices.Equal(got, want) {
				t.Errorf("%s of learner %d is not that of its seed alone", name, l)
			}
		}
	}
}

// TestEvaluated: a grown network computed unit after unit gives the same answer as its kept activities.
func TestEvaluated(t *testing.T) {
	r := nets.Run{System: small, Task: parity, Test: parity, Learners: 2, Rate: 0.35}
	s := lab.Make(t, lab.CPU(t), r, 13) // three units
	lab.Metrics(t, s)
	tested, err := s.Evaluate(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	lab.On(t, s, 1)
	now := lab.Metrics(t, s)
	for l := range 2 {
		if u, a, b := now.Get("units").Each[l], tested.Get("error").Each[l], now.Get("error").Each[l]; u != 3 || math.Abs(a-b) > 1e-5*b {
			t.Errorf("with %g units the error of learner %d is %g in the test and %g in training, want 3 units and the same", u, l, a, b)
		}
	}
}

// TestClasses: a class is learned exactly like the numbers 0 and 1, to the bit.
func TestClasses(t *testing.T) {
	x := []float32{1, 0.5, -1, 0.25, 2, 1}
	var all [][]float32
	for _, b := range []tasks.Batch{
		{In: nets.Row(2), Out: 2, X: x, Classes: true, Want: []float32{1, 0, 1}},
		{In: nets.Row(2), Out: 2, X: x, Want: []float32{0, 1, 1, 0, 0, 1}},
	} {
		system := func() nets.System { c := small().(*grow.Cascade); c.Low = 0; return c }
		s := lab.Make(t, lab.CPU(t), nets.Run{System: system, Task: func() nets.Task { b := b; return &b }, Learners: 2, Rate: 0.35}, 9)
		v := lab.Values(t, s)
		all = append(all, slices.Concat(v["out"], v["hidden"], v["units"]))
	}
	if !slices.Equal(all[0], all[1]) {
		t.Errorf("weights are %v of classes and %v of numbers", all[0], all[1])
	}
}

// TestEnds: a learner that has ended says how, and the run ends when all have.
func TestEnds(t *testing.T) {
	large := &tasks.Batch{In: nets.Row(1), Out: 1, X: []float32{1e6, 2e6, 3e6, 4e6}, Want: []float32{0.5, -0.5, -0.5, 0.5}}
	for want, c := range map[string]struct {
		task  nets.Task
		units int
		low   float32
	}{
		"all examples are learned, with": {&tasks.XOR{}, 5, 0},
		"its limit of 1 units":           {&tasks.Parity{Bits: 4}, 1, -0.5},
		"none of 8 candidates":           {large, 5, -0.5},
	} {
		system := func() nets.System {
			s := grow.Systems[0].System().(*grow.Cascade)
			s.Units, s.Low = c.units, c.low
			return s
		}
		s := lab.Make(t, lab.CPU(t), nets.Run{System: system, Task: func() nets.Task { return c.task }, Learners: 2, Seed: 1, Rate: 0.35}, 0)
		moments := 0
		for ; !s.Ended() && moments < 2000; moments += 50 {
			lab.On(t, s, 50)
			lab.Metrics(t, s)
		}
		for l := range 2 {
			if why := s.Finished()[l]; s.Lost()[l] != nil || !errors.Is(why, nets.ErrFinished) || !strings.Contains(why.Error(), want) {
				t.Errorf("after %d moments learner %d: %v, lost %v, want %q", moments, l, why, s.Lost()[l], want)
			}
		}
		at := lab.Values(t, s)
		lab.On(t, s, 5)
		for name, x := range lab.Values(t, s) {
			if strings.HasPrefix(name, "optimiser.") || name == "draw" { // they forget slopes, and are drawn for nobody
				continue
			}
			if !slices.Equal(x, at[name]) {
				t.Errorf("%s: %s changes after the end", want, name)
			}
		}
	}
}

func TestWrong(t *testing.T) {
	with := func(f func(*grow.Cascade)) nets.Run {
		return nets.Run{System: func() nets.System { c := small().(*grow.Cascade); f(c); return c }, Task: parity}
	}
	other := with(func(*grow.Cascade) {})
	other.Task = func() nets.Task { return &tasks.Sines{Period: 4, Outputs: 1, Cue: 1} }
	for want, r := range map[string]nets.Run{
		"0 units":              with(func(c *grow.Cascade) { c.Units = 0 }),
		"0 candidates":         with(func(c *grow.Cascade) { c.Candidates = 0 }),
		"a patience of 0":      with(func(c *grow.Cascade) { c.Patience = 0 }),
		"0 epochs":             with(func(c *grow.Cascade) { c.Epochs = 0 }),
		"candidate rate of -1": with(func(c *grow.Cascade) { c.CandidateRate = -1 }),
		"mu NaN":               with(func(c *grow.Cascade) { c.Mu = float32(math.NaN()) }),
		"low 1":                with(func(c *grow.Cascade) { c.Low = 1 }),
		"shows other examples": other,
	} {
		if _, err := r.Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}
