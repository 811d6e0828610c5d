package tasks_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"hebb/nets"
	"hebb/nets/nettest"
	"hebb/nets/recurrent"
	"hebb/nets/tasks"
)

// oracle answers classes as they are wanted, of so many, and 0 where nothing is.
func oracle(classes int, of func(x, want []float32) int) func(x, want []float32) []float32 {
	return func(x, want []float32) []float32 {
		y := make([]float32, of(x, want)*classes)
		for i, c := range want {
			y[i*classes+int(c)] = 1
		}
		return y
	}
}

// always answers a class, of so many.
func always(class, classes, inputs int) func(x, want []float32) []float32 {
	return func(x, _ []float32) []float32 {
		y := make([]float32, len(x)/inputs*classes)
		for i := class; i < len(y); i += classes {
			y[i] = 1
		}
		return y
	}
}

// within requires that a share of n draws is p, but for five standard deviations.
func within(t *testing.T, what string, got, p, n float64) {
	t.Helper()
	if !(math.Abs(got-p) <= 5*math.Sqrt(p*(1-p)/n)) {
		t.Errorf("%s is %g of %g draws, want %g", what, got, n, p)
	}
}

// TestAddition: two numbers of a trial are marked, one in each half, and their sum is wanted at its end; the answer 1 has the
// error 1/6, and what is drawn is each learner's, trial's and test's own.
func TestAddition(t *testing.T) {
	const length, batch, trials = 7, 50, 6
	task := func() nets.Task { return &tasks.Addition{Length: length, Batch: batch} }
	w, learned, _ := watch(t, task, length*trials, func(x, _ []float32) []float32 { return slices.Repeat([]float32{1}, len(x)/3) })
	firsts, moments := map[float32]bool{}, make([]float64, length)
	for trial := range trials + 1 { // and the first of the test
		shown := w.shown[trial*length:][:length]
		firsts[shown[0].x[0]], firsts[shown[0].x[3*batch]] = true, true
		for i := range 2 * batch {
			sum, marks := float32(0), []int(nil)
			for k, s := range shown {
				number, mark, one := s.x[3*i], s.x[3*i+1], s.x[3*i+2]
				if mark == 1 {
					marks = append(marks, k)
					moments[k]++
					sum += number
				}
				if number < 0 || number >= 1 || mark*(1-mark) != 0 || one != 1 || s.first != (k == 0) || s.last != (k == length-1) || (s.want == nil) == s.last {
					t.Fatalf("moment %d of trial %d: %+v", k, trial, s)
				}
			}
			if len(marks) != 2 || marks[0] >= length/2 || marks[1] < length/2 || shown[length-1].want[i] != sum {
				t.Fatalf("example %d of trial %d is marked at %v, and wants %g, not %g", i, trial, marks, shown[length-1].want[i], sum)
			}
		}
	}
	if len(firsts) != 2*(trials+1) {
		t.Errorf("%d first numbers of %d trials and two learners", len(firsts), trials+1)
	}
	for k, n := range moments {
		p := 1. / 3
		if k >= length/2 {
			p = 1. / 4
		}
		within(t, "a mark", n/(2*batch*(trials+1)), p, 2*batch*(trials+1))
	}
	for _, e := range learned.Get("error").Each { // the variance of (y − 1)² is 1/15 − 1/36
		if n := float64(batch * trials); math.Abs(e-1./6) > 5*math.Sqrt((1./15-1./36)/n) {
			t.Errorf("the error of 1 is %g, want 1/6", e)
		}
	}
}

// TestCopy: the symbols that were shown are wanted in their order, after a cue; to know them is an accuracy of 1, and one of them
// always 1/symbols.
func TestCopy(t *testing.T) {
	const length, items, symbols, batch, trials = 9, 3, 4, 40, 5
	task := func() nets.Task { return &tasks.Copy{Length: length, Items: items, Symbols: symbols, Batch: batch} }
	w, learned, tested := watch(t, task, length*trials, oracle(symbols, func(x, _ []float32) int { return len(x) / (symbols + 2) }))
	near(t, "accuracy", learned.Get("accuracy").Each, 1, 1)
	near(t, "accuracy of a test", tested.Get("accuracy").Each, 1, 1)
	count := make([]float64, symbols)
	for trial := range trials + 1 {
		shown := w.shown[trial*length:][:length]
		for i := range 2 * batch {
			for k, s := range shown {
				x := s.x[i*(symbols+2):][:symbols+2]
				is := slices.Index(x, 1)
				want := symbols // a blank
				switch {
				case k < items:
					want = int(shown[length-items+k].want[i])
					count[is%symbols]++
				case k == length-items:
					want = symbols + 1
				}
				if is != want || slices.Max(x)+slices.Min(x) != 1 || (s.want != nil) != (k >= length-items) {
					t.Fatalf("moment %d of example %d: %v, want symbol %d", k, i, x, want)
				}
			}
		}
	}
	for _, n := range count {
		within(t, "a symbol", n/(2*batch*items*(trials+1)), 1./symbols, 2*batch*items*(trials+1))
	}
	_, learned, _ = watch(t, task, length*trials, always(2, symbols, symbols+2))
	within(t, "the accuracy of a symbol", learned.Get("accuracy").Each[1], 1./symbols, batch*items*trials)
}

