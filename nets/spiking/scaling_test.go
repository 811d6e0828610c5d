package spiking_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/spiking"
	"hebb/nets/tasks"
)

// smallScaling is a network in which most cells spike from the beginning.
func smallScaling(set func(*spiking.Scaling)) func() nets.System {
	return func() nets.System {
		s := &spiking.Scaling{Presynaptic: true, Goal: 1, InhibitoryGoal: 2, Averaging: 0.25, Inhibitory: 7, EE: 0.3, EI: 0.4, IE: 0.4, Weight: 0.5,
			Inhibition: 0.125, Delay: 4, Noise: 0.03125, Steps: 25, KickAt: 3}
		if set != nil {
			set(s)
		}
		return s
	}
}

func kick(cells, kicked int) func() nets.Task {
	return func() nets.Task { return &tasks.Kick{Cells: cells, Kicked: kicked} }
}

// brief trials are enough to see whether a run keeps what it has to.
func brief(s *spiking.Scaling) { s.Steps, s.Inhibitory = 10, 3 }

func TestScalingPromises(t *testing.T) { nettest.System(t, smallScaling(brief), kick(9, 3)) }

func TestScalingVerify(t *testing.T) {
	lab.Verify(t, nets.Run{System: smallScaling(nil), Task: kick(20, 5), Learners: 2, Rate: 0.05}, 2)
}

// A scalingTwin is the network in float64, with a matrix of weights for each delay, and one normal number a cell and step.
type scalingTwin struct {
	spiking.Scaling
	n, kicked int
	rate      float64
	ee        [][][]float64 // delay, from, to
	ei, ie    [][]float64   // from, to
	a         [2][]float64  // A of excitatory and of inhibitory cells
	shown     lab.Results   // of the last trial
}

// A neuron is a cell in a trial.
type neuron struct {
	v      float64
	rest   int
	s, t   float64 // of excitatory and of inhibitory synapses
	spikes []float64
}

// step moves a cell by a current.
func (c *neuron) step(l spiking.LIF, current float64, kick bool) {
	if c.v >= 1 {
		c.v = 0
	}
	c.v = perStep(l.Tau)*c.v + current
	if kick {
		c.v = 2
	}
	c.v = max(c.v, -1)
	if c.rest > 0 {
		c.rest--
		c.v = min(c.v, 0)
	}
	z := 0.0
	if c.v >= 1 {
		z, c.rest = 1, l.Refractory
	}
	c.spikes = append(c.spikes, z)
}

// perStep is a constant of a float32 formula.
func perStep(tau float64) float64 { return f32(math.Exp(-1 / tau)) }

func f32(x float64) float64 { return float64(float32(x)) }

// before is a spike of some steps before t.
func (c *neuron) before(t, steps int) float64 {
	if t < steps {
		return 0
	}
	return c.spikes[t-steps]
}

// gain is 1 over the peak of the potential after one spike of weight 1, found by sums of the answers to its current.
func gain(tau, synapse float64) float64 {
	peak := 0.0
	for k := range 100 {
		v := 0.0
		for j := range k + 1 {
			v += math.Pow(perStep(tau), float64(k-j)) * math.Exp(-float64(j)/synapse)
		}
		peak = max(peak, v)
	}
	return f32(1 / peak)
}

// trial makes a trial, by the noise of each step, first of excitatory cells and then of inhibitory ones.
func (w *scalingTwin) trial(noise [][]float64) {
	cells := [2][]neuron{make([]neuron, w.n), make([]neuron, w.Inhibitory)}
	e, i := cells[0], cells[1]
	k, kI, kOnI := gain(20, 5), gain(20, 10), gain(10, 5)
	var potential [2][]float64
	for t := range w.Steps {
		for j := range e {
			c := &e[j]
			c.s, c.t = perStep(5)*c.s, perStep(10)*c.t
			for pre := range e {
				for d := 1; d < len(w.ee); d++ {
					c.s += w.ee[d][pre][j] * e[pre].before(t, d)
				}
			}
			for pre := range i {
				c.t += w.ie[pre][j] * i[pre].before(t, 1)
			}
		}
		for j := range i {
			c := &i[j]
			c.s *= perStep(5)
			for pre := range e {
				c.s += w.ei[pre][j] * e[pre].before(t, 1)
			}
		}
		for j := range e {
			e[j].step(spiking.LIF{Tau: 20, Refractory: 4}, noise[2*t][j]+k*e[j].s-kI*e[j].t, t == w.KickAt && j < w.kicked)
			potential[0] = append(potential[0], e[j].v)
		}
		for j := range i {
			i[j].step(spiking.LIF{Tau: 10, Refractory: 2}, noise[2*t+1][j]+kOnI*i[j].s, false)
			potential[1] = append(potential[1], i[j].v)
		}
	}
	w.end(cells, potential)
}

