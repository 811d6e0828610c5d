package spiking_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hebb/compute"
	"hebb/cpu"
	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/spiking"
)

// BenchmarkForms has the fastest times of a step of a projection of n cells on n, by lists and by a matrix, at rates in Hz and
// steps of 1 ms. Run it for one iteration: -bench Forms -benchtime 1x.
func BenchmarkForms(b *testing.B) {
	for _, n := range []int{50, 200, 1000, 2000, 4000} {
		for _, p := range []float64{0.1, 1} {
			var xs [2]spiking.Projection
			for form := range xs {
				xs[form] = spiking.Projection{Pre: n, Post: n, P: p, Form: spiking.Form(form)}
			}
			for _, rate := range []float64{1, 10, 100} {
				b.Run(fmt.Sprintf("%d cells p %g %g Hz", n, p, rate), func(b *testing.B) {
					for form, name := range []string{"lists", "matrix"} {
						delivers, changes := stepTimes(b, xs[form], rate/1000)
						b.ReportMetric(delivers, name+"-deliver-µs")
						b.ReportMetric(changes, name+"-change-µs")
					}
				})
			}
		}
	}
}

// stepTimes returns the fastest times in µs of a step's Deliver and Change, the mean of some steps.
func stepTimes(b *testing.B, x spiking.Projection, fire float64) (delivers, changes float64) {
	const steps = 20
	dev := compute.New(must.Get(cpu.Open())(b))
	defer dev.Close()
	rule := spiking.NewRule("min(1, max(0, old + 0.01*post*x - 0.01*pre*y))", []string{"pre", "x"}, []string{"post", "y"})
	var rows *compute.Tensor // what arrives, a trace, and the spikes of the steps
	s := must.Get(nets.Open(dev, 1, 1, func(s *nets.Store) error {
		rows = s.Scratch(2+steps, x.Post)
		return x.Build(s, "synapses", between(0, 1), true)
	}))(b)
	must.Do(b, dev.Step(func(st *compute.Step) error {
		p, r, spikes := s.Pass(st), rand.New(rand.NewPCG(1, 1)), make([]float32, rows.Len())
		for i := range spikes {
			if i > x.Post && r.Float64() < fire || i < x.Post && i%2 == 0 {
				spikes[i] = 1
			}
		}
		p.Write(rows, spikes)
		arriving, trace := nets.At(rows, 0), nets.At(rows, 1)
		best := [2][]time.Duration{slices.Repeat([]time.Duration{1 << 40}, steps), slices.Repeat([]time.Duration{1 << 40}, steps)}
		for begin := time.Now(); time.Since(begin) < time.Second; {
			for k := range steps {
				z := nets.At(rows, 2+k)
				for of, f := range []func(){
					func() { x.Deliver(p, arriving, z, 0) },
					func() { x.Change(p, rule, []*compute.Tensor{z, trace}, []*compute.Tensor{z, trace}, 0) },
				} {
					start := time.Now()
					f()
					must.Do(b, dev.Sync())
					best[of][k] = min(best[of][k], time.Since(start))
				}
			}
		}
		for k := range steps {
			delivers += float64(best[0][k].Nanoseconds()) / 1000 / steps
			changes += float64(best[1][k].Nanoseconds()) / 1000 / steps
		}
		return p.Failed()
	}))
	return delivers, changes
}
