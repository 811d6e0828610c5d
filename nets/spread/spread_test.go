package spread

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// each calls f for all ranks at once and returns what it returned. A rank with an error is closed, and nobody waits for it.
func each(worlds []World, f func(w World) error) []error {
	errs := make([]error, len(worlds))
	var all sync.WaitGroup
	for r, w := range worlds {
		all.Go(func() {
			if errs[r] = f(w); errs[r] != nil {
				w.Close()
			}
		})
	}
	all.Wait()
	return errs
}

// well is each, for what must succeed on all ranks.
func well(t *testing.T, worlds []World, f func(w World) error) {
	t.Helper()
	for r, err := range each(worlds, f) {
		if err != nil {
			t.Fatalf("rank %d of %d: %v", r, len(worlds), err)
		}
	}
}

func TestParts(t *testing.T) {
	for m := range 20 {
		for size := 1; size <= 20; size++ {
			next := 0
			for r := range size {
				lo, hi := Parts(m, r, size)
				if lo != next || hi < lo || hi-lo > (m+size-1)/size || hi-lo < m/size {
					t.Fatalf("Parts(%d, %d, %d) = %d, %d after %d", m, r, size, lo, hi, next)
				}
				next = hi
			}
			if next != m {
				t.Fatalf("%d parts on %d ranks end at %d", m, size, next)
			}
		}
	}
	if lo, hi := Parts(math.MaxInt, 6, 7); hi != math.MaxInt || lo != math.MaxInt/7*6 {
		t.Errorf("Parts(MaxInt, 6, 7) = %d, %d", lo, hi)
	}
}

func TestNodes(t *testing.T) {
	for _, c := range []struct {
		m, lo, hi int
		want      []Node
	}{
		{1, 0, 1, []Node{{0, 1}}},
		{8, 0, 8, []Node{{0, 8}}},
		{8, 0, 0, nil},
		{8, 2, 5, []Node{{2, 4}, {4, 5}}},
		{8, 1, 8, []Node{{1, 2}, {2, 4}, {4, 8}}},
		{8, 3, 5, []Node{{3, 4}, {4, 5}}},
		{16, 1, 15, []Node{{1, 2}, {2, 4}, {4, 8}, {8, 12}, {12, 14}, {14, 15}}},
	} {
		if got := Nodes(c.m, c.lo, c.hi); !slices.Equal(got, c.want) {
			t.Errorf("Nodes(%d, %d, %d) = %v, want %v", c.m, c.lo, c.hi, got, c.want)
		}
	}
}

func TestCheckParts(t *testing.T) {
	for _, c := range []struct {
		m, size int
		want    string
	}{
		{8, 3, ""}, {1, 1, ""}, {8, 8, ""},
		{0, 1, "power of two"}, {6, 2, "power of two"}, {-4, 1, "power of two"},
		{8, 9, "8 parts of a batch on 9 ranks"}, {8, 0, "0 ranks"},
	} {
		err := CheckParts(c.m, c.size)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("CheckParts(%d, %d): %v, want %q", c.m, c.size, err, c.want)
		}
	}
	if _, err := NewSum(Fakes(3)[0], 2, 10); err == nil {
		t.Error("a sum over 2 parts on 3 ranks is no error")
	}
}

// random returns m vectors of n numbers of magnitudes from 2⁻²⁰ to 2²⁰, whose sums depend on the order.
func random(m, n int) [][]float32 {
	r := rand.New(rand.NewPCG(1, uint64(m)<<32|uint64(n)))
	all := make([][]float32, m)
	for i := range all {
		all[i] = make([]float32, n)
		for j := range all[i] {
			all[i][j] = float32(math.Ldexp(r.Float64()*2-1, r.IntN(41)-20))
		}
	}
	return all
}

// tree is the definition, a number at a time.
func tree(parts [][]float32, j int) float32 {
	if len(parts) == 1 {
		return parts[0][j]
	}
	c := len(parts) / 2
	return tree(parts[:c], j) + tree(parts[c:], j)
}

