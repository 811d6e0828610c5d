package stack_test

import (
	"math"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/credit"
	"hebb/nets/internal/lab"
	"hebb/nets/stack"
)

// A delayedTwin is a chain of dense layers with tanh between them, in float64, whose layer l is updated by the gradient that the
// whole chain had late[l] steps ago.
type delayedTwin struct {
	w     [][]float64 // units × inputs
	sizes []int
	late  []int
	sent  [][][]float64 // gradients by step and layer
}

// gradients returns the gradients of the mean over examples of Σ (target − output)².
func (d *delayedTwin) gradients(x, want []float32, n int) (all [][]float64) {
	layers := len(d.w)
	for _, w := range d.w {
		all = append(all, make([]float64, len(w)))
	}
	for e := range n {
		y := make([][]float64, layers+1)
		for _, v := range x[e*d.sizes[0]:][:d.sizes[0]] {
			y[0] = append(y[0], float64(v))
		}
		for l, w := range d.w {
			in := d.sizes[l]
			y[l+1] = make([]float64, d.sizes[l+1])
			for u := range y[l+1] {
				y[l+1][u] = lab.Dot(w[u*in:][:in], y[l])
				if l+1 < layers {
					y[l+1][u] = math.Tanh(y[l+1][u])
				}
			}
		}
		delta := make([]float64, d.sizes[layers])
		for u := range delta {
			delta[u] = 2 / float64(n) * (y[layers][u] - float64(want[e*len(delta)+u]))
		}
		for l := layers - 1; l >= 0; l-- {
			in := d.sizes[l]
			below := make([]float64, in)
			for u, v := range delta {
				for i := range in {
					all[l][u*in+i] += v * y[l][i]
					below[i] += v * d.w[l][u*in+i] * (1 - y[l][i]*y[l][i])
				}
			}
			delta = below
		}
	}
	return all
}

func (d *delayedTwin) step(x, want []float32, n int, rate float64) {
	d.sent = append(d.sent, d.gradients(x, want, n))
	for l, w := range d.w {
		if at := len(d.sent) - 1 - d.late[l]; at >= 0 {
			for i := range w {
				w[i] -= rate * d.sent[at][l][i]
			}
		}
	}
}

// TestDelayedBackprop: each layer is updated by the gradient that the whole network had 2·Stale steps for each layer above it
// before, as in float64; with delays that are one step off, it is not.
func TestDelayedBackprop(t *testing.T) {
	const n, steps, rate = 5, 16, 0.1
	net := stack.Stack{stack.Dense{Name: "a", Units: 4, NoBias: true, Act: compute.Tanh}, stack.Dense{Name: "b", Units: 3, NoBias: true, Act: compute.Tanh}, stack.Dense{Name: "c", Units: 2, NoBias: true}}
	for stale := 1; stale <= 3; stale++ {
		var shown []lab.Shown
		s := lab.Make(t, lab.Bare(t).Device, nets.Run{
			System: func() nets.System {
				return &stack.System{Net: stack.Always(net), Rule: stack.Backprop{}, Loss: nets.SquaredError, Optimiser: nets.SGD{}, Stale: stale}
			},
			Task: func() nets.Task {
				return &lab.Noise{Spec: nets.Spec{In: nets.Row(6), Out: 2, Examples: n, Trial: 1}, Shown: &shown}
			},
			Rate: rate, Seed: 5, Moments: steps,
		}, 0)
		weights := func() (all [][]float64) {
			values := lab.Values(t, s)
			for _, name := range []string{"a", "b", "c"} {
				var w []float64
				for _, v := range values[name+".weight"] {
					w = append(w, float64(v))
				}
				all = append(all, w)
			}
			return all
		}
		twins := map[int]*delayedTwin{}
		for _, off := range []int{-1, 0, 1} {
			twins[off] = &delayedTwin{w: weights(), sizes: []int{6, 4, 3, 2}, late: []int{4*stale + off, 2*stale + off, max(0, off)}}
		}
		lab.On(t, s, steps)
		apart := map[int]float64{}
		for off, twin := range twins {
			for _, m := range shown {
				twin.step(m.X, m.Want, n, rate)
			}
			for l, w := range weights() {
				for i, v := range w {
					apart[off] = max(apart[off], math.Abs(v-twin.w[l][i]))
				}
			}
		}
		if apart[0] > 1e-5 || apart[-1] < 1e-3 || apart[1] < 1e-3 {
			t.Errorf("stale %d: %g apart from the twin, want 1e-5 at most; %g and %g from twins one step off, want more", stale, apart[0], apart[-1], apart[1])
		}
	}
}

// TestStaleAlone: rules that send deltas by feedback weights are refused by name.
func TestStaleAlone(t *testing.T) {
	for _, named := range credit.Rules {
		err := stack.Stales(named.Rule)
		if _, bp := named.Rule.(stack.Backprop); bp != (err == nil) || err != nil && !strings.Contains(err.Error(), "want bp or a rule whose blocks") {
			t.Errorf("%s: %v", named.Name, err)
		}
	}
}
