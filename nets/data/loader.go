package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
)

// LoaderOptions configures a [Loader]. Training wants Shuffle, evaluation Epochs of 1.
type LoaderOptions struct {
	Batch     int    // examples a batch
	Seed      uint64 // of the order and of Augment
	Shuffle   bool   // a new order each epoch; otherwise that of the part
	DropLast  bool   // leave out the last batch of an epoch where it would be smaller
	Epochs    int    // passes over the part, after which Next returns io.EOF; 0: without end
	Augment   Augment
	Shift     Shift    // of every image, added to that of Augment's crop
	Rotate    Rotation // of every image, after Augment has changed it
	Normalise Normalise
	Workers   int // goroutines that make batches; 0: as many as there are cores, at most 4
	Ahead     int // batches made ahead; 0: twice Workers
}

// A Batch is n examples. It is valid until the [Loader]'s next Next, Seek or Close, which use its
// memory again.
type Batch struct {
	X        []float32 // n × Height × Width × Channels
	Y        []float32 // n labels
	Examples []int     // n: which examples of the part they are
	Epoch    int       // from 0
	Index    int       // within the epoch, from 0
}

// A Loader gives the batches of a part, epoch after epoch, made ahead of time by a few goroutines in
// memory that is used again. Each epoch has every example once, in an order that follows from (Seed,
// epoch) alone; how an example is augmented follows from (Seed, epoch, example) alone. So neither
// Workers nor Ahead nor where one started changes a bit of a batch.
type Loader struct {
	set    *Set
	split  *Split
	o      LoaderOptions
	scaler *scaler

	jobs   chan *slot
	closed chan struct{} // closed by Close, before it waits for mu
	once   sync.Once
	wg     sync.WaitGroup

	mu          sync.Mutex // guards all below
	queue       []*slot    // being made or ready, in the order in which Next gives them
	held        *slot      // the batch that Next returned last
	idle        []*slot    // beyond the last epoch
	next        position   // of the batch to return next
	planned     position   // of the batch to make next
	rnd         *stream
	order       []int
	orderOf     int // the epoch that order is of; −1: none
	exampleSize int
}

// A position is a batch of an epoch.
type position struct{ epoch, index int }

// A slot is the memory of a batch.
type slot struct {
	Batch
	ready chan struct{} // has room for one
}

// ErrClosed is returned by a [Loader] that was closed.
var ErrClosed = errors.New("data: the loader is closed")

// NewLoader returns a loader of a part of set, at the start of its first epoch. Neither may be changed
// while it is open.
func NewLoader(set *Set, split *Split, o LoaderOptions) (*Loader, error) {
	if o.Workers == 0 {
		o.Workers = min(runtime.GOMAXPROCS(0), 4)
	}
	if o.Ahead == 0 {
		o.Ahead = 2 * o.Workers
	}
	if err := o.Check(set, split); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	l := &Loader{
		set: set, split: split, o: o, scaler: newScaler(split, set.Channels, o.Normalise),
		jobs: make(chan *slot, o.Ahead+1), closed: make(chan struct{}),
		rnd: newStream(), order: make([]int, split.N()), orderOf: -1, exampleSize: set.Values(),
	}
	for i := range l.order {
		l.order[i] = i
	}
	for range o.Workers {
		l.wg.Go(l.work)
	}
	n := min(o.Batch, split.N())
	for range o.Ahead + 1 { // and one that the caller holds
		l.idle = append(l.idle, &slot{
			Batch: Batch{X: make([]float32, n*l.exampleSize), Y: make([]float32, n), Examples: make([]int, n)},
			ready: make(chan struct{}, 1),
		})
	}
	l.start(position{})
	return l, nil
}

// Check reports options that cannot be, for a part of set.
func (o LoaderOptions) Check(set *Set, split *Split) error {
	switch {
	case split == nil:
		return fmt.Errorf("%s has no such part (nil), want one to load from", set.Name)
	case o.Batch < 1:
		return fmt.Errorf("batches of %d, want at least 1", o.Batch)
	case o.DropLast && o.Batch > split.N():
		return fmt.Errorf("batches of %d of %d examples without the smaller last one, which leaves none", o.Batch, split.N())
	case o.Epochs < 0 || o.Workers < 0 || o.Ahead < 0:
		return fmt.Errorf("%d epochs, %d workers and %d batches ahead, want none below 0", o.Epochs, o.Workers, o.Ahead)
	}
	if err := split.check(set); err != nil {
		return fmt.Errorf("%s: %w", set.Name, err)
	}
	return errors.Join(o.Augment.check(set), o.Shift.Check(set.Height, set.Width), o.Rotate.Check(), o.Normalise.check(set.Channels))
}

// Batches returns the number of batches of an epoch.
func (l *Loader) Batches() int {
	if l.o.DropLast {
		return l.split.N() / l.o.Batch
	}
	return (l.split.N()-1)/l.o.Batch + 1
}

