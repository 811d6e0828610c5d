package settle_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/settle"
	"hebb/nets/tasks"
)

// A chlTwin runs contrastive Hebbian learning in float64.
type chlTwin struct {
	layers
	set *settle.CHL
}

func (n *chlTwin) weights() lab.Results { return n.layers.weights(n.set.Bias) }

func (n *chlTwin) moment(rate float64) {
	d, b := n.zero(), examples()
	for e := range examplesOf {
		if !shown(e) {
			continue
		}
		x, want := row(b, e)
		n.learn(d, x, want, float64(n.set.Gamma), n.set.Sweeps, 0, rate/examplesOf)
	}
	if !n.set.Bias {
		d.b = n.zero().b
	}
	n.plus(d, 1)
}

func noFeedback(_ int, u, _ float64) float64 { return sigmoid(u) }

// learn adds an example's changes to d, and returns the number of sweeps in its free phase.
func (n layers) learn(d layers, x, want []float64, gamma float64, sweeps int, tolerance, rate float64) int {
	free, made, _ := n.settle(x, nil, gamma, sweeps, sigmoid, noFeedback, tolerance)
	start := append(slices.Clone(free[:len(free)-1]), want)
	held, _, _ := n.settle(x, start, gamma, sweeps, sigmoid, nil, tolerance)
	for k := range n.w {
		d.add(k, x, held, free, rate*math.Pow(gamma, float64(k+1-len(n.w))))
	}
	return made
}

// backprop adds −∂E/∂(W, b) to d; E is the cross-entropy of a sigmoid for each output.
func (n layers) backprop(d layers, x, want []float64, rate float64) {
	h, _, _ := n.settle(x, nil, 0, 1, sigmoid, noFeedback, 0)
	delta := make([]float64, len(want))
	for o, y := range h[len(h)-1] {
		delta[o] = want[o] - y
	}
	for k := len(n.w) - 1; k >= 0; k-- {
		below := x
		if k > 0 {
			below = h[k-1]
		}
		next := make([]float64, len(below))
		for i, e := range delta {
			d.b[k][i] += rate * e
			for j, v := range below {
				d.w[k][i*len(below)+j] += rate * e * v
				next[j] += e * n.w[k][i*len(below)+j]
			}
		}
		if delta = next; k > 0 {
			for j, v := range below {
				delta[j] *= v * (1 - v)
			}
		}
	}
}

// figures come from 30 random examples in a random network at some γ, in float64 and with a relaxation to 1e-13. They
// are 1 − cos between the change and backprop's, in the layer where it is largest; by how much the change of the first
// layer is longer; and the sweeps after the feed-forward pass.
func figures(seed uint64, gamma float64, sizes ...int) (off, longer float64, sweeps int) {
	rnd := rand.New(rand.NewPCG(seed, 25))
	normal := func(n int, sd float64) (x []float64) {
		for range n {
			x = append(x, sd*rnd.NormFloat64())
		}
		return x
	}
	var n layers
	for k, units := range sizes[1:] {
		n.w, n.b = append(n.w, normal(units*sizes[k], 0.5)), append(n.b, make([]float64, units))
	}
	own, exact := n.zero(), n.zero()
	for range 30 {
		x, want := normal(sizes[0], 1), make([]float64, sizes[len(sizes)-1])
		want[rnd.IntN(len(want))] = 1
		sweeps = max(sweeps, n.learn(own, x, want, gamma, 1000, 1e-13, 1)-1)
		n.backprop(exact, x, want, 1)
	}
	for k := range n.w {
		off = max(off, 1-lab.Dot(own.w[k], exact.w[k])/lab.Norm(own.w[k])/lab.Norm(exact.w[k]))
	}
	return off, lab.Norm(own.w[0])/lab.Norm(exact.w[0]) - 1, sweeps
}

// TestBackprop: as γ → 0 the change is backprop's. In every layer of five networks 1 − cos of the angle is at most 1e-4
// at γ 0.01 and 0.01 at 0.1, and falls as γ²; the change is longer by the first order of γ. TestTwins shows that the
// system makes the same change.
func TestBackprop(t *testing.T) {
	for _, sizes := range [][]int{{20, 15, 10, 5}, {20, 15, 10, 8, 5}} {
		means := map[float64][3]float64{}
		for _, gamma := range []float64{1, 0.1, 0.01} {
			for seed := range uint64(5) {
				off, longer, sweeps := figures(seed, gamma, sizes...)
				if gamma < 1 && off > gamma*gamma {
					t.Errorf("%v, gamma %g, seed %d: 1 − cos is %g, want at most %g", sizes, gamma, seed, off, gamma*gamma)
				}
				m := means[gamma]
				means[gamma] = [3]float64{m[0] + off/5, m[1] + longer/5, m[2] + float64(sweeps)/5}
			}
			t.Logf("%v, gamma %g: 1 − cos %.3g, longer by %.3g, %g sweeps", sizes, gamma, means[gamma][0], means[gamma][1], means[gamma][2])
		}
		if a, b := means[0.1], means[0.01]; !(a[0] > 60*b[0] && a[0] < 140*b[0] && a[1] > 8*b[1] && a[1] < 12*b[1]) {
			t.Errorf("%v: from gamma 0.1 to 0.01 1 − cos falls %g times, want 60 to 140, and the excess %g times, want 8 to 12", sizes, a[0]/b[0], a[1]/b[1])
		}
		if few, many := means[0.01][2], means[1][2]; few < 5 || few > 8 || many < 25 || many > 50 {
			t.Errorf("%v: %g sweeps at gamma 0.01 and %g at 1, want about 6 and 35", sizes, few, many)
		}
	}
}

