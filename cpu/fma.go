package cpu

import "hebb/compute"

func fma(f compute.FMA) {
	dst, x := values(f.Out), values(f.X)
	chunks(len(dst), 4032, func(lo, hi int) {
		copy(dst[lo:hi], x[lo:hi])
		chains(dst[lo:hi], f.A, f.B, f.Rounds)
	})
}

// chains is v ← a·v + b, rounds times over. Each step of a chain waits for the last, so several run side by side.
func chains(v []float32, a, b float32, rounds int) {
	v = v[chainsVector(v, a, b, rounds):]
	for ; len(v) >= 8; v = v[8:] {
		w := (*[8]float32)(v)
		v0, v1, v2, v3, v4, v5, v6, v7 := w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]
		for range rounds {
			v0, v1, v2, v3 = a*v0+b, a*v1+b, a*v2+b, a*v3+b
			v4, v5, v6, v7 = a*v4+b, a*v5+b, a*v6+b, a*v7+b
		}
		*w = [8]float32{v0, v1, v2, v3, v4, v5, v6, v7}
	}
	for i := range v {
		for range rounds {
			v[i] = a*v[i] + b
		}
	}
}
