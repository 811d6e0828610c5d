package components

import (
	"testing"

	"hebb/nets/data"
)

func TestCentred(t *testing.T) {
	for name, part := range map[string]*data.Split{
		"bytes":  {Pixels: []byte{0, 255, 51, 255, 255, 0}, Labels: make([]int, 3)},
		"floats": {Floats: []float32{0, 1, 0.2, 1, 1, 0}, Labels: make([]int, 3)},
	} {
		set := &data.Set{Height: 1, Width: 2, Channels: 1, Train: part}
		s := Centred(set, 2)
		want := []float32{-0.1, 0, 0.1, 0}
		if s.N != 2 || s.D != 2 {
			t.Fatalf("%s: %d samples of %d values", name, s.N, s.D)
		}
		for i, w := range want {
			if s.X[i] != w {
				t.Errorf("%s: value %d is %g, want %g", name, i, s.X[i], w)
			}
		}
		if all := Centred(set, 0); all.N != 3 {
			t.Errorf("%s: 0 takes %d images, want all 3", name, all.N)
		}
	}
}
