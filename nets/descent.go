package nets

import (
	"errors"
	"fmt"
	"math"
	"path"
	"slices"

	"hebb/compute"
)

// A Descent applies an Optimiser to the weights of a store and the gradients that a system sets, see [Store.Grad]. All
// weights are updated together, by one to four ops. Its state is in the store, under "optimiser.".
type Descent struct {
	Optimiser
	store   *Store
	groups  []group
	weights []Weighted // of all groups
	updates *int64     // updates so far
}

type group struct {
	Group
	factor float64
}

// Descent returns a Descent of the given weights of the store or, without any, of all weights so far that have no other
// Descent. It does not update weights with a learning rate that [Scaled] sets to 0.
func (s *Store) Descent(o Optimiser, weights ...*compute.Tensor) *Descent {
	name := "optimiser.updates"
	for i := 2; s.names[name]; i++ {
		name = fmt.Sprintf("optimiser.updates.%d", i)
	}
	d := &Descent{Optimiser: o, store: s, updates: s.Counter(name)}
	if s.err != nil {
		return d
	}
	if o == nil {
		s.fail(errors.New("nets: a Descent without an Optimiser"))
		return d
	}
	if err := o.Check(); err != nil {
		s.fail(err)
		return d
	}
	if len(weights) == 0 {
		for _, n := range s.named {
			if n.Role == Weight && !s.descends(n.Value) {
				weights = append(weights, n.Value)
			}
		}
	}
	if err := d.makeGroups(weights); err != nil {
		s.fail(err)
	}
	s.descents[name] = weights
	return d
}

// descends reports whether a Descent has the weights.
func (s *Store) descends(t *compute.Tensor) bool {
	for _, weights := range s.descents {
		if slices.Contains(weights, t) {
			return true
		}
	}
	return false
}

// makeGroups makes a group of each run of neighbours with the same learning rate.
func (d *Descent) makeGroups(weights []*compute.Tensor) error {
	s := d.store
	grads, err := s.gradients()
	if err != nil {
		return err
	}
	states := make([]*compute.Tensor, len(d.States()))
	for k := range states {
		if states[k], err = s.besideWeights(); err != nil {
			return err
		}
		s.state = append(s.state, states[k])
	}
	var g *group
	at, end := 0, -1
	for _, n := range s.named {
		if n.Role != Weight {
			continue
		}
		from := at
		at += padded(n.Value.Len())
		if !slices.Contains(weights, n.Value) {
			continue
		}
		factor := factorOf(d.Optimiser, n.Name)
		if factor == 0 {
			continue
		}
		if g == nil || end != from || g.factor != factor {
			d.groups = append(d.groups, group{factor: factor})
			g = &d.groups[len(d.groups)-1]
		}
		end = at
		w := Weighted{n.Name, n.Value, s.Grad(n.Value)}
		d.weights = append(d.weights, w)
		if err := g.extend(w, s, grads, states, end); err != nil {
			return err
		}
		if err := d.nameState(n, states, from); err != nil {
			return err
		}
	}
	return nil
}

// extend adds a tensor to the group, which then ends at end.
func (g *group) extend(w Weighted, s *Store, grads *compute.Tensor, states []*compute.Tensor, end int) (err error) {
	g.Weights = append(g.Weights, w)
	n := 0
	for _, w := range g.Weights {
		n += padded(w.Value.Len())
	}
	whole := s.arenas[Weight].all
	if whole == nil { // on a stage, where each tensor has memory of its own
		whole = grads
	}
	if g.Value, err = whole.View(end-n, n); err != nil {
		return err
	}
	if g.Grad, err = grads.View(end-n, n); err != nil {
		return err
	}
	g.State = nil
	for _, t := range states {
		v, err := t.View(end-n, n)
		if err != nil {
			return err
		}
		g.State = append(g.State, v)
	}
	return nil
}

// nameState adds the optimiser's state of a tensor to the store.
func (d *Descent) nameState(n Named, states []*compute.Tensor, at int) error {
	for k, name := range d.States() {
		v, err := states[k].View(at, n.Value.Shape()...)
		if err != nil {
			return err
		}
		full := "optimiser." + name + "." + n.Name
		if err := d.store.unique(d.store.unprefixed(full)); err != nil {
			return err
		}
		d.store.named = append(d.store.named, Named{Name: full, Value: v, Shape: n.Shape, Role: Kept, Aside: true})
	}
	return nil
}

// gradients returns the memory of all gradients, laid out as the weights are.
func (s *Store) gradients() (t *compute.Tensor, err error) {
	if s.grads == nil {
		s.grads, err = s.besideWeights()
	}
	return s.grads, err
}

// besideWeights returns zeros, as many as there are weights. On a stage more weights may follow, and the size does not
// matter.
func (s *Store) besideWeights() (*compute.Tensor, error) {
	n := s.arenas[Weight].used
	if s.planned != nil {
		n = s.planned.arenas[Weight].used
	}
	if n == 0 {
		return nil, errors.New("nets: a Descent of no weights")
	}
	return s.zeros(n)
}

// Update updates the weights with the learning rate p.Rate.
func (d *Descent) Update(p *Pass) { d.UpdateAt(p, p.Rate) }

// UpdateAt updates the weights with another learning rate. Where moments are divided, it does so after all parts, with the mean
// of their gradients, see [Divided].
func (d *Descent) UpdateAt(p *Pass, rate float64) {
	if !p.part.whole() {
		p.Fail(p.part.updates(d))
	}
	p.Whole(func(p *Pass) { d.update(p, rate) })
}

