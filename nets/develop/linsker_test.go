package develop_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"hebb/nets"
	"hebb/nets/develop"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/tasks"
)

// cells returns a system of cells with n synapses.
func cells(n int, set func(*develop.Linsker)) func() nets.System {
	return func() nets.System {
		l := develop.DefaultLinsker
		l.Synapses = n
		set(&l)
		return &l
	}
}

func noise() nets.Task { return &tasks.WhiteNoise{Side: 1, Batch: 1} }

// grown has layers B and C of n synapses. Layer B measures at moments 0 and 1 and learns at 2 and 3, and C measures at 4 and 5.
func grown(n int) func() nets.System {
	return cells(n, func(l *develop.Linsker) {
		l.Measured, l.Measure, l.Steps, l.BelowK1, l.K1, l.K2, l.Radius = true, 2, 2, []float32{0.0625}, []float32{0.125, -0.25}, []float32{-1}, 1.2
	})
}

func sheet(shown *[]lab.Shown) func() nets.Task {
	return func() nets.Task {
		return &lab.Noise{Spec: nets.Spec{In: nets.Shape{Height: 16, Width: 16, Channels: 1}, Examples: 3, Trial: 1, Epoch: 2}, Masked: true, Shown: shown}
	}
}

func TestLinskerPromises(t *testing.T) {
	t.Run("closed form", func(t *testing.T) {
		nettest.System(t, cells(8, func(l *develop.Linsker) { l.K2 = []float32{-1, -2} }), noise)
	})
	t.Run("measured", func(t *testing.T) { nettest.System(t, grown(6), sheet(nil)) })
}

func TestLinskerVerify(t *testing.T) {
	for name, r := range map[string]nets.Run{
		"hat":      {System: cells(9, func(l *develop.Linsker) { l.Hat, l.K1 = 4, []float32{0, 0.1} }), Task: noise},
		"measured": {System: grown(6), Task: sheet(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			r.Learners, r.Rate = 2, 0.5
			lab.Verify(t, r, 9)
		})
	}
}

// values returns a course's tensors after so many moments.
func values(r nets.Run, moments int) lab.Experiment {
	return func(t *testing.T, l lab.Lab) lab.Results {
		all := lab.Results{}
		for _, n := range lab.Make(t, l.Device, r, moments).Tensors() {
			all[n.Name] = l.Values(t, n.Value)
		}
		return all
	}
}

// A twin is a layer by its equations, synapse by synapse.
type twin struct {
	q      [][]float64
	w      []float64
	k1, k2 float64
}

func (c *twin) step(rate float64) {
	n := float64(len(c.w))
	next := make([]float64, len(c.w))
	for i := range c.w {
		sum := 0.
		for j, w := range c.w {
			sum += (c.q[i][j] + c.k2) * w / n
		}
		next[i] = max(-0.5, min(0.5, c.w[i]+rate*(c.k1+sum)))
	}
	c.w = next
}

func (c *twin) energy() (e float64) {
	for i, v := range c.w {
		e -= c.k1 * v
		for j, w := range c.w {
			e -= v * (c.q[i][j] + c.k2) * w / float64(2*len(c.w))
		}
	}
	return e
}

// closed returns Q at places, of a Gaussian of width s less one of variance a·s², over a; a 0 means none.
func closed(x, y []float64, s, a float64) (q [][]float64) {
	for i := range x {
		q = append(q, make([]float64, len(x)))
		for j := range x {
			d := (x[i]-x[j])*(x[i]-x[j]) + (y[i]-y[j])*(y[i]-y[j])
			q[i][j] = math.Exp(-d / (2 * s * s))
			if a > 0 {
				q[i][j] -= math.Exp(-d/(2*a*s*s)) / a
			}
		}
	}
	return q
}

// column returns the weights of a cell.
func column(w []float64, cell, cells int) (c []float64) {
	for i := cell; i < len(w); i += cells {
		c = append(c, w[i])
	}
	return c
}

// agree holds an experiment to its twin's results: by a device of float64s to their digits, and by the CPU path and OpenGL
// within the spread of float32.
func agree(t *testing.T, f lab.Experiment, twin lab.Results) {
	t.Helper()
	only := func(all lab.Results) lab.Results {
		some := lab.Results{}
		for name := range twin {
			some[name] = all[name]
		}
		return some
	}
	g := func(t *testing.T, l lab.Lab) lab.Results { return only(f(t, l)) }
	want, bound := lab.Spread(t, lab.Float32s, 0x1p-24, 8, g)
	digits := lab.Results{}
	for name, x := range twin {
		for range x {
			digits[name] = append(digits[name], 1e-12)
		}
	}
	lab.Agree(t, "float64", want, twin, digits, 1)
	lab.Telling(t, "float32", want, bound, 1e-3)
	for name, open := range map[string]func(*testing.T) lab.Lab{"cpu": lab.Single, "gpu": lab.GPU} {
		t.Run(name, func(t *testing.T) { lab.Agree(t, name, g(t, open(t)), twin, bound, 1) })
	}
}

