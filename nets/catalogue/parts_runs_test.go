package catalogue

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"hebb/compute"
	"hebb/cpu"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/spread"
	"hebb/nets/stack"
)

// each opens a run on so many processes, and lets f go on with each.
func each(r nets.Run, ranks int, f func(rank int, s *nets.Session) error) error {
	errs := make([]error, ranks)
	var wait sync.WaitGroup
	for rank, w := range spread.Fakes(ranks) {
		wait.Go(func() {
			r := r
			r.World = w
			errs[rank] = errors.Join(opened(r, func(s *nets.Session) error { return f(rank, s) }), w.Close())
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

func opened(r nets.Run, f func(s *nets.Session) error) error {
	b, err := cpu.Open()
	if err != nil {
		return err
	}
	dev := compute.New(b)
	s, err := r.Open(dev)
	if err != nil {
		return errors.Join(err, dev.Close())
	}
	return errors.Join(f(s), s.Close(), dev.Close())
}

func steps(s *nets.Session, n int) error {
	for range n {
		if err := s.Step(context.Background()); err != nil {
			return err
		}
	}
	return nil
}

// end is what a session is by now.
func end(s *nets.Session) (x ran, err error) {
	for _, n := range s.Tensors() {
		x.names = append(x.names, n.Name)
	}
	x.counts = s.Counters()
	x.values, err = s.Read(s.Tensors())
	return x, err
}

// TestPartsResumed: a run that was cut between trials goes on with other processes, and one that was set back within a trial goes
// on as if nothing had been made since.
func TestPartsResumed(t *testing.T) {
	c := Default()
	for _, text := range []string{"bptt:units=7,tau=2,optimiser=adam", "rtrl:units=5,tau=2,when=moment", "eprop:lif=5,adaptive=5,dt=1,form=traces"} {
		r := nets.Run{System: func() nets.System { return made(t, c, text) }, Task: trialsOf(lab.Noise{Gaps: true, Masked: true}, 2, 3),
			Rate: 0.01, Seed: 3, Moments: 12, Micro: 8}
		var want ran
		saved := map[int]ran{}
		err := opened(r, func(s *nets.Session) (err error) {
			for n := 0; n < 11; n++ {
				if s.Between() {
					if saved[n], err = end(s); err != nil {
						return err
					}
				}
				if err = steps(s, 1); err != nil {
					return err
				}
			}
			want, err = end(s)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		check := func(rank int, s *nets.Session) error {
			got, err := end(s)
			if err == nil {
				err = got.same(want)
			}
			if err != nil {
				return fmt.Errorf("rank %d: %w", rank, err)
			}
			return nil
		}
		for n, at := range saved {
			for _, ranks := range []int{2, 3} {
				err := each(r, ranks, func(rank int, s *nets.Session) error {
					if err := errors.Join(s.Write(s.Tensors(), at.values), s.Continue(n, at.counts), steps(s, 11-n)); err != nil {
						return err
					}
					return check(rank, s)
				})
				if err != nil {
					t.Errorf("%s, cut after %d moments and resumed by %d processes: %v", text, n, ranks, err)
				}
			}
		}
		err = each(r, 3, func(rank int, s *nets.Session) error {
			if err := steps(s, 4); err != nil {
				return err
			}
			at, err := s.Snapshot(nil)
			if err != nil {
				return err
			}
			if err := errors.Join(steps(s, 4), s.Restore(at), steps(s, 7)); err != nil {
				return err
			}
			return check(rank, s)
		})
		if err != nil {
			t.Errorf("%s, set back: %v", text, err)
		}
	}
}

// A changed task shows what another does, with changes.
type changed struct {
	nets.Task
	change func(p *nets.Pass, m nets.Moment)
}

func (c changed) Show(p *nets.Pass) nets.Moment {
	m := c.Task.Show(p)
	if !p.Device().Staged() {
		c.change(p, m)
	}
	return m
}

// TestLearnersShared: eight learners on one, two and three processes, side by side or in turn, their moments whole or in parts:
// all tensors, metrics and tests are alike, and so is why one of them is lost.
func TestLearnersShared(t *testing.T) {
	c := Default()
	spec := nets.Spec{In: nets.Row(6), Out: 2, Classes: true, Examples: 35, Trial: 1, Epoch: 5}
	poisoned := func() nets.Task {
		return changed{&labelled{spec}, func(p *nets.Pass, m nets.Moment) {
			for l := range p.Learners {
				if p.Seed+uint64(l) == 3+5 && p.Number == 2 {
					p.Write(p.View(m.X, l*m.X.Len()/p.Learners, 1), []float32{float32(math.NaN())})
				}
			}
		}}
	}
	for _, net := range []struct {
		name, rule string
		micro      int
	}{{"mlp-tanh:6-8-7-2", "bp", 1}, {"mlp:6-8-7-2,norm=batch", "hsic", 1}, {"mlp:6-8-7-2,dropout=0.1", "kp", 4}} {
		rule, err := c.Rule(net.rule)
		if err != nil {
			t.Fatal(err)
		}
		r := nets.Run{System: func() nets.System {
			return &stack.System{Net: c.Network(net.name), Rule: rule, Optimiser: nets.SGD{Momentum: 0.9}}
		}, Task: poisoned, Test: func() nets.Task { return &labelled{spec} }, Rate: 0.05, Seed: 3, Epochs: 2, Learners: 8, Micro: net.micro}
		var want []string
		for _, ranks := range []int{1, 2, 3} {
			all := make([]string, ranks)
			err := each(r, ranks, func(rank int, s *nets.Session) error {
				if err := steps(s, 4); err != nil {
					return err
				}
				m, err := s.Metrics()
				test, other := s.Evaluate(context.Background(), nil)
				x, last := end(s)
				if err := errors.Join(err, other, s.Sound(), last); err != nil {
					return err
				}
				all[rank] = fmt.Sprint(m, test, x, s.Lost())
				if len(s.Lost()) != 1 || !errors.Is(s.Lost()[5], nets.ErrDiverged) && !errors.Is(s.Lost()[5], nets.ErrFault) {
					return fmt.Errorf("lost are %v, want learner 5", s.Lost())
				}
				return nil
			})
			if err != nil {
				t.Fatalf("%s on %d processes: %v", net.name, ranks, err)
			}
			want = append(want, all...)
		}
		for _, got := range want {
			if got != want[0] {
				t.Errorf("%s under %s, in %d parts: processes differ", net.name, net.rule, net.micro)
			}
		}
	}
}

// TestPartsTroubles: what goes wrong in a part of one process ends the run alike in all, and what cannot be is said at the start.
func TestPartsTroubles(t *testing.T) {
	c := Default()
	spec := nets.Spec{In: nets.Row(6), Out: 2, Classes: true, Examples: 35, Trial: 1, Epoch: 5}
	loss, err := c.Loss("hsic")
	if err != nil {
		t.Fatal(err)
	}
	net := func() nets.System {
		return &stack.System{Net: c.Network("mlp:6-8-7-2"), Rule: stack.Backprop{}, Optimiser: nets.SGD{}, Loss: loss}
	}
	last := func(x float32) func(p *nets.Pass, m nets.Moment) { // the last part shows one number
		return func(p *nets.Pass, m nets.Moment) {
			p.Into(p.View(m.X, 30*m.X.Cols(), 5*m.X.Cols()), compute.Formula("x").With("x", x))
		}
	}
	same := nets.Run{System: net, Task: func() nets.Task { return changed{&labelled{spec}, last(1)} }, Rate: 0.01, Moments: 3, Micro: 8}
	trial := nets.Run{System: func() nets.System { return made(t, c, "rtrl:units=5,tau=2,when=trial") }, Rate: 0.01, Moments: 9, Micro: 8,
		Task: func() nets.Task {
			return changed{trialsOf(lab.Noise{}, 2, 3)(), func(p *nets.Pass, m nets.Moment) {
				p.Write(p.View(m.X, 0, 1), []float32{float32(math.NaN())}) // of a part that others come after
			}}
		}}
	for _, c := range []struct {
		r    nets.Run
		ask  func(s *nets.Session) error
		want error
	}{
		{same, func(s *nets.Session) error { _, err := s.Metrics(); return err }, nets.ErrFault},
		{trial, (*nets.Session).Sound, nets.ErrDiverged},
		{trial, func(s *nets.Session) error { return s.Diagnose(context.Background()) }, nets.ErrDiverged},
	} {
		texts := map[string]bool{}
		var lock sync.Mutex
		for ranks := 1; ranks <= 3; ranks++ {
			err := each(c.r, ranks, func(rank int, s *nets.Session) error {
				if err := steps(s, 2); err != nil {
					return err
				}
				err := c.ask(s)
				if !errors.Is(err, c.want) {
					return fmt.Errorf("rank %d: %w, want %w", rank, err, c.want)
				}
				lock.Lock()
				defer lock.Unlock()
				texts[err.Error()] = true
				return nil
			})
			if err != nil {
				t.Errorf("on %d processes: %v", ranks, err)
			}
		}
		if len(texts) != 1 {
			t.Errorf("%d errors, want one: %v", len(texts), texts)
		}
	}
	few := func(micro, learners int) nets.Run {
		r := same
		r.Micro, r.Learners = micro, learners
		return r
	}
	for text, try := range map[string]func() error{
		"power of two":                      func() error { return opened(few(6, 1), func(*nets.Session) error { return nil }) },
		"35 examples in 64 parts":           func() error { return opened(few(64, 1), func(s *nets.Session) error { return steps(s, 1) }) },
		"this loss learns from 4 at least":  func() error { return opened(few(16, 1), func(s *nets.Session) error { return steps(s, 1) }) },
		"want as many learners, or as many": func() error { return each(few(2, 2), 3, func(int, *nets.Session) error { return nil }) },
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want %q", err, text)
		}
	}
}

// TestPartsMean: the gradient of a moment in eight parts is that of the moment, within what roundings make of both; and one part
// is the moment itself, to the bit.
func TestPartsMean(t *testing.T) {
	spec := nets.Spec{In: nets.Row(6), Out: 2, Classes: true, Examples: 35, Trial: 1}
	of := func(micro int) lab.Experiment {
		return func(t *testing.T, l lab.Lab) lab.Results {
			r := nets.Run{System: func() nets.System {
				return &stack.System{Net: stack.Named("mlp-tanh:6-8-7-2"), Rule: stack.Backprop{}, Optimiser: nets.SGD{}}
			}, Task: func() nets.Task { return &labelled{spec} }, Rate: 0.5, Seed: 3, Moments: 1, Micro: micro}
			s := lab.Make(t, l.Device, r, 0)
			before := lab.Results{}
			for _, n := range s.Tensors() {
				before[n.Name] = l.Values(t, n.Value)
			}
			lab.On(t, s, 1)
			change := lab.Results{}
			for _, n := range s.Tensors() {
				for i, x := range l.Values(t, n.Value) {
					change[n.Name] = append(change[n.Name], x-before[n.Name][i])
				}
			}
			return change
		}
	}
	want := of(1)(t, lab.Exact(t))
	_, bound := lab.Spread(t, lab.Float64ulp, 0x1p-24, 24, of(8))
	lab.Agree(t, "float64", of(8)(t, lab.Exact(t)), want, bound, 2)
	_, bound = lab.Spread(t, lab.Float32s, 0x1p-24, 24, of(8))
	got := of(8)(t, lab.Single(t))
	lab.Agree(t, "float32", got, want, bound, 1)
	lab.Telling(t, "float32", want, bound, 0.01)
	one, none := of(1)(t, lab.Bare(t)), of(0)(t, lab.Bare(t))
	if count, name, _ := lab.Differences(one, none, zeros(one), 0); count > 0 {
		t.Errorf("one part is not the moment: %d numbers differ, first of %s", count, name)
	}
}

func zeros(x lab.Results) lab.Results {
	z := lab.Results{}
	for name, v := range x {
		z[name] = make([]float64, len(v))
	}
	return z
}

// A drawer answers with random numbers, and learns others once a moment.
type drawer struct{ w *compute.Tensor }

func (d *drawer) Build(s *nets.Store, _ nets.Spec) error {
	d.w = s.Weights("w", nets.Zeros, 1)
	return nil
}

func (d *drawer) Divided() error { return nil }

func (d *drawer) Step(p *nets.Pass, m nets.Moment) *compute.Tensor {
	y := p.Tensor(1, m.Examples(), 1)
	p.Random(y, compute.Normal(0, 1))
	p.Whole(func(p *nets.Pass) { p.Random(d.w, compute.Normal(0, 1)) })
	return y
}

// TestPartsDraw: parts draw other random numbers than each other, and than what follows them.
func TestPartsDraw(t *testing.T) {
	seen := map[float32]bool{}
	var answers []float32
	task := judged{lab.Noise{Spec: nets.Spec{In: nets.Row(1), Examples: 16, Trial: 1}}, func(p *nets.Pass, y *compute.Tensor) {
		if answers = make([]float32, y.Len()); !p.Device().Staged() {
			p.Read(y, answers)
		}
	}}
	s := lab.Make(t, lab.CPU(t), nets.Run{System: func() nets.System { return &drawer{} }, Task: func() nets.Task { return &task }, Moments: 9, Micro: 8}, 0)
	for range 3 {
		lab.On(t, s, 1)
		for _, x := range append(answers, lab.Values(t, s)["w"]...) {
			if seen[x] {
				t.Errorf("%v is drawn twice", x)
			}
			seen[x] = true
		}
	}
	if len(seen) != 3*17 {
		t.Errorf("%d numbers, want %d", len(seen), 3*17)
	}
}

// A judged task shows answers to a function.
type judged struct {
	lab.Noise
	see func(p *nets.Pass, y *compute.Tensor)
}

func (j *judged) Judge(p *nets.Pass, _ nets.Moment, y *compute.Tensor) { j.see(p, y) }