// mutants add the same numbers in other orders: from the left, from the right, and tree's sum with strides.
var mutants = map[string]func(parts [][]float32, j int) float32{
	"left": func(parts [][]float32, j int) (sum float32) {
		for _, p := range parts {
			sum += p[j]
		}
		return sum
	},
	"right": func(parts [][]float32, j int) (sum float32) {
		for _, p := range slices.Backward(parts) {
			sum += p[j]
		}
		return sum
	},
	"strided": strided,
}

func strided(parts [][]float32, j int) float32 {
	if len(parts) == 1 {
		return parts[0][j]
	}
	var even, odd [][]float32
	for i, p := range parts {
		if i%2 == 0 {
			even = append(even, p)
		} else {
			odd = append(odd, p)
		}
	}
	return strided(even, j) + strided(odd, j)
}

func whole(parts [][]float32, n int, sum func(parts [][]float32, j int) float32) []float32 {
	all := make([]float32, n)
	for j := range all {
		all[j] = sum(parts, j)
	}
	return all
}

// same compares to the bit; a NaN is a NaN.
func same(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool {
		return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y
	})
}

// totals returns the total that each rank gets of the parts.
func totals(t *testing.T, worlds []World, parts [][]float32, n int) [][]float32 {
	t.Helper()
	all := make([][]float32, len(worlds))
	well(t, worlds, func(w World) error {
		s, err := NewSum(w, len(parts), n)
		if err != nil {
			return err
		}
		var nodes [][]float32
		for _, node := range s.Nodes() {
			nodes = append(nodes, whole(parts[node.Lo:node.Hi], n, tree))
		}
		all[w.Rank()] = make([]float32, n)
		return s.Total(nodes, all[w.Rank()])
	})
	return all
}

// TestSum: the total has the bits of the definition on any number of ranks, and no other order has them.
func TestSum(t *testing.T) {
	for _, m := range []int{1, 2, 4, 8, 16} {
		for size := 1; size <= m; size++ {
			for _, n := range []int{0, 1, size - 1, 7, 1000, 3*stretch*size + 5} {
				parts := random(m, n)
				want := whole(parts, n, tree)
				for r, got := range totals(t, Fakes(size), parts, n) {
					if !same(got, want) {
						t.Fatalf("%d parts of %d numbers on %d ranks: rank %d differs from the definition", m, n, size, r)
					}
				}
			}
		}
		for name, sum := range mutants {
			parts := random(m, 1000)
			if caught := !same(whole(parts, 1000, sum), whole(parts, 1000, tree)); caught != (m > 2) {
				t.Errorf("%d parts added in the order %s: differs from the tree %v, want %v", m, name, caught, m > 2)
			}
		}
	}
}

// TestSumOfAnything: infinities, NaNs, zeros with signs and numbers that overflow travel as float32 adds them.
func TestSumOfAnything(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	some := []float32{inf, -inf, nan, 0, float32(math.Copysign(0, -1)), 1,
		math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32}
	const m, n = 8, 2000
	r := rand.New(rand.NewPCG(3, 4))
	parts := random(m, n)
	for _, p := range parts {
		for j := range p {
			p[j] = some[r.IntN(len(some))]
		}
	}
	want := whole(parts, n, tree)
	for _, size := range []int{1, 3, 4, 7, 8} {
		for rank, got := range totals(t, Fakes(size), parts, n) {
			if !same(got, want) {
				t.Errorf("%d ranks: rank %d has another total than the definition", size, rank)
			}
		}
	}
}

// TestSumInPlace: the total may be one of the nodes, and a sum is good for many steps.
func TestSumInPlace(t *testing.T) {
	const m, n = 8, 5000
	parts := random(m, n)
	want := whole(parts, n, tree)
	for size := 1; size <= m; size++ {
		well(t, Fakes(size), func(w World) error {
			s, err := NewSum(w, m, n)
			if err != nil {
				return err
			}
			for step := range 6 {
				var nodes [][]float32
				for _, node := range s.Nodes() {
					nodes = append(nodes, whole(parts[node.Lo:node.Hi], n, tree))
				}
				total := nodes[step%len(nodes)]
				if err := s.Total(nodes, total); err != nil {
					return err
				}
				if !same(total, want) {
					return fmt.Errorf("step %d: total in place of node %d differs", step, step%len(nodes))
				}
			}
			return nil
		})
	}
}