// TestLinskerTwin: cells of all pairs of k1 and k2 are those of the equations after some steps, clipped ones too.
func TestLinskerTwin(t *testing.T) {
	const n, rate, moments = 16, 0.5, 12
	k1, k2 := []float32{0.25, -0.125}, []float32{-1, 0, 0.25}
	for name, hat := range map[string]float32{"gaussian": 0, "hat": 4} { // all constants are what float32s can be
		t.Run(name, func(t *testing.T) {
			r := nets.Run{System: cells(n, func(l *develop.Linsker) { l.K1, l.K2, l.Hat, l.Width = k1, k2, hat, 0.5 }), Task: noise, Rate: rate, Seed: 3}
			exact := lab.Exact(t)
			first := values(r, 0)(t, exact)
			w, clipped := make([]float64, 6*n), 0
			for c := range 6 {
				cell := twin{closed(first["c.x"], first["c.y"], 0.5, float64(hat)), column(first["c.weight"], c, 6), float64(k1[c/3]), float64(k2[c%3])}
				for range moments {
					cell.step(rate)
				}
				for i, v := range cell.w {
					w[i*6+c] = v
					if math.Abs(v) == 0.5 {
						clipped++
					}
				}
			}
			if clipped == 0 || clipped == len(w) {
				t.Errorf("%d of %d weights are clipped, want some", clipped, len(w))
			}
			agree(t, values(r, moments), lab.Results{"c.weight": w})
		})
	}
}

// TestLinskerMeasuredTwin: what layer B makes of layer A's noise, the Q that is measured on it, and the weights of both layers
// are those of the equations, with masked examples left out; of float32s within 64 roundings of numbers of up to 4 one after
// another, which is more than any of them comes through.
func TestLinskerMeasuredTwin(t *testing.T) {
	const rate, moments = 0.5, 8
	for name, open := range map[string]func(*testing.T) lab.Lab{"float64": lab.Exact, "cpu": lab.Single, "gpu": lab.GPU} {
		t.Run(name, func(t *testing.T) {
			l := open(t)
			var shown []lab.Shown
			run := nets.Run{System: grown(8), Task: sheet(&shown), Rate: rate, Seed: 4}
			first, last := values(run, 0)(t, l), values(run, moments)(t, l)
			var draws [][]float64
			bound := 64 * 4 * 0x1p-24
			if name == "float64" {
				draws, bound = l.Drawn(), 1e-12
			}
			for _, m := range shown { // which is exact where numbers are float32s
				if name != "float64" {
					draws = append(draws, doubled(m.X), doubled(m.Mask))
				}
			}
			m := measured{draws[len(draws)-2*moments:], 16}
			b := twin{w: first["b.weight"], k1: 0.0625}
			b.q = m.q(0, first["b.x"], first["b.y"], m.at)
			for range 2 {
				b.step(rate)
			}
			q := m.q(4, first["c.x"], first["c.y"], func(noise []float64, x, y float64) (sum float64) {
				for j, w := range b.w {
					sum += w * m.at(noise, x+first["b.x"][j], y+first["b.y"][j])
				}
				return sum
			})
			want := lab.Results{"b.weight": b.w, "q": slices.Concat(q...), "c.weight": make([]float64, 16)}
			for c, k1 := range []float64{0.125, -0.25} {
				cell := twin{q, column(first["c.weight"], c, 2), k1, -1}
				for range 2 {
					cell.step(rate)
				}
				for i, v := range cell.w {
					want["c.weight"][2*i+c] = v
				}
			}
			for name, x := range want {
				for i, v := range x {
					if got := last[name][i]; !(math.Abs(got-v) <= bound) {
						t.Fatalf("number %d of %s is %.9g, want %.9g ± %.1g", i, name, got, v, bound)
					}
				}
			}
		})
	}
}

func doubled(x []float32) (y []float64) {
	for _, v := range x {
		y = append(y, float64(v))
	}
	return y
}

// A measured is X and Mask of moments, one after the other, of a sheet.
type measured struct {
	draws [][]float64
	side  int
}