// TestAnBn: strings are s aⁿ bⁿ with pauses, the next symbol is wanted at each of theirs, and scored are those that can be known.
func TestAnBn(t *testing.T) {
	const most, length, batch, trials = 3, 24, 40, 5
	task := func() nets.Task { return &tasks.AnBn{Most: most, Pause: 0.4, Length: length, Batch: batch} }
	w, learned, tested := watch(t, task, length*trials, oracle(3, func(x, _ []float32) int { return len(x) / 3 }))
	for _, m := range []nets.Metrics{learned, tested} {
		near(t, "strings", m.Get("strings").Each, 1, 1)
		near(t, "accuracy", m.Get("accuracy").Each, 1, 1)
	}
	count, early, begun := make([]float64, most), 0., 0.
	for trial := range trials {
		shown := w.shown[trial*length:][:length]
		for i := range 2 * batch {
			text, wants := "", ""
			for k, s := range shown {
				x := s.x[3*i:][:3]
				is := slices.Index(x, 1)
				if is < 0 && slices.Max(x) == 0 && slices.Min(x) == 0 {
					continue // a pause, or the end
				}
				if len(text) == 1 {
					early += float64(k)
					begun++
				}
				text, wants = text+"abs"[is:is+1], wants+"abs"[int(s.want[i]):][:1]
			}
			n := strings.Count(text, "a")
			if whole := "s" + strings.Repeat("a", n) + strings.Repeat("b", n) + "s"; n < 1 || n > most || !strings.HasPrefix(whole, text) || wants != whole[1:len(text)+1] {
				t.Fatalf("string %q wants %q", text, wants)
			}
			count[n-1]++
		}
	}
	for _, n := range count {
		within(t, "a length", n/(2*batch*trials), 1./most, 2*batch*trials)
	}
	// The second symbol comes after 1/0.6 moments on average, with a variance of 0.4/0.6².
	if mean := early / begun; math.Abs(mean-1/0.6) > 5*math.Sqrt(0.4/0.36/begun) {
		t.Errorf("the second symbol comes after %g moments", mean)
	}
	// All but the last symbol of each string, and of n = 1 there is but one.
	_, learned, _ = watch(t, task, length*trials, always(1, 3, 3))
	if all := learned.Get("strings").Each; all[0] > 0.05 || all[1] > 0.05 { // cut strings
		t.Errorf("always b gets %v of the strings", all)
	}
	_, learned, _ = watch(t, task, length*trials, always(2, 3, 3))
	within(t, "the strings of always s", learned.Get("strings").Each[0], 1./most, batch*trials)
}

// TestDrawnTrials: a system keeps its promises on trials that are drawn, with masks and without.
func TestDrawnTrials(t *testing.T) {
	for _, task := range []func() nets.Task{
		func() nets.Task { return &tasks.Addition{Length: 3, Batch: 250} },
		func() nets.Task { return &tasks.Copy{Length: 4, Items: 1, Symbols: 2, Batch: 250} },
		func() nets.Task { return &tasks.AnBn{Most: 2, Pause: 0.3, Length: 6, Batch: 250} },
		func() nets.Task {
			return &tasks.Evidence{Step: 1, Cues: 1, Period: 2, Length: 1, Delay: 0, Recall: 2, Rate: 500, Background: 100, Odds: 1, Group: 1, Batch: 256}
		},
		func() nets.Task {
			return &tasks.Pattern{Step: 1, Length: 4, Inputs: 2, Rate: 500, Periods: []float64{3}}
		},
	} {
		nettest.System(t, func() nets.System {
			return &recurrent.Readout{Leaky: recurrent.Leaky{Units: 3, Tau: 2, Gain: 1}, Optimiser: nets.SGD{Momentum: 0.5}}
		}, task)
	}
}
