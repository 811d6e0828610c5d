//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"fmt"
	"slices"

	"hebb/compute"
)

// The backend is a [compute.Tuner]: it chooses for an op's largest product.
var _ compute.Tuner = (*backend)(nil)

// productOf is the shape of op's largest product; its zero value if op has none.
func (b *backend) productOf(op compute.Op) (shape, args) {
	if l := b.memo.look(op); l != nil { // Learned is asked before every run
		return l.main, l.mainArgs
	}
	l, err := b.plan(op)
	if err != nil {
		return shape{}, args{}
	}
	return l.main, l.mainArgs
}

func (b *backend) Ways(op compute.Op) []string {
	s, a := b.productOf(op)
	if s == (shape{}) || b.rung != "" {
		return nil
	}
	all := b.ways(a.Batch, a.M, a.N, a.K)
	if best, ok := b.tuned[s]; ok {
		all = slices.Insert(slices.DeleteFunc(all, func(r recipe) bool { return r == best }), 0, best)
	}
	var names []string
	for _, r := range all {
		if name := r.String(); !b.memory.journal.fatal[onTrial(s, name)] {
			names = append(names, name)
		}
	}
	return names
}

func (b *backend) Learned(op compute.Op) bool {
	s, _ := b.productOf(op)
	_, ok := b.tuned[s]
	return ok || s == (shape{})
}

func (b *backend) Try(op compute.Op, way string) error {
	b.memo.forget() // what it remembers was planned for the way before
	s, _ := b.productOf(op)
	if b.trying != (shape{}) { // what it was before
		delete(b.tuned, b.trying)
		if b.before != (recipe{}) {
			b.tuned[b.trying] = b.before
		}
		b.trying, b.before = shape{}, recipe{}
	}
	if way == "" {
		return b.memory.journal.begin("")
	}
	r, err := recipeOf(way)
	if err != nil {
		return err
	}
	if s == (shape{}) {
		return fmt.Errorf("gpu: %T has no product to choose a way for", op)
	}
	b.trying, b.before = s, b.tuned[s]
	b.tuned[s] = r
	return b.memory.journal.begin(onTrial(s, way))
}

func (b *backend) Learn(op compute.Op, attempts []compute.Attempt) error {
	best, ok := compute.Fastest(attempts)
	if !ok {
		return nil
	}
	r, err := recipeOf(best.Way)
	if err != nil {
		return err
	}
	b.memo.forget()
	s, _ := b.productOf(op)
	b.tuned[s] = r
	return b.memory.keep(s, best, len(attempts))
}
