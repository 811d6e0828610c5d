package tasks_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/data"
	"hebb/nets/nettest"
	"hebb/nets/recurrent"
	"hebb/nets/tasks"
)

// spikes is an encoder of one batch: a row for each example, and one number is wanted of each.
func spikes(e tasks.Encoded, rows ...[]float32) func() nets.Task {
	return func() nets.Task {
		own := e
		own.Of = &tasks.Batch{In: nets.Row(len(rows[0])), X: slices.Concat(rows...), Out: 1, Want: make([]float32, len(rows))}
		return &own
	}
}

// ones answers 1 of every example of n.
func ones(n int) func(x, want []float32) []float32 {
	return func(_, _ []float32) []float32 { return slices.Repeat([]float32{1}, 2*n) }
}

// stepsOf returns the steps in which a cell of the first learner spikes; anything but 0 and 1 is an error.
func stepsOf(t *testing.T, all []shown, cell int) (at []int) {
	t.Helper()
	for k, s := range all {
		switch s.x[cell] {
		case 1:
			at = append(at, k)
		case 0:
		default:
			t.Fatalf("step %d of cell %d is %g, want a spike or none", k, cell, s.x[cell])
		}
	}
	return at
}

// encoderDefaults are settings that Check takes.
func encoderDefaults(encoder string) tasks.Encoded {
	return tasks.Encoded{Encoder: encoder, Rate: 100, MS: 100, DT: 1, High: 1, Curve: "linear", Tau: 20, Threshold: 0.2}
}

// TestLatency: the spike of a cell is in the step that its time falls into, for all pixels of an image, and is missing where
// there is nothing to see.
func TestLatency(t *testing.T) {
	var x []float32
	for pixel := range 256 {
		x = append(x, float32(pixel)/255)
	}
	for curve, time := range map[string]func(v float64) float64{
		"linear":      func(v float64) float64 { return (1 - v) * 100 },
		"logarithmic": func(v float64) float64 { return 20 * math.Log(v/math.Max(v-0.2, 0)) },
	} {
		e := encoderDefaults("latency")
		e.Curve = curve
		w, _, _ := watch(t, spikes(e, x), 100, ones(1))
		for pixel := range x {
			var want []int
			if at := time(float64(pixel)/255) + 1e-3; at < 100 {
				want = []int{int(at)}
			}
			if pixel == 51 && curve == "logarithmic" { // on the threshold, but for the rounding of 51/255
				continue
			}
			if got := stepsOf(t, w.shown[:100], pixel); !slices.Equal(got, want) {
				t.Errorf("%s: pixel %d spikes in the steps %v, want %v", curve, pixel, got, want)
			}
		}
	}
}

// TestRateEncoder: spikes are as many as the whole number nearest to rate times duration, evenly apart, and numbers beyond the
// highest count as it.
func TestRateEncoder(t *testing.T) {
	e := encoderDefaults("rate")
	e.MS, e.DT, e.High = 50, 0.5, 2
	x := []float32{0, 0.3, 0.9, 2, 7, -1}
	w, _, _ := watch(t, spikes(e, x), 100, ones(1))
	for cell, want := range []int{0, 1, 2, 5, 5, 0} { // of 0, 0.75, 2.25, 5
		at := stepsOf(t, w.shown[:100], cell)
		if len(at) != want {
			t.Errorf("%g spikes in the steps %v, want %d spikes", x[cell], at, want)
		}
		if period := 1000 / (100 * 0.5) * 2 / float64(min(x[cell], 2)); len(at) > 1 {
			for i, k := range at {
				if exact := period*(float64(i)+0.5) - 1; math.Abs(float64(k)-exact) > 1 {
					t.Errorf("spike %d of %g is in step %d, want about %g", i, x[cell], k, exact)
				}
			}
		}
	}
}

