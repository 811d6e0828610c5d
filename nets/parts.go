package nets

import (
	"errors"
	"fmt"
	"slices"

	"hebb/compute"
	"hebb/nets/spread"
)

// A Divided is a [System] that can learn from a moment in parts, see [Run.Micro]: what it learns from the examples of a moment
// is the mean of what it learns from each part of them. Its Step is called once for each part, with the examples of the part,
// and each part begins where the moment began: weights change once, after all parts. A Step may
//
//   - set gradients and call [Descent.Update], once a moment for each Descent, which is put off,
//   - change State, of which each part has its own, but no [Store.Scratch] that a later moment reads,
//   - change counters, alike in all parts,
//   - change weights and Kept tensors that are marked by [Store.Averaged],
//   - call [Pass.Whole] for all else that changes once a moment.
//
// What is put off happens after all that the Steps do, in its order: a Step that goes on after an Update goes on with the weights
// as they were. Whatever is measured over the examples of a moment, such as the statistics of a batch, kernels or ranks, is
// measured over those of a part; m.Examples() says how many they are.
//
// Divided is called after Build, and reports settings with which this does not hold. A System of which it says nothing learns
// from whole moments alone.
type Divided interface{ Divided() error }

// Whole calls f once a moment, after the gradients of all its parts have been added: at once where moments are not divided,
// see [Divided]. f gets the pass of the moment, without scratch or random numbers of a part, and is called on every process.
func (p *Pass) Whole(f func(p *Pass)) {
	if p.part.whole() {
		f(p)
		return
	}
	p.part.after = append(p.part.after, f)
}

// Averaged marks weights and Kept tensors that each part of a moment changes, such as running statistics: after the moment they
// are the mean over the parts, each weighted by its number of examples. So weights that move by rate·(a mean over the examples)
// move as they do by the whole moment.
func (s *Store) Averaged(ts ...*compute.Tensor) {
	for _, t := range ts {
		if s.find(t) != nil {
			s.averaged = append(s.averaged, t)
		}
	}
}

// A part is what a Pass knows of the part of a moment that it computes. What follows all parts has their number as its own.
type part struct {
	number, of int
	after      []func(*Pass) // once a moment, see [Pass.Whole]
	updated    []*Descent    // by after
	counted    []counted
	sums       *compute.Tensor // of what is counted, and then of the masks
}

// whole reports whether a pass is not of a part alone.
func (k *part) whole() bool { return k == nil || k.number == k.of }

// stream returns the number that takes the place of the moment's in random streams: those of parts and that of what follows
// them differ.
func (k *part) stream(moment uint64) uint64 { return moment*uint64(k.of+1) + uint64(k.number) }

// counted is a sum of a metric over the examples of a part.
type counted struct {
	name   string
	masked bool
	n      int
}

// count adds a metric to those of the part.
func (k *part) count(p *Pass, name string, each, mask *compute.Tensor, n int) {
	j := len(k.counted)
	if j == most {
		p.Fail(fmt.Errorf("nets: a moment in parts counts more than %d metrics, the last of them %s", most, name))
		return
	}
	p.perLearner(p.View(k.sums, j, 1), nil, 1, each)
	if mask != nil {
		p.perLearner(p.View(k.sums, most+j, 1), nil, 1, mask)
	}
	k.counted = append(k.counted, counted{name, mask != nil, n})
}

// updates notes that a Descent is to update the weights once the moment is over. Parts have one gradient each of a moment.
func (k *part) updates(d *Descent) error {
	if slices.Contains(k.updated, d) {
		return errors.New("nets: the system updates the same weights several times in a moment, which parts of it cannot; want --micro 1")
	}
	k.updated = append(k.updated, d)
	return nil
}

// most is how many sums of metrics a moment may have.
const most = 64

// parts makes the moments of a cohort in parts. Of each part there is a vector: gradients, averaged tensors, sums of metrics
// and answers, each times the part's share of the examples, but for the last two, which are zeros elsewhere. Vectors are added in
// float32 along a binary tree over the parts of the moment,
//
//	tree(a, b) = tree(a, m) + tree(m, b),  m = (a + b)/2,
//
// so that the sum does not depend on how many processes there are, nor on which of them has which parts.
type parts struct {
	m, lo, hi int // this process has parts [lo, hi) of m
	world     spread.World
	c         *cohort
	dev       *compute.Device

	grads, kept  int // lengths within a vector, padded
	cols         int // of an answer
	before, now  *compute.Tensor
	vectors      []*compute.Tensor // in use or free
	nodes        []spread.Node     // of vectors, in order
	states       []*compute.Tensor // State of each part of this process; nil without
	began, ended map[*int64]int64  // counters, at the beginning of a moment and after its parts

	shown [most]float32 // examples of each metric, of the parts of this process and then of all
	sum   *spread.Sum
	host  [][]float32 // of each node
	total []float32
}

