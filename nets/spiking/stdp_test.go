package spiking_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/spiking"
)

var windows = map[string]spiking.Window{
	"song": spiking.Song, "visual": spiking.Visual, "visual, minimal": spiking.VisualMinimal, "visual, nearest": spiking.VisualNearest,
	"visual, nearest and minimal": spiking.VisualNearestMinimal, "hippocampal": spiking.Hippocampal, "hippocampal, minimal": spiking.HippocampalMinimal,
	"hippocampal, nearest": spiking.HippocampalNearest, "hippocampal, nearest and minimal": spiking.HippocampalNearestMinimal,
}

// TestIsolatedPairs: the sums over pairs and triplets are the closed forms of the rules for two and for three spikes.
func TestIsolatedPairs(t *testing.T) {
	e := func(x float64, tau float32) float64 { return math.Exp(-x / float64(tau)) }
	for name, w := range windows {
		a2p, a3p, a2m, a3m := float64(w.A2Plus), float64(w.A3Plus), float64(w.A2Minus), float64(w.A3Minus)
		slow := func(x float64, a float64, tau float32) float64 {
			if a == 0 {
				return 0
			}
			return a * e(x, tau)
		}
		for says, c := range map[string]struct {
			pre, post []float64
			want      float64
		}{
			"post 10 ms later":            {[]float64{0}, []float64{10}, a2p * e(10, w.TauPlus)},
			"pre 10 ms later":             {[]float64{10}, []float64{0}, -a2m * e(10, w.TauMinus)},
			"at once":                     {[]float64{5}, []float64{5}, 0},
			"post at 0, pre 8, post 20":   {[]float64{8}, []float64{0, 20}, -a2m*e(8, w.TauMinus) + e(12, w.TauPlus)*(a2p+slow(20, a3p, w.TauY))},
			"pre at 0, post 8, pre at 20": {[]float64{0, 20}, []float64{8}, a2p*e(8, w.TauPlus) - e(12, w.TauMinus)*(a2m+slow(20, a3m, w.TauX))},
		} {
			if got := w.Sum(c.pre, c.post); !(math.Abs(got-c.want) <= 1e-15) {
				t.Errorf("%s, %s: %g, want %g", name, says, got, c.want)
			}
		}
		late := w
		late.Delay = 6
		if got, want := late.Sum([]float64{3}, []float64{1}), w.Sum([]float64{3}, []float64{7}); got != want {
			t.Errorf("%s with a delay of 6 ms: %g for a lag of −2 ms, want %g as for 4 ms", name, got, want)
		}
	}
}

// A network is cells of two groups with all synapses between them, in both forms.
type network struct {
	lab.Lab
	rule            spiking.STDP
	store           *nets.Store
	pre, post       *spiking.Side
	dense, listed   *compute.Tensor // post × pre, pre × fan
	outer           *compute.Tensor // post × pre
	lists           compute.Synapses
	inputs, outputs int
	step            int
}

const networkStep = 1 // ms

// newNetwork has synapses on outputs i, i+1, … of each input i but for one.
func newNetwork(t *testing.T, l lab.Lab, rule spiking.STDP, inputs, outputs int) *network {
	t.Helper()
	n := &network{Lab: l, rule: rule, inputs: inputs, outputs: outputs}
	rnd := rand.New(rand.NewPCG(4, 4))
	w, fan := make([]float32, inputs*outputs), outputs-1
	for i := range w {
		w[i] = rnd.Float32()
	}
	to, listed, from := make([]float32, inputs*fan), make([]float32, inputs*fan), make([][]float32, outputs)
	for i := range inputs {
		for k := range fan {
			j := (i + k) % outputs
			to[i*fan+k], listed[i*fan+k] = float32(j), w[j*inputs+i]
			from[j] = append(from[j], float32(i*fan+k))
		}
	}
	var places []float32
	for _, f := range from {
		for len(f) < inputs {
			f = append(f, -1)
		}
		places = append(places, f...)
	}
	given := func(x []float32) nets.Init { return nets.Filled(func(_ *rand.Rand, to []float32) { copy(to, x) }) }
	n.store = opened(t, l, func(s *nets.Store) (err error) {
		n.dense, n.outer = s.Weights("dense", given(w), outputs, inputs), s.Weights("outer", nets.Zeros, outputs, inputs)
		n.listed = s.Weights("listed", given(listed), inputs, fan)
		n.lists = compute.Synapses{To: s.Fixed(to, inputs, fan), From: s.Fixed(places, outputs, inputs)}
		if n.pre, err = rule.Pre(s, "pre", networkStep, 1, inputs); err != nil {
			return err
		}
		n.post, err = rule.Post(s, "post", networkStep, 1, outputs)
		return err
	})
	return n
}

