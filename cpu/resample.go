package cpu

import (
	"math"

	"hebb/compute"
)

func resample(r compute.Resample) {
	rows, n := r.Dims()
	chunks(rows, max(1, 1<<13/n), func(lo, hi int) { resampleRows(r, lo, hi) })
}

// resampleRows draws the parents of rows lo … hi.
func resampleRows(r compute.Resample, lo, hi int) {
	_, n := r.Dims()
	out, weights, start := values(r.Out), values(r.Weights), values(r.Start)
	scratch := borrow(n)
	defer giveBack(scratch)
	before := make([]int32, n+2)
	for z := lo; z < hi; z++ {
		parents(out[z*n:][:n], weights[z*n:][:n], float32(r.Cut(start[z])), *scratch, before)
	}
}

// parents draws the parents of a row of weights from the start u. The parent of particle i is the number of edges that do not
// lie behind its place: so that no branch depends on chance. before is of len(out) + 2 zeros, and remains so.
func parents(out, weights []float32, u float32, w []float32, before []int32) {
	clear(w)
	larger(w, w, weights) // weights below 0, and NaN, become 0
	n, total := float32(len(w)), sum(w)
	if !(total >= 0x1p-126 && n*total <= math.MaxFloat32) {
		fill(out, -1)
		return
	}
	if alike(w) {
		for i := range out {
			out[i] = float32(i)
		}
		return
	}
	scaling, c := 1/total, float32(0)
	for _, x := range w[:len(w)-1] {
		c += x
		edge := n * c
		k := int32(float32(edge*scaling) - u) // within two below the first particle that does not lie before the edge
		k += int32(math.Float32bits(float32((float32(k)+u)*total)-edge) >> 31)
		k += int32(math.Float32bits(float32((float32(k)+u)*total)-edge) >> 31)
		before[min(int(k), len(before)-1)]++
	}
	parent := int32(0)
	for i := range out {
		parent += before[i]
		out[i] = float32(parent)
	}
	clear(before)
}

// alike reports whether all weights are equal.
func alike(w []float32) bool {
	for _, x := range w {
		if x != w[0] {
			return false
		}
	}
	return true
}
