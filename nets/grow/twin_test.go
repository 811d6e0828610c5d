package grow_test

import (
	"math"
	"slices"
	"testing"

	"hebb/nets"
	"hebb/nets/grow"
	"hebb/nets/internal/lab"
	"hebb/nets/tasks"
)

// A twin runs cascade-correlation with one output in float64, in the form of the paper: a phase is a loop.
type twin struct {
	grow.Cascade
	rate       float64
	x          [][]float64 // what units see, for each example: 1, inputs, activities
	want       []float64
	out        []float64
	hidden     [][]float64
	candidates [][]float64
	draws      [][]float64 // of each epoch
	epoch      int
	slopes     [][]float64 // the candidates' last slopes in quickprop
	s          float64     // the largest S of the last epoch
}

// f32 is a constant of a float32 formula.
func f32(x float64) float64 { return float64(float32(x)) }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// quickprop holds a number's last slope and step.
type quickprop struct{ p, d float64 }

func (q *quickprop) step(s, mu, rate float64) float64 {
	shrink := f32(float64(float32(mu) / (1 + float32(mu))))
	step := 0.0
	if q.d == 0 || s*q.d < 0 {
		step -= rate * s
	}
	switch {
	case q.d > 0 && s <= shrink*q.p, q.d < 0 && s >= shrink*q.p:
		step += mu * q.d
	case q.d != 0:
		step += q.d * s / (q.p - s)
	}
	q.p, q.d = s, step
	return step
}

// errors returns E and E·(f′ + 0.1) of the examples.
func (t *twin) errors() (e, delta []float64) {
	for p, x := range t.x {
		y := sigmoid(lab.Dot(t.out, x[:len(t.out)]))
		e = append(e, y+float64(t.Low)-t.want[p])
		delta = append(delta, e[p]*(y*(1-y)+f32(0.1)))
	}
	return e, delta
}

// A stall says when a goal has not moved for long enough.
type stall struct {
	mark  float64
	still int
}

func (s *stall) over(goal, moves float64, epoch, patience, most int) bool {
	if epoch == 1 || math.Abs(goal-s.mark) > moves*s.mark {
		s.mark, s.still = goal, 0
	} else {
		s.still++
	}
	return s.still >= patience || epoch >= most
}

// outputs learns until all is learned, nothing gets better, or epochs are over.
func (t *twin) outputs(epochs int) (learned bool) {
	quick, s := make([]quickprop, len(t.out)), stall{}
	for k := 1; t.epoch < epochs; k++ {
		t.epoch++
		e, delta := t.errors()
		if !slices.ContainsFunc(e, func(x float64) bool { return math.Abs(x) >= f32(0.4) }) {
			return true
		}
		for i, w := range t.out {
			g := f32(1e-4) * w
			for p, x := range t.x {
				g += delta[p] * x[i]
			}
			t.out[i] += quick[i].step(g, float64(t.Mu), f32(t.rate/float64(len(t.x))))
		}
		if s.over(lab.Dot(e, e), f32(0.01), k, t.Patience, t.Epochs) {
			break
		}
	}
	return false
}

// residual returns what the candidates correlate with.
func (t *twin) residual() (e []float64, z float64) {
	_, delta := t.errors()
	mean := 0.0
	for _, d := range delta {
		mean += d / float64(len(delta))
	}
	for _, d := range delta {
		e = append(e, d-mean)
	}
	return e, lab.Dot(e, e)
}

// pool trains a pool of candidates, and makes a unit of the best.
func (t *twin) pool(epochs int) {
	width := len(t.x[0])
	t.candidates = nil
	for c := range t.Candidates {
		all := t.draws[(t.epoch-1)/(2*min(t.Patience+1, t.Epochs))]
		t.candidates = append(t.candidates, slices.Clone(all[c*len(all)/t.Candidates:][:width]))
	}
	e, z := t.residual()
	quick, s := make([]quickprop, t.Candidates*width), stall{}
	for k := 1; t.epoch < epochs; k++ {
		t.epoch++
		best, bestCor, bestV := -1, 0.0, []float64(nil)
		t.slopes = nil
		for c, w := range t.candidates {
			var v []float64
			for _, x := range t.x {
				v = append(v, sigmoid(lab.Dot(w, x))-0.5)
			}
			cor := lab.Dot(v, e) / z
			if best < 0 || math.Abs(cor) > math.Abs(bestCor) {
				best, bestCor, bestV = c, cor, v
			}
			t.slopes = append(t.slopes, make([]float64, width))
			for i := range w {
				for p, x := range t.x {
					t.slopes[c][i] -= math.Copysign(1, cor) * e[p] * (0.25 - v[p]*v[p]) * x[i] / z
				}
			}
		}
		t.s = math.Abs(bestCor)
		if s.over(t.s, f32(0.03), k, t.Patience, t.Epochs) {
			t.hidden = append(t.hidden, t.candidates[best])
			for p := range t.x {
				t.x[p] = append(t.x[p], bestV[p])
			}
			t.out = append(t.out, -bestCor)
			return
		}
		rate := float64(t.CandidateRate/float32(len(t.x))) / float64(width)
		for c := range t.candidates {
			for i, g := range t.slopes[c] {
				t.candidates[c][i] += quick[c*width+i].step(g, float64(t.Mu), rate)
			}
		}
	}
}

