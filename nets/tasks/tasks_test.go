package tasks_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/tasks"
)

// A watcher answers what a test says and keeps what it was shown, learners × examples × numbers.
type watcher struct {
	answer  func(x, want []float32) []float32 // want is nil where nothing is
	out     int
	shown   []shown
	rewards [][]float32 // learners × examples
}

// Reward keeps the rewards of a moment.
func (w *watcher) Reward(p *nets.Pass, reward *compute.Tensor) {
	r := make([]float32, reward.Len())
	p.Read(reward, r)
	w.rewards = append(w.rewards, r)
}

type shown struct {
	x, want     []float32
	first, last bool
	learning    bool
	mask        []float32
}

func (w *watcher) Build(s *nets.Store, spec nets.Spec) error {
	s.Weights("none", nets.Zeros, 1)
	w.out = max(spec.Out, 1) // where nothing is wanted, a number
	return nil
}

func (w *watcher) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	all := func(t *compute.Tensor) (x []float32) {
		if t != nil {
			t = p.All(t)
			x = make([]float32, t.Len())
			p.Read(t, x)
		}
		return x
	}
	s := shown{all(m.X), all(m.Want), m.First, m.Last, p.Learning, all(m.Mask)}
	w.shown = append(w.shown, s)
	y := p.Tensor(p.Learners, m.Examples(), w.out)
	p.Write(y, w.answer(s.x, s.want))
	return y
}

// watch makes moments of a task for two learners, and then an evaluation by the same task.
func watch(t *testing.T, task func() nets.Task, moments int, answer func(x, want []float32) []float32) (w *watcher, learned, tested nets.Metrics) {
	t.Helper()
	w = &watcher{answer: answer}
	r := nets.Run{System: func() nets.System { return w }, Task: task, Test: task, Learners: 2, Seed: 5}
	s := lab.Make(t, lab.CPU(t), r, moments)
	learned = lab.Metrics(t, s)
	tested, err := s.Evaluate(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return w, learned, tested
}

func near(t *testing.T, what string, got []float64, want ...float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s is %v, want %v", what, got, want)
		return
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= 1e-6*math.Abs(want[i])) {
			t.Errorf("%s of learner %d is %.9g, want %.9g", what, i, got[i], want[i])
		}
	}
}

func TestSines(t *testing.T) {
	task := func() nets.Task { return &tasks.Sines{Period: 8, Outputs: 2, Cue: 3} }
	zeros := func(x, _ []float32) []float32 { return make([]float32, 2*len(x)) }
	w, learned, tested := watch(t, task, 16, zeros)
	if len(w.shown) != 32 {
		t.Fatalf("%d moments were shown, want 16 of a trial and 16 of a test", len(w.shown))
	}
	for i, m := range w.shown {
		at := i % 16
		if m.first != (at == 0) || m.last != (at == 15) || m.learning != (i < 16) {
			t.Errorf("moment %d of the trial: first %t, last %t, learning %t", at, m.first, m.last, m.learning)
		}
		cue := float32(0)
		if at < 3 {
			cue = 1
		}
		if !slices.Equal(m.x, []float32{cue, cue}) {
			t.Errorf("moment %d shows %v, want %g", at, m.x, cue)
		}
		for k, want := range m.want {
			if exact := math.Sin(2 * math.Pi * float64(k%2+1) * float64(at) / 8); math.Abs(float64(want)-exact) > 1e-7 {
				t.Errorf("moment %d wants %g of output %d, want %g", at, want, k, exact)
			}
		}
	}
	// The mean square of a sine over its periods is ½.
	near(t, "the error of zeros", learned.Get("error").Each, 0.5, 0.5)
	near(t, "the error of zeros in the test", tested.Get("error").Each, 0.5, 0.5)
}