// end takes note of a trial, and scales the weights.
func (w *scalingTwin) end(cells [2][]neuron, potential [2][]float64) {
	w.shown = lab.Results{}
	for g, name := range []string{"excitatory", "inhibitory"} {
		raster := make([]float64, len(potential[g]))
		for j, c := range cells[g] {
			s, first := 0.0, float64(w.Steps)
			for t, z := range c.spikes {
				raster[t*len(cells[g])+j] = z
				if s += z; z == 1 && s == 1 {
					first = float64(t)
				}
			}
			w.a[g][j] += f32(float64(w.Averaging)) * (s - w.a[g][j])
			w.shown[name+".count"], w.shown[name+".first"] = append(w.shown[name+".count"], s), append(w.shown[name+".first"], first)
		}
		w.shown[name+".spikes"], w.shown[name+".potential"], w.shown[name+".average"] = raster, potential[g], w.a[g]
	}
	for g, on := range []struct {
		all  [][][]float64
		goal float32
	}{{w.ee, w.Goal}, {[][][]float64{w.ei}, w.InhibitoryGoal}} {
		for _, m := range on.all {
			for j, row := range m {
				by := 1.0
				if w.Presynaptic {
					by = w.a[0][j]
				}
				for i, old := range row {
					if old != 0 {
						row[i] = min(10, max(f32(1e-6), old+f32(w.rate)*by*(float64(on.goal)-w.a[g][i])*old))
					}
				}
			}
		}
	}
}

// dense returns a matrix for each delay up to most, of synapses in lists of so many cells on others.
func dense(all lab.Results, name string, pre, post, most int) [][][]float64 {
	m := make([][][]float64, most+1)
	for d := range m {
		for range pre {
			m[d] = append(m[d], make([]float64, post))
		}
	}
	fan := len(all[name]) / pre
	for k, to := range all[name+".to"] {
		if to < 0 {
			continue
		}
		d := 0
		if delays := all[name+".delay"]; delays != nil {
			d = int(delays[k])
		}
		m[d][k/fan][int(to)] += all[name][k]
	}
	return m
}

// everything returns all tensors of a run of a learner.
func everything(t *testing.T, l lab.Lab, s *nets.Session) lab.Results {
	all := lab.Results{}
	for _, n := range s.Tensors() {
		all[n.Name] = l.Values(t, n.Value)
	}
	return all
}

const trials = 5

// scaled makes trials, and returns all tensors, with the synapses as matrices.
func scaled(t *testing.T, l lab.Lab, set func(*spiking.Scaling), n int) lab.Results {
	t.Helper()
	all := everything(t, l, lab.Make(t, l.Device, nets.Run{System: smallScaling(set), Task: kick(20, 5), Seed: 4, Rate: 0.0625}, n))
	delays := dense(all, "ee", 20, 20, 4)
	all["ee"], all["ei"] = flat(delays...), flat(dense(all, "ei", 20, 7, 0)...)
	return all
}

func flat(all ...[][]float64) (x []float64) {
	for _, m := range all {
		x = append(x, slices.Concat(m...)...)
	}
	return x
}

// TestScalingTwin holds trials to the equations with matrices: in float64, and in float32 on the CPU and on the GPU within the
// bound that follows from the bounds of the ops. All spikes are the same.
func TestScalingTwin(t *testing.T) {
	for name, set := range map[string]func(*spiking.Scaling){"presynaptic": nil, "plain": func(s *spiking.Scaling) { s.Presynaptic = false }} {
		exact := lab.Exact(t)
		s := lab.Make(t, exact.Device, nets.Run{System: smallScaling(set), Task: kick(20, 5), Seed: 4, Rate: 0.0625}, 0)
		all, before := everything(t, exact, s), len(exact.Drawn())
		w := &scalingTwin{Scaling: *smallScaling(set)().(*spiking.Scaling), n: 20, kicked: 5, rate: 0.0625}
		w.ee, w.ei, w.ie = dense(all, "ee", 20, 20, 4), dense(all, "ei", 20, 7, 0)[0], dense(all, "ie", 7, 20, 0)[0]
		w.a = [2][]float64{make([]float64, 20), make([]float64, 7)}
		lab.On(t, s, trials)
		drawn, spikes, rates := exact.Drawn()[before:], 0.0, map[float64]bool{}
		for k := range trials {
			w.trial(drawn[k*2*w.Steps:])
			for _, x := range w.shown["excitatory.count"] {
				spikes, rates[x] = spikes+x, true
			}
		}
		if mean := spikes / 20 / trials; mean < 0.5 || mean > 4 || len(rates) < 3 {
			t.Errorf("%s: %.2f spikes of a cell in a trial, of %d different numbers, want a livelier network", name, mean, len(rates))
		}
		want := w.shown
		want["ee"], want["ei"] = flat(w.ee...), flat(w.ei)
		for _, c := range []struct {
			what            string
			u, smallScaling float64
			open            func(*testing.T) lab.Lab
		}{{"float64", lab.Float64ulp, 1e-11, lab.Exact}, {"cpu", lab.Float32s, 5e-3, lab.Single}, {"gpu", lab.Float32s, 5e-3, lab.GPU}} {
			t.Run(name+"/"+c.what, func(t *testing.T) {
				f := func(t *testing.T, l lab.Lab) lab.Results { return scaled(t, l, set, trials) }
				_, bound := lab.Spread(t, c.u, 0, 6, f)
				lab.Agree(t, c.what, f(t, c.open(t)), want, bound, 2)
				for name := range bound {
					if want[name] == nil {
						delete(bound, name)
					}
				}
				lab.Telling(t, c.what, want, bound, c.smallScaling)
			})
		}
	}
}

