package tasks

import (
	"context"
	"errors"
	"fmt"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/data"
)

// Images is a task of image classification: it shows the examples of a part of a data set in batches, epoch after epoch. With
// Shuffle or Augment each learner has an order of its own; otherwise all learners share the batches. The metric "accuracy" is
// the share of examples whose label is the argmax of the answer.
type Images struct {
	Set     *data.Set
	Part    *data.Split
	Options data.LoaderOptions // Seed is set to the learner's

	loaders []*data.Loader
	seed    uint64
}

// Build describes the batches. It loads nothing.
func (t *Images) Build(s *nets.Store) (nets.Spec, error) {
	if t.Set == nil || t.Part == nil {
		return nets.Spec{}, fmt.Errorf("tasks: images without a Set or a Part of it")
	}
	if err := t.Options.Check(t.Set, t.Part); err != nil {
		return nets.Spec{}, fmt.Errorf("data: %w", err)
	}
	n := 1
	if t.Options.Shuffle || t.Options.Augment != (data.Augment{}) {
		n = s.Learners
	}
	t.loaders, t.seed = make([]*data.Loader, n), s.Seed
	return nets.Spec{
		In:  nets.Shape{Height: t.Set.Height, Width: t.Set.Width, Channels: t.Set.Channels},
		Out: t.Set.Classes, Classes: true, Examples: min(t.Options.Batch, t.Part.N()), Trial: 1, Epoch: t.batches(),
	}, nil
}

// batches is the number of batches of an epoch.
func (t *Images) batches() int {
	if t.Options.DropLast {
		return t.Part.N() / t.Options.Batch
	}
	return (t.Part.N()-1)/t.Options.Batch + 1
}

// Show loads batch p.Number.
func (t *Images) Show(p *nets.Pass) nets.Moment {
	perEpoch := t.batches()
	epoch, index := int(p.Number)/perEpoch, int(p.Number)%perEpoch
	n, each := min(t.Options.Batch, t.Part.N()-index*t.Options.Batch), t.Set.Values()
	x, y := p.Tensor(len(t.loaders), n, each), p.Tensor(len(t.loaders), n, 1)
	m := nets.Moment{X: x, Want: y, First: true, Last: true}
	if p.Device().Staged() {
		return m // a stage has no memory to write to
	}
	for l := range t.loaders {
		b, err := t.load(p.Context(), l, epoch, index)
		if err != nil {
			p.Fail(err)
			return m
		}
		p.Write(p.View(x, l*n*each, n, each), b.X)
		p.Write(p.View(y, l*n, n), b.Y)
	}
	return m
}

// load returns a batch for the l-th learner.
func (t *Images) load(ctx context.Context, l, epoch, index int) (b *data.Batch, err error) {
	if t.loaders[l] == nil {
		o := t.Options
		if o.Shuffle || o.Augment != (data.Augment{}) {
			o.Seed = t.seed + uint64(l)
		}
		if t.loaders[l], err = data.NewLoader(t.Set, t.Part, o); err != nil {
			return nil, err
		}
	}
	if e, i := t.loaders[l].Position(); e != epoch || i != index {
		if err := t.loaders[l].Seek(epoch, index); err != nil {
			return nil, err
		}
	}
	return t.loaders[l].Next(ctx)
}

// Judge counts "accuracy".
func (t *Images) Judge(p *nets.Pass, m nets.Moment, answer *compute.Tensor) {
	p.Count("accuracy", p.Hits(m, answer), m.Examples())
}

// Close closes the loaders.
func (t *Images) Close() (err error) {
	for _, l := range t.loaders {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return err
}