// TestCodes: each learner sees all codes and has to give them back; numbers within 0.4 are near.
func TestCodes(t *testing.T) {
	answer := func(_, want []float32) []float32 {
		y := slices.Clone(want)
		y[0], y[1], y[2] = y[0]-0.39, y[1]+0.41, y[2]-0.41 // of the first learner
		return y
	}
	w, _, tested := watch(t, func() nets.Task { return &tasks.Codes{Bits: 3} }, 1, answer)
	want := []float32{1, 0, 0, 0, 1, 0, 0, 0, 1}
	for _, s := range w.shown {
		if !slices.Equal(s.x, slices.Concat(want, want)) || !slices.Equal(s.want, s.x) {
			t.Errorf("%v is shown and %v wanted, want %v of both learners", s.x, s.want, want)
		}
	}
	if near := tested.Get("near").Each; math.Abs(near[0]-7./9) > 1e-6 || near[1] != 1 {
		t.Errorf("%v are near, want 7/9 and all", near)
	}
}

func TestXOR(t *testing.T) {
	// Learner 0 is right of the first example alone, learner 1 is right but for the last example.
	answer := func(_, want []float32) []float32 {
		return []float32{0.4, 0.4, 0.4, 0.6, want[4], want[5], want[6], 1}
	}
	w, learned, tested := watch(t, func() nets.Task { return &tasks.XOR{} }, 3, answer)
	for b := range 2 {
		for i := range 4 {
			x := w.shown[0].x[(4*b+i)*3:][:3]
			if exclusive := (x[0] != x[1]); x[2] != 1 || (w.shown[0].want[4*b+i] == 1) != exclusive {
				t.Errorf("example %d is %v and wants %g", i, x, w.shown[0].want[4*b+i])
			}
		}
	}
	for _, m := range []nets.Metrics{learned, tested} {
		near(t, "accuracy", m.Get("accuracy").Each, 0.25, 0.75)
		near(t, "error", m.Get("error").Each, (0.16+3*0.36)/4, 0.25)
	}
}

