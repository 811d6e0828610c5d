package cpu

import (
	"math"

	"hebb/compute"
)

func random(r compute.Random) {
	parts, n := r.Dims()
	each := blocks(n, r.Law.PerBlock())
	chunks(parts*each, 1<<12, func(lo, hi int) { randomBlocks(r, lo, hi) })
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
	if fill := fills[r.Law.Distribution]; fill != nil {
		for ; lo < hi; part, block = part+1, 0 {
			blocks := min(hi-lo, each-block)
			fill(out[part*n:][per*block:min(n, per*(block+blocks))], uint64(block), r.Stream, r.Seed+uint64(part), r.Law)
			lo += blocks
		}
		return
	}
	for range hi - lo {
		x := numbers(r.Law, philox(uint64(block), r.Stream, r.Seed+uint64(part)))
		copy(out[part*n:][4*block:n], x[:])
		if block++; block == each {
			part, block = part+1, 0
		}
	}
}

// fills fill dst from the generator's block on, by law, several blocks at a time.
var fills = map[compute.Distribution]func(dst []float32, block, stream, seed uint64, l compute.Law){
	compute.UniformLaw: uniforms, compute.NormalLaw: normals, compute.BetaLaw: betas,
}

// uniforms fills dst from the generator's block on.
func uniforms(dst []float32, block, stream, seed uint64, l compute.Law) {
	i := uniformsVector(dst, block, stream, seed, l.B-l.A, l.A)
	for ; i < len(dst); i += 4 {
		x := numbers(l, philox(block+uint64(i/4), stream, seed))
		copy(dst[i:], x[:])
	}
}

// normals fills dst from the generator's block on.
func normals(dst []float32, block, stream, seed uint64, l compute.Law) {
	i := normalsVector(dst, block, stream, seed, float64(l.A), float64(l.B))
	for ; i < len(dst); i += 4 {
		x := numbers(l, philox(block+uint64(i/4), stream, seed))
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

// numbers returns the numbers of a block of the generator.
func numbers(l compute.Law, w [4]uint32) (x [4]float32) {
	switch l.Distribution {
	case compute.BernoulliLaw:
		below, b := l.Threshold(), math.Float32bits(l.B)
		for i, w := range w { // without a branch, which would be taken at random
			x[i] = math.Float32frombits(b & uint32((uint64(w)-below)>>32))
		}
	case compute.UniformLaw:
		for i, w := range w {
			x[i] = float32((l.B-l.A)*(float32(w>>8)*0x1p-24)) + l.A
		}
	case compute.NormalLaw:
		for i := 0; i < 4; i += 2 {
			x[i], x[i+1] = normalPair(w[i], w[i+1], float64(l.A), float64(l.B))
		}
	}
	return x
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
