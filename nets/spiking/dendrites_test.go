package spiking

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
)

// A parade shows images one at a time, or so many.
type parade struct {
	in, classes, each int
	x, labels         []float32

	xs, ys *compute.Tensor
}

// pictures are images of 12 pixels within 0 and 1, of 4 classes: each has its own bright pixels.
func pictures(n, each int) *parade {
	rnd, p := rand.New(rand.NewPCG(17, 1)), &parade{in: 12, classes: 4, each: each}
	for range n {
		class := rnd.IntN(p.classes)
		for j := range p.in {
			x := float32(rnd.IntN(128)) / 256
			if j/3 == class {
				x += 0.5
			}
			p.x = append(p.x, x)
		}
		p.labels = append(p.labels, float32(class))
	}
	return p
}

func (t *parade) Build(s *nets.Store) (nets.Spec, error) {
	n := len(t.labels)
	t.xs, t.ys = s.Fixed(t.x, n, t.in), s.Fixed(t.labels, n, 1)
	return nets.Spec{In: nets.Row(t.in), Out: t.classes, Classes: true, Examples: t.each, Trial: 1, Epoch: n / t.each}, nil
}

func (t *parade) Show(p *nets.Pass) nets.Moment {
	at := int(p.Number) * t.each % len(t.labels)
	return nets.Moment{X: p.View(t.xs, at*t.in, 1, t.each, t.in), Want: p.View(t.ys, at, 1, t.each, 1), First: true, Last: true}
}

func (t *parade) Judge(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	p.Count("accuracy", p.Hits(m, answer), m.Examples())
}

// small is a system of 12 inputs and 4 outputs.
func small(set func(d *Dendrites), hidden ...int) func() nets.System {
	return func() nets.System {
		d := NewDendrites(hidden...)
		set(d)
		return d
	}
}

func asItIs(*Dendrites) {}

func spikes(d *Dendrites) { d.Spiking, d.TestPhase = true, 60 }

// A twin is the authors' program in float64: it goes through phases step by step, and of spikes through their past.
type twin struct {
	set     *Dendrites
	sizes   []int // of the inputs and the layers
	w, b, y [][]float64
	xPast   [][]float64   // spikes of the inputs, the latest last
	past    [][][]float64 // the same of the layers
	c, lam  [][]float64
	before  int // steps of the image before a phase
	spikes  func(what string, step int, mean []float64) []float64
	means   struct{ c, psp, lam, up, taught [][]float64 } // of the last image; up and taught in [0]
}

func f64(x float32) float64 { return float64(x) }

func newTwin(d *Dendrites, in, out int, values lab.Results) *twin {
	t := &twin{set: d, sizes: append(append([]int{in}, d.Hidden...), out)}
	for m := range len(d.Hidden) + 1 {
		n := t.sizes[m+1]
		t.w, t.b = append(t.w, values[fmt.Sprint("w", m+1)]), append(t.b, values[fmt.Sprint("b", m+1)])
		t.c, t.lam, t.past = append(t.c, make([]float64, n)), append(t.lam, make([]float64, n)), append(t.past, silence(d.Kernel, n))
		if m < len(d.Hidden) {
			t.y = append(t.y, values[fmt.Sprint("y", m+1)])
		}
	}
	t.xPast = silence(d.Kernel, in)
	return t
}

func silence(steps, n int) (x [][]float64) {
	for range steps {
		x = append(x, make([]float64, n))
	}
	return x
}

func sigma(x float64) float64  { return 1 / (1 + math.Exp(-x)) }
func dSigma(x float64) float64 { return sigma(x) * (1 - sigma(x)) }

// psp returns Σ κ(d)·spikes d steps back, the latest having d = 1.
func (t *twin) psp(past [][]float64) []float64 {
	x := make([]float64, len(past[0]))
	for d := 1; d <= t.set.Kernel; d++ {
		leak, rise := f64(t.set.Leak), f64(t.set.Rise)
		kappa := (math.Exp(-float64(d)/leak) - math.Exp(-float64(d)/rise)) / (leak - rise)
		for i, s := range past[len(past)-d] {
			x[i] += kappa * s
		}
	}
	return x
}

