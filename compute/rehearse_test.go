package compute_test

import (
	"io"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
)

// A listener is a Backend that can be told of ops, and timed.
type listener struct {
	*machine
	told int
}

func (l *listener) Rehearse(ops []compute.Op) bool {
	l.told += len(ops)
	return true
}

func (*listener) TimeOps(func(compute.Timing)) error { return nil }

// TestRehearsePassedOn: wrappers pass a rehearsal on to the backend in them, and say that it is of no use where it is not.
func TestRehearsePassedOn(t *testing.T) {
	for name, wrap := range map[string]func(b compute.Backend) compute.Backend{
		"Verify": func(b compute.Backend) compute.Backend { return compute.Verify(b, 1) },
		"Trace":  func(b compute.Backend) compute.Backend { return compute.Trace(b, io.Discard, false) },
		"Profile": func(b compute.Backend) compute.Backend {
			if _, ok := b.(*listener); !ok {
				return b // cannot be timed
			}
			p := must.Get(compute.Profile(b, 0))(t)
			return p
		},
	} {
		l, called := &listener{machine: plain()}, 0
		f := func(d *compute.Device) error {
			called++
			return d.Step(func(s *compute.Step) error {
				if !d.Staged() {
					t.Errorf("%s: not on a stage", name)
				}
				s.Do(compute.Copy{Dst: s.Tensor(2), Src: s.Tensor(2)})
				return nil
			})
		}
		if err := compute.New(wrap(l)).Rehearse(f); err != nil || l.told != 1 || called != 1 {
			t.Errorf("%s: told of %d ops in %d calls, %v", name, l.told, called, err)
		}
		if err := compute.New(wrap(plain())).Rehearse(f); err != nil || called != 1 {
			t.Errorf("%s of a backend that has no use for it: %d calls, %v", name, called-1, err)
		}
	}
}

// TestAhead: each case is rehearsed once, before its turn.
func TestAhead(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 17, 31, 32, 33, 100} {
		next := 0
		for k := range n {
			from, to := compute.Ahead(k, n)
			if from < to && from != next || to > n {
				t.Errorf("%d of %d: %d to %d, want it to go on from %d", k, n, from, to, next)
			}
			if from < to {
				next = to
			}
			if next <= k {
				t.Errorf("%d of %d runs unrehearsed", k, n)
			}
		}
		if next != n {
			t.Errorf("%d of %d rehearsed", next, n)
		}
	}
}
