//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"fmt"
	"slices"

	"hebb/compute"
)

// The backend is a [compute.Tuner]: it chooses for an op's largest product.
var _ compute.Tuner = (*backend)(nil)

// planned returns op's plan, whose largest product is the one tuned; it is empty if op cannot be planned.
func (b *backend) planned(op compute.Op) *plan {
	if l := b.memo.look(op); l != nil { // Learned is asked before every run
		return l.plan
	}
	l, err := b.plan(op)
	if err != nil {
		return &plan{}
	}
	return l
}

func (b *backend) Ways(op compute.Op) []string {
	l := b.planned(op)
	s := l.main
	if s == (shape{}) || b.rung != "" {
		return nil
	}
	all := b.ways(&l.mainArgs, l.mainFast)
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
	s := b.planned(op).main
	_, ok := b.tuned[s]
	return ok || s == (shape{})
}

func (b *backend) Try(op compute.Op, way string) error {
	b.memo.forget() // its plans were made for the way before
	s := b.planned(op).main
	if b.trying != (shape{}) { // restore the recipe before the trial
		delete(b.tuned, b.trying)
		if b.before != (recipe{}) {
			b.tuned[b.trying] = b.before
		}
		b.trying, b.before = shape{}, recipe{}
	}
	if way == "" {
		b.memory.journal.begin("")
		return nil
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
	b.memory.journal.begin(onTrial(s, way))
	return nil
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
	s := b.planned(op).main
	b.tuned[s] = r
	return b.memory.keep(s, best, len(attempts))
}