// phase goes through a phase of so many steps, of which the last of an average count; want is nil in a forward phase. It
// returns means of C, of PSP at basal dendrites, of rates, and of PSP of the outputs at apical dendrites.
func (t *twin) phase(x, want []float64, steps, count int) (c, psp, lam [][]float64, up []float64) {
	spiking, d := t.set.Spiking, t.set
	gL, g, e, most := 1/f64(d.Leak), f64(d.Conductance), f64(d.Reversal), f64(d.MaxRate)
	add := func(sum *[]float64, v []float64, at int) {
		if *sum == nil {
			*sum = make([]float64, len(v))
		}
		for i := range v {
			if at >= steps-count {
				(*sum)[i] += v[i] / float64(count)
			}
		}
	}
	c, psp, lam = make([][]float64, len(t.w)), make([][]float64, len(t.w)), make([][]float64, len(t.w))
	for at := range steps {
		rates := make([]float64, len(x))
		for i := range x {
			rates[i] = most * x[i]
		}
		below := rates
		if spiking {
			t.xPast = append(t.xPast[1:], t.spikes("inputs", at, rates))
			below = t.psp(t.xPast)
		}
		feedback := append([]float64(nil), t.lam[len(t.w)-1]...)
		if spiking {
			feedback = t.psp(t.past[len(t.w)-1])
		}
		add(&up, feedback, at)
		for m := range t.w {
			add(&psp[m], below, at)
			for i := range t.c[m] {
				b := t.b[m][i]
				for j, v := range below {
					b += t.w[m][i*len(below)+j] * v
				}
				taught := m == len(t.w)-1 && want != nil
				switch {
				case spiking:
					dot := -gL*t.c[m][i] + g*(b-t.c[m][i])
					if taught {
						dot += want[i]*(e-t.c[m][i]) + (1-want[i])*(-e-t.c[m][i])
					}
					t.c[m][i] += dot
				case taught:
					t.c[m][i] = f64(float32(g/(gL+g+1)))*b + f64(float32(e/(gL+g+1)))*(2*want[i]-1)
				default:
					t.c[m][i] = f64(float32(g/(gL+g))) * b
				}
				t.lam[m][i] = most * sigma(t.c[m][i])
			}
			add(&c[m], t.c[m], at)
			add(&lam[m], t.lam[m], at)
			below = append([]float64(nil), t.lam[m]...)
			if spiking {
				what := fmt.Sprint("layer ", m)
				if want != nil && m == len(t.w)-1 {
					what = "taught"
				}
				t.past[m] = append(t.past[m][1:], t.spikes(what, at, below))
				below = t.psp(t.past[m])
			}
		}
	}
	return c, psp, lam, up
}

// image shows an image and learns, the outputs first.
func (t *twin) image(x []float64, class int, rate float64, forward, second, count int) {
	d, last := t.set, len(t.w)-1
	want := make([]float64, t.sizes[len(t.sizes)-1])
	want[class] = 1
	t.before = 0
	c, psp, _, up := t.phase(x, nil, forward, count)
	t.before = forward
	_, _, lam, taught := t.phase(x, want, second, count)
	t.means.c, t.means.psp, t.means.lam, t.means.up, t.means.taught = c, psp, lam, [][]float64{up}, [][]float64{taught}
	most, k := f64(d.MaxRate), f64(float32(f64(d.Conductance)/(1/f64(d.Leak)+f64(d.Conductance))))
	old := make([][]float64, last+1)
	for m := range t.w {
		old[m] = append([]float64(nil), t.w[m]...)
	}
	var above []float64
	for m := last; m >= 0; m-- {
		scale, e := float32(rate)*d.ErrorScale/d.MaxRate, make([]float64, t.sizes[m+1])
		for i := range e {
			slope := k * most * dSigma(c[m][i])
			switch {
			case m == last:
				e[i] = (lam[m][i] - most*sigma(c[m][i])) * slope
			case d.Delta == "apical":
				free, held := 0.0, 0.0
				for j := range up {
					free += t.y[m][i*len(up)+j] * up[j]
					held += t.y[m][i*len(up)+j] * taught[j]
				}
				e[i] = (sigma(held) - sigma(free)) * slope
				for j := range up { // after A, of both phases
					t.y[m][i*len(up)+j] += f64(d.FeedbackRate) * (most*sigma(c[m][i]) - sigma(free)) * dSigma(free) * up[j]
				}
			case d.Delta == "backprop":
				for j := range above {
					e[i] += old[m+1][j*len(e)+i] * above[j] * slope
				}
			}
		}
		if m == last {
			scale /= d.MaxRate
		}
		for i := range e {
			for j, v := range psp[m] {
				t.w[m][i*len(psp[m])+j] += f64(scale) * e[i] * v
			}
			t.b[m][i] += f64(scale) * e[i]
		}
		above = e
	}
}