// ErrWhole is wrapped where a system cannot learn from moments in parts, see [Divided].
var ErrWhole = errors.New("the system learns from whole moments alone, want one part (--micro 1)")

// divides reports a system that cannot learn from parts of what a task shows, whatever its settings are.
func divides(s System, spec Spec) error {
	if _, ok := s.(Divided); !ok {
		return fmt.Errorf("nets: %w: what it learns from parts of them cannot be added", ErrWhole)
	}
	if spec.Rewards {
		return fmt.Errorf("nets: %w: rewards come after all answers of a moment", ErrWhole)
	}
	return nil
}

// newParts prepares a cohort of one learner for moments in parts.
func newParts(s *Session, c *cohort, dev *compute.Device, lo, hi int) (*parts, error) {
	if err := c.System.(Divided).Divided(); err != nil {
		return nil, fmt.Errorf("nets: %w: %w", ErrWhole, err)
	}
	k := &parts{m: s.Micro, lo: lo, hi: hi, c: c, dev: dev, cols: c.spec.Out,
		began: map[*int64]int64{}, ended: map[*int64]int64{}}
	if !s.byLearners() {
		k.world = s.World
	}
	if c.store.grads != nil {
		k.grads = padded(c.store.grads.Len())
	}
	for _, t := range c.store.averaged {
		k.kept += padded(t.Len())
	}
	var err error
	if k.kept > 0 {
		if k.before, err = c.store.lease.Tensor(k.kept); err != nil {
			return nil, err
		}
	}
	if k.now, err = c.store.lease.Tensor(2 * most); err != nil {
		return nil, err
	}
	return k, errors.Join(k.keepStates(), k.meet())
}

// meet prepares the sum over processes, if there are several.
func (k *parts) meet() (err error) {
	if k.world == nil || k.world.Size() == 1 {
		return nil
	}
	if k.sum, err = spread.NewSum(k.world, k.m, k.size()); err != nil {
		return err
	}
	k.total = make([]float32, k.size())
	return nil
}

// size is the length of a vector: gradients, averaged tensors, sums of metrics, of their masks, numbers of their examples, answers.
func (k *parts) size() int { return k.metrics() + 3*most + padded(k.c.task.spec.Examples*k.cols) }

// metrics is where the sums of metrics begin in a vector.
func (k *parts) metrics() int { return k.grads + k.kept }

// keepStates makes room for the State of each part, with what it is now.
func (k *parts) keepStates() error {
	all := k.c.store.arenas[State].all
	if all == nil {
		return nil
	}
	for range k.hi - k.lo {
		t, err := k.c.store.lease.Tensor(all.Len())
		if err == nil {
			err = k.dev.Step(func(st *compute.Step) error {
				st.Do(compute.Copy{Dst: t, Src: all})
				return nil
			})
		}
		if err != nil {
			return err
		}
		k.states = append(k.states, t)
	}
	return nil
}

// sound is Store.sound, with the State of each part.
func (k *parts) sound() (bad []*Named, err error) {
	for i := range k.states {
		err := k.dev.Step(func(st *compute.Step) error {
			st.Do(compute.Copy{Dst: k.c.store.arenas[State].all, Src: k.states[i]})
			return nil
		})
		if err != nil {
			return nil, err
		}
		if bad, err = k.c.store.sound(); err != nil || bad[0] != nil {
			return bad, err
		}
	}
	if k.states == nil {
		return k.c.store.sound()
	}
	return bad, nil
}

// of returns the tensor that each part has in place of one of the State.
func (k *parts) of(st *compute.Step, t *compute.Tensor) (all []*compute.Tensor) {
	at := 0
	for _, n := range k.c.store.named {
		switch {
		case n.Role != State:
			continue
		case n.Value == t:
			for _, state := range k.states {
				all = append(all, st.View(state, at, t.Shape()...))
			}
			return all
		}
		at += padded(n.Value.Len())
	}
	return []*compute.Tensor{t}
}