// A mute is rank 1 of 3 and hears nothing.
type mute struct{ World }

func (mute) Rank() int                       { return 1 }
func (mute) Size() int                       { return 3 }
func (mute) Exchange(_, _ [][]float32) error { return nil }

// TestSumAllocates: once made, a sum allocates nothing.
func TestSumAllocates(t *testing.T) {
	const m, n = 16, 10000
	s, err := NewSum(mute{}, m, n)
	if err != nil {
		t.Fatal(err)
	}
	nodes, total := random(len(s.Nodes()), n), make([]float32, n)
	if a := testing.AllocsPerRun(10, func() {
		if err := s.Total(nodes, total); err != nil {
			t.Fatal(err)
		}
	}); a != 0 {
		t.Errorf("%v allocations a total, want none", a)
	}
}

func TestSumErrors(t *testing.T) {
	s, err := NewSum(Fakes(2)[0], 8, 10)
	if err != nil {
		t.Fatal(err)
	}
	ten, nine := make([]float32, 10), make([]float32, 9)
	for want, f := range map[string]func() error{
		"sum of 2 nodes on rank 0, want the 1 of [{0 4}]": func() error { return s.Total([][]float32{ten, ten}, ten) },
		"node {0 4} on rank 0 has 9 numbers, want 10":     func() error { return s.Total([][]float32{nine}, ten) },
		"total of 9 numbers, want 10":                     func() error { return s.Total([][]float32{ten}, nine) },
		"sum of vectors of -1 numbers":                    func() error { _, err := NewSum(Fakes(1)[0], 1, -1); return err },
	} {
		if err := f(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestShare(t *testing.T) {
	for _, size := range []int{1, 2, 5} {
		well(t, Fakes(size), func(w World) error {
			for range 3 {
				mine := []byte(strings.Repeat("x", w.Rank()))
				all, err := w.Share(mine)
				if err != nil {
					return err
				}
				for r, b := range all {
					if string(b) != strings.Repeat("x", r) {
						return fmt.Errorf("rank %d shared %q", r, b)
					}
				}
			}
			return nil
		})
	}
}

// TestSilentAndGone: whoever waits for a rank that does nothing, or is closed, is told its number and host.
func TestSilentAndGone(t *testing.T) {
	for what, f := range map[string]func(w World){
		"is gone":                    func(w World) { w.Close() },
		"did not answer within 50ms": func(World) {},
	} {
		worlds := PatientFakes(4, 50*time.Millisecond)
		for r, err := range each(worlds, func(w World) error {
			if _, err := w.Share(nil); err != nil {
				return err
			}
			if w.Rank() == 2 {
				f(w)
				return nil
			}
			_, err := w.Share(nil)
			if _, again := w.Share(nil); again != err {
				t.Errorf("the next call: %v, want %v again", again, err)
			}
			return err
		}) {
			var of *RankError
			switch {
			case r == 2:
				if err != nil {
					t.Errorf("rank 2 was well until then: %v", err)
				}
			case !errors.As(err, &of) || of.Rank != 2 || of.Error() != "rank 2 on fake2 "+what:
				t.Errorf("rank %d: %v, want: rank 2 on fake2 %s", r, err, what)
			}
		}
	}
}

func TestExchangeErrors(t *testing.T) {
	w := Fakes(2)
	if err := w[0].Exchange(make([][]float32, 2), make([][]float32, 3)); err == nil {
		t.Error("an exchange with three ranks of two is no error")
	}
	var of *RankError
	errs := each(PatientFakes(2, time.Second), func(w World) error {
		three := make([]float32, 3)
		return w.Exchange([][]float32{three, make([]float32, 4)}, [][]float32{three, three})
	})
	if !errors.As(errs[1], &of) || of.Error() != "rank 0 on fake0 sent 4 numbers, want 3" {
		t.Errorf("rank 1: %v", errs[1])
	}
}