func (t *twin) weights() lab.Results {
	out := lab.Results{}
	for m := range t.w {
		out[fmt.Sprint("w", m+1)], out[fmt.Sprint("b", m+1)] = t.w[m], t.b[m]
		if m < len(t.y) {
			out[fmt.Sprint("y", m+1)] = t.y[m]
		}
	}
	return out
}

// closed is an image by the closed form, written without a look at the steps: rates are at rest in each phase.
func (t *twin) closed(x []float64, class int, rate float64) {
	d, last := t.set, len(t.w)-1
	lam, g, all := f64(d.MaxRate), f64(d.Conductance), 1/f64(d.Leak)+f64(d.Conductance)
	k, kTaught, eTaught := f64(float32(g/all)), f64(float32(g/(all+1))), f64(float32(f64(d.Reversal)/(all+1)))
	r, b := [][]float64{x}, [][]float64{nil}
	for m := range t.w {
		pre, post := make([]float64, len(t.b[m])), make([]float64, len(t.b[m]))
		for i := range pre {
			pre[i] = lab.Dot(t.w[m][i*len(r[m]):][:len(r[m])], r[m])*lam + t.b[m][i]
			post[i] = sigma(k * pre[i])
		}
		b, r = append(b, pre), append(r, post)
	}
	top, aim, es := r[last+1], make([]float64, len(r[last+1])), make([][]float64, last+1)
	es[last] = make([]float64, len(top))
	for i := range top {
		sign := -1.0
		if i == class {
			sign = 1
		}
		aim[i] = sigma(kTaught*b[last+1][i] + eTaught*sign)
		es[last][i] = lam * (aim[i] - top[i]) * k * lam * top[i] * (1 - top[i])
	}
	for m := last - 1; m >= 0; m-- {
		es[m] = make([]float64, len(r[m+1]))
		for i, s := range r[m+1] {
			if d.Delta == "apical" {
				y := t.y[m][i*len(top):][:len(top)]
				free := sigma(lam * lab.Dot(y, top))
				es[m][i] = (sigma(lam*lab.Dot(y, aim)) - free) * k * lam * s * (1 - s)
				for j := range y {
					y[j] += f64(d.FeedbackRate) * (lam*s - free) * free * (1 - free) * lam * top[j]
				}
			} else if d.Delta == "backprop" {
				for j, e := range es[m+1] {
					es[m][i] += t.w[m+1][j*len(r[m+1])+i] * e * k * lam * s * (1 - s)
				}
			}
		}
	}
	for m, e := range es {
		scale := float32(rate) * d.ErrorScale / d.MaxRate // as the system has it, in float32
		if m == last {
			scale /= d.MaxRate
		}
		for i := range e {
			for j, v := range r[m] {
				t.w[m][i*len(r[m])+j] += f64(scale) * e[i] * lam * v
			}
			t.b[m][i] += f64(scale) * e[i]
		}
	}
}

