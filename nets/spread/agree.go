package spread

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// An Agreed is an error that all ranks of a world have, so that each can end by itself and one of them says why.
type Agreed struct {
	Rank      int // the first that has it
	text      string
	cancelled bool
	mine      error // of this rank; or nil
}

func (e *Agreed) Error() string { return e.text }
func (e *Agreed) Unwrap() error { return e.mine }

// Is reports of the target [context.Canceled] whether the error of the first rank is a cancellation.
func (e *Agreed) Is(target error) bool { return e.cancelled && target == context.Canceled }

// Agree returns an error on every rank if it is called with one on any: an *[Agreed], which is the error itself where all ranks
// have the same, and else names the first rank that has one. All ranks call it at the same place. An error of the world, and
// one that is agreed already, is returned as it is; w may be nil, the world of one.
func Agree(w World, err error) error {
	var of *RankError
	var agreed *Agreed
	if w == nil || w.Size() == 1 || errors.As(err, &of) || errors.As(err, &agreed) {
		return err
	}
	mine := ""
	switch {
	case errors.Is(err, context.Canceled):
		mine = cancelled + err.Error()
	case err != nil:
		mine = failed + err.Error()
	}
	all, broken := w.Share([]byte(mine))
	if broken != nil {
		return errors.Join(err, broken)
	}
	first, same := -1, true
	for r, text := range all {
		if same = same && string(text) == string(all[0]); len(text) > 0 && first < 0 {
			first = r
		}
	}
	if first < 0 {
		return nil
	}
	kind, text := string(all[first][:1]), string(all[first][1:])
	switch {
	case same:
	case kind == cancelled:
		text = fmt.Sprintf("%s, to rank %d on %s", text, first, w.Host(first))
	default:
		text = fmt.Sprintf("rank %d on %s: %s", first, w.Host(first), text)
	}
	return &Agreed{first, text, kind == cancelled, err}
}

// What a rank shares of its error begins with its kind, so that one without text is an error too.
const (
	failed    = "x"
	cancelled = "c"
)

// A Fact is something that has to be the same on all ranks.
type Fact struct{ Name, Value string }

// Alike returns an *[Agreed] that names the first rank with other facts than rank 0, and the first of these facts with both
// values. All ranks call it at the same place; w may be nil.
func Alike(w World, facts []Fact) error {
	if w == nil || w.Size() == 1 {
		return nil
	}
	mine, err := json.Marshal(facts)
	if err != nil {
		return err
	}
	shared, err := w.Share(mine)
	if err != nil {
		return err
	}
	all := make([][]Fact, len(shared))
	for r, text := range shared {
		if err := json.Unmarshal(text, &all[r]); err != nil {
			return fmt.Errorf("facts of rank %d on %s: %w", r, w.Host(r), err)
		}
		if name, here, there, differ := difference(all[r], all[0]); differ {
			return &Agreed{text: fmt.Sprintf("rank %d on %s has another %s than rank 0 on %s: %s, and there %s; want the same on all",
				r, w.Host(r), name, w.Host(0), here, there)}
		}
	}
	return nil
}

// difference returns the first of two lists of facts that differs, and both values.
func difference(a, b []Fact) (name, of, other string, differ bool) {
	value := func(facts []Fact, name string) string {
		for _, f := range facts {
			if f.Name == name {
				return f.Value
			}
		}
		return "none"
	}
	for _, f := range append(append([]Fact{}, a...), b...) {
		if of, other = value(a, f.Name), value(b, f.Name); of != other {
			return f.Name, of, other, true
		}
	}
	return "", "", "", false
}
