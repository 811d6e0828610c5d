package tasks

import (
	"fmt"

	"hebb/compute"
	"hebb/nets"
)

// Copy is delayed copy, a task of keeping symbols in their order (after Arjovsky, Shah and Bengio 2016, arXiv:1511.06464, 4.1, in
// short): the first Items moments of a trial show a symbol each, one of Symbols with equal chances, the others a blank but for a
// cue at moment Length−Items. From then on the symbols are wanted, in their order; before, nothing is.
//
//	x_t is Symbols + 2 numbers of which one is 1: that of the symbol, of the blank or of the cue
//	y*_t = the class of symbol t − (Length−Items),  t = Length−Items … Length−1
//
// Each symbol is to be kept for Length − Items moments. They are drawn at each trial, for each of Batch examples, from the
// learner's seed. An epoch is as many trials as have 500 examples; it tests itself on draws of its own.
//
// Metrics: "accuracy", the share of the symbols that have the largest answer when they are wanted. By chance, and by any answer
// that keeps nothing, it is 1/Symbols. Criterion: 0.95.
type Copy struct {
	Length  int `json:"length" toml:"length"` // moments of a trial
	Items   int `json:"items" toml:"items"`
	Symbols int `json:"symbols" toml:"symbols"`
	Batch   int `json:"batch" toml:"batch"` // examples at once

	items      []*compute.Tensor // learners × Batch each: classes
	blank, cue *compute.Tensor   // 1 × Batch × Symbols+2
}

// Check reports a setting that cannot be.
func (c *Copy) Check() error {
	if c.Items < 1 || c.Length < 2*c.Items || c.Symbols < 2 || c.Batch < 1 {
		return fmt.Errorf("copy: a length of %d, %d items of %d symbols and batches of %d, want a length of at least twice the items, 1 item, 2 symbols and 1",
			c.Length, c.Items, c.Symbols, c.Batch)
	}
	return nil
}

// Build asks for what a trial keeps.
func (c *Copy) Build(s *nets.Store) (nets.Spec, error) {
	c.items = make([]*compute.Tensor, c.Items)
	for k := range c.items {
		c.items[k] = s.State(fmt.Sprint("item.", k), nets.Zeros, c.Batch, 1)
	}
	in := c.Symbols + 2
	each := func(at int) *compute.Tensor {
		return s.FixedBy(func(x []float32) {
			for i := at; i < len(x); i += in {
				x[i] = 1
			}
		}, c.Batch, in)
	}
	c.blank, c.cue = each(in-2), each(in-1)
	return nets.Spec{In: nets.Row(in), Out: c.Symbols, Classes: true, Examples: c.Batch, Trial: c.Length, Epoch: c.Length * trialsOf(c.Batch)}, nil
}

var (
	// 1 where the whole part of symbols·place is the column, else 0
	symbolOf = compute.Formula("where(column - symbols*place, 0, 1) - where(column + 1 - symbols*place, 0, 1)", "place", "column")
)

// Show draws a moment of a trial.
func (c *Copy) Show(p *nets.Pass) nets.Moment {
	at, ask := int(p.Number%uint64(c.Length)), c.Length-c.Items
	m := nets.Moment{X: c.blank, First: at == 0, Last: at == c.Length-1}
	switch {
	case at < c.Items:
		in, rows := c.Symbols+2, p.Learners*c.Batch
		place := p.Tensor(p.Learners, c.Batch, 1)
		p.Random(place, compute.Uniform(0, 1))
		m.X = p.Tensor(p.Learners, c.Batch, in)
		x := p.View(m.X, 0, rows, in)
		p.Into(x, symbolOf.With("symbols", float32(c.Symbols)), p.View(place, 0, rows, 1), p.Numbers(in))
		p.Into(p.View(c.items[at], 0, rows, 1), same, p.PerRow(product, 1, x, p.Numbers(in)))
	case at == ask:
		m.X = c.cue
	}
	if at >= ask {
		m.Want = c.items[at-ask]
	}
	return m
}

var same = compute.Formula("x", "x")

// Judge counts the accuracy.
func (c *Copy) Judge(p *nets.Pass, m nets.Moment, y *compute.Tensor) {
	if m.Want != nil {
		p.Count("accuracy", p.Hits(m, y), m.Examples())
	}
}