// learned returns the weights after n images; 0 returns the first.
func learned(t *testing.T, l lab.Lab, system func() nets.System, n int, rate float64) lab.Results {
	t.Helper()
	s := must.Get(nets.Run{System: system, Task: func() nets.Task { return pictures(200, 1) }, Seed: 5, Rate: rate}.Open(l.Device))(t)
	defer s.Close()
	rnd := rand.New(rand.NewPCG(7, 7))
	for _, w := range s.Tensors() { // a float32 and a float64 hold them alike
		if w.Role != nets.State {
			l.Write(t, w.Value, lab.Normals(rnd, w.Value.Len()))
		}
	}
	lab.On(t, s, n)
	out := lab.Results{}
	for _, w := range s.Tensors() {
		if w.Role != nets.State {
			out[w.Name] = l.Values(t, w.Value)
		}
	}
	return out
}

var variants = map[string]func() nets.System{
	"apical":           small(asItIs, 8, 6),
	"learned feedback": small(func(d *Dendrites) { d.FeedbackRate = 0.5 }, 8),
	"backprop":         small(func(d *Dendrites) { d.Delta = "backprop" }, 8, 6),
	"fixed":            small(func(d *Dendrites) { d.Delta = "fixed" }, 8),
	"no hidden layer":  small(asItIs),
}

// row is image i of the pictures.
func (t *parade) row(i int) (x []float64, class int) {
	for _, v := range t.x[i*t.in:][:t.in] {
		x = append(x, float64(v))
	}
	return x, int(t.labels[i])
}

// TestTwins: 200 images by the authors' steps, by the closed form and by the system in float64 leave the same weights to
// rounding; a few in float32, on the CPU and on the GPU, within the bound that follows from the bounds of the ops.
func TestTwins(t *testing.T) {
	const rate = 0.21
	for name, system := range variants {
		twins, task := [2]*twin{}, pictures(200, 1)
		for i := range twins {
			twins[i] = newTwin(system().(*Dendrites), task.in, task.classes, learned(t, lab.Exact(t), system, 0, rate))
		}
		for i := range 200 {
			x, class := task.row(i)
			twins[0].image(x, class, rate, 2, 2, 1)
			twins[1].closed(x, class, rate)
			if i == 4 {
				few := lab.Results{}
				for name, w := range twins[1].weights() {
					few[name] = append([]float64(nil), w...)
				}
				heldTo(t, name, few, func(t *testing.T, l lab.Lab) lab.Results { return learned(t, l, system, 5, rate) })
			}
		}
		near(t, name+", steps", twins[0].weights(), twins[1].weights(), 1e-13)
		near(t, name+", system", learned(t, lab.Exact(t), system, 200, rate), twins[1].weights(), 1e-13)
	}
}

// near holds results to each other, relative to 1.
func near(t *testing.T, what string, got, want lab.Results, within float64) {
	t.Helper()
	worst := 0.0
	for name, w := range want {
		for i := range w {
			worst = math.Max(worst, math.Abs(got[name][i]-w[i])/math.Max(1, math.Abs(w[i])))
		}
		if len(got[name]) != len(w) {
			t.Fatalf("%s: %s has %d numbers, want %d", what, name, len(got[name]), len(w))
		}
	}
	if !(worst <= within) {
		t.Errorf("%s: off by %.2g, want %.2g at most", what, worst, within)
	}
	t.Logf("%s: off by %.2g", what, worst)
}

func heldTo(t *testing.T, what string, want lab.Results, f lab.Experiment) {
	for _, c := range []struct {
		what string
		open func(*testing.T) lab.Lab
	}{{"cpu", lab.Single}, {"gpu", lab.GPU}} {
		t.Run(what+"/"+c.what, func(t *testing.T) {
			got := f(t, c.open(t))
			_, bound := lab.Spread(t, lab.Float32s, 0, 16, f)
			lab.Agree(t, c.what, got, want, bound, 2)
			lab.Telling(t, c.what, want, bound, 0.02)
		})
	}
}

