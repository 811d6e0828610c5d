package dependence

import (
	"cmp"
	"encoding/binary"
	"math"

	"hebb/nets/spread"
)

// A share is what this process has of the rows: all of them or, in a world, those of a range of blocks. Blocks have a size
// that depends on the number of rows alone, so that what is added up by blocks does not depend on the number of processes.
type share struct {
	world  spread.World // nil: all rows are here, as one block
	m      int          // rows of all processes
	block  int          // rows of a block; the last may be shorter
	lo, hi int          // the rows here
	err    error        // the first of the world
}

// The size of a block is the power of two next above m/64, within these limits.
const (
	leastBlock = 16
	mostBlock  = 512
)

func newShare(m int, w spread.World) *share {
	if w == nil {
		return &share{m: m, block: max(1, m), hi: m}
	}
	s := &share{world: w, m: m, block: leastBlock}
	for s.block < mostBlock && 64*s.block < m {
		s.block *= 2
	}
	s.lo, s.hi = s.of(w.Rank())
	return s
}

// Range returns the rows [lo, hi) of m that this process has in a world, see [Options.World].
func Range(m int, w spread.World) (lo, hi int) {
	s := newShare(m, w)
	return s.lo, s.hi
}

func (s *share) blocks() int { return (s.m + s.block - 1) / s.block }

// here is the number of rows here.
func (s *share) here() int { return s.hi - s.lo }

func (s *share) rank() int {
	if s.world == nil {
		return 0
	}
	return s.world.Rank()
}

func (s *share) size() int {
	if s.world == nil {
		return 1
	}
	return s.world.Size()
}

// of returns the rows [lo, hi) of a rank.
func (s *share) of(rank int) (lo, hi int) {
	a, b := spread.Parts(s.blocks(), rank, s.size())
	return min(a*s.block, s.m), min(b*s.block, s.m)
}

// owner is the rank that has a row.
func (s *share) owner(row int) int { return ((row/s.block+1)*s.size() - 1) / s.blocks() }

// each calls f for the rows [lo, hi) of each block here, counted from the first row here.
func (s *share) each(f func(lo, hi int)) {
	for lo := 0; lo < s.here(); lo += s.block {
		f(lo, min(lo+s.block, s.here()))
	}
}

// agree is [spread.Agree] in a world, and else err.
func (s *share) agree(err error) error {
	if s.err != nil || s.world == nil {
		return cmp.Or(err, s.err)
	}
	return spread.Agree(s.world, err)
}

