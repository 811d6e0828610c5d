package data

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestFew: of a random order the first examples, as ever; of an order by class, each class's share, the same each time.
func TestFew(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, classes := range []int{2, 3, 10} {
		for _, n := range []int{30, 100, 997} {
			sorted := make([]int, n)
			for i := range sorted {
				sorted[i] = i * classes / n
			}
			random := slices.Clone(sorted)
			rnd.Shuffle(n, func(i, j int) { random[i], random[j] = random[j], random[i] })
			twice := append(slices.Clone(sorted), sorted...) // two sources, one after the other
			for what, labels := range map[string][]int{"sorted": sorted, "random": random, "twice": twice, "backwards": backwards(sorted)} {
				for _, floats := range []bool{false, true} {
					s := made(len(labels), 1, 1, 1, floats)
					s.Classes, s.Train.Labels = classes, labels
					for _, k := range []int{1, 7, n / 2, len(labels) - 1} {
						checkFew(t, fmt.Sprint(what, classes, n, floats, k), s, k, what != "random")
					}
				}
			}
		}
	}
	s := made(6, 1, 1, 1, false)
	for _, labels := range [][]int{{0, 0, 0, 0, 0, 0}, {0, 1, 0, 1, 0, 1}} { // nothing to spread, or nothing amiss
		s.Train.Labels = labels
		checkFew(t, fmt.Sprint(labels), s, 3, false)
	}
	if few, _ := s.Few(s.Train, 0); few != s.Train {
		t.Error("0 is not all")
	}
	if few, _ := s.Few(s.Train, 6); few != s.Train {
		t.Error("6 of 6 is not all")
	}
}

func backwards(x []int) []int {
	x = slices.Clone(x)
	slices.Reverse(x)
	return x
}

// checkFew takes n examples, each class's share of which is to be within one of the exact one where they are spread.
func checkFew(t *testing.T, what string, s *Set, n int, wantSpread bool) {
	t.Helper()
	few, spread := s.Few(s.Train, n)
	again, _ := s.Few(s.Train, n)
	if spread != wantSpread || few.N() != n || !slices.Equal(few.Pixels, again.Pixels) || !slices.Equal(few.Floats, again.Floats) {
		t.Fatalf("%s: %d of %d, spread %t", what, few.N(), s.Train.N(), spread)
	}
	if !spread {
		if !slices.Equal(few.Labels, s.Train.Labels[:n]) {
			t.Errorf("%s: labels %v, want the first", what, few.Labels)
		}
		return
	}
	count, of := map[int]int{}, map[int]int{}
	for _, l := range few.Labels {
		count[l]++
	}
	for _, l := range s.Train.Labels {
		of[l]++
	}
	for _, c := range slices.Sorted(maps.Keys(of)) {
		if exact := float64(n) * float64(of[c]) / float64(s.Train.N()); float64(count[c]) <= exact-1 || float64(count[c]) >= exact+1 {
			t.Errorf("%s: %d of class %d, want about %g", what, count[c], c, exact)
		}
	}
	next := 0 // each is an example of the part, and none is taken twice
	for i, l := range few.Labels {
		for ; next < s.Train.N(); next++ {
			same := s.Train.Labels[next] == l
			if few.Pixels != nil {
				same = same && few.Pixels[i] == s.Train.Pixels[next]
			} else {
				same = same && few.Floats[i] == s.Train.Floats[next]
			}
			if same {
				break
			}
		}
		if next++; next > s.Train.N() {
			t.Fatalf("%s: example %d is none of the part, in its order", what, i)
		}
	}
}
