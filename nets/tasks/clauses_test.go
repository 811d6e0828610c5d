package tasks_test

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/tasks"
)

// energies returns how many clauses of a program each state violates: bit i of a state's number says that atom i is true.
// A learner answers each.
func energies(t *testing.T, program string, atoms int) []float64 {
	t.Helper()
	w := &watcher{answer: func(x, want []float32) (y []float32) {
		if want == nil {
			return make([]float32, len(x))
		}
		for s := range 1 << atoms {
			for i := range atoms {
				y = append(y, float32(2*(s>>i&1)-1))
			}
		}
		return y
	}}
	r := nets.Run{System: func() nets.System { return w }, Learners: 1 << atoms,
		Task: func() nets.Task { return &tasks.Clauses{Program: program, Starts: 1} }}
	s := lab.Make(t, lab.CPU(t), r, 2)
	return lab.Metrics(t, s).Get("violated").Each
}

// coefficient returns the coefficient of Π x_i over a set of atoms in the polynomial that has these values: the mean of
// value·Π x_i over all states.
func coefficient(values []float64, set int) (c float64) {
	for s, e := range values {
		if bits.OnesCount(uint(set&^s))%2 == 1 {
			e = -e
		}
		c += e / float64(len(values))
	}
	return c
}

// TestCouplings: the energies of a clause have the coefficients of Wan Abdullah's table, and Hebb's rule learns the same
// from the events that the clause allows: the mean of Π x_i over its models times (2ᵏ − 1)/2ᵏ is minus the coefficient.
func TestCouplings(t *testing.T) {
	for program, want := range map[string]map[int]float64{ // by atoms: 1 is A, 2 is B, 4 is C
		"A <-":           {1: 1. / 2},
		"[A <- B]":       {1: 1. / 4, 2: -1. / 4, 3: 1. / 4},
		"[A <- B, C]":    {1: 1. / 8, 2: -1. / 8, 4: -1. / 8, 3: 1. / 8, 5: 1. / 8, 6: -1. / 8, 7: 2. / 16}, // twice J_ABC
		"[ <- A, B ]":    {1: -1. / 4, 2: -1. / 4, 3: -1. / 4},
		"[A <- B;A<-B;]": {1: 1. / 2, 2: -1. / 2, 3: 1. / 2},
	} {
		atoms := bits.Len(uint(len(want)))
		e := energies(t, program, atoms)
		var models []int
		for s, violated := range e {
			if violated == 0 {
				models = append(models, s)
			}
		}
		for set, j := range want {
			if got := -coefficient(e, set); got != j {
				t.Errorf("%s: the coupling of the atoms %b is %g, want %g", program, set, got, j)
			}
			if strings.Contains(program, ";") {
				continue
			}
			hebb := 0.
			for _, s := range models {
				hebb += 1 - 2*float64(bits.OnesCount(uint(set&^s))%2)
			}
			n := float64(len(models))
			if got := hebb / n * n / (n + 1); len(models) != 1<<atoms-1 || math.Abs(got-j) > 1e-15 {
				t.Errorf("%s: %d models, and events give the atoms %b %g, want %g", program, len(models), set, got, j)
			}
		}
	}
}

// TestViolated: for every state of random programs the energy is the number of clauses whose body is true and whose head
// is not, and the minimum and the wanted state are as trying all states finds them.
func TestViolated(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	const atoms, denials = 8, 3
	for n := range 6 {
		var text []string
		var each [][]int // head first, or −1
		draw := func(length, from int) {
			c := rnd.Perm(atoms)[:length]
			if from > 0 {
				c[0] = -1
			}
			each = append(each, c)
			var body []string
			for _, i := range c[1:] {
				body = append(body, fmt.Sprint("p", i))
			}
			head := ""
			if c[0] >= 0 {
				head = fmt.Sprint("p", c[0], " ")
			}
			text = append(text, head+"<- "+strings.Join(body, ", "))
		}
		for i := range atoms { // a chain, in which atoms get their numbers
			each, text = append(each, []int{i, i - 1}), append(text, fmt.Sprintf("p%d <- p%d # and so on", i, i-1))
		}
		each[0], text[0] = []int{0}, "p0 <-"
		for range 6 {
			draw(3, 0)
		}
		for range n % 2 * denials {
			draw(3, 1)
		}
		program := strings.Join(text, "\n")
		least := len(each)
		for s, got := range energies(t, program, atoms) {
			want := 0
			for _, c := range each {
				if !slices.ContainsFunc(c[1:], func(i int) bool { return s>>i&1 == 0 }) && (c[0] < 0 || s>>c[0]&1 == 0) {
					want++
				}
			}
			if least = min(least, want); got != float64(want) {
				t.Fatalf("%s\nin the state %08b: %g clauses are violated, want %d", program, s, got, want)
			}
		}
		w, m, _ := watch(t, func() nets.Task { return &tasks.Clauses{Program: program, Starts: 3} }, 2, func(x, want []float32) []float32 {
			if want == nil {
				return make([]float32, len(x))
			}
			for i := range want {
				want[i] *= 0.3 // the sign counts
			}
			return want
		})
		near(t, "minimum", m.Get("minimum").Each, float64(least), float64(least))
		near(t, "violated of the wanted states", m.Get("violated").Each, float64(least), float64(least))
		near(t, "at minimum", m.Get("at minimum").Each, 1, 1)
		near(t, "differ", m.Get("differ").Each, 0, 0)
		if got := w.shown[0].x[:3*atoms]; !slices.Equal(got, []float32{1, 0, 0, 0, 0, 0, 0, 0, -1, 1, 0, 0, 0, 0, 0, 0, 0, -1, 1, 0, 0, 0, 0, 0}) {
			t.Errorf("the first clauses are shown as %v", got)
		}
		if least == 0 == (n%2 == 1) {
			t.Errorf("the minimum is %d with %d denials", least, n%2*denials)
		}
	}
}

