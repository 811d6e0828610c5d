package attract_test

import (
	"cmp"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
)

// A keeper keeps what a system was shown and what it answered.
type keeper struct {
	nets.System
	shown, answers [][]float32
}

func (k *keeper) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	x := make([]float32, m.X.Len())
	p.Read(m.X, x)
	y := k.System.Step(p, m)
	a := make([]float32, y.Len())
	p.Read(y, a)
	k.shown, k.answers = append(k.shown, x), append(k.answers, a)
	return y
}

// A record is what two moments of a run showed, drew and made of it.
type record struct {
	*keeper
	values map[string][]float32
	draws  [][]float64
}

// drawn returns the draws of n numbers.
func (r record) drawn(n int) (all [][]float64) {
	for _, d := range r.draws {
		if len(d) == n {
			all = append(all, d)
		}
	}
	return all
}

// kept makes two moments of a run in float64, and requires the same bits of the CPU path and of the GPU, with every
// number held against its definition.
func kept(t *testing.T, r nets.Run) record {
	t.Helper()
	on := func(t *testing.T, l lab.Lab) record {
		k, system := &keeper{}, r.System
		of := r
		of.System = func() nets.System {
			k.System = system()
			return k
		}
		return record{keeper: k, values: lab.Values(t, lab.Make(t, l.Device, of, 2))}
	}
	exact := lab.Exact(t)
	want := on(t, exact)
	want.draws = exact.Drawn()
	for name, open := range map[string]func(*testing.T) lab.Lab{"cpu": lab.Single, "gpu": lab.GPU} {
		t.Run(name, func(t *testing.T) {
			got := on(t, open(t))
			for i := range want.answers {
				if !slices.Equal(got.shown[i], want.shown[i]) || !slices.Equal(got.answers[i], want.answers[i]) {
					t.Errorf("moment %d shows %v and is answered %v; want, by float64, %v and %v", i, got.shown[i], got.answers[i], want.shown[i], want.answers[i])
				}
			}
		})
	}
	return want
}

// of returns the part of learner l.
func of[T any](x []T, learners, l int) []T {
	n := len(x) / learners
	return slices.Clone(x[l*n:][:n])
}

// rows returns the rows of x.
func rows(x []float32, cols int) [][]float32 { return slices.Collect(slices.Chunk(x, cols)) }

// inOrder returns the units in the order of their keys.
func inOrder(keys []float64) (units []int) {
	for i := range keys {
		units = append(units, i)
	}
	slices.SortStableFunc(units, func(a, b int) int { return cmp.Compare(keys[a], keys[b]) })
	return units
}