// settled makes trials in which A stays as it is given: of excitatory cells j is j mod 3, of inhibitory ones i is i mod 4.
func settled(t *testing.T, presynaptic bool, goal float32, n int) (before, after map[string][]float32) {
	t.Helper()
	set := func(s *spiking.Scaling) { s.Presynaptic, s.Goal, s.Averaging = presynaptic, goal, 0 }
	s := lab.Make(t, lab.CPU(t), nets.Run{System: smallScaling(set), Task: kick(20, 5), Seed: 4, Rate: settledRate}, 0)
	before = lab.Values(t, s)
	for name, mod := range map[string]int{"excitatory": 3, "inhibitory": 4} {
		a := before[name+".average"]
		for i := range a {
			a[i] = float32(i % mod)
		}
		write(t, s, name+".average", a)
	}
	lab.On(t, s, n)
	return before, lab.Values(t, s)
}

const settledRate = 0.03125

func write(t *testing.T, s *nets.Session, name string, x []float32) {
	t.Helper()
	for _, n := range s.Tensors() {
		if n.Name == name {
			if err := s.Write([]nets.Named{n}, [][]float32{x}); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("there is no tensor %s", name)
}

// TestScalingExact: with constant A weights are w·(1 + η·g_j·(goal_i − A_i))ⁿ. Those of a silent presynaptic cell stay, and
// those on a cell at its goal, to the bit; and where A_j is 1 the presynaptic rule has the bits of the plain one.
func TestScalingExact(t *testing.T) {
	const n = 20
	before, both := settled(t, true, 2, n)
	_, plain := settled(t, false, 2, n)
	kinds := map[string]int{}
	for name, on := range map[string]string{"ee": "excitatory", "ei": "inhibitory"} {
		fan := len(before[name]) / 20
		for k, to := range before[name+".to"] {
			w, j := before[name][k], before["excitatory.average"][k/fan]
			if to < 0 {
				continue
			}
			i := before[on+".average"][int(to)]
			want := float64(w) * math.Pow(1+settledRate*float64(j)*(2-float64(i)), n)
			if got := float64(both[name][k]); math.Abs(got/want-1) > 3*n*0x1p-24 {
				t.Errorf("%s %d is %g after %d trials, want %g", name, k, got, n, want)
			}
			switch {
			case j == 0 && i == 2: // both
			case j == 0 || i == 2:
				if kinds["still"]++; both[name][k] != w || i == 2 && plain[name][k] != w {
					t.Errorf("%s %d from a cell with A = %g on one with A = %g changes from %g to %g, or %g", name, k, j, i, w, both[name][k], plain[name][k])
				}
			case j == 1:
				if kinds["plain"]++; both[name][k] != plain[name][k] || both[name][k] == w {
					t.Errorf("%s %d is %g by the presynaptic rule and %g by the plain one, and was %g, want a change to the same bits", name, k, both[name][k], plain[name][k], w)
				}
			}
		}
	}
	if kinds["still"] < 20 || kinds["plain"] < 20 {
		t.Errorf("%v synapses were looked at, want 20 of each kind", kinds)
	}
}

// TestSynapticTraces holds the potentials after one kick to sums: one spike of weight w moves the potential of the other cell by w at
// its peak, up or down, and the recursions are sums of exponentials.
func TestSynapticTraces(t *testing.T) {
	const w, kickAt, steps = 0.25, 2, 60
	set := func(s *spiking.Scaling) {
		s.EE, s.EI, s.IE, s.Delay, s.Noise, s.Inhibitory, s.Steps, s.KickAt, s.Inhibition = 1, 1, 1, 1, 0, 1, steps, kickAt, w
	}
	for _, c := range []struct {
		name             string
		ee, ei           float32 // weights
		potential        string
		cell, cells      int
		from             string // what spikes once
		tau, synapse, up float64
	}{
		{"on an excitatory cell", w, 0, "excitatory.potential", 1, 2, "excitatory", 20, 5, w},
		{"on an inhibitory cell", 0, w, "inhibitory.potential", 0, 1, "excitatory", 10, 5, w},
		{"from an inhibitory cell", 0, 1.0625, "excitatory.potential", 1, 2, "inhibitory", 20, 10, -w},
	} {
		l := lab.Exact(t)
		s := lab.Make(t, l.Device, nets.Run{System: smallScaling(set), Task: kick(2, 1)}, 0)
		for name, x := range map[string]float32{"ee": c.ee, "ei": c.ei} {
			write(t, s, name, slices.Repeat([]float32{x}, len(lab.Values(t, s)[name])))
		}
		lab.On(t, s, 1)
		all := everything(t, l, s)
		if n := lab.Dot(all[c.from+".count"], all[c.from+".count"]); n != 1 {
			t.Fatalf("%s: %g %s spikes, want one", c.name, n, c.from)
		}
		v, k, peak, at := all[c.potential], gain(c.tau, c.synapse), 0.0, int(slices.Min(all[c.from+".first"]))+1
		for step := range steps {
			want := 0.0
			for from := at; from <= step; from++ {
				want += c.up * k * math.Pow(perStep(c.tau), float64(step-from)) * math.Pow(perStep(c.synapse), float64(from-at))
			}
			got := v[step*c.cells+c.cell]
			if peak = max(peak, math.Abs(got)); math.Abs(got-want) > 1e-14 {
				t.Errorf("%s: %.17g at step %d, want %.17g", c.name, got, step, want)
			}
		}
		if math.Abs(peak-w) > 1e-7 {
			t.Errorf("%s: a peak of %g, want %g", c.name, peak, w)
		}
	}
}

// TestScalingEnds: a network that can never spike again, and one that spikes as often as it can, are ended, in words that say so.
func TestScalingEnds(t *testing.T) {
	for _, c := range []struct {
		kicked int
		set    func(*spiking.Scaling)
		trials int
		want   string // "" for a network that goes on
	}{
		{5, nil, 20, ""},
		{0, func(s *spiking.Scaling) { s.Steps, s.Noise = 5, 0 }, 210, "no excitatory cell has spiked"},
		{20, func(s *spiking.Scaling) { s.Weight, s.Inhibition, s.Averaging, s.EE, s.Steps = 4, 0, 1, 1, 100 }, 2, "in a trial of 100 steps"},
	} {
		s := lab.Make(t, lab.CPU(t), nets.Run{System: smallScaling(c.set), Task: kick(20, c.kicked), Rate: 0.001}, c.trials)
		_, err := s.Metrics()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%d cells kicked, %d trials: %v, want %q", c.kicked, c.trials, err, c.want)
		}
	}
}

func TestScalingRefuses(t *testing.T) {
	for want, set := range map[string]func(*spiking.Scaling){
		"goal": func(s *spiking.Scaling) { s.Goal = -1 }, "inhibitory 0": func(s *spiking.Scaling) { s.Inhibitory = 0 },
		"averaging": func(s *spiking.Scaling) { s.Averaging = 1.5 }, "ee": func(s *spiking.Scaling) { s.EE = 1.1 },
		"ei": func(s *spiking.Scaling) { s.EI = math.NaN() }, "ie": func(s *spiking.Scaling) { s.IE = -0.1 },
		"weight": func(s *spiking.Scaling) { s.Weight = 0 }, "inhibition": func(s *spiking.Scaling) { s.Inhibition = float32(math.Inf(1)) },
		"delay": func(s *spiking.Scaling) { s.Delay = 0 }, "noise": func(s *spiking.Scaling) { s.Noise = -1 },
		"steps": func(s *spiking.Scaling) { s.Steps = 0 }, "kick_at 25": func(s *spiking.Scaling) { s.KickAt = 25 },
	} {
		if err := smallScaling(set)().(*spiking.Scaling).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error that names %s", err, want)
		}
	}
	_, err := nets.Run{System: smallScaling(nil), Task: func() nets.Task {
		return &tasks.Walk{Volatility: []float64{1}, Noise: []float64{1}, Agents: 2, Moments: 2}
	}}.Open(lab.CPU(t))
	if want := "2 examples at a time"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}