// TestRandomClauses: each learner has a program of its own with so many clauses of one, two and three distinct atoms, the
// same in tests, and the wanted state is its least model; starts are random, and others in each moment.
func TestRandomClauses(t *testing.T) {
	const atoms, starts = 10, 400
	task := func() nets.Task { return &tasks.Clauses{Atoms: atoms, Facts: 2, Pairs: 5, Triples: 4, Starts: starts} }
	w, m, tested := watch(t, task, 3, func(x, want []float32) []float32 {
		if want == nil {
			return make([]float32, len(x))
		}
		return x
	})
	for l := range 2 {
		program := w.shown[0].x[l*11*atoms:][:11*atoms]
		model := make([]float32, atoms)
		for i := range model {
			model[i] = -1
		}
		for range atoms {
			for c := range slices.Chunk(program, atoms) {
				if holds(c, model) {
					model[slices.Index(c, 1)] = 1
				}
			}
		}
		for k, c := range slices.Collect(slices.Chunk(program, atoms)) {
			heads, literals := 0, 0
			for _, x := range c {
				heads, literals = heads+int(max(x, 0)), literals+int(x*x)
			}
			if want := []int{1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3}[k]; heads != 1 || literals != want {
				t.Errorf("clause %d of learner %d is %v, want %d atoms and one head", k, l, c, want)
			}
		}
		if got := w.shown[1].want[l*starts*atoms:][:atoms]; !slices.Equal(got, model) {
			t.Errorf("learner %d is to find %v, want %v", l, got, model)
		}
	}
	if half := len(w.shown[0].x) / 2; slices.Equal(w.shown[0].x[:half], w.shown[0].x[half:]) || !slices.Equal(w.shown[0].x, w.shown[3].x) {
		t.Error("two learners have the same program, or a test another one")
	}
	if slices.Equal(w.shown[1].x, w.shown[2].x) || slices.Equal(w.shown[1].x, w.shown[4].x) {
		t.Error("two moments show the same states")
	}
	sum := 0.
	for _, x := range w.shown[1].x {
		sum += float64(x)
	}
	if n := float64(2 * starts * atoms); math.Abs(sum) > 5*math.Sqrt(n) {
		t.Errorf("%g of %g numbers are true", n/2+sum/2, n)
	}
	for _, x := range []float64{m.Get("violated").Mean(), tested.Get("violated").Mean()} { // 2/2 + 5/4 + 4/8 on average
		if math.Abs(x-2.75) > 0.3 {
			t.Errorf("random states violate %g clauses, want about 2.75", x)
		}
	}
}

// holds reports whether all atoms of the body of a row are true.
func holds(row, state []float32) bool {
	for i, x := range row {
		if x == -1 && state[i] != 1 {
			return false
		}
	}
	return true
}

// TestWrongClauses: what cannot be read is said with its place and what is wanted there.
func TestWrongClauses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "family.txt")
	if err := os.WriteFile(file, []byte("# who\nfather <- parent, male\n\n  son <- parent male"), 0o600); err != nil {
		t.Fatal(err)
	}
	var large []string
	for i := range 21 {
		large = append(large, fmt.Sprintf("a%d <-", i))
	}
	for program, want := range map[string]string{
		file:                                 file + `: line 4, column 17: "male", want a comma or the end of the clause, as in A <- B, C`,
		"[A <- B; B <- , C]":                 `line 1, column 15: ",", want an atom or the end of the clause`,
		"A <- B,\nC <-":                      `line 1, column 8: the end of the clause, want an atom`,
		"A <- B, B":                          `line 1, column 9: "B", want each atom of a clause once`,
		"A <- B\n B <- C, B":                 `line 2, column 10: "B", want each atom of a clause once`,
		"A, B <- C":                          `line 1, column 2: ",", want <-`,
		"<- A\n<-":                           `line 2, column 3: the end, want an atom`,
		"A <- B; ?- C":                       `line 1, column 9: "?-", want an atom or <-`,
		"É <- B\nß <- É ∧ B":                 `line 2, column 8: "∧", want a comma or the end of the clause`,
		"# A <- B":                           `line 1, column 9: the end, want at least one clause`,
		"no-such-file":                       `program "no-such-file" is neither a file nor a clause, which has a <-: open no-such-file`,
		strings.Join(large, ";") + "; <- a1": "the program has no model, and the states of 21 atoms are too many",
	} {
		err := (&tasks.Clauses{Program: program, Starts: 1}).Check()
		if err == nil || !strings.HasPrefix(err.Error(), "clauses: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error is %v, want %q in it", program, err, want)
		}
	}
	for want, c := range map[string]tasks.Clauses{
		"0 starts":                    {Program: "A <-"},
		"-1 facts":                    {Atoms: 3, Facts: -1, Pairs: 2, Starts: 1},
		"0 facts, 0 pairs and 0":      {Atoms: 3, Starts: 1},
		"2 atoms, want at least the":  {Atoms: 2, Triples: 1, Starts: 1},
		"1 atoms, want at least the":  {Atoms: 1, Pairs: 1, Starts: 1},
		"-1 atoms, want at least the": {Atoms: -1, Facts: 1, Starts: 1},
	} {
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}
