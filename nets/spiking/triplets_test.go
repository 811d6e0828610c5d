package spiking_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/spiking"
	"hebb/nets/tasks"
)

// A tripletTwin is the equations of Triplet in float64, of one learner.
type tripletTwin struct {
	*spiking.Triplet
	w       [][]float64 // units × 2·inputs
	spikes  int
	v, fast [][]float64 // examples × units, at the end of a moment
}

func rounded(x float64) float64 { return float64(float32(x)) }

// opposed takes from pairs what they share, and makes the rest of length 1.
func opposed(w []float64) {
	length := 0.0
	for i := 0; i < len(w); i += 2 {
		d := (w[i] - w[i+1]) / 2
		w[i], w[i+1], length = d, -d, length+2*d*d
	}
	for i := range w {
		w[i] /= math.Sqrt(max(length, 1e-300))
	}
}

// moment shows examples, of which chance are the numbers drawn for the inputs and for the units, step by step.
func (t *tripletTwin) moment(x [][]float64, chance [][]float64, rate float64) {
	inputs, n := 2*len(x[0]), float64(len(x))
	keep := func(tau float32) float64 { return rounded(math.Exp(-float64(t.DT) / float64(tau))) }
	gain := rounded(math.Sqrt2 * (1 - math.Exp(-float64(t.DT)/float64(t.GLIF.Tau))) * 1000 / (float64(t.InputRate) * float64(t.DT)))
	dw := zeros(t.Units, inputs)
	t.v, t.fast = zeros(len(x), t.Units), zeros(len(x), t.Units)
	for e := range x {
		r1, y, a, silent, o2 := make([]float64, inputs), make([]float64, t.Units), make([]float64, t.Units), make([]float64, t.Units), make([]float64, t.Units)
		for s := range len(chance) / 2 {
			in := make([]float64, inputs)
			for i := range in {
				sign := float64(1 - 2*(i%2))
				if odds := 1 - math.Exp(-float64(t.DT*t.InputRate/1000)*max(0, sign*x[e][i/2])); chance[2*s][e*inputs+i] < odds {
					in[i] = 1
				}
			}
			for k := range t.Units {
				drive := gain * lab.Dot(t.w[k], in)
				t.v[e][k] = keep(t.GLIF.Tau)*t.v[e][k]*(1-y[k]) + drive
				hazard := float64(t.DT*t.Escape/1000) * math.Exp((t.v[e][k]-float64(t.Threshold)-a[k])/float64(t.Width))
				y[k] = 0
				if silent[k] == 0 && chance[2*s+1][e*t.Units+k] < 1-math.Exp(-hazard) {
					y[k] = 1
					t.spikes++
				}
				a[k] = keep(t.TauJump) * (a[k] + float64(t.Jump)*y[k])
				silent[k] = max(0, silent[k]-1)
				if y[k] > 0 {
					silent[k] = math.Round(float64(t.Refractory/t.DT)) - 1
				}
				for i := range inputs {
					dw[k][i] += (y[k]*r1[i]*(float64(t.A2Plus)+float64(t.A3Plus)*o2[k]) - in[i]*t.fast[e][k]*float64(t.A2Minus)) / n
				}
				t.fast[e][k] = keep(t.TauMinus) * (t.fast[e][k] + y[k])
				o2[k] = keep(t.TauY) * (o2[k] + y[k])
			}
			for i := range inputs {
				r1[i] = keep(t.TauPlus) * (r1[i] + in[i])
			}
		}
	}
	for k, w := range t.w {
		opposed(dw[k])
		for i := range w {
			w[i] += rate * dw[k][i]
		}
		opposed(w)
	}
}

// fewCells are in steps of 2 ms.
func fewCells() *spiking.Triplet {
	r := spiking.DefaultTriplet
	r.Units, r.DT, r.Shown, r.A2Plus, r.Threshold = 3, 2, 40, 1e-3, 0.2
	return &r
}

// TestTripletTwin: weights, potentials and traces after three moments are those of the equations, of examples some of
// which are masked.
func TestTripletTwin(t *testing.T) {
	const in, examples, moments, rate = 4, 5, 3, 0.25
	l := lab.Exact(t)
	r := nets.Run{System: func() nets.System { return fewCells() }, Rate: rate, Moments: moments,
		Task: func() nets.Task {
			return &lab.Noise{Spec: nets.Spec{In: nets.Row(in), Examples: examples, Trial: 1, Epoch: 3}, Masked: true}
		}}
	s := lab.Make(t, l.Device, r, 0)
	value := func(name string) []float64 {
		for _, n := range s.Tensors() {
			if n.Name == name {
				return l.Values(t, n.Value)
			}
		}
		t.Fatalf("no tensor is called %s", name)
		return nil
	}
	twin := &tripletTwin{Triplet: fewCells(), w: matrix(value("weight"), 2*in)}
	drawn := len(l.Drawn())
	for range moments {
		lab.On(t, s, 1)
		all := l.Drawn()[drawn:] // what is shown, its mask, and then what spikes are drawn by
		drawn += len(all)
		x := matrix(all[0], in)
		for e, m := range all[1] {
			for j := range x[e] {
				x[e][j] *= m
			}
		}
		twin.moment(x, all[2:], rate)
	}
	if twin.spikes < 20 {
		t.Fatalf("%d spikes, want some", twin.spikes)
	}
	for name, want := range map[string][][]float64{"weight": twin.w, "cell.v": twin.v, "unit.fast": twin.fast} {
		for i, got := range value(name) {
			if w := want[i/len(want[0])][i%len(want[0])]; !(math.Abs(got-w) <= 1e-11) {
				t.Errorf("%s: number %d is %.15g, want %.15g", name, i, got, w)
			}
		}
	}
}

