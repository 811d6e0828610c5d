package local_test

import (
	"math"
	"slices"
)

// A matrix is rows.
type matrix [][]float64

// table is the n×n matrix of f.
func table(n int, f func(i, j int) float64) matrix {
	m := make(matrix, n)
	for i := range m {
		m[i] = make([]float64, n)
		for j := range m[i] {
			m[i][j] = f(i, j)
		}
	}
	return m
}

// inverted is a⁻¹ by Gauss and Jordan, with pivots.
func inverted(a matrix) matrix {
	n := len(a)
	w := make(matrix, n)
	for i := range w {
		w[i] = append(slices.Clone(a[i]), make([]float64, n)...)
		w[i][n+i] = 1
	}
	for c := range n {
		best := c
		for r := c; r < n; r++ {
			if math.Abs(w[r][c]) > math.Abs(w[best][c]) {
				best = r
			}
		}
		w[c], w[best] = w[best], w[c]
		for j, d := 0, w[c][c]; j < 2*n; j++ {
			w[c][j] /= d
		}
		for r := range n {
			if f := w[r][c]; r != c && f != 0 {
				for j := range w[r] {
					w[r][j] -= f * w[c][j]
				}
			}
		}
	}
	return table(n, func(i, j int) float64 { return w[i][n+j] })
}