// TestSteps: the spiking system in float64 equals the authors' steps, spike by spike, from the same random numbers: two layers
// of hidden cells, phases of Wald's law, spikes and potentials that go on from image to image. The matrices over time are
// float32s, so potentials differ by 1e-6.
func TestSteps(t *testing.T) {
	const images, rate = 4, 0.05
	for name, system := range map[string]func() nets.System{"hidden": small(spikes, 6, 5), "none": small(spikes)} {
		d, task, l := system().(*Dendrites), pictures(200, 1), lab.Exact(t)
		got := learned(t, l, system, images, rate)
		drawn := l.Drawn()
		tw := newTwin(d, task.in, task.classes, learned(t, lab.Exact(t), system, 0, rate))
		drawn = drawn[len(drawn)-images*(4+2+len(tw.w)):] // after the first weights
		for i := range images {
			now := drawn[i*(4+2+len(tw.w)):][:4+2+len(tw.w)]
			forward := d.Phase + wald64(now[0][0], now[1][0], 2, 1)
			second := min(d.Phase+wald64(now[2][0], now[3][0], 2, 1), d.Longest-forward)
			tw.spikes = func(what string, step int, mean []float64) []float64 {
				of, s := 4, make([]float64, len(mean))
				if what == "taught" {
					of = 5 + len(tw.w)
				} else {
					if _, err := fmt.Sscanf(what, "layer %d", &of); err == nil {
						of += 5
					}
					step += tw.before
				}
				for j, m := range mean {
					s[j] = poisson64(now[of][step*len(mean)+j], m)
				}
				return s
			}
			x, class := task.row(i)
			tw.image(x, class, rate, forward, second, d.Phase-d.Settle)
		}
		near(t, name, got, tw.weights(), 1e-6)
	}
}

// wald64 is the whole part of a number of Wald's law, by the smaller root (Michael, Schucany, Haas 1976).
func wald64(z, u, mu, shape float64) int {
	x := mu + mu*mu*z*z/(2*shape) - mu/(2*shape)*math.Sqrt(4*mu*shape*z*z+mu*mu*z*z*z*z)
	if u > mu/(mu+x) {
		x = mu * mu / x
	}
	return int(x)
}

// poisson64 is the number of spikes at which the distribution function comes up to u.
func poisson64(u, mean float64) float64 {
	n, term := 0, math.Exp(-mean)
	for sum := term; u > sum; sum += term {
		n++
		term *= mean / float64(n)
	}
	return float64(n)
}

// TestLengths: phases are 50 ms and ⌊W⌋ more: the mean of ⌊W⌋ and its distribution are Wald's law's, of mean 2 and shape 1.
func TestLengths(t *testing.T) {
	d, l := NewDendrites(), lab.Bare(t)
	d.Longest = 1000
	s := must.Get(nets.Open(l.Device, 1, 3, func(*nets.Store) error { return nil }))(t)
	const n = 40000
	x := make([]float32, n)
	l.Do(t, func(st *compute.Step) error {
		p := s.Pass(st)
		p.Read(d.length(p, n), x)
		return p.Failed()
	})
	normal := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	for _, most := range []int{1, 2, 4, 8, 16} { // P(⌊W⌋ < most) = P(W < most)
		w := float64(most)
		want := normal(math.Sqrt(1/w)*(w/2-1)) + math.E*normal(-math.Sqrt(1/w)*(w/2+1))
		got := 0.0
		for _, v := range x {
			if v < float32(50+most) {
				got += 1. / n
			}
			if v < 50 || v != float32(int(v)) {
				t.Fatalf("a phase of %g ms", v)
			}
		}
		if z := (got - want) / math.Sqrt(want*(1-want)/n); math.Abs(z) > 5 {
			t.Errorf("%.4f of the phases are below %d ms, want %.4f: z = %.1f", got, 50+most, want, z)
		}
	}
}