func matrix(x []float64, cols int) [][]float64 {
	m := zeros(len(x)/cols, cols)
	for i := range m {
		copy(m[i], x[i*cols:])
	}
	return m
}

func fewSources() nets.Task { return &tasks.Sources{Sources: 3, Rows: 50, Batch: 6} }

func TestTripletPromises(t *testing.T) {
	nettest.System(t, func() nets.System { return fewCells() }, fewSources)
	late := func() nets.System {
		r := fewCells()
		r.Window, r.Delay = spiking.HippocampalNearest, 6
		return r
	}
	noise := func() nets.Task {
		return &lab.Noise{Spec: nets.Spec{In: nets.Row(4), Examples: 6, Trial: 3, Epoch: 6}, Masked: true, Begins: true}
	}
	t.Run("delay", func(t *testing.T) { nettest.System(t, late, noise) })
}

// TestTripletOps: every op of some moments is within its bound on the CPU path and on OpenGL.
func TestTripletOps(t *testing.T) {
	lab.Verify(t, nets.Run{System: func() nets.System { return fewCells() }, Task: fewSources, Learners: 2, Seed: 3, Rate: 0.1}, 2)
}

// TestEscape: cells with a constant chance of p at each step, of width so large that potentials do not matter, spike in
// the mean once in R − 1 + 1/p steps, R being those of Refractory. The share of steps with a spike is within 5 standard
// deviations of a renewal process.
func TestEscape(t *testing.T) {
	const cells, steps = 400, 500
	g := spiking.GLIF{Tau: 10, Threshold: 1, Width: 1e9, Escape: 100, Refractory: 4, TauJump: 10}
	l := lab.Bare(t)
	var c *spiking.GLIFs
	s := opened(t, l, func(s *nets.Store) (err error) {
		c, err = g.Build(s, "cell", 1, 1, cells)
		return err
	})
	spikes := 0.0
	for now := range steps {
		l.Do(t, func(st *compute.Step) error {
			p := s.Pass(st)
			p.Number = uint64(now)
			drive := p.Tensor(1, 1, cells)
			p.Clear(drive)
			c.Step(p, drive)
			return p.Failed()
		})
		for _, y := range l.Values(t, c.Spikes) {
			spikes += y
		}
	}
	p := 1 - math.Exp(-0.1)
	interval := 3 + 1/p
	want, sd := cells*steps/interval, math.Sqrt(cells*steps*(1-p)/(p*p)/math.Pow(interval, 3))
	if !(math.Abs(spikes-want) <= 5*sd+cells) { // all cells begin without refractoriness
		t.Errorf("%g spikes, want %.0f ± %.0f", spikes, want, sd)
	}
}

// TestTripletEnds: learners that fall silent, and those that fire all the time, end with the reason.
func TestTripletEnds(t *testing.T) {
	for says, change := range map[string]func(r *spiking.Triplet){
		"no unit has spiked for 20 moments": func(r *spiking.Triplet) { r.Threshold = 100 },
		"units fire at 250 Hz in the mean":  func(r *spiking.Triplet) { r.Escape, r.Width = 1e9, 100 },
	} {
		s := lab.Make(t, lab.CPU(t), nets.Run{System: func() nets.System {
			r := fewCells()
			change(r)
			return r
		}, Task: fewSources, Rate: 0.1}, 20)
		_, err := s.Metrics()
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

// TestTripletRefuses: settings and tasks that cannot be.
func TestTripletRefuses(t *testing.T) {
	for says, change := range map[string]func(r *spiking.Triplet){
		"0 units":                      func(r *spiking.Triplet) { r.Units = 0 },
		"dt 0 ms":                      func(r *spiking.Triplet) { r.DT = 0 },
		"shown 41 ms, want a whole":    func(r *spiking.Triplet) { r.Shown = 41 },
		"input_rate 0 Hz":              func(r *spiking.Triplet) { r.InputRate = 0 },
		"tau_jump 1 ms, want at least": func(r *spiking.Triplet) { r.TauJump = 1 },
		"width 0":                      func(r *spiking.Triplet) { r.Width = 0 },
		"tau_minus 1 ms":               func(r *spiking.Triplet) { r.TauMinus = 1 },
	} {
		r := fewCells()
		change(r)
		if err := r.Check(); err == nil || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	_, err := nets.Run{System: func() nets.System { return fewCells() }, Task: func() nets.Task { return &tasks.XOR{} }}.Open(compute.New(&compute.Stage{}))
	if err == nil || !strings.Contains(err.Error(), "the task wants 1 number") {
		t.Errorf("%v, want that the task wants nothing", err)
	}
}
