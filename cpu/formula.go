package cpu

import (
	"slices"
	"sync"

	"hebb/compute"
)

// A program is a [compute.Func] for vectors: instructions on registers, with registers reused after the last use of a
// result.
type program struct {
	code      []step
	byRows    []step // code with steps of a row at a time; nil if it has none
	registers int    // the inputs' first, then the constants', then those for results
	consts    int    // the register of the first constant
	results   int    // and of the first result
	work      int    // per element, an addition being 1
	old       bool   // reads the output's old value
}

// A step is dst ← do(a, b, c), registers all. With fused it is dst ← k·a + l·b, the constants k and l being those of two
// registers, or 1: the optimisers', leaks' and traces' formula, in one pass for three or two.
type step struct {
	do           compute.Prim
	dst, a, b, c int

	fused bool
	k, l  int  // of the constants; unit: 1
	minus bool // −l

	// With rowed it is that of each row of a matrix, where the registers k and l of inputs or constants have a number for all.
	rowed bool
}

// unit stands for the constant 1.
const unit = -1

// While a program is made oldRegister stands for the output's old value and resultRegister for the output. Then they are the two
// registers after the others.
const oldRegister, resultRegister = -1, -2

// programs caches programs by their formula's key: other constants do not change the program.
var programs = struct {
	sync.Mutex
	of map[string]*program
}{of: map[string]*program{}}

func programOf(f *compute.Func) *program {
	programs.Lock()
	defer programs.Unlock()
	p, ok := programs.of[f.Key()]
	if !ok {
		p = translate(f)
		programs.of[f.Key()] = p
	}
	return p
}

func translate(f *compute.Func) *program {
	p := &program{consts: f.Vars, results: f.Vars + len(f.Consts), registers: f.Vars + len(f.Consts), old: f.Old}
	last := len(f.Code) - 1
	uses := make([]int, len(f.Code)) // uses of each result by later instructions
	for _, c := range f.Code {
		for _, a := range c.Args[:c.Do.Arity()] {
			uses[a]++
		}
	}
	at := make([]int, len(f.Code)) // the register of each result
	var free []int
	for i, c := range f.Code {
		switch c.Do {
		case compute.PrimVar:
			at[i] = c.Num
		case compute.PrimConst:
			at[i] = p.consts + c.Num
		case compute.PrimOld:
			at[i] = oldRegister
		}
		arity := c.Do.Arity()
		if arity == 0 {
			continue
		}
		for _, a := range c.Args[:arity] {
			if uses[a]--; uses[a] == 0 && at[a] >= f.Vars+len(f.Consts) {
				free = append(free, at[a]) // a step may write to a register that it reads
			}
		}
		switch k := len(free) - 1; {
		case i == last:
			at[i] = resultRegister
		case k >= 0:
			at[i], free = free[k], free[:k]
		default:
			at[i] = p.registers
			p.registers++
		}
		p.code = append(p.code, step{do: c.Do, dst: at[i], a: at[c.Args[0]], b: at[c.Args[1]], c: at[c.Args[2]]})
		p.work++
		if c.Do == compute.PrimExp || c.Do == compute.PrimLog {
			p.work += 9
		}
	}
	if at[last] != resultRegister {
		p.code = append(p.code, step{do: compute.PrimVar, dst: resultRegister, a: at[last], b: at[last], c: at[last]})
	}
	p.byRows = p.fuse(rowed(p.code, f.Vars+len(f.Consts)))
	p.code = p.fuse(p.code)
	for _, code := range [][]step{p.code, p.byRows} {
		for i := range code {
			s := &code[i]
			for _, r := range []*int{&s.dst, &s.a, &s.b, &s.c} {
				if *r < 0 {
					*r = p.registers - 1 - *r
				}
			}
		}
	}
	return p
}

// operands returns the registers that s reads.
func (s *step) operands() []int {
	n := max(1, s.do.Arity()) // a copy has one
	if s.fused || s.rowed {
		n = 2
	}
	return []int{s.a, s.b, s.c}[:n]
}

// needed reports whether code reads register r before it sets it, where set is set already.
func needed(code []step, r, set int) bool {
	for i := range code {
		if r == set {
			return false
		}
		if slices.Contains(code[i].operands(), r) {
			return true
		}
		set = code[i].dst
	}
	return false
}