func TestBatch(t *testing.T) {
	task := func() nets.Task {
		return &tasks.Batch{In: nets.Row(1), Out: 3, Classes: true, X: []float32{7, 8}, Want: []float32{2, 0}}
	}
	answer := func(_, _ []float32) []float32 { return []float32{0, 1, 2, 0, 1, 0, 5, 5, 5, 1, 0, 0} }
	_, learned, tested := watch(t, task, 2, answer)
	for _, m := range []nets.Metrics{learned, tested} {
		near(t, "accuracy", m.Get("accuracy").Each, 0.5, 0.5)
	}
	for want, b := range map[string]tasks.Batch{
		"2 numbers of X and 3 of Want":          {In: nets.Row(1), Out: 1, X: []float32{1, 2}, Want: []float32{1, 2, 3}},
		"3 numbers of X":                        {In: nets.Row(2), Out: 1, X: []float32{1, 2, 3}, Want: []float32{1}},
		"0 numbers of X":                        {In: nets.Row(2), Out: 1},
		"class of example 1 is 2, want a whole": {In: nets.Row(1), Out: 2, Classes: true, X: []float32{1, 2}, Want: []float32{1, 2}},
		"class of example 0 is 0.5":             {In: nets.Row(1), Out: 2, Classes: true, X: []float32{1}, Want: []float32{0.5}},
	} {
		if err := b.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}

func TestRecall(t *testing.T) {
	const bits, patterns, flip = 400, 30, 0.1
	task := func() nets.Task { return &tasks.Recall{Bits: bits, Patterns: patterns, Flip: flip} }
	echo := func(x, _ []float32) []float32 { return x }
	w, learned, tested := watch(t, task, 3, echo)
	stored := w.shown[0].x
	if w.shown[0].want != nil || len(w.shown) != 5 {
		t.Fatalf("%d moments, the first of which wants %d numbers; want 5, and none", len(w.shown), len(w.shown[0].want))
	}
	if n := 2 * bits * patterns; len(stored) != n || slices.Equal(stored[:n/2], stored[n/2:]) {
		t.Errorf("%d numbers of two learners, want %d, of each its own", len(stored), n)
	}
	for i, m := range w.shown {
		test := i == 3 || i == 4
		if i == 0 || i == 3 {
			if !slices.Equal(m.x, stored) || m.want != nil {
				t.Errorf("moment %d does not show the patterns alone", i)
			}
			continue
		}
		if !slices.Equal(m.want, stored) {
			t.Errorf("moment %d, test %t, wants other patterns than were stored", i, test)
		}
		flips := 0.
		for k, x := range m.x {
			if x*x != 1 {
				t.Fatalf("moment %d shows %g, want ±1", i, x)
			}
			if x != stored[k] {
				flips++
			}
		}
		// Five standard deviations of a binomial.
		if n := float64(len(m.x)); math.Abs(flips/n-flip) > 5*math.Sqrt(flip*(1-flip)/n) {
			t.Errorf("moment %d flips %g of the bits, want %g", i, flips/n, flip)
		}
	}
	if slices.Equal(w.shown[1].x, w.shown[2].x) || slices.Equal(w.shown[1].x, w.shown[4].x) {
		t.Error("two moments flip the same bits")
	}
	right := func(l int, moments ...int) float64 {
		n, all := 0., 0.
		for _, i := range moments {
			for k := l * bits * patterns; k < (l+1)*bits*patterns; k++ {
				if all++; w.shown[i].x[k] == stored[k] {
					n++
				}
			}
		}
		return n / all
	}
	near(t, "bits right", learned.Get("bits right").Each, right(0, 1, 2), right(1, 1, 2))
	near(t, "bits right in the test", tested.Get("bits right").Each, right(0, 4), right(1, 4))
}

// TestNamed: each use of a name is a task of its own, whose settings text can set.
func TestNamed(t *testing.T) {
	for _, n := range tasks.Tasks {
		if c, ok := n.Task().(nets.Checker); ok {
			if err := c.Check(); err != nil {
				t.Errorf("the defaults of %s: %v", n.Name, err)
			}
		}
	}
	recall := tasks.Tasks[2].Task()
	if _, err := toml.Decode("patterns = 3\nflip = 0.5", recall); err != nil {
		t.Fatal(err)
	}
	want := []nets.Setting{{Name: "bits", Value: "200"}, {Name: "patterns", Value: "3"}, {Name: "flip", Value: "0.5"}}
	if got := nets.Settings(recall); !slices.Equal(got, want) {
		t.Errorf("settings are %v, want %v", got, want)
	}
	want[1].Value, want[2].Value = "15", "0.1"
	if got := nets.Settings(tasks.Tasks[2].Task()); !slices.Equal(got, want) {
		t.Errorf("the settings of another use are %v, want %v", got, want)
	}
}

func TestWrongSettings(t *testing.T) {
	for want, c := range map[string]nets.Checker{
		"a period of 1":                           &tasks.Sines{Period: 1, Outputs: 1, Cue: 1},
		"0 outputs":                               &tasks.Sines{Period: 9, Cue: 1},
		"a cue of 19":                             &tasks.Sines{Period: 9, Outputs: 1, Cue: 19},
		"0 patterns":                              &tasks.Recall{Bits: 4},
		"patterns of 1 bits":                      &tasks.Recall{Bits: 1, Patterns: 1},
		"with probability 1.5":                    &tasks.Recall{Bits: 4, Patterns: 1, Flip: 1.5},
		"0 inputs and a block of 5 trials, want":  &tasks.Reversal{Active: 0.5, Block: 5},
		"2 inputs and a block of -1 trials, want": &tasks.Reversal{Inputs: 2, Active: 0.5, Block: -1},
		"active 0, want a probability above 0":    &tasks.Reversal{Inputs: 2, Block: 5},
		"active 1, want a probability above 0":    &tasks.Reversal{Inputs: 2, Active: 1, Block: 5},
		"with probability NaN":                    &tasks.Recall{Bits: 4, Patterns: 1, Flip: float32(math.NaN())},
	} {
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}

// TestSubtasks: a trial has as many inputs as it should, each of them once in a while, orthogonal and of one strength; what is
// wanted is linear in them but for the floor; moment by moment it is the same as at once.
func TestSubtasks(t *testing.T) {
	const outputs, inputs, length, task, trial, floor, weight, trials = 2, 9, 8, 6, 3, 0.5, 0.25, 40
	make := func(inTime bool) func() nets.Task {
		return func() nets.Task {
			return &tasks.Subtasks{Outputs: outputs, Inputs: inputs, Length: length, Task: task, Trial: trial, Floor: floor, Weight: weight, InTime: inTime}
		}
	}
	best := func(x, want []float32) (y []float32) { // what can be had
		for row := range len(x) / inputs {
			sum := float32(0)
			for _, v := range x[row*inputs:][:inputs] {
				sum += weight * v
			}
			y = append(y, sum, sum)
		}
		return y
	}
	w, learned, _ := watch(t, make(false), trials, best)
	timed, slow, _ := watch(t, make(true), length, best)
	near(t, "the error that remains", learned.Get("error").Each, floor, floor)
	near(t, "the error that remains in time", slow.Get("error").Each, floor, floor)
	used := [2][inputs]int{}
	for n, m := range w.shown[:trials] {
		for l := range 2 {
			used[l] = counted(t, n, used[l], m.x[l*length*inputs:][:length*inputs], trial)
		}
	}
	for l := range 2 {
		for i, k := range used[l] {
			if wanted := i < task; wanted != (k > trials/task) || k == trials {
				t.Errorf("learner %d had input %d in %d of %d trials", l, i, k, trials)
			}
		}
	}
	if slices.Equal(w.shown[0].x[:length*inputs], w.shown[0].x[length*inputs:]) || used[0] == used[1] {
		t.Error("two learners had the same inputs")
	}
	for at, m := range timed.shown[:length] {
		row := w.shown[0].x[at*inputs:][:inputs]
		if !slices.Equal(m.x[:inputs], row) || !slices.Equal(m.want[:outputs], w.shown[0].want[at*outputs:][:outputs]) || m.first != (at == 0) || m.last != (at == length-1) {
			t.Errorf("moment %d shows %v and is the first %t, the last %t, want %v", at, m.x[:inputs], m.first, m.last, row)
		}
	}
}

// TestRewardedSubtasks: each draw is shown in two trials, nothing is wanted, and the error is measured from the right
// outputs.
func TestRewardedSubtasks(t *testing.T) {
	for _, inTime := range []bool{false, true} {
		task := &tasks.Subtasks{Outputs: 2, Inputs: 6, Length: 5, Task: 4, Trial: 2, Floor: 0.5, Weight: 0.25, InTime: inTime, Rewarded: true}
		moments := map[bool]int{false: 1, true: 5}[inTime]
		w, learned, _ := watch(t, func() nets.Task { one := *task; return &one }, 16*moments, func(x, want []float32) (y []float32) {
			if want != nil {
				t.Fatalf("in time %t: wanted is %v", inTime, want)
			}
			for row := range slices.Chunk(x, 6) {
				sum := float32(0)
				for _, v := range row {
					sum += 0.25 * v
				}
				y = append(y, sum, sum)
			}
			return y
		})
		near(t, "the error that remains", learned.Get("error").Each, 0.5, 0.5)
		draws := map[string]bool{}
		for n := 0; n < 16*moments; n += 2 * moments {
			for k := range moments {
				if a, b := w.shown[n+k].x, w.shown[n+k+moments].x; !slices.Equal(a, b) {
					t.Errorf("in time %t: moment %d shows %v, and %v in the second trial", inTime, n+k, a, b)
				}
			}
			draws[fmt.Sprint(w.shown[n].x)] = true
		}
		if len(draws) < 4 {
			t.Errorf("in time %t: %d draws of 8 differ", inTime, len(draws))
		}
	}
}

// counted adds the inputs of a trial to those used so far.
func counted(t *testing.T, n int, used [9]int, x []float32, trial int) [9]int {
	t.Helper()
	inputs, length, active := len(used), len(x)/len(used), 0
	for i := range inputs {
		for j := range i + 1 {
			product := 0.
			for row := range length {
				product += float64(x[row*inputs+i]) * float64(x[row*inputs+j])
			}
			strength := float64(length * inputs / trial)
			if i != j && math.Abs(product) > 1e-5 || i == j && product != 0 && math.Abs(product-strength) > 1e-5 {
				t.Errorf("trial %d: Σ x%d·x%d is %g, want 0 or %g", n, i, j, product, strength)
			}
			if i == j && product != 0 {
				active++
				used[i]++
			}
		}
	}
	if active != trial {
		t.Errorf("trial %d has %d inputs, want %d", n, active, trial)
	}
	return used
}

// TestButterfly: the figure is closed and as large as it should be, each learner has a reservoir of its own of power 1, whose
// activities follow their inputs; moment by moment it is the same as at once.
func TestButterfly(t *testing.T) {
	const units, length = 30, 50
	make := func(inTime bool) func() nets.Task {
		return func() nets.Task { return &tasks.Butterfly{Units: units, Length: length, Tau: 10, InTime: inTime} }
	}
	nothing := func(x, _ []float32) []float32 { return slices.Repeat([]float32{0}, len(x)/units*2) }
	w, learned, _ := watch(t, make(false), 2, nothing)
	timed, slow, _ := watch(t, make(true), length, nothing)
	m := w.shown[0]
	square := 0.
	for _, v := range m.want[:2*length] {
		square += float64(v) * float64(v) / 2 / length
	}
	near(t, "the error of zeros", learned.Get("error").Each, square, square)
	near(t, "the error of zeros in time", slow.Get("error").Each, square, square)
	if d := math.Abs(square - 0.925/2); d > 0.01 { // the mean of r²/2 over a circle, of which one point is there twice
		t.Errorf("the mean square of the figure is %g, want 0.4625 or so", square)
	}
	if d := math.Hypot(float64(m.want[0]-m.want[2*length-2]), float64(m.want[1]-m.want[2*length-1])); d > 1e-5 {
		t.Errorf("the figure ends %g from where it began", d)
	}
	for l := range 2 {
		power, far := 0., 0.
		x := m.x[l*length*units:][:length*units]
		for i, v := range x {
			power += float64(v) * float64(v) / length
			far = max(far, math.Abs(float64(v-x[(i+units)%len(x)])))
		}
		if math.Abs(power-1) > 1e-5 || far > 0.1 {
			t.Errorf("the activities of learner %d have power %g and jump by %g, want 1 and no jump, at the end of the period either", l, power, far)
		}
	}
	if slices.Equal(m.x[:length*units], m.x[length*units:]) || !slices.Equal(m.x, w.shown[1].x) {
		t.Error("two learners have one reservoir, or two trials have two")
	}
	for at, s := range timed.shown[:length] {
		if !slices.Equal(s.x[units:], m.x[(length+at)*units:][:units]) || !slices.Equal(s.want[:2], m.want[2*at:][:2]) || s.first != (at == 0) || s.last != (at == length-1) {
			t.Errorf("moment %d is the first %t, the last %t, and shows other activities than at once", at, s.first, s.last)
		}
	}
}

// TestWrongTrials: tasks of perturbation that cannot be.
func TestWrongTrials(t *testing.T) {
	good := tasks.Subtasks{Outputs: 2, Inputs: 6, Length: 5, Task: 4, Trial: 2, Floor: 1, Weight: 0.1}
	for want, set := range map[string]func(*tasks.Subtasks){
		"0 outputs":                                 func(s *tasks.Subtasks) { s.Outputs = 0 },
		"5 inputs in a trial and 4 in the task":     func(s *tasks.Subtasks) { s.Trial = 5 },
		"7 inputs in the task and 6 inputs":         func(s *tasks.Subtasks) { s.Task = 7 },
		"a length of 4, want at least as long, and": func(s *tasks.Subtasks) { s.Length = 4 },
		"floor NaN": func(s *tasks.Subtasks) { s.Floor = float32(math.NaN()) },
		"weight -1": func(s *tasks.Subtasks) { s.Weight = -1 },
	} {
		s := good
		set(&s)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
	good.Task, good.Length, good.Floor = 5, 5, 0
	if err := good.Check(); err != nil {
		t.Errorf("as many inputs as the length, and no floor: %v", err)
	}
	for want, b := range map[string]tasks.Butterfly{"a length of 1": {Units: 3, Length: 1, Tau: 1}, "tau 0.5, want": {Units: 3, Length: 2, Tau: 0.5}} {
		if err := b.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}

// TestSigns: the points of the spirals lie on them, in pairs that want opposite numbers; parity has every pattern once,
// and wants the product of its bits.
func TestSigns(t *testing.T) {
	zeros := func(x, want []float32) []float32 { return make([]float32, len(want)) }
	w, learned, _ := watch(t, func() nets.Task { return &tasks.Spirals{} }, 1, zeros)
	x, want := w.shown[0].x, w.shown[0].want
	for p := range len(want) / 2 { // of the first learner
		r, i := math.Hypot(float64(x[2*p]), float64(x[2*p+1])), float64(p/2)
		angle := math.Atan2(2*float64(want[p])*float64(x[2*p]), 2*float64(want[p])*float64(x[2*p+1]))
		if off := math.Remainder(angle-i*math.Pi/16, 2*math.Pi); math.Abs(r-6.5*(104-i)/104) > 1e-6 || math.Abs(off) > 1e-6 || want[p] != 0.5-float32(p%2) {
			t.Errorf("point %d is at %v and wants %g", p, x[2*p:][:2], want[p])
		}
	}
	near(t, "the error of zeros", learned.Get("error").Each, 0.25, 0.25)
	w, learned, _ = watch(t, func() nets.Task { return &tasks.Parity{Bits: 3} }, 1, func(_, want []float32) []float32 { return want })
	x, want = w.shown[0].x, w.shown[0].want
	seen := map[[3]float32]bool{}
	for p := range 8 {
		bits := [3]float32(x[3*p:][:3])
		if seen[bits] = true; want[p] != bits[0]*bits[1]*bits[2]/2 {
			t.Errorf("%v wants %g", bits, want[p])
		}
	}
	if len(seen) != 8 || len(want) != 16 {
		t.Errorf("%d patterns of %d", len(seen), len(want)/2)
	}
	near(t, "the accuracy of what is wanted", learned.Get("accuracy").Each, 1, 1)
	if err := (&tasks.Parity{Bits: 17}).Check(); err == nil || !strings.Contains(err.Error(), "17 bits, want 1 to 16") {
		t.Errorf("error is %v", err)
	}
}

// TestRecalled: the shares of patterns that are whole, and that have an overlap above 0.9.
func TestRecalled(t *testing.T) {
	const bits, patterns = 40, 8
	task := func() nets.Task { return &tasks.Recall{Bits: bits, Patterns: patterns} }
	_, m, _ := watch(t, task, 2, func(x, _ []float32) []float32 {
		for k := range len(x) / bits { // pattern k has k wrong bits
			for i := range k % patterns {
				x[k*bits+i] *= -1
			}
		}
		return x
	})
	near(t, "whole", m.Get("whole").Each, 1./patterns, 1./patterns)
	near(t, "overlap above 0.9", m.Get("overlap above 0.9").Each, 2./patterns, 2./patterns)
}
