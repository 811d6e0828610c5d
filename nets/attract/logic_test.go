package attract_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/attract"
	"hebb/nets/internal/lab"
	"hebb/nets/nettest"
	"hebb/nets/tasks"
)

func logic(sweeps int, ties string) func() nets.System {
	return func() nets.System { return &attract.Logic{Sweeps: sweeps, Ties: ties} }
}

func clauses(atoms, facts, pairs, triples, starts int) func() nets.Task {
	return func() nets.Task {
		return &tasks.Clauses{Atoms: atoms, Facts: facts, Pairs: pairs, Triples: triples, Starts: starts}
	}
}

func TestLogicVerify(t *testing.T) {
	lab.Verify(t, nets.Run{System: logic(2, "random"), Task: clauses(5, 1, 3, 3, 4), Test: clauses(5, 1, 3, 3, 4), Learners: 2}, 2)
}

func TestLogicPromises(t *testing.T) {
	nettest.System(t, logic(3, "random"), clauses(9, 2, 5, 5, 6))
	nettest.System(t, logic(9, "random"), clauses(2, 1, 0, 0, 1)) // whose state stays as it is by chance in a sweep, and changes later
}

// An order3 is Wan Abdullah's network: couplings of one, two and three atoms, the latter two symmetric.
type order3 struct {
	j1 []float64
	j2 [][]float64
	j3 [][][]float64
}

// newOrder3 adds up the couplings of clauses, from his table.
func newOrder3(clauses [][]float32) *order3 {
	n := len(clauses[0])
	net := &order3{j1: make([]float64, n)}
	for range n {
		net.j2 = append(net.j2, make([]float64, n))
		var m [][]float64
		for range n {
			m = append(m, make([]float64, n))
		}
		net.j3 = append(net.j3, m)
	}
	two := func(a, b int, j float64) {
		net.j2[a][b] += j
		net.j2[b][a] += j
	}
	for _, c := range clauses {
		a, body := slices.Index(c, 1), []int{}
		for i, l := range c {
			if l == -1 {
				body = append(body, i)
			}
		}
		switch len(body) {
		case 0: // A ←
			net.j1[a] += 1. / 2
		case 1: // A ← B
			b := body[0]
			net.j1[a] += 1. / 4
			net.j1[b] -= 1. / 4
			two(a, b, 1./4)
		case 2: // A ← B, C
			b, c := body[0], body[1]
			net.j1[a] += 1. / 8
			net.j1[b] -= 1. / 8
			net.j1[c] -= 1. / 8
			two(a, b, 1./8)
			two(a, c, 1./8)
			two(b, c, -1./8)
			for _, p := range [][3]int{{a, b, c}, {a, c, b}, {b, a, c}, {b, c, a}, {c, a, b}, {c, b, a}} {
				net.j3[p[0]][p[1]][p[2]] += 1. / 16
			}
		}
	}
	return net
}

// field is what acts on a unit: Σ J_ijk·x_j·x_k + Σ J_ij·x_j + J_i.
func (o *order3) field(i int, x []float32) float64 {
	h := o.j1[i]
	for j := range x {
		h += o.j2[i][j] * float64(x[j])
		for k := range x {
			h += o.j3[i][j][k] * float64(x[j]) * float64(x[k])
		}
	}
	return h
}

// TestLogicTwin: sweeps change units as the couplings of Wan Abdullah's table do, by each rule for ties, to the bit on
// every device.
func TestLogicTwin(t *testing.T) {
	const atoms, starts, learners, sweeps = 7, 12, 2, 3
	for _, ties := range []string{"keep", "plus", "random"} {
		t.Run(ties, func(t *testing.T) {
			k := kept(t, nets.Run{System: logic(sweeps, ties), Task: clauses(atoms, 1, 4, 5, starts), Learners: learners})
			equal := 0
			for l := range learners {
				net := newOrder3(rows(of(k.shown[0], learners, l), atoms))
				x := rows(of(k.shown[1], learners, l), atoms)
				for n := range sweeps {
					order := inOrder(of(k.drawn(atoms * learners)[n], learners, l))
					for s, state := range x {
						for _, i := range order {
							h := net.field(i, state)
							switch {
							case math.Abs(h) > 1e-9:
								state[i] = float32(math.Copysign(1, h))
							case ties == "plus":
								state[i] = 1
							case ties == "random": // the first draw is of the states that are shown
								state[i] = float32(2*of(k.drawn(atoms * learners * starts)[1+n], learners, l)[s*atoms+i] - 1)
							default:
								equal++
							}
						}
					}
				}
				if got := of(k.answers[1], learners, l); !slices.Equal(got, slices.Concat(x...)) {
					t.Errorf("learner %d answers %v, want %v", l, got, x)
				}
			}
			if ties == "keep" && equal < 10 {
				t.Errorf("%d ties, want some", equal)
			}
		})
	}
}

