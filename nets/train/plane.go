package train

import (
	"context"
	"errors"
	"fmt"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/safetensors"
)

// A Plane holds a learner's answers all over a plane, and its test examples on it.
type Plane struct {
	Low, High [2]float64   // corners
	Side      int          // points in each direction
	Answers   []float32    // the first output, or the likeliest class: rows from the highest x₂ down
	Points    [][2]float32 // of the examples
	Wanted    []float32    // for each example: the first number, or the class
}

// RecordPlane shows an exam's system the examples of its test and side × side points around them. Its task has two
// inputs and trials of a moment.
func (e Exam) RecordPlane(ctx context.Context, dev *compute.Device, names *catalogue.Catalogue, side, learner int) (p Plane, err error) {
	if e.System == "" {
		return p, ConfigError{errors.New("a plane is of a system whose task has two inputs")}
	}
	file, err := safetensors.Open(e.Model)
	if err != nil {
		return p, err
	}
	defer file.Close()
	r, err := e.openSystem(dev, names, file, &Evaluation{})
	if err != nil {
		return p, err
	}
	defer r.Close()
	spec, err := tested(r.Session)
	if err != nil {
		return p, err
	}
	if spec.In.Len() != 2 || spec.Trial != 1 || spec.Out < 1 {
		return p, ConfigError{fmt.Errorf("the task %s shows %d numbers in trials of %d moments, want two numbers and one moment for a plane", e.Task, spec.In.Len(), spec.Trial)}
	}
	p.Side = side
	if err := r.Session.Record(ctx, nets.Showing{Moments: 1}, func(m nets.Recorded) error { p.add(m, learner); return nil }); err != nil {
		return p, err
	}
	return p, p.fill(ctx, r.Session, e.Step, spec, learner)
}

// add takes the learner's examples, and leaves room around them.
func (p *Plane) add(m nets.Recorded, learner int) {
	l := learner - m.First
	if l < 0 || l >= m.Learners {
		return
	}
	each := len(m.Want) / (m.Learners * m.Examples)
	for i := range m.Examples {
		row := l*m.Examples + i
		at := [2]float32{m.X[2*row], m.X[2*row+1]}
		for k, x := range at {
			if i == 0 {
				p.Low[k], p.High[k] = float64(x), float64(x)
			}
			p.Low[k], p.High[k] = min(p.Low[k], float64(x)), max(p.High[k], float64(x))
		}
		p.Points, p.Wanted = append(p.Points, at), append(p.Wanted, m.Want[row*each])
	}
	for k := range p.Low {
		room := max(0.08*(p.High[k]-p.Low[k]), 1e-3)
		p.Low[k], p.High[k] = p.Low[k]-room, p.High[k]+room
	}
}

// fill makes a copy of the session answer the points of the plane.
func (p *Plane) fill(ctx context.Context, from *nets.Session, step int, spec nets.Spec, learner int) error {
	n := from.Spec.Examples
	spec.Examples, spec.Epoch = n, (p.Side*p.Side-1)/n+1
	run := from.Run
	run.Test = func() nets.Task { return &points{spec, p} }
	s, err := run.Open(from.Device())
	if err != nil {
		return err
	}
	defer s.Close()
	tensors := s.Tensors()
	values, err := from.Read(tensors)
	if err == nil {
		err = errors.Join(s.Write(tensors, values), s.Continue(step, from.Counters()))
	}
	if err != nil {
		return err
	}
	return s.Record(ctx, nets.Showing{Moments: spec.Epoch}, func(m nets.Recorded) error {
		l := learner - m.First
		if l < 0 || l >= m.Learners {
			return nil
		}
		out := len(m.Answer) / (m.Learners * m.Examples)
		for i := 0; i < m.Examples && len(p.Answers) < p.Side*p.Side; i++ {
			answer := m.Answer[(l*m.Examples+i)*out:][:out]
			best := answer[0]
			if spec.Classes {
				k := 0
				for j, x := range answer {
					if x > answer[k] {
						k = j
					}
				}
				best = float32(k)
			}
			p.Answers = append(p.Answers, best)
		}
		return nil
	})
}

// points is a task that shows the points of a plane.
type points struct {
	spec nets.Spec
	of   *Plane
}

func (t *points) Build(*nets.Store) (nets.Spec, error) { return t.spec, nil }

func (t *points) Show(p *nets.Pass) nets.Moment {
	x := p.Tensor(1, t.spec.Examples, 2)
	var all []float32
	for i := range t.spec.Examples {
		at := min(int(p.Number)*t.spec.Examples+i, t.of.Side*t.of.Side-1)
		across, down := (float64(at%t.of.Side)+0.5)/float64(t.of.Side), (float64(at/t.of.Side)+0.5)/float64(t.of.Side)
		low, high := t.of.Low, t.of.High
		all = append(all, float32(low[0]+across*(high[0]-low[0])), float32(high[1]-down*(high[1]-low[1])))
	}
	p.Write(x, all)
	return nets.Moment{X: x, First: true, Last: true}
}

func (t *points) Judge(*nets.Pass, nets.Moment, *compute.Tensor) {}
