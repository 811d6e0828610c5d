package cpu

import "hebb/compute"

func gather(g compute.Gather) {
	_, m, n, cols := g.Dims()
	out, x, rows := values(g.Out), values(g.X), values(g.Rows)
	if cols == 1 {
		chunks(g.Out.Batch(), max(1, 1<<14/m), func(lo, hi int) {
			for z := lo; z < hi; z++ {
				from := x[z%g.X.Batch()*n:][:n]
				gatherNumbers(out[z*m:][:m], from, rows[z*m%len(rows):][:m])
			}
		})
		return
	}
	chunks(len(out)/cols, max(1, 1<<15/cols), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			to, row := out[i*cols:][:cols], rows[i%len(rows)]
			if !(0 <= row && row < float32(n)) || row != float32(int(row)) {
				clear(to)
				continue
			}
			z := i / m % g.X.Batch()
			copy(to, x[(z*n+int(row))*cols:])
		}
	})
}

// gatherNumbers is gather of a member with rows of one number.
func gatherNumbers(out, x, rows []float32) {
	same := 0 // rows that are in their places, as those of particles are that were not resampled
	for most := min(len(out), len(x)); same < most && rows[same] == float32(same); {
		same++
	}
	copy(out[:same], x)
	n := uint32(len(x))
	for i := same; i < len(out); i++ {
		row := rows[i]
		if k := int32(row); uint32(k) < n && float32(k) == row {
			out[i] = x[k]
		} else {
			out[i] = 0
		}
	}
}
