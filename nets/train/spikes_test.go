package train

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hebb/internal/must"
	"hebb/nets"
)

// spiking is a run of e-prop on images as spikes.
func spiking(t testing.TB, task string) Config {
	c := ofSystem(t, "eprop:lif=5,adaptive=3,dt=1", task, 0)
	c.Data, c.Batch, c.Epochs, c.Rate, c.Normalise = images(t, 48, 16, 8), 8, 1, 0.01, "none"
	return c
}

// TestEncodedRuns: an encoder shows images, sequences and samples of data as moments of trials, whose tests are as small as the
// traces of synapses may need, and other tasks as they are.
func TestEncodedRuns(t *testing.T) {
	for _, c := range []struct {
		system, task string
		trial, epoch int
		examples     int
		sides        int
	}{
		{"eprop:lif=4,adaptive=0,dt=1", "encoded:ms=6,want=3", 6, 6 * 6, 16, 1}, // the test has 16 images
		{"eprop:lif=4,adaptive=0,dt=1", "encoded:ms=6,of=images,on_off=true,want=0", 6, 6 * 6, 16, 2},
		{"eprop:lif=4,adaptive=0,dt=1", "encoded:encoder=latency,ms=6,want=3,of=sequences", 24, 24 * 3, 8, 1},
		{"oja:units=2", "encoded:encoder=rate,ms=6,want=3,of=samples", 6, 6 * 6, 8, 1},
		{"eprop:lif=4,adaptive=0,dt=1", "encoded:of=[parity:bits=3],ms=4,want=2", 4, 4, 8, 1},
	} {
		config := spiking(t, c.task)
		if config.System = c.system; strings.Contains(c.task, "sequences") {
			config.Data = sequences(t, filepath.Join(t.TempDir(), "a.npz"), 1)
		}
		if strings.Contains(c.task, "samples") {
			config.Learners = 1
		}
		r := start(t, config, filepath.Join(t.TempDir(), "run"))
		in := map[string]int{"images": 64, "sequences": 2, "parity": 3, "samples": 64}
		name, _, _ := strings.Cut(config.shown().Task, ":")
		if name == "" {
			name = "images"
		}
		if s := r.Session.Spec; s.Trial != c.trial || s.Epoch != c.epoch || s.Examples != c.examples || s.In.Len() != in[name]*c.sides {
			t.Errorf("%s: %+v, want trials of %d, epochs of %d, at most %d examples of %d numbers", c.task, s, c.trial, c.epoch, c.examples, in[name]*c.sides)
		}
		if err := r.Train(t.Context(), nil); err != nil {
			t.Errorf("%s: %v", c.task, err)
		}
		for _, l := range mustRead(t, r.Folder.Dir).Lines {
			if l.Kind == "test" && !(l.Loss > 0) && name != "samples" {
				t.Errorf("%s: a test of loss %g", c.task, l.Loss)
			}
		}
		must.Do(t, r.Close())
	}
	for task, want := range map[string]string{"encoded:of=sampels": `task "sampels"`, "encoded:rate=2000": "rate=2000 Hz", "encoded:of=xor,dt=0": "dt=0 ms",
		"encoded:of=[encoded:of=xor]": "the task to encode is encoded itself"} {
		if err := spiking(t, task).Check(names); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", task, err, want)
		}
	}
	for task, said := range map[string]bool{"encoded:of=xor,ms=6,dt=2,want=2": true, "evidence:step=2": true, "pattern:step=2": true, "pattern:step=1": false} {
		r := must.Get(New(device(t), names, spiking(t, task)))(t)
		if notes := fmt.Sprint(r.Notes); strings.Contains(notes, "a moment is 2 ms to the task, and 1 ms to the cells") != said {
			t.Errorf("notes of %s: %s", task, notes)
		}
		must.Do(t, r.Close())
	}
}

