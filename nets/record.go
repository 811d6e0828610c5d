package nets

import (
	"context"
	"errors"

	"hebb/compute"
)

// A Showing says which moments [Session.Record] shows.
type Showing struct {
	Training      bool     // of the training task, as training shows them; else of the test task
	From, Moments int      // so many, from this one on, whatever came before it
	Tensors       []string // names of the system's own, to read after each moment
}

// A Recorded is a moment of a recording, of the learners from First on that are side by side. X, Want, Mask and Answer are
// learners × examples × numbers, and nil where the moment has none.
type Recorded struct {
	Moment, First, Learners, Examples int  // the moment of the recording, from 0
	Begins                            bool // the moment is the first of a trial
	X, Want, Mask, Answer             []float32
	Tensors                           [][]float32 // those that were asked for, as they are after the moment
}

// Record shows moments of a task to all learners without learning, as [Session.Evaluate] does, and calls see after each of
// them, of learners that take turns one after the other. The task begins anew, and training goes on afterwards as if nothing
// had been shown.
func (s *Session) Record(ctx context.Context, show Showing, see func(Recorded) error) error {
	if s.Test == nil && !show.Training {
		return errors.New("nets: a run without a test task")
	}
	if err := s.Settle(); err != nil {
		return err
	}
	for _, c := range s.cohorts {
		of := c.test
		if show.Training {
			of = c.task
		}
		back, err := c.backUp()
		if err != nil {
			return err
		}
		backTask, err := of.store.backUp()
		if err == nil {
			err = of.store.reset()
		}
		if err != nil {
			return err
		}
		t := &builtTask{recorder{of.Task, c, show, see}, of.spec, of.store, of.show, of.judge}
		for k := 0; k < show.Moments && err == nil; k++ {
			if err = context.Cause(ctx); err == nil {
				err = s.evaluateMoment(ctx, c, t, uint64(show.From+k))
			}
		}
		c.evaluated.reset()
		if err := errors.Join(err, back(), backTask()); err != nil {
			return err
		}
	}
	return nil
}

// A recorder is a task whose moments are read when they have been judged.
type recorder struct {
	Task
	c    *cohort
	show Showing
	see  func(Recorded) error
}

func (r recorder) Judge(p *Pass, m Moment, answer *compute.Tensor) {
	r.Task.Judge(p, m, answer)
	now := Recorded{Moment: int(p.Number) - r.show.From, First: r.c.first, Learners: p.Learners, Examples: m.Examples(), Begins: m.First}
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
	for _, name := range r.show.Tensors {
		t, err := r.c.value(name)
		if err != nil {
			p.Fail(err)
			return
		}
		now.Tensors = append(now.Tensors, read(t))
	}
	p.Fail(r.see(now))
}
