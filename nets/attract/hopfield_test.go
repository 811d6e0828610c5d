package attract_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/attract"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/tasks"
)

func recall(bits, patterns int, flip float32) func() nets.Task {
	return func() nets.Task { return &tasks.Recall{Bits: bits, Patterns: patterns, Flip: flip} }
}

func system(sweeps int, async bool) func() nets.System {
	return func() nets.System { return &attract.Hopfield{Sweeps: sweeps, Async: async} }
}

func TestVerify(t *testing.T) {
	for _, async := range []bool{false, true} {
		lab.Verify(t, nets.Run{System: system(2, async), Task: recall(20, 3, 0.1), Test: recall(20, 3, 0.1), Learners: 2}, 3)
	}
}

func TestPromises(t *testing.T) {
	nettest.System(t, system(3, false), recall(50, 9, 0.2))
	nettest.System(t, system(3, true), recall(50, 9, 0.2))
}

// TestTwin: weights are Σ x_i·x_j, their diagonal is 0, and what is recalled follows from them, to the bit on every
// device: all units at once, or one after the other by blocks of 16 and of 5.
func TestTwin(t *testing.T) {
	const bits, patterns, learners, sweeps = 37, 10, 2, 2 // an even number of patterns, which makes ties
	for _, async := range []bool{false, true} {
		t.Run(fmt.Sprintf("async=%t", async), func(t *testing.T) {
			k := kept(t, nets.Run{System: system(sweeps, async), Task: recall(bits, patterns, 0.2), Learners: learners})
			for l := range learners {
				w := couplings(of(k.shown[0], learners, l), bits)
				if got := of(k.values["w"], learners, l); !slices.Equal(got, w) {
					t.Errorf("W of learner %d is %v, want %v", l, got, w)
				}
				x := rows(of(k.shown[1], learners, l), bits)
				for n := range sweeps {
					var order []int
					if async {
						order = inOrder(of(k.drawn(bits * learners)[n], learners, l))
					}
					for _, state := range x {
						sweep(w, state, order)
					}
				}
				if got := of(k.answers[1], learners, l); !slices.Equal(got, slices.Concat(x...)) {
					t.Errorf("learner %d answers %v, want %v", l, got, x)
				}
			}
		})
	}
}

// couplings returns Σ x_i·x_j over patterns, with a diagonal of 0.
func couplings(patterns []float32, n int) []float32 {
	w := make([]float32, n*n)
	for _, x := range rows(patterns, n) {
		for i := range n {
			for j := range n {
				if i != j {
					w[i*n+j] += x[i] * x[j]
				}
			}
		}
	}
	return w
}

// sweep changes the units of a state one after the other in an order, or all at once.
func sweep(w, x []float32, order []int) {
	was := x
	if order == nil {
		was = slices.Clone(x)
		for i := range x {
			order = append(order, i)
		}
	}
	for _, i := range order {
		u := float32(0)
		for j := range x {
			u += w[i*len(x)+j] * was[j]
		}
		switch {
		case u > 0:
			x[i] = 1
		case u < 0:
			x[i] = -1
		}
	}
}

// energy is −½·Σ W_ij·x_i·x_j.
func energy(w, x []float32) (e float64) {
	for i := range x {
		for j := range x {
			e -= float64(w[i*len(x)+j]*x[i]*x[j]) / 2
		}
	}
	return e
}

// TestEnergy: no sweep with one unit after the other raises the energy of a state, until all are at rest. With all units
// at once some states end in a cycle of two. All start anywhere.
func TestEnergy(t *testing.T) {
	const bits, patterns, most = 100, 20, 20
	run := func(sweeps int, async bool) (energies []float64, atRest float64) {
		k := &keeper{System: system(sweeps, async)()}
		s := lab.Make(t, lab.CPU(t), nets.Run{System: func() nets.System { return k }, Task: recall(bits, patterns, 0.5), Seed: 4}, 2)
		for _, x := range rows(k.answers[1], bits) {
			energies = append(energies, energy(lab.Values(t, s)["w"], x))
		}
		return energies, lab.Metrics(t, s).Get("at rest").Mean()
	}
	var before []float64
	falls := 0
	for _, n := range []int{1, 2, 3, 5, most} {
		now, atRest := run(n, true)
		for i := range before {
			if now[i] > before[i] {
				t.Errorf("state %d rises from an energy of %g to %g before sweep %d", i, before[i], now[i], n)
			}
			if now[i] < before[i] {
				falls++
			}
		}
		if before = now; n == most && atRest != 1 {
			t.Errorf("%g of the states are at rest after %d sweeps, want all", atRest, n)
		}
	}
	if _, atRest := run(most, false); falls < patterns/2 || atRest == 1 {
		t.Errorf("energies fall %d times one by one, and %g of the states come to rest all at once, want %d times and not all", falls, atRest, patterns/2)
	}
}

// TestUnstableBits: of P random patterns of N bits, a sweep changes a bit with probability ½·erfc(N/√(2·(N−1)·(P−1))): its own
// pattern gives a unit N−1 and the others a sum of (N−1)·(P−1) signs, which changes the bit from −N−1 on and leaves it at a
// tie, −N+1. Within five standard errors of 64 learners.
func TestUnstableBits(t *testing.T) {
	const bits, patterns, learners = 200, 30, 64
	r := nets.Run{System: system(1, false), Task: recall(bits, patterns, 0), Learners: learners, Seed: 1}
	m := lab.Metrics(t, lab.Make(t, lab.CPU(t), r, 2)).Get("bits right")
	sum, squares := 0., 0.
	for _, x := range m.Each {
		sum += 1 - x
		squares += (1 - x) * (1 - x)
	}
	mean := sum / learners
	se := math.Sqrt((squares/learners - mean*mean) / (learners - 1))
	want := math.Erfc(bits/math.Sqrt(2.*(bits-1)*(patterns-1))) / 2
	t.Logf("%.5f ± %.5f of the bits change, want %.5f", mean, se, want)
	if !(math.Abs(mean-want) <= 5*se) || se > 0.1*want {
		t.Errorf("%.5f ± %.5f of the bits change, want %.5f within five standard errors", mean, se, want)
	}
}

// TestRecalls: below capacity patterns are completed, and beyond it they are not.
func TestRecalls(t *testing.T) {
	for _, c := range []struct {
		patterns int
		async    bool
		from, to float64
	}{{15, false, 0.99, 1}, {80, false, 0.5, 0.85}, {15, true, 0.99, 1}, {80, true, 0.5, 0.85}} {
		async := c.async
		r := nets.Run{System: system(10, async), Task: recall(200, c.patterns, 0.1), Test: recall(200, c.patterns, 0.1), Learners: 3}
		s := lab.Make(t, lab.CPU(t), r, 1)
		m := must.Get(s.Evaluate(t.Context(), nil))(t)
		for l, x := range m.Get("bits right").Each {
			t.Logf("%d patterns of 200 bits, learner %d: %.4f of the bits are right", c.patterns, l, x)
			if !(c.from <= x && x <= c.to) {
				t.Errorf("%d patterns of 200 bits, learner %d: %.4f of the bits are right, want %g to %g", c.patterns, l, x, c.from, c.to)
			}
		}
	}
}

func TestWrong(t *testing.T) {
	for want, r := range map[string]nets.Run{
		"0 sweeps, want from 1 to 10000": {System: system(0, false), Task: recall(9, 2, 0)},
		"shows 1 number and wants 2 numbers": {System: system(1, false), Task: func() nets.Task {
			return &tasks.Sines{Period: 9, Outputs: 2, Cue: 1}
		}},
	} {
		if _, err := r.Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}
