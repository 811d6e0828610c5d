package tasks_test

import (
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/data"
	"hebb/nets/internal/lab"
	"hebb/nets/tasks"
)

// numbered are n examples of 2×2 in three classes: all pixels of example i are i + 1.
func numbered(n int) *data.Set {
	s := &data.Set{Height: 2, Width: 2, Channels: 1, Classes: 3, Train: &data.Split{Labels: make([]int, n)}}
	for i := range n {
		s.Train.Labels[i] = i % 3
		for range 4 {
			s.Train.Floats = append(s.Train.Floats, float32(i+1))
		}
	}
	return s
}

func imagesOf(n int, o data.LoaderOptions) func() nets.Task {
	set := numbered(n)
	return func() nets.Task { return &tasks.Images{Set: set, Part: set.Train, Options: o} }
}

// firsts are the first pixels of the examples of each learner.
func firsts(x []float32, learners int) (all [][]float32) {
	each := len(x) / learners
	for l := range learners {
		var part []float32
		for i := 0; i < each; i += 4 {
			part = append(part, x[l*each+i])
		}
		all = append(all, part)
	}
	return all
}

// zeroes answers class 0 of every example.
func zeroes(x, _ []float32) []float32 { return slices.Repeat([]float32{1, 0, 0}, len(x)/4) }

// TestImages: an epoch shows every example once, to each learner in an order of its own, with its label; a learner is a seed;
// what is left over after the last whole batch is left out of training, and in order at the end of a test.
func TestImages(t *testing.T) {
	shuffled := data.LoaderOptions{Batch: 3, Shuffle: true, DropLast: true, Seed: 77} // a seed that learners do not heed
	w, learned, _ := watch(t, imagesOf(10, shuffled), 6, zeroes)
	var epochs [2][2][]float32 // by learner and epoch
	for k, s := range w.shown[:6] {
		if !s.first || !s.last || !s.learning || len(s.x) != 2*3*4 {
			t.Fatalf("moment %d: %+v", k, s)
		}
		for l, part := range firsts(s.x, 2) {
			epochs[l][k/3] = append(epochs[l][k/3], part...)
			for i, x := range part {
				if want := float32(int(x-1) % 3); s.want[l*3+i] != want {
					t.Errorf("example %g is of class %g, want %g", x, s.want[l*3+i], want)
				}
			}
		}
	}
	for l := range epochs {
		for e, seen := range epochs[l] {
			if sorted := slices.Sorted(slices.Values(seen)); len(slices.Compact(sorted)) != 9 {
				t.Errorf("learner %d sees %v in epoch %d, want 9 different examples", l, seen, e)
			}
		}
		if slices.Equal(epochs[l][0], epochs[l][1]) {
			t.Errorf("learner %d sees the same order in both epochs", l)
		}
	}
	if slices.Equal(epochs[0][0], epochs[1][0]) {
		t.Error("both learners see the same order")
	}
	zero := func(seen []float32) (n float64) {
		for _, x := range seen {
			if int(x-1)%3 == 0 {
				n++
			}
		}
		return n
	}
	near(t, "accuracy", learned.Get("accuracy").Each, (zero(epochs[0][0])+zero(epochs[0][1]))/18, (zero(epochs[1][0])+zero(epochs[1][1]))/18)
	alone := &watcher{answer: zeroes}
	lab.Make(t, lab.CPU(t), nets.Run{System: func() nets.System { return alone }, Task: imagesOf(10, shuffled), Seed: 6}, 3)
	for k, s := range alone.shown[:3] {
		if !slices.Equal(firsts(s.x, 1)[0], epochs[1][0][3*k:][:3]) {
			t.Errorf("moment %d of seed 6 alone is %v, want %v of learner 1", k, firsts(s.x, 1)[0], epochs[1][0])
		}
	}
	// In order, a batch serves all learners, and the last one is what is left.
	w, _, tested := watch(t, imagesOf(7, data.LoaderOptions{Batch: 3}), 1, zeroes)
	var all []float32
	for _, s := range w.shown[1:] {
		both := firsts(s.x, 2)
		if all = append(all, both[0]...); !slices.Equal(both[0], both[1]) {
			t.Errorf("a test shows %v", both)
		}
	}
	if !slices.Equal(all, []float32{1, 2, 3, 4, 5, 6, 7}) || w.shown[1].learning {
		t.Errorf("a test shows %v", all)
	}
	near(t, "accuracy of a test", tested.Get("accuracy").Each, 3./7, 3./7)
}

// TestAugmentedImages: learners that see the same order see images that are augmented by chances of their own.
func TestAugmentedImages(t *testing.T) {
	w, _, _ := watch(t, imagesOf(8, data.LoaderOptions{Batch: 8, Augment: data.Augment{Pad: 1}}), 1, zeroes)
	x := w.shown[0].x
	if a, b := x[:len(x)/2], x[len(x)/2:]; slices.Equal(a, b) || len(a) != 32 {
		t.Errorf("both learners see %v", a)
	}
}

// TestImageRefusals: what cannot be shown is said before anything is loaded.
func TestImageRefusals(t *testing.T) {
	set := numbered(4)
	for want, task := range map[string]*tasks.Images{
		"without a Set":                      {},
		"batches of 0, want at least 1":      {Set: set, Part: set.Train},
		"batches of 5 of 4 examples without": {Set: set, Part: set.Train, Options: data.LoaderOptions{Batch: 5, DropLast: true}},
	} {
		_, err := nets.Open(compute.New(&compute.Stage{}), 1, 1, func(s *nets.Store) error {
			_, err := task.Build(s)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
