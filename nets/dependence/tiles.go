package dependence

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"hebb/compute"
)

// In a world, kernel matrices are cut into tiles, a block of rows by a block of rows. Blocks go round a ring of the
// processes, and each process computes the tiles of its own rows with each visitor's. What tiles give is added up without
// rounding, so that neither the order in which they meet nor the number of processes matters.

// A lot is rows of a side on the device: those of this process, or a visitor's.
type lot struct {
	*side
	x, a   *compute.Tensor
	lo, hi int // which of all rows
}

func (p *side) own() lot { return lot{p, p.sim.X, p.a, p.lo, p.hi} }

// blocks calls f with each block, by number.
func (l lot) blocks(f func(block int)) {
	for lo := l.lo; lo < l.hi; lo += l.block {
		f(lo / l.block)
	}
}

// view returns the rows of a block, and their number.
func (l lot) view(st *compute.Step, block int) (x *compute.Tensor, n int) {
	lo := block * l.block
	n = min(l.block, l.m-lo)
	return st.View(l.x, (lo-l.lo)*l.Dims, n, l.Dims), n
}

// offsets returns the centring offsets of a block as a column or as a row for each width; of a kernel that has none, zero.
func (l lot) offsets(st *compute.Step, block int, column bool, zero *compute.Tensor) *compute.Tensor {
	if l.a == nil {
		return zero
	}
	lo := block * l.block
	n := min(l.block, l.m-lo)
	from := (lo - l.lo) * l.widths()
	if column {
		return st.View(l.a, from, l.widths(), n, 1)
	}
	return st.View(l.a, from, l.widths(), 1, n)
}

// tile returns the kernel of the rows of one block with those of another, widths × their numbers, in k.
func (p *side) tile(st *compute.Step, k *compute.Tensor, one, other lot, i, j int) *compute.Tensor {
	x, n := one.view(st, i)
	y, m := other.view(st, j)
	if i == j {
		y = nil // then entries on the diagonal are exactly 1
	}
	k = st.View(k, 0, p.widths(), n, m)
	st.Do(compute.Gram{K: k, X: x, Y: y, Kernel: p.sim.Kernel, Sigma: p.sim.Sigma, PerDim: p.PerDim})
	return k
}

// perRow is how many numbers of a row go round.
func (p *side) perRow() int {
	if p.a == nil {
		return p.Dims
	}
	return p.Dims + p.widths()
}

// packed returns the rows here of sides, and their offsets, as the device has them.
func packed(dev *compute.Device, sides []*side) (all []float32, each int, err error) {
	err = dev.Step(func(st *compute.Step) error {
		for _, p := range sides {
			each += p.perRow()
		}
		n := sides[0].here()
		all = make([]float32, n*each)
		at := 0
		next := func(t *compute.Tensor, n int) {
			if n > 0 {
				st.Read(st.View(t, 0, n), all[at:at+n])
			}
			at += n
		}
		for _, p := range sides {
			next(p.sim.X, n*p.Dims)
			if p.a != nil {
				next(p.a, n*p.widths())
			}
		}
		return nil
	})
	return all, each, err
}

// lots puts a visitor's rows of sides on the device.
func lots(st *compute.Step, sides []*side, rank int, theirs []float32) (all []lot) {
	mine := rank == sides[0].rank()
	lo, hi := sides[0].of(rank)
	var t *compute.Tensor
	if !mine && hi > lo {
		t = st.Tensor(len(theirs))
		st.Write(t, theirs)
	}
	at := 0
	for _, p := range sides {
		l := p.own()
		if !mine && hi > lo {
			l = lot{side: p, x: st.View(t, at, (hi-lo)*p.Dims), lo: lo, hi: hi}
			if p.a != nil {
				l.a = st.View(t, at+(hi-lo)*p.Dims, (hi-lo)*p.widths())
			}
		}
		l.lo, l.hi = lo, hi
		at += (hi - lo) * p.perRow()
		all = append(all, l)
	}
	return all
}

