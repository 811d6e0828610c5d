package cpu

// Products of small members: a member is done by one core in one go, with nothing packed, cut into tiles or allocated. Each sum
// is added up in the order in which the kernel of large products does, so the bits are the same.

// A member is small if it has at most mostTerms terms in a sum and mostSmall in all.
const mostTerms = 256

var mostSmall = 1 << 14

func small(m, n, k int) bool { return hasSmall() && k <= mostTerms && m*n*k <= mostSmall }

// small computes a product of small members: on one core, or where that would take longer than others take to begin, on all.
func (p *product) small() {
	work := p.m * p.n * p.k
	if p.batch*work <= alone {
		p.members(0, p.batch)
		return
	}
	q := *p // p itself does not escape
	chunks(p.batch, max(1, alone/4/work), q.members)
}

// members computes members lo … hi on one core.
func (p *product) members(lo, hi int) {
	a, b, c := stacked(p.A), stacked(p.B), stacked(p.C)
	row, apart := a.stride, 1
	if p.TransA {
		row, apart = apart, row
	}
	byRows := p.TransB && p.k > 1 // a column of B is the row of its transpose
	var sums []float32
	if plain := p.Alpha == 1 && p.Beta == 0; byRows && !plain {
		s := borrow(p.n)
		defer giveBack(s)
		sums = *s
	}
	for z := lo; z < hi; z++ {
		c, a := dense(p.m, p.n, c.data[z*c.step:]), a.data[z*a.step:]
		if byRows {
			p.dots(c, a, row, apart, b.at(z), sums)
		} else {
			combine(c, a, row, apart, dense(p.k, p.n, b.data[z*b.step:]), p.Alpha, p.Beta)
		}
		if !p.then.empty() {
			p.then.finish(c, z*p.m, 0)
		}
	}
}

// dots is C ← α·A·Bᵀ + β·C, with room for a row of sums unless α is 1 and β is 0.
func (p *product) dots(c matrix, a []float32, row, apart int, b matrix, sums []float32) {
	for i := range p.m {
		if sums == nil {
			dots(c.row(i), a[i*row:], apart, b.data, b.stride, p.k)
			continue
		}
		dots(sums, a[i*row:], apart, b.data, b.stride, p.k)
		combine(dense(1, p.n, c.row(i)), one, 0, 0, dense(1, p.n, sums), p.Alpha, p.Beta)
	}
}

var one = []float32{1}

// small computes W ← clip((1−λ)·W + r·Yᵀ·X) of small members, as product.small does.
func (u *update) small() {
	work := u.units * u.inputs * u.n
	if u.batch*work <= alone {
		u.members(0, u.batch)
		return
	}
	v := *u // u itself does not escape
	chunks(u.batch, max(1, alone/4/work), v.members)
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
		combine(c, y.data[z*y.step:], 1, y.stride, dense(u.n, cols, x.data[z*x.step:]), u.rateOf(z), u.keep)
		if u.Bounded() {
			u.clip(c)
		}
	}
}
