package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"hebb/internal/must"
)

// made is a set of n examples whose values say which they are.
func made(n, height, width, channels int, floats bool) *Set {
	s := &Set{Name: "made", Height: height, Width: width, Channels: channels, Classes: 7, Train: &Split{Labels: make([]int, n)}}
	for i := range n {
		s.Train.Labels[i] = i % 7
	}
	for i := range n * s.Values() {
		if floats {
			s.Train.Floats = append(s.Train.Floats, float32(i)/8-100)
		} else {
			s.Train.Pixels = append(s.Train.Pixels, byte(i*7+i/256))
		}
	}
	return s
}

func open(t testing.TB, s *Set, o LoaderOptions) *Loader {
	t.Helper()
	l := must.Get(NewLoader(s, s.Train, o))(t)
	t.Cleanup(func() { l.Close() })
	return l
}

func next(t testing.TB, l *Loader) *Batch {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b := must.Get(l.Next(ctx))(t)
	return b
}

// kept is a copy of a batch.
func kept(b *Batch) Batch {
	return Batch{slices.Clone(b.X), slices.Clone(b.Y), slices.Clone(b.Examples), b.Epoch, b.Index}
}

func same(a, b Batch) bool {
	return slices.Equal(a.X, b.X) && slices.Equal(a.Y, b.Y) && slices.Equal(a.Examples, b.Examples) && a.Epoch == b.Epoch && a.Index == b.Index
}

var busy = Augment{Pad: 2, Flip: true, Cutout: 3}

// TestEpochs: each epoch has each example once, in an order of its own, and the batches have the sizes
// that they should.
func TestEpochs(t *testing.T) {
	s := made(23, 2, 3, 1, false)
	for _, c := range []struct {
		LoaderOptions
		sizes []int
	}{
		{LoaderOptions{Batch: 5, Shuffle: true}, []int{5, 5, 5, 5, 3}},
		{LoaderOptions{Batch: 5, Shuffle: true, DropLast: true}, []int{5, 5, 5, 5}},
		{LoaderOptions{Batch: 5}, []int{5, 5, 5, 5, 3}},
		{LoaderOptions{Batch: 23, Shuffle: true, DropLast: true}, []int{23}},
		{LoaderOptions{Batch: 100, Shuffle: true, Ahead: 9}, []int{23}},
		{LoaderOptions{Batch: 1, Shuffle: true, Workers: 5}, slices.Repeat([]int{1}, 23)},
	} {
		l := open(t, s, c.LoaderOptions)
		if l.Batches() != len(c.sizes) {
			t.Errorf("%+v: %d batches an epoch, want %d", c, l.Batches(), len(c.sizes))
		}
		var orders [3][]int
		for epoch := range orders {
			for k, size := range c.sizes {
				if e, i := l.Position(); e != epoch || i != k {
					t.Fatalf("%+v: position %d, %d, want %d, %d", c, e, i, epoch, k)
				}
				b := next(t, l)
				if b.Epoch != epoch || b.Index != k || len(b.Y) != size || len(b.X) != 6*size || len(b.Examples) != size {
					t.Fatalf("%+v: epoch %d, batch %d has %d labels and %d values of epoch %d, batch %d", c, epoch, k, len(b.Y), len(b.X), b.Epoch, b.Index)
				}
				for j, i := range b.Examples {
					if b.Y[j] != float32(i%7) || b.X[6*j+5] != float32(s.Train.Pixels[6*i+5])/255 {
						t.Fatalf("%+v: example %d has label %g and values %v", c, i, b.Y[j], b.X[6*j:][:6])
					}
				}
				orders[epoch] = append(orders[epoch], b.Examples...)
			}
			seen := slices.Compact(slices.Sorted(slices.Values(orders[epoch])))
			if len(seen) != len(orders[epoch]) {
				t.Errorf("%+v: epoch %d has %v", c, epoch, orders[epoch])
			}
		}
		if slices.Equal(orders[0], orders[1]) == c.Shuffle || slices.Equal(orders[1], orders[2]) == c.Shuffle || slices.IsSorted(orders[0]) == c.Shuffle {
			t.Errorf("%+v: orders %v", c, orders)
		}
	}
}