// TestRecordSpikes: spikes of a test are those that a recording of the tensors has, of every learner, with what is shown; what
// cannot be recorded is said.
func TestRecordSpikes(t *testing.T) {
	r := start(t, spiking(t, "encoded:ms=20,rate=500,want=0"), filepath.Join(t.TempDir(), "run"))
	must.Do(t, errors.Join(r.Train(t.Context(), nil), r.Close()))
	model, step, err := LastModel(r.Folder.Dir)
	must.Do(t, err)
	e := Exam{Config: r.Config, Model: model, Step: step, Part: "test"}
	dev := device(t)
	cells := must.Get(CellsOf(r.Session, "eprop"))(t)
	rec := must.Get(e.RecordTrials(t.Context(), dev, names, 1, []string{cells[0].Spikes, cells[0].Membrane}))(t)
	all := must.Get(e.RecordSpikes(t.Context(), dev, names, 1, 1, 3))(t)
	if n := len(all.Groups); n != 2 || all.Groups[0].Name != InputGroup || all.Groups[0].N != 64 || all.Groups[1].N != 8 || all.Examples != 16 {
		t.Fatalf("%d groups, %+v", n, all)
	}
	spikes := 0
	for i, a := range []Recorded{rec.Inputs, rec.Tensors[slices.IndexFunc(rec.Tensors, func(a Recorded) bool { return a.Name == cells[0].Spikes })]} {
		g := all.Groups[i]
		for k := range 20 {
			for j, x := range a.At(1, k, rec.Moments) {
				if has := slices.Contains(g.Trains[j/g.N][j%g.N], k); has != (x == 1) {
					t.Fatalf("%s: cell %d of example %d in step %d: %t, want %g", g.Name, j%g.N, j/g.N, k, has, x)
				}
				spikes += int(x)
			}
		}
	}
	if v := rec.Tensors[slices.IndexFunc(rec.Tensors, func(a Recorded) bool { return a.Name == cells[0].Membrane })].At(1, 7, rec.Moments); all.Groups[1].Membrane[2][7] != v[3*8+2] {
		t.Errorf("the membrane of cell 2 of example 3 is %g, want %g", all.Groups[1].Membrane[2][7], v[3*8+2])
	}
	if spikes < 100 {
		t.Errorf("%d spikes: the test shows little", spikes)
	}
	for want, wrong := range map[string]func() error{
		"example 16, want 0 to 15":            func() error { _, err := e.RecordSpikes(t.Context(), dev, names, 1, 0, 16); return err },
		"2 trials of 20 moments, want 1 to 1": func() error { _, err := e.RecordSpikes(t.Context(), dev, names, 2, 0, 0); return err },
		"0 trials of 20 moments, want 1 to 1": func() error { _, err := e.RecordSpikes(t.Context(), dev, names, 0, 0, 0); return err },
	} {
		if err := wrong(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	e.Config.System = ""
	if _, err := e.RecordSpikes(t.Context(), dev, names, 1, 0, 0); !errors.Is(err, ErrNoSpikes) {
		t.Errorf("of a network: %v", err)
	}
}

// TestSpikeTap: the steps of a moment follow each other, example by example, in every group.
func TestSpikeTap(t *testing.T) {
	cells := []nets.Cells{{Name: "e", N: 3, Steps: 2, Step: 0.5, Spikes: "s", Threshold: "th"}, {Name: "i", N: 1, Steps: 2, Step: 0.5, Spikes: "r", Membrane: "v"}}
	tap := newSpikeTap(cells, 0, 1, 2)
	if want := []string{"s", "th", "r", "v"}; !slices.Equal(tap.names, want) {
		t.Fatalf("tensors %v, want %v", tap.names, want)
	}
	th := []float32{0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6}
	tap.add([]float32{0, 0.5}, [][]float32{{1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0}, th, {1, 0, 0, 1}, {0, 0, 7, 8}}, 2)
	tap.add([]float32{0, 1}, [][]float32{{1, 0, 0, 1, 0, 0}, nil, {0, 1}, nil}, 1) // a smaller batch, without the example
	s := tap.done()
	if fmt.Sprint(s.Groups[0].Trains) != "[[[0 2 3] [] [1]] [[] [0 1] []]]" || fmt.Sprint(s.Groups[1].Trains) != "[[[0 3]] [[1]]]" {
		t.Errorf("spikes %v and %v", s.Groups[0].Trains, s.Groups[1].Trains)
	}
	if fmt.Sprint(s.Groups[0].Threshold, s.Groups[1].Membrane) != "[[1 4] [2 5] [3 6]] [[7 8]]" || s.Groups[0].Membrane != nil || len(s.Groups) != 2 {
		t.Errorf("%+v", s)
	}
}

// TestSpikeRows: of a smaller batch the examples are in front, learner by learner; a system may keep the spikes of fewer, and
// tensors that are no rows of cells are an error.
func TestSpikeRows(t *testing.T) {
	tap := newSpikeTap([]nets.Cells{{Name: "e", N: 2, Steps: 1, Step: 1, Spikes: "s"}}, 0, 0, 1)
	x := []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	for _, c := range []struct {
		examples, most, want int
		of                   []float32
	}{{3, 3, 3, x[6:]}, {2, 3, 2, x[4:8]}, {7, 9, 3, x[6:]}} {
		tensors, n, err := tap.of(nets.Recorded{Learners: 2, Examples: c.examples, Tensors: [][]float32{x}}, 1, c.most)
		if err != nil || n != c.want || !slices.Equal(tensors[0], c.of) {
			t.Errorf("of %d examples: %d, %v, %v, want %d, %v", c.examples, n, tensors, err, c.want, c.of)
		}
	}
	if _, _, err := tap.of(nets.Recorded{Learners: 4, Examples: 1, Tensors: [][]float32{x}}, 1, 1); err == nil || !strings.Contains(err.Error(), "s is 3 numbers, want examples × 2") {
		t.Errorf("%v", err)
	}
}

// TestSpikeCount: rates, silence, bursts, irregularity, PSTH and orders of spikes that are known.
func TestSpikeCount(t *testing.T) {
	g := SpikeGroup{Name: "e", N: 4, DT: 0.5, Trial: 20, Steps: 40, Trains: [][][]int{
		{{4, 8, 12, 16, 24}, {}, {2, 4, 6, 19, 21}, {39}},
		{{0}, {}, {30, 32, 34}, {}},
	}}
	c := g.Count(1) // two steps
	const second = 2 * 40 * 0.5 / 1000
	if want := []float64{6 / second, 0, 8 / second, 1 / second}; !slices.Equal(c.Rates, want) || c.Min != 0 || c.Max != want[2] || c.Median != 3.5/second || c.Mean != 15./4/second {
		t.Errorf("%+v, want rates %v", c, want)
	}
	// Intervals of cell 0 are 4, 4, 4, as the end of a trial ends one; of cell 2 they are 2, 2, 13, 2, 2.
	cv := math.Sqrt(4*math.Pow(2-4.2, 2)/5+math.Pow(13-4.2, 2)/5) / 4.2 / 2
	if math.Abs(float64(c.CV)-cv) > 1e-12 || !slices.Equal(c.Silent, []int{1}) || !slices.Equal(c.Bursting, []int{2}) {
		t.Errorf("%+v, want an ISI CV of %g, cell 1 silent and cell 2 bursting", c, cv)
	}
	each := 2 * 4 * 2 * 8 * 0.5 / 1000 // examples, cells, trials, steps
	if got, want := g.PSTH(8), []float64{7 / each, 5 / each, 3 / (each / 2)}; !slices.Equal(got, want) {
		t.Errorf("the PSTH is %v, want %v", got, want)
	}
	for by, want := range map[string][]int{"number": {0, 1, 2, 3}, "first": {2, 0, 3}, "rate": {2, 0, 3}} {
		if got := g.Order(by, 0); !slices.Equal(got, want) {
			t.Errorf("by %s: %v, want %v", by, got, want)
		}
	}
	if got := g.Order("first", 1); !slices.Equal(got, []int{0, 2}) {
		t.Errorf("by first spike of example 1: %v", got)
	}
	silent := SpikeGroup{N: 2, DT: 1, Trial: 3, Steps: 3, Trains: [][][]int{{{}, {}}}}
	if c := silent.Count(5); c.CV == c.CV || len(silent.Order("rate", 0)) != 2 {
		t.Errorf("of silence: %+v", c)
	}
	if got := Evenly([]int{5, 6, 7, 8, 9}, 2); !slices.Equal(got, []int{5, 7}) {
		t.Errorf("two of five: %v", got)
	}
}

// TestWatchSpikes: a run that is watched has the bits of one that is not, and what is seen are trials.
func TestWatchSpikes(t *testing.T) {
	c := spiking(t, "encoded:ms=5,rate=500,want=2")
	bare := start(t, c, filepath.Join(t.TempDir(), "bare"))
	must.Do(t, bare.Train(t.Context(), nil))
	seen, spikes := 0, 0
	defer func(least, times time.Duration) { restTime, restTimes = least, times }(restTime, restTimes)
	restTime, restTimes = 0, 0
	r := start(t, c, filepath.Join(t.TempDir(), "watched"))
	must.Do(t, r.WatchSpikes(func(s SpikeTrains) {
		seen++
		for _, train := range s.Groups[0].Trains[0] {
			spikes += len(train)
		}
		if g := s.Groups[0]; len(s.Groups) != 1 || g.N != 8 || g.Steps != 5 || g.Membrane != nil {
			t.Errorf("%+v", s)
		}
	}))
	must.Do(t, r.Train(t.Context(), nil))
	requireSame(t, everything(t, bare), everything(t, r))
	if seen != 3 || spikes == 0 { // of 6 trials, each after one that is not looked at
		t.Errorf("%d trials of %d spikes were seen, want 3", seen, spikes)
	}
	plain := start(t, ofSystem(t, "rflo:units=3", "sines", 20), filepath.Join(t.TempDir(), "plain"))
	if err := plain.WatchSpikes(nil); !errors.Is(err, ErrNoSpikes) || !strings.Contains(err.Error(), "the cells of rflo:units=3 do not spike") {
		t.Errorf("%v, want that nothing spikes", err)
	}
	must.Do(t, plain.Close())
}