// tiledSums computes rows, as sums: each process meets the rows of all others.
func (p *side) tiledSums(ctx context.Context, dev *compute.Device) error {
	n, sides := p.here(), []*side{p}
	sums := make([]exact, p.widths()*n)
	mine, each, err := packed(dev, sides)
	if err = p.agree(err); err != nil {
		return err
	}
	err = p.ring(p.size()-1, each, mine, func(rank int, theirs []float32) error {
		return dev.Step(func(st *compute.Step) error {
			own, visitor := p.own(), lots(st, sides, rank, theirs)[0]
			k := st.Tensor(p.widths(), p.block, p.block)
			out := newRowsOut(st, visitor, p.widths())
			own.blocks(func(i int) {
				visitor.blocks(func(j int) {
					if cause(ctx) == nil {
						t := p.tile(st, k, own, visitor, i, j)
						st.Do(compute.Reduce{Out: out.next(t, false), In: []*compute.Tensor{t}, Along: compute.AlongCols, Alpha: 1})
					}
				})
				out.read(func(w, r int, v float32, _ bool) { sums[w*n+i*p.block-p.lo+r].add(v, false) })
			})
			return cmp.Or(cause(ctx), out.err)
		})
	})
	for i, e := range sums {
		p.rows[i/n][i%n] = e.float64()
	}
	return err
}

// A rowsOut takes sums along the rows of tiles, which are read some at a time: a read waits for the device.
type rowsOut struct {
	st     *compute.Step
	t      *compute.Tensor // tiles × widths × rows of a block
	widths int
	tiles  []int  // rows of each
	twice  []bool // each counts twice
	err    error
}

// newRowsOut has room for the tiles of one block with all of a lot.
func newRowsOut(st *compute.Step, l lot, widths int) *rowsOut {
	return &rowsOut{st: st, t: st.Tensor(1+(l.hi-l.lo)/l.block, widths*l.block), widths: widths}
}

// next is where the sums of a tile go.
func (o *rowsOut) next(tile *compute.Tensor, twice bool) *compute.Tensor {
	rows := tile.Rows()
	o.tiles, o.twice = append(o.tiles, rows), append(o.twice, twice)
	return o.st.View(o.t, (len(o.tiles)-1)*o.t.Cols(), o.widths*rows)
}

// read calls f with all sums.
func (o *rowsOut) read(f func(w, row int, v float32, twice bool)) {
	if len(o.tiles) > 0 && o.st.Err() == nil {
		all := read(o.st, o.st.View(o.t, 0, len(o.tiles)*o.t.Cols()))
		for i, rows := range o.tiles {
			sums := all[i*o.t.Cols():][:o.widths*rows]
			if o.err = cmp.Or(o.err, finite(sums)); o.err != nil {
				return
			}
			for e, v := range sums {
				f(e/rows, e%rows, v, o.twice[i])
			}
		}
	}
	o.tiles, o.twice = o.tiles[:0], o.twice[:0]
}

// finite reports a number that cannot be added up.
func finite(all []float32) error {
	for _, v := range all {
		if math.IsInf(float64(v), 0) || v != v {
			return fmt.Errorf("the device made a sum of %g of finite numbers", v)
		}
	}
	return nil
}

// products are the entries of two kernels less their means, multiplied.
var products = compute.Formula("(k - ai - aj) * (l - bi - bj)", "k", "l", "ai", "aj", "bi", "bj")

// tiledTrace is trace in a world. Kernels are symmetric: tiles above the diagonal count twice, and their mirror images are
// left out.
func tiledTrace(ctx context.Context, dev *compute.Device, a, b *side) ([]float64, error) {
	sides := []*side{a, b}
	if a == b {
		sides = sides[:1]
	}
	sums := make([]exact, a.widths())
	mine, each, err := packed(dev, sides)
	if err = a.agree(err); err != nil {
		return nil, err
	}
	err = a.ring(a.size()/2, each, mine, func(rank int, theirs []float32) error {
		return dev.Step(func(st *compute.Step) error {
			own, visitor := lots(st, sides, a.rank(), nil), lots(st, sides, rank, theirs)
			k, l, zero := st.Tensor(a.widths(), a.block, a.block), (*compute.Tensor)(nil), st.Tensor(1)
			st.Write(zero, []float32{0})
			if a != b {
				l = st.Tensor(b.widths(), a.block, a.block)
			}
			out := newRowsOut(st, visitor[0], a.widths())
			own[0].blocks(func(i int) {
				visitor[0].blocks(func(j int) {
					if !a.meets(rank, i, j) || cause(ctx) != nil {
						return
					}
					one, other, i, j := own, visitor, i, j
					if i > j { // the tile is the same on either process
						one, other, i, j = visitor, own, j, i
					}
					in := make([]*compute.Tensor, 2, 6)
					in[0] = a.tile(st, k, one[0], other[0], i, j)
					if in[1] = in[0]; a != b {
						in[1] = b.tile(st, l, one[1], other[1], i, j)
					}
					for s := range 2 {
						s = min(s, len(sides)-1)
						in = append(in, one[s].offsets(st, i, true, zero), other[s].offsets(st, j, false, zero))
					}
					st.Do(compute.Reduce{Out: out.next(in[0], i != j), In: in, F: products, Along: compute.AlongCols, Alpha: 1})
				})
				out.read(func(w, _ int, v float32, twice bool) { sums[w].add(v, twice) })
			})
			return cmp.Or(cause(ctx), out.err)
		})
	})
	if err != nil {
		return nil, err
	}
	return a.total(sums)
}