// TestOrderIsKept: a run that was begun with another version of this package must go on with the same
// orders and draws. The figures were recorded with Go 1.26, whose math/rand/v2 they hang on.
func TestOrderIsKept(t *testing.T) {
	for _, c := range []struct {
		seed, epoch uint64
		want        []int
	}{
		{0, 0, []int{7, 8, 6, 2, 4, 5, 3, 0, 1, 9}},
		{1, 0, []int{0, 1, 8, 5, 3, 9, 6, 7, 2, 4}},
		{1, 1, []int{6, 4, 3, 7, 5, 9, 8, 0, 1, 2}},
	} {
		order := make([]int, 10)
		newStream().permute(order, c.seed, c.epoch)
		if !slices.Equal(order, c.want) {
			t.Errorf("seed %d, epoch %d: %v, want %v", c.seed, c.epoch, order, c.want)
		}
	}
	rnd := newStream()
	rnd.at(1, 2, 3)
	if d, want := (Augment{Pad: 4, Flip: true, Cutout: 8}).draw(rnd.Rand, 32, 32), (drawn{-3, -2, true, 18, 25}); d != want {
		t.Errorf("draws of seed 1, epoch 2, example 3: %+v, want %+v", d, want)
	}
}

// TestRepeats: neither workers nor what is made ahead nor where one starts changes a batch.
func TestRepeats(t *testing.T) {
	s := made(23, 4, 5, 3, false)
	o := LoaderOptions{Batch: 4, Seed: 5, Shuffle: true, Augment: busy, Workers: 1, Ahead: 1}
	l := open(t, s, o)
	var want []Batch
	for range 3 * l.Batches() {
		want = append(want, kept(next(t, l)))
	}
	for _, workers := range []int{0, 2, 7} {
		for _, ahead := range []int{0, 1, 20} {
			o.Workers, o.Ahead = workers, ahead
			l := open(t, s, o)
			for k := range want {
				if !same(*next(t, l), want[k]) {
					t.Fatalf("%d workers, %d ahead: batch %d differs", workers, ahead, k)
				}
			}
			for _, k := range []int{7, 0, 17, 6, 16} { // and three in a row from each
				must.Do(t, l.Seek(k/6, k%6))
				for _, w := range want[k:min(k+3, len(want))] {
					if !same(*next(t, l), w) {
						t.Fatalf("%d workers, %d ahead, from batch %d: epoch %d, batch %d differs", workers, ahead, k, w.Epoch, w.Index)
					}
				}
			}
			if err := l.Seek(0, 6); err != nil || !same(*next(t, l), want[6]) {
				t.Errorf("the end of an epoch is not the start of the next: %v", err)
			}
		}
	}
	o.Seed = 6
	if other := next(t, open(t, s, o)); slices.Equal(other.X, want[0].X) {
		t.Error("another seed gives the same batch")
	}
}

func TestSinglePass(t *testing.T) {
	s := made(10, 1, 2, 1, false)
	l := open(t, s, LoaderOptions{Batch: 4, Epochs: 1, Ahead: 5})
	for pass := range 2 {
		for k, first := range []int{0, 4, 8} {
			if b := next(t, l); b.Examples[0] != first || b.Index != k {
				t.Errorf("pass %d: batch %d starts with example %d", pass, b.Index, b.Examples[0])
			}
		}
		for range 2 {
			if b, err := l.Next(t.Context()); !errors.Is(err, io.EOF) {
				t.Fatalf("pass %d: after the end, %v, %v", pass, b, err)
			}
		}
		must.Do(t, l.Seek(0, 0))
	}
	must.Do(t, l.Seek(1, 0))
	if _, err := l.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("beyond the last epoch: %v", err)
	}
}

