package cpu

import (
	"runtime"
	"slices"

	"hebb/compute"
)

// A stretch is a sequence of ops that were put off, see [compute.Windower]. A core takes some members through all of it before
// it takes the next.
type stretch struct {
	members int
	ops     []portion
	touched []*buffer
	work    int // elements and products in all
	memory  int // floats of all members
	of      uses
}

// A portion is an op that can be done for some members alone.
type portion struct {
	do   func(lo, hi int) // members lo … hi, on one core
	done func()           // gives back what the op has borrowed; nil: nothing
}

// A span is a range of a buffer that ops of a stretch use: member z's part is from·z/members on, or all of it is every member's.
type span struct {
	off, n int
	shared bool
	write  bool
}

func (s span) meets(t span) bool { return s.off < t.off+t.n && t.off < s.off+s.n }

// apart reports whether members that run at different times may use both.
func (s span) apart(t span) bool {
	return !s.meets(t) || !s.write && !t.write || s.off == t.off && s.n == t.n && !s.shared && !t.shared
}

// mostOps and mostWork bound what is put off: enough to hide the cost of a stretch, little enough that nobody waits long.
const mostOps, mostWork = 1024, 1 << 28

// nearCache is the number of floats that a core's second level of cache holds beside other things.
const nearCache = 1 << 18

// Window sets the number of members.
func (b *backend) Window(members int) {
	if members != b.put.members {
		b.flush()
		b.put.members = members
	}
}

// putOff adds op to the stretch, or reports that it cannot be.
func (b *backend) putOff(op compute.Op) bool {
	s := &b.put
	if s.members < 2 || b.timed != nil {
		return false
	}
	if s.add(op) {
		if len(s.ops) >= mostOps || s.work >= mostWork {
			b.flush()
		}
		return true
	}
	if len(s.ops) == 0 {
		return false
	}
	b.flush() // it may be in the way of those before it
	return s.add(op)
}

// flush runs the ops that were put off.
func (b *backend) flush() {
	s := &b.put
	if len(s.ops) == 0 {
		s.forget()
		return
	}
	each := s.members
	if s.work > alone {
		cores, fit := runtime.GOMAXPROCS(0), max(1, nearCache/max(1, s.memory/s.members))
		rounds := max(1, (s.members+cores*fit/2)/(cores*fit)) // as near as may be, so that no core has more to do than others
		each = blocks(s.members, cores*rounds)
	}
	chunks(s.members, each, func(lo, hi int) {
		for _, op := range s.ops {
			op.do(lo, hi)
		}
	})
	for _, op := range s.ops {
		if op.done != nil {
			op.done()
		}
	}
	s.forget()
}

// forget empties s.
func (s *stretch) forget() {
	for _, b := range s.touched {
		b.spans = b.spans[:0]
	}
	clear(s.ops)
	clear(s.touched)
	s.ops, s.touched, s.work, s.memory = s.ops[:0], s.touched[:0], 0, 0
}

// A use is an operand of an op that is added, with its span.
type use struct {
	buf *buffer
	span
}

// uses collects the operands of an op.
type uses struct {
	members int
	all     []use
	ok      bool
}

func (s *stretch) uses() *uses {
	s.of = uses{members: s.members, all: s.of.all[:0], ok: true}
	return &s.of
}

func (u *uses) add(t *compute.Tensor, shared, write bool) {
	if t != nil {
		u.all = append(u.all, use{t.Buffer().(*buffer), span{t.Offset(), t.Len(), shared, write}})
		u.ok = u.ok && t.Type() == compute.Float32 && (shared || t.Len()%u.members == 0)
	}
}

// out and in add operands of which each member has a part, common one that every member reads.
func (u *uses) out(t *compute.Tensor)    { u.add(t, false, true) }
func (u *uses) in(t *compute.Tensor)     { u.add(t, false, false) }
func (u *uses) common(t *compute.Tensor) { u.add(t, true, false) }

// batched adds an input with a batch of the op's, or of 1.
func (u *uses) batched(t *compute.Tensor, batch int) {
	if t != nil && t.Batch() == 1 && batch > 1 {
		u.common(t)
		return
	}
	u.in(t)
}

// mostOfMany is the most work of a member where there are several for each core. Where there are fewer, cores better share out
// the work of each.
const mostOfMany = 1 << 17

// most returns the most work of a member that is put off.
func (s *stretch) most() int {
	if s.members < 4*runtime.GOMAXPROCS(0) {
		return mostSmall
	}
	return mostOfMany
}

