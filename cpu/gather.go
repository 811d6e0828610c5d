package cpu

import "hebb/compute"

func gather(g compute.Gather) {
	_, m, n, cols := g.Dims()
	out, x, rows := values(g.Out), values(g.X), values(g.Rows)
	chunks(len(out)/cols, max(1, 1<<15/cols), func(lo, hi int) {
		for z := lo / m; z*m < hi; z++ { // members
			from, to := max(lo, z*m), min(hi, (z+1)*m)
			of := x[z%g.X.Batch()*n*cols:][:n*cols]
			given := rows[from%len(rows):][:to-from]
			if cols == 1 { // a call of copy takes longer
				gatherNumbers(out[from:to], of, given, from-z*m)
				continue
			}
			gatherRows(out[from*cols:to*cols], of, given, n, cols)
		}
	})
}

// gatherRows sets out to the given ones of the n rows of x.
func gatherRows(out, x, rows []float32, n, cols int) {
	for i, row := range rows {
		k, to := int(row), out[i*cols:][:cols]
		if !(0 <= row && row < float32(n)) || row != float32(k) {
			clear(to)
			continue
		}
		copy(to, x[k*cols:])
	}
}

// gatherNumbers sets out, from number at of a member on, to the given ones of the numbers x.
func gatherNumbers(out, x, rows []float32, at int) {
	same := 0 // particles that were not resampled stay in their places
	for most := min(len(out), len(x)-at); same < most && rows[same] == float32(at+same); {
		same++
	}
	if same > 0 {
		copy(out[:same], x[at:])
	}
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
