package components

import (
	"hebb/nets/data"
)

// Samples are rows of values with a mean of zero.
type Samples struct {
	N, D int
	X    []float32 // N × D
}

// Row returns sample i.
func (s Samples) Row(i int) []float32 { return s.X[i*s.D:][:s.D] }

// Centred returns the first n training examples (0: all) as rows of values, bytes scaled to 0 to 1,
// less their mean: without that the first component is little but the mean image.
func Centred(set *data.Set, n int) Samples {
	part := set.Train
	if n <= 0 || n > part.N() {
		n = part.N()
	}
	s := Samples{N: n, D: set.Values(), X: make([]float32, n*set.Values())}
	if part.Pixels != nil {
		centre(s, part.Pixels, 255)
	} else {
		centre(s, part.Floats, 1)
	}
	return s
}

// centre fills s with (x − mean)/unit, each mean being that of a column.
func centre[T byte | float32](s Samples, x []T, unit float64) {
	sum := make([]float64, s.D)
	for i := range s.N {
		for j, v := range x[i*s.D:][:s.D] {
			sum[j] += float64(v)
		}
	}
	for i := range s.N {
		row := s.Row(i)
		for j, v := range x[i*s.D:][:s.D] {
			row[j] = float32((float64(v) - sum[j]/float64(s.N)) / unit)
		}
	}
}
