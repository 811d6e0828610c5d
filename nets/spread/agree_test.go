package spread

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"
	"time"
)

// TestAgree: an error of one rank is one of all; of all it is said once; and what is agreed is not shared again.
func TestAgree(t *testing.T) {
	of := func(ranks ...int) func(w World) error {
		return func(w World) error {
			for _, r := range ranks {
				if r == w.Rank() {
					return fmt.Errorf("disk %d: %w", len(ranks), fs.ErrPermission)
				}
			}
			return nil
		}
	}
	for _, c := range []struct {
		fails func(w World) error
		want  string
	}{
		{of(), "<nil>"},
		{of(2), "rank 2 on fake2: disk 1: permission denied"},
		{of(1, 2), "rank 1 on fake1: disk 2: permission denied"},
		{of(0, 1, 2), "disk 3: permission denied"},
		{func(w World) error { return errors.New("") }, ""},
	} {
		for r, err := range each(Fakes(3), func(w World) error {
			mine := c.fails(w)
			err := Agree(w, Agree(w, mine))
			if mine != nil && errors.Is(mine, fs.ErrPermission) && !errors.Is(err, fs.ErrPermission) {
				t.Errorf("%v does not wrap %v", err, mine)
			}
			return err
		}) {
			if fmt.Sprint(err) != c.want {
				t.Errorf("rank %d: %v, want %s", r, err, c.want)
			}
		}
	}
	if err := Agree(nil, fs.ErrExist); err != fs.ErrExist {
		t.Errorf("alone: %v", err)
	}
}

// TestAgreeCancelled: what one rank was told to end by is a cancellation on all, which names it.
func TestAgreeCancelled(t *testing.T) {
	for want, first := range map[string]int{"told: context canceled, to rank 1 on fake1": 1, "told: context canceled": 0} {
		for r, err := range each(Fakes(3), func(w World) error {
			if w.Rank() >= first {
				return Agree(w, fmt.Errorf("told: %w", context.Canceled))
			}
			return Agree(w, nil)
		}) {
			var agreed *Agreed
			if !errors.As(err, &agreed) || err.Error() != want || !errors.Is(err, context.Canceled) || agreed.Rank != first {
				t.Errorf("rank %d: %v, want %s", r, err, want)
			}
		}
	}
}

// TestAgreeGone: what a rank that is gone would have said is its RankError, and its own error stays.
func TestAgreeGone(t *testing.T) {
	var of *RankError
	errs := each(PatientFakes(2, time.Second), func(w World) error {
		if w.Rank() == 1 {
			return w.Close()
		}
		return Agree(w, fs.ErrExist)
	})
	if !errors.As(errs[0], &of) || of.Rank != 1 || !errors.Is(errs[0], fs.ErrExist) {
		t.Errorf("%v, want that rank 1 is gone, and %v", errs[0], fs.ErrExist)
	}
}

// TestAlike: the first rank that differs is named on all, with the first fact and both values.
func TestAlike(t *testing.T) {
	for want, facts := range map[string]func(r int) []Fact{
		"<nil>": func(int) []Fact { return []Fact{{"seed", "1"}} },
		"rank 1 on fake1 has another seed than rank 0 on fake0: 2, and there 1; want the same on all": func(r int) []Fact {
			return []Fact{{"device", "a"}, {"seed", fmt.Sprint(1 + min(r, 1))}, {"host", fmt.Sprint(r)}}
		},
		"rank 2 on fake2 has another data than rank 0 on fake0: none, and there x; want the same on all": func(r int) []Fact {
			return []Fact{{"seed", "1"}, {"data", "x"}}[:2-r/2]
		},
	} {
		for r, err := range each(Fakes(3), func(w World) error { return Alike(w, facts(w.Rank())) }) {
			if fmt.Sprint(err) != want {
				t.Errorf("rank %d: %v, want %s", r, err, want)
			}
		}
	}
	if err := Alike(nil, []Fact{{"seed", "1"}}); err != nil {
		t.Error(err)
	}
}
