package train

import (
	"context"
	"errors"
	"time"

	"hebb/nets"
)

// A retreat is the last moment between trials, for a run to go back to if it is told to end within a trial, or within a
// moment where trials have no end. Where trials are short, or a copy of the run takes too much of their time, there is none,
// and the end waits for that of the trial.
type retreat struct {
	to     *nets.Snapshot // nil: none
	spare  *nets.Snapshot // its memory is used again
	began  time.Time      // the trial
	copied time.Duration  // the last copy took
	none   bool           // the trial under way is not worth a copy, as the one before it was not
	never  bool           // other processes are in the trial too
}

// A trial is worth a copy of the run if it takes at least slow, and at least dear times as long as the copy.
var slow, dear = 250 * time.Millisecond, 50

// before returns the context of a step, which ends if there is somewhere to go back to.
func (b *retreat) before(ctx context.Context, s *nets.Session) (context.Context, error) {
	if s.Between() {
		b.to = nil
		if !b.none && !b.never {
			start := time.Now()
			to, err := s.Snapshot(b.spare)
			if err != nil && !errors.Is(err, nets.ErrMemory) {
				return nil, err
			}
			if err == nil {
				b.to, b.spare, b.copied = to, to, time.Since(start)
			}
		}
		b.began = time.Now()
	}
	if b.to == nil {
		return context.WithoutCancel(ctx), nil
	}
	return ctx, nil
}

// after takes note of how long a trial took.
func (b *retreat) after(s *nets.Session) {
	if !s.Between() {
		return
	}
	took := time.Since(b.began)
	if b.none = took < slow || took < time.Duration(dear)*b.copied; b.none {
		b.to, b.spare = nil, nil
	}
}
