package local_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/local"
	"hebb/nets/nettest"
	"hebb/nets/tasks"
)

var ffIn = nets.Row(5)

func ff() *local.ForwardForward {
	return &local.ForwardForward{Units: []int{4, 8, 2}, Threshold: 0.5, Label: 0.5}
}

func ffTask() nets.Task {
	x, labels := lab.Batch(ffIn)
	return &tasks.Batch{In: ffIn, X: x, Out: 3, Classes: true, Want: labels}
}

// ffGoodness returns the goodness of layer l for an example with a class.
func ffGoodness(w lab.Results, layer int, x []float32, class int) (g float64) {
	sizes := []int{5, 4, 8, 2}
	var in []float64
	for _, v := range x {
		in = append(in, float64(v))
	}
	for l := range layer + 1 {
		name, h := []string{"layer1", "layer2", "layer3"}[l], make([]float64, sizes[l+1])
		g = 0
		for u := range h {
			v := lab.Dot(w[name+".weight"][u*sizes[l]:][:sizes[l]], in) + w[name+".bias"][u]
			if l == 0 {
				v += 0.5 * w["label.weight"][u*3+class]
			}
			h[u] = math.Max(v, 0)
			g += h[u] * h[u] / float64(len(h))
		}
		in = h
		for u := range in {
			in[u] /= math.Sqrt(g + 1e-6)
		}
	}
	return g
}

// ffLoss returns the loss of a layer for examples with their class and with others.
func ffLoss(w lab.Results, layer int, x, labels []float32, wrong []int) (loss float64) {
	for e, label := range labels {
		right, other := ffGoodness(w, layer, x[5*e:][:5], int(label)), ffGoodness(w, layer, x[5*e:][:5], wrong[e])
		loss += (math.Log1p(math.Exp(0.5-right)) + math.Log1p(math.Exp(other-0.5))) / float64(len(labels))
	}
	return loss
}

// TestForwardForward: a step subtracts from a layer's weights the slope of the layer's own loss, by finite differences
// in float64, on the CPU and by OpenGL; the answer is the goodness of each class.
func TestForwardForward(t *testing.T) {
	const rate = 0.125
	x, labels := lab.Batch(ffIn)
	step := func(t *testing.T, l lab.Lab) (before, after lab.Results) {
		s, err := nets.Run{System: func() nets.System { return ff() }, Task: ffTask, Rate: rate, Moments: 9}.Open(l.Device)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		state := func() lab.Results {
			out := lab.Results{}
			for _, n := range s.Tensors() {
				out[n.Name] = l.Values(t, n.Value)
			}
			return out
		}
		before = state()
		if err := s.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		return before, state()
	}
	change := func(t *testing.T, l lab.Lab) lab.Results {
		before, after := step(t, l)
		for name, x := range after {
			for i := range x {
				x[i] = (before[name][i] - x[i]) / rate
			}
		}
		return after
	}
	l := lab.Exact(t)
	before, _ := step(t, l)
	drawn := l.Drawn()
	var wrong []int
	for e, label := range labels {
		u := slices.Clone(drawn[len(drawn)-1][3*e:][:3])
		u[int(label)] = -1
		wrong = append(wrong, slices.Index(u, slices.Max(u)))
	}
	got := change(t, lab.Exact(t))
	for name, g := range got {
		layer := max(0, slices.Index([]string{"layer1", "layer2", "layer3"}, strings.TrimSuffix(strings.TrimSuffix(name, ".weight"), ".bias")))
		for i := range g {
			at := before[name][i]
			moved := func(by float64) float64 {
				before[name][i] = at + by
				defer func() { before[name][i] = at }()
				return ffLoss(before, layer, x, labels, wrong)
			}
			const h = 1e-5
			if want := (moved(h) - moved(-h)) / (2 * h); math.Abs(g[i]-want) > 1e-8 {
				t.Errorf("%s: number %d moves by %.10g, want %.10g, the slope of the layer's loss", name, i, g[i], want)
			}
		}
	}
	_, bound := lab.Spread(t, lab.Float32s, 0x1p-24, 24, change)
	lab.Agree(t, "float32", change(t, lab.Single(t)), got, bound, 1)
	t.Run("gpu", func(t *testing.T) { lab.Agree(t, "gpu", change(t, lab.GPU(t)), got, bound, 1) })
}

// TestForwardForwardAnswers: the answer to an example is, for each class, the goodness in the layers above the first,
// or in the first if it is alone.
func TestForwardForwardAnswers(t *testing.T) {
	for _, units := range [][]int{{4}, {4, 8, 2}} {
		l := lab.Exact(t)
		system := &local.ForwardForward{Units: units, Threshold: 0.5, Label: 0.5}
		answer := l.New(t, 4, 3)
		s, err := nets.Open(l.Device, 1, 1, func(s *nets.Store) error {
			return system.Build(s, nets.Spec{In: ffIn, Out: 3, Classes: true, Examples: 4, Trial: 1})
		})
		if err != nil {
			t.Fatal(err)
		}
		x, _ := lab.Batch(ffIn)
		l.Do(t, func(st *compute.Step) error {
			p := s.Pass(st)
			m := nets.Moment{X: p.Tensor(1, 4, 5), First: true, Last: true}
			p.Write(m.X, x)
			p.Do(compute.Copy{Dst: answer, Src: system.Step(p, m)})
			return p.Failed()
		})
		w := lab.Results{}
		for _, n := range s.Tensors() {
			w[n.Name] = l.Values(t, n.Value)
		}
		for i, got := range l.Values(t, answer) {
			want := 0.0
			for layer := min(1, len(units)-1); layer < len(units); layer++ {
				want += ffGoodness(w, layer, x[5*(i/3):][:5], i%3)
			}
			if math.Abs(got-want) > 1e-6 {
				t.Errorf("units %v: number %d is %.9g, want %.9g", units, i, got, want)
			}
		}
	}
}

// TestForwardForwardSystem holds the system to the promises of every system.
func TestForwardForwardSystem(t *testing.T) {
	nettest.System(t, func() nets.System { return ff() }, ffTask)
}

// TestForwardForwardRefuses: invalid settings and unsuitable tasks are refused.
func TestForwardForwardRefuses(t *testing.T) {
	for says, f := range map[string]*local.ForwardForward{
		"units []": {Threshold: 1, Label: 1}, "units [3 0]": {Units: []int{3, 0}, Threshold: 1, Label: 1},
		"threshold 0": {Units: []int{3}, Label: 1}, "label NaN": {Units: []int{3}, Threshold: 1, Label: float32(math.NaN())},
	} {
		if err := f.Check(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	one := func() nets.Task {
		return &tasks.Batch{In: ffIn, X: make([]float32, 5), Out: 1, Want: []float32{0}}
	}
	_, err := nets.Run{System: func() nets.System { return ff() }, Task: one}.Open(lab.Bare(t).Device)
	if err == nil || !strings.Contains(err.Error(), "two classes") {
		t.Errorf("a task of numbers: %v", err)
	}
}