// run learns for the given number of epochs.
func (t *twin) run(epochs int) {
	for !t.outputs(epochs) && t.epoch < epochs && len(t.hidden) < t.Units {
		t.pool(epochs)
	}
}

// twinOf returns a twin that begins like the first learner of a session.
func twinOf(t *testing.T, l lab.Lab, c grow.Cascade, rate float64, b *tasks.Batch, out []float64) *twin {
	t.Helper()
	in := b.In.Len()
	w := &twin{Cascade: c, rate: rate, out: out[:1+in], draws: l.Drawn()}
	for p, y := range b.Want {
		x := []float64{1}
		for _, v := range b.X[p*in:][:in] {
			x = append(x, float64(v))
		}
		w.x, w.want = append(w.x, x), append(w.want, float64(y))
	}
	return w
}

// values returns all tensors of the first learner, by name.
func values(t *testing.T, l lab.Lab, s *nets.Session) lab.Results {
	t.Helper()
	all := lab.Results{}
	for _, n := range s.Tensors() {
		all[n.Name] = l.Values(t, n.Value)
	}
	return all
}

// points are examples with three inputs that no plane divides.
func points() *tasks.Batch {
	b := &tasks.Batch{In: nets.Row(3), Out: 1}
	for i := range 23 {
		f := float64(i)
		b.X = append(b.X, float32(2*math.Sin(f)), float32(math.Cos(3*f)), float32(math.Mod(f*f, 7))/3-1)
		b.Want = append(b.Want, float32((i*i+i/3)%5%2)-0.5)
	}
	return b
}

func made(t *testing.T, l lab.Lab, c grow.Cascade, task func() nets.Task, rate float64, moments int) *nets.Session {
	t.Helper()
	r := nets.Run{System: func() nets.System { c := c; return &c }, Task: task, Seed: 3, Rate: rate}
	return lab.Make(t, l.Device, r, moments)
}

// near requires numbers within a share of the largest wanted number.
func near(t *testing.T, what string, got, want []float64, share float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s is %d numbers, want %d", what, len(got), len(want))
		return
	}
	top := 0.0
	for _, x := range want {
		top = max(top, math.Abs(x))
	}
	for i, x := range want {
		if !(math.Abs(got[i]-x) <= share*top) {
			t.Errorf("number %d of %s is %.15g, want %.15g", i, what, got[i], x)
			return
		}
	}
}

// TestTwin holds epochs on a device of float64s to the paper's loops, with every unit in its place. Quickprop of
// candidates is chaotic: in a pool that learns for thirty epochs, differences grow by 10⁹. So phases are short here.
func TestTwin(t *testing.T) {
	const rate, moments = 0.35, 90
	c := grow.Systems[0].System().(*grow.Cascade)
	c.Units, c.Candidates, c.Patience, c.Epochs = 6, 3, 3, 14
	l := lab.Exact(t)
	first := values(t, l, made(t, l, *c, func() nets.Task { return points() }, rate, 0))["out"]
	got := values(t, l, made(t, l, *c, func() nets.Task { return points() }, rate, moments))
	want := twinOf(t, l, *c, rate, points(), first)
	want.run(moments)
	if units := got["units"][0]; units != float64(len(want.hidden)) || units < 3 {
		t.Fatalf("%g units after %d epochs, want %d, and at least 3", units, moments, len(want.hidden))
	}
	t.Logf("%d units after %d epochs", len(want.hidden), want.epoch)
	if got["epochs"][0] != float64(want.epoch) {
		t.Errorf("%g epochs, want %d", got["epochs"][0], want.epoch)
	}
	width := len(first)
	near(t, "out", got["out"][:len(want.out)], want.out, 1e-6)
	for k, w := range want.hidden {
		row := got["hidden"][k*width:][:width]
		near(t, "hidden", row[:len(w)], w, 1e-7)
		if i := slices.IndexFunc(row[len(w):], func(x float64) bool { return x != 0 }); i >= 0 {
			t.Errorf("unit %d has a weight of %g from a unit that came after it", k, row[len(w)+i])
		}
	}
	for p, x := range want.x {
		for i, v := range x {
			if d := got["seen"][i*len(want.x)+p] - v; !(math.Abs(d) <= 1e-7) {
				t.Fatalf("activity %d of example %d is off by %g", i, p, d)
			}
		}
	}
}