func (d *Descent) update(p *Pass, rate float64) {
	for o := d.Optimiser; o != nil; o = unwrapped(o) {
		if first, ok := o.(Preparer); ok {
			first.Prepare(p, d.weights)
		}
	}
	for _, g := range d.groups {
		d.Optimiser.Update(p, g.Group, rate*g.factor, uint64(*d.updates)+1)
	}
	*d.updates++
}

// Updates returns the number of updates made.
func (d *Descent) Updates() uint64 { return uint64(*d.updates) }

// Continue sets the number of updates made, to go on from state that was loaded.
func (d *Descent) Continue(updates uint64) { *d.updates = int64(updates) }

// Noisy wraps an Optimiser and adds normal noise of mean 0 and standard deviation SD to every gradient before an update.
type Noisy struct {
	Optimiser
	SD float32
}

var noisy = compute.Formula("old + noise", "noise")

// Check reports a negative or infinite SD.
func (o Noisy) Check() error {
	if !(o.SD >= 0 && finite(float64(o.SD))) {
		return fmt.Errorf("noise %g, want at least 0", o.SD)
	}
	return o.Optimiser.Check()
}

func (o Noisy) Update(p *Pass, g Group, rate float64, t uint64) {
	if o.SD > 0 {
		for _, w := range g.Weights {
			noise := p.Like(w.Grad)
			p.Random(noise, compute.Normal(0, o.SD))
			p.Into(w.Grad, noisy, noise)
		}
	}
	o.Optimiser.Update(p, g, rate, t)
}

// Clipped wraps an Optimiser and scales the gradients of each learner so that their norm, over all weights that are
// updated, is at most Norm (Pascanu, Mikolov and Bengio 2013):
//
//	g ← g / max(1, ‖g‖/Norm)
//
// A norm beyond 1e19·Norm is more than the sum can hold, and leaves 0. Norm 0 is no limit.
type Clipped struct {
	Optimiser
	Norm float32
}

var (
	ofNorm    = compute.Formula("(per*g)*(per*g)", "g")
	shortened = compute.Formula("old / max(1, sqrt(squares))", "squares")
)

// Check reports a negative or infinite Norm.
func (o Clipped) Check() error {
	if !(o.Norm >= 0 && finite(float64(o.Norm))) || o.Norm > 0 && !finite(1/float64(o.Norm)) {
		return fmt.Errorf("gradients clipped at a norm of %g, want at least 0", o.Norm)
	}
	return o.Optimiser.Check()
}

// Prepare scales the gradients.
func (o Clipped) Prepare(p *Pass, all []Weighted) {
	if o.Norm == 0 {
		return
	}
	flat := func(t *compute.Tensor) *compute.Tensor { return p.View(t, 0, p.Learners, t.Len()/p.Learners) }
	squares, beta := p.Tensor(p.Learners, 1), float32(0)
	for _, w := range all {
		p.Do(compute.Reduce{Out: squares, In: []*compute.Tensor{flat(w.Grad)}, F: ofNorm.With("per", 1/o.Norm), Along: compute.AlongCols, Alpha: 1, Beta: beta})
		beta = 1
	}
	for _, w := range all {
		p.Into(flat(w.Grad), shortened, squares)
	}
}

// Unwrap returns the wrapped optimiser.
func (o Clipped) Unwrap() Optimiser { return o.Optimiser }

// Scaled wraps an Optimiser and multiplies the learning rate by Factor for the weights whose name matches a pattern of
// [path.Match]. With 0 they are not updated.
type Scaled struct {
	Optimiser
	Names  string
	Factor float64
}

// Check reports a malformed pattern or a negative or infinite factor.
func (o Scaled) Check() error {
	if _, err := path.Match(o.Names, ""); err != nil {
		return fmt.Errorf("the names %q: %w", o.Names, err)
	}
	if !(o.Factor >= 0 && o.Factor <= math.MaxFloat32) {
		return fmt.Errorf("a rate times %g, want at least 0", o.Factor)
	}
	return o.Optimiser.Check()
}

// Scale returns Factor for weights whose name matches Names, else 1.
func (o Scaled) Scale(name string) float64 {
	if ok, _ := path.Match(o.Names, name); ok {
		return o.Factor
	}
	return 1
}

// Unwrap returns the wrapped optimiser.
func (o Scaled) Unwrap() Optimiser { return o.Optimiser }

// Unwrap returns the wrapped optimiser.
func (o Noisy) Unwrap() Optimiser { return o.Optimiser }

// factorOf is the product of the Scale methods of an optimiser and all that it wraps.
func factorOf(o Optimiser, name string) float64 {
	f := 1.0
	for o != nil {
		if s, ok := o.(interface{ Scale(name string) float64 }); ok {
			f *= s.Scale(name)
		}
		o = unwrapped(o)
	}
	return f
}

// unwrapped returns the optimiser that o wraps, or nil.
func unwrapped(o Optimiser) Optimiser {
	if w, ok := o.(interface{ Unwrap() Optimiser }); ok {
		return w.Unwrap()
	}
	return nil
}

// ContinueUpdates sets the number of updates that each Descent of the store has made, to go on from loaded state.
func (s *Store) ContinueUpdates(updates uint64) {
	for name := range s.descents {
		*s.counts[s.prefix+name] = int64(updates)
	}
}