// meets reports whether this process computes the tile of block i, its own, with block j of a rank. Two processes on
// opposite sides of the ring meet twice, and take turns.
func (s *share) meets(rank, i, j int) bool {
	switch {
	case rank == s.rank():
		return i <= j
	case 2*((s.rank()-rank+s.size())%s.size()) == s.size():
		return (i+j)%2 == 0 == (s.rank() < rank)
	}
	return true
}

// mostCovariances is how many entries of XᵀY are added up at a time.
const mostCovariances = 1 << 18

// tiledCovariances is covariances in a world: XᵀY is added up over blocks of rows, some columns of X at a time.
func tiledCovariances(ctx context.Context, dev *compute.Device, a, b *side) ([]float64, error) {
	sum := 0.0
	width := max(1, mostCovariances/b.Dims)
	for lo := 0; lo < a.Dims; lo += width {
		d := min(width, a.Dims-lo)
		sums := make([]exact, d*b.Dims)
		err := dev.Step(func(st *compute.Step) (err error) {
			x, c := st.Tensor(a.block, d), st.Tensor(d, b.Dims)
			row, part := make([]float32, a.Dims), make([]float32, a.block*d)
			b.own().blocks(func(i int) {
				y, n := b.own().view(st, i)
				if cause(ctx) != nil || st.Err() != nil || err != nil {
					return
				}
				for r := range n {
					a.scaled(row, i*a.block-a.lo+r)
					copy(part[r*d:], row[lo:lo+d])
				}
				st.Write(st.View(x, 0, n, d), part[:n*d])
				st.Do(compute.Gemm{C: c, A: st.View(x, 0, n, d), B: y, TransA: true, Epilogue: compute.Epilogue{Alpha: 1}})
				all := read(st, c)
				if err = finite(all); err != nil {
					return
				}
				for e, v := range all {
					sums[e].add(v, false)
				}
			})
			return cmp.Or(cause(ctx), err)
		})
		if err = a.agree(err); err != nil {
			return nil, err
		}
		all, err := a.total(sums)
		if err != nil {
			return nil, err
		}
		for _, v := range all {
			sum += v * v
		}
	}
	return []float64{sum}, nil
}

// redeal is permute in a world: each process gets the rows that come to lie at its places.
func (p *side) redeal(st *compute.Step, order []int) error {
	n, each := p.here(), p.perRow()
	x, means := make([]float32, n*p.Dims), make([]float32, n*(each-p.Dims))
	var offset func(w, i int) float32
	if p.a != nil {
		offset = p.offsets()
	}
	if err := p.agree(st.Err()); err != nil {
		return err
	}
	err := p.deal(deal{items: p.m, each: each,
		row: func(k int) int { return order[k] },
		to:  p.owner,
		read: func(dst []float32, i int) {
			p.scaled(dst[:p.Dims], i)
			for w := range dst[p.Dims:] {
				dst[p.Dims+w] = offset(w, i)
			}
		},
		take: func(k int, values []float32) {
			copy(x[(k-p.lo)*p.Dims:], values[:p.Dims])
			copy(means[(k-p.lo)*(each-p.Dims):], values[p.Dims:])
		},
	})
	if err != nil || n == 0 {
		return err
	}
	st.Write(st.View(p.sim.X, 0, n*p.Dims), x)
	if p.a != nil {
		p.writeOffsets(st, func(w, i int) float32 { return means[i*p.widths()+w] })
	}
	return nil
}