// Position returns the epoch and index of the batch that Next gives next: what to Seek to in order to
// go on from here.
func (l *Loader) Position() (epoch, index int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next.epoch, l.next.index
}

// Next returns the next batch, and io.EOF after the last epoch. It waits until the batch is made or ctx
// ends, which loses nothing: a later Next returns it. In a steady state it allocates nothing.
func (l *Loader) Next(ctx context.Context) (*Batch, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.stopped(ctx); err != nil {
		return nil, err
	}
	if l.held != nil {
		l.plan(l.held)
		l.held = nil
	}
	if len(l.queue) == 0 {
		return nil, io.EOF
	}
	select {
	case <-l.queue[0].ready:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-l.closed:
		return nil, ErrClosed
	}
	l.held = l.queue[0]
	l.queue = append(l.queue[:0], l.queue[1:]...)
	l.next = l.after(l.next)
	return &l.held.Batch, nil
}

func (l *Loader) stopped(ctx context.Context) error {
	select {
	case <-l.closed:
		return ErrClosed
	default:
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// Seek makes the batch of that epoch and index, both from 0, the next one. An index of Batches is the
// start of the following epoch.
func (l *Loader) Seek(epoch, index int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.stopped(context.Background()); err != nil {
		return err
	}
	if epoch < 0 || index < 0 || index > l.Batches() {
		return fmt.Errorf("data: batch %d of epoch %d, want an index from 0 to %d and an epoch from 0", index, epoch, l.Batches())
	}
	for _, s := range l.queue {
		select {
		case <-s.ready: // nobody writes to it any more
		case <-l.closed:
			return ErrClosed
		}
	}
	l.idle = append(l.idle, l.queue...)
	l.queue = l.queue[:0]
	if l.held != nil {
		l.idle = append(l.idle, l.held)
		l.held = nil
	}
	at := position{epoch, index}
	if index == l.Batches() {
		at = position{epoch + 1, 0}
	}
	l.start(at)
	return nil
}

// Close ends the goroutines; a Next that waits returns [ErrClosed].
func (l *Loader) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.mu.Lock()
		defer l.mu.Unlock()
		close(l.jobs)
		l.wg.Wait()
	})
	return nil
}

// start has all idle slots made from there on.
func (l *Loader) start(at position) {
	l.next, l.planned = at, at
	slots := l.idle
	l.idle = nil
	for _, s := range slots {
		l.plan(s)
	}
}

// plan has s made into the next batch, or lays it aside where there is none.
func (l *Loader) plan(s *slot) {
	at := l.planned
	if l.o.Epochs > 0 && at.epoch >= l.o.Epochs {
		l.idle = append(l.idle, s)
		return
	}
	if l.o.Shuffle && l.orderOf != at.epoch {
		l.rnd.permute(l.order, l.o.Seed, uint64(at.epoch))
		l.orderOf = at.epoch
	}
	first := at.index * l.o.Batch
	n := min(l.o.Batch, len(l.order)-first)
	s.Epoch, s.Index = at.epoch, at.index
	s.X, s.Y, s.Examples = s.X[:n*l.exampleSize], s.Y[:n], s.Examples[:n]
	copy(s.Examples, l.order[first:])
	l.planned = l.after(at)
	l.queue = append(l.queue, s)
	l.jobs <- s // has room for all slots
}

func (l *Loader) after(p position) position {
	if p.index++; p.index == l.Batches() {
		return position{p.epoch + 1, 0}
	}
	return p
}

// work makes batches until Close.
func (l *Loader) work() {
	rnd, upright := newStream(), make([]float32, l.exampleSize)
	for s := range l.jobs {
		if l.stopped(context.Background()) != nil {
			return
		}
		l.fill(s, rnd, upright)
		s.ready <- struct{}{}
	}
}

func (l *Loader) fill(s *slot, rnd *stream, upright []float32) {
	random := l.o.Augment != Augment{} || l.o.Rotate.Within > 0
	for k, i := range s.Examples {
		s.Y[k] = float32(l.split.Labels[i])
		var d drawn
		if random {
			rnd.at(l.o.Seed, uint64(s.Epoch), uint64(i))
			d = l.o.Augment.draw(rnd.Rand, l.set.Height, l.set.Width)
		}
		d.dy, d.dx = d.dy+l.o.Shift.Down, d.dx+l.o.Shift.Right
		to := s.X[k*l.exampleSize:][:l.exampleSize]
		if angle := l.o.Rotate.angle(rnd.Rand); angle != 0 {
			l.set.render(upright, l.scaler, i, l.o.Augment, d)
			l.set.rotate(to, upright, angle, l.scaler.black)
			continue
		}
		l.set.render(to, l.scaler, i, l.o.Augment, d)
	}
}
