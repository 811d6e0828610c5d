package tasks_test

import (
	"math"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/tasks"
)

// An obedient system answers what a test says of a moment, and keeps what it was told.
type obedient struct {
	watcher
	controls [][]float32
}

func (o *obedient) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	o.controls = append(o.controls, m.Control)
	return o.watcher.Step(p, m)
}

// assembled shows two patterns; a phase of the protocol has two moments.
func assembled(operation string) tasks.Assemblies {
	t := tasks.DefaultAssemblies
	t.Inputs, t.Patterns, t.Active, t.Content, t.Variable, t.Operation = 6, 2, 2, 12, 10, operation
	t.Shown, t.Present, t.Create, t.Delay = 1, 2, 2, 1
	if operation != "recall" {
		t.Spaces = 2
	}
	return t
}

// answers shows a task to an obedient system, which has given numbers of spikes in given cells in some moments, and in the
// others more than any assembly.
func answers(t *testing.T, task tasks.Assemblies, cells int, given map[int]map[int]float32) (*obedient, nets.Metrics) {
	t.Helper()
	n, o := 0, &obedient{}
	o.answer = func(_, _ []float32) []float32 {
		y := slices.Repeat([]float32{100}, 2*cells)
		if spikes, ok := given[n]; ok {
			for i := range y {
				y[i] = spikes[i%cells]
			}
		}
		n++
		return y
	}
	s := lab.Make(t, lab.CPU(t), nets.Run{System: func() nets.System { return o }, Task: func() nets.Task { x := task; return &x }, Learners: 2, Seed: 3}, task.Moments())
	return o, lab.Metrics(t, s)
}

func spikesOf(n float32, cells ...int) map[int]float32 {
	all := map[int]float32{}
	for _, i := range cells {
		all[i] = n
	}
	return all
}

// TestAssemblies: the protocol has the rates and the controls of its phases, and metrics are those of the assemblies in the
// moments that count.
func TestAssemblies(t *testing.T) {
	test0, test1 := spikesOf(3, 0, 1, 2, 3, 4), spikesOf(3, 5, 6, 7, 8, 9)
	test0[11] = 2 // at most the threshold, which is 2.5
	recall1 := spikesOf(3, 5, 6, 7, 8, 10, 11, 16, 17)
	o, m := answers(t, assembled("recall"), 22, map[int]map[int]float32{
		5: test0, 9: test1, 15: spikesOf(3, 12, 13, 14, 15), 19: spikesOf(3, 16, 17, 18, 19),
		27: spikesOf(3, 0, 1, 2, 3, 4, 12, 13, 14, 15), 28: spikesOf(3, 0, 1, 2, 3, 4, 12, 13, 14, 15), 36: recall1, 37: recall1,
	})
	for name, want := range map[string]float64{"success": 0.5, "shared": 0.9, "excess": 0.2, "content cells": 5, "variable cells": 4, "recovered": 0.75, "readout": 1} {
		near(t, name, m.Get(name).Each, want, want)
	}
	if len(o.controls) != 38 {
		t.Fatalf("%d moments, want 38", len(o.controls))
	}
	learn, rest, both, none, variable := []float32{1, 0, 0, 1, 0}, []float32{0, 0, 0, 1, 0}, []float32{0, 0, 0, 0, 0}, []float32{0, 1, 0, 1, 0}, []float32{0, 1, 0, 0, 0}
	fresh := []float32{0, 0, 0, 1, 1}
	const clearMean, on, off = (2*100 + 4*0.1) / 6., 100, 0.1
	at := func(k, shows int, controls []float32) {
		t.Helper()
		want := slices.Repeat([]float32{clearMean}, 6)
		if shows >= 0 {
			want = slices.Repeat([]float32{off}, 6)
			want[2*shows], want[2*shows+1] = on, on
		}
		if got := o.shown[k].x[:6]; !slices.EqualFunc(got, want, func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-4 }) || !slices.Equal(o.controls[k], controls) {
			t.Errorf("moment %d shows %v with the controls %v, want %v and %v", k, got, o.controls[k], want, controls)
		}
	}
	for _, k := range []int{0, 1} { // a random pattern
		at(k, slices.Index(o.shown[0].x[:6], on)/2, learn)
	}
	at(3, -1, learn)
	at(4, 0, rest)
	at(7, -1, rest)
	at(9, 1, rest)
	at(12, -1, fresh)
	at(13, -1, rest)
	at(15, 0, both)
	at(20, -1, fresh)
	at(23, 0, both)
	at(24, -1, none)
	at(25, -1, variable)
	at(28, -1, both)
	at(32, 1, both)
}