// slice returns the examples [from, to) of a moment of one learner.
func slice(st *compute.Step, m Moment, from, to int) Moment {
	n := m.Examples()
	rows := func(t *compute.Tensor) *compute.Tensor {
		if t == nil {
			return nil
		}
		each := t.Len() / n
		return st.View(t, from*each, 1, to-from, each)
	}
	m.X, m.Want, m.Mask, m.Begin = rows(m.X), rows(m.Want), rows(m.Mask), rows(m.Begin)
	return m
}

// step shows a moment in parts, and learns from it. It returns the answer to the whole.
func (k *parts) step(st *compute.Step, m Moment, pass func(st *compute.Step, k *part) *Pass) (*compute.Tensor, error) {
	n := m.Examples()
	if n < k.m {
		return nil, fmt.Errorf("nets: a moment of %d examples in %d parts, want at least 1 in each", n, k.m)
	}
	k.nodes, k.shown = k.nodes[:0], [most]float32{}
	k.averages(st, func(t, before *compute.Tensor) { st.Do(compute.Copy{Dst: before, Src: t}) })
	k.c.store.tally(k.began)
	var first *part
	answered := false
	for i := k.lo; i < k.hi; i++ {
		from, to := i*n/k.m, (i+1)*n/k.m
		here := &part{number: i, of: k.m}
		err := k.dev.Step(func(inner *compute.Step) error {
			k.enter(inner, i, here)
			sub := slice(inner, m, from, to)
			p := pass(inner, here)
			answer := k.c.System.Step(p, sub)
			if p.err == nil {
				p.Fail(k.c.spec.answers(sub, answer, 1))
			}
			if p.err != nil {
				return p.err
			}
			answered = answer != nil && answer.Len()%(to-from) == 0
			if !answered {
				answer = nil
			} else if err := k.widen(answer.Len() / (to - from)); err != nil {
				return err
			}
			if err := k.leave(p, i, float32(float64(to-from)/float64(n)), answer, from); err != nil {
				return err
			}
			return k.alike(first, here)
		})
		if err != nil {
			return nil, fmt.Errorf("part %d of %d, of %d examples: %w", i+1, k.m, to-from, err)
		}
		if first == nil {
			first = here
		}
	}
	if err := k.meetings(st); err != nil {
		return nil, err
	}
	return k.finish(st, m, first, answered, pass), st.Err()
}

// alike reports a part that did other things than the first, which cannot be added, or counted otherwise.
func (k *parts) alike(first, here *part) error {
	if first == nil {
		k.c.store.tally(k.ended)
		return nil
	}
	same := slices.EqualFunc(first.counted, here.counted, func(a, b counted) bool { return a.name == b.name && a.masked == b.masked })
	if !same || len(first.after) != len(here.after) {
		return fmt.Errorf("nets: the system does other things than in part %d: %d metrics and %d updates, there %d and %d; want the same",
			first.number+1, len(here.counted), len(here.after), len(first.counted), len(first.after))
	}
	for name, n := range k.c.store.counts {
		if *n != k.ended[n] {
			return fmt.Errorf("nets: the counter %s is %d, and %d in part %d; want it alike", name, *n, k.ended[n], first.number+1)
		}
	}
	return nil
}

// tally writes the counters into a map.
func (s *Store) tally(into map[*int64]int64) {
	for _, n := range s.counts {
		into[n] = *n
	}
}

// averages calls f for each averaged tensor, with its place in before.
func (k *parts) averages(st *compute.Step, f func(t, before *compute.Tensor)) {
	at := 0
	for _, t := range k.c.store.averaged {
		f(t, st.View(k.before, at, t.Shape()...))
		at += padded(t.Len())
	}
}

// enter sets what each part begins with.
func (k *parts) enter(st *compute.Step, i int, here *part) {
	if i > k.lo {
		k.averages(st, func(t, before *compute.Tensor) { st.Do(compute.Copy{Dst: t, Src: before}) })
	}
	for n, x := range k.began {
		*n = x
	}
	here.sums = k.now
	st.Do(compute.Map{Out: here.sums, F: zero})
	if k.states != nil {
		st.Do(compute.Copy{Dst: k.c.store.arenas[State].all, Src: k.states[i-k.lo]})
	}
}

var (
	scaledBy = compute.Formula("c*x", "x")
	plus     = compute.Formula("old + x", "x")
)

