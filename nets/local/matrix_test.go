package local_test

import (
	"slices"

	"gonum.org/v1/gonum/mat"
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

// inverted is a⁻¹.
func inverted(a matrix) matrix {
	n := len(a)
	var inverse mat.Dense
	if err := inverse.Inverse(mat.NewDense(n, n, slices.Concat(a...))); err != nil {
		panic(err)
	}
	return table(n, inverse.At)
}