// TestAssembliesCopied: a copy is recalled from the second variable space, with the first one inhibited.
func TestAssembliesCopied(t *testing.T) {
	recall := spikesOf(3, 0, 1, 2, 3, 4, 22, 23)
	task := assembled("copy")
	o, m := answers(t, task, 32, map[int]map[int]float32{
		5: spikesOf(3, 0, 1, 2, 3, 4), 9: spikesOf(3, 5, 6, 7, 8, 9), 15: spikesOf(3, 12), 19: spikesOf(3, 13), 23: spikesOf(3, 22, 23), 27: spikesOf(3, 24),
		56: recall, 57: recall, 86: recall, 87: recall,
	})
	for name, want := range map[string]float64{"success": 0.5, "shared": 0.5, "excess": 0.5, "content cells": 5, "variable cells": 1.5, "recovered": 0.5, "readout": 0.5} {
		near(t, name, m.Get(name).Each, want, want)
	}
	if got, want := o.controls[55], []float32{0, 0, 0, 1, 0, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("a recall has the controls %v, want %v", got, want)
	}
	if got, want := o.controls[44], []float32{0, 0, 0, 0, 0, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("a copy has the controls %v, want %v", got, want)
	}
}

// TestAssembliesCompared: pairs are told the same where the second recall moves the readout by less than 0.6 of the first.
func TestAssembliesCompared(t *testing.T) {
	const first, pair, patterns, readout = 40, 16, 3, 32 // moments up to the pairs, and of each; the last number of an answer
	given := map[int]map[int]float32{}
	for k, moved := range []float32{5, 6.5, 7, 6.5, 7, 6.5} {
		for n, at := range []int{9, 10, 11, 13, 14, 15} {
			given[first+pair*k+at] = map[int]float32{0: 100, 31: 100, readout: []float32{10, moved}[n/3]}
		}
	}
	task := assembled("compare")
	task.Patterns = patterns
	o, m := answers(t, task, 33, given)
	for name, want := range map[string]float64{"right": 2. / 3, "same right": 1. / 3, "different right": 1, "same moves": 19. / 30, "different moves": 0.65} {
		near(t, name, m.Get(name).Each, want, want)
	}
	if len(o.controls) != first+pair*2*patterns {
		t.Fatalf("%d moments, want %d", len(o.controls), first+pair*2*patterns)
	}
	for n, want := range map[int][]float32{
		0: {0, 0, 0, 1, 1, 1, 1, 0}, 2: {0, 0, 0, 0, 0, 1, 0, 0}, 4: {0, 1, 0, 1, 0, 1, 0, 0}, 5: {0, 0, 0, 1, 0, 0, 0, 0},
		8: {0, 1, 0, 1, 0, 0, 0, 1}, 9: {0, 0, 0, 1, 0, 0, 0, 0}, 12: {0, 1, 0, 0, 0, 1, 0, 0}, 13: {0, 0, 0, 0, 0, 1, 0, 0},
	} {
		if got := o.controls[first+pair+n]; !slices.Equal(got, want) {
			t.Errorf("moment %d of a pair has the controls %v, want %v", n, got, want)
		}
	}
	if on := o.shown[first+pair+2].x[0]; on != 100 {
		t.Errorf("of the pair 0 and 1 the first input of 0 has %g Hz in the first store, want 100", on)
	}
	if on := o.shown[first+pair+5].x[2]; on != 100 {
		t.Errorf("of the pair 0 and 1 the first input of 1 has %g Hz in the second store, want 100", on)
	}
}
