package tasks_test

import (
	"slices"
	"strings"
	"testing"

	"hebb/nets"
	"hebb/nets/data"
	"hebb/nets/nettest"
	"hebb/nets/recurrent"
	"hebb/nets/tasks"
)

// sequencesOf are n examples of 3 moments, the last of 2 alone: feature 0 is 10·(i + 1) + t at moment t of example i, feature 1
// is 5. What is wanted at the end, or at each moment, is the class i % 2, or both numbers less one.
func sequencesOf(n int, is data.Sequences) *data.Set {
	s := &data.Set{Height: 1, Width: 3, Channels: 2, Classes: 2, Sequences: &is, Train: &data.Split{Labels: make([]int, n), Want: new(data.Wanted)}}
	for i := range n {
		end := 3
		if i == n-1 {
			end = 2
		}
		for t := range 3 {
			x, at, want := []float32{float32(10*(i+1) + t), 5}, byte(0), make([]float32, max(1, is.Numbers))
			if t >= end {
				x = []float32{0, 0}
			}
			if t == end-1 || is.PerMoment && t < end {
				at, want[0] = 1, float32(i%2)
				if is.Numbers == 2 {
					want = []float32{x[0] - 1, 4}
				}
			}
			s.Train.Floats, s.Train.Want.At = append(s.Train.Floats, x...), append(s.Train.Want.At, at)
			s.Train.Want.Values = append(s.Train.Want.Values, want...)
		}
	}
	return s
}

func sequenceTask(set *data.Set, batch int, shuffle bool) func() nets.Task {
	series := tasks.NewSeries(set, set.Train, data.Normalise{})
	return func() nets.Task { return &tasks.Sequences{Series: series, Batch: batch, Shuffle: shuffle} }
}

// TestSequences: a trial shows a batch from its first moment to its last, in order where that is asked for, wants what is wanted
// and masks the rest; each example counts once, however many moments of it do.
func TestSequences(t *testing.T) {
	set := sequencesOf(3, data.Sequences{Numbers: 2, PerMoment: true})
	echo := func(x, _ []float32) []float32 { return x } // wrong by 1 in each number
	w, learned, _ := watch(t, sequenceTask(set, 2, false), 6, echo)
	for k, want := range []shown{
		{x: []float32{10, 5, 20, 5}, want: []float32{9, 4, 19, 4}, first: true},
		{x: []float32{11, 5, 21, 5}, want: []float32{10, 4, 20, 4}},
		{x: []float32{12, 5, 22, 5}, want: []float32{11, 4, 21, 4}, last: true},
		{x: []float32{30, 5}, want: []float32{29, 4}, first: true},
		{x: []float32{31, 5}, want: []float32{30, 4}},
		{x: []float32{0, 0}, want: []float32{0, 0}, last: true},
	} {
		s, n := w.shown[k], len(want.x)
		if !slices.Equal(s.x[:n], want.x) || !slices.Equal(s.x[n:], want.x) || !slices.Equal(s.want[:n], want.want) || s.first != want.first || s.last != want.last {
			t.Errorf("moment %d: %+v, want %+v", k, s, want)
		}
	}
	near(t, "error", learned.Get("error").Each, 1, 1)

	// Class 1 is answered at moment 2, and else class 0: right are the examples 0, by none of its moments, and 1.
	moment := 0
	late := func(x, _ []float32) []float32 {
		late := float32(moment % 3)
		moment++
		return slices.Repeat([]float32{1, late}, len(x)/2)
	}
	w, learned, _ = watch(t, sequenceTask(sequencesOf(3, data.Sequences{}), 3, false), 3, late)
	if w.shown[0].want != nil || !slices.Equal(w.shown[1].want[:3], []float32{0, 0, 0}) || !slices.Equal(w.shown[2].want[:3], []float32{0, 1, 0}) {
		t.Errorf("wanted are %v, %v, %v", w.shown[0].want, w.shown[1].want, w.shown[2].want)
	}
	for k, mask := range [][]float32{nil, {0, 0, 1, 0, 0, 1}, {1, 1, 0, 1, 1, 0}} { // the third wants its class at moment 1
		if !slices.Equal(w.shown[k].mask, mask) {
			t.Errorf("the mask of moment %d is %v, want %v", k, w.shown[k].mask, mask)
		}
	}
	short := sequencesOf(3, data.Sequences{}) // of which the third ends at moment 0, and the others want nothing before moment 2
	copy(short.Train.Want.At[6:], []byte{1, 0, 0})
	early, _, _ := watch(t, sequenceTask(short, 3, false), 3, func(x, _ []float32) []float32 { return x })
	if s := early.shown[1]; s.want != nil || !slices.Equal(s.mask, []float32{1, 1, 0, 1, 1, 0}) {
		t.Errorf("at a moment without a want the mask is %v and the want %v", s.mask, s.want)
	}
	near(t, "accuracy", learned.Get("accuracy").Each, 2./3, 2./3)
	moment = 0
	_, learned, _ = watch(t, sequenceTask(sequencesOf(3, data.Sequences{PerMoment: true}), 3, false), 3, late)
	near(t, "accuracy at moments", learned.Get("accuracy").Each, (2./3+1./3+1)/3, (2./3+1./3+1)/3)

	moment = -3 // all right in the first trial, none in the second
	_, learned, _ = watch(t, sequenceTask(sequencesOf(2, data.Sequences{}), 2, false), 6, func(x, want []float32) []float32 {
		y := slices.Repeat([]float32{0, 0}, len(x)/2)
		for i, c := range want {
			y[2*i+(int(c)+map[bool]int{false: 0, true: 1}[moment >= 0])%2] = 1
		}
		moment++
		return y
	})
	near(t, "accuracy of two trials", learned.Get("accuracy").Each, 0.5, 0.5)

	err := sequenceTask(set, 4, true)().(nets.Checker).Check()
	if err == nil || !strings.Contains(err.Error(), "batches of 4, want at least 1 and, shuffled, at most the 3 examples") {
		t.Error(err)
	}
}

