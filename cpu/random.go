package cpu

import (
	"math"

	"hebb/compute"
)

// randomWork is the work of a block of numbers.
const randomWork = 64

func random(r compute.Random) {
	parts, n := r.Dims()
	each := blocks(n, r.Law.PerBlock())
	if parts*each*randomWork <= alone {
		randomBlocks(r, 0, parts*each)
		return
	}
	chunks(parts*each, fair(parts*each, 1<<12), func(lo, hi int) { randomBlocks(r, lo, hi) })
}

// randomParts draws parts lo … hi.
func randomParts(r compute.Random, lo, hi int) {
	_, n := r.Dims()
	each := blocks(n, r.Law.PerBlock())
	randomBlocks(r, lo*each, hi*each)
}

// randomBlocks draws blocks lo … hi of the generators of all parts.
func randomBlocks(r compute.Random, lo, hi int) {
	out := values(r.Out)
	_, n := r.Dims()
	per := r.Law.PerBlock()
	each := blocks(n, per)
	part, block := lo/each, lo%each
	fill := singles
	switch r.Law.Distribution {
	case compute.NormalLaw:
		fill = normals
	case compute.BetaLaw:
		fill = betas
	}
	for ; lo < hi; part, block = part+1, 0 {
		blocks := min(hi-lo, each-block)
		fill(out[part*n:][per*block:min(n, per*(block+blocks))], uint64(block), r.Stream, r.Seed+uint64(part), r.Law)
		lo += blocks
	}
}

// singles fills dst, from the generator's block on, with numbers that are made of a word each.
func singles(dst []float32, block, stream, seed uint64, l compute.Law) {
	var room [256]uint32
	for ; len(dst) > 0; block += uint64(len(room) / 4) {
		n := min(len(dst), len(room))
		wordsOf(room[:blocks(n, 4)*4], block, stream, seed)
		if l.Distribution == compute.BernoulliLaw {
			below, b := l.Threshold(), math.Float32bits(l.B)
			for i, w := range room[:n] { // without a branch, which would be taken at random
				dst[i] = math.Float32frombits(b & uint32((uint64(w)-below)>>32))
			}
		} else {
			for i, w := range room[:n] {
				dst[i] = float32((l.B-l.A)*(float32(w>>8)*0x1p-24)) + l.A
			}
		}
		dst = dst[n:]
	}
}

// wordsOf fills to with the words of whole blocks, from a block on.
func wordsOf(to []uint32, block, stream, seed uint64) {
	for i := wordsVector(to, block, stream, seed); i < len(to); i += 4 {
		w := philox(block+uint64(i/4), stream, seed)
		copy(to[i:], w[:])
	}
}

// normals fills dst from the generator's block on.
func normals(dst []float32, block, stream, seed uint64, l compute.Law) {
	i := normalsVector(dst, block, stream, seed, float64(l.A), float64(l.B))
	for ; i < len(dst); i += 4 {
		var x [4]float32
		w := philox(block+uint64(i/4), stream, seed)
		for k := 0; k < 4; k += 2 {
			x[k], x[k+1] = normalPair(w[k], w[k+1], float64(l.A), float64(l.B))
		}
		copy(dst[i:], x[:])
	}
}

// betas fills dst from the generator's block on.
func betas(dst []float32, block, stream, seed uint64, l compute.Law) {
	var room, rest [256]float32 // cos², 1 − q
	exponent := float32(l.Exponent())
	for ; len(dst) > 0; block += uint64(len(room) / 2) {
		now := min(len(dst), len(room))
		q, cos := dst[:now], room[:now]
		i := betaPartsVector(q, cos, block, stream, seed)
		for ; i < now; i += 2 {
			w := philox(block+uint64(i/2), stream, seed)
			for k := range min(2, now-i) {
				q[i+k], cos[i+k] = unitOf(w[2*k]), squaredCosine(w[2*k+1])
			}
		}
		log(q, q)
		scale(q, q, exponent)
		exp(q, q)
		p := rest[:now]
		scale(p, q, -1)
		shift(p, p, 1)
		times(p, p, cos)
		add(q, q, p)
		dst = dst[now:]
	}
}

// philox returns block n of a stream of Philox 4×32-10 (Salmon, Moraes, Dror, Shaw 2011).
func philox(n, stream, seed uint64) [4]uint32 {
	c0, c1, c2, c3 := uint32(n), uint32(n>>32), uint32(stream), uint32(stream>>32)
	k0, k1 := uint32(seed), uint32(seed>>32)
	for range 10 {
		a, b := uint64(c0)*0xD2511F53, uint64(c2)*0xCD9E8D57
		c0, c1, c2, c3 = uint32(b>>32)^c1^k0, uint32(b), uint32(a>>32)^c3^k1, uint32(a)
		k0 += 0x9E3779B9
		k1 += 0xBB67AE85
	}
	return [4]uint32{c0, c1, c2, c3}
}