// leave makes the vector of a part that ends, and adds it to the tree.
func (k *parts) leave(p *Pass, i int, share float32, answer *compute.Tensor, from int) error {
	if err := k.room(); err != nil {
		return err
	}
	if k.states != nil {
		p.Do(compute.Copy{Dst: k.states[i-k.lo], Src: k.c.store.arenas[State].all})
	}
	leaf := k.vectors[len(k.nodes)]
	if grads := k.c.store.grads; grads != nil {
		p.Into(p.View(leaf, 0, grads.Len()), scaledBy.With("c", share), grads)
	}
	at := k.grads
	for _, t := range k.c.store.averaged {
		p.Into(p.View(leaf, at, t.Shape()...), scaledBy.With("c", share), t)
		at += padded(t.Len())
	}
	for j, c := range p.part.counted {
		k.shown[j] += float32(c.n)
	}
	p.Do(compute.Copy{Dst: p.View(leaf, at, 2*most), Src: k.now})
	p.Clear(p.View(leaf, at+2*most, k.size()-at-2*most))
	if answer != nil {
		to := p.View(leaf, at+3*most+from*k.cols, answer.Len())
		p.Do(compute.Copy{Dst: to, Src: p.View(answer, 0, answer.Len())})
	}
	k.nodes = append(k.nodes, spread.Node{Lo: i, Hi: i + 1})
	k.merge(p)
	return p.err
}

// merge adds the last two vectors while they are the halves of one.
func (k *parts) merge(p *Pass) {
	for last := len(k.nodes) - 1; last > 0; last-- {
		both := spread.Node{Lo: k.nodes[last-1].Lo, Hi: k.nodes[last].Hi}
		if n := both.Hi - both.Lo; n&(n-1) != 0 || both.Lo%n != 0 {
			return
		}
		p.Into(k.vectors[last-1], plus, k.vectors[last])
		k.nodes = append(k.nodes[:last-1], both)
	}
}

// room makes the memory of the next vector, if there is none.
func (k *parts) room() error {
	if len(k.nodes) < len(k.vectors) {
		return nil
	}
	t, err := k.c.store.zeros(k.size())
	k.vectors = append(k.vectors, t)
	return err
}

// widen makes room for answers of so many numbers an example. Until the first answer they are taken to be what the task wants.
func (k *parts) widen(cols int) error {
	switch {
	case cols == k.cols:
		return nil
	case len(k.nodes) > 0:
		return fmt.Errorf("nets: the system answers %d numbers an example, and %d in an earlier part; want the same", cols, k.cols)
	}
	k.cols, k.vectors, k.host = cols, nil, nil
	return k.meet()
}

// meetings makes the sum of all parts, of all processes, the first vector.
func (k *parts) meetings(st *compute.Step) error {
	if k.sum == nil {
		return nil
	}
	for len(k.host) < len(k.nodes) {
		k.host = append(k.host, make([]float32, k.size()))
	}
	for i := range k.nodes {
		st.Read(k.vectors[i], k.host[i])
	}
	if err := st.Err(); err != nil {
		return err
	}
	copy(k.host[0][k.metrics()+2*most:], k.shown[:])
	if err := k.sum.Total(k.host[:len(k.nodes)], k.total); err != nil {
		return err
	}
	copy(k.shown[:], k.total[k.metrics()+2*most:])
	st.Write(k.vectors[0], k.total)
	return st.Err()
}

// finish takes the sum apart, does what follows once a moment, and returns the answers.
func (k *parts) finish(st *compute.Step, m Moment, first *part, answered bool, pass func(*compute.Step, *part) *Pass) *compute.Tensor {
	total, n := k.vectors[0], m.Examples()
	if grads := k.c.store.grads; grads != nil {
		st.Do(compute.Copy{Dst: grads, Src: st.View(total, 0, grads.Len())})
	}
	at := k.grads
	for _, t := range k.c.store.averaged {
		st.Do(compute.Copy{Dst: t, Src: st.View(total, at, t.Shape()...)})
		at += padded(t.Len())
	}
	p := pass(st, &part{number: k.m, of: k.m})
	for j, c := range first.counted {
		var mask *compute.Tensor
		if c.masked {
			mask = p.View(total, at+most+j, 1, 1, 1)
		}
		p.count(c.name, p.View(total, at+j, 1, 1, 1), mask, int(k.shown[j]))
	}
	for _, f := range first.after {
		f(p)
	}
	if at += 3 * most; !answered {
		return nil
	}
	return p.View(total, at, 1, n, k.cols)
}
