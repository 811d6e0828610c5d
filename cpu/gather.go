package cpu

import "hebb/compute"

func gather(g compute.Gather) {
	_, m, n, cols := g.Dims()
	out, x, rows := values(g.Out), values(g.X), values(g.Rows)
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
