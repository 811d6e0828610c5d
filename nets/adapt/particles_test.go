package adapt_test

import (
	"math"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/adapt"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/tasks"
)

func particles(change func(*adapt.Particles)) func() nets.System {
	return func() nets.System {
		f := adapt.DefaultParticles
		change(&f)
		return &f
	}
}

func few(f *adapt.Particles) { f.Particles = 7 }

func walk(agents, moments int) func() nets.Task {
	return func() nets.Task {
		return &tasks.Walk{Volatility: []float64{0.5, 1.5}, Noise: []float64{1, 3}, Agents: agents, Moments: moments}
	}
}

func TestParticlesVerify(t *testing.T) {
	masked := func() nets.Task {
		return &lab.Noise{Spec: nets.Spec{In: nets.Row(1), Examples: 3, Trial: 4, Epoch: 4}, Masked: true, Begins: true}
	}
	for name, r := range map[string]nets.Run{
		"walk":   {System: particles(few), Task: walk(1, 6), Test: walk(1, 6)},
		"masked": {System: particles(few), Task: masked, Test: masked},
	} {
		t.Run(name, func(t *testing.T) {
			r.Learners = 2
			lab.Verify(t, r, 9)
		})
	}
}

func TestParticlesPromises(t *testing.T) {
	t.Run("walk", func(t *testing.T) { nettest.System(t, particles(few), walk(2, 5)) })
	t.Run("trials of chance, one lesion, unpermuted", func(t *testing.T) {
		nettest.System(t, particles(func(f *adapt.Particles) { f.Particles, f.LambdaV, f.Unpermuted = 7, 0, true }),
			func() nets.Task {
				return &lab.Noise{Spec: nets.Spec{In: nets.Row(1), Examples: 3, Epoch: 4}, Masked: true}
			})
	})
}

// A filterTwin is the filter of one agent in float64, as its equations are written.
type filterTwin struct {
	*adapt.Particles
	z, y, m, w, weights []float64
	lr, vol, unp, value float64
	resampled           int
}

func (f *filterTwin) begin() {
	full := func(x float64) []float64 { return slices.Repeat([]float64{x}, f.Particles.Particles) }
	f.z, f.y, f.m, f.w, f.weights = full(1/f.V0), full(1/f.U0), full(0), full(f.W0), full(1/float64(f.Particles.Particles))
}

// moment observes o, unless it is masked; ez and ey are draws of Beta(…, ½), nil without drift, and u is a start.
func (f *filterTwin) moment(o float64, masked bool, ez, ey []float64, u float64) {
	for i := range ez {
		f.z[i] *= ez[i] * float64(float32(1/(1-f.LambdaV)))
	}
	for i := range ey {
		f.y[i] *= ey[i] * float64(float32(1/(1-f.LambdaU)))
	}
	f.vol, f.unp = 1/lab.Dot(f.weights, f.z), 1/lab.Dot(f.weights, f.y)
	if !masked {
		f.weigh(o, u)
	}
	f.lr = 0
	for i := range f.m {
		before := f.w[i] + 1/f.z[i]
		k := before / (before + 1/f.y[i])
		if masked {
			k = 0
		}
		f.m[i] += k * (o - f.m[i])
		f.w[i] = (1 - k) * before
		f.lr += f.weights[i] * k
	}
	f.value = lab.Dot(f.weights, f.m)
}

// weigh multiplies the weights by Gauss densities, and resamples.
func (f *filterTwin) weigh(o, u float64) {
	n, sum, squares := len(f.weights), 0.0, 0.0
	for i := range f.weights {
		s := f.w[i] + 1/f.z[i] + 1/f.y[i]
		f.weights[i] *= math.Exp(-(o-f.m[i])*(o-f.m[i])/(2*s)) / math.Sqrt(2*math.Pi*s)
		sum += f.weights[i]
	}
	for i := range f.weights {
		f.weights[i] /= sum
		squares += f.weights[i] * f.weights[i]
	}
	if 1/squares >= float64(n)/2 {
		return
	}
	f.resampled++
	steps := math.Ldexp(1, 23-bits.Len(uint(n-1)))
	u = math.Floor(u*steps) / steps
	old, edge, parent := *f, f.weights[0], 0
	f.z, f.y = make([]float64, n), make([]float64, n)
	if !f.Unpermuted {
		f.m, f.w = make([]float64, n), make([]float64, n)
	}
	for i := range n {
		for edge <= (float64(i)+u)/float64(n) {
			parent++
			edge += f.weights[parent]
		}
		if f.z[i], f.y[i] = old.z[parent], old.y[parent]; !f.Unpermuted {
			f.m[i], f.w[i] = old.m[parent], old.w[parent]
		}
	}
	f.weights = slices.Repeat([]float64{1 / float64(n)}, n)
}