// TestPoisson: a cell spikes with its probability in each step, whatever it did before, each learner by its own chance.
func TestPoisson(t *testing.T) {
	e := encoderDefaults("poisson")
	e.MS, e.DT, e.Rate = 1000, 0.5, 400
	var rows [][]float32
	for range 20 {
		rows = append(rows, []float32{0, 0.25, 1, 9})
	}
	w, _, _ := watch(t, spikes(e, rows...), 2000, ones(20))
	const n = 20 * 2000
	counts, pairs, same := make([]float64, 4), make([]float64, 4), 0
	for k, s := range w.shown[:2000] {
		for i := range 80 {
			counts[i%4] += float64(s.x[i])
			if k > 0 {
				pairs[i%4] += float64(s.x[i] * w.shown[k-1].x[i])
			}
		}
		if slices.Equal(s.x[:80], s.x[80:]) {
			same++
		}
	}
	near := func(what string, got, p float64) {
		if sd := math.Sqrt(n * p * (1 - p)); math.Abs(got-n*p) > 4.5*sd {
			t.Errorf("%s: %g of %d, want %g ± %.0f", what, got, n, n*p, sd)
		}
	}
	for i, p := range []float64{0, 0.05, 0.2, 0.2} {
		near(fmt.Sprintf("spikes at probability %g", p), counts[i], p)
		near("spikes in two steps in a row", pairs[i], p*p*1999/2000)
	}
	if same > 0 {
		t.Errorf("both learners see the same spikes in %d steps", same)
	}
}

// TestOnOff: a number has a cell for what is above 0 and, behind it, one for what is below.
func TestOnOff(t *testing.T) {
	e := encoderDefaults("latency")
	e.OnOff, e.MS = true, 4
	w, _, _ := watch(t, spikes(e, []float32{1, -0.5}, []float32{0, 0.25}), 4, ones(2))
	for cell, want := range [][]int{{0}, nil, nil, {2}, nil, nil, {3}, nil} {
		if got := stepsOf(t, w.shown[:4], cell); !slices.Equal(got, want) {
			t.Errorf("cell %d spikes in the steps %v, want %v", cell, got, want)
		}
	}
}

// A fork is a task of trials of two moments of two examples, of which it wants something in the second alone, and masks the
// second example there; it scores its moments.
type fork struct {
	x, want, mask *compute.Tensor
	t             *testing.T
}

func (f *fork) Build(s *nets.Store) (nets.Spec, error) {
	f.x, f.want, f.mask = s.Fixed([]float32{1, 0}, 2, 1), s.Fixed([]float32{3, 4}, 2, 1), s.Fixed([]float32{1, 0}, 2, 1)
	return nets.Spec{In: nets.Row(1), Out: 1, Examples: 2, Trial: 2, Epoch: 4}, nil
}

func (f *fork) Show(p *nets.Pass) nets.Moment {
	if p.Number%2 == 0 {
		return nets.Moment{X: f.x, First: true}
	}
	return nets.Moment{X: f.x, Want: f.want, Mask: f.mask, Last: true}
}

func (f *fork) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	if second := p.Number%2 == 1; m.First == second || m.Last != second || (m.Want != nil) != second {
		f.t.Errorf("moment %d: first %t, last %t, want %v", p.Number, m.First, m.Last, m.Want)
	}
	p.CountOf(m, fmt.Sprint("answer ", p.Number%2), p.Masked(y, m))
}

// TestEncodedTrials: a moment becomes its steps, with their ends, what is wanted at the end of them and who is masked; the mean
// answer of the steps that want one is scored, once.
func TestEncodedTrials(t *testing.T) {
	e := encoderDefaults("poisson")
	e.MS, e.Want = 5, 2
	step := 0
	answer := func(_, _ []float32) []float32 { step++; return slices.Repeat([]float32{float32(step)}, 4) }
	w, learned, _ := watch(t, func() nets.Task { own := e; own.Of = &fork{t: t}; return &own }, 20, answer)
	if len(w.shown) != 40 {
		t.Fatalf("%d steps, want 20 to learn from and an epoch of 20", len(w.shown))
	}
	for k, s := range w.shown {
		at := k % 10
		if s.first != (at == 0) || s.last != (at == 9) || (s.want != nil) != (at >= 8) || (s.mask != nil) != (at >= 5) {
			t.Errorf("step %d: first %t, last %t, wanted %v, mask %v", at, s.first, s.last, s.want, s.mask)
		}
		if at >= 8 && (!slices.Equal(s.want, []float32{3, 4, 3, 4}) || !slices.Equal(s.mask, []float32{1, 0, 1, 0})) {
			t.Errorf("step %d wants %v of %v", at, s.want, s.mask)
		}
	}
	near(t, "the answer to a moment that wants nothing", learned.Get("answer 0").Each, 10, 10) // after steps 5 and 15
	near(t, "the answer", learned.Get("answer 1").Each, 14.5, 14.5)                            // after steps 9, 10, 19 and 20
}

