package data

import (
	"math"
	"math/rand/v2"
)

// A stream is the random numbers of one (seed, epoch, index).
type stream struct {
	pcg rand.PCG
	*rand.Rand
}

func newStream() *stream {
	s := new(stream)
	s.Rand = rand.New(&s.pcg)
	return s
}

// ofOrder is the index of the stream that an epoch's order is drawn from; the others are examples.
const ofOrder = math.MaxUint64

// at goes to the start of a stream. The state of PCG is 128 bits, and two streams must not share one:
// mix is one to one, so high differs between the epochs of a seed, and low between its indices.
func (s *stream) at(seed, epoch, index uint64) {
	high := mix(mix(seed) + epoch)
	s.pcg.Seed(high, mix(high+index))
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood 2014), which spreads what differs in few
// bits over all.
func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// permute fills order with the epoch's permutation of 0 … n−1 (Fisher and Yates).
func (s *stream) permute(order []int, seed, epoch uint64) {
	for i := range order {
		order[i] = i
	}
	s.at(seed, epoch, ofOrder)
	s.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
}