// spike makes a step.
func (n *network) spike(t *testing.T, x, y []float32) {
	t.Helper()
	n.Do(t, func(st *compute.Step) error {
		p := n.store.Pass(st)
		pre, post := p.Tensor(1, 1, n.inputs), p.Tensor(1, 1, n.outputs)
		p.Write(pre, x)
		p.Write(post, y)
		n.pre.Spike(p, pre, n.step)
		n.post.Spike(p, post, n.step)
		p.Do(n.rule.Lists(n.listed, n.lists, n.pre, n.post, 1))
		n.rule.Dense(p, n.dense, n.pre, n.post, 1)
		n.rule.Outer(p, n.outer, n.pre, n.post, 1)
		n.pre.Add(p)
		n.post.Add(p)
		return p.Failed()
	})
	n.step++
}

// times are those of the spikes of a cell, in ms.
func times(spikes [][]float32, cell int) (all []float64) {
	for t, s := range spikes {
		if s[cell] != 0 {
			all = append(all, float64(t)*networkStep)
		}
	}
	return all
}

// TestWindows: what matrices, lists and outer products of all spikes of random trains change a weight by is the sum
// over pairs and triplets, for all published windows, and with delays of dendrites. On the way a trace rounds three
// times in each step, and a weight three times at each change.
func TestWindows(t *testing.T) {
	const inputs, outputs, steps, late = 4, 3, 60, 3
	x, y := trains(6, steps, inputs, 0.12), trains(7, steps, outputs, 0.12)
	for _, d := range devices {
		t.Run(d.name, func(t *testing.T) {
			for name, window := range windows {
				if d.name != "float64" && name != "visual" {
					continue
				}
				window.Delay = late * networkStep
				n := newNetwork(t, d.open(t), spiking.STDP{Window: window}, inputs, outputs)
				first := n.Values(t, n.dense)
				for at := range steps {
					n.spike(t, x[at], y[at])
				}
				outer, dense, listed, to := n.Values(t, n.outer), n.Values(t, n.dense), n.Values(t, n.listed), n.Values(t, n.lists.To)
				for i := range inputs {
					for k := range outputs - 1 {
						j := int(to[i*(outputs-1)+k])
						at := j*inputs + i
						pre, post := times(x, i), times(y[:steps-late], j) // later ones are on their way
						gains, loses := window, window
						gains.A2Minus, gains.A3Minus, loses.A2Plus, loses.A3Plus = 0, 0, 0, 0
						want, most := window.Sum(pre, post), gains.Sum(pre, post)-loses.Sum(pre, post)
						bound := most*(6*steps*d.ulp+2*(steps+4)*0x1p-24) + 3*steps*d.ulp*(first[at]+most)
						for form, got := range map[string]float64{"outer": outer[at], "dense": dense[at] - first[at], "lists": listed[i*(outputs-1)+k] - first[at]} {
							if !(math.Abs(got-want) <= bound) {
								t.Errorf("%s, %s, from %d to %d: %.9g, want %.9g ± %.2g", name, form, i, j, got, want, bound)
							}
						}
					}
				}
			}
		})
	}
}

