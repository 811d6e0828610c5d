package nets

import (
	"context"
	"errors"

	"hebb/compute"
)

// A Recorded is a moment of a recording, of the learners from First on that are side by side. X, Want, Mask and Answer are
// learners × examples × numbers, and nil where the moment has none.
type Recorded struct {
	Moment, First, Learners, Examples int
	Begins                            bool // the moment is the first of a trial
	X, Want, Mask, Answer             []float32
	Tensors                           [][]float32 // those that were asked for, as they are after the moment
}

// Record shows so many moments of the test task from its beginning to all learners, as [Session.Evaluate] does, and calls see
// after each of them, of learners that take turns one after the other. tensors are names of the system's own.
func (s *Session) Record(ctx context.Context, moments int, tensors []string, see func(Recorded) error) error {
	if s.Test == nil {
		return errors.New("nets: a run without a test task")
	}
	if err := s.Settle(); err != nil {
		return err
	}
	for _, c := range s.cohorts {
		back, err := s.backUp(c)
		if err == nil {
			err = c.test.store.reset()
		}
		if err != nil {
			return err
		}
		t := &builtTask{recorder{c.test.Task, c, tensors, see}, c.test.spec, c.test.store, c.test.show, c.test.judge}
		for k := 0; k < moments && err == nil; k++ {
			if err = context.Cause(ctx); err == nil {
				err = s.evaluateMoment(ctx, c, t, uint64(k))
			}
		}
		c.evaluated.reset()
		if err := errors.Join(err, back()); err != nil {
			return err
		}
	}
	return nil
}

// A recorder is a task whose moments are read when they have been judged.
type recorder struct {
	Task
	c       *cohort
	tensors []string
	see     func(Recorded) error
}

func (r recorder) Judge(p *Pass, m Moment, answer *compute.Tensor) {
	r.Task.Judge(p, m, answer)
	now := Recorded{Moment: int(p.Number), First: r.c.first, Learners: p.Learners, Examples: m.Examples(), Begins: m.First}
	read := func(t *compute.Tensor) []float32 {
		x := make([]float32, t.Len())
		p.Read(t, x)
		return x
	}
	for _, part := range []struct {
		to   *[]float32
		from *compute.Tensor
	}{{&now.X, m.X}, {&now.Want, m.Want}, {&now.Mask, m.Mask}, {&now.Answer, answer}} {
		if part.from != nil {
			*part.to = read(p.All(part.from))
		}
	}
	for _, name := range r.tensors {
		t, err := r.c.value(name)
		if err != nil {
			p.Fail(err)
			return
		}
		now.Tensors = append(now.Tensors, read(t))
	}
	p.Fail(r.see(now))
}
