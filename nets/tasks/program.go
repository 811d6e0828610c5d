package tasks

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode"
)

// A program is a logic program: clauses over atoms that are numbered from 0.
type program struct {
	atoms   []string // nil: without names
	count   int      // of atoms
	clauses []clause
	sum     uint32 // checksum of the text
	state   []bool // the wanted state, see best
	fewest  int    // clauses that it violates
}

// A clause is head ← body: if all atoms of the body are true, so is the head. A fact has no body, a denial has no head.
type clause struct {
	head int // −1: none
	body []int
}

// randomProgram has clauses of one, two and three atoms, distinct within a clause and drawn with equal chances.
func randomProgram(r *rand.Rand, atoms, facts, pairs, triples int) program {
	p := program{count: atoms}
	for i, n := range []int{facts, pairs, triples} {
		for range n {
			drawn := r.Perm(atoms)[:i+1]
			p.clauses = append(p.clauses, clause{drawn[0], drawn[1:]})
		}
	}
	return p
}

// parseProgram reads clauses "A <- B, C", "A <-" for a fact, "<- A, B" for a denial, which stand on lines of their own or
// between semicolons. A # begins a comment. An atom is letters, digits and _, and is in a clause once.
func parseProgram(text string) (program, error) {
	r := &clauseReader{line: 1, column: 1, text: []rune(text), known: map[string]int{}}
	for r.skip(" \t\r\n;"); r.at < len(r.text) && r.err == nil; r.skip(" \t\r\n;") {
		r.clause()
	}
	if r.err == nil && len(r.clauses) == 0 {
		r.fail("at least one clause")
	}
	r.count = len(r.atoms)
	return r.program, r.err
}

// A clauseReader reads a program.
type clauseReader struct {
	program
	text         []rune
	at           int
	line, column int
	known        map[string]int // atoms
	err          error
}

// fail reports the text at the present place, and the text that is wanted there.
func (r *clauseReader) fail(want string) {
	if r.err != nil {
		return
	}
	found := "the end"
	if r.at < len(r.text) {
		rest := string(r.text[r.at:])
		if found = fmt.Sprintf("%q", strings.Fields(rest + " .")[0]); rest[0] == '\n' || rest[0] == ';' {
			found = "the end of the clause"
		}
	}
	r.err = fmt.Errorf("line %d, column %d: %s, want %s, as in A <- B, C", r.line, r.column, found, want)
}

// skip passes over some characters, and over comments.
func (r *clauseReader) skip(these string) {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case c == '#':
			for r.at < len(r.text) && r.text[r.at] != '\n' {
				r.next()
			}
		case strings.ContainsRune(these, c):
			r.next()
		default:
			return
		}
	}
}

func (r *clauseReader) next() {
	if r.column++; r.text[r.at] == '\n' {
		r.line, r.column = r.line+1, 1
	}
	r.at++
}

// token passes over a token, if it is the next one, and blanks after it.
func (r *clauseReader) token(t string) bool {
	if !strings.HasPrefix(string(r.text[r.at:min(len(r.text), r.at+len(t))]), t) {
		return false
	}
	for range t {
		r.next()
	}
	r.skip(" \t\r")
	return true
}

// atom reads an atom of a clause that has some; −1 if there is none.
func (r *clauseReader) atom(has []int) int {
	from := r.at
	for from < len(r.text) && (unicode.IsLetter(r.text[from]) || unicode.IsDigit(r.text[from]) || r.text[from] == '_') {
		from++
	}
	name := string(r.text[r.at:from])
	if name == "" {
		return -1
	}
	i, ok := r.known[name]
	if !ok {
		i = len(r.atoms)
		r.known[name], r.atoms = i, append(r.atoms, name)
	}
	if slices.Contains(has, i) {
		r.fail("each atom of a clause once")
	}
	r.token(name)
	return i
}

func (r *clauseReader) clause() {
	c := clause{head: r.atom(nil)}
	has := []int{c.head}
	if !r.token("<-") {
		r.fail(map[bool]string{true: "an atom or <-", false: "<-"}[c.head < 0])
		return
	}
	for more := true; more && r.err == nil; more = r.token(",") {
		i := r.atom(has)
		if i < 0 && (len(c.body) > 0 || c.head < 0) {
			r.fail("an atom")
		}
		if i < 0 {
			break
		}
		c.body, has = append(c.body, i), append(has, i)
	}
	if r.at < len(r.text) && !strings.ContainsRune("\n;", r.text[r.at]) {
		want := "a comma"
		if len(c.body) == 0 {
			want = "an atom"
		}
		r.fail(want + " or the end of the clause")
	}
	r.clauses = append(r.clauses, c)
}

// literals writes a row for each clause: 1 for its head, −1 for the atoms of its body, 0 for others.
func (p program) literals(x []float32) {
	clear(x)
	for k, c := range p.clauses {
		row := x[k*p.count:][:p.count]
		if c.head >= 0 {
			row[c.head] = 1
		}
		for _, i := range c.body {
			row[i] = -1
		}
	}
}

// violated counts the clauses that are false where some atoms are true.
func (p program) violated(isTrue []bool) (n int) {
	for _, c := range p.clauses {
		if !slices.ContainsFunc(c.body, func(i int) bool { return !isTrue[i] }) && (c.head < 0 || !isTrue[c.head]) {
			n++
		}
	}
	return n
}

// least returns the least model, in which an atom is true if clauses with a head make it so. If it violates a denial, the
// program has no model.
func (p program) least() []bool {
	isTrue := make([]bool, p.count)
	for again := true; again; {
		again = false
		for _, c := range p.clauses {
			if c.head >= 0 && !isTrue[c.head] && !slices.ContainsFunc(c.body, func(i int) bool { return !isTrue[i] }) {
				isTrue[c.head], again = true, true
			}
		}
	}
	return isTrue
}

// mostTried is the number of atoms of which all states are tried.
const mostTried = 20

// best returns a state that violates as few clauses as any, and how many: the least model or, if there is no model, the
// first best one of all states.
func (p program) best() (state []bool, violated int, err error) {
	state = p.least()
	if violated = p.violated(state); violated == 0 {
		return state, 0, nil
	}
	if p.count > mostTried {
		return nil, 0, fmt.Errorf("the program has no model, and the states of %d atoms are too many to find how many clauses have to be violated; want at most %d atoms",
			p.count, mostTried)
	}
	masks := make([][2]uint32, len(p.clauses))
	for k, c := range p.clauses {
		if c.head >= 0 {
			masks[k][0] = 1 << c.head
		}
		for _, i := range c.body {
			masks[k][1] |= 1 << i
		}
	}
	least, at := len(masks)+1, uint32(0)
	for s := range uint32(1) << p.count {
		n := 0
		for _, m := range masks {
			if s&m[0] == 0 && s&m[1] == m[1] {
				n++
			}
		}
		if n < least {
			least, at = n, s
		}
	}
	for i := range state {
		state[i] = at>>i&1 == 1
	}
	return state, least, nil
}
