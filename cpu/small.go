package cpu

// Products of small members: a member is done by one core in one go, with nothing packed, cut into tiles or allocated. Each sum
// is added up in the order in which the kernel of large products does, so the bits are the same.

// A member is small if it has at most mostTerms terms in a sum and mostSmall in all.
const mostTerms = 256

var mostSmall = 1 << 14

// turnRows is the number of rows for which a transposed B is better packed once than gone through for each of them.
const turnRows = 6

func small(m, n, k int) bool { return hasSmall() && k <= mostTerms && m*n*k <= mostSmall }

// eachAlone computes each member on one core: all on this one or, where that would take longer than others take to begin,
// some on each.
func (p *product) eachAlone() {
	work := p.m * p.n * p.k
	if p.batch*work <= 4*alone { // a term is a quarter of an addition to memory
		p.members(0, p.batch)
		return
	}
	q := *p // p itself does not escape
	chunks(p.batch, max(1, alone/work), q.members)
}

// byMembers reports whether members gives the bits that the cores give together.
func (p *product) byMembers() bool {
	return small(p.m, p.n, p.k) || steady() && p.pieces() <= 1
}

// members computes members lo … hi on one core.
func (p *product) members(lo, hi int) {
	a, b, c := stacked(p.A).tIf(p.TransA), stacked(p.B).tIf(p.TransB), stacked(p.C)
	var sums []float32
	if p.TransB && (p.Alpha != 1 || p.Beta != 0) {
		s := borrow(p.n)
		defer giveBack(s)
		sums = *s
	}
	rest, same := float32(0), false
	if p.Used != nil {
		rest, same = p.idle()
	}
	for z := lo; z < hi; z++ {
		c, used := dense(p.m, p.n, c.data[z*c.step:]), p.used(z)
		if used == 0 && same {
			fill(c.data, rest)
			continue
		}
		p.member(c, a.at(z), b.at(z), used, sums)
		if !p.then.empty() {
			p.then.finish(c, z*p.m, 0)
		}
	}
}

// idle returns the number that C consists of where all products are 0, and whether there is one.
func (p *product) idle() (rest float32, same bool) {
	v := [1]float32{}
	activate(p.Act, v[:])
	return v[0], p.Beta == 0 && p.Bias == nil && (p.Aux == nil || v[0] == 0)
}

// used returns how many rows of B count in member z.
func (p *product) used(z int) int {
	all := p.B.Rows()
	if p.Used == nil {
		return all
	}
	return max(0, min(all, int(values(p.Used)[z])))
}

// member is C ← α·A·B + β·C, of the first rows of B, with room for a row of sums unless α is 1 and β is 0.
func (p *product) member(c, a, b matrix, used int, sums []float32) {
	n, k := p.n, p.k
	switch {
	case used == 0:
		p.leave(c, 0)
		return
	case p.TransB:
		n = min(n, blocks(used, 8)*8) // of fewer columns mul may make other bits, and of others it takes longer
		p.leave(c, n)
	default:
		k = used
	}
	if n < p.n || k < p.k {
		a, b, c = a.part(0, 0, p.m, k), b.part(0, 0, k, n), c.part(0, 0, p.m, n)
	}
	row, apart := a.stride, 1
	if p.TransA {
		row, apart = apart, row
	}
	switch {
	case !small(p.m, n, k), p.TransB && p.m >= turnRows && n >= 8:
		mul(p.Alpha, a, b, p.Beta, c)
	case p.TransB && k > 1: // a column of B is the row of its transpose
		p.dots(c, a.data, row, apart, b, sums)
	default:
		b.transposed, b.stride = false, p.n // a single column lies as a row does
		combine(c, a.data, row, apart, b, p.Alpha, p.Beta)
	}
}

// leave makes C, from column n on, what sums of zeros make it.
func (p *product) leave(c matrix, n int) {
	if n == p.n || p.Beta == 1 {
		return
	}
	for i := range p.m {
		if rest := c.row(i)[n:]; p.Beta == 0 {
			clear(rest)
		} else {
			scale(rest, rest, p.Beta)
		}
	}
}

// dots is C ← α·A·B + β·C of a transposed B, with room for a row of sums unless α is 1 and β is 0.
func (p *product) dots(c matrix, a []float32, row, apart int, b matrix, sums []float32) {
	if c.cols < 8 && c.rows >= 8 && apart == 1 {
		p.narrow(c, a, row, b)
		return
	}
	for i := range p.m {
		if sums == nil {
			dots(c.row(i), a[i*row:], apart, b.data, b.stride, b.rows)
			continue
		}
		dots(sums[:c.cols], a[i*row:], apart, b.data, b.stride, b.rows)
		combine(dense(1, c.cols, c.row(i)), one, 0, 0, dense(1, c.cols, sums), p.Alpha, p.Beta)
	}
}

// narrow is dots of few columns: vectors go down the rows of A.
func (p *product) narrow(c matrix, a []float32, row int, b matrix) {
	columns := borrow(c.cols * c.rows)
	defer giveBack(columns)
	for j := range c.cols {
		dots((*columns)[j*c.rows:][:c.rows], b.data[j*b.stride:], 1, a, row, b.rows)
	}
	var sums [8]float32
	for i := range c.rows {
		for j := range c.cols {
			sums[j] = (*columns)[j*c.rows+i]
		}
		if to := c.row(i)[:c.cols]; p.Alpha == 1 && p.Beta == 0 {
			copy(to, sums[:])
		} else {
			combine(dense(1, c.cols, to), one, 0, 0, dense(1, c.cols, sums[:]), p.Alpha, p.Beta)
		}
	}
}

var one = []float32{1}

// small computes W ← clip((1−λ)·W + r·Yᵀ·X) of small members, as product.small does.
func (u *update) small() {
	work := u.units * u.inputs * u.n
	if u.batch*work <= 4*alone {
		u.members(0, u.batch)
		return
	}
	v := *u // u itself does not escape
	chunks(u.batch, max(1, alone/work), v.members)
}

// members computes members lo … hi on one core.
func (u *update) members(lo, hi int) {
	w, y, x := stacked(u.W), stacked(u.Y), stacked(u.X)
	rows, cols := u.units, u.inputs
	if cols == 1 { // a column of W, which is one run
		x, y, rows, cols = y, x, cols, rows
	}
	for z := lo; z < hi; z++ {
		c := dense(rows, cols, w.data[z*w.step:])
		o := u.outcome(z)
		combine(c, y.data[z*y.step:], 1, y.stride, dense(u.n, cols, x.data[z*x.step:]), o.alpha, o.keep)
		o.clip(c)
	}
}