// admit adds an op with its operands and its work, unless it would get in the way of others, or is large enough to be shared
// out by itself.
func (s *stretch) admit(u *uses, work int, make func() portion) bool {
	if !u.ok || work/s.members > s.most() {
		return false
	}
	for _, x := range u.all {
		for _, y := range x.buf.spans {
			if !x.apart(y) {
				return false
			}
		}
	}
	for _, x := range u.all {
		s.use(x)
	}
	s.ops = append(s.ops, make())
	s.work += work
	return true
}

// use takes note of an operand.
func (s *stretch) use(x use) {
	for i, y := range x.buf.spans {
		if y.off == x.off && y.n == x.n && y.shared == x.shared {
			x.buf.spans[i].write = y.write || x.write
			return
		}
	}
	if len(x.buf.spans) == 0 {
		s.touched = append(s.touched, x.buf)
	}
	x.buf.spans = append(x.buf.spans, x.span)
	if !x.shared {
		s.memory += x.n
	}
}

// add adds an op of one of the kinds that go by members.
func (s *stretch) add(op compute.Op) bool {
	switch op := op.(type) {
	case compute.Gemm:
		return s.addGemm(op)
	case compute.Hebbian:
		return s.addHebbian(op)
	case compute.Map:
		return s.addMap(op)
	case compute.Reduce:
		return s.addReduce(op)
	case compute.Random:
		return s.addRandom(op)
	case compute.SoftmaxLoss:
		return s.addSoftmaxLoss(op)
	case compute.Copy:
		return s.addCopy(op)
	case compute.Deliver:
		return s.addDeliver(op)
	case compute.Plastic:
		return s.addPlastic(op)
	}
	return false
}

func (s *stretch) addGemm(g compute.Gemm) bool {
	p := newProduct(g)
	if p.batch%s.members != 0 || !p.byMembers() {
		return false
	}
	u := s.uses()
	u.out(g.C)
	u.batched(g.A, p.batch)
	u.batched(g.B, p.batch)
	u.in(g.Aux)
	u.in(g.Used)
	if g.Bias != nil && g.Bias.Len() == p.n {
		u.common(g.Bias)
	} else {
		u.in(g.Bias)
	}
	return s.admit(u, p.batch*p.m*p.n*p.k, func() portion {
		each := p.batch / s.members
		return portion{do: func(lo, hi int) { p.members(lo*each, hi*each) }}
	})
}

func (s *stretch) addHebbian(h compute.Hebbian) bool {
	if h.OfImages() || h.Mask != compute.None {
		return false
	}
	batch, units, inputs, n := h.Dims()
	if batch%s.members != 0 || !small(units, inputs, n) {
		return false
	}
	u := s.uses()
	u.out(h.W)
	u.batched(h.Y, batch)
	u.batched(h.X, batch)
	u.in(h.Rates)
	return s.admit(u, batch*units*inputs*n, func() portion {
		p, each := newUpdate(h), batch/s.members
		return portion{do: func(lo, hi int) { p.members(lo*each, hi*each) }}
	})
}

func (s *stretch) addReduce(r compute.Reduce) bool {
	x := r.In[0]
	results, n, _ := r.Dims()
	if r.Along == compute.AlongAll || n*x.Cols() > pieceOfFold || r.Along == compute.AlongRows && x.Batch()%s.members != 0 {
		return false // a result of all members, or of a part that no core takes in one go
	}
	u := s.uses()
	u.out(r.Out)
	u.spread(r.In, x)
	return s.admit(u, x.Len(), func() portion {
		v, out, each := newReduction(r), values(r.Out), results/s.members
		fold := v.fold
		switch {
		case r.Fold == compute.FoldArgMax:
			fold = v.argMaxOf
		case r.Along == compute.AlongRows && x.Cols() > 1:
			fold, each = v.foldMatrices, x.Batch()/s.members
		}
		return portion{func(lo, hi int) { fold(out, lo*each, hi*each) }, v.done}
	})
}

// spread adds the inputs of a formula over a domain.
func (u *uses) spread(in []*compute.Tensor, domain *compute.Tensor) {
	for _, t := range in {
		of := t.SpreadOver(domain)
		batch := domain.Batch()%u.members == 0
		switch {
		case t.Len() == domain.Len() || batch && of.Batch > 0 || !batch && domain.Batch() == 1 && of.Row > 0:
			u.in(t)
		case batch || of.Row == 0 && domain.Batch() == 1:
			u.common(t)
		default:
			u.ok = false
		}
	}
	u.ok = u.ok && (domain.Batch()%u.members == 0 || domain.Batch() == 1 && domain.Rows()%u.members == 0 || elementwise(in, domain))
}

