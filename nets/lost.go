package nets

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hebb/compute"
)

// Metrics returns the metrics of training since the last call, of all learners. It waits for the device. A learner with
// a fault, or with a metric that is not finite, is lost from then on, see [Session.Lost]; it is an error when all are.
func (s *Session) Metrics() (Metrics, error) {
	return s.read(func(c *cohort) *accumulator { return c.store.metrics })
}

func (s *Session) read(of func(*cohort) *accumulator) (all Metrics, err error) {
	for _, c := range s.cohorts {
		var part Metrics
		var faults []fault
		err := s.dev.Step(func(st *compute.Step) error {
			part, faults = of(c).read(st)
			return nil
		})
		if err == nil {
			faults, err = s.faults(faults)
		}
		if err != nil {
			return nil, err
		}
		for _, f := range faults {
			why := c.explain(f, s.number)
			if errors.Is(why, ErrFinished) {
				s.done[c.first+f.learner] = why
			} else {
				s.GiveUp(c.first+f.learner, why)
			}
		}
		if err := s.loseUnsound(c, part); err != nil {
			return nil, err
		}
		all = join(all, part)
	}
	if s.byLearners() {
		if all, err = s.joined(all); err != nil {
			return nil, err
		}
	}
	for _, m := range all {
		for l := range s.lost {
			m.Each[l] = nan
		}
	}
	return all, s.allLost()
}

// join appends the metrics of more learners.
func join(all, more Metrics) Metrics {
	if all == nil {
		return more
	}
	for i := range all {
		m := more.Get(all[i].Name)
		all[i].Each, all[i].counted = append(all[i].Each, m.Each...), append(all[i].counted, m.counted...)
	}
	return all
}

// loseUnsound gives up the learners of a cohort that have a metric that is not finite, and says which of their tensors
// are not finite.
func (s *Session) loseUnsound(c *cohort, all Metrics) error {
	var bad []*Named
	for _, m := range all {
		for l, x := range m.Each {
			if s.lost[c.first+l] != nil || !m.unsound(l) {
				continue
			}
			if bad == nil {
				var err error
				if bad, err = c.sound(); err != nil {
					return err
				}
			}
			what := fmt.Sprintf("the mean %s is %g after step %d", m.Name, x, s.number)
			if bad[l] != nil {
				what += ", and " + bad[l].notFinite()
			} else if where := s.where(c); where != "" && s.Learners == 1 {
				what += ", and " + where
			}
			s.GiveUp(c.first+l, s.diverged(what))
		}
	}
	return nil
}

// diverged is an ErrDiverged that says what to do.
func (s *Session) diverged(what string) error {
	return fmt.Errorf("%w: %s; want a rate below %.5g", ErrDiverged, what, s.Rate)
}

func (c *cohort) explain(f fault, step uint64) error {
	var why error
	if e, ok := c.System.(Explainer); ok {
		why = e.Explain(f.name, f.code)
	}
	if errors.Is(why, ErrFinished) {
		return why
	}
	return fmt.Errorf("by step %d: %w", step, faultError(f, why))
}

func faultError(f fault, why error) error {
	if why == nil {
		why = fmt.Errorf("its code is %g", f.code)
	}
	return fmt.Errorf("%w: %s: %w", ErrFault, f.name, why)
}

// GiveUp marks a learner as lost, see [Session.Lost], unless it already is.
func (s *Session) GiveUp(learner int, why error) {
	if s.lost[learner] == nil {
		s.lost[learner], s.lostAt[learner] = why, s.number
	}
}

// Lost returns why learners have ended, by learner. It leaves out learners that go on.
func (s *Session) Lost() map[int]error { return maps.Clone(s.lost) }

// Finished returns how learners have come to their end with nothing wrong, by learner: errors that wrap [ErrFinished].
// This is known when metrics are read.
func (s *Session) Finished() map[int]error { return maps.Clone(s.done) }

// Ended reports whether all learners are finished or lost, so that more moments change nothing.
func (s *Session) Ended() bool {
	for l := range s.Learners {
		if s.done[l] == nil && s.lost[l] == nil {
			return false
		}
	}
	return true
}