// rowed returns code with one step for three that make k·x ± l·y, k and l being inputs or constants: registers below results.
// It returns nil where there are none.
func rowed(code []step, results int) (all []step) {
	number := func(r int) bool { return r >= 0 && r < results }
	merged := false
	for i := 0; i < len(code); i++ {
		if i+2 < len(code) {
			x, y, sum := code[i], code[i+1], code[i+2]
			if !x.fused && x.do == compute.PrimMul && y.do == compute.PrimMul && (sum.do == compute.PrimAdd || sum.do == compute.PrimSub) && !sum.fused &&
				sum.a == x.dst && sum.b == y.dst && x.dst != y.dst && y.b != x.dst && number(x.a) && number(y.a) &&
				!needed(code[i+3:], x.dst, sum.dst) && !needed(code[i+3:], y.dst, sum.dst) {
				all = append(all, step{dst: sum.dst, a: x.b, b: y.b, k: x.a, l: y.a, minus: sum.do == compute.PrimSub, rowed: true})
				i, merged = i+2, true
				continue
			}
		}
		all = append(all, code[i])
	}
	if !merged {
		return nil
	}
	return all
}

// fuse returns code with one step for three that make k·x ± l·y, k and l being constants, or for two that make k·x ± y.
func (p *program) fuse(code []step) (all []step) {
	for i := 0; i < len(code); i++ {
		if f, ok := p.fusion(code[i:], 3); ok {
			all, i = append(all, f), i+2
		} else if f, ok := p.fusion(code[i:], 2); ok {
			all, i = append(all, f), i+1
		} else {
			all = append(all, code[i])
		}
	}
	return all
}

// fusion returns the step that does what the first n of code do, products with constants and their sum.
func (p *program) fusion(code []step, n int) (f step, ok bool) {
	if len(code) < n {
		return f, false
	}
	sum := code[n-1]
	if sum.fused || sum.rowed || sum.do != compute.PrimAdd && sum.do != compute.PrimSub || sum.a == sum.b {
		return f, false
	}
	f = step{dst: sum.dst, a: sum.a, b: sum.b, fused: true, k: unit, l: unit, minus: sum.do == compute.PrimSub}
	for i := range code[:n-1] {
		k, x, ok := p.scaled(&code[i])
		switch t := code[i].dst; {
		case !ok || needed(code[n:], t, sum.dst) || i > 0 && x == code[0].dst:
			return f, false
		case t == sum.a && f.k == unit:
			f.k, f.a = k, x
		case t == sum.b && f.l == unit:
			f.l, f.b = k, x
		default:
			return f, false
		}
	}
	return f, true
}

// scaled returns the constant and the other factor of a product.
func (p *program) scaled(s *step) (k, x int, ok bool) {
	constant := func(r int) bool { return r >= p.consts && r < p.results }
	switch {
	case s.do != compute.PrimMul || s.fused || s.rowed:
	case constant(s.a):
		return s.a - p.consts, s.b, true
	case constant(s.b):
		return s.b - p.consts, s.a, true
	}
	return 0, 0, false
}

// An evaluator computes a formula of inputs that are spread over a domain, block by block.
type evaluator struct {
	*program
	consts     []float32
	in         []input
	rows, cols int  // of the domain's matrices
	size       int  // of a block
	byRow      bool // whole rows go by program.byRows
}

// An input is a tensor with its [compute.Spread] over the domain.
type input struct {
	data []float32
	compute.Spread
	whole, single bool // as many elements as the domain; or one for all
	unused        bool // by steps other than of a row at a time, which read it where it lies
}

// blockSize is about how many elements are computed at a time: few enough for the registers to stay in the first level of cache,
// many enough to hide the overhead of a step. A formula with more than fewRegisters takes half as many.
var blockSize = 1024

const fewRegisters = 6

// evaluators and cores are those that are not in use.
var (
	evaluators = sync.Pool{New: func() any { return new(evaluator) }}
	cores      = sync.Pool{New: func() any { return new(core) }}
)

// newEvaluator returns an evaluator, which is to be [evaluator.done].
func newEvaluator(f *compute.Func, in []*compute.Tensor, domain *compute.Tensor) *evaluator {
	e := evaluators.Get().(*evaluator)
	*e = evaluator{program: programOf(f), consts: f.Consts, in: e.in[:0], rows: domain.Rows(), cols: domain.Cols()}
	block := blockSize
	if e.registers > fewRegisters {
		block /= 2
	}
	e.size = max(1, block/e.cols) * e.cols // then values that depend on the column alone are the same in each block
	if e.size > 2*block {
		e.size = block
	}
	column := e.cols == 1 // it lies in memory as a row does
	if column {
		e.rows, e.cols = 1, e.rows
	}
	for _, t := range in {
		s := t.SpreadOver(domain)
		if column {
			s.Row, s.Col = 0, s.Row
		}
		e.in = append(e.in, input{values(t), s, t.Len() == domain.Len(), t.Len() == 1, false})
	}
	if e.byRow = e.program.byRows != nil && e.cols >= shortRow && e.size%e.cols == 0 && e.haveRows(); e.byRow {
		e.direct()
	}
	return e
}

