package spiking_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/spiking"
)

func between(low, high float64) func(r *rand.Rand) float64 {
	return func(r *rand.Rand) float64 { return low + (high-low)*r.Float64() }
}

// TestProjectionIsDrawn: learners draw synapses of their own, as many as is likely, within the delays, and both lists have each.
func TestProjectionIsDrawn(t *testing.T) {
	for _, x := range []spiking.Projection{
		{Pre: 60, Post: 90, P: 0.1, Least: 2, Most: 2},
		{Pre: 50, Post: 50, P: 0.3, Others: true, Least: 1, Most: 5},
		{Pre: 7, Post: 7, P: 1, Others: true},
		{Pre: 1, Post: 1, P: 1},
		{Pre: 100, Post: 3, P: 0.01, Most: 1},
	} {
		alone := map[string][]float64{}
		for _, learners := range []int{1, 3} {
			d := lab.Bare(t)
			y := x
			s := must.Get(nets.Open(d.Device, learners, uint64(8-learners), func(s *nets.Store) error { return y.Build(s, "synapses", between(1, 2), true) }))(t)
			for _, n := range s.Tensors() {
				v := d.Values(t, n.Value)
				if each := len(v) / learners; learners == 1 {
					alone[n.Name] = v
				} else if !slices.Equal(v[2*each:], alone[n.Name]) {
					t.Errorf("%+v: learner 2 of seed 5 has another %s than the one of seed 7", x, n.Name)
				} else if x.P < 1 && x.Pre > 7 && n.Name != "synapses.delay" && slices.Equal(v[:each], v[2*each:]) {
					t.Errorf("%+v: learners have the same %s", x, n.Name)
				}
			}
			if learners == 1 {
				drawnWell(t, x, y, alone)
			}
		}
	}
}

// drawnWell holds the lists of one learner to what a projection promises.
func drawnWell(t *testing.T, x, y spiking.Projection, of map[string][]float64) {
	t.Helper()
	fan, fanIn := y.To.Cols(), y.From.Cols()
	delay := func(place int) float64 {
		if y.Delay == nil {
			return float64(y.Fixed)
		}
		return of["synapses.delay"][place]
	}
	listed := map[int]int{} // cells by places
	for j := range x.Post {
		last := -1.0
		for k, place := range of["synapses.from"][j*fanIn:][:fanIn] {
			if place < 0 {
				last = math.Inf(1)
				continue
			}
			if d := delay(int(place)) * 1e8; d+place <= last {
				t.Errorf("%+v: place %g is number %d of cell %d's list, after one of less delay or before", x, place, k, j)
			} else {
				last = d + place
			}
			listed[int(place)] = j
		}
	}
	n := 0
	for place, j := range of["synapses.to"] {
		w := of["synapses"][place]
		if j < 0 {
			if w != 0 {
				t.Errorf("%+v: a weight of %g without a synapse", x, w)
			}
			continue
		}
		n++
		if d := delay(place); listed[place] != int(j) || d < float64(x.Least) || d > float64(x.Most) || x.Others && place/fan == int(j) || w < 1 || w > 2 {
			t.Errorf("%+v: the synapse at place %d is on %g, of delay %g and weight %g; it is listed by %d", x, place, j, d, w, listed[place])
		}
	}
	pairs := float64(x.Pre * x.Post)
	if x.Others {
		pairs -= float64(x.Pre)
	}
	if mean := pairs * x.P; n != len(listed) || math.Abs(float64(n)-mean) > 4*math.Sqrt(mean*(1-x.P)) {
		t.Errorf("%+v: %d synapses, %d in lists, want about %g", x, n, len(listed), mean)
	}
}

