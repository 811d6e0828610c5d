package spiking_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/internal/lab"
	"hebb/nets/spiking"
)

// trains draws spikes of so many steps, each of n cells.
func trains(seed uint64, steps, n int, share float64) [][]float32 {
	rnd := rand.New(rand.NewPCG(seed, 3))
	all := make([][]float32, steps)
	for t := range all {
		all[t] = make([]float32, n)
		for i := range all[t] {
			if rnd.Float64() < share {
				all[t][i] = 1
			}
		}
	}
	return all
}

// opened is a store of one learner.
func opened(t *testing.T, l lab.Lab, build func(s *nets.Store) error) *nets.Store {
	t.Helper()
	s, err := nets.Open(l.Device, 1, 1, build)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A device is a place to compute, and the largest relative error of one of its operations.
type device struct {
	name string
	open func(t *testing.T) lab.Lab
	ulp  float64
}

var devices = []device{{"float64", lab.Exact, 0x1p-50}, {"cpu", lab.Single, 0x1p-23}, {"gpu", lab.GPU, 0x1p-23}}

// TestTraces: the recursion is the sum over all spikes before a step, or the last one's share, of each kind of trace. A
// value has three roundings in each step, and its constants one each at most.
func TestTraces(t *testing.T) {
	const steps, cells, dt = 80, 5, 0.5
	spikes := trains(1, steps, cells, 0.1)
	for _, d := range devices {
		t.Run(d.name, func(t *testing.T) {
			for _, trace := range []spiking.Trace{{Tau: 7}, {Tau: 7, Nearest: true}, {Tau: 12, Rise: 3}, {Tau: 12, Rise: 3, Nearest: true}, {Tau: 3, Rise: 12}} {
				l := d.open(t)
				var c *spiking.Traces
				s := opened(t, l, func(s *nets.Store) (err error) {
					c, err = trace.Build(s, "x", dt, 1, cells)
					return err
				})
				for now := range steps {
					for i, got := range l.Values(t, c.Value) {
						want, most := traceSum(trace, spikes[:now], i, dt)
						if bound := most * (3*float64(now+1)*d.ulp + float64(now+3)*0x1p-24); !(math.Abs(got-want) <= bound) {
							t.Fatalf("%+v: %.9g at step %d of cell %d, want %.9g ± %.2g", trace, got, now, i, want, bound)
						}
					}
					l.Do(t, func(st *compute.Step) error {
						p := s.Pass(st)
						x := p.Tensor(1, 1, cells)
						p.Write(x, spikes[now])
						c.Add(p, x)
						return p.Failed()
					})
				}
			}
		})
	}
}

// traceSum is a trace after some steps by its definition, and the sum of what it adds and subtracts.
func traceSum(trace spiking.Trace, spikes [][]float32, cell int, dt float64) (sum, most float64) {
	for s := len(spikes) - 1; s >= 0; s-- {
		if spikes[s][cell] == 0 {
			continue
		}
		age := float64(len(spikes)-s) * dt
		x, y := math.Exp(-age/float64(trace.Tau)), 0.0
		if trace.Rise > 0 {
			y = math.Exp(-age / float64(trace.Rise))
		}
		sum, most = sum+(x-y)/trace.Peak(), most+(x+y)/math.Abs(trace.Peak())
		if trace.Nearest {
			break
		}
	}
	return sum, most
}

// TestPeak: a double exponential is 1 at its peak.
func TestPeak(t *testing.T) {
	for _, trace := range []spiking.Trace{{Tau: 12, Rise: 3}, {Tau: 3, Rise: 12}, {Tau: 20, Rise: 0.1}} {
		most := 0.0
		for x := 0.0; x < 200; x += 0.001 {
			most = max(most, (math.Exp(-x/float64(trace.Tau))-math.Exp(-x/float64(trace.Rise)))/trace.Peak())
		}
		if !(math.Abs(most-1) < 1e-6) {
			t.Errorf("%+v: the peak is %g, want 1", trace, most)
		}
	}
}
