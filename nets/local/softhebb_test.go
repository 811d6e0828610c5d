package local_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/local"
	"hebb/nets/nettest"
	"hebb/nets/stack"
	"hebb/nets/tasks"
)

// softNet returns a network of two hidden layers, of convolutions or dense.
func softNet(dense bool) stack.Stack {
	layer := func(n, units int) stack.Group {
		norm := stack.BatchNorm{Name: "norm", Plain: true}
		if dense {
			return stack.Group{Name: fmt.Sprint("layer", n), Layers: stack.Stack{norm, stack.Dense{Name: "w", Units: units, NoBias: true, Init: stack.Normal(1)}}}
		}
		return stack.Group{Name: fmt.Sprint("layer", n), Layers: stack.Stack{norm, stack.Reflect{Pad: 1}, stack.Conv{Name: "w", Units: units, Window: 3, Init: stack.Normal(1)}}}
	}
	out := stack.Group{Name: "output", Layers: stack.Stack{stack.Dropout{Rate: 0.25}, stack.Dense{Name: "fc", Units: 3}}}
	return stack.Stack{layer(1, 4), stack.Centre{}, stack.Rectified{Power: 0.75}, layer(2, 3), stack.Centre{}, stack.Rectified{Power: 1.5}, stack.Flatten{}, out}
}

// softSystem learns each layer of softNet in two steps.
func softSystem(dense, hard bool) nets.System {
	return &stack.System{Net: stack.Always(softNet(dense)), Optimiser: nets.SGD{},
		Rule: local.SoftHebb{Rate: []float32{0.125, 0.25}, Beta: []float32{1, 0.5}, Steps: 2, Hard: hard}}
}

func softTask() nets.Task {
	x, labels := lab.Batch(lab.ImageIn)
	return &tasks.Batch{In: lab.ImageIn, X: x, Out: 3, Classes: true, Want: labels}
}

// A softTwin is the hidden layers of softNet in float64, an example and a place at a time.
type softTwin struct {
	dense, hard bool
	w           [2][]float64 // units × inputs
	mean, vars  [2][]float64 // running statistics
}