// shortRow is the shortest row that is worth a step of its own.
var shortRow = 16

// haveRows reports whether each step of a row at a time has its numbers, and some are of inputs.
func (e *evaluator) haveRows() bool {
	inputs := 0
	for i := range e.byRows {
		s := &e.byRows[i]
		if !s.rowed {
			continue
		}
		for _, r := range []int{s.k, s.l} {
			if r < len(e.in) && e.in[r].Col != 0 {
				return false
			}
			if r < len(e.in) {
				inputs++
			}
		}
	}
	return inputs > 0
}

// direct marks the inputs that no register has to hold.
func (e *evaluator) direct() {
	for i := range e.in {
		e.in[i].unused = true
	}
	for i := range e.byRows {
		s := &e.byRows[i]
		for _, r := range s.operands() {
			if r < len(e.in) && !(s.rowed && e.in[r].Col == 1) {
				e.in[r].unused = false
			}
		}
	}
}

// done gives e back.
func (e *evaluator) done() {
	clear(e.in)
	e.program, e.consts = nil, nil
	evaluators.Put(e)
}

// A core has registers of its own.
type core struct {
	*evaluator
	size      int         // of a block, at most
	byRow     bool        // blocks are whole rows, by program.byRows
	registers [][]float32 // the last two are the output's old value and the output
	own       []float32   // size for each register
	block     []float32   // as much for values that are stored nowhere
	filled    []bool      // inputs whose registers never change again
}

// alone is the work that one core better does by itself: another that looks for work takes a microsecond to begin and to be waited
// for, and one that sleeps some 30 ([crew]).
var alone = 1 << 15

// write computes all of the domain into out.
func (e *evaluator) write(out []float32) {
	e.size = min(e.size, len(out))
	if len(out)*e.work <= alone {
		e.part(out, 0, len(out))
		return
	}
	each := blocks(fair(len(out), 32*e.size), e.size) * e.size
	chunks(len(out), each, func(lo, hi int) { e.part(out, lo, hi) })
}

// part computes elements lo … hi.
func (e *evaluator) part(out []float32, lo, hi int) {
	past := len(out) >= streamed && !e.old
	if e.onePass() && !past {
		s, dst := &e.code[0], out[lo:hi]
		of := func(r int) []float32 {
			if r < len(e.in) {
				return e.in[r].data[lo:hi]
			}
			return dst
		}
		k, l := e.factors(s)
		affine(dst, of(s.a), of(s.b), k, l)
		return
	}
	c := e.core(hi - lo)
	defer c.done()
	c.byRow = e.byRow && lo%e.cols == 0 && hi%e.cols == 0 && c.size%e.cols == 0
	for ; lo < hi; lo += c.size {
		block := out[lo:min(lo+c.size, hi)]
		if past {
			c.eval(c.block[:len(block)], nil, lo)
			stream(block, c.block)
		} else {
			c.eval(block, block, lo)
		}
	}
	if past {
		fence()
	}
}

// core returns a core for n elements or more, which is to be [core.done].
func (e *evaluator) core(n int) *core {
	c := cores.Get().(*core)
	c.evaluator, c.size, c.byRow = e, min(n, e.size), false
	c.own = slices.Grow(c.own[:0], (e.registers+1)*c.size)[:(e.registers+1)*c.size]
	c.block = c.room(e.registers)
	c.registers = c.registers[:0]
	for i := range e.registers {
		c.registers = append(c.registers, c.room(i))
	}
	c.registers = append(c.registers, nil, nil)
	c.filled = slices.Grow(c.filled[:0], len(e.in))[:len(e.in)]
	clear(c.filled)
	for i, x := range e.consts {
		fill(c.room(e.program.consts+i), x)
	}
	return c
}

// done gives c back.
func (c *core) done() {
	clear(c.registers)
	c.evaluator = nil
	cores.Put(c)
}

// room returns the memory of register i.
func (c *core) room(i int) []float32 { return c.own[i*c.size:][:c.size] }

// eval computes the elements from lo on, as many as dst has. old is the output's old value; it may be dst.
func (c *core) eval(dst, old []float32, lo int) {
	for i := range c.in {
		if !c.byRow || !c.in[i].unused {
			c.load(i, lo, lo+len(dst))
		}
	}
	if c.byRow {
		c.steps(c.byRows, dst, old, lo)
	} else {
		c.run(dst, old)
	}
}