// TestFormsOfProjection: lists and a matrix bring the same and learn the same, to rounding.
func TestFormsOfProjection(t *testing.T) {
	rules := map[string]spiking.Rule{
		"pairs":      spiking.NewRule("min(most, max(0, old + 0.1*post*x - 0.05*pre*y))", []string{"pre", "x"}, []string{"post", "y"}).With("most", 3),
		"everywhere": spiking.NewRuleOfAll("old + 0.01*x*y*(1 - pre)", []string{"pre", "x"}, []string{"post", "y"}),
	}
	for name, rule := range rules {
		for _, delay := range []int{0, 2} {
			var sums [2]float64 // of what arrives and of weights, by form
			for _, form := range []spiking.Form{spiking.ByLists, spiking.AsMatrix} {
				x := spiking.Projection{Pre: 30, Post: 30, P: 0.4, Others: true, Least: delay, Most: delay, Form: form}
				sums[form] = together(t, &x, rule)
			}
			if d := math.Abs(sums[0] - sums[1]); !(d < 1e-4*math.Abs(sums[0])) {
				t.Errorf("%s with a delay of %d: %g by lists, %g by a matrix", name, delay, sums[0], sums[1])
			}
		}
	}
}

// together runs 40 steps of a projection and returns a sum of what it did.
func together(t *testing.T, x *spiking.Projection, rule spiking.Rule) (sum float64) {
	const learners, slots = 2, 3
	d := lab.Single(t)
	var ring, spikes, traces *compute.Tensor
	s := must.Get(nets.Open(d.Device, learners, 3, func(s *nets.Store) error {
		ring, spikes, traces = s.Scratch(slots, x.Post), s.Scratch(slots, x.Post), s.Scratch(slots, x.Post)
		return x.Build(s, "synapses", between(1, 2), true)
	}))(t)
	r := rand.New(rand.NewPCG(1, 1))
	must.Do(t, d.Step(func(st *compute.Step) error {
		p := s.Pass(st)
		p.Clear(ring, spikes, traces)
		for step := range 40 {
			now := step % slots
			for _, t := range []*compute.Tensor{nets.At(spikes, now), nets.At(traces, now)} {
				v := make([]float32, t.Len())
				for i := range v {
					if v[i] = r.Float32(); t.Offset() == nets.At(spikes, now).Offset() && t.Buffer() == spikes.Buffer() {
						v[i] = float32(int(v[i] + 0.1))
					}
				}
				p.Write(t, v)
			}
			p.Clear(nets.At(ring, now))
			post := []*compute.Tensor{spikes, traces}
			x.Deliver(p, ring, nets.At(spikes, now), now)
			x.Change(p, rule, []*compute.Tensor{nets.At(spikes, now), nets.At(traces, now)}, post, now)
		}
		return p.Failed()
	}))
	for k, v := range d.Values(t, ring) {
		sum += v * math.Sin(float64(k))
	}
	for _, n := range s.Tensors() {
		if n.Name != "synapses" {
			continue
		}
		for k, w := range slices.DeleteFunc(d.Values(t, n.Value), func(w float64) bool { return w == 0 }) {
			sum += w * math.Cos(float64(k)) // in the same order in either form
		}
	}
	return sum
}

// TestProjectionAskedWrongly: a projection that cannot be is refused, with what was wanted.
func TestProjectionAskedWrongly(t *testing.T) {
	for want, x := range map[string]spiking.Projection{
		"synapses of 0 cells on 3, want at least 1":     {Post: 3, P: 1},
		"probability NaN, want":                         {Pre: 3, Post: 3, P: math.NaN()},
		"probability 1.5, want":                         {Pre: 3, Post: 3, P: 1.5},
		"probability 0, want":                           {Pre: 3, Post: 3},
		"synapses of 3 cells on 4 others, want one":     {Pre: 3, Post: 4, P: 1, Others: true},
		"one cell on the others":                        {Pre: 1, Post: 1, P: 1, Others: true},
		"delays of 3 … 2 steps":                         {Pre: 3, Post: 3, P: 1, Least: 3, Most: 2},
		"a matrix of synapses with delays of 1 … 2":     {Pre: 3, Post: 3, P: 1, Least: 1, Most: 2, Form: spiking.AsMatrix},
		"5000 cells with 5000 synapses each, want at m": {Pre: 5000, Post: 5000, P: 1},
	} {
		if err := x.Check(); err == nil || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%+v: %v, want %s", x, err, want)
		}
	}
}
