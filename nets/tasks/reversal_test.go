package tasks_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/tasks"
)

// A single answers with one number.
type single struct{ *watcher }

func (s *single) Build(store *nets.Store, spec nets.Spec) error {
	err := s.watcher.Build(store, spec)
	s.out = 1
	return err
}

const reversalInputs, reversalBlock, reversalMoments, reversalLearners = 12, 15, 150, 2

func reversal() nets.Task {
	return &tasks.Reversal{Inputs: reversalInputs, Active: 0.5, Block: reversalBlock}
}

// A count is how many choices of each learner are right, of how many, by the name of a metric.
type count map[string]*[2][reversalLearners]float64

func (c count) add(name string, l int, correct bool) {
	if c[name] == nil {
		c[name] = new([2][reversalLearners]float64)
	}
	if c[name][1][l]++; correct {
		c[name][0][l]++
	}
}

// learner counts the choices of one learner, and holds each reward to its answer; of ties it returns how many are right
// and wrong.
func (c count) learner(t *testing.T, l int, w *watcher, answers [][]float32, images [2][]float32) (ties map[bool]int) {
	var run, fell [2]int
	ties = map[bool]int{}
	for n, m := range w.shown {
		image := slices.IndexFunc(images[:], func(x []float32) bool { return slices.Equal(x, m.x[l*reversalInputs:][:reversalInputs]) })
		if image < 0 {
			t.Fatalf("trial %d shows %v, want one of %v", n, m.x, images)
		}
		block, trial := n/reversalBlock, n%reversalBlock
		left, right := answers[n][2*l], answers[n][2*l+1]
		correct := (right > left) == (image != block%2)
		if left == right {
			correct = w.rewards[n][l] == 1
			ties[correct]++
		}
		if r := w.rewards[n][l]; r != 1 && r != -1 || (r == 1) != correct || m.want != nil {
			t.Fatalf("trial %d of image %d rewards %v with %g", n, image, answers[n], r)
		}
		c.add("correct", l, correct)
		if block > 0 && trial < 3 {
			c.add("correct, reversed", l, correct)
		}
		if trial >= reversalBlock-10 {
			c.add("correct, learned", l, correct)
		}
		if k := fell[image]; k > 0 {
			c.add([]string{"", "after 1", "after 2-3", "after 2-3", "after 4+"}[min(k, 4)], l, correct)
		}
		fell[image], run[image] = 0, run[image]+1
		if !correct {
			fell[image], run[image] = run[image]-1, 0
		}
	}
	return ties
}

// TestReversal holds rewards and metrics of random answers, some of which are ties, to their definitions.
func TestReversal(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var answers [][]float32
	w := &watcher{answer: func(_, _ []float32) []float32 {
		y := make([]float32, 2*reversalLearners)
		for i := range y {
			y[i] = float32(rnd.IntN(3))
		}
		answers = append(answers, y)
		return y
	}}
	s := lab.Make(t, lab.CPU(t), nets.Run{System: func() nets.System { return w }, Task: reversal, Learners: reversalLearners, Seed: 5}, reversalMoments)
	values, metrics, want := lab.Values(t, s), lab.Metrics(t, s), count{}
	first, second := values["task.first image"], values["task.second image"]
	for l := range reversalLearners {
		at := l * reversalInputs
		if ties := want.learner(t, l, w, answers, [2][]float32{first[at:][:reversalInputs], second[at:][:reversalInputs]}); ties[true] < 5 || ties[false] < 5 {
			t.Errorf("learner %d: %v of the ties are right", l, ties)
		}
	}
	for name, c := range want {
		near(t, name, metrics.Get(name).Each, c[0][0]/c[1][0], c[0][1]/c[1][1])
	}
	if len(want) != 6 || len(metrics) != 6 {
		t.Errorf("metrics are %v, want 6 as in %v", metrics, want)
	}
	if slices.Equal(first, second) || slices.Equal(first[:reversalInputs], first[reversalInputs:]) {
		t.Error("two images, or two learners, are alike")
	}
}

// TestOneNumber: an answer of one number is refused.
func TestOneNumber(t *testing.T) {
	w := &watcher{answer: func(_, _ []float32) []float32 { return make([]float32, reversalLearners) }}
	s := lab.Make(t, lab.CPU(t), nets.Run{System: func() nets.System { return &single{w} }, Task: reversal, Learners: reversalLearners}, 0)
	if err := s.Step(t.Context()); err == nil || !strings.Contains(err.Error(), "reversal: the system answers [2 1 1], want two numbers of each learner") {
		t.Errorf("the error is %v", err)
	}
}