// TestSlope: the candidates' slope is the derivative of S, through the candidate's mean too, to the precision of
// differences in float64.
func TestSlope(t *testing.T) {
	const rate = 0.35
	c := grow.Systems[0].System().(*grow.Cascade)
	c.Units, c.Candidates, c.Epochs = 4, 3, 5
	l := lab.Exact(t)
	moments := 2*c.Epochs + c.Epochs + 1 // the first epoch of the second pool
	s := made(t, l, *c, func() nets.Task { return points() }, rate, moments-1)
	before := values(t, l, s)
	lab.On(t, s, 1)
	after := values(t, l, s)
	w := twinOf(t, l, *c, rate, points(), slices.Clone(before["out"]))
	width, n := len(before["out"]), len(w.x)
	w.out = before["out"]
	for p := range w.x {
		w.x[p] = nil
		for i := range width {
			w.x[p] = append(w.x[p], before["seen"][i*n+p])
		}
	}
	_, delta := w.errors()
	_, z := w.residual()
	covariance := func(weights []float64) float64 { // |Σ (v − v̄)·(e − ē)|/Z, with the mean of e left in
		var v []float64
		meanV, meanE, sum := 0.0, 0.0, 0.0
		for p, x := range w.x {
			v = append(v, sigmoid(lab.Dot(weights, x))-0.5)
			meanV, meanE = meanV+v[p]/float64(n), meanE+delta[p]/float64(n)
		}
		for p := range v {
			sum += (v[p] - meanV) * (delta[p] - meanE)
		}
		return math.Abs(sum) / z
	}
	inputs := float64(1 + 3 + 1) // with one unit
	scale := float64(c.CandidateRate) / float64(n) / inputs
	for k := range c.Candidates {
		weights := slices.Clone(before["candidates"][k*width:][:width])
		for i := range weights {
			const h = 1e-5
			at := weights[i]
			weights[i] = at + h
			up := covariance(weights)
			weights[i] = at - h
			down := covariance(weights)
			weights[i] = at
			want, got := -(up-down)/(2*h)*scale, after["optimiser.slope.candidates"][k*width+i]
			if !(math.Abs(got-want) <= 1e-7*scale) || i < int(inputs) && want == 0 {
				t.Errorf("the slope of weight %d of candidate %d is %.10g, want %.10g", i, k, got, want)
			}
		}
	}
}

// TestFloat32 holds twelve epochs, in which a unit is made, to their bounds, on the CPU and on the GPU.
func TestFloat32(t *testing.T) {
	c := grow.Systems[0].System().(*grow.Cascade)
	c.Units, c.Candidates, c.Epochs = 4, 3, 4
	f := func(t *testing.T, l lab.Lab) lab.Results {
		s := made(t, l, *c, func() nets.Task { return points() }, 0.35, 12)
		all := values(t, l, s)
		if math.Round(all["units"][0]) != 1 {
			t.Fatalf("%g units, want 1", all["units"][0])
		}
		return lab.Results{"out": all["out"], "hidden": all["hidden"], "seen": all["seen"], "candidates": all["candidates"]}
	}
	want, bound := lab.Spread(t, lab.Float32s, 0x1p-24, 16, f)
	for name, on := range map[string]func(*testing.T) lab.Lab{"cpu": lab.Single, "gpu": lab.GPU} {
		t.Run(name, func(t *testing.T) { lab.Agree(t, name, f(t, on(t)), want, bound, 1) })
	}
	lab.Telling(t, "twelve epochs", want, bound, 0.01)
}
