package train

import (
	"context"
	"errors"
	"time"

	"hebb/nets"
)

// A retreat is where a run goes back to if it is told to end within a trial, or within a moment where trials have no end: to the
// last moment between trials. Where trials are short it is none, and the end waits for that of the trial.
type retreat struct {
	to    *nets.Snapshot // nil: none
	spare *nets.Snapshot // whose memory is used again
	began time.Time      // the trial
	short bool           // the last trial was
}

// slow is how long a trial takes that is not waited for.
var slow = 250 * time.Millisecond

// before returns the context of a step, which ends if there is somewhere to go back to. A trial is taken for a short one if
// the one before it was.
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

// after takes note of how long a trial took.
func (b *retreat) after(s *nets.Session) {
	if !s.Between() {
		return
	}
	if b.short = time.Since(b.began) < slow; b.short {
		b.to, b.spare = nil, nil
	}
}
