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
	for z := lo; z < hi; z++ {
		parents(out[z*n:][:n], weights[z*n:][:n], float32(r.Cut(start[z])))
	}
}

// parents draws the parents of a row of weights w, from the start u.
func parents(out, w []float32, u float32) {
	n, total := float32(len(w)), float32(0)
	for _, x := range w {
		if x > 0 {
			total += x
		}
	}
	if !(total > 0 && n*total <= math.MaxFloat32) {
		fill(out, -1)
		return
	}
	i, place, c := 0, u*total, float32(0)
	for j, x := range w {
		if x > 0 {
			c += x
		}
		edge := n * c
		if j == len(w)-1 {
			edge = float32(math.Inf(1)) // which no rounding hides
		}
		for ; i < len(out) && place < edge; place = (float32(i) + u) * total {
			out[i] = float32(j)
			i++
		}
	}
}