// at returns the noise at a place of the sheet, which is periodic.
func (m measured) at(noise []float64, x, y float64) float64 {
	wrap := func(v float64) int { return (int(v) + m.side) % m.side }
	return noise[wrap(y)*m.side+wrap(x)]
}

// q returns the covariance of activities at places over two moments of three examples, of a mean variance of 1.
func (m measured) q(from int, x, y []float64, activity func(noise []float64, x, y float64) float64) (q [][]float64) {
	for range x {
		q = append(q, make([]float64, len(x)))
	}
	trace := 0.
	for at := from; at < from+2; at++ {
		for e := range 3 {
			noise, mask := m.draws[2*at][e*m.side*m.side:][:m.side*m.side], m.draws[2*at+1][e]
			for i := range x {
				for j := range x {
					q[i][j] += mask * activity(noise, x[i], y[i]) * activity(noise, x[j], y[j])
				}
			}
		}
	}
	for i := range x {
		trace += q[i][i] / float64(len(x))
	}
	for i := range x {
		for j := range x {
			q[i][j] /= trace
		}
	}
	return q
}

// TestLinskerEnergy: the energy never rises, while the rate is below 2/|λ|; beyond, it rises, and the run says so with the
// numbers.
func TestLinskerEnergy(t *testing.T) {
	const n, k1, k2 = 30, 0.125, -3
	l := lab.Exact(t)
	energies := func(rate float64, steps int) (rises float64, s *nets.Session) {
		s = lab.Make(t, l.Device, nets.Run{System: cells(n, func(l *develop.Linsker) { l.K1, l.K2 = []float32{k1}, []float32{k2} }), Task: noise, Rate: rate, Seed: 1}, 0)
		all := lab.Results{}
		cell, before := twin{k1: k1, k2: k2}, math.Inf(1)
		for range steps {
			for _, n := range s.Tensors() {
				all[n.Name] = l.Values(t, n.Value)
			}
			cell.q, cell.w = closed(all["c.x"], all["c.y"], 1, 0), all["c.weight"]
			rises, before = max(rises, cell.energy()-before), cell.energy()
			lab.On(t, s, 1)
		}
		return rises, s
	}
	if rises, _ := energies(0.5, 150); rises > 1e-13 {
		t.Errorf("the energy rises by %g in a step", rises)
	}
	rises, s := energies(2, 20)
	_, err := s.Metrics()
	if rises < 0.1 || err == nil || !strings.Contains(err.Error(), "is 5.") || !strings.Contains(err.Error(), "want less than 2: less than 0.3") {
		t.Errorf("at a rate of 2 the energy rises by %g, and the run says %v", rises, err)
	}
}

// TestLinskerLeast: what is found as the least eigenvalue is that of the matrix.
func TestLinskerLeast(t *testing.T) {
	for _, k2 := range []float64{-3, -0.5, 1} {
		all := values(nets.Run{System: cells(20, func(l *develop.Linsker) { l.K2 = []float32{0.5, float32(k2)}; l.Still = 1e-30 }), Task: noise, Rate: 0.01}, 1)(t, lab.Exact(t))
		var eigen mat.EigenSym
		eigen.Factorize(matrix(closed(all["c.x"], all["c.y"], 1, 0), min(k2, 0.5)), false)
		if want := max(0, -slices.Min(eigen.Values(nil))); !(math.Abs(all["least"][0]-want) <= 1e-6) {
			t.Errorf("k2 %g: −λ is %g, want %g", k2, all["least"][0], want)
		}
	}
}

// matrix returns (Q + k2·J)/N.
func matrix(q [][]float64, k2 float64) *mat.SymDense {
	m := mat.NewSymDense(len(q), nil)
	for i := range q {
		for j := range i + 1 {
			m.SetSym(i, j, (q[i][j]+k2)/float64(len(q)))
		}
	}
	return m
}