// elementwise reports whether each input has as many elements as the domain, or one.
func elementwise(in []*compute.Tensor, domain *compute.Tensor) bool {
	return !slices.ContainsFunc(in, func(t *compute.Tensor) bool { return t.Len() != domain.Len() && t.Len() != 1 })
}

func (s *stretch) addRandom(r compute.Random) bool {
	if r.Seeds != s.members {
		return false
	}
	u := s.uses()
	u.out(r.Out)
	return s.admit(u, r.Out.Len(), func() portion { return portion{do: func(lo, hi int) { randomParts(r, lo, hi) }} })
}

func (s *stretch) addSoftmaxLoss(l compute.SoftmaxLoss) bool {
	rows, _ := l.Dims()
	u := s.uses()
	for _, t := range []*compute.Tensor{l.Loss, l.Hit, l.Delta} {
		u.out(t)
	}
	u.in(l.Logits)
	u.in(l.Labels)
	return s.admit(u, l.Logits.Len(), func() portion {
		each := rows / s.members
		return portion{do: func(lo, hi int) { softmaxRows(l, lo*each, hi*each) }}
	})
}

// pieces are ranges of an operand each of which the members share out.
type pieces struct {
	all     []span
	members int
}

// each calls f for the part of members lo … hi of each piece.
func (p pieces) each(lo, hi int, f func(from, to int)) {
	for _, s := range p.all {
		f(s.off+s.n*lo/p.members, s.off+s.n*hi/p.members)
	}
}

func (s *stretch) addCopy(c compute.Copy) bool {
	p, ok := s.cut(c.Dst, c.Src)
	return ok && s.admit(&s.of, c.Dst.Len(), func() portion {
		dst, src := values(c.Dst), values(c.Src)
		return portion{do: func(lo, hi int) { p.each(lo, hi, func(from, to int) { copy(dst[from:to], src[from:to]) }) }}
	})
}

func (s *stretch) addMap(m compute.Map) bool {
	if elementwise(m.In, m.Out) {
		return s.addElementwise(m)
	}
	u := s.uses()
	u.out(m.Out)
	u.spread(m.In, m.Out)
	return s.admit(u, m.Out.Len(), func() portion { return mapping(m, pieces{[]span{{n: m.Out.Len()}}, s.members}) })
}

func mapping(m compute.Map, p pieces) portion {
	e, out := newEvaluator(m.F, m.In, m.Out), values(m.Out)
	return portion{func(lo, hi int) { p.each(lo, hi, func(from, to int) { e.part(out, from, to) }) }, e.done}
}

// addElementwise adds a formula each element of which is made of those at its place.
func (s *stretch) addElementwise(m compute.Map) bool {
	whole := []*compute.Tensor{m.Out}
	for _, t := range m.In {
		if t.Len() == m.Out.Len() {
			whole = append(whole, t)
		}
	}
	p, ok := s.cut(whole...)
	for _, t := range m.In {
		if t.Len() != m.Out.Len() {
			s.of.common(t)
		}
	}
	return ok && s.admit(&s.of, m.Out.Len(), func() portion { return mapping(m, p) })
}

// cut adds operands of one length, an output and inputs, to the uses of an op that makes each element of those at its place. The
// op may go over several tensors, each of which the members share out, as an optimiser goes over all weights: it is cut where
// ops before have cut any of its operands.
func (s *stretch) cut(whole ...*compute.Tensor) (p pieces, ok bool) {
	u, n := s.uses(), whole[0].Len()
	cuts := []int{0, n}
	for _, t := range whole {
		if t.Type() != compute.Float32 {
			return p, false
		}
		for _, x := range t.Buffer().(*buffer).spans {
			if from := x.off - t.Offset(); from < n && from+x.n > 0 && !x.shared {
				cuts = append(cuts, max(0, from), min(n, from+x.n))
			}
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	p.members = s.members
	for i, c := range cuts[1:] {
		p.all = append(p.all, span{off: cuts[i], n: c - cuts[i]})
	}
	for i, t := range whole {
		for _, s := range p.all {
			u.all = append(u.all, use{t.Buffer().(*buffer), span{t.Offset() + s.off, s.n, false, i == 0}})
		}
	}
	return p, true
}