// allLost returns an error if all learners are lost; it says why the last ones are.
func (s *Session) allLost() error {
	switch {
	case len(s.lost) < s.Learners:
		return nil
	case s.Learners == 1:
		return s.lost[0]
	}
	last, step := s.Lost(), slices.Max(slices.Collect(maps.Values(s.lostAt)))
	maps.DeleteFunc(last, func(learner int, _ error) bool { return s.lostAt[learner] < step })
	text := LostText(s.Seed, last)
	if len(last) < s.Learners {
		text = fmt.Sprintf("all %d learners are lost, the last now: %s", s.Learners, text)
	}
	return lostError{text, slices.Collect(maps.Values(s.lost))}
}

// A lostError says why all learners are lost.
type lostError struct {
	text string
	why  []error
}

func (e lostError) Error() string   { return e.text }
func (e lostError) Unwrap() []error { return e.why }

// LostText says which learners have ended and why, those with the same reason together; seeds count from the first.
func LostText[Why any](first uint64, why map[int]Why) string {
	var reasons []string
	of := map[string][]uint64{}
	for _, l := range slices.Sorted(maps.Keys(why)) {
		text := fmt.Sprint(why[l])
		if of[text] == nil {
			reasons = append(reasons, text)
		}
		of[text] = append(of[text], uint64(l))
	}
	for i, text := range reasons {
		learners := of[text]
		seeds := make([]uint64, len(learners))
		for k, l := range learners {
			seeds[k] = first + l
		}
		s := ""
		if len(learners) > 1 {
			s = "s"
		}
		reasons[i] = fmt.Sprintf("learner%s %s, seed%s %s: %s", s, Ranges(learners), s, Ranges(seeds), text)
	}
	return strings.Join(reasons, "; ")
}

// Ranges writes rising numbers as text, "1–4, 7".
func Ranges(all []uint64) string {
	var words []string
	for i := 0; i < len(all); {
		j := i
		for j+1 < len(all) && all[j+1] == all[j]+1 {
			j++
		}
		word := fmt.Sprint(all[i])
		if j > i {
			word += fmt.Sprintf("–%d", all[j])
		}
		words, i = append(words, word), j+1
	}
	return strings.Join(words, ", ")
}

// Sound checks all weights and other saved tensors for NaN and Inf. A learner that has any is lost, see [Session.Lost]; it is
// an error when all are.
func (s *Session) Sound() error {
	for _, c := range s.cohorts {
		bad, err := c.sound()
		if err != nil {
			return err
		}
		for l, n := range bad {
			if n != nil {
				s.GiveUp(c.first+l, s.diverged(fmt.Sprintf("%s after step %d", n.notFinite(), s.number)))
			}
		}
	}
	if _, err := s.joined(nil); err != nil {
		return err
	}
	return s.allLost()
}

// sound returns, for each learner of the cohort, the first tensor that has NaN or Inf, or nil.
func (c *cohort) sound() ([]*Named, error) {
	if c.parts != nil {
		return c.parts.sound()
	}
	return c.store.sound()
}

// Diagnose reports the first weights or, if the system is a [Diagnoser], the first activity with NaN or Inf when the
// last moment is shown again. It returns nil if all are finite.
func (s *Session) Diagnose(ctx context.Context) error { return s.anyones(s.diagnose(ctx)) }

func (s *Session) diagnose(ctx context.Context) error {
	for _, c := range s.cohorts {
		bad, err := c.sound() // not Sound, which reports lost learners
		if err != nil {
			return err
		}
		for _, n := range bad {
			if n != nil {
				return s.diverged(fmt.Sprintf("%s after step %d", n.notFinite(), s.number))
			}
		}
		if err := s.activity(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// activity shows a cohort the last moment again, and returns what its system finds not to be finite, if it is a
// [Diagnoser].
func (s *Session) activity(ctx context.Context, c *cohort) error {
	d, ok := c.System.(Diagnoser)
	if !ok {
		return nil
	}
	var found func() error
	if err := s.replay(ctx, c, c.task, max(s.number, 1)-1, func(p *Pass, m Moment) { found = d.Diagnose(p, m) }); err != nil {
		return err
	}
	return found()
}

// where describes the activity that is not finite, as text.
func (s *Session) where(c *cohort) string {
	err := s.activity(background, c)
	if !errors.Is(err, ErrDiverged) {
		return ""
	}
	return strings.TrimPrefix(err.Error(), ErrDiverged.Error()+": ")
}

// notFinite says that a tensor has NaN or Inf.
func (n *Named) notFinite() string {
	if n.Role == Weight {
		return fmt.Sprintf("the weights %s are not finite", n.Name)
	}
	return fmt.Sprintf("the tensor %s is not finite", n.Name)
}
