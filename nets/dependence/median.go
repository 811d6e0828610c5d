package dependence

import (
	"context"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
)

// Streams of random numbers of [Options.Seed].
const (
	pairStream = iota
	permutationStream
)

// mostPairs is the largest number of pairs that [median] takes.
const mostPairs = 1 << 16

// median returns the width of a Gaussian kernel by the median heuristic, see [Kernel].
func (h *share) median(ctx context.Context, s Samples, seed uint64) (float64, error) {
	var all []float64
	_, _, exp := h.centre(s)
	look := func(one, other []float64) {
		sum := 0.0
		for k, v := range one {
			d := math.Ldexp(v-other[k], -exp)
			sum += d * d
		}
		if sum > 0 {
			all = append(all, math.Ldexp(math.Sqrt(sum), exp))
		}
	}
	if err := h.pairs(ctx, s, seed, look); err != nil {
		return 0, err
	}
	all = slices.Concat(h.gather(all)...)
	switch {
	case h.err != nil:
		return 0, h.err
	case len(all) == 0:
		return 0, inputf("%s has no two different rows among %d pairs of which the median of distances is sought: give a width",
			s.Name, mostPairs)
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2, nil
}

// pairs calls look with both rows of each pair of which this process has the first. The others come from those that have
// them.
func (h *share) pairs(ctx context.Context, s Samples, seed uint64, look func(one, other []float64)) error {
	some := make([][2]int, 0, 1+min(mostPairs, s.Rows/32)) // so few that what comes is little beside the rows here
	for i, j := range pairsOf(s.Rows, seed) {
		if h.world == nil {
			if err := cause(ctx); err != nil {
				return err
			}
		}
		if at := h.owner(i); at == h.owner(j) {
			if at == h.rank() {
				look(s.row(i-h.lo), s.row(j-h.lo))
			}
			continue
		}
		if some = append(some, [2]int{i, j}); len(some) == cap(some) {
			if err := h.fetch(ctx, s, some, look); err != nil {
				return err
			}
			some = some[:0]
		}
	}
	return h.fetch(ctx, s, some, look)
}

// fetch is pairs of a few pairs.
func (h *share) fetch(ctx context.Context, s Samples, some [][2]int, look func(one, other []float64)) error {
	if err := h.agree(cause(ctx)); err != nil || h.world == nil {
		return err
	}
	other := make([]float64, s.Dims)
	return h.deal(deal{items: len(some), each: limbs * s.Dims,
		row: func(k int) int { return some[k][1] },
		to:  func(k int) int { return h.owner(some[k][0]) },
		read: func(dst []float32, i int) {
			for k, v := range s.row(i) {
				putUint64(dst[limbs*k:], math.Float64bits(v))
			}
		},
		take: func(k int, values []float32) {
			for k := range other {
				other[k] = math.Float64frombits(uint64Of(values[limbs*k:]))
			}
			look(s.row(some[k][0]-h.lo), other)
		},
	})
}

// pairsOf are the pairs of m rows of which the median is taken.
func pairsOf(m int, seed uint64) iter.Seq2[int, int] {
	return func(yield func(i, j int) bool) {
		if m*(m-1)/2 <= mostPairs {
			for i := range m {
				for j := range i {
					if !yield(i, j) {
						return
					}
				}
			}
			return
		}
		rnd := rand.New(rand.NewPCG(seed, pairStream))
		for range mostPairs {
			i, j := rnd.IntN(m), rnd.IntN(m-1)
			if j >= i {
				j++
			}
			if !yield(i, j) {
				return
			}
		}
	}
}