// TestLinskerEigenbasis: before any weight is clipped, the coefficient of w along an eigenvector of (Q + k2·J)/N with the
// eigenvalue l is gᵗ·c + k1·b·(gᵗ − 1)/l, with g = 1 + η·l, c its first value and b that of a vector of ones.
func TestLinskerEigenbasis(t *testing.T) {
	const n, rate, k1, k2, steps = 32, 0.0625, 0.03125, -0.5, 50
	l := lab.Exact(t)
	r := nets.Run{System: cells(n, func(l *develop.Linsker) { l.K1, l.K2 = []float32{k1}, []float32{k2} }), Task: noise, Rate: rate, Seed: 2}
	first, last := values(r, 0)(t, l), lab.Results{}
	s := lab.Make(t, l.Device, r, 0)
	small := make([]float32, n)
	for i := range small {
		small[i] = float32(first["c.weight"][i] / 16)
	}
	for _, n := range s.Tensors() {
		if n.Name == "c.weight" {
			if err := s.Write([]nets.Named{n}, [][]float32{small}); err != nil {
				t.Fatal(err)
			}
		}
	}
	lab.On(t, s, steps)
	for _, n := range s.Tensors() {
		last[n.Name] = l.Values(t, n.Value)
	}
	var eigen mat.EigenSym
	eigen.Factorize(matrix(closed(first["c.x"], first["c.y"], 1, 0), k2), true)
	var e mat.Dense
	eigen.VectorsTo(&e)
	worst, largest := 0., 0.
	for k, lambda := range eigen.Values(nil) {
		var c, b, got float64
		for i := range n {
			c, b, got = c+e.At(i, k)*float64(small[i]), b+e.At(i, k), got+e.At(i, k)*last["c.weight"][i]
		}
		g := math.Pow(1+rate*lambda, steps)
		want := g*c + k1*b*(g-1)/lambda
		if math.Abs(lambda) < 1e-9 {
			want = c + k1*b*rate*steps
		}
		worst = max(worst, math.Abs(got-want))
	}
	for _, w := range last["c.weight"] {
		largest = max(largest, math.Abs(w))
	}
	if !(worst <= 1e-11) || largest >= 0.5 {
		t.Errorf("after %d steps a coefficient is off by %g, and the largest weight is %g", steps, worst, largest)
	}
}

// TestLinskerSaturates: where Q_ii + k2 > 0 no more than one synapse of a cell is between the bounds once it is at rest, which
// ends the run.
func TestLinskerSaturates(t *testing.T) {
	const n = 60
	r := nets.Run{System: cells(n, func(l *develop.Linsker) { l.K1, l.K2 = []float32{0.05}, []float32{-0.5} }), Task: noise, Learners: 5, Rate: 0.5}
	s := lab.Make(t, lab.CPU(t), r, 0)
	for range 40 {
		if lab.On(t, s, 100); s.Ended() {
			break
		}
		lab.Metrics(t, s)
	}
	for l := range 5 {
		if err := s.Finished()[l]; err == nil || !strings.Contains(err.Error(), "no weight moves by 1e-09") {
			t.Errorf("learner %d has not come to rest: %v", l, err)
		}
	}
	for mine := range slices.Chunk(lab.Values(t, s)["c.weight"], n) {
		inside := 0
		for _, v := range mine {
			if math.Abs(float64(v)) < 0.5 {
				inside++
			}
		}
		if inside > 1 {
			t.Errorf("%d synapses of a cell are between the bounds, want at most 1", inside)
		}
	}
}

// TestLayerB: on a layer B that has learned from white noise, Q falls as the formula says: exp(−d²/2v), v = 1 + h²/6 for places
// that are rounded to cells of the width h. Over distances the mean of eight seeds is within five standard errors of it and 1%.
func TestLayerB(t *testing.T) {
	const n, seeds, h = 150, 8, 0.5
	r := nets.Run{System: cells(n, func(l *develop.Linsker) {
		l.Measured, l.Measure, l.Steps, l.K1, l.BelowK1 = true, 40, 20, []float32{0}, []float32{0.5}
	}),
		Task: func() nets.Task { return &tasks.WhiteNoise{Side: 22, Batch: 100} }, Learners: seeds, Rate: 0.5}
	at := lab.Values(t, lab.Make(t, lab.CPU(t), r, 2*40+20+1))
	for _, w := range at["b.weight"] {
		if w != 0.5 {
			t.Fatalf("a weight of layer B is %g, want ½", w)
		}
	}
	const bins, v = 6, 1 + h*h/6
	var ratio [bins][]float64 // of the sums over pairs at about a distance, of each seed, over that at small ones
	for l := range seeds {
		x, y, q := at["c.x"][l*n:][:n], at["c.y"][l*n:][:n], at["q"][l*n*n:]
		var sum, want [bins]float64
		for i := range n {
			for j := range i {
				d := h * math.Hypot(float64(x[i]-x[j]), float64(y[i]-y[j]))
				if b := int(2 * d); d > 0 && b < bins {
					sum[b], want[b] = sum[b]+float64(q[i*n+j]), want[b]+math.Exp(-d*d/(2*v))
				}
			}
		}
		for b := range bins {
			ratio[b] = append(ratio[b], sum[b]/want[b])
		}
	}
	// One cell's variance is above the formula's, since its synapses share cells of A with themselves: by 1 + 1/((N−1)·h²/2πv).
	scale := 1 / (1 + 2*math.Pi*v/((n-1)*h*h))
	for b, all := range ratio[1:] {
		mean, square := 0., 0.
		for _, x := range all {
			mean, square = mean+x/seeds, square+x*x/seeds
		}
		se := math.Sqrt((square - mean*mean) / (seeds - 1))
		t.Logf("distance %.1f to %.1f: %.3f ± %.3f of the formula, want %.3f", float64(b+1)/2, float64(b+2)/2, mean, se, scale)
		if !(math.Abs(mean-scale) <= 5*se+0.01) || se > 0.1 {
			t.Errorf("at distances of %.1f to %.1f Q is %.3f ± %.3f of the formula, want %.3f", float64(b+1)/2, float64(b+2)/2, mean, se, scale)
		}
	}
}