// TestConstants holds the constants to their figures: the sum of the kernel, the share of a dendrite's potential that a soma
// comes to, the factors by which it does, and the first weights.
func TestConstants(t *testing.T) {
	c := PaperCompartments
	long := c
	long.Kernel = 200
	l := lab.Exact(t)
	var course *course
	s := must.Get(nets.Open(l.Device, 1, 3, func(s *nets.Store) error { course = newCourse(s, c, 60); return nil }))(t)
	_ = s
	first, taught, bias := l.Values(t, course.first), l.Values(t, course.taughtFirst), l.Values(t, course.bias)
	for _, f := range []struct {
		what              string
		got, want, within float64
	}{
		{"sum of the kernel in 10 ms", c.area(), 0.51041, 5e-6},
		{"sum of the kernel", long.area(), 0.99723, 5e-6},
		{"k", c.share(), 6. / 7, 1e-7},
		{"a soma's factor", first[1] / first[0], 0.3, 1e-6},
		{"a soma's second factor", first[2] / first[1], 0.3, 1e-6},
		{"a taught soma's factor", taught[1] / taught[0], -0.7, 1e-6},
		{"a soma at rest, of B = 1", bias[59], c.share(), 1e-6},
		{"a taught soma at rest, of B = 1", l.Values(t, course.taughtBias)[59], 0.6 / 1.7, 1e-6},
	} {
		if !(math.Abs(f.got-f.want) <= f.within) {
			t.Errorf("%s is %.7g, want %.7g", f.what, f.got, f.want)
		}
	}
	// of 784 inputs by W_avg = 2.2/(0.05·784·3), and W_sd by the second moment
	mean := 2.2 / (0.05 * 784 * 3)
	moment := (18 + 0.0025*(784-784*784)*mean*mean*9 - 2*784*0.05*0.8*3*mean - 0.64) / (784 * 0.0025 * 18)
	sd := math.Sqrt(moment - mean*mean)
	w := learnedFirst(t, small(asItIs, 100), 784)["w1"]
	sum, squares := 0.0, 0.0
	for _, x := range w {
		if math.Abs(x-mean) > 3.465*sd*(1+1e-6) {
			t.Fatalf("a first weight of %g, want within %g ± %g", x, mean, 3.465*sd)
		}
		sum, squares = sum+x, squares+(x-mean)*(x-mean)
	}
	n := float64(len(w))
	if z := (sum/n - mean) / (2 * sd / math.Sqrt(n)); math.Abs(z) > 5 {
		t.Errorf("first weights have the mean %g, want %g", sum/n, mean)
	}
	if ratio := math.Sqrt(squares/n) / sd; math.Abs(ratio-3.465/math.Sqrt(3)) > 0.02 {
		t.Errorf("the standard deviation of first weights is %g of W_sd, want twice", ratio)
	}
}

// learnedFirst returns the first weights of a system of so many inputs.
func learnedFirst(t *testing.T, system func() nets.System, in int) lab.Results {
	t.Helper()
	x := &parade{in: in, classes: 10, each: 1, x: make([]float32, in), labels: []float32{0}}
	s := lab.Make(t, lab.CPU(t), nets.Run{System: system, Task: func() nets.Task { return x }, Seed: 1}, 0)
	out := lab.Results{}
	for name, v := range lab.Values(t, s) {
		for _, x := range v {
			out[name] = append(out[name], float64(x))
		}
	}
	return out
}

