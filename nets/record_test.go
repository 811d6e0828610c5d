package nets_test

import (
	"fmt"
	"slices"
	"testing"

	"hebb/compute"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/internal/lab"
)

// A strider is a task that goes on by random steps, in its State, and counts them, and keeps what it shows in training.
type strider struct {
	at    *compute.Tensor
	n     *int64
	shown *[][]float32
}

func (t *strider) Build(s *nets.Store) (nets.Spec, error) {
	t.at, t.n = s.State("at", nets.Zeros, 2), s.Counter("strides")
	return nets.Spec{In: nets.Row(2), Examples: 1}, nil
}

var stride = compute.Formula("old + u", "u")

func (t *strider) Show(p *nets.Pass) nets.Moment {
	*t.n++
	u := p.Like(t.at)
	p.Random(u, compute.Uniform(0, float32(*t.n)))
	p.Into(t.at, stride, u)
	if p.Learning {
		x := make([]float32, t.at.Len())
		p.Read(p.All(t.at), x)
		*t.shown = append(*t.shown, x)
	}
	return nets.Moment{X: t.at}
}

func (*strider) Judge(*nets.Pass, nets.Moment, *compute.Tensor) {}

// TestRecordTraining: a recording of training shows what training showed, of a task that has no test and no end, and training
// goes on with the State and the counters that it had.
func TestRecordTraining(t *testing.T) {
	var shown, again [][]float32
	r, _ := run(grower{}, small)
	r.Task = func() nets.Task { return &strider{shown: &shown} }
	s := must.Get(r.Open(lab.CPU(t)))(t)
	defer s.Close()
	for n := range 2 {
		for range 3 {
			must.Do(t, s.Step(t.Context()))
		}
		again = again[:0]
		must.Do(t, s.Record(t.Context(), nets.Showing{Training: true, Moments: 3 * (n + 1)}, func(m nets.Recorded) error {
			if m.Moment != len(again) {
				t.Errorf("moment %d, want %d", m.Moment, len(again))
			}
			again = append(again, m.X)
			return nil
		}))
		if len(shown) != 3*(n+1) || !slices.EqualFunc(shown, again, slices.Equal[[]float32]) {
			t.Errorf("the recording shows\n%v\nand training\n%v", again, shown)
		}
	}
	if n := s.Counters()["task.strides"]; n != 6 {
		t.Errorf("the task has counted %d steps, want 6", n)
	}
	if err := s.Record(t.Context(), nets.Showing{Moments: 1}, nil); err == nil || fmt.Sprint(err) != "nets: a run without a test task" {
		t.Errorf("of a test that is not there: %v", err)
	}
}