// unmasked shows a series without its masks.
type unmasked struct{ *series }

func (s unmasked) Show(p *nets.Pass) nets.Moment {
	m := s.series.Show(p)
	m.Mask = nil
	return m
}

// TestParticlesTwin: three trials of two agents are those of the equations, with the numbers that were drawn: to the digits of
// float64 on a device of float64s, and on the CPU path and the GPU within the spread of float32.
func TestParticlesTwin(t *testing.T) {
	const agents, trial, moments = 2, 12, 36
	for name, c := range map[string]struct {
		set    func(*adapt.Particles)
		masked bool
	}{
		"healthy": {func(*adapt.Particles) {}, false}, "masked": {func(*adapt.Particles) {}, true},
		"unpermuted": {func(f *adapt.Particles) { f.Unpermuted = true }, false},
		"volatility": {func(f *adapt.Particles) { f.LambdaV = 0 }, true}, "stochasticity": {func(f *adapt.Particles) { f.LambdaU = 0 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			shown := drawn(1, agents, trial, moments)
			for i := 0; i < len(shown.x); i += 2 {
				shown.x[i] *= 3
			}
			task := func() nets.Task { return unmasked{shown} }
			if c.masked {
				task = func() nets.Task { return shown }
			}
			system := particles(func(f *adapt.Particles) { f.Particles = 8; c.set(f) })
			run := course(nets.Run{System: system, Task: task}, moments, "z", "y", "m", "w", "weights", "lr", "vol", "unp")
			exact := lab.Exact(t)
			run(t, exact)
			got := twinOfParticles(t, system().(*adapt.Particles), shown, exact.Drawn(), c.masked)
			agree(t, run, got, 0.01)
			want, bound := lab.Spread(t, lab.Float32s, 0x1p-24, 8, run)
			t.Run("gpu", func(t *testing.T) { lab.Agree(t, "gpu", run(t, lab.GPU(t)), want, bound, 1) })
		})
	}
}

// twinOfParticles returns the state of twins after a series, and requires that some resample.
func twinOfParticles(t *testing.T, f *adapt.Particles, shown *series, draws [][]float64, masked bool) lab.Results {
	n, all := f.Particles, lab.Results{}
	twins, resampled := make([]filterTwin, shown.examples), 0
	for moment := range len(shown.x) / (2 * shown.examples) {
		next := func(drift float64) (d []float64) {
			if drift > 0 {
				d, draws = draws[0], draws[1:]
			}
			return d
		}
		ez, ey, start := next(f.LambdaV), next(f.LambdaU), next(1)
		for i := range twins {
			of := func(x []float64) []float64 {
				if x == nil {
					return nil
				}
				return x[i*n:][:n]
			}
			if twins[i].Particles = f; moment%shown.trial == 0 {
				twins[i].begin()
			}
			e := shown.at(moment)[i]
			twins[i].moment(float64(e[0]), masked && e[1] == 0, of(ez), of(ey), start[i])
		}
	}
	for _, a := range twins {
		for name, x := range map[string][]float64{"z": a.z, "y": a.y, "m": a.m, "w": a.w, "weights": a.weights, "lr": {a.lr}, "vol": {a.vol}, "unp": {a.unp}} {
			all[name] = append(all[name], x...)
		}
		resampled += a.resampled
	}
	if resampled < 2 {
		t.Errorf("agents resampled %d times, want 2 at least, or the test sees little", resampled)
	}
	return all
}

// TestKnownVariances: with known variances all particles are one Kalman filter, of the learning rate P/(P+u) in the end, P =
// (v + √(v² + 4uv))/2: to the digits of float64 where that computes.
func TestKnownVariances(t *testing.T) {
	for _, c := range []struct{ v, u, want float64 }{{0.5, 1, 0.5}, {1.5, 1, 0.6861406616345072}, {0.5, 3, 1. / 3}, {1.5, 3, 0.5}} {
		p := (c.v + math.Sqrt(c.v*c.v+4*c.u*c.v)) / 2
		if k := p / (p + c.u); !(math.Abs(k-c.want) < 1e-15) {
			t.Errorf("P/(P+u) is %.17g for v %g and u %g, want %.17g", k, c.v, c.u, c.want)
		}
		known := particles(func(f *adapt.Particles) { f.Particles, f.LambdaV, f.LambdaU, f.V0, f.U0 = 4, 0, 0, c.v, c.u })
		run := course(nets.Run{System: known, Task: walk(1, 200)}, 200, "lr")
		for name, device := range map[string]struct {
			open   func(*testing.T) lab.Lab
			within float64
		}{"float64": {lab.Exact, 4e-16}, "cpu": {lab.Bare, 1e-6}} {
			for i, lr := range run(t, device.open(t))["lr"] {
				if !(math.Abs(lr-c.want) <= device.within) {
					t.Errorf("%s: agent %d learns at %.17g with v %g and u %g, want %.17g", name, i, lr, c.v, c.u, c.want)
				}
			}
		}
	}
}