// TestSequencesNormalised: features are normalised up to the end of an example, and 0 behind it.
func TestSequencesNormalised(t *testing.T) {
	set := sequencesOf(2, data.Sequences{})
	series := tasks.NewSeries(set, set.Train, data.Normalise{Mean: []float32{10, 1}, SD: []float32{2, 4}})
	w, _, _ := watch(t, func() nets.Task { return &tasks.Sequences{Series: series, Batch: 2} }, 3, func(x, _ []float32) []float32 { return x })
	if !slices.Equal(w.shown[0].x[:4], []float32{0, 1, 5, 1}) || !slices.Equal(w.shown[2].x[:4], []float32{1, 1, 0, 0}) {
		t.Errorf("shown are %v and %v", w.shown[0].x, w.shown[2].x)
	}
}

// TestShuffledSequences: an epoch shows each example once, in an order of the epoch's and the learner's, with what it wants; and
// a system keeps its promises on them, with an optimiser that remembers.
func TestShuffledSequences(t *testing.T) {
	task := sequenceTask(sequencesOf(5, data.Sequences{}), 2, true)
	w, _, _ := watch(t, task, 2*2*3, func(x, _ []float32) []float32 { return x })
	orders := map[string]bool{}
	for l := range 2 {
		for epoch := range 2 {
			var seen, order []float32
			for trial := range 2 {
				s := w.shown[(2*epoch+trial)*3]
				seen = append(seen, s.x[4*l], s.x[4*l+2])
				last := w.shown[(2*epoch+trial)*3+2]
				for k := range 2 {
					if i := s.x[4*l+2*k]/10 - 1; i < 4 && last.want[2*l+k] != float32(int(i)%2) {
						t.Errorf("example %g wants %g", i, last.want[2*l+k])
					}
				}
			}
			order = slices.Clone(seen)
			orders[string([]byte{byte(order[0]), byte(order[1]), byte(order[2]), byte(order[3])})] = true
			if slices.Sort(seen); len(slices.Compact(seen)) != 4 {
				t.Errorf("learner %d sees %v in epoch %d", l, order, epoch)
			}
		}
	}
	if len(orders) < 3 {
		t.Errorf("%d orders of two learners and epochs", len(orders))
	}
	nettest.System(t, func() nets.System {
		return &recurrent.RFLO{Leaky: recurrent.Leaky{Units: 4, Tau: 2, Gain: 1.5}, Learning: recurrent.Learning{Optimiser: nets.SGD{Momentum: 0.9}}}
	}, task)
}
