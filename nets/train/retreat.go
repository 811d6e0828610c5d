package train

import (
	"context"
	"errors"
	"time"

	"hebb/nets"
)

// A retreat is the point that a run goes back to if it is told to end within a trial (or within a moment, if trials
// have no end): the last moment between trials. Where trials are short there is no retreat, and the run ends with the
// trial.
type retreat struct {
	to    *nets.Snapshot // nil: none
	spare *nets.Snapshot // its memory is used again
	began time.Time      // the trial
	short bool           // the last trial was
}

// slow is the length of a trial that the end does not wait for.
var slow = 250 * time.Millisecond

// before returns the context of a step, which ends if there is somewhere to go back to. A trial counts as short if the
// one before it was short.
func (b *retreat) before(ctx context.Context, s *nets.Session) (context.Context, error) {
	if s.Between() {
		b.to = nil
		if b.began = time.Now(); !b.short {
			to, err := s.Snapshot(b.spare)
			if err != nil && !errors.Is(err, nets.ErrMemory) {
				return nil, err
			}
			if err == nil {
				b.to, b.spare = to, to
			}
		}
	}
	if b.to == nil {
		return context.WithoutCancel(ctx), nil
	}
	return ctx, nil
}

// after notes how long a trial took.
func (b *retreat) after(s *nets.Session) {
	if !s.Between() {
		return
	}
	if b.short = time.Since(b.began) < slow; b.short {
		b.to, b.spare = nil, nil
	}
}