// gather returns the numbers that each rank gives, by rank.
func (s *share) gather(mine []float64) [][]float64 {
	if s.world == nil {
		return [][]float64{mine}
	}
	var b []byte
	for _, v := range mine {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	if s.err != nil {
		return nil
	}
	all, err := s.world.Share(b)
	if s.err = err; err != nil {
		return nil
	}
	given := make([][]float64, len(all))
	for r, b := range all {
		given[r] = make([]float64, len(b)/8)
		for i := range given[r] {
			given[r][i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
	}
	return given
}

// sums returns n sums over all rows, in float64: over the rows of a block, and then over blocks, in their order. add adds
// row i, counted from the first row here.
func (s *share) sums(n int, add func(to []float64, i int)) []float64 {
	var mine []float64
	s.each(func(lo, hi int) {
		sum := make([]float64, n)
		for i := lo; i < hi; i++ {
			add(sum, i)
		}
		mine = append(mine, sum...)
	})
	total := make([]float64, n)
	for _, blocks := range s.gather(mine) {
		for i, v := range blocks {
			total[i%n] += v
		}
	}
	return total
}

// average is the mean of numbers, one for each row, of which x are those of the rows here.
func (s *share) average(x []float64) float64 {
	return s.sums(1, func(to []float64, i int) { to[0] += x[i] })[0] / float64(s.m)
}

// most is the largest of what the ranks give, at least 0.
func (s *share) most(mine float64) (most float64) {
	for _, v := range s.gather([]float64{mine}) {
		most = max(most, v[0])
	}
	return most
}

// total returns sums over all ranks, of as many on each. Each rank adds up some of them, and all get all.
func (s *share) total(sums []exact) (all []float64, err error) {
	const each = limbs * len(exact{})
	send, receive := make([][]float32, s.size()), make([][]float32, s.size())
	lo, hi := spread.Parts(len(sums), s.rank(), s.size())
	for r := range s.size() {
		if r == s.rank() {
			continue
		}
		from, to := spread.Parts(len(sums), r, s.size())
		send[r], receive[r] = make([]float32, each*(to-from)), make([]float32, each*(hi-lo))
		for i, e := range sums[from:to] {
			for k, w := range e {
				putUint64(send[r][each*i+limbs*k:], w)
			}
		}
	}
	if err := s.world.Exchange(send, receive); err != nil {
		return nil, err
	}
	mine := make([]float64, hi-lo)
	for i := range mine {
		sum := sums[lo+i]
		for r := range receive {
			if r != s.rank() {
				var e exact
				for k := range e {
					e[k] = uint64Of(receive[r][each*i+limbs*k:])
				}
				sum.plus(e)
			}
		}
		mine[i] = sum.float64()
	}
	for _, v := range s.gather(mine) {
		all = append(all, v...)
	}
	return all, s.err
}

// ring calls meet with what each rank has, of as many numbers for each of its rows: mine first, and then that of the rank
// before, the one before that, and so on, which each rank hands on to the next. All ranks make as many steps, and all end
// with the first error of any.
func (s *share) ring(steps, each int, mine []float32, meet func(rank int, theirs []float32) error) error {
	size, rank := s.size(), s.rank()
	var spare []float32
	for step := 0; ; step++ {
		from := (rank - step + size) % size
		if err := s.agree(meet(from, mine)); err != nil || step == steps {
			return err
		}
		lo, hi := s.of((from - 1 + size) % size)
		n := each * (hi - lo)
		if cap(spare) < n {
			spare = make([]float32, n)
		}
		send, receive := make([][]float32, size), make([][]float32, size)
		send[(rank+1)%size], receive[(rank-1+size)%size] = mine, spare[:n]
		if err := s.world.Exchange(send, receive); err != nil {
			return err
		}
		mine, spare = spare[:n], mine
	}
}

// A deal gives n numbers of row(k) to the rank to(k), for each k of a list that all ranks know.
type deal struct {
	items, each int
	row, to     func(k int) int
	read        func(dst []float32, i int)    // of row i, counted from the first row here
	take        func(k int, values []float32) // on the rank that gets it, by k
}

func (s *share) deal(d deal) error {
	size, rank := s.size(), s.rank()
	send, receive := make([][]float32, size), make([][]float32, size)
	var sent, got = make([]int, size), make([]int, size)
	s.items(d, func(_, from, to int) {
		if from == rank {
			sent[to] += d.each
		}
		if to == rank {
			got[from] += d.each
		}
	})
	for r := range size {
		if send[r] = make([]float32, sent[r]); r != rank {
			receive[r] = make([]float32, got[r])
		}
		sent[r], got[r] = 0, 0
	}
	s.items(d, func(k, from, to int) {
		if from == rank {
			d.read(send[to][sent[to]:][:d.each], d.row(k)-s.lo)
			sent[to] += d.each
		}
	})
	if err := s.world.Exchange(send, receive); err != nil {
		return err
	}
	receive[rank] = send[rank]
	s.items(d, func(k, from, to int) {
		if to == rank {
			d.take(k, receive[from][got[from]:][:d.each])
			got[from] += d.each
		}
	})
	return nil
}

// items calls f with the ranks that give and get each item, where this is one of them.
func (s *share) items(d deal, f func(k, from, to int)) {
	for k := range d.items {
		if from, to := s.owner(d.row(k)), d.to(k); from == s.rank() || to == s.rank() {
			f(k, from, to)
		}
	}
}