// inputs returns the inputs of all units of layer k at each place: of x, examples × places × channels, 4 × 4 places.
func (t *softTwin) inputs(k int, x []float64, learn bool) (rows [][]float64) {
	channels := len(t.mean[k])
	n := float64(len(x) / channels)
	z := make([]float64, len(x))
	for c := range channels {
		mean, square := 0.0, 0.0
		for i := c; i < len(x); i += channels {
			mean += x[i] / n
		}
		for i := c; i < len(x); i += channels {
			square += (x[i] - mean) * (x[i] - mean) / n
		}
		if learn {
			t.mean[k][c] += float64(float32(0.1)) * (mean - t.mean[k][c])
			t.vars[k][c] += float64(float32(0.1)) * (square*n/(n-1) - t.vars[k][c])
		} else {
			mean, square = t.mean[k][c], t.vars[k][c]
		}
		for i := c; i < len(x); i += channels {
			z[i] = (x[i] - mean) / math.Sqrt(square+float64(float32(1e-5)))
		}
	}
	if t.dense {
		return slices.Collect(slices.Chunk(z, len(z)/4))
	}
	mirror := func(i int) int { return 3 - int(math.Abs(float64(3-int(math.Abs(float64(i)))))) }
	for place := range len(z) / channels {
		var row []float64
		for r := -1; r <= 1; r++ {
			for s := -1; s <= 1; s++ {
				at := place/16*16 + mirror(place/4%4+r)*4 + mirror(place%4+s)
				row = append(row, z[at*channels:][:channels]...)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// forward returns the output of layer k.
func (t *softTwin) forward(k int, x []float64, power float64) (y []float64) {
	for _, row := range t.inputs(k, x, false) {
		u := t.answer(k, row)
		mean := 0.0
		for _, v := range u {
			mean += v / float64(len(u))
		}
		for _, v := range u {
			y = append(y, math.Pow(math.Max(0, v-mean), power))
		}
	}
	return y
}

func (t *softTwin) answer(k int, row []float64) (u []float64) {
	for w := range slices.Chunk(t.w[k], len(row)) {
		u = append(u, lab.Dot(w, row))
	}
	return u
}

// learn changes the weights of layer k by a step: Δ_k is added up update by update.
func (t *softTwin) learn(k int, x []float64, rate, beta float64) {
	change, rows := make([]float64, len(t.w[k])), t.inputs(k, x, true)
	for _, row := range rows {
		u, sum := t.answer(k, row), 0.0
		won := slices.Index(u, slices.Max(u))
		for _, v := range u {
			sum += math.Exp(beta * (v - u[won]))
		}
		for j, v := range u {
			s := -math.Exp(beta*(v-u[won])) / sum
			if j == won {
				s = -s
			}
			if t.hard {
				s = map[bool]float64{true: 1}[j == won]
			}
			for i, xi := range row {
				change[j*len(row)+i] += s * (xi - v*t.w[k][j*len(row)+i])
			}
		}
	}
	largest, fan := 0.0, len(rows[0])
	for _, d := range change {
		largest = math.Max(largest, math.Abs(d))
	}
	for j := range len(change) / fan {
		w := t.w[k][j*fan:][:fan]
		own := rate * math.Sqrt(math.Abs(lab.Norm(w)-1)+1e-10)
		for i := range w {
			w[i] += own * change[j*fan+i] / largest
		}
	}
}

// state returns what the twin has, by the names of the network.
func (t *softTwin) state() lab.Results {
	out := lab.Results{}
	for k := range t.w {
		name := fmt.Sprint("layer", k+1)
		out[name+".w.weight"], out[name+".norm.running_mean"], out[name+".norm.running_var"] = t.w[k], t.mean[k], t.vars[k]
	}
	return out
}

// TestSoftHebb: layers learn in their turn as the equations say, in float64 and within derived bounds on the CPU and by
// OpenGL; the others stay as they are, and the readout learns when all have learned.
func TestSoftHebb(t *testing.T) {
	x, _ := lab.Batch(lab.ImageIn)
	images := make([]float64, len(x))
	for i := range x {
		images[i] = float64(x[i])
	}
	for name, c := range map[string]struct{ dense, hard bool }{"convolutions": {}, "dense": {dense: true}, "hard": {hard: true}} {
		t.Run(name, func(t *testing.T) {
			open := func(t *testing.T, l lab.Lab) (*nets.Session, func() lab.Results) {
				s := lab.Make(t, l.Device, nets.Run{System: func() nets.System { return softSystem(c.dense, c.hard) }, Task: softTask, Seed: 4, Rate: 0.5, Moments: 9}, 0)
				return s, func() lab.Results {
					out := lab.Results{}
					for _, n := range s.Tensors() {
						if strings.HasPrefix(n.Name, "layer") || strings.HasPrefix(n.Name, "output") {
							out[n.Name] = l.Values(t, n.Value)
						}
					}
					return out
				}
			}
			run := func(t *testing.T, l lab.Lab) lab.Results {
				s, state := open(t, l)
				lab.On(t, s, 4)
				return state()
			}
			s, state := open(t, lab.Exact(t))
			twin := &softTwin{dense: c.dense, hard: c.hard}
			before := state()
			for k := range 2 {
				name := fmt.Sprint("layer", k+1)
				twin.w[k], twin.mean[k], twin.vars[k] = before[name+".w.weight"], before[name+".norm.running_mean"], before[name+".norm.running_var"]
			}
			readout := slices.Clone(before["output.fc.weight"])
			for step := range 4 {
				lab.On(t, s, 1)
				if k := step / 2; k == 0 {
					twin.learn(0, images, 0.125, 1)
				} else {
					twin.learn(1, twin.forward(0, images, 0.75), 0.25, 0.5)
				}
				got := state()
				for name, want := range twin.state() {
					for i, v := range want {
						if math.Abs(got[name][i]-v) > 1e-9 {
							t.Fatalf("step %d: number %d of %s is %.12g, want %.12g", step, i, name, got[name][i], v)
						}
					}
				}
				if !slices.Equal(got["output.fc.weight"], readout) {
					t.Fatalf("step %d: the readout has learned", step)
				}
			}
			want := state()
			lab.On(t, s, 1)
			after := state()
			for name := range after {
				if changed := !slices.Equal(after[name], want[name]); changed != strings.HasPrefix(name, "output") {
					t.Errorf("after the layers' turns: %s changed: %v", name, changed)
				}
			}
			_, bound := lab.Spread(t, lab.Float32s, 0x1p-24, 24, run)
			lab.Agree(t, "float32", run(t, lab.Single(t)), want, bound, 1)
			lab.Telling(t, "float32", want, bound, 1e-3)
			t.Run("gpu", func(t *testing.T) { lab.Agree(t, "gpu", run(t, lab.GPU(t)), want, bound, 1) })
		})
	}
}

// TestSoftHebbAlone: one unit, which wins always, comes to the direction of the mean input, and to length 1.
func TestSoftHebbAlone(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 1))
	x, mean := lab.Normals(rnd, 16*6), make([]float64, 6)
	for i := range x {
		x[i] += float32(i%6) / 2
		mean[i%6] += float64(x[i]) / 16
	}
	net := stack.Stack{stack.Dense{Name: "w", Units: 1, NoBias: true, Init: stack.Normal(0.01)}, stack.Dense{Name: "out", Units: 2}}
	s := lab.Make(t, lab.Bare(t).Device, nets.Run{
		System: func() nets.System {
			return &stack.System{Net: stack.Always(net), Optimiser: nets.SGD{}, Rule: local.SoftHebb{Rate: []float32{0.02}, Beta: []float32{1}, Steps: 1 << 20}}
		},
		Task: func() nets.Task {
			return &tasks.Batch{In: nets.Row(6), X: x, Out: 2, Classes: true, Want: make([]float32, 16)}
		},
	}, 2000)
	var w []float64
	for _, v := range lab.Values(t, s)["w.weight"] {
		w = append(w, float64(v))
	}
	norm := lab.Norm(w)
	if cos := lab.Dot(w, mean) / norm / lab.Norm(mean); cos < 0.9999 || math.Abs(norm-1) > 0.01 {
		t.Errorf("cosine %.6f to the mean input and length %.4f, want 1", cos, norm)
	}
}

// TestSoftHebbPromises holds networks to the promises of every system, while layers learn and the readout after them: dense
// ones with learners side by side, others in turn.
func TestSoftHebbPromises(t *testing.T) {
	for name, dense := range map[string]bool{"dense": true, "convolutions": false} {
		t.Run(name, func(t *testing.T) {
			nettest.System(t, func() nets.System { return softSystem(dense, false) }, softTask)
		})
	}
}

// TestSoftHebbRefuses: wrong settings and layers of another kind.
func TestSoftHebbRefuses(t *testing.T) {
	good := local.DefaultSoftHebb
	of := func(change func(*local.SoftHebb)) local.SoftHebb {
		r := good
		change(&r)
		return r
	}
	top := stack.Dense{Name: "top", Units: 3}
	plain := stack.Dense{Name: "a", Units: 4, NoBias: true}
	for says, c := range map[string]struct {
		rule local.SoftHebb
		spec stack.Stack
	}{
		"rate []":                             {of(func(r *local.SoftHebb) { r.Rate = nil }), stack.Stack{plain, top}},
		"rate -1":                             {of(func(r *local.SoftHebb) { r.Rate = []float32{1, -1} }), stack.Stack{plain, top}},
		"beta NaN":                            {of(func(r *local.SoftHebb) { r.Beta = []float32{float32(math.NaN())} }), stack.Stack{plain, top}},
		"steps -1":                            {of(func(r *local.SoftHebb) { r.Steps = -1 }), stack.Stack{plain, top}},
		"2 rates for 1":                       {of(func(r *local.SoftHebb) { r.Rate = []float32{1, 1} }), stack.Stack{plain, top}},
		"3 betas for 1":                       {of(func(r *local.SoftHebb) { r.Beta = []float32{1, 1, 1} }), stack.Stack{plain, top}},
		"layer a has a bias or an activation": {good, stack.Stack{stack.Dense{Name: "a", Units: 4}, top}},
		"layer b has a bias or an activation": {good, stack.Stack{plain, stack.Dense{Name: "b", Units: 4, NoBias: true, Act: compute.ReLU}, top}},
		"layer 0.a is one of several":         {good, stack.Stack{stack.Group{Layers: stack.Stack{plain, plain2}}, top}},
		"layer e.0.a is one of several":       {good, stack.Stack{stack.Ensemble{Name: "e", Branches: []stack.Stack{{plain}, {plain}}}, top}},
	} {
		_, err := stack.New(lab.Bare(t).Device, c.spec, nets.Row(5), c.rule, 1)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

var plain2 = stack.Dense{Name: "c", Units: 4, NoBias: true}