// TestModels: from random states random ties find models of programs with 20 atoms, and ties that keep a state seldom
// do; states never come to violate more clauses from sweep to sweep.
func TestModels(t *testing.T) {
	run := func(ties string, sweeps int) nets.Metrics {
		r := nets.Run{System: logic(sweeps, ties), Task: clauses(20, 4, 10, 10, 20), Learners: 10, Seed: 1}
		return lab.Metrics(t, lab.Make(t, lab.CPU(t), r, 2))
	}
	for _, ties := range []string{"keep", "random"} {
		before := math.Inf(1)
		for _, sweeps := range []int{1, 2, 4, 8} {
			now := run(ties, sweeps).Get("violated").Mean()
			if now > before {
				t.Errorf("with ties %s, %d sweeps end with %g violated clauses and fewer with %g", ties, sweeps, now, before)
			}
			before = now
		}
	}
	for ties, band := range map[string][2]float64{"keep": {0.2, 0.6}, "plus": {0.9, 1}, "random": {0.8, 1}} {
		share := run(ties, 50).Get("at minimum").Mean()
		t.Logf("ties %s: %.3f of the states end as models", ties, share)
		if !(band[0] <= share && share <= band[1]) {
			t.Errorf("with ties %s %.3f of the states end as models, want %g to %g", ties, share, band[0], band[1])
		}
	}
}

// TestAnyClause: a clause of four atoms, a denial, and a program without a model.
func TestAnyClause(t *testing.T) {
	for program, want := range map[string]float64{
		"[Fox <- Red, Bushy, Sly; Red <-; Bushy <-; Sly <-; <- Fox, Hen]": 0,
		"[A <-; <- A; B <- A; <- B]":                                      1,
	} {
		task := func() nets.Task { return &tasks.Clauses{Program: program, Starts: 30} }
		m := lab.Metrics(t, lab.Make(t, lab.CPU(t), nets.Run{System: logic(50, "random"), Task: task, Learners: 2}, 2))
		if got := m.Get("minimum").Mean(); got != want {
			t.Errorf("%s: the minimum is %g, want %g", program, got, want)
		}
		if got := m.Get("at minimum").Mean(); got < 0.9 {
			t.Errorf("%s: %g of the answers are at the minimum, want most", program, got)
		}
	}
}

// A masked task shows the first clause alone.
type masked struct{ *tasks.Clauses }

func (k masked) Show(p *nets.Pass) nets.Moment {
	m := k.Clauses.Show(p)
	if m.Want == nil {
		m.Mask = p.Tensor(1, m.Examples(), 1)
		p.Into(m.Mask, compute.Formula("where(i - 0.5, 0, 1)", "i"), p.Numbers(m.Examples()))
	}
	return m
}

// TestMasked: clauses and patterns that are masked are not stored.
func TestMasked(t *testing.T) {
	task := func() nets.Task { return masked{&tasks.Clauses{Program: "A <- B\nB <- A", Starts: 3}} }
	for name, c := range map[string]struct {
		system func() nets.System
		want   []float32
	}{"clauses": {logic(1, "keep"), []float32{1, -1, 0, 0, 0, 0}}, "w": {system(1, true), []float32{0, -1, -1, 0}}} {
		got := lab.Values(t, lab.Make(t, lab.CPU(t), nets.Run{System: c.system, Task: task}, 2))[name]
		if !slices.Equal(got, c.want) {
			t.Errorf("%s is %v, want %v", name, got, c.want)
		}
	}
}

func TestLogicWrong(t *testing.T) {
	for want, r := range map[string]nets.Run{
		"0 sweeps, want from 1 to 10000":                                 {System: logic(0, "keep"), Task: clauses(3, 1, 1, 1, 1)},
		`ties "heads", want one of keep, plus, random`:                   {System: logic(1, "heads"), Task: clauses(3, 1, 1, 1, 1)},
		"shows 1 number and wants 2 numbers; want a truth for each":      {System: logic(1, "keep"), Task: func() nets.Task { return &tasks.Sines{Period: 9, Outputs: 2, Cue: 1} }},
		"shows 3 numbers and wants 1 number; want a truth for each atom": {System: logic(1, "keep"), Task: func() nets.Task { return &tasks.XOR{} }},
	} {
		if _, err := r.Open(lab.CPU(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
	r := nets.Run{System: logic(1, "keep"), Task: func() nets.Task { return &tasks.Codes{Bits: 3} }}
	s := lab.Make(t, lab.CPU(t), r, 0)
	if err := s.Step(t.Context()); err == nil || !strings.Contains(err.Error(), "states are shown before any program") {
		t.Errorf("error is %v, want that there is no program", err)
	}
}