// TestMeans: the means of spiking cells over many images are those of the authors' steps with random numbers of their own,
// Poisson's by another generator: PSP, C, rates and plateau potentials, each group of cells.
func TestMeans(t *testing.T) {
	const times = 150
	d, task := small(spikes, 8)().(*Dendrites), pictures(200, 1)
	d.Phase, d.WaldMean, d.Longest = 52, 0, 104
	var r *Dendrites
	l := lab.Bare(t)
	s := must.Get(nets.Open(l.Device, 1, 3, func(s *nets.Store) error {
		system := *d
		r = &system
		return r.Build(s, nets.Spec{In: nets.Row(task.in), Out: task.classes, Classes: true, Examples: 1})
	}))(t)
	values := lab.Results{}
	for _, n := range s.Tensors() {
		values[n.Name] = l.Values(t, n.Value)
	}
	tw, rnd := newTwin(d, task.in, task.classes, values), rand.New(rand.NewPCG(2, 3))
	tw.spikes = func(_ string, _ int, mean []float64) []float64 {
		n := make([]float64, len(mean))
		for i, m := range mean { // exponential waits, and not the distribution function
			for wait := rnd.ExpFloat64(); wait < m; wait += rnd.ExpFloat64() {
				n[i]++
			}
		}
		return n
	}
	var own, exact [times]lab.Results
	x, class := task.row(0)
	for i := range times {
		tw.image(x, class, 0, 52, 52, 22)
		m := tw.means
		exact[i] = lab.Results{"inputs' PSP": m.psp[0], "hidden PSP": m.psp[1], "hidden C": m.c[0], "C": m.c[1], "taught rates": m.lam[1],
			"plateau": plateaus(values["y1"], m.up[0]), "taught plateau": plateaus(values["y1"], m.taught[0])}
		l.Do(t, func(st *compute.Step) error {
			p := s.Pass(st)
			p.Number, p.Learning = uint64(i), true
			in, want := p.Tensor(1, 1, task.in), p.Tensor(1, 1, 1)
			p.Write(in, task.x[:task.in])
			p.Write(want, task.labels[:1])
			m := r.trial(p, nets.Moment{X: in, Want: want}, true, true)
			own[i] = lab.Results{}
			for name, x := range map[string]*compute.Tensor{"inputs' PSP": m.psp[0], "hidden PSP": m.psp[1], "hidden C": m.c[0], "C": m.c[1],
				"taught rates": m.rate, "plateau": m.up, "taught plateau": m.taught} {
				v := make([]float32, x.Len())
				p.Read(x, v)
				for _, y := range v {
					own[i][name] = append(own[i][name], float64(y))
				}
				if strings.HasSuffix(name, "plateau") {
					own[i][name] = plateaus(values["y1"], own[i][name])
				}
			}
			return p.Failed()
		})
	}
	for name := range own[0] {
		square, worst := 0.0, 0.0
		for j := range own[0][name] {
			z := score(own[10:], exact[10:], name, j) // after the first images from silence
			square, worst = square+z*z/float64(len(own[0][name])), math.Max(worst, math.Abs(z))
		}
		if math.Sqrt(square) > 1.8 || worst > 5 {
			t.Errorf("%s: rms z = %.2f, the worst %.2f, want 1.8 and 5 at most", name, math.Sqrt(square), worst)
		}
		t.Logf("%s: rms z = %.2f, the worst %.2f", name, math.Sqrt(square), worst)
	}
}

// plateaus are σ(Y·psp).
func plateaus(y, psp []float64) (x []float64) {
	for i := range len(y) / len(psp) {
		x = append(x, sigma(lab.Dot(y[i*len(psp):][:len(psp)], psp)))
	}
	return x
}

// score is the z of the difference between two means.
func score(a, b []lab.Results, name string, j int) float64 {
	moments := func(all []lab.Results) (mean, variance float64) {
		n := float64(len(all))
		for _, r := range all {
			mean += r[name][j] / n
		}
		for _, r := range all {
			variance += (r[name][j] - mean) * (r[name][j] - mean) / (n - 1) / n
		}
		return mean, variance
	}
	m, v := moments(a)
	n, w := moments(b)
	return (m - n) / math.Sqrt(v+w)
}

// TestPromises holds both modes to the promises of the floor, an image at a time and several.
func TestPromises(t *testing.T) {
	for name, each := range map[string]int{"rates": 1, "spikes": 1, "spikes of 3 images": 3} {
		set := asItIs
		if name != "rates" {
			set = spikes
		}
		t.Run(name, func(t *testing.T) {
			nettest.System(t, small(func(d *Dendrites) { set(d); d.FeedbackRate = 0.1 }, 6), func() nets.Task { return pictures(12, each) })
		})
	}
}

func TestVerify(t *testing.T) {
	for name, set := range map[string]func(*Dendrites){"rates": asItIs, "spikes": spikes} {
		t.Run(name, func(t *testing.T) {
			task := func() nets.Task { return pictures(4, 1) }
			lab.Verify(t, nets.Run{System: small(set, 5), Task: task, Test: task, Learners: 2, Rate: 0.1}, 2)
		})
	}
}