func TestLinskerWrong(t *testing.T) {
	of := func(set func(*develop.Linsker)) nets.Run { return nets.Run{System: cells(9, set), Task: noise} }
	small := of(func(l *develop.Linsker) { l.Measured = true })
	wants := of(func(*develop.Linsker) {})
	wants.Task = func() nets.Task { return &tasks.XOR{} }
	for want, r := range map[string]nets.Run{
		"1 synapses, want at least 2":           of(func(l *develop.Linsker) { l.Synapses = 1 }),
		"k1 [] and k2 [-3], want a number":      of(func(l *develop.Linsker) { l.K1 = nil }),
		"hat 0.5, want 0 or a number above 1":   of(func(l *develop.Linsker) { l.Hat = 0.5 }),
		"k2 [NaN], want numbers within":         of(func(l *develop.Linsker) { l.K2 = []float32{float32(math.NaN())} }),
		"width 0, want a number above 0":        of(func(l *develop.Linsker) { l.Width = 0 }),
		"want as many of each":                  of(func(l *develop.Linsker) { l.Measured, l.BelowK2 = true, nil }),
		"measure 0 and steps 100":               of(func(l *develop.Linsker) { l.Measure = 0 }),
		"a square sheet of at least 21×21":      small,
		"want a task without, as white-noise":   wants,
		"a side of 0 cells, want at least 1":    {System: cells(9, func(*develop.Linsker) {}), Task: func() nets.Task { return &tasks.WhiteNoise{Batch: 1} }},
		"a batch of 0 examples, want at least ": {System: cells(9, func(*develop.Linsker) {}), Task: func() nets.Task { return &tasks.WhiteNoise{Side: 1} }},
	} {
		if _, err := r.Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}

// TestDescribe: fields that are known are described as what they are.
func TestDescribe(t *testing.T) {
	var x, y []float32
	for i := range 31 {
		for j := range 31 {
			if a, b := float32(i-15)/6, float32(j-15)/6; a*a+b*b <= 6.26 {
				x, y = append(x, a), append(y, b)
			}
		}
	}
	a, err := develop.NewArbor(x, y, 1)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(positive bool) float32 {
		if positive {
			return 0.5
		}
		return -0.5
	}
	for kind, c := range map[string]struct {
		w        func(x, y float64) float32
		oriented bool
	}{
		develop.AllPositive: {func(_, _ float64) float32 { return 0.5 }, false},
		develop.AllNegative: {func(_, _ float64) float32 { return -0.5 }, false},
		develop.OnCentre:    {func(x, y float64) float32 { return sign(x*x+y*y < 3) }, false},
		develop.OffCentre:   {func(x, y float64) float32 { return sign(x*x+y*y > 3) }, false},
		develop.Bilobed:     {func(x, y float64) float32 { return sign(x+y > 0) }, true},
		develop.OtherKind:   {func(x, _ float64) float32 { return sign(math.Cos(3*x) > 0) }, true}, // stripes
	} {
		w := make([]float32, len(x))
		for i := range w {
			w[i] = c.w(float64(x[i]), float64(y[i]))
		}
		d := a.Describe(w)
		if d.Kind() != kind || d.Oriented() != c.oriented || math.Abs(d.Saturated-1) > 1e-9 {
			t.Errorf("%s, oriented %t, is taken for %s: %+v", kind, c.oriented, d.Kind(), d)
		}
	}
	if _, err := develop.NewArbor(x, y[1:], 1); err == nil {
		t.Error("places of different numbers are taken")
	}
}
