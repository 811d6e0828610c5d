package cpu

import "hebb/compute"

func gather(g compute.Gather) {
	_, m, n, cols := g.Dims()
	out, x, rows := values(g.Out), values(g.X), values(g.Rows)
	chunks(len(out)/cols, max(1, 1<<15/cols), func(lo, hi int) {
		for z := lo / m; z*m < hi; z++ { // members
			from, to := max(lo, z*m), min(hi, (z+1)*m)
			of := x[z%g.X.Batch()*n*cols:][:n*cols]
			gatherRows(out[from*cols:to*cols], of, rows[from%len(rows):][:to-from], n, cols)
		}
	})
}

// gatherRows sets out to the given ones of the n rows of x.
func gatherRows(out, x, rows []float32, n, cols int) {
	for i, row := range rows {
		k := int(row)
		switch to := out[i*cols:][:cols]; {
		case !(0 <= row && row < float32(n)) || row != float32(k):
			clear(to)
		case cols == 1: // a call of copy takes longer
			to[0] = x[k]
		default:
			copy(to, x[k*cols:])
		}
	}
}
