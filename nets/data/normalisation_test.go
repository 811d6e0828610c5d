package data

import (
	"reflect"
	"testing"
)

// TestNormalisation: each name gives what it says.
func TestNormalisation(t *testing.T) {
	s := &Set{Height: 1, Width: 1, Channels: 2, Train: &Split{Pixels: []byte{0, 51, 255, 51}, Labels: []int{0, 1}}}
	half := []float32{0.5, 0.5}
	for name, want := range map[string]Normalise{"signed": {half, half}, "none": {}, "channel": s.Measure()} {
		if got := s.Normalisation(name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	for _, name := range Normalisations[:2] {
		if n := s.Normalisation(name); n.check(2) != nil || reflect.DeepEqual(n, Normalise{}) {
			t.Errorf("%s is %v", name, n)
		}
	}
}