// run computes as many elements as dst has of the inputs in the registers. old is as in eval.
func (c *core) run(dst, old []float32) { c.steps(c.code, dst, old, 0) }

// steps makes the steps of code, those of rows from element lo on.
func (c *core) steps(code []step, dst, old []float32, lo int) {
	all := c.registers
	all[len(all)-2], all[len(all)-1] = old, dst
	for i := range code {
		s := &code[i]
		to := all[s.dst][:len(dst)]
		if s.rowed {
			c.stepOfRows(s, to, lo)
			continue
		}
		if s.fused {
			k, l := c.factors(s)
			affine(to, all[s.a], all[s.b], k, l)
			continue
		}
		apply(s.do, to, all[s.a], all[s.b], all[s.c])
	}
}

// factors returns the constants of a fused step.
func (e *evaluator) factors(s *step) (k, l float32) {
	k, l = 1, 1
	if s.k != unit {
		k = e.consts[s.k]
	}
	if s.l != unit {
		l = e.consts[s.l]
	}
	if s.minus {
		l = -l
	}
	return k, l
}

// onePass reports whether the formula is a fused step of what lies in memory, the output's old value perhaps: then it needs neither
// registers nor blocks.
func (e *evaluator) onePass() bool {
	if len(e.code) != 1 || !e.code[0].fused {
		return false
	}
	there := func(r int) bool { return r < len(e.in) && e.in[r].whole || r == e.registers }
	return there(e.code[0].a) && there(e.code[0].b)
}

// stepOfRows makes a step row by row, from element lo on, with which a row begins.
func (c *core) stepOfRows(s *step, dst []float32, lo int) {
	z, row := lo/c.cols/c.rows, lo/c.cols%c.rows
	number := func(r int) float32 {
		if r < len(c.in) {
			return c.in[r].data[z*c.in[r].Batch+row*c.in[r].Row]
		}
		return c.consts[r-len(c.in)]
	}
	for at := 0; at < len(dst); at += c.cols {
		of := func(r int) []float32 {
			if r < len(c.in) && c.in[r].Col == 1 {
				return c.in[r].data[z*c.in[r].Batch+row*c.in[r].Row:]
			}
			return c.registers[r][at:]
		}
		k, l := number(s.k), number(s.l)
		if s.minus {
			l = -l
		}
		affine(dst[at:][:c.cols], of(s.a), of(s.b), k, l)
		if row++; row == c.rows {
			z, row = z+1, 0
		}
	}
}

// load copies elements lo … hi of input i into its register.
func (c *core) load(i, lo, hi int) {
	in := &c.in[i]
	switch row, col := lo/c.cols, lo%c.cols; {
	case in.whole:
		c.registers[i] = in.data[lo:hi]
	case c.filled[i]:
	case in.single:
		fill(c.room(i), in.data[0])
		c.filled[i] = true
	case in.Col == 1 && col+hi-lo <= c.cols:
		c.registers[i] = in.data[in.at(row, c.rows)+col:][:hi-lo]
	default:
		c.registers[i] = c.room(i)
		c.gather(i, lo, hi)
		c.filled[i] = in.Row == 0 && in.Batch == 0 && c.size%c.cols == 0
	}
}

// at returns the start of row, counted through the batch.
func (in *input) at(row, rows int) int { return row/rows*in.Batch + row%rows*in.Row }

// gather is load row by row.
func (c *core) gather(i, lo, hi int) {
	in, dst := &c.in[i], c.room(i)[:hi-lo]
	rows, cols := c.rows, c.cols
	if in.Row == 0 && in.Col == 0 { // a number for each matrix
		rows, cols = 1, rows*cols
	}
	row, col := lo/cols, lo%cols
	z, r := row/rows, row%rows
	if in.Row == 1 && in.Col == 0 && col == 0 && len(dst)%cols == 0 && (in.Batch == rows || z == 0 && r+len(dst)/cols <= rows) {
		spreadRows(dst, in.data[row:][:len(dst)/cols], cols)
		return
	}
	for len(dst) > 0 {
		part := dst[:min(len(dst), cols-col)]
		if from := in.data[z*in.Batch+r*in.Row:]; in.Col == 1 {
			copy(part, from[col:])
		} else {
			fill(part, from[0])
		}
		dst, col = dst[len(part):], 0
		if r++; r == rows {
			z, r = z+1, 0
		}
	}
}

func fill(dst []float32, x float32) {
	for i := fillVector(dst, x); i < len(dst); i++ {
		dst[i] = x
	}
}
