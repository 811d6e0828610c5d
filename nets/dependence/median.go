package dependence

import (
	"context"
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
func median(ctx context.Context, s Samples, seed uint64) (float64, error) {
	var all []float64
	_, _, exp := centre(s)
	look := func(i, j int) {
		sum := 0.0
		for k, v := range s.row(i) {
			d := math.Ldexp(v-s.row(j)[k], -exp)
			sum += d * d
		}
		if sum > 0 {
			all = append(all, math.Ldexp(math.Sqrt(sum), exp))
		}
	}
	if s.Rows*(s.Rows-1)/2 <= mostPairs {
		for i := range s.Rows {
			if err := cause(ctx); err != nil {
				return 0, err
			}
			for j := range i {
				look(i, j)
			}
		}
	} else {
		rnd := rand.New(rand.NewPCG(seed, pairStream))
		for range mostPairs {
			if err := cause(ctx); err != nil {
				return 0, err
			}
			i, j := rnd.IntN(s.Rows), rnd.IntN(s.Rows-1)
			if j >= i {
				j++
			}
			look(i, j)
		}
	}
	if len(all) == 0 {
		return 0, inputf("%s has no two different rows among %d pairs of which the median of distances is sought: give a width", s.Name, mostPairs)
	}
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2, nil
}