// TestInterrupted: a Next that ctx ends loses no batch; a closed loader says so, and at once.
func TestInterrupted(t *testing.T) {
	s := made(10, 1, 2, 1, false)
	l := open(t, s, LoaderOptions{Batch: 3})
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	for range 3 {
		if _, err := l.Next(ctx); !errors.Is(err, why) {
			t.Errorf("an ended context gives %v", err)
		}
	}
	if b := next(t, l); b.Index != 0 {
		t.Errorf("the first batch is %d", b.Index)
	}
	if _, err := l.Next(ctx); !errors.Is(err, why) {
		t.Errorf("an ended context gives %v", err)
	}
	if b := next(t, l); b.Index != 1 {
		t.Errorf("the second batch is %d", b.Index)
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := l.Next(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := l.Seek(0, 0); !errors.Is(err, ErrClosed) {
		t.Errorf("Seek after Close: %v", err)
	}
}

// TestCloseWakes: Close while Next waits, many times, under the race detector in CI.
func TestCloseWakes(t *testing.T) {
	s := made(50, 8, 8, 3, false)
	for range 50 {
		l := open(t, s, LoaderOptions{Batch: 50, Augment: busy, Workers: 2, Ahead: 3})
		done := make(chan error)
		go func() {
			for {
				if _, err := l.Next(context.Background()); err != nil {
					done <- err
					return
				}
			}
		}()
		l.Close()
		if err := <-done; !errors.Is(err, ErrClosed) {
			t.Fatal(err)
		}
	}
}

func TestLoaderRefusals(t *testing.T) {
	s := made(10, 4, 4, 2, false)
	for want, o := range map[string]LoaderOptions{
		"batches of 0, want at least 1":     {},
		"which leaves none":                 {Batch: 11, DropLast: true},
		"-1 epochs":                         {Batch: 1, Epochs: -1},
		"-2 workers":                        {Batch: 1, Workers: -2},
		"-3 batches ahead":                  {Batch: 1, Ahead: -3},
		"Augment.Pad is 5, want 0 to 4":     {Batch: 1, Augment: Augment{Pad: 5}},
		"Augment.Pad is -1":                 {Batch: 1, Augment: Augment{Pad: -1}},
		"Augment.Cutout is 9, want 0 to 8":  {Batch: 1, Augment: Augment{Cutout: 9}},
		"1 means and 2 standard deviations": {Batch: 1, Normalise: Normalise{Mean: []float32{1}, SD: []float32{1, 2}}},
		"Normalise.SD[1] is 0, want":        {Batch: 1, Normalise: Normalise{Mean: []float32{1, 2}, SD: []float32{1, 0}}},
	} {
		_, err := NewLoader(s, s.Train, o)
		wantIn(t, fmt.Sprintf("%+v", o), err, want)
	}
	_, err := NewLoader(s, s.Test, LoaderOptions{Batch: 1})
	wantIn(t, "no test part", err, "made has no such part")
	l := open(t, s, LoaderOptions{Batch: 3})
	for _, at := range [][2]int{{-1, 0}, {0, -1}, {0, 5}} {
		wantIn(t, "a place that is none", l.Seek(at[0], at[1]), fmt.Sprintf("batch %d of epoch %d, want an index from 0 to 4", at[1], at[0]))
	}
	if err := l.Close(); err != nil { // it reads what is changed now
		t.Fatal(err)
	}
	s.Train.Labels[3] = 7
	_, err = NewLoader(s, s.Train, LoaderOptions{Batch: 1})
	wantIn(t, "a label of 7", err, "label 7 of example 3, want 0 to 6")
	s.Train.Labels = s.Train.Labels[1:]
	_, err = NewLoader(s, s.Train, LoaderOptions{Batch: 1})
	wantIn(t, "a label less", err, "320 values and 9 labels")
}

// TestNoGarbage: in a steady state Next allocates nothing, over the ends of epochs too.
func TestNoGarbage(t *testing.T) {
	l := open(t, made(100, 4, 4, 1, false), LoaderOptions{Batch: 30, Shuffle: true, Augment: busy})
	ctx := context.Background()
	got := testing.AllocsPerRun(1000, func() {
		if _, err := l.Next(ctx); err != nil {
			t.Error(err)
		}
	})
	if got != 0 {
		t.Errorf("%g allocations a batch, want 0", got)
	}
}

func BenchmarkLoader(b *testing.B) {
	mnist, cifar := made(60000, 28, 28, 1, false), made(20000, 32, 32, 3, false)
	usual := Augment{Pad: 4, Flip: true}
	for _, c := range []struct {
		name string
		set  *Set
		Augment
	}{{"28x28x1", mnist, Augment{}}, {"32x32x3", cifar, Augment{}}, {"32x32x3,crop,flip", cifar, usual}} {
		b.Run(c.name, func(b *testing.B) {
			l := open(b, c.set, LoaderOptions{Batch: 128, Seed: 1, Shuffle: true, Augment: c.Augment, Normalise: c.set.Measure()})
			ctx := context.Background()
			b.ReportAllocs()
			images := 0
			for b.Loop() {
				batch := must.Get(l.Next(ctx))(b)
				images += len(batch.Y)
			}
			b.ReportMetric(float64(images)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