// TestBounds: weights that depend on themselves change by the equations, written out in float64, in lists as in
// matrices.
func TestBounds(t *testing.T) {
	const inputs, outputs, steps = 4, 3, 60
	x, y := trains(8, steps, inputs, 0.15), trains(9, steps, outputs, 0.15)
	for _, rule := range []spiking.STDP{{WMax: 1}, {WMax: 1, MuPlus: 1, MuMinus: 1}, {WMax: 2, MuPlus: 0.5, MuMinus: 0.25}, {WMax: 1, MuMinus: 1}} {
		rule.Window = spiking.Window{A2Plus: 0.2, A3Plus: 0.3, A2Minus: 0.25, A3Minus: 0.1, TauPlus: 15, TauMinus: 30, TauX: 40, TauY: 50}
		n := newNetwork(t, lab.Exact(t), rule, inputs, outputs)
		want, bounded := n.Values(t, n.dense), 0
		for at := range steps {
			marks := func(side string, a2, a3 float32, spikes []float32) (marks, traces []float64) {
				for i, slow := range exactly(t, n, side+".slow") {
					marks = append(marks, float64(spikes[i])*(float64(a2)+float64(a3)*slow))
				}
				return marks, exactly(t, n, side+".fast")
			}
			dm, r := marks("pre", rule.A2Minus, rule.A3Minus, x[at])
			pm, o := marks("post", rule.A2Plus, rule.A3Plus, y[at])
			for j := range outputs {
				for i := range inputs {
					w, most := want[j*inputs+i], float64(rule.WMax)
					up, down := math.Pow(1-w/most, float64(rule.MuPlus)), math.Pow(w/most, float64(rule.MuMinus))
					next := w + pm[j]*r[i]*up - dm[i]*o[j]*down
					if want[j*inputs+i] = min(max(next, 0), most); next != want[j*inputs+i] {
						bounded++
					}
				}
			}
			n.spike(t, x[at], y[at])
		}
		dense, listed, to := n.Values(t, n.dense), n.Values(t, n.listed), n.Values(t, n.lists.To)
		for at, got := range dense {
			if !(math.Abs(got-want[at]) <= 1e-12) {
				t.Errorf("%+v: weight %d is %.15g, want %.15g", rule, at, got, want[at])
			}
		}
		for place, j := range to {
			if got, want := listed[place], dense[int(j)*inputs+place/(outputs-1)]; !(math.Abs(got-want) <= 1e-12) {
				t.Errorf("%+v: in lists %.15g, in the matrix %.15g", rule, got, want)
			}
		}
		if rule.MuPlus == 0 && rule.MuMinus == 0 && bounded == 0 {
			t.Errorf("%+v: no weight has come to a bound, want some", rule)
		}
	}
}

// exactly is a tensor of the store by name.
func exactly(t *testing.T, n *network, name string) []float64 {
	t.Helper()
	for _, one := range n.store.Tensors() {
		if one.Name == name {
			return n.Values(t, one.Value)
		}
	}
	t.Fatalf("no tensor is called %s", name)
	return nil
}

// TestSTDPRefuses: settings that cannot be.
func TestSTDPRefuses(t *testing.T) {
	nan, good := float32(math.NaN()), spiking.STDP{Window: spiking.Visual, WMax: 1}
	for says, change := range map[string]func(r *spiking.STDP){
		"a2_plus NaN":                      func(r *spiking.STDP) { r.A2Plus = nan },
		"a3_minus -1":                      func(r *spiking.STDP) { r.A3Minus = -1 },
		"tau_plus 0.5 ms, want at least":   func(r *spiking.STDP) { r.TauPlus = 0.5 },
		"tau_y 0 ms, want at least":        func(r *spiking.STDP) { r.TauY = 0 },
		"delay 2.5 ms, want a whole":       func(r *spiking.STDP) { r.Delay = 2.5 },
		"delay 2000 ms":                    func(r *spiking.STDP) { r.Delay = 2000 },
		"w_max -1":                         func(r *spiking.STDP) { r.WMax = -1 },
		"mu_plus 1 and mu_minus 0 without": func(r *spiking.STDP) { r.WMax, r.MuPlus = 0, 1 },
	} {
		r := good
		change(&r)
		if err := r.Check(1); err == nil || !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	if err := good.Check(1); err != nil {
		t.Error(err)
	}
	if err := (spiking.Trace{Tau: 5, Rise: 5}).Check(1); err == nil || !strings.Contains(err.Error(), "rise 5 ms as tau") {
		t.Errorf("%v, want that two equal exponentials are refused", err)
	}
}
