package compute_test

import "hebb/compute"

// gather looks for each row among all that there are.
func gather(g compute.Gather) {
	batch, m, n, cols := g.Dims()
	clear(data(g.Out))
	for z := range batch {
		x := part(g.X, z, false)
		for i := range m {
			for r := range n {
				for j := 0; j < cols && data(g.Rows)[(z*m+i)%g.Rows.Len()] == float32(r); j++ {
					data(g.Out)[(z*m+i)*cols+j] = x(r, j)
				}
			}
		}
	}
}