// TestCompare holds the angles that a run reports to the angles of the changes in float64.
func TestCompare(t *testing.T) {
	system := func() nets.System { return &settle.CHL{Hidden: []int{4, 3}, Sweeps: 40, Gamma: 0.125, Gain: 2} }
	s := lab.Make(t, lab.CPU(t), nets.Run{System: system, Task: func() nets.Task { return examples() }, Seed: 4}, 0)
	angles := must.Get(s.Compare(t.Context()))(t)
	if len(angles) != 3 {
		t.Fatal(angles)
	}
	n := layersOf(weightsOf(t, s), 2)
	own, exact, b := n.zero(), n.zero(), examples()
	for e := range examplesOf {
		x, want := row(b, e)
		n.learn(own, x, want, 0.125, 40, 0, 1./examplesOf)
		n.backprop(exact, x, want, 1./examplesOf)
	}
	for k, a := range angles {
		angle := math.Acos(lab.Dot(own.w[k], exact.w[k])/lab.Norm(own.w[k])/lab.Norm(exact.w[k])) * 180 / math.Pi
		if !(math.Abs(float64(a.Gradient)-angle) < 0.02*angle) || !(a.Delta > 0 && a.Delta < 8) {
			t.Errorf("layer %s: %g° and %g° of the deltas, want %g° and a few", a.Layer, float64(a.Gradient), float64(a.Delta), angle)
		}
	}
}

// TestResidual: the metric is the movement, in the last sweep, of the activity that moves most in any layer, as a mean
// over the examples.
func TestResidual(t *testing.T) {
	for sweeps := range 4 {
		system := func() nets.System { return chl(sweeps+1, 1, 4, 3) }
		s := lab.Make(t, lab.CPU(t), nets.Run{System: system, Task: func() nets.Task { return examples() }, Seed: 4}, 0)
		n := layersOf(weightsOf(t, s), 2)
		lab.On(t, s, 1)
		want, b := 0., examples()
		for e := range examplesOf {
			x, _ := row(b, e)
			_, _, moved := n.settle(x, nil, 1, sweeps+1, sigmoid, noFeedback, 0)
			want += moved / examplesOf
		}
		if got := lab.Metrics(t, s).Get("residual").Mean(); !(math.Abs(got-want) < 1e-6) {
			t.Errorf("after %d sweeps the residual is %g, want %g", sweeps+1, got, want)
		}
	}
}

// weightsOf returns the weights of a run by name.
func weightsOf(t *testing.T, s *nets.Session) lab.Results {
	t.Helper()
	w := lab.Results{}
	for name, x := range lab.Values(t, s) {
		for _, v := range x {
			w[name] = append(w[name], float64(v))
		}
	}
	return w
}

// TestClasses: a class is learned exactly like the numbers 0 and 1, or −1 and 1, to the bit.
func TestClasses(t *testing.T) {
	x := []float32{1, 0.5, -1, 0.25, 2, 1}
	for name, system := range systems {
		low := float32(0)
		if _, ok := system().(*settle.Contrastive); ok {
			low = -1
		}
		var all [2][]float32
		for i, b := range []tasks.Batch{
			{In: nets.Row(2), Out: 2, X: x, Classes: true, Want: []float32{1, 0, 1}},
			{In: nets.Row(2), Out: 2, X: x, Want: []float32{low, 1, 1, low, low, 1}},
		} {
			task := func() nets.Task { b := b; return &b }
			s := lab.Make(t, lab.CPU(t), nets.Run{System: system, Task: task, Learners: 2, Rate: 0.5}, 5)
			for _, w := range s.Tensors() {
				all[i] = append(all[i], lab.Values(t, s)[w.Name]...)
			}
		}
		if !slices.Equal(all[0], all[1]) {
			t.Errorf("%s: weights are %v of classes and %v of numbers", name, all[0], all[1])
		}
	}
}

// TestLearns: three learners of sixteen units learn exclusive or. A hundred learners had all learned it by moment 400.
func TestLearns(t *testing.T) {
	s := lab.Make(t, lab.CPU(t), nets.Run{System: settle.Systems[0].System, Task: xor, Test: xor, Learners: 3, Rate: 1}, 600)
	m := must.Get(s.Evaluate(t.Context(), nil))(t)
	t.Log(m)
	for l := range 3 {
		if e, a := m.Get("error").Each[l], m.Get("accuracy").Each[l]; !(e < 0.01) || a != 1 {
			t.Errorf("learner %d: an error of %g and an accuracy of %g, want below 0.01 and 1", l, e, a)
		}
	}
}
