package tasks

import (
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"strings"

	"hebb/compute"
	"hebb/nets"
)

// Clauses is the task of a network that runs logic programs. The first moment shows a program, a clause an example, for
// which nothing is wanted: 1 for the atom at its head, −1 for each atom of its body, 0 for all others. Every later moment
// shows Starts random states of the atoms, 1 for true and −1 for false, and wants a state that violates no clause. As an
// example of one it gives the least model, in which nothing is true without need.
//
// Program is the name of a file with clauses, or the clauses themselves, in brackets: [A <- B, C; A <- B; B <-]. They
// stand on lines of their own or between semicolons: A ← B, C is "A or not B or not C", A ← is a fact, and ← A, B is a
// denial, "not A or not B". An atom is letters, digits and _, and is in a clause once: A ← A would be true always, and a
// second B in a body says nothing. What follows a # is left out. A program without denials always has a model. If one with
// denials has none, the wanted state is one that violates as few clauses as any, found by trying all states of at most 20
// atoms.
//
// Without Program each learner draws one of its own by its seed, of Facts A ←, Pairs A ← B and Triples A ← B, C, with
// distinct atoms within a clause.
//
// An epoch is two moments, as of [Recall]. Metrics: "violated", the clauses that an answer violates; "minimum", the
// fewest that any state violates; "at minimum", the share of the answers with as few; "differ", the share of the atoms
// that differ from the wanted state. An answer above 0 is true.
type Clauses struct {
	Program string `json:"program" toml:"program"`
	Atoms   int    `json:"atoms" toml:"atoms" if:"!program"`
	Facts   int    `json:"facts" toml:"facts" if:"!program"`
	Pairs   int    `json:"pairs" toml:"pairs" if:"!program"`
	Triples int    `json:"triples" toml:"triples" if:"!program"`
	Starts  int    `json:"starts" toml:"starts"`

	program *compute.Tensor // learners × (clauses and the wanted state) × atoms
	minimum *compute.Tensor // the fewest clauses that a state violates: learners × 1
}

// Check reports a setting that cannot be, and a program that cannot be read.
func (c *Clauses) Check() error {
	if c.Starts < 1 {
		return fmt.Errorf("clauses: %d starts, want at least 1", c.Starts)
	}
	if c.Program != "" {
		_, err := c.read()
		return err
	}
	if c.Facts < 0 || c.Pairs < 0 || c.Triples < 0 || c.Facts+c.Pairs+c.Triples < 1 {
		return fmt.Errorf("clauses: %d facts, %d pairs and %d triples, want at least 0 of each and a clause", c.Facts, c.Pairs, c.Triples)
	}
	if least := max(1, 2*min(c.Pairs, 1), 3*min(c.Triples, 1)); c.Atoms < least {
		return fmt.Errorf("clauses: %d atoms, want at least the %d of the longest clause", c.Atoms, least)
	}
	return nil
}

// read reads Program.
func (c *Clauses) read() (program, error) {
	text, isFile := c.Program, !strings.Contains(c.Program, "<-")
	if isFile {
		raw, err := os.ReadFile(text)
		if err != nil {
			return program{}, fmt.Errorf("clauses: program %q is neither a file nor a clause, which has a <-: %w", text, err)
		}
		text = string(raw)
	} else if strings.HasPrefix(text, "[") {
		text = strings.TrimSuffix(" "+text[1:], "]") // columns count the bracket
	}
	p, err := parseProgram(strings.TrimPrefix(text, "\ufeff")) // a byte order mark
	p.sum = crc32.ChecksumIEEE([]byte(text))
	if err == nil {
		p.state, p.fewest, err = p.best()
	}
	if err != nil {
		where := ""
		if isFile {
			where = c.Program + ": "
		}
		return p, fmt.Errorf("clauses: %s%w", where, err)
	}
	return p, nil
}

// Build writes the program, or draws one for each learner.
func (c *Clauses) Build(s *nets.Store) (nets.Spec, error) {
	draw := func(r *rand.Rand) program {
		p := randomProgram(r, c.Atoms, c.Facts, c.Pairs, c.Triples)
		p.state = p.least() // without denials it is a model
		return p
	}
	atoms, clauses, minimum := c.Atoms, c.Facts+c.Pairs+c.Triples, 0
	if c.Program != "" {
		p, err := c.read()
		if err != nil {
			return nets.Spec{}, err
		}
		s.Source("program text", p.sum)
		atoms, clauses, minimum, draw = p.count, len(p.clauses), p.fewest, func(*rand.Rand) program { return p }
	}
	c.minimum = s.Kept("minimum", nets.Constant(float32(minimum)), 1)
	c.program = s.Kept("program", nets.Filled(func(r *rand.Rand, x []float32) {
		p := draw(r)
		p.literals(x[:clauses*atoms])
		for i, is := range p.state {
			x[clauses*atoms+i] = 2*oneIf(is) - 1
		}
	}), clauses+1, atoms)
	return nets.Spec{In: nets.Row(atoms), Out: atoms, Examples: max(clauses, c.Starts), Trial: 1, Epoch: 2}, nil
}

var (
	constantly = compute.Formula("c")
	signs      = compute.Formula("2*x - 1", "x")
	truth      = compute.Formula("where(y, 1, -1)", "y")
	magnitude  = compute.Formula("abs(x)", "x")
	isZero     = compute.Formula("where(abs(x), 0, 1)", "x")
	isAsFew    = compute.Formula("where(x - least - 0.5, 0, 1)", "x", "least")
	unlike     = compute.Formula("where(x*y, 0, 1)", "x", "y")
)

// clauses returns the rows of the program.
func (c *Clauses) clauses(p *nets.Pass) *compute.Tensor {
	n := c.program.Rows() - 1
	out := p.Tensor(p.Learners, n, c.program.Cols())
	p.Do(compute.Gather{Out: out, X: c.program, Rows: p.Numbers(n)})
	return out
}

// Show returns the program in the first moment, and then random states.
func (c *Clauses) Show(p *nets.Pass) nets.Moment {
	if p.Number == 0 {
		return nets.Moment{X: c.clauses(p), First: true, Last: true}
	}
	x, want, last := p.Tensor(p.Learners, c.Starts, c.program.Cols()), p.Tensor(p.Learners, c.Starts, c.program.Cols()), p.Tensor(c.Starts)
	p.Random(x, compute.Bernoulli(0.5, 1))
	p.Into(last, constantly.With("c", float32(c.program.Rows()-1)))
	p.Do(compute.Gather{Out: want, X: c.program, Rows: last})
	return nets.Moment{X: p.Map(signs, x), Want: want, First: true, Last: true}
}

// Judge counts the clauses that answers violate.
func (c *Clauses) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	if m.Want == nil {
		return
	}
	literals, n := c.clauses(p), m.Examples()
	balance := p.Tensor(p.Learners, n, literals.Rows()) // of a clause: twice its number of true literals
	p.Do(compute.Gemm{C: balance, A: p.Map(truth, p.All(y)), B: literals, TransB: true,
		Epilogue: compute.Epilogue{Alpha: 1, Bias: p.View(p.PerExample(magnitude, literals), 0, p.Learners, 1, literals.Rows())}})
	violated := p.PerExample(isZero, balance)
	p.Count("violated", violated, n)
	p.Count("minimum", c.minimum, 1)
	p.Count("at minimum", p.Map(isAsFew, violated, c.minimum), n)
	p.Count("differ", p.PerLearner(unlike, 1/float32(y.Cols()), p.All(y), m.Want), n)
}