// TestBatch: of two examples the changes are averaged.
func TestBatch(t *testing.T) {
	exact := func(each, moments int) lab.Results {
		s := lab.Make(t, lab.Exact(t).Device, nets.Run{System: small(asItIs, 6), Task: func() nets.Task { return pictures(2, each) }, Seed: 2, Rate: 1e-7}, moments)
		out := lab.Results{}
		for _, n := range s.Tensors() {
			out[n.Name] = append([]float64(nil), lab.Float64s(n.Value)...)
		}
		return out
	}
	first, two, one := exact(1, 0), exact(2, 1), exact(1, 2) // at a small rate, an image after the other is as good as at once
	for name, w := range first {
		for i := range w {
			if a, b := two[name][i]-w[i], (one[name][i]-w[i])/2; math.Abs(a-b) > 1e-3*math.Abs(b)+1e-12 {
				t.Fatalf("%s, %d: two images change it by %g, and one after the other by half of %g", name, i, a, 2*b)
			}
		}
	}
}

// TestCompare holds the angles of a moment to the angles of the errors in float64.
func TestCompare(t *testing.T) {
	system := small(asItIs, 8)
	task := pictures(20, 20)
	s := lab.Make(t, lab.CPU(t), nets.Run{System: system, Task: func() nets.Task { return task }, Learners: 2, Seed: 4}, 0)
	angles := must.Get(s.Compare(t.Context()))(t)
	if len(angles) != 1 || len(angles[0].Learners) != 2 {
		t.Fatal(angles)
	}
	values := lab.Values(t, s)
	for l := range 2 {
		sum := 0.0
		for i := range 20 {
			x, class := task.row(i)
			var change [2][]float64
			for k, delta := range []string{"apical", "backprop"} {
				d := system().(*Dendrites)
				d.Delta = delta
				of := lab.Results{}
				for name, v := range values {
					for _, x := range v[l*len(v)/2:][:len(v)/2] {
						of[name] = append(of[name], float64(x))
					}
				}
				old := append([]float64(nil), of["b1"]...)
				newTwin(d, task.in, task.classes, of).closed(x, class, 1)
				for j := range old {
					change[k] = append(change[k], of["b1"][j]-old[j])
				}
			}
			sum += math.Acos(lab.Dot(change[0], change[1])/math.Sqrt(lab.Dot(change[0], change[0])*lab.Dot(change[1], change[1]))) * 180 / math.Pi / 20
		}
		if got := float64(angles[0].Learners[l][1]); !(math.Abs(got-sum) < 0.01) {
			t.Errorf("learner %d: %g°, want %g°", l, got, sum)
		}
	}
}

// TestRange: inputs that are no rates end a learner, in words that say what is wanted.
func TestRange(t *testing.T) {
	task := pictures(4, 1)
	task.x[5] = 1.5
	s := lab.Make(t, lab.CPU(t), nets.Run{System: small(spikes, 4), Task: func() nets.Task { return task }, Rate: 0.1}, 1)
	if _, err := s.Metrics(); err == nil || !strings.Contains(err.Error(), "an input is 0.5 below 0 or above 1, want spiking inputs within 0 and 1") {
		t.Error(err)
	}
}

// TestCheck: settings that do not fit each other are reported.
func TestCheck(t *testing.T) {
	for want, set := range map[string]func(*Dendrites){
		"would swing ever further":                     func(d *Dendrites) { d.Conductance = 0.95 },
		"rise 10 ms":                                   func(d *Dendrites) { d.Rise = 10 },
		"max_rate 0.6":                                 func(d *Dendrites) { d.MaxRate = 0.6 },
		"settle 9 ms, want at least the kernel":        func(d *Dendrites) { d.Settle = 9 },
		"phase 30 ms, want more than the 30":           func(d *Dendrites) { d.Phase = 30 },
		"longest 99 ms, want at least two phases":      func(d *Dendrites) { d.Longest = 99 },
		"delta \"bp\", want apical, backprop or fixed": func(d *Dendrites) { d.Delta = "bp" },
		"hidden layers of [3 0]":                       func(d *Dendrites) { d.Hidden = []int{3, 0} },
	} {
		d := NewDendrites()
		set(d)
		if err := d.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