// TestDrift of particles: the factor by which inverse variances drift has mean 1 and variance (1−η)/(η·(ν+1)), 0.0185185 of
// η = 0.9, to five standard errors.
func TestParticlesDrift(t *testing.T) {
	s := lab.Make(t, lab.CPU(t), nets.Run{System: particles(func(*adapt.Particles) {}), Task: walk(100, 5)}, 1)
	values := lab.Values(t, s)
	const want = 0.1 / (0.9 * 6)
	for name, first := range map[string]float64{"z": 1, "y": 0.5} {
		mean, variance, fourth, n := 0., 0., 0., float64(len(values[name]))
		for _, x := range values[name] {
			mean += float64(x) / first / n
		}
		for _, x := range values[name] {
			d := math.Pow(float64(x)/first-mean, 2)
			variance, fourth = variance+d/n, fourth+d*d/n
		}
		if se := math.Sqrt(want / n); !(math.Abs(mean-1) < 5*se) {
			t.Errorf("the factor of %s has mean %g, want 1 ± %.2g", name, mean, se)
		}
		if se := math.Sqrt((fourth - want*want) / n); !(math.Abs(variance-want) < 5*se) {
			t.Errorf("the factor of %s has variance %g, want %g ± %.2g", name, variance, want, se)
		}
	}
}

// TestEqualWeights: equal weights leave every particle in its place, from any start.
func TestEqualWeights(t *testing.T) {
	for name, open := range map[string]func(*testing.T) lab.Lab{"cpu": lab.Bare, "gpu": lab.GPU} {
		t.Run(name, func(t *testing.T) {
			l := open(t)
			for _, n := range []int{1, 2, 3, 7, 100, 255, 600} {
				starts := []float32{0, 0x1p-24, 0.25, 0.5, 0.99, 1 - 0x1p-10, 1 - 0x1p-24}
				w, u, out := l.New(t, len(starts), n), l.New(t, len(starts)), l.New(t, len(starts), n)
				l.Write(t, u, starts)
				l.Write(t, w, slices.Repeat([]float32{1}, len(starts)*n))
				l.Do(t, func(s *compute.Step) error { s.Do(compute.Resample{Out: out, Weights: w, Start: u}); return nil })
				for i, x := range l.Values(t, out) {
					if x != float64(i%n) {
						t.Fatalf("from %g, the parent of particle %d of %d is %g", starts[i/n], i%n, n, x)
					}
				}
			}
		})
	}
}

// TestDeadParticles: agents whose particles are all dead end their learner, and the first of them and its moment are told.
func TestDeadParticles(t *testing.T) {
	for _, bad := range []float32{float32(math.Inf(1)), float32(math.NaN()), 1e30} {
		shown := drawn(1, 3, 6, 6)
		shown.x[(2*3+1)*2] = bad
		s := lab.Make(t, lab.CPU(t), nets.Run{System: particles(few), Task: func() nets.Task { return unmasked{shown} }}, 5)
		if _, err := s.Metrics(); err == nil || !strings.Contains(err.Error(), "all particles of agent 1 are dead at moment 2:") {
			t.Errorf("after %g: %v, want it to name agent 1 and moment 2", bad, err)
		}
	}
}

func TestParticlesWrong(t *testing.T) {
	for want, r := range map[string]nets.Run{
		"0 particles, want 1 to 4096":                  {System: particles(func(f *adapt.Particles) { f.Particles = 0 }), Task: walk(1, 5)},
		"5000 particles, want":                         {System: particles(func(f *adapt.Particles) { f.Particles = 5000 }), Task: walk(1, 5)},
		"lambda_v 0.5, want 0, which is a lesion":      {System: particles(func(f *adapt.Particles) { f.LambdaV = 0.5 }), Task: walk(1, 5)},
		"lambda_u -1, want":                            {System: particles(func(f *adapt.Particles) { f.LambdaU = -1 }), Task: walk(1, 5)},
		"v0 0, want a variance":                        {System: particles(func(f *adapt.Particles) { f.V0 = 0 }), Task: walk(1, 5)},
		"w0 NaN, want a variance":                      {System: particles(func(f *adapt.Particles) { f.W0 = math.NaN() }), Task: walk(1, 5)},
		"want one number of each at a moment, as walk": {System: particles(few), Task: noise(3, 4)},
		"trials are single moments":                    {System: particles(few), Task: noise(1, 1)},
		"the task wants 2 numbers":                     {System: particles(few), Task: func() nets.Task { return &tasks.Sines{Period: 9, Outputs: 2, Cue: 1} }},
	} {
		if _, err := r.Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}
