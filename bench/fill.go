package bench

import (
	"hash/fnv"
)

// A filling is a law for the numbers of inputs. Each number is a hash of the case's seed, the input and the element, so
// that a peer in another language makes the same ones to the bit, and they do not depend on which other cases run.
type filling uint8

const (
	// whole numbers from −2 to 2: sums of them have no rounding error, so that a single lost
	// term is seen where the definition is exact.
	whole filling = iota

	// real numbers in [−1, 1), multiples of 2⁻²³.
	real
)

// caseSeed is the seed of a case: of input 0, whose successors have the next ones.
func caseSeed(seed uint64, name string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(name))
	return h.Sum32() ^ uint32(seed) ^ uint32(seed>>32)
}

// fill makes input number role of a case.
func (f filling) fill(dst []float32, seed uint32, role int) {
	stream := mix(seed + uint32(role))
	for i := range dst {
		h := mix(uint32(i)*0x9e3779b9 + stream)
		if f == whole {
			dst[i] = float32(int32(h%5) - 2)
		} else {
			dst[i] = float32(h>>8)*0x1p-23 - 1
		}
	}
}

// mix is lowbias32, a bijection of 32 bits (C. Wellons, "Prospecting for Hash Functions", 2018).
// peers/torch_ops.py has the same.
func mix(x uint32) uint32 {
	x ^= x >> 16
	x *= 0x7feb352d
	x ^= x >> 15
	x *= 0x846ca68b
	return x ^ x>>16
}
