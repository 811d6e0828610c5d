package data

import (
	"slices"
	"testing"
)

// TestChecksum: sets of one content have one checksum; any other size, label, value or part is another.
func TestChecksum(t *testing.T) {
	make := func(change func(*Set)) string {
		part := func(n int) *Split {
			p := &Split{Pixels: slices.Repeat([]byte{7}, 6*n), Labels: slices.Repeat([]int{1}, n)}
			return p
		}
		s := &Set{Name: "a name", Height: 2, Width: 3, Channels: 1, Classes: 2, Train: part(2000), Test: part(3)}
		change(s)
		return s.Checksum()
	}
	same := make(func(*Set) {})
	if named := make(func(s *Set) { s.Name, s.ClassNames = "", []string{"cat", "dog"} }); named != same || len(same) != 64 {
		t.Errorf("names change the checksum from %s to %s", same, named)
	}
	seen := map[string]string{same: "the set"}
	for what, change := range map[string]func(*Set){
		"height":       func(s *Set) { s.Height, s.Width = 3, 2 },
		"last label":   func(s *Set) { s.Train.Labels[1999] = 0 },
		"last value":   func(s *Set) { s.Train.Pixels[11999]++ },
		"test value":   func(s *Set) { s.Test.Pixels[0]++ },
		"no test part": func(s *Set) { s.Test = nil },
		"split":        func(s *Set) { s.Train, s.Test = s.Test, s.Train },
		"floats":       func(s *Set) { s.Test.Pixels, s.Test.Floats = nil, slices.Repeat([]float32{7}, 18) },
		"last float":   func(s *Set) { s.Test.Pixels, s.Test.Floats = nil, append(slices.Repeat([]float32{7}, 17), 8) },
	} {
		sum := make(change)
		if other, ok := seen[sum]; ok {
			t.Errorf("%s has the checksum of %s", what, other)
		}
		seen[sum] = what
	}
}
