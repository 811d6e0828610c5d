package cpu

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"hebb/compute"
	"hebb/internal/must"
)

// A web is synapses for a benchmark, as lists of an op and as a program by hand would have them.
type web struct {
	compute.Synapses
	w, ring  *compute.Tensor
	to, from [][]int32 // places of from are those of w
	delays   [][]int32 // as to
	begins   [][]int32 // where each delay begins in from
	fan      int
	slots    int
	weights  []float32
}

func newWeb(b *testing.B, s *compute.Step, n int, p float64, slots int) *web {
	r := rand.New(rand.NewPCG(1, 1))
	x := &web{to: make([][]int32, n), from: make([][]int32, n), delays: make([][]int32, n), begins: make([][]int32, n), slots: slots}
	for i := range n {
		for j := range n {
			if r.Float64() < p {
				x.to[i] = append(x.to[i], int32(j))
			}
		}
		x.fan = max(x.fan, len(x.to[i]))
	}
	fanIn := 0
	to, delay := slices.Repeat([]float32{-1}, n*x.fan), make([]float32, n*x.fan)
	for i, list := range x.to {
		for k, j := range list {
			to[i*x.fan+k] = float32(j)
			d := r.IntN(slots)
			delay[i*x.fan+k], x.delays[i] = float32(d), append(x.delays[i], int32(d))
			x.from[j] = append(x.from[j], int32(i*x.fan+k))
			fanIn = max(fanIn, len(x.from[j]))
		}
	}
	from := slices.Repeat([]float32{-1}, n*fanIn)
	for j, list := range x.from {
		slices.SortStableFunc(list, func(a, b int32) int { return cmp.Compare(delay[a], delay[b]) })
		for d := range slots + 1 {
			x.begins[j] = append(x.begins[j], int32(sort.Search(len(list), func(k int) bool { return delay[list[k]] >= float32(d) })))
		}
		for k, place := range list {
			from[j*fanIn+k] = float32(place)
		}
	}
	put := func(x []float32, shape ...int) *compute.Tensor {
		t := s.Tensor(shape...)
		s.Write(t, x)
		return t
	}
	x.weights = slices.Repeat([]float32{0.5}, n*x.fan)
	x.Synapses = compute.Synapses{To: put(to, 1, n, x.fan), From: put(from, 1, n, fanIn)}
	if slots > 1 {
		x.Delay = put(delay, 1, n, x.fan)
	}
	x.w, x.ring = put(x.weights, 1, n, x.fan), put(make([]float32, slots*n), slots, 1, 1, n)
	return x
}

// deliver and learn are the ops by hand; post and minus are rings whose row 0 is now.
func (x *web) deliver(out, spikes []float32) {
	n := len(spikes)
	for i, s := range spikes {
		if s != 0 {
			delays := x.delays[i]
			for k, j := range x.to[i] {
				out[int(delays[k])*n+int(j)] += s * x.weights[i*x.fan+k]
			}
		}
	}
}

func (x *web) learn(pre, plus, post, minus []float32) {
	n := len(pre)
	for i, s := range pre {
		if s != 0 {
			delays := x.delays[i]
			for k, j := range x.to[i] {
				w, at := &x.weights[i*x.fan+k], (x.slots-int(delays[k]))%x.slots*n+int(j)
				*w = min(max(*w+0.1*post[at]*plus[i]-0.1*s*minus[at], 0), 1)
			}
		}
	}
	for at, s := range post {
		if s != 0 {
			j, d := at%n, (x.slots-at/n)%x.slots
			for _, place := range x.from[j][x.begins[j][d]:x.begins[j][d+1]] {
				if i := int(place) / x.fan; pre[i] == 0 {
					w := &x.weights[place]
					*w = min(max(*w+0.1*s*plus[i], 0), 1)
				}
			}
		}
	}
}

// BenchmarkSynapses has the fastest time for a synapse of a cell that fired, by ops and by hand. Run it for a second or more.
func BenchmarkSynapses(b *testing.B) {
	f := compute.Formula("min(max(old + 0.1*post*x - 0.1*pre*y, 0), 1)", "pre", "x", "post", "y")
	for _, c := range []struct {
		n     int
		p     float64
		fire  float64
		slots int
	}{{50, 1, 0.01, 1}, {200, 0.1, 0.01, 1}, {1000, 0.1, 0.005, 1}, {2000, 0.1, 0.005, 1}, {2000, 0.1, 0.005, 20}} {
		be := must.Get(Open())(b)
		dev := compute.New(be)
		must.Do(b, dev.Step(func(s *compute.Step) error {
			x, r := newWeb(b, s, c.n, c.p, c.slots), rand.New(rand.NewPCG(2, 2))
			const steps = 100
			spikes, trace, out := make([][]float32, steps), slices.Repeat([]float32{0.5}, c.slots*c.n), make([]float32, c.slots*c.n)
			at, known, traces := make([]*compute.Tensor, steps), make([]*compute.Tensor, steps), s.Tensor(c.slots, 1, c.n)
			s.Write(traces, trace)
			synapses, rings := 0, [][]float32(nil)
			for k := range steps {
				spikes[k], at[k], known[k] = make([]float32, c.n), s.Tensor(1, 1, c.n), s.Tensor(c.slots, 1, c.n)
				for i := range c.n {
					if r.Float64() < c.fire {
						spikes[k][i], synapses = 1, synapses+len(x.to[i])
					}
				}
				s.Write(at[k], spikes[k])
			}
			for k := range steps {
				var ring []float32
				for i := range c.slots {
					ring = append(ring, spikes[(k-i+steps)%steps]...)
				}
				s.Write(known[k], ring)
				rings = append(rings, ring)
			}
			row := s.View(traces, 0, 1, 1, c.n)
			time := func(name string, events int, f func(k int)) {
				b.Run(fmt.Sprintf("%d cells p %g fire %g slots %d/%s", c.n, c.p, c.fire, c.slots, name), func(b *testing.B) {
					best, sum := slices.Repeat([]time.Duration{1 << 40}, steps), time.Duration(0) // of each step: other programs run too
					for b.Loop() {
						for k := range steps {
							start := time.Now()
							f(k)
							best[k] = min(best[k], time.Since(start))
						}
					}
					for _, t := range best {
						sum += t
					}
					b.ReportMetric(float64(sum.Nanoseconds())/float64(events), "ns/synapse")
					b.ReportMetric(float64(sum.Nanoseconds())/steps/1000, "µs/step")
				})
			}
			time("deliver", synapses, func(k int) {
				s.Do(compute.Deliver{Out: x.ring, Spikes: at[k], W: x.w, Synapses: x.Synapses, Now: k % c.slots})
			})
			time("deliver by hand", synapses, func(k int) { x.deliver(out, spikes[k]) })
			time("plastic", 2*synapses, func(k int) {
				s.Do(compute.Plastic{W: x.w, Synapses: x.Synapses, Pre: []*compute.Tensor{at[k], row}, Post: []*compute.Tensor{known[k], traces}, F: f})
			})
			time("plastic by hand", 2*synapses, func(k int) { x.learn(spikes[k], trace, rings[k], trace) })
			return nil
		}))
		must.Do(b, dev.Close())
	}
}