// TestEncodedImages: a learner is a seed, a run that was cut goes on, for images in an order of the learner's; and the last
// batch of a test is smaller.
func TestEncodedImages(t *testing.T) {
	for _, encoder := range []string{"poisson", "rate"} {
		e := encoderDefaults(encoder)
		e.MS, e.High, e.Want = 3, 10, 2
		system := func() nets.System { return &recurrent.RFLO{Leaky: recurrent.Leaky{Units: 3, Tau: 2, Gain: 1}} }
		task := func() nets.Task {
			own := e
			own.Of = imagesOf(5, data.LoaderOptions{Batch: 2, Shuffle: true, DropLast: true})()
			return &own
		}
		nettest.System(t, system, task)
	}
	e := encoderDefaults("latency")
	e.MS = 3
	w, _, tested := watch(t, func() nets.Task { own := e; own.Of = imagesOf(7, data.LoaderOptions{Batch: 3})(); return &own }, 1, zeroes)
	if n := len(w.shown); n != 10 || len(w.shown[9].x) != 2*4 || !slices.Equal(w.shown[9].want, []float32{0, 0}) {
		t.Errorf("%d steps; the last shows %d numbers and wants %v, want 10 steps, and at last 4 pixels and a class for each learner", n, len(w.shown[n-1].x), w.shown[n-1].want)
	}
	near(t, "accuracy of a test", tested.Get("accuracy").Each, 3./7, 3./7)
}

// TestEncoderSettings: what cannot be is said.
func TestEncoderSettings(t *testing.T) {
	for want, wrong := range map[string]func(e *tasks.Encoded){
		`encoder "phase", want one of`:                           func(e *tasks.Encoded) { e.Encoder = "phase" },
		`curve "log", want one of`:                               func(e *tasks.Encoded) { e.Curve = "log" },
		"rate=1001 Hz in steps of 1 ms is 1.001 spikes a step":   func(e *tasks.Encoded) { e.Rate = 1001 },
		"ms=0.5 in steps of dt=1 ms, want a whole number of":     func(e *tasks.Encoded) { e.MS = 0.5 },
		"ms=100 in steps of dt=0.3 ms, want a whole number":      func(e *tasks.Encoded) { e.DT = 0.3 },
		"want=0.5 ms, want 0, throughout, or from a step, 1, to": func(e *tasks.Encoded) { e.Want = 0.5 },
		"want=101 ms, want 0":                                    func(e *tasks.Encoded) { e.Want = 101 },
		"threshold=1, want within (0, 1)":                        func(e *tasks.Encoded) { e.Threshold = 1 },
		"high=0, want the number above 0":                        func(e *tasks.Encoded) { e.High = 0 },
		"tau=NaN ms, want above 0":                               func(e *tasks.Encoded) { e.Tau = math.NaN() },
	} {
		e := encoderDefaults("poisson")
		wrong(&e)
		if err := e.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	e := encoderDefaults("latency")
	e.Rate = 5000 // of which latencies take no notice
	if err := e.Check(); err != nil {
		t.Error(err)
	}
	_, err := nets.Open(compute.New(&compute.Stage{}), 1, 1, func(s *nets.Store) error { _, err := e.Build(s); return err })
	if err == nil || !strings.Contains(err.Error(), "want a task to encode") {
		t.Errorf("without a task: %v", err)
	}
}
